"""Streams: growing values as the reply arrives, and the same extraction at their end as without."""

import asyncio
import json

import anthropic
import httpx2
import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from slotfill import Extraction, Extractor, Outcome, Partial
from slotfill.extractors.messages_api.sse import STREAM, events
from slotfill.extractors.messages_api.stream_reader import StreamReader
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.schemas import Feedback

FEEDBACK = {"sentiment": "negative", "key_issues": ["crashes", "slow"], "urgency": 3, "suggested_action": "Fix it."}
TEXT = "The app crashes and is slow."
MODELS = {"structured": "claude-haiku-5-5", "tool": "claude-3-haiku-20240307"}


def stream(claude, text=TEXT, schema=Feedback, **options):
    with Extractor(schema, client=claude.client(max_retries=0), **options) as extractor:
        return [*extractor.stream(text)]


def astream(claude, text=TEXT, schema=Feedback, **options):
    async def run():
        async with Extractor(schema, client=claude.async_client(max_retries=0), **options) as extractor:
            return [event async for event in extractor.astream(text)]

    return asyncio.run(run())


both = pytest.mark.parametrize("streamed", [stream, astream])


@both
@pytest.mark.parametrize("mode", MODELS)
def test_the_last_event_is_the_extraction_and_all_before_it_are_partials(streamed, mode):
    claude = SimulatedClaude([FEEDBACK])
    *partials, extraction = streamed(claude, model=MODELS[mode])
    assert isinstance(extraction, Extraction)
    assert extraction.outcome is Outcome.VALID
    assert extraction.data == FEEDBACK
    assert extraction.attempts[0].mode == mode
    assert extraction.usage == claude.usage
    assert extraction.request_ids
    assert claude.requests[0].body["stream"] is True
    assert len(partials) > 3
    assert all(isinstance(partial, Partial) for partial in partials)
    completed = {part.path: part.value for partial in partials for part in partial.parts}
    assert completed == {
        "/sentiment": "negative",
        "/key_issues/0": "crashes",
        "/key_issues/1": "slow",
        "/key_issues": ["crashes", "slow"],
        "/urgency": 3,
        "/suggested_action": "Fix it.",
    }


def test_partials_come_before_the_reply_is_whole():
    claude = SimulatedClaude([FEEDBACK])
    with Extractor(Feedback, client=claude.client()) as extractor:
        events = extractor.stream(TEXT)
        seen = []
        for event in events:
            if isinstance(event, Partial):
                assert isinstance(event.value, Feedback)
                seen.append((event.value.sentiment, event.value.urgency))
        assert (None, None) in seen or ("negative", None) in seen, "what has not arrived is None"
        assert seen[-1] == ("negative", 3)


@both
def test_a_stream_gives_what_a_reply_at_once_gives(streamed):
    claude = SimulatedClaude([FEEDBACK])
    *_, extraction = streamed(claude)
    with Extractor(Feedback, client=SimulatedClaude([FEEDBACK]).client()) as extractor:
        whole = extractor.extract(TEXT)
    same = ("outcome", "value", "spans", "edits", "usage", "cost_usd")
    assert {name: getattr(extraction, name) for name in same} == {name: getattr(whole, name) for name in same}


@both
@pytest.mark.parametrize("fault", ["sse_cut", "sse_error", "sse_spliced", "reset"])
def test_a_stream_that_breaks_off_is_asked_for_again(streamed, fault):
    claude = SimulatedClaude([FEEDBACK, FEEDBACK], faults=[f"{fault}@1"])
    *_, extraction = streamed(claude)
    assert extraction.outcome is Outcome.VALID
    assert [attempt.stop_reason for attempt in extraction.attempts] == ["broken_stream", "end_turn"]
    # What had arrived was paid for, and the service had said what it had read.
    assert extraction.attempts[0].usage.input_tokens == claude.requests[0].usage.input_tokens > 0


@both
@pytest.mark.parametrize("mode", MODELS)
@pytest.mark.parametrize("fault", ["sse_cut", "sse_error", "sse_spliced", "reset"])
def test_a_stream_that_always_breaks_off_is_partial_never_silent(streamed, mode, fault):
    *_, extraction = streamed(SimulatedClaude([FEEDBACK] * 3, faults=[fault]), model=MODELS[mode])
    assert extraction.outcome is Outcome.PARTIAL
    assert not extraction.ok
    assert extraction.error.type == "truncated"
    assert "stream broke off" in extraction.error.message
    assert "negative" in json.dumps(extraction.invalid), "what had arrived is kept"


@both
def test_a_request_that_fails_before_it_streams_fails_as_any_other(streamed):
    (extraction,) = streamed(SimulatedClaude(faults=["529"]))
    assert extraction.error.type == "overloaded"


def test_an_error_in_place_of_a_message_is_the_services_and_another_model_may_serve():
    def respond(request):
        if b"haiku" in request.content:
            error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
            body = f"event: error\ndata: {json.dumps(error)}\n\n".encode()
        else:
            usage = {"input_tokens": 1, "output_tokens": 1}
            said = {"content": [{"type": "text", "text": json.dumps(FEEDBACK)}], "stop_reason": "end_turn"}
            head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_sequence": None}
            body = b"".join(events(head | said | {"usage": usage}))
        return httpx2.Response(200, headers=STREAM, content=body)

    http = httpx2.Client(transport=httpx2.MockTransport(respond))
    client = anthropic.Anthropic(api_key="none", max_retries=0, http_client=http)
    with Extractor(Feedback, client=client, model=["claude-haiku-5-5", "claude-sonnet-5-5"]) as extractor:
        *_, extraction = extractor.stream(TEXT)
    assert extraction.attempts[0].errors[0].message.startswith("Overloaded")
    assert extraction.outcome is Outcome.FALLBACK


