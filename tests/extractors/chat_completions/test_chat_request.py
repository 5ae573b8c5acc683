"""Requests of the Messages API as those of the Chat Completions API."""

from __future__ import annotations

from typing import Any

import pytest
from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
    CompletionCreateParamsStreaming,
)
from pydantic import TypeAdapter

from slotfill.extractors.chat_completions.chat_dialect import Dialect
from slotfill.extractors.chat_completions.chat_request import chat_request
from slotfill.extractors.messages_api.api_error import ApiError

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
FORMAT = {"format": {"type": "json_schema", "schema": SCHEMA}}
SURE = {**SCHEMA, "properties": {"a": {"enum": ["x", "y"]}, "sure": {"type": "number", "x-confidence-of": "a"}}}
TOOL = {"name": "feedback", "description": "what it holds", "input_schema": SCHEMA}
USER = {"role": "user", "content": "the soup"}


def written(dialect: Dialect | None = None, **fields: Any) -> dict[str, Any]:
    body = {"model": "openai:qwen3", "max_tokens": 99, "messages": [USER], **fields}
    request = chat_request(body, "qwen3", dialect or Dialect())
    params = CompletionCreateParamsStreaming if request.get("stream") else CompletionCreateParamsNonStreaming
    TypeAdapter(params).validate_python(request)
    assert request.keys() <= params.__required_keys__ | params.__optional_keys__
    return request


def test_a_question_by_a_schema() -> None:
    system = [
        {"type": "text", "text": "Extract.", "cache_control": {"type": "ephemeral"}},
        {"type": "text", "text": "!"},
    ]
    request = written(system=system, output_config=FORMAT)
    assert request["messages"] == [{"role": "system", "content": "Extract.\n\n!"}, USER]
    assert request["max_tokens"] == 99
    form = request["response_format"]["json_schema"]
    assert form == {"name": "reply", "schema": SCHEMA, "strict": True}
    assert "logprobs" not in request
    assert "stream" not in request


def test_turns_quote_tools_as_they_do_there() -> None:
    call = {"type": "tool_use", "id": "toolu_0", "name": "feedback", "input": {"a": "ü"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_0", "content": "Taken."}
    again = {"role": "user", "content": [result, {"type": "text", "text": "mend a"}]}
    request = written(messages=[USER, {"role": "assistant", "content": [call]}, again], tools=[TOOL])
    assert request["messages"][1:] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "toolu_0", "type": "function", "function": {"name": "feedback", "arguments": '{"a": "ü"}'}}
            ],
        },
        {"role": "tool", "tool_call_id": "toolu_0", "content": "Taken."},
        {"role": "user", "content": "mend a"},
    ]


@pytest.mark.parametrize(
    ("choice", "tools", "expected"),
    [
        ({"type": "tool", "name": "feedback"}, [TOOL], "required"),
        (
            {"type": "tool", "name": "feedback"},
            [{**TOOL, "name": "b"}, TOOL],
            {"type": "function", "function": {"name": "feedback"}},
        ),
        ({"type": "any"}, [TOOL], "required"),
        ({"type": "auto"}, [TOOL], "auto"),
    ],
)
def test_the_tool_that_is_to_be_called(choice: Any, tools: Any, expected: Any) -> None:
    request = written(tools=tools, tool_choice=choice)
    assert request["tool_choice"] == expected
    assert request["tools"][-1]["function"] == {
        "name": "feedback",
        "description": "what it holds",
        "parameters": SCHEMA,
    }
    assert "tools" not in written(tools=tools, tool_choice={"type": "none"})


def test_a_stream_tells_what_it_took_unless_the_server_knows_no_such_thing() -> None:
    assert written(stream=True)["stream_options"] == {"include_usage": True}
    assert "stream_options" not in written(Dialect(counts_stream=False), stream=True)


def test_probabilities_are_asked_for_where_a_confidence_is_wanted() -> None:
    wanted = {"format": {"type": "json_schema", "schema": SURE}}
    assert written(output_config=wanted)["logprobs"] is True
    assert "logprobs" not in written(Dialect(logprobs=False), output_config=wanted)
    assert "logprobs" not in written(output_config=wanted, stream=True)


def test_an_effort_has_its_name_there() -> None:
    assert written(output_config={"effort": "low"})["reasoning_effort"] == "low"
    assert written(output_config={"effort": "max"})["reasoning_effort"] == "xhigh"


def test_a_dialect_names_the_room_and_leaves_out_strict() -> None:
    request = written(Dialect(room="max_completion_tokens", strict=False), output_config=FORMAT)
    assert request["max_completion_tokens"] == 99
    assert "max_tokens" not in request
    assert "strict" not in request["response_format"]["json_schema"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"messages": [{"role": "user", "content": [{"type": "document", "source": {}}]}]}, "'document'"),
        ({"messages": [{"role": "user", "content": [{"type": "image", "source": {}}]}]}, "messages.0.content.0"),
        ({"top_k": 3}, "top_k"),
        ({"thinking": {"type": "adaptive"}}, "thinking"),
    ],
)
def test_what_has_no_form_there_is_refused_by_name(fields: Any, words: str) -> None:
    with pytest.raises(ApiError, match=words) as refused:
        written(**fields)
    assert refused.value.status == 400


def test_thinking_that_is_off_is_not_told() -> None:
    assert "thinking" not in written(thinking={"type": "disabled"})
