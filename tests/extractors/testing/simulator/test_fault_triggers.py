"""Each fault is what the real SDK reports it as; they compose, and come again by seed, position and probability."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import nullcontext
from random import Random
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic.types import Message
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.faults.text_faults import TEXT_FAULTS
from slotfill.extractors.testing.faults.value_faults import VALUE_FAULTS, spoil
from slotfill.extractors.testing.server import served
from slotfill.extractors.testing.simulator.clock import ManualClock
from slotfill.extractors.testing.simulator.fault_triggers import (
    BATCH_FAULTS,
    FAULTS,
    MESSAGE_FAULTS,
    FaultError,
    Trigger,
)
from slotfill.extractors.testing.simulator.network_faults import (
    CALL_FAULTS,
    ERROR_FAULTS,
    ITEM_FAULTS,
    RESPONSE_FAULTS,
    STREAM_FAULTS,
)
from slotfill.schemas.errors import InvalidError
from slotfill.schemas.json_schema.response_model import response_model
from slotfill.schemas.schema import Schema

MODEL = "claude-haiku-5-5"
ASK: dict[str, Any] = {
    "model": MODEL,
    "max_tokens": 400,
    "thinking": {"type": "disabled"},
    "messages": [{"role": "user", "content": "Good, 5 stars"}],
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "label": {"enum": ["good", "bad"]},
        "stars": {"type": "integer", "minimum": 1, "maximum": 5},
        "quotes": {"type": "array", "items": {"type": "string", "format": "verbatim"}},
        "sure": {"type": "boolean"},
    },
    "required": ["label", "stars", "quotes", "sure"],
    "additionalProperties": False,
}
VALUE = {"label": "good", "stars": 5, "quotes": ["Good"], "sure": True}
QUOTING = {**VALUE, "quotes": ['a "fine" one']}
TOOL: dict[str, Any] = {
    "tools": [{"name": "rate", "input_schema": SCHEMA}],
    "tool_choice": {"type": "tool", "name": "rate"},
}


def claude_with(*faults: str | Trigger, **options: Any) -> SimulatedClaude:
    return SimulatedClaude([VALUE], faults=faults, clock=ManualClock(), **options)


def said(message: Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the SDK waits between its tries, in seconds, without its waiting."""
    told: list[float] = []
    monkeypatch.setattr(time, "sleep", told.append)
    return told


REPORTED: dict[str, tuple[type[Exception], int, float | None]] = {
    "429": (anthropic.RateLimitError, 3, 1.0),
    "429_ms": (anthropic.RateLimitError, 3, 0.02),
    "429_date": (anthropic.RateLimitError, 3, None),
    "429_long": (anthropic.RateLimitError, 3, 86_400.0),
    "529": (anthropic.OverloadedError, 3, None),
    "500": (anthropic.InternalServerError, 3, None),
    "503": (anthropic.ServiceUnavailableError, 3, None),
    "401": (anthropic.AuthenticationError, 1, None),
    "403": (anthropic.PermissionDeniedError, 1, None),
    "413": (anthropic.ContentTooLargeError, 1, None),
    "502": (anthropic.InternalServerError, 3, None),
    "504": (anthropic.DeadlineExceededError, 3, None),
    "refused": (anthropic.APIConnectionError, 3, None),
    "reset": (anthropic.APIConnectionError, 3, None),
    "stall": (anthropic.APITimeoutError, 3, None),
    "timeout": (anthropic.APITimeoutError, 3, None),
    "invalid_utf8": (UnicodeDecodeError, 1, None),
}
"""By fault: the exception, the tries with two retries, and the first wait where the reply tells it."""


@pytest.mark.parametrize("fault", REPORTED)
def test_the_sdk_reports_it_and_retries_what_can_be_retried(fault: str, waits: list[float]) -> None:
    kind, tries, wait = REPORTED[fault]
    claude = claude_with(fault)
    with pytest.raises(kind) as raised:
        claude.client(max_retries=2).messages.create(**ASK)
    assert type(raised.value) is kind
    assert [seen.faults for seen in claude.requests] == [(fault,)] * tries
    assert len(waits) == tries - 1
    assert (claude.usage.output_tokens > 0) == (fault in ("reset", "stall", "timeout", "invalid_utf8", "504"))
    assert wait is None or waits[0] == wait


