"""Chat completions as messages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from anthropic.types import Message
from chat_completions import completion, tool_call
from hypothesis import example, given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion

from slotfill.extractors.chat_completions.chat_reply import message_body


def message(said: dict[str, Any]) -> Message:
    ChatCompletion.model_validate(said)  # the simulated reply is one of the API's
    body = message_body(said, "openai:qwen3", None)
    assert body is not None
    return Message.model_validate(json.loads(body), strict=True)


@pytest.mark.parametrize(
    ("finish_reason", "stop_reason"),
    [("stop", "end_turn"), ("length", "max_tokens"), ("tool_calls", "tool_use"), ("content_filter", "refusal")],
)
def test_why_it_ended(finish_reason: str, stop_reason: str) -> None:
    assert message(completion("{}", finish_reason=finish_reason)).stop_reason == stop_reason


def test_a_text_and_what_it_took() -> None:
    details = {"prompt_tokens_details": {"cached_tokens": 64}, "completion_tokens_details": {"reasoning_tokens": 7}}
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120, **details}
    read = message(completion('{"a": 1}', usage=usage))
    assert [block.to_dict() for block in read.content] == [{"type": "text", "text": '{"a": 1}'}]
    assert read.model == "openai:qwen3"
    assert (read.usage.input_tokens, read.usage.cache_read_input_tokens, read.usage.output_tokens) == (36, 64, 20)
    assert read.usage.output_tokens_details
    assert read.usage.output_tokens_details.thinking_tokens == 7


def test_what_is_not_counted_is_unknown() -> None:
    body = json.loads(message_body(completion("{}", usage=None), "m", None) or b"")
    assert body["usage"]["input_tokens"] is None
    assert body["usage"]["output_tokens"] is None


def test_a_tool_call_keeps_its_digits() -> None:
    said = completion(
        None, finish_reason="tool_calls", tool_calls=[tool_call('{"price": 1.10, "id": 12345678901234567890.5}')]
    )
    body = message_body(said, "m", None) or b""
    assert b'"input": {"price": 1.10, "id": 12345678901234567890.5}' in body
    (block,) = message(said).content
    assert (block.type, block.name) == ("tool_use", "feedback")


def test_no_text_of_the_model_takes_the_place_of_an_input() -> None:
    said = completion("slotfill-input-0", finish_reason="tool_calls", tool_calls=[tool_call('{"a": 1}')])
    text, call = message(said).content
    assert (text.text, call.input) == ("slotfill-input-0", {"a": 1})  # type: ignore[union-attr]


@pytest.mark.parametrize("arguments", ['{"a": 1', "[1]", "Sure!"])
def test_arguments_that_are_no_object_are_a_text(arguments: str) -> None:
    read = message(completion(None, finish_reason="tool_calls", tool_calls=[tool_call(arguments)]))
    assert [block.to_dict() for block in read.content] == [{"type": "text", "text": arguments}]
    assert read.stop_reason == "end_turn"


def test_a_refusal_says_why() -> None:
    read = message(completion(None, refusal="I cannot help with that."))
    assert read.stop_reason == "refusal"
    assert read.stop_details
    assert read.stop_details.explanation == "I cannot help with that."


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_a_thought_is_no_text(name: str) -> None:
    read = message(completion("{}", **{name: "hm"}))
    assert [block.type for block in read.content] == ["thinking", "text"]


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=4)
NAMES = st.sampled_from(
    ["content", "tool_calls", "function", "name", "arguments", "refusal", "reasoning", "id", "text"]
)
ANYTHING = st.recursive(
    SCALARS, lambda part: st.lists(part, max_size=3) | st.dictionaries(NAMES, part, max_size=4), max_leaves=12
)


@example(message={"content": "x"}, finish_reason=[], usage=None, logprobs=None, own=None)
@given(message=ANYTHING, finish_reason=ANYTHING, usage=ANYTHING, logprobs=ANYTHING, own=ANYTHING)
def test_whatever_a_server_calls_a_completion_is_a_message_or_none(
    message: Any, finish_reason: Any, usage: Any, logprobs: Any, own: Any
) -> None:
    choice = {"message": message, "finish_reason": finish_reason, "logprobs": logprobs}
    schema = {"type": "object", "properties": {"a": {"x-confidence-of": "b"}, "b": {}}}
    body = message_body({"id": own, "choices": [choice], "usage": usage}, "m", schema)
    assert body is None or json.loads(body)["type"] == "message"


@pytest.mark.parametrize("said", [None, [], "ok", {"choices": []}, {"choices": [{"text": "legacy"}]}])
def test_what_is_no_completion_is_none(said: Any) -> None:
    assert message_body(said, "m", None) is None
