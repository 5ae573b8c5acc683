"""The simulated service speaks what the SDK uses, counts what it does, and refuses what the service refuses."""

from __future__ import annotations

import asyncio
import json
import threading
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic.types import Message, ModelInfo
from anthropic.types.messages import MessageBatch, MessageBatchIndividualResponse
from paged_documents import pdf

from slotfill.extractors.errors import InputError
from slotfill.extractors.extractor import Extractor
from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served
from slotfill.extractors.testing.simulator.clock import ManualClock
from slotfill.extractors.testing.simulator.exchange import HttpRequest
from slotfill.extractors.testing.simulator.simulated_limits import RateLimits
from slotfill.schemas.built_in.entities import Entities
from slotfill.schemas.built_in.feedback import Feedback
from slotfill.schemas.built_in.sentiment import Sentiment
from slotfill.schemas.built_in.summary import Summary

MODEL = "claude-haiku-5-5"
HEADERS = {"anthropic-version": "2023-06-01", "x-api-key": "any"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"label": {"enum": ["good", "bad"]}},
    "required": ["label"],
    "additionalProperties": False,
}
TOOL: dict[str, Any] = {
    "tools": [{"name": "rate", "input_schema": SCHEMA}],
    "tool_choice": {"type": "tool", "name": "rate"},
}


def ask(text: str = "Good.", **others: Any) -> dict[str, Any]:
    turns = [{"role": "user", "content": text}]
    return {"model": MODEL, "max_tokens": 400, "thinking": {"type": "disabled"}, "messages": turns, **others}


def post(claude: SimulatedClaude, body: Any, path: str = "/v1/messages") -> tuple[int, Any]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = claude.handle(HttpRequest("POST", path, headers=HEADERS, body=content))
    return response.status, json.loads(b"".join(response.chunks))


# What it speaks.


def test_each_request_has_an_id_of_its_own() -> None:
    claude = SimulatedClaude(["Hi."])
    client = claude.client()
    with ThreadPoolExecutor(8) as pool:
        replies = [*pool.map(lambda _: client.messages.create(**ask()), range(100))]
    assert sorted(str(reply._request_id) for reply in replies) == sorted({seen.request_id for seen in claude.requests})


@pytest.mark.parametrize("form", [{}, TOOL], ids=["text", "tool"])
def test_a_message_is_what_the_sdk_parses_and_a_stream_says_the_same(form: dict[str, Any]) -> None:
    claude = SimulatedClaude([{"label": "good"}])
    client = claude.client()
    raw = client.messages.with_raw_response.create(**ask(**form))
    message = Message.model_validate(json.loads(raw.text()), strict=True)
    with client.messages.stream(**ask(**form)) as stream:
        streamed = stream.get_final_message()
    assert streamed.to_dict()["content"] == message.to_dict()["content"]
    assert streamed.stop_reason == message.stop_reason
    assert streamed.usage.output_tokens == message.usage.output_tokens
    assert raw.headers["request-id"].startswith("req_")
    assert raw.headers["request-id"] == claude.requests[0].request_id
    (block,) = message.content
    assert (block.input if block.type == "tool_use" else json.loads(block.text)) == {"label": "good"}  # type: ignore[union-attr]


def test_an_answer_that_is_begun_is_gone_on_with() -> None:
    client = SimulatedClaude(['{"label": "good"}', "Not what you think."]).client()
    begun = {"messages": [*ask()["messages"], {"role": "assistant", "content": '{"label":'}]}
    texts = [client.messages.create(**ask() | begun | {"model": "claude-haiku-4-5"}).content[0].text for _ in range(2)]  # type: ignore[union-attr]
    assert texts == [' "good"}', "Not what you think."]


def test_system_messages_stand_among_the_others() -> None:
    claude = SimulatedClaude(["yes"])
    turns = [*ask("A text.")["messages"], {"role": "system", "content": "Be brief."}]
    claude.client().messages.create(**ask() | {"messages": turns, "model": "claude-opus-4-8"})
    assert claude.requests[0].document == "A text."


def test_a_reply_names_the_model_by_its_own_name() -> None:
    client = SimulatedClaude(["yes"]).client()
    assert client.messages.create(**ask() | {"model": "claude-haiku-4-5"}).model == "claude-haiku-4-5-20251001"
    assert client.models.retrieve("claude-haiku-4-5").id == "claude-haiku-4-5-20251001"