def test_a_date_to_retry_after_is_one_the_sdk_reads(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    claude = SimulatedClaude([VALUE], faults=["429_date@1"])
    claude.client(max_retries=1).messages.create(**ASK)
    assert 0 < waits[0] <= 1


def test_html_for_json_is_no_message() -> None:
    message: object = claude_with("html").client().messages.create(**ASK)
    assert isinstance(message, str)  # FACTS of the SDK: it hands over the page
    assert "Bad Gateway" in message


@pytest.mark.parametrize("fault", ["slow_first_byte", "slow_body"])
def test_slowness_takes_time_and_changes_nothing(fault: str) -> None:
    claude = claude_with(fault)
    before = claude.clock.now()
    message = claude.client().messages.create(**ASK)
    assert json.loads(said(message)) == VALUE
    assert claude.clock.now() - before == pytest.approx(2.0)


def test_slowness_beyond_the_timeout_is_a_timeout() -> None:
    with pytest.raises(anthropic.APITimeoutError):
        claude_with("slow_first_byte").client(max_retries=0, timeout=1.0).messages.create(**ASK)


STOPPED = {"truncated": "max_tokens", "refusal": "refusal", "empty_content": "end_turn", "thinking": "end_turn"}


@pytest.mark.parametrize("fault", STOPPED)
def test_a_message_stops_as_it_does_at_the_service(fault: str) -> None:
    claude = claude_with(fault)
    message = claude.client().messages.create(**ASK)
    assert message.stop_reason == STOPPED[fault]
    assert claude.requests[0].faults == (fault,)
    assert (said(message) == json.dumps(VALUE)) == (fault == "thinking")
    if fault == "refusal":
        assert message.stop_details is not None
    if fault == "thinking":
        assert [block.type for block in message.content] == ["thinking", "text"]


@pytest.mark.parametrize(("fault", "names"), [("wrong_tool", ["web_search"]), ("two_tools", ["rate", "rate"])])
def test_tools_are_called_wrongly(fault: str, names: list[str]) -> None:
    message = claude_with(fault).client().messages.create(**ASK, **TOOL)
    assert [block.name for block in message.content if block.type == "tool_use"] == names
    assert message.stop_reason == "tool_use"


def test_a_truncated_tool_call_holds_what_there_was() -> None:
    message = claude_with("truncated").client().messages.create(**ASK, **TOOL)
    (block,) = message.content
    assert block.type == "tool_use"
    assert message.stop_reason == "max_tokens"
    assert set(block.input) < set(VALUE)


@pytest.mark.parametrize("fault", TEXT_FAULTS)
def test_a_text_is_spoilt(fault: str) -> None:
    claude = SimulatedClaude([QUOTING], faults=[fault])
    text = said(claude.client().messages.create(**ASK))
    assert claude.requests[0].faults == (fault,)
    assert claude.requests[0].truth == QUOTING
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)
    assert "good" in text


@pytest.mark.parametrize("tool", [False, True])
@pytest.mark.parametrize("fault", VALUE_FAULTS)
@pytest.mark.parametrize("seed", range(4))
def test_a_value_is_spoilt_so_that_the_schema_refuses_it(fault: str, tool: bool, seed: int) -> None:
    claude = claude_with(fault, seed=seed)
    form = TOOL if tool else {"extra_body": {"output_config": {"format": {"type": "json_schema", "schema": reduced()}}}}
    message = claude.client().messages.create(**ASK, **form)
    (block,) = message.content
    text = json.dumps(block.input) if block.type == "tool_use" else said(message)
    assert claude.requests[0].faults == (fault,)
    with pytest.raises(InvalidError):
        Schema(response_model(SCHEMA, name="rating")).validate(text, document="Good, 5 stars")


def reduced() -> Any:
    from slotfill.schemas.wire.wire import wire_of

    return wire_of(SCHEMA, wrapped=False).reduced


def test_what_the_reduced_schema_says_in_words_is_broken_too() -> None:
    claude = claude_with("out_of_range")
    form = {"extra_body": {"output_config": {"format": {"type": "json_schema", "schema": reduced()}}}}
    stars = json.loads(said(claude.client().messages.create(**ASK, **form)))["stars"]
    assert stars in (0, 6)


def test_the_extra_field_is_none_that_is_asked_for() -> None:
    schema = {"type": "object", "properties": {"remark": {"type": "string"}}, "additionalProperties": False}
    with pytest.raises(LookupError):
        spoil("extra_field", {"remark": "as meant"}, schema, Random(0))


def test_a_fault_that_does_not_apply_leaves_no_trace() -> None:
    claude = claude_with("wrong_tool", "out_of_range", "sse_cut")
    assert json.loads(said(claude.client().messages.create(**ASK))) == VALUE
    assert claude.requests[0].faults == ()


def test_a_stream_that_is_cut_ends_silently() -> None:
    with claude_with("sse_cut").client().messages.stream(**ASK) as stream:
        kinds = [event.type for event in stream]
    assert "message_start" in kinds
    assert "message_stop" not in kinds