def failing(kind, text, *, at):
    """Give a client whose first stream ends in an error after so many events, and whose second is whole."""
    replies = iter((at, None))

    def respond(_):
        usage = {"input_tokens": 7, "output_tokens": 1}
        said = {"content": [{"type": "text", "text": json.dumps(FEEDBACK)}], "stop_reason": "end_turn"}
        head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_sequence": None}
        told = [*events(head | said | {"usage": usage})]
        if (end := next(replies)) is not None:
            error = {"type": "error", "error": {"type": kind, "message": text}}
            told[end:] = [f"event: error\ndata: {json.dumps(error)}\n\n".encode()]
        return httpx2.Response(200, headers=STREAM, content=b"".join(told))

    http = httpx2.Client(transport=httpx2.MockTransport(respond))
    return anthropic.Anthropic(api_key="none", max_retries=0, http_client=http)


@pytest.mark.parametrize("at", [0, 3])
def test_a_stream_that_ends_in_an_error_of_its_mode_is_asked_for_in_the_next(at):
    client = failing("invalid_request_error", "Invalid request data", at=at)
    with Extractor(Feedback, client=client) as extractor:
        *_, extraction = extractor.stream(TEXT)
    assert extraction.outcome is Outcome.VALID
    assert [attempt.mode for attempt in extraction.attempts] == ["structured", "tool"]
    assert extraction.attempts[0].usage.input_tokens == (7 if at else 0), "what was paid is told"


@pytest.mark.parametrize("at", [0, 3])
@pytest.mark.parametrize(
    ("kind", "text", "outcome", "failure"),
    [
        ("invalid_request_error", "Output blocked by content filtering policy", Outcome.REFUSED, "refusal"),
        ("billing_error", "no", Outcome.FAILED, "billing"),
        ("invalid_request_error", "your account wants attention", Outcome.FAILED, "bad_request"),
    ],
)
def test_an_error_that_no_second_try_mends_is_what_it_would_be_without_a_stream(at, kind, text, outcome, failure):
    with Extractor(Feedback, client=failing(kind, text, at=at)) as extractor:
        *_, extraction = extractor.stream(TEXT)
    assert (extraction.outcome, extraction.error.type) == (outcome, failure)
    assert len(extraction.attempts) == 1


@both
def test_repairs_follow_as_for_any_other_answer(streamed):
    wrong = {**FEEDBACK, "urgency": 9}
    claude = SimulatedClaude([wrong, {"urgency": 4}])
    *partials, extraction = streamed(claude)
    assert extraction.outcome is Outcome.PATCHED
    assert extraction.value.urgency == 4
    assert {partial.rung.value for partial in partials} == {"ask"}, "a patch comes whole"


@both
def test_a_reask_streams_too(streamed):
    claude = SimulatedClaude(["no JSON at all", FEEDBACK])
    *partials, extraction = streamed(claude)
    assert extraction.outcome is Outcome.REASKED
    assert "reask" in {partial.rung.value for partial in partials}


@both
def test_a_truncated_reply_is_told_apart(streamed):
    *_, extraction = streamed(SimulatedClaude([FEEDBACK] * 3, faults=["truncated"]), retries=0)
    assert (extraction.outcome, extraction.attempts[0].stop_reason) == (Outcome.PARTIAL, "max_tokens")


def test_a_chunked_document_has_no_partials():
    claude = SimulatedClaude(lambda _: {"key_issues": ["crashes"]})
    events = stream(claude, TEXT * 20, chunk_chars=200)
    assert len(events) == 1


def test_closing_a_stream_ends_the_request():
    claude = SimulatedClaude([FEEDBACK])

    async def run():
        async with Extractor(Feedback, client=claude.async_client()) as extractor:
            events = extractor.astream(TEXT)
            await anext(events)
            await events.aclose()

    asyncio.run(run())
    with Extractor(Feedback, client=claude.client()) as extractor:
        events = extractor.stream(TEXT)
        next(events)
        events.close()
    assert len(claude.requests) == 2


WITHOUT_THINKING = {"thinking": {"type": "disabled"}}
"""What is thought is not kept, and so is not put together."""


class Anything(BaseModel):
    """Say anything."""

    text: str
    numbers: list[int]


@given(st.builds(Anything, text=st.text(max_size=200), numbers=st.lists(st.integers(), max_size=20)))
@examples(30)
def test_what_the_sdk_puts_together_is_what_arrives(value):
    """The SDK's own accumulation is the oracle."""
    for choice in ({}, {"tools": [{"name": "t", "input_schema": {"type": "object"}}], "tool_choice": {"type": "any"}}):
        claude = SimulatedClaude([value.model_dump()] * 2)
        turns = [{"role": "user", "content": "x"}]
        asked = {"model": "claude-haiku-5-5", "max_tokens": 10_000, "messages": turns, **WITHOUT_THINKING, **choice}
        with claude.client().messages.stream(**asked) as events:
            wanted = events.get_final_message()
        arriving = StreamReader()
        for event in claude.client().messages.create(**asked, stream=True):
            arriving.take(event)
        found = arriving.message()
        assert isinstance(found, anthropic.types.Message)
        others = {"id": True, "content": {"__all__": {"citations"}}}  # of another reply, which may begin otherwise
        assert found.model_dump(exclude=others) == {
            name: part for name, part in wanted.model_dump(exclude=others).items() if name in found.model_dump()
        }