def test_models_of_other_names_are_served_where_they_are_told() -> None:
    client = SimulatedClaude(["yes"], models=["gate/claude-next"]).client()
    assert client.messages.create(**ask() | {"model": "gate/claude-next"}).model == "gate/claude-next"
    assert client.models.retrieve("gate/claude-next").max_tokens == 128_000
    with pytest.raises(anthropic.NotFoundError, match="model: gate/claude-other"):
        client.messages.create(**ask() | {"model": "gate/claude-other"})


def test_structured_output_is_asked_for_as_the_sdk_does() -> None:
    form = {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}
    message = SimulatedClaude().client().messages.create(**ask(**form))
    assert json.loads(message.content[0].text)["label"] in ("good", "bad")  # type: ignore[union-attr]


def test_tokens_are_counted_as_a_message_counts_them() -> None:
    client = SimulatedClaude(["yes"]).client()
    counted = client.messages.count_tokens(model=MODEL, messages=[{"role": "user", "content": "Good."}])
    assert counted.input_tokens == client.messages.create(**ask()).usage.input_tokens


def test_models_are_listed_and_found() -> None:
    client = SimulatedClaude().client()
    listed = client.models.list()
    assert MODEL in [model.id for model in listed.data]
    found = client.models.retrieve(MODEL)
    assert ModelInfo.model_validate(found.model_dump()).max_input_tokens
    with pytest.raises(anthropic.NotFoundError):
        client.models.retrieve("claude-nobody")


def test_an_unknown_path_is_not_found() -> None:
    with pytest.raises(anthropic.NotFoundError):
        SimulatedClaude().client().get("/v1/files", cast_to=object)


def test_a_batch_lives_and_ends() -> None:
    clock = ManualClock()
    client = SimulatedClaude([{"label": "good"}], clock=clock, batch_seconds=60).client()
    asked = [{"custom_id": f"doc-{number}", "params": ask(f"text {number}")} for number in range(40)]
    batch = client.messages.batches.create(requests=asked)  # type: ignore[arg-type]
    assert MessageBatch.model_validate(batch.model_dump()).processing_status == "in_progress"
    assert batch.request_counts.processing == 40
    with pytest.raises(anthropic.AnthropicError, match="results_url"):
        client.messages.batches.results(batch.id)
    clock.advance(60)
    batch = client.messages.batches.retrieve(batch.id)
    assert (batch.processing_status, batch.request_counts.succeeded) == ("ended", 40)
    results = [*client.messages.batches.results(batch.id)]
    for result in results:
        MessageBatchIndividualResponse.model_validate(result.model_dump())
    names = [result.custom_id for result in results]
    assert sorted(names) == sorted(request["custom_id"] for request in asked)
    assert names != [request["custom_id"] for request in asked]  # in no order
    assert results[0].result.type == "succeeded"
    assert results[0].result.message.usage.service_tier == "batch"
    client.messages.batches.delete(batch.id)
    with pytest.raises(anthropic.NotFoundError):
        client.messages.batches.retrieve(batch.id)


def test_a_batch_is_cancelled_half_way() -> None:
    clock = ManualClock()
    client = SimulatedClaude(["yes"], clock=clock, batch_seconds=100).client()
    asked = [{"custom_id": f"doc-{number}", "params": ask()} for number in range(10)]
    batch = client.messages.batches.create(requests=asked)  # type: ignore[arg-type]
    clock.advance(30)
    assert client.messages.batches.cancel(batch.id).processing_status == "canceling"
    counts = client.messages.batches.retrieve(batch.id).request_counts
    assert (counts.succeeded, counts.canceled) == (3, 7)
    with pytest.raises(anthropic.BadRequestError, match="it has ended"):
        client.messages.batches.cancel(batch.id)


def test_a_batch_that_takes_over_a_day_expires() -> None:
    clock = ManualClock()
    client = SimulatedClaude(["yes"], clock=clock, batch_seconds=2 * 86_400).client()
    asked = [{"custom_id": f"doc-{number}", "params": ask()} for number in range(4)]
    batch = client.messages.batches.create(requests=asked)  # type: ignore[arg-type]
    clock.advance(86_400)
    counts = client.messages.batches.retrieve(batch.id).request_counts
    assert (counts.succeeded, counts.expired) == (2, 2)


