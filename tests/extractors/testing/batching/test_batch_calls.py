"""Calls about batches, and what befalls them: each fault strikes one kind of them, and what was done is done."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic.types.messages import MessageBatch

from slotfill.extractors.record.usage import Usage
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served
from slotfill.extractors.testing.simulator.clock import ManualClock
from slotfill.extractors.testing.simulator.exchange import HttpRequest
from slotfill.extractors.testing.simulator.network_faults import CALL_ERRORS, CALL_FAULTS
from slotfill.extractors.testing.simulator.simulated_limits import BatchLimits

PARAMS: dict[str, Any] = {
    "model": "claude-haiku-5-5",
    "max_tokens": 400,
    "thinking": {"type": "disabled"},
    "messages": [{"role": "user", "content": "Good."}],
}
NAMES = ("a", "b", "c", "d", "e")
REQUESTS: Any = [{"custom_id": name, "params": PARAMS} for name in NAMES]


def create(client: anthropic.Anthropic) -> MessageBatch:
    return client.messages.batches.create(requests=REQUESTS)


def results(client: anthropic.Anthropic, name: str) -> list[str]:
    return [entry.custom_id for entry in client.messages.batches.results(name)]


CALLS: Mapping[str, Callable[[anthropic.Anthropic, str], Any]] = {
    "create": lambda client, _: create(client),
    "retrieve": lambda client, name: client.messages.batches.retrieve(name),
    "list": lambda client, _: client.messages.batches.list(),
    "cancel": lambda client, name: client.messages.batches.cancel(name),
    "results": lambda client, name: client.get(f"/v1/messages/batches/{name}/results", cast_to=httpx2.Response),
}

ERRORS = {
    "429": anthropic.RateLimitError,
    "529": anthropic.OverloadedError,
    "500": anthropic.InternalServerError,
    "403": anthropic.PermissionDeniedError,
    "502": anthropic.InternalServerError,
    "400": anthropic.BadRequestError,
    "lost": anthropic.APIConnectionError,
    "refused": anthropic.APIConnectionError,
}


def started(call: str, *faults: str) -> tuple[SimulatedClaude, str]:
    """Give a service with one batch, which has ended, or is in progress where it shall be cancelled."""
    claude = SimulatedClaude(["yes"], clock=ManualClock(), batch_seconds=60 if call == "cancel" else 0)
    name = create(claude.client()).id
    return claude.script(["yes"], faults=faults), name


def strike(call: str, fault: str) -> str:
    """Write a fault that strikes the next call of its kind."""
    return f"{call}_{fault}@{2 if call == 'create' else 1}"


def get(name: str) -> HttpRequest:
    headers = {"x-api-key": "any", "anthropic-version": "2023-06-01"}
    return HttpRequest("GET", f"/v1/messages/batches/{name}", headers=headers)


def statuses(claude: SimulatedClaude) -> list[str]:
    return [batch.processing_status for batch in claude.client().messages.batches.list().data]


@pytest.mark.parametrize("name", [*CALL_ERRORS, *(f"{call}_{name}" for call in CALLS for name in ("refused", "502"))])
def test_a_call_that_fails_was_not_done_and_the_next_one_is(name: str) -> None:
    call, _, fault = name.partition("_")
    claude, batch = started(call, strike(call, fault))
    billed = claude.usage
    with pytest.raises(ERRORS[fault]) as raised:
        CALLS[call](claude.client(max_retries=0), batch)
    assert type(raised.value) is ERRORS[fault]
    assert claude.requests[-1].faults == (name,)
    if fault == "502":
        assert raised.value.request_id is None
        assert "Bad Gateway" in str(raised.value.body)
    if fault == "429":
        assert raised.value.response.headers["retry-after"] == "1"
    if fault == "refused":
        assert isinstance(raised.value.__cause__, httpx2.ConnectError)
        assert claude.requests[-1].status == 0
    assert statuses(claude) == ["in_progress" if call == "cancel" else "ended"]
    assert claude.usage == billed
    CALLS[call](claude.client(max_retries=0), batch)


@pytest.mark.parametrize("fault", ["lost", "504"])
@pytest.mark.parametrize("call", CALLS)
def test_a_call_whose_reply_is_lost_was_done(call: str, fault: str) -> None:
    claude, batch = started(call, strike(call, fault))
    with pytest.raises(anthropic.APIConnectionError if fault == "lost" else anthropic.DeadlineExceededError) as raised:
        CALLS[call](claude.client(max_retries=0), batch)
    if fault == "lost":
        assert isinstance(raised.value.__cause__, httpx2.RemoteProtocolError)
    lost = [entry for entry in claude.requests if entry.faults]
    assert [(entry.faults, entry.status) for entry in lost] == [((f"{call}_{fault}",), 0 if fault == "lost" else 504)]
    ended = {"create": ["ended", "ended"], "cancel": ["ended"]}
    assert statuses(claude) == ended.get(call, ["ended"])
    if call == "cancel":
        assert claude.client().messages.batches.retrieve(batch).request_counts.canceled == len(NAMES)


def test_a_reply_that_is_lost_and_a_second_try_make_two_batches_both_billed(monkeypatch: pytest.MonkeyPatch) -> None:
    claude = SimulatedClaude(["yes"], faults=["create_lost@1"], clock=ManualClock())
    monkeypatch.setattr("time.sleep", lambda _: None)  # the SDK's wait before its second try
    create(claude.client(max_retries=1))
    assert len(claude.client().messages.batches.list().data) == 2
    assert [len(seen) for seen in claude.by_document.values()] == [2 * len(NAMES)]
    once = SimulatedClaude(["yes"])
    create(once.client())
    assert claude.usage == once.usage + once.usage
    assert once.usage.output_tokens


def test_each_kind_of_call_is_counted_by_itself() -> None:
    claude, batch = started("retrieve", "retrieve_500@2", "list_529@1")
    client = claude.client(max_retries=0)
    client.messages.batches.retrieve(batch)
    client.messages.create(**PARAMS)
    with pytest.raises(anthropic.OverloadedError):
        client.messages.batches.list()
    with pytest.raises(anthropic.InternalServerError):
        results(client, batch)  # which retrieves it, too
    assert [entry.faults for entry in claude.requests if entry.faults] == [("list_529",), ("retrieve_500",)]


def test_each_kind_of_call_is_counted_by_itself_also_where_chance_decides() -> None:
    def struck(seed: int) -> list[tuple[str, ...]]:
        claude = SimulatedClaude(["yes"], faults=["retrieve_500:0.5", "fences:0.5"], seed=seed)
        batch = create(claude.client())
        for _ in range(40):
            claude.handle(get(batch.id))
        return [entry.faults for entry in claude.requests[-40:]]

    assert 5 < sum(map(bool, struck(1))) < 35
    assert struck(1) == struck(1) != struck(2)


class TestResults:
    @pytest.mark.parametrize(
        ("fault", "raised"), [("results_reset", httpx2.ReadError), ("results_cut", json.JSONDecodeError)]
    )
    def test_a_body_that_is_cut_is_read_whole_the_next_time(self, fault: str, raised: type[Exception]) -> None:
        claude, batch = started("results", f"{fault}@1")
        client, read = claude.client(max_retries=0), []
        with pytest.raises(raised):
            read.extend(entry.custom_id for entry in client.messages.batches.results(batch))
        assert sorted(results(client, batch)) == sorted(NAMES)
        assert claude.usage.output_tokens

    def test_one_that_is_cut_between_two_lines_lacks_results_without_a_word(self) -> None:
        claude, batch = started("results", "results_short@1")
        client = claude.client(max_retries=0)
        assert len(results(client, batch)) == 2
        assert len(results(client, batch)) == len(NAMES)
        assert client.messages.batches.retrieve(batch).request_counts.succeeded == len(NAMES)

    @pytest.mark.parametrize("fault", ["results_cut", "results_short"])
    def test_also_of_a_body_in_pieces(self, fault: str) -> None:
        claude = SimulatedClaude(["yes"], faults=[f"{fault}@2"])
        name = claude.add_foreign_batch(f"other-{number}" for number in range(2_500))
        whole = b"".join(claude.handle(get(f"{name}/results")).chunks)
        cut = b"".join(claude.handle(get(f"{name}/results")).chunks)
        assert 0.4 * len(whole) < len(cut) < 0.6 * len(whole)
        assert whole.startswith(cut)
        assert cut.endswith(b"\n") == (fault == "results_short")


class TestBatchesMade:
    def test_one_that_is_held_ends_when_it_is_told_to(self) -> None:
        clock = ManualClock()
        claude = SimulatedClaude(["yes"], faults=["create_held@1"], clock=clock)
        client = claude.client()
        held, other = create(client), create(client)
        clock.advance(3_600)
        assert client.messages.batches.retrieve(held.id).processing_status == "in_progress"
        assert client.messages.batches.retrieve(other.id).processing_status == "ended"
        claude.end_batches()
        assert client.messages.batches.retrieve(held.id).processing_status == "ended"
        assert sorted(results(client, held.id)) == sorted(NAMES)
        billed = [entry.usage for entry in claude.requests if entry.batch]
        assert len(set(billed)) == 1
        assert billed[0].output_tokens

    def test_all_that_are_in_progress_end_and_the_others_stay_as_they_are(self) -> None:
        clock = ManualClock()
        claude = SimulatedClaude(["yes"], clock=clock, batch_seconds=100)
        client = claude.client()
        canceled, working = create(client), create(client)
        clock.advance(40)
        client.messages.batches.cancel(canceled.id)
        claude.end_batches()
        counts = [client.messages.batches.retrieve(one.id).request_counts for one in (canceled, working)]
        assert [(count.succeeded, count.canceled) for count in counts] == [(2, 3), (5, 0)]

    def test_one_that_is_held_for_a_day_expires_and_costs_nothing(self) -> None:
        clock = ManualClock()
        claude = SimulatedClaude(["yes"], faults=["create_held"], clock=clock)
        batch = create(claude.client())
        clock.advance(86_400)
        counts = claude.client().messages.batches.retrieve(batch.id).request_counts
        assert (counts.expired, claude.usage) == (len(NAMES), Usage())

    def test_one_whose_results_are_archived_has_ended_and_been_paid_for(self) -> None:
        claude = SimulatedClaude(["yes"], faults=["create_archived@2"])
        client = claude.client()
        kept, archived = create(client), client.messages.batches.retrieve(create(client).id)
        assert sorted(results(client, kept.id)) == sorted(NAMES)
        assert (archived.processing_status, archived.results_url) == ("ended", None)
        assert archived.archived_at is not None
        assert archived.request_counts.succeeded == len(NAMES)
        with pytest.raises(anthropic.NotFoundError, match="archived"):
            CALLS["results"](client, archived.id)


class TestLimits:
    def test_a_batch_of_more_requests_is_refused(self) -> None:
        client = SimulatedClaude(["yes"], batch_limits=BatchLimits(requests=len(NAMES))).client()
        create(client)
        client = SimulatedClaude(["yes"], batch_limits=BatchLimits(requests=len(NAMES) - 1)).client()
        with pytest.raises(anthropic.BadRequestError, match="at most 4 items, not 5"):
            create(client)

    def test_a_batch_of_more_bytes_is_refused_and_nothing_of_it_is_read(self) -> None:
        seen = SimulatedClaude(["yes"])
        create(seen.client())
        size = int(seen.requests[0].headers["content-length"])
        create(SimulatedClaude(["yes"], batch_limits=BatchLimits(body_bytes=size)).client())
        claude = SimulatedClaude(["yes"], batch_limits=BatchLimits(body_bytes=size - 1))
        with pytest.raises(anthropic.ContentTooLargeError):
            create(claude.client())
        assert len(claude.requests) == 1

    def test_by_default_they_are_the_services(self) -> None:
        assert BatchLimits() == BatchLimits(100_000, 268_435_456)


PATIENCE = 60.0
ON_A_PORT = [
    name for name in CALL_FAULTS if name.endswith(("_lost", "_refused", "_reset", "_cut", "_429", "_502", "_504"))
]


@pytest.mark.parametrize("name", ON_A_PORT)
def test_a_server_does_the_same_to_a_real_connection(name: str) -> None:
    call = name.partition("_")[0]
    claude, batch = started(call, strike(*name.split("_")))
    near = outcome(call, claude.client(max_retries=0), batch)
    claude, batch = started(call, strike(*name.split("_")))
    options: dict[str, Any] = {"api_key": "any", "max_retries": 0, "timeout": PATIENCE}
    with served(claude) as url, anthropic.Anthropic(base_url=url, **options) as real:
        assert outcome(call, real, batch) == near != "done"
    assert len(statuses(claude)) == (2 if name in ("create_lost", "create_504") else 1)


def outcome(call: str, client: anthropic.Anthropic, batch: str) -> str:
    try:
        if call == "results":
            results(client, batch)
        else:
            CALLS[call](client, batch)
    except (anthropic.AnthropicError, ValueError) as error:
        return type(error).__name__
    except httpx2.HTTPError:
        return "broken"
    return "done"


def test_the_asynchronous_client_meets_the_same() -> None:
    claude = SimulatedClaude(["yes"], faults=["create_lost@1"])

    async def created() -> None:
        await claude.async_client(max_retries=0).messages.batches.create(requests=REQUESTS)

    with pytest.raises(anthropic.APIConnectionError):
        asyncio.run(created())
    assert len(statuses(claude)) == 1
