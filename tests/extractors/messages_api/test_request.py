"""The one reader of requests for messages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.extractors.messages_api.request import MessageRequest, RequestTurn, load_body, parse_request

ASKED = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hm."}]}
SCHEMA = {"type": "object"}
FORMAT = {"format": {"type": "json_schema", "schema": SCHEMA}}
TOOLS = [{"name": "first", "input_schema": {}}, {"name": "second", "input_schema": SCHEMA}]


def test_what_a_body_asks_for() -> None:
    assert parse_request(ASKED) == MessageRequest("m", 9, "", (RequestTurn("user", "Hm."),))
    system = [{"type": "text", "text": "Be"}, {"type": "text", "text": "brief.", "cache_control": {}}]
    more = parse_request({**ASKED, "system": system, "stream": True, "thinking": {"type": "adaptive"}})
    assert (more.system, more.stream, more.thinking) == ("Be\nbrief.", True, {"type": "adaptive"})


def test_a_count_of_tokens_has_no_room() -> None:
    assert parse_request({key: value for key, value in ASKED.items() if key != "max_tokens"}).max_tokens == 0


def test_calls_are_read_as_json_results_are_no_text_and_the_rest_is_named() -> None:
    content = [
        {"type": "text", "text": "Look:"},
        {"type": "tool_use", "id": "toolu_1", "name": "t", "input": {"é": 1}},
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": "Taken."},
        {"type": "image", "source": {}},
    ]
    (turn,) = parse_request({**ASKED, "messages": [{"role": "assistant", "content": content}]}).turns
    assert turn == RequestTurn("assistant", 'Look:\n{"é": 1}\n\n', ("image",))


@pytest.mark.parametrize(
    ("change", "form"),
    [
        ({}, (None, None)),
        ({"output_config": FORMAT}, (SCHEMA, None)),
        ({"output_config": {"effort": "low"}}, (None, None)),
        ({"tools": TOOLS}, ({}, "first")),
        ({"tools": TOOLS, "tool_choice": {"type": "tool", "name": "second"}}, (SCHEMA, "second")),
        ({"tools": TOOLS, "tool_choice": {"type": "none"}, "output_config": FORMAT}, (SCHEMA, None)),
        ({"tools": [{"type": "web_search", "name": "search"}]}, (None, "search")),
    ],
)
def test_the_form_of_the_answer(change: dict[str, Any], form: tuple[Any, str | None]) -> None:
    request = parse_request({**ASKED, **change})
    assert (request.schema, request.tool) == form


def test_where_the_schema_stands() -> None:
    assert parse_request({**ASKED, "tools": TOOLS}).schema_place == "tools.first.input_schema"
    assert parse_request({**ASKED, "output_config": FORMAT}).schema_place == "output_config.format.schema"


def test_a_reply_that_is_begun() -> None:
    begun = [*ASKED["messages"], {"role": "assistant", "content": '{"a":'}]  # type: ignore[misc]  # a list
    assert parse_request({**ASKED, "messages": begun}).prefill == '{"a":'
    assert parse_request(ASKED).prefill == ""


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"model": None}, "model:"),
        ({"max_tokens": True}, "max_tokens:"),
        ({"max_tokens": -1}, "max_tokens:"),
        ({"messages": []}, "messages:"),
        ({"messages": ["Hm."]}, "messages.0.role:"),
        ({"messages": [{"role": "tool", "content": ""}]}, "messages.0.role:"),
        ({"messages": [{"role": "user"}]}, "messages.0.content:"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages.0.content.0.text:"),
        ({"messages": [{"role": "user", "content": [{}]}]}, "messages.0.content.0.type:"),
        ({"system": [{"type": "image"}]}, "system:"),
        ({"tools": [{}]}, "tools.0.name:"),
        ({"tools": TOOLS, "tool_choice": {"type": "tool", "name": "third"}}, "tool_choice.name:"),
        ({"output_config": {"format": {"type": "text"}}}, "output_config.format:"),
    ],
)
def test_what_is_no_request_is_refused_where_it_is_wrong(change: dict[str, Any], place: str) -> None:
    with pytest.raises(ApiError, match=f"^{place}") as caught:
        parse_request({**ASKED, **change})
    assert caught.value.status == 400


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_no_other_json_is_a_request(value: Any) -> None:
    with pytest.raises(ApiError, match="an object is required"):
        parse_request(value)


def test_a_body_is_json() -> None:
    assert load_body(b"[1]") == [1]
    with pytest.raises(ApiError, match="not valid JSON"):
        load_body(b"\xff{")