def test_an_invalid_request_of_a_batch_is_errored_alone() -> None:
    client = SimulatedClaude(["yes"]).client()
    asked = [{"custom_id": "a", "params": ask()}, {"custom_id": "b", "params": ask("")}]
    batch = client.messages.batches.create(requests=asked)  # type: ignore[arg-type]
    results = {entry.custom_id: entry.result for entry in client.messages.batches.results(batch.id)}
    assert results["a"].type == "succeeded"
    assert results["b"].type == "errored"
    assert results["b"].error.error.type == "invalid_request_error"


def test_batches_are_listed_a_page_at_a_time() -> None:
    client = SimulatedClaude(["yes"]).client()
    asked = [{"custom_id": "a", "params": ask()}]
    made = [client.messages.batches.create(requests=asked).id for _ in range(5)]  # type: ignore[arg-type]
    page = client.messages.batches.list(limit=2)
    assert [batch.id for batch in page.data] == made[:2:-1]
    assert [batch.id for batch in page] == made[::-1]  # the SDK turns the pages
    before = client.messages.batches.list(limit=2, before_id=made[0])
    assert [batch.id for batch in before.data] == [made[2], made[1]]


# What it counts.


def test_what_is_marked_is_written_to_the_cache_once_and_then_read() -> None:
    clock = ManualClock()
    client = SimulatedClaude(["yes"], clock=clock).client()
    shared = [{"type": "text", "text": "rules " * 2_000, "cache_control": {"type": "ephemeral"}}]
    usages = [client.messages.create(**ask(f"text {number}", system=shared)).usage for number in range(3)]
    written = usages[0].cache_creation_input_tokens
    assert written == 3_000
    assert [usage.cache_read_input_tokens for usage in usages] == [0, written, written]
    assert len({usage.input_tokens for usage in usages}) == 1
    clock.advance(301)
    assert client.messages.create(**ask("text", system=shared)).usage.cache_read_input_tokens == 0


@pytest.mark.parametrize(
    ("model", "least"),
    [
        ("claude-haiku-5-5", 512),
        ("claude-opus-5", 512),
        ("claude-fable-5", 512),
        ("claude-sonnet-5", 1_024),
        ("claude-opus-4-8", 1_024),
        ("claude-sonnet-4-6", 1_024),
        ("claude-opus-4-7", 2_048),
        ("claude-opus-4-6", 4_096),
        ("claude-haiku-4-5", 4_096),
    ],
)
def test_a_prefix_shorter_than_the_models_least_is_not_cached(model: str, least: int) -> None:
    client = SimulatedClaude(["yes"]).client()
    for tokens, kept in ((least - 1, 0), (least, least)):
        rules = [{"type": "text", "text": "rule" * tokens, "cache_control": {"type": "ephemeral"}}]
        asked = {**ask(system=rules), "model": model, "thinking": anthropic.omit}
        usage = client.messages.create(**asked).usage
        assert usage.cache_creation_input_tokens == kept


def test_what_one_model_has_read_another_has_not() -> None:
    client = SimulatedClaude(["yes"]).client()
    shared = [{"type": "text", "text": "rules " * 2_000, "cache_control": {"type": "ephemeral"}}]
    models = ["claude-opus-5", "claude-sonnet-5", "claude-opus-5"]
    read = [client.messages.create(**ask(system=shared) | {"model": model}).usage for model in models]
    assert [usage.cache_read_input_tokens for usage in read] == [0, 0, 3_000]


def test_a_request_for_no_reply_has_its_prompt_kept() -> None:
    claude = SimulatedClaude(["one", "two"])
    shared = [{"type": "text", "text": "rules " * 2_000, "cache_control": {"type": "ephemeral"}}]
    warmed = claude.client().messages.create(**ask(system=shared) | {"max_tokens": 0})
    assert (warmed.content, warmed.stop_reason, warmed.usage.output_tokens) == ([], "max_tokens", 0)
    assert warmed.usage.cache_creation_input_tokens == 3_000
    said = claude.client().messages.create(**ask(system=shared))
    assert said.usage.cache_read_input_tokens == 3_000
    assert said.content[0].text == "one"  # type: ignore[union-attr]  # nothing was said before


