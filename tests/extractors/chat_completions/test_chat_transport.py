"""A server of the Chat Completions API, asked by the whole of slotfill: what it gets, and what comes of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import openai
import pytest
from chat_completions import (
    Asked,
    Reply,
    ScriptedServer,
    chunks,
    completion,
    error,
    serving,
    streamed,
    token,
    tool_call,
)
from pydantic import BaseModel

from slotfill import Extractor
from slotfill.extractors.cassettes.cassette import Cassette
from slotfill.extractors.clients.connections import synchronous_client
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.settings import Settings

KEY = "sk-not-to-be-seen-1234"
ANN = '{"name": "Ann", "age": 3}'
TEXT = "Ann is 3."
USAGE = {"prompt_tokens": 90, "completion_tokens": 9, "total_tokens": 99}
MOOD = {
    "type": "object",
    "properties": {"mood": {"enum": ["good", "bad"]}, "sure": {"type": "number", "x-confidence-of": "mood"}},
    "required": ["mood", "sure"],
}


class Bill(BaseModel):
    amount: Decimal


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-of-another-service")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "token-of-another-service")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def extractor(server: ScriptedServer, schema: Any = "name, age int", **options: Any) -> Extractor[Any]:
    return Extractor(schema, model=f"openai:qwen3@{server.url}", **options)


def sync(one: Extractor[Any]) -> Callable[[str], Any]:
    async def extract(text: str) -> Extraction[Any]:
        with one:
            return one.extract(text)

    return extract


def asynchronous(one: Extractor[Any]) -> Callable[[str], Any]:
    async def extract(text: str) -> Extraction[Any]:
        async with one:
            return await one.aextract(text)

    return extract


def streaming(one: Extractor[Any]) -> Callable[[str], Any]:
    async def extract(text: str) -> Extraction[Any]:
        async with one:
            *_, last = [event async for event in one.astream(text)]
        assert isinstance(last, Extraction)
        return last

    return extract


def stream_or_whole(asked: Asked) -> Any:
    if asked.body.get("stream"):
        return streamed(chunks({"content": ANN[:9]}, {"content": ANN[9:]}, usage=USAGE))
    return completion(ANN, usage=USAGE)


@pytest.mark.parametrize("way", [sync, asynchronous, streaming])
async def test_a_document_by_each_driver(way: Any) -> None:
    with serving(stream_or_whole) as server:
        extraction = await way(extractor(server))(TEXT)
    assert extraction.outcome == "valid"
    assert extraction.value == {"name": "Ann", "age": 3}
    assert (extraction.usage.input_tokens, extraction.usage.output_tokens) == (90, 9)
    assert extraction.cost_usd is None
    (asked,) = server.asked
    assert asked.path == "/v1/chat/completions"
    assert asked.body["model"] == "qwen3"
    assert asked.body["response_format"]["json_schema"]["strict"] is True
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert "another-service" not in str(asked.headers)


def test_the_simulated_server_is_what_openai_s_own_client_takes() -> None:
    with serving(stream_or_whole) as server, openai.OpenAI(base_url=server.url, api_key="k") as client:
        messages: Any = [{"role": "user", "content": TEXT}]
        whole = client.chat.completions.create(model="qwen3", messages=messages)
        assert whole.choices[0].message.content == ANN
        *pieces, _ = client.chat.completions.create(model="qwen3", messages=messages, stream=True)
        assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == ANN


def test_what_failed_is_asked_for_again() -> None:
    with serving([completion('{"name": "Ann", "age": "three"}'), completion('{"age": 3}')]) as server:
        extraction = extractor(server).extract(TEXT)
    assert extraction.outcome == "patched"
    patch = server.asked[1].body
    assert [message["role"] for message in patch["messages"]][-2:] == ["assistant", "user"]
    assert patch["response_format"]["json_schema"]["schema"]["required"] == ["age"]


def test_a_server_without_structured_output_is_asked_to_call_a_tool_then_for_text() -> None:
    script = [
        error(400, "This response_format type is unavailable now"),
        error(400, "qwen3 does not support tools"),
        completion(f"Sure! ```json\n{ANN}\n```"),
    ]
    with serving(script) as server:
        extraction = extractor(server).extract(TEXT)
    assert extraction.value == {"name": "Ann", "age": 3}
    modes = dict.fromkeys(attempt.mode for attempt in extraction.attempts)
    assert [*modes] == ["structured", "tool", "text"]
    assert server.asked[1].body["tool_choice"] == "required"
    assert "response_format" not in server.asked[2].body


def test_a_tool_s_arguments_are_read_as_they_were_written() -> None:
    called = completion(
        None, finish_reason="tool_calls", tool_calls=[tool_call('{"amount": 12345678901234567890.5}', "bill")]
    )
    with serving([error(400, "no json_schema here"), called]) as server:
        extraction = extractor(server, Bill).extract("It costs 12345678901234567890.5 yen.")
    assert str(extraction.value.amount) == "12345678901234567890.5"


@pytest.mark.parametrize(
    ("refusal", "left_out", "sent"),
    [
        (
            "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
            "max_tokens",
            "max_completion_tokens",
        ),
        ("'logprobs' is not supported with this model", "logprobs", "max_tokens"),
    ],
)
def test_what_a_server_can_do_without_is_left_out_once_and_for_all(refusal: str, left_out: str, sent: str) -> None:
    def answer(asked: Asked) -> Any:
        return error(400, refusal) if left_out in asked.body else completion('{"mood": "bad", "sure": 0.8}')

    with serving(answer) as server, extractor(server, MOOD) as one:
        for number in range(2):
            extraction = one.extract(f"The soup was cold {number}.")
            assert extraction.outcome == "valid"
            assert extraction.confidence == {"/sure": "stated"}
    assert [left_out in asked.body for asked in server.asked] == [True, False, False]
    assert sent in server.asked[-1].body


def test_a_confidence_is_computed_where_the_server_tells_probabilities() -> None:
    tokens = [token('{"mood": "', 1), token("bad", 0.3, good=0.1, odd=0.5), token('", "sure": 0.8}', 1)]
    said = completion('{"mood": "bad", "sure": 0.8}', logprobs={"content": tokens, "refusal": None})
    with serving([said]) as server, extractor(server, MOOD) as one:
        extraction = one.extract("The soup was cold.")
    assert server.asked[0].body["top_logprobs"] == 5
    assert extraction.value == {"mood": "bad", "sure": 0.75}
    assert extraction.confidence == {"/sure": "scored"}


def test_a_refusal_is_one() -> None:
    with serving([completion(None, refusal="I cannot.")]) as server:
        extraction = extractor(server).extract(TEXT)
    assert extraction.outcome == "refused"
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("reply", "kind", "requests"),
    [
        (error(401, f"Incorrect API key provided: {KEY}", code="invalid_api_key"), "authentication", 1),
        (error(404, "no such model", code="model_not_found"), "not_found", 1),
        (error(400, "maximum context length is 9", code="context_length_exceeded"), "too_long", 1),
        (error(429, "quota", code="insufficient_quota", headers={"retry-after": "0"}), "billing", 1),
        (error(503, "Loading model", headers={"retry-after-ms": "1"}), "overloaded", 3),
        (error(429, "slow down", headers={"retry-after-ms": "1"}), "rate_limit", 3),
        (Reply(b"<html>bad gateway", 502, {"content-type": "text/html", "retry-after-ms": "1"}), "server", 3),
        (Reply(b"", 307, {"location": "http://elsewhere.example/v1"}), "redirect", 1),
        (Reply({"error": {"message": "upstream", "code": 400}}), "bad_request", 1),
    ],
)
def test_errors_are_the_failures_that_they_are(reply: Reply, kind: str, requests: int) -> None:
    with serving([reply]) as server:
        extraction = extractor(server).extract(TEXT)
    assert extraction.error
    assert extraction.error.type == kind
    assert len(server.asked) == requests
    assert KEY not in str(extraction.to_json())
    if kind == "redirect":
        assert "http://elsewhere.example" in extraction.error.message
        assert "ANTHROPIC" not in extraction.error.message


@pytest.mark.parametrize("body", [b"{}", b'{"choices": [', b"null", b"\xff"])
def test_a_reply_that_is_no_completion_is_unreadable(body: bytes) -> None:
    with serving([Reply(body)]) as server:
        extraction = extractor(server, retries=0).extract(TEXT)
    assert extraction.error
    assert extraction.error.type == "unreadable_reply"


@pytest.mark.parametrize(
    "reply",
    [
        streamed(chunks({"content": ANN[:20]}, finish_reason=None), done=False),
        Reply(
            streamed(chunks({"content": ANN[:20]}, finish_reason=None), done=False).body + b"data: {",
            headers={"content-type": "text/event-stream"},
        ),
    ],
)
async def test_a_stream_that_breaks_off_keeps_what_has_come(reply: Reply) -> None:
    with serving([reply]) as server:
        extraction = await streaming(extractor(server, retries=0))(TEXT)
    assert extraction.outcome in ("partial", "failed")
    assert "Ann" in str(extraction.invalid)


async def test_a_server_that_heeds_no_stream_is_read_as_a_whole() -> None:
    with serving([completion(ANN)]) as server:
        assert (await streaming(extractor(server))(TEXT)).outcome == "valid"


def test_a_tape_holds_no_key_and_needs_no_server(tmp_path: Path) -> None:
    tape = tmp_path / "tape.jsonl"
    said = completion(json.dumps({"name": f"Ann {KEY}", "age": 3}))
    with serving([said]) as server, extractor(server, cassette=Cassette(tape)) as one:
        first = one.extract(TEXT)
        model = one.models[0]
    assert KEY not in tape.read_text()
    with Extractor("name, age int", model=model, cassette=Cassette(tape)) as one:
        again = one.extract(TEXT)
    assert len(server.asked) == 1
    assert first.value == again.value == {"name": "Ann [credential]", "age": 3}


def test_a_page_that_says_the_key_again_is_on_the_tape_without_it(tmp_path: Path) -> None:
    tape = tmp_path / "tape.jsonl"
    page = Reply(f"<html>{KEY}".encode(), 418, {"content-type": "text/html"})
    with serving([page]) as server, extractor(server, cassette=Cassette(tape)) as one:
        one.extract(TEXT)
    assert "[credential]" in tape.read_text()
    assert KEY not in tape.read_text()


def test_models_are_listed_and_looked_up() -> None:
    with (
        serving([completion(ANN)]) as server,
        synchronous_client(f"openai:qwen3@{server.url}", Settings()) as client,
    ):
        assert [model.id for model in client.models.list()] == ["qwen3"]
        assert client.models.retrieve("any").id == "qwen3"
        server.models = ["phi", "gemma"]
        with pytest.raises(Exception, match="lists no model 'qwen3'; it has phi, gemma"):
            client.models.retrieve("any")
        with pytest.raises(Exception, match="have no POST /v1/messages/count_tokens"):
            client.messages.count_tokens(model="m", messages=[{"role": "user", "content": "x"}])
