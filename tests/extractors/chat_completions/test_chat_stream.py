"""Streamed chat completions as streams of messages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from chat_completions import chunks, streamed
from openai.types.chat import ChatCompletionChunk

from slotfill.extractors.chat_completions.chat_stream import ChatStream
from slotfill.extractors.http.redaction import Redaction

USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}


def events(body: bytes, size: int = 7) -> list[dict[str, Any]]:
    stream = ChatStream("openai:qwen3", Redaction(("sk-secret-key",), words=True))
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    written = b"".join([event for piece in pieces for event in stream.take(piece)] + [*stream.end()])
    read = [part.split(b"\n") for part in written.split(b"\n\n") if part]
    assert all(name == b"event: " + json.loads(data[6:])["type"].encode() for name, data in read)
    return [json.loads(data[6:]) for _, data in read]


def body_of(*deltas: Any, done: bool = True, **options: Any) -> bytes:
    sequence = chunks(*deltas, **options)
    for chunk in sequence:
        ChatCompletionChunk.model_validate(chunk)
    return streamed(sequence, done=done).body


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_a_text_in_pieces(size: int, ends: bytes) -> None:
    body = body_of({"content": '{"a": '}, {"content": "1}"}, usage=USAGE)
    read = events(b": a comment\n\n" + body.replace(b"\n", ends), size)
    assert [event["type"] for event in read] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert [event["delta"]["text"] for event in read[2:4]] == ['{"a": ', "1}"]
    assert read[-2]["delta"]["stop_reason"] == "end_turn"
    assert read[-2]["usage"]["input_tokens"] == 100
    assert read[-2]["usage"]["output_tokens"] == 20


def test_a_thought_then_a_call_in_pieces() -> None:
    first = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "feedback", "arguments": '{"a"'}}
    rest = {"index": 0, "function": {"arguments": ": 1}"}}
    body = body_of(
        {"reasoning_content": "hm"}, {"tool_calls": [first]}, {"tool_calls": [rest]}, finish_reason="tool_calls"
    )
    read = events(body)
    blocks = [event["content_block"] for event in read if event["type"] == "content_block_start"]
    assert [block["type"] for block in blocks] == ["thinking", "tool_use"]
    assert blocks[1] == {"type": "tool_use", "id": "call_1", "name": "feedback", "input": {}}
    inputs = [event["delta"].get("partial_json") for event in read if event["type"] == "content_block_delta"]
    assert inputs == [None, '{"a"', ": 1}"]
    assert [event["index"] for event in read if event["type"] == "content_block_stop"] == [0, 1]
    assert read[-2]["delta"]["stop_reason"] == "tool_use"


def test_one_that_breaks_off_has_no_end() -> None:
    read = events(body_of({"content": '{"a": '}, finish_reason=None, done=False))
    assert read[-1]["type"] == "content_block_delta"


def test_one_that_has_ended_need_not_say_done() -> None:
    read = events(body_of({"content": "{}"}, finish_reason="length", done=False))
    assert read[-1]["type"] == "message_stop"
    assert read[-2]["delta"]["stop_reason"] == "max_tokens"


def test_what_is_not_counted_stays_unknown() -> None:
    assert events(body_of({"content": "{}"}))[-2]["usage"]["output_tokens"] is None


def test_a_refusal_says_why() -> None:
    read = events(body_of({"refusal": "I can"}, {"refusal": "not."}))
    assert read[-2]["delta"]["stop_details"]["explanation"] == "I cannot."


def test_an_error_among_the_chunks_ends_it() -> None:
    body = (
        body_of({"content": "{"}, done=False)
        + b'data: {"error": {"message": "sk-secret-key is over", "code": 502}}\n\n'
    )
    read = events(body)
    assert read[-1] == {"type": "error", "error": {"type": "api_error", "message": "[credential] is over"}}


def test_a_chunk_that_is_no_object_is_unreadable() -> None:
    with pytest.raises(ValueError, match="no object"):
        events(b"data: [1]\n\n")