def test_it_tells_what_it_saw() -> None:
    claude = SimulatedClaude(["yes"])
    client = claude.client(api_key="sk-secret")
    for text in ("one", "two", "one"):
        client.messages.create(**ask(text, stream=False))
    assert {document: len(seen) for document, seen in claude.by_document.items()} == {"one": 2, "two": 1}
    assert [seen.number for seen in claude.requests] == [1, 2, 3]
    assert claude.requests[0].body["model"] == MODEL
    assert claude.requests[0].headers["anthropic-version"]
    assert claude.usage == Usage(input_tokens=3, output_tokens=3)
    assert "sk-secret" not in repr(claude.requests[0])


def test_it_tells_how_many_came_at_once() -> None:
    claude = SimulatedClaude()
    gate = threading.Barrier(6, timeout=60)

    def reply(_: Any) -> str:
        gate.wait()
        return "yes"

    claude.script(reply)
    threads = [threading.Thread(target=claude.client().messages.create, kwargs=ask()) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert claude.peak == 6
    claude.script(["yes"]).client().messages.create(**ask())
    assert claude.peak == 6


def test_limits_are_told_and_enforced_with_a_clock_that_is_moved() -> None:
    clock = ManualClock()
    client = SimulatedClaude(["yes"], clock=clock, limits=RateLimits(rpm=2)).client(max_retries=0)
    told = [client.messages.with_raw_response.create(**ask()).headers for _ in range(2)]
    assert [headers["anthropic-ratelimit-requests-remaining"] for headers in told] == ["1", "0"]
    assert told[0]["anthropic-ratelimit-requests-limit"] == "2"
    assert told[0]["anthropic-ratelimit-input-tokens-limit"] == "2000000"
    with pytest.raises(anthropic.RateLimitError, match="2 requests per minute") as raised:
        client.messages.create(**ask())
    wait = int(raised.value.response.headers["retry-after"])
    assert wait == 30
    clock.advance(wait - 1)
    with pytest.raises(anthropic.RateLimitError):
        client.messages.create(**ask())
    clock.advance(1)
    client.messages.create(**ask())


def test_input_tokens_are_limited_but_for_those_read_from_the_cache() -> None:
    shared = [{"type": "text", "text": "rules " * 2_000, "cache_control": {"type": "ephemeral"}}]
    claude = SimulatedClaude(["yes"], clock=ManualClock(), limits=RateLimits(itpm=4_000))
    client = claude.client(max_retries=0)
    for _ in range(20):
        client.messages.create(**ask(system=shared))
    with pytest.raises(anthropic.RateLimitError, match="input tokens"):
        client.messages.create(**ask("other " * 4_000))


def test_output_tokens_are_limited_once_they_are_written() -> None:
    clock = ManualClock()
    client = SimulatedClaude(["word " * 80], clock=clock, limits=RateLimits(otpm=60)).client(max_retries=0)
    client.messages.create(**ask())
    with pytest.raises(anthropic.RateLimitError, match="output tokens"):
        client.messages.create(**ask())
    clock.advance(60)
    client.messages.create(**ask())


def test_limits_of_tokens_are_told_of_both_kinds_together_and_what_is_left_in_thousands() -> None:
    client = SimulatedClaude(["yes"], clock=ManualClock(), limits=RateLimits(itpm=90_000, otpm=20_000)).client()
    told = client.messages.with_raw_response.create(**ask("word " * 2_000)).headers
    left = {name: told[f"anthropic-ratelimit-{name}-remaining"] for name in ("input-tokens", "output-tokens", "tokens")}
    assert left == {"input-tokens": "88000", "output-tokens": "20000", "tokens": "107000"}
    assert told["anthropic-ratelimit-tokens-limit"] == "110000"
    resets = [told[f"anthropic-ratelimit-{name}-reset"] for name in left]
    assert resets[2] == min(resets[:2])


def test_a_reply_stops_at_the_room_that_was_given() -> None:
    message = SimulatedClaude(["word " * 80]).client().messages.create(**{**ask(), "max_tokens": 10})
    assert message.stop_reason == "max_tokens"
    assert message.usage.output_tokens == 10


# What it refuses.


def texts(count: int) -> dict[str, Any]:
    return {f"field{number}": {"type": "string"} for number in range(count)}


def unions(count: int) -> dict[str, Any]:
    return {name: {"anyOf": [part, {"type": "null"}]} for name, part in texts(count).items()}


def structured(schema: Any) -> dict[str, Any]:
    return ask(output_config={"format": {"type": "json_schema", "schema": schema}})


def tool(**others: Any) -> dict[str, Any]:
    return ask(tools=[{"name": "rate", "input_schema": SCHEMA, **others}])


PDF = pdf()


def attached(data: bytes | str, media_type: str = "application/pdf", **others: Any) -> list[dict[str, Any]]:
    """Give the one turn of a conversation that brings a file."""
    written = data if isinstance(data, str) else b64encode(data).decode()
    source = {"type": "base64", "media_type": media_type, "data": written}
    question = {"type": "text", "text": "What does it say?"}
    return [{"role": "user", "content": [{"type": "document", "source": source, **others}, question]}]


def returned(data: bytes, **others: Any) -> list[dict[str, Any]]:
    """Give a conversation in which a tool gave a file back."""
    called = {"type": "tool_use", "id": "toolu_1", "name": "read", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": attached(data, **others)[0]["content"]}
    turns = [("user", "Read it."), ("assistant", [called]), ("user", [result])]
    return [{"role": role, "content": content} for role, content in turns]


REFUSED: dict[str, tuple[Any, int, str]] = {
    "unknown parameter": (ask(top_n=3), 400, "top_n: Extra inputs"),
    "no model": ({"max_tokens": 1, "messages": []}, 400, "model: Field required"),
    "unknown model": (ask() | {"model": "gpt"}, 404, "model: gpt"),
    "misspelt model": (ask() | {"model": "claude-sonet-4-5"}, 404, "model: claude-sonet-4-5"),
    "a model's effort": (
        ask(output_config={"effort": "low"}) | {"model": "claude-haiku-4-5"},
        400,
        "the effort parameter",
    ),
    "a result of no call": (
        ask() | {"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1"}]}]},
        400,
        "unexpected `tool_use_id` found in `tool_result` blocks",
    ),
    "no max_tokens": ({key: value for key, value in ask().items() if key != "max_tokens"}, 400, "max_tokens"),
    "too many max_tokens": (ask() | {"max_tokens": 128_001}, 400, "maximum allowed"),
    "less than no max_tokens": (ask() | {"max_tokens": -1}, 400, "greater than or equal to 0"),
    "no messages": (ask() | {"messages": []}, 400, "at least one message"),
    "empty content": (ask(""), 400, "non-empty content"),
    "blank content": (ask("  \n"), 400, "non-whitespace"),
    "empty list": (ask() | {"messages": [{"role": "user", "content": []}]}, 400, "non-empty content"),
    "empty block": (
        ask() | {"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]},
        400,
        "text content blocks must be non-empty",
    ),
    "empty system": (ask(system=[{"type": "text", "text": ""}]), 400, "system.0.text"),
    "strange role": (ask() | {"messages": [{"role": "tool", "content": "x"}]}, 400, "messages.0.role"),
    "prefill": (
        ask() | {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "{"}]},
        400,
        "prefill",
    ),
    "assistant first": (
        ask() | {"messages": [{"role": "assistant", "content": "x"}, {"role": "user", "content": "x"}]},
        400,
        "first message",
    ),
    "bad key": (
        tool(input_schema={"type": "object", "properties": {"größe": {"type": "string"}}}),
        400,
        "Property keys",
    ),
    "bad tool name": (tool(name="rate it"), 400, "name"),
    "root union": (tool(input_schema={"type": "object", "anyOf": []}), 400, "at the top level"),
    "no object": (tool(input_schema={"type": "array"}), 400, "'object'"),
    "unknown tool": (tool() | {"tool_choice": {"type": "tool", "name": "other"}}, 400, "not found in provided"),
    "strict tool": (
        tool(strict=True, input_schema={"type": "object", "properties": {}}),
        400,
        "additionalProperties",
    ),
    "keyword": (
        structured({**SCHEMA, "properties": {"label": {"type": "string", "maxLength": 3}}}),
        400,
        "'maxLength' is not supported",
    ),
    "open object": (structured({"type": "object", "properties": {}}), 400, "explicitly set to false"),
    "list of types": (structured({**SCHEMA, "properties": {"label": {"type": ["string", "null"]}}}), 400, "anyOf"),
    "format": (
        structured({**SCHEMA, "properties": {"label": {"type": "string", "format": "verbatim"}}}),
        400,
        "format 'verbatim'",
    ),
    "too many optional properties": (
        structured({**SCHEMA, "properties": texts(25), "required": []}),
        400,
        "Schemas contains too many optional parameters (25), which would make grammar compilation inefficient.",
    ),
    "too many optional properties together": (
        structured({**SCHEMA, "properties": texts(13), "required": []})
        | {"tools": [{"name": "rate", "strict": True, "input_schema": {**SCHEMA, "properties": texts(13)}}]},
        400,
        "too many optional parameters (26)",
    ),
    "too many unions": (
        structured({**SCHEMA, "properties": unions(17), "required": [*unions(17)]}),
        400,
        "Schemas contains too many parameters with union types (17 parameters with type arrays or anyOf).",
    ),
    "too many strict tools": (
        ask(tools=[{"name": f"rate{number}", "strict": True, "input_schema": SCHEMA} for number in range(21)]),
        400,
        "Too many strict tools (21). The maximum number of strict tools supported is 20.",
    ),
    **{
        f"pattern {pattern}": (
            structured({**SCHEMA, "properties": {"label": {"type": "string", "pattern": pattern}}}),
            400,
            "is not supported",
        )
        for pattern in (r"(?=a)b", r"a(?!b)", r"(?<=a)b", r"(?<!a)b", r"(a)\1", r"\bword", r"\\\b")
    },
    "other format": (ask(output_config={"format": {"type": "regex"}}), 400, "json_schema"),
    "citations beside structured output": (
        structured(SCHEMA) | {"messages": attached(PDF, citations={"enabled": True})},
        400,
        "messages.0.content.0.citations: citations are not supported together with output_config.format",
    ),
    "a PDF that is none": (
        ask() | {"messages": attached(b"<!DOCTYPE html>")},
        400,
        "messages.0.content.0.pdf.source.base64.data: The PDF specified was not valid.",
    ),
    "a tool's PDF that is none": (
        ask() | {"messages": returned(b"<!DOCTYPE html>")},
        400,
        "messages.2.content.0.content.0.pdf.source.base64.data: The PDF specified was not valid.",
    ),
    "citations of a tool's PDF beside structured output": (
        structured(SCHEMA) | {"messages": returned(PDF, citations={"enabled": True})},
        400,
        "messages.2.content.0.content.0.citations: citations are not supported",
    ),
    "a PDF that was cut": (ask() | {"messages": attached(PDF[:-8])}, 400, "The PDF specified was not valid."),
    "a PDF that is no base64": (ask() | {"messages": attached("%PDF-")}, 400, "The PDF specified was not valid."),
    "another type of document": (
        ask() | {"messages": attached(PDF, media_type="image/png")},
        400,
        "media_type: Input should be 'application/pdf'",
    ),
    "a document without a source": (
        ask() | {"messages": [{"role": "user", "content": [{"type": "document"}]}]},
        400,
        "document.source: Field required",
    ),
    "too long a prompt": (ask("word " * 900_000), 400, "prompt is too long"),
    "too large a request": (b" " * (33 << 20), 413, "maximum size"),
    "no JSON": (b"{", 400, "not valid JSON"),
    "no object at all": (b"[]", 400, "object is required"),
}