def test_an_error_within_a_stream() -> None:
    with (
        pytest.raises(anthropic.APIStatusError) as raised,
        claude_with("sse_error").client().messages.stream(**ASK) as stream,
    ):
        stream.get_final_message()
    assert raised.value.type == "overloaded_error"


def test_what_a_stream_holds_that_nobody_knows_is_passed_over() -> None:
    with claude_with("sse_unknown").client().messages.create(**ASK, stream=True) as stream:
        events = [event for event in stream if event.type in KNOWN]
    deltas = [event.delta for event in events if event.type == "content_block_delta"]
    assert "".join(delta.text or "" for delta in deltas) == json.dumps(VALUE)
    assert [delta.type for delta in deltas if delta.type != "text_delta"] == ["mood"]
    assert events[-1].type == "message_stop"


KNOWN = (
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
)


@pytest.mark.parametrize(("fault", "raised"), [("sse_no_json", json.JSONDecodeError), ("sse_no_event", None)])
def test_an_event_in_the_middle_of_a_stream_is_none(fault: str, raised: type[Exception] | None) -> None:
    found: list[object] = []
    with (
        pytest.raises(raised) if raised else nullcontext(),
        claude_with(fault).client().messages.create(**ASK, stream=True) as stream,
    ):
        found.extend(stream)
    assert getattr(found[0], "type", None) == "message_start"
    assert (None in found) == (fault == "sse_no_event")


@pytest.mark.parametrize(
    ("fault", "lacking"),
    [("sse_unstarted", {"content_block_start"}), ("sse_unended", {"message_delta", "message_stop"})],
)
def test_a_stream_lacks_events(fault: str, lacking: set[str]) -> None:
    with claude_with(fault).client().messages.create(**ASK, stream=True) as stream:
        assert {event.type for event in stream} == {*KNOWN} - lacking


FAILED_ITEMS = {
    "batch_errored": ("errored", "api_error"),
    "batch_overloaded": ("errored", "overloaded_error"),
    "batch_limited": ("errored", "rate_limit_error"),
    "batch_invalid": ("errored", "invalid_request_error"),
    "batch_expired": ("expired", None),
    "batch_canceled": ("canceled", None),
}


@pytest.mark.parametrize("fault", ITEM_FAULTS)
def test_a_request_of_a_batch_fails_and_is_not_billed(fault: str) -> None:
    claude = claude_with(f"{fault}@2")
    client, (kind, error) = claude.client(), FAILED_ITEMS[fault]
    asked = [{"custom_id": name, "params": ASK} for name in ("a", "b", "c")]
    batch = client.messages.batches.create(requests=asked)  # type: ignore[arg-type]
    results = {entry.custom_id: entry.result for entry in client.messages.batches.results(batch.id)}
    assert {name: result.type for name, result in results.items()} == {"a": "succeeded", "b": kind, "c": "succeeded"}
    told = results["b"]
    assert (told.error.error.type if told.type == "errored" else None) == error
    counts = client.messages.batches.retrieve(batch.id).request_counts
    assert counts.succeeded == 2
    assert getattr(counts, kind) == 1
    billed = {seen.batch.custom_id: seen.usage.output_tokens > 0 for seen in claude.requests if seen.batch}
    assert billed == {"a": True, "b": False, "c": True}


def test_every_fault_of_the_table_has_a_test() -> None:
    tested = {*REPORTED, *STOPPED, *TEXT_FAULTS, *VALUE_FAULTS, *FAILED_ITEMS, *CALL_FAULTS}  # these: test_batch_calls
    tested |= {"html", "slow_first_byte", "slow_body", "wrong_tool", "two_tools", "sse_cut", "sse_error"}
    tested |= {"sse_unknown", "sse_no_json", "sse_no_event", "sse_unstarted", "sse_unended", "sse_spliced"}
    assert tested == {*FAULTS}
    assert {*FAULTS} == {
        *(*ERROR_FAULTS, *MESSAGE_FAULTS, *STREAM_FAULTS, *RESPONSE_FAULTS, *TEXT_FAULTS, *VALUE_FAULTS, *BATCH_FAULTS)
    }


def test_faults_compose() -> None:
    claude = claude_with("fences", "wrong_case", "prose", "slow_first_byte", "trailing_comma", seed=1)
    form = {"extra_body": {"output_config": {"format": {"type": "json_schema", "schema": reduced()}}}}
    text = said(claude.client().messages.create(**ASK, **form))
    assert claude.requests[0].faults == ("wrong_case", "trailing_comma", "fences", "prose", "slow_first_byte")
    assert text.startswith("Sure!")
    assert "```json" in text
    assert ",}" in text
    assert '"good"' not in text


