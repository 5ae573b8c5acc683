"""The simulated service's batches: what they tell while they are worked on, what they cost, and whose they are."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import anthropic
import pytest
from anthropic.types.messages import MessageBatch

from slotfill.extractors.catalogue.prices import cost
from slotfill.extractors.record.parts import BatchPlace
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.simulator.clock import ManualClock

MODEL = "claude-haiku-5-5"
DAY = 86_400.0


def ask(text: str = "Good.", **others: Any) -> dict[str, Any]:
    turns = [{"role": "user", "content": text}]
    return {"model": MODEL, "max_tokens": 400, "thinking": {"type": "disabled"}, "messages": turns, **others}


def create(client: anthropic.Anthropic, *names: str, **others: Any) -> MessageBatch:
    requests = [{"custom_id": name, "params": ask(f"About {name}.", **others)} for name in names]
    return client.messages.batches.create(requests=requests)  # type: ignore[arg-type]


def kinds(client: anthropic.Anthropic, batch: MessageBatch) -> dict[str, str]:
    return {entry.custom_id: entry.result.type for entry in client.messages.batches.results(batch.id)}


class TestProgress:
    def test_nobody_learns_what_is_in_a_batch_before_it_ends(self) -> None:
        clock = ManualClock()
        client = SimulatedClaude(["yes"], clock=clock, batch_seconds=60, faults=["batch_errored@2"]).client()
        batch = create(client, "sf-1-a", "sf-1-b", "sf-1-c")
        clock.advance(59)
        for told in (client.messages.batches.retrieve(batch.id), client.messages.batches.list().data[0]):
            assert told.processing_status == "in_progress"
            assert told.request_counts.model_dump() == {
                "processing": 3,
                "succeeded": 0,
                "errored": 0,
                "canceled": 0,
                "expired": 0,
            }
            assert "sf-1" not in told.model_dump_json()
        clock.advance(1)
        counts = client.messages.batches.retrieve(batch.id).request_counts
        assert (counts.processing, counts.succeeded, counts.errored) == (0, 2, 1)

    def test_one_that_is_canceled_tells_no_more_until_it_has_ended(self) -> None:
        clock = ManualClock()
        client = SimulatedClaude(["yes"], clock=clock, batch_seconds=60).client()
        batch = create(client, "a", "b")
        clock.advance(30)
        told = client.messages.batches.cancel(batch.id)
        assert (told.processing_status, told.request_counts.processing, told.results_url) == ("canceling", 2, None)

    @pytest.mark.parametrize("start", [1_800_000_000.1, 1_700_000_000.7])
    def test_all_are_answered_in_time_whatever_a_clock_rounds(self, start: float) -> None:
        clock = ManualClock(start)
        client = SimulatedClaude(["yes"], clock=clock, batch_seconds=0.3).client()
        batch = create(client, "a", "b", "c")
        clock.advance(0.31)
        assert set(kinds(client, batch).values()) == {"succeeded"}

    def test_an_id_is_no_other_ones_when_a_batch_was_deleted(self) -> None:
        client = SimulatedClaude(["yes"]).client()
        first, second = create(client, "a"), create(client, "a")
        client.messages.batches.delete(first.id)
        assert create(client, "a").id not in {first.id, second.id}
        assert len(client.messages.batches.list().data) == 2

    def test_results_are_archived_after_29_days(self) -> None:
        clock = ManualClock()
        client = SimulatedClaude(["yes"], clock=clock).client()
        batch = create(client, "a")
        clock.advance(29 * DAY - 1)
        assert kinds(client, batch) == {"a": "succeeded"}
        clock.advance(1)
        told = client.messages.batches.retrieve(batch.id)
        assert told.archived_at is not None
        assert (told.archived_at - told.created_at).days == 29
        assert (told.processing_status, told.results_url) == ("ended", None)
        with pytest.raises(anthropic.NotFoundError, match="archived"):
            client.get(f"/v1/messages/batches/{batch.id}/results", cast_to=object)


class TestForeign:
    def test_the_workspace_holds_batches_of_others(self) -> None:
        clock = ManualClock()
        claude = SimulatedClaude(["yes"], clock=clock, batch_seconds=60)
        client = claude.client()
        ended = claude.add_foreign_batch(["nightly-1", "nightly-2"])
        own = create(client, "sf-1-a")
        working = claude.add_foreign_batch((f"sf-9-{number}" for number in range(3)), seconds=120)
        listed = client.messages.batches.list().data
        assert [batch.id for batch in listed] == [working, own.id, ended]
        assert [batch.processing_status for batch in listed] == ["in_progress", "in_progress", "ended"]
        assert listed[0].request_counts.processing == 3
        clock.advance(120)
        results = [*client.messages.batches.results(working)]
        assert sorted(entry.custom_id for entry in results) == ["sf-9-0", "sf-9-1", "sf-9-2"]
        assert results[0].result.type == "succeeded"
        assert results[0].result.message.content[0].type == "text"

    def test_nobody_here_is_asked_or_billed_for_them(self) -> None:
        claude = SimulatedClaude(["yes"])
        claude.add_foreign_batch()
        assert (claude.requests, claude.usage, claude.cost_usd) == ([], Usage(), 0)
        create(claude.client(), "a")
        assert [*claude.by_document] == ["About a."]

    def test_they_expire_and_are_canceled_as_any_other(self) -> None:
        clock = ManualClock()
        claude = SimulatedClaude(["yes"], clock=clock)
        client, names = claude.client(), ["a", "b", "c", "d"]
        late, stopped = (claude.add_foreign_batch(names, seconds=seconds) for seconds in (4 * DAY, 100))
        clock.advance(50)
        client.messages.batches.cancel(stopped)
        clock.advance(DAY)
        counts = [client.messages.batches.retrieve(name).request_counts for name in (late, stopped)]
        assert [(count.succeeded, count.expired, count.canceled) for count in counts] == [(1, 3, 0), (2, 0, 2)]


class TestBills:
    NAMES = ("a", "b", "c", "d")

    def entries(self, claude: SimulatedClaude) -> list[Any]:
        return [entry for entry in claude.requests if entry.batch]

    def test_each_request_is_logged_with_its_place_its_document_and_the_price_tier(self) -> None:
        claude = SimulatedClaude(["yes"])
        batch = create(claude.client(), *self.NAMES)
        entries = self.entries(claude)
        assert [entry.batch for entry in entries] == [BatchPlace(batch.id, name) for name in self.NAMES]
        assert {name: len(seen) for name, seen in claude.by_document.items()} == {
            f"About {name}.": 1 for name in self.NAMES
        }
        assert {entry.usage.tier for entry in entries} == {"batch"}
        assert {entry.model for entry in entries} == {MODEL}

    @pytest.mark.parametrize("mark", [{}, {"cache_control": {"type": "ephemeral", "ttl": "1h"}}])
    def test_a_batch_costs_exactly_half_of_the_same_requests_one_by_one(self, mark: dict[str, Any]) -> None:
        system = [{"type": "text", "text": "Say yes. " * 2_000, **mark}]
        live, batched = SimulatedClaude(["yes"]), SimulatedClaude(["yes"])
        for name in self.NAMES:
            live.client().messages.create(**ask(f"About {name}.", system=system))
        create(batched.client(), *self.NAMES, system=system)
        assert batched.usage == live.usage
        assert (batched.usage.cache_read_tokens, batched.usage.cache_write_tokens).count(0) == (0 if mark else 2)
        assert live.cost_usd == sum(
            (cost(MODEL, entry.usage, ttl="1h" if mark else "5m") for entry in live.requests), Decimal()
        )
        assert batched.cost_usd is not None
        assert batched.cost_usd * 2 == live.cost_usd > 0

    def test_what_has_no_price_costs_nobody_knows_what(self) -> None:
        claude = SimulatedClaude(["yes"], models=["my/model"])
        claude.client().messages.create(**ask() | {"model": "my/model"})
        assert claude.cost_usd is None

    def test_what_was_canceled_or_has_expired_is_not_billed(self) -> None:
        clock = ManualClock()
        claude = SimulatedClaude(["yes"], clock=clock, batch_seconds=100)
        batch = create(claude.client(), *self.NAMES)
        clock.advance(50)
        claude.client().messages.batches.cancel(batch.id)
        assert [entry.usage.output_tokens > 0 for entry in self.entries(claude)] == [True, True, False, False]
        claude = SimulatedClaude(["yes"], clock=clock, batch_seconds=4 * DAY)
        create(claude.client(), *self.NAMES)
        assert [entry.usage.output_tokens > 0 for entry in self.entries(claude)] == [True, False, False, False]


class TestLog:
    def test_what_requests_share_is_held_once_and_can_be_looked_at(self) -> None:
        claude = SimulatedClaude(["yes"])
        system = [{"type": "text", "text": "Say yes."}]
        create(claude.client(), "a", "b", system=system)
        created, first, second = claude.requests
        assert first.body["system"][0] is second.body["system"][0]
        assert first.body == ask("About a.", system=system)
        assert json.loads(first.http.body) == first.body
        assert (first.http.method, first.http.path, first.http.headers) == ("BATCH", "/v1/messages", {})
        assert created.body == {
            "requests": [{"custom_id": name, "params": ask(f"About {name}.", system=system)} for name in "ab"]
        }
        assert created.body["requests"][0]["params"] is first.body
        assert json.loads(created.http.body) == created.body
        assert created.headers["anthropic-version"]

    def test_many_results_come_in_pieces_and_are_the_same_each_time(self) -> None:
        claude = SimulatedClaude()
        name = claude.add_foreign_batch(f"other-{number}" for number in range(2_500))
        first, again = ([entry.custom_id for entry in claude.client().messages.batches.results(name)] for _ in range(2))
        assert first == again
        assert sorted(first) == sorted(f"other-{number}" for number in range(2_500))