@pytest.mark.parametrize(
    "body",
    [
        ask() | {"messages": attached(PDF, citations={"enabled": True})},
        structured(SCHEMA) | {"messages": attached(PDF, citations={"enabled": False})},
        structured(SCHEMA) | {"messages": attached(PDF)},
        structured(SCHEMA) | {"messages": returned(PDF)},
        ask() | {"messages": attached(b"\xef\xbb\xbf" + PDF + b"\r\n" * 9)},
    ],
)
def test_a_pdf_is_taken_with_citations_or_with_structured_output(body: Any) -> None:
    assert post(SimulatedClaude(['{"label": "a"}']), body)[0] == 200


@pytest.mark.parametrize(
    "properties",
    [
        texts(24),
        unions(16),
        *(
            {"label": {"type": "string", "pattern": told}}
            for told in (r"^[A-Z]{2}-\d+$", r"(?:a|b)\s", r"\\b", r"\(?=")
        ),
    ],
)
def test_a_schema_within_the_subset_is_taken(properties: Any) -> None:
    required = [*properties] if "anyOf" in str(properties) else []
    told = structured({**SCHEMA, "properties": properties, "required": required})
    assert post(SimulatedClaude(["{}"]), told)[0] == 200
    tools = [{"name": f"rate{number}", "strict": True, "input_schema": SCHEMA} for number in range(20)]
    assert post(SimulatedClaude(["yes"]), ask(tools=tools))[0] == 200


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_service_refuses_is_refused(case: str) -> None:
    body, status, reason = REFUSED[case]
    claude = SimulatedClaude(["yes"])
    assert post(claude, body)[0] == status
    assert reason in post(claude, body)[1]["error"]["message"]
    assert claude.usage == Usage()