def test_faults_strike_by_position() -> None:
    claude = claude_with("529@1", "fences@3-4")
    client = claude.client(max_retries=1)
    for _ in range(4):
        client.messages.create(**ASK)
    assert [seen.faults for seen in claude.requests] == [("529",), (), ("fences",), ("fences",), ()]


def test_a_fault_strikes_the_documents_that_it_is_about() -> None:
    claude = claude_with(Trigger("fences", about="text 2"), Trigger("prose", frozenset({3, 4}), about="text"))
    client = claude.client()
    for text in ("text 1", "text 2", "another", "text 2"):
        client.messages.create(**{**ASK, "messages": [{"role": "user", "content": text}]})
    assert [seen.faults for seen in claude.requests] == [(), ("fences",), (), ("fences", "prose")]


def test_faults_strike_by_probability_and_come_again_by_the_seed() -> None:
    def struck(seed: int, order: list[int]) -> dict[str, tuple[str, ...]]:
        claude = claude_with("fences:0.3", seed=seed)
        client = claude.client()
        for number in order:
            client.messages.create(**{**ASK, "messages": [{"role": "user", "content": f"text {number}"}]})
        return {document: seen[0].faults for document, seen in claude.by_document.items()}

    first = struck(1, [*range(60)])
    assert 6 < sum(faults == ("fences",) for faults in first.values()) < 32
    assert struck(1, [*reversed(range(60))]) == first
    assert struck(2, [*range(60)]) != first


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("fence", "did you mean fences"),
        ("nonsense", "there are 429"),
        ("429:2", "from 0 to 1"),
        ("429@1-", "1,3-5"),
        ("429@" + "1" * 5_000, "1,3-5"),
        ("", "is no fault"),
        ("429@", "is no fault"),
    ],
)
def test_a_fault_badly_told_is_refused(told: str, reason: str) -> None:
    with pytest.raises(FaultError, match=reason):
        SimulatedClaude(faults=[told])


@given(st.sampled_from(FAULTS), st.sets(st.integers(1, 50), min_size=1), st.floats(0, 1).map(lambda p: round(p, 3)))
def test_a_fault_is_read_as_it_is_told(name: str, positions: set[int], probability: float) -> None:
    told = f"{name}@{','.join(map(str, positions))}:{probability:.3f}"
    assert Trigger.parse(told) == Trigger(name, frozenset(positions), probability)


PATIENCE = 60.0
"""Seconds that a client waits for what does come, however busy the machine is."""

NETWORK = {**{name: REPORTED[name][0] for name in REPORTED if name != "429_long"}}


@pytest.mark.parametrize("fault", NETWORK)
def test_a_server_does_the_same_to_a_real_connection(fault: str) -> None:
    with served(SimulatedClaude([VALUE], faults=[fault])) as url:
        timeout = 1.0 if NETWORK[fault] is anthropic.APITimeoutError else PATIENCE
        client = anthropic.Anthropic(base_url=url, api_key="any", max_retries=0, timeout=timeout)
        with pytest.raises(NETWORK[fault]) as raised, client:
            client.messages.create(**ASK)
    assert type(raised.value) is NETWORK[fault]


@pytest.mark.parametrize("fault", ["", "slow_body", "reset", "stall", "sse_cut", "sse_error", "refused", "502", "504"])
def test_a_server_streams_as_the_process_does(fault: str) -> None:
    faults = [fault] if fault else []

    def ended(client: anthropic.Anthropic) -> tuple[str, list[str]]:
        kinds: list[str] = []
        try:
            with client, client.messages.stream(**ASK) as stream:
                kinds.extend(event.type for event in stream)
        except (anthropic.AnthropicError, httpx2.HTTPError) as error:
            return type(error).__name__, kinds
        return "ended", kinds

    with served(SimulatedClaude([VALUE], faults=faults)) as url:
        timeout = 3.0 if fault == "stall" else PATIENCE  # what comes before must have come by then
        real = ended(anthropic.Anthropic(base_url=url, api_key="any", max_retries=0, timeout=timeout))
    near = ended(claude_with(*faults).client(max_retries=0))
    assert real[1] == near[1]
    assert (real[0] == "ended") == (near[0] == "ended")


def test_the_asynchronous_client_meets_the_same() -> None:
    async def outcomes() -> list[str]:
        found = []
        for fault in ("refused", "reset", "stall", "timeout", "429_long", "slow_body"):
            async with claude_with(fault).async_client(max_retries=0) as client:
                try:
                    found.append(str((await client.messages.create(**ASK)).stop_reason))
                except anthropic.AnthropicError as error:
                    found.append(type(error).__name__)
        return found

    lost = ["APIConnectionError", "APIConnectionError", "APITimeoutError", "APITimeoutError"]
    assert asyncio.run(outcomes()) == [*lost, "RateLimitError", "end_turn"]