@pytest.mark.parametrize(
    ("requests", "reason"),
    [
        ([], "at least 1"),
        ([{"custom_id": "x" * 65, "params": ask()}], "custom_id"),
        ([{"custom_id": "a b", "params": ask()}], "custom_id"),
        ([{"custom_id": "a", "params": ask()}] * 2, "not unique"),
        ([{"custom_id": "a"}], "params"),
    ],
)
def test_a_batch_is_refused_as_a_whole(requests: Any, reason: str) -> None:
    status, body = post(SimulatedClaude(), {"requests": requests}, "/v1/messages/batches")
    assert status == 400
    assert reason in body["error"]["message"]


def test_a_credential_is_needed_and_only_the_right_one_is_taken() -> None:
    claude = SimulatedClaude(["yes"], key="right")
    with pytest.raises(anthropic.AuthenticationError):
        claude.client(max_retries=0).messages.create(**ask())
    claude.client(api_key="right").messages.create(**ask())
    bare = claude.handle(HttpRequest("POST", "/v1/messages", headers={"anthropic-version": "2023-06-01"}, body=b"{}"))
    assert bare.status == 401
    assert claude.handle(HttpRequest("POST", "/v1/messages", headers={"x-api-key": "right"}, body=b"{}")).status == 400


# What it says.


def test_replies_come_in_turn_the_last_one_for_ever() -> None:
    client = SimulatedClaude(["one", {"two": 2}, ApiError(500, "api_error", "no")]).client(max_retries=0)
    assert client.messages.create(**ask()).content[0].text == "one"  # type: ignore[union-attr]
    assert client.messages.create(**ask()).content[0].text == '{"two": 2}'  # type: ignore[union-attr]
    for _ in range(2):
        with pytest.raises(anthropic.InternalServerError):
            client.messages.create(**ask())


@pytest.mark.parametrize("said", ['{"a": 1, "a": 2}', '{"a": 12345678901234567890.12}', '{"a": 1,}'])
def test_a_text_that_no_tool_input_can_be_is_said_as_it_is(said: str) -> None:
    anything = {"type": "object", "additionalProperties": {"type": "number"}}
    claude = SimulatedClaude([said, {"a": 1}])
    with Extractor(anything, client=claude.client(), model=MODEL) as extractor:
        extraction = extractor.extract("A text.")
    assert extraction.value is not None
    assert len(claude.requests) == (2 if said.count("a") > 1 else 1)


def test_no_replies_are_refused() -> None:
    with pytest.raises(InputError, match="no replies"):
        SimulatedClaude([])


def test_a_function_sees_what_is_asked() -> None:
    claude = SimulatedClaude(lambda request: {"label": request.document.upper(), "room": request.max_tokens})
    text = claude.client().messages.create(**ask("good")).content[0].text  # type: ignore[union-attr]
    assert json.loads(text) == {"label": "GOOD", "room": 400}


def test_a_gold_file_is_keyed_by_the_document(tmp_path: Path) -> None:
    value = {"sentiment": "positive", "confidence": 0.9, "key_phrases": [], "summary": "Good."}
    gold = tmp_path / "gold.jsonl"
    gold.write_text(
        "".join(json.dumps({"text": text, "value": value | {"summary": text}}) + "\n" for text in ("A", "B"))
    )
    claude = SimulatedClaude(gold)
    with Extractor(Sentiment, client=claude.client(), retries=0) as extractor:
        assert [extractor.extract(text).value.summary for text in ("B", "A")] == ["B", "A"]
        unknown = extractor.extract("C")
    assert unknown.error is not None
    assert "gold.jsonl holds no value for 'C'" in unknown.error.message


def test_a_gold_value_that_is_no_object_is_wrapped(tmp_path: Path) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_text('{"text": "A", "value": ["x", "y"]}\n')
    with Extractor({"type": "array", "items": {"type": "string"}}, client=SimulatedClaude(gold).client()) as extractor:
        assert extractor.extract("A").data == ["x", "y"]


@pytest.mark.parametrize("line", ["{", "[]", '{"text": "A"}'])
def test_a_bad_gold_file_is_refused(line: str, tmp_path: Path) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_text(line + "\n")
    with pytest.raises(InputError, match="line 1"):
        SimulatedClaude(gold)
    with pytest.raises(InputError, match="cannot be read"):
        SimulatedClaude(tmp_path / "none.jsonl")


TEXT = "The app by Ada Lovelace crashes since Monday. Please help, London office.\nIt was good before."


@pytest.mark.parametrize("model", [MODEL, "claude-3-haiku-20240307"], ids=["structured", "tool"])
@pytest.mark.parametrize("schema", [Sentiment, Feedback, Entities, Summary])
def test_any_schema_has_a_working_model_with_no_set_up(schema: Any, model: str) -> None:
    claude = SimulatedClaude()
    with Extractor(schema, client=claude.client(), model=model) as extractor:
        found = [extractor.extract(text) for text in (TEXT, TEXT.upper(), "Short.")]
    assert [one.outcome for one in found] == ["valid"] * 3
    assert len({json.dumps(one.data) for one in found}) > 1


def test_values_come_again_by_the_seed_and_the_document() -> None:
    def values(seed: int) -> list[Any]:
        with Extractor(Feedback, client=SimulatedClaude(seed=seed).client()) as extractor:
            return [extractor.extract(f"text {number}").data for number in range(8)]

    assert values(1) == values(1)
    assert values(1) != values(2)


def test_a_schema_within_the_instructions_is_found() -> None:
    text = f"Answer by this schema: {json.dumps(SCHEMA)} and nothing {{else}}."
    message = SimulatedClaude().client().messages.create(**ask(system=text))
    assert json.loads(message.content[0].text)["label"] in ("good", "bad")  # type: ignore[union-attr]


# On a port.


def test_any_client_works_against_the_server() -> None:
    with served(SimulatedClaude([{"label": "good"}])) as url:
        answer = httpx2.post(f"{url}/v1/messages", json=ask(**TOOL), headers=HEADERS)
        assert answer.json()["content"][0]["input"] == {"label": "good"}
        assert answer.headers["anthropic-ratelimit-requests-limit"]
        batches = anthropic.Anthropic(base_url=url, api_key="any").messages.batches
        batch = batches.create(requests=[{"custom_id": "a", "params": ask()}])  # type: ignore[list-item]
        assert batch.processing_status == "in_progress"
        batch = batches.retrieve(batch.id)
        assert batch.results_url is not None
        assert batch.results_url.startswith(url)
        assert [entry.custom_id for entry in batches.results(batch.id)] == ["a"]


def test_the_server_takes_many_at_once() -> None:
    claude = SimulatedClaude()

    async def ask_all(url: str) -> list[Message]:
        async with anthropic.AsyncAnthropic(base_url=url, api_key="any") as client:
            return await asyncio.gather(*(client.messages.create(**ask(f"text {n}", **TOOL)) for n in range(40)))

    with served(claude.script(faults=["slow_first_byte:0.05"])) as url:
        messages = asyncio.run(ask_all(url))
    assert {message.stop_reason for message in messages} == {"tool_use"}
    assert len(claude.by_document) == 40


def test_a_schema_that_nothing_fits_is_told_of() -> None:
    form = {"tools": [{"name": "rate", "input_schema": {**SCHEMA, "minProperties": 2}}]}
    with pytest.raises(anthropic.BadRequestError, match="no value can be made of the schema"):
        SimulatedClaude().client().messages.create(**ask(**form))
