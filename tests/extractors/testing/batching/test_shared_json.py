"""JSON of which equal parts are held once: it says the same, and takes less room."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.extractors.testing.batching.shared_json import load_shared

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.sampled_from([0.0, 1.0, -0.5])
    | st.sampled_from(["", "1", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=30,
)


@given(VALUES)
@example([{"a": 1}, {"a": True}, {"a": 1.0}, {"a": "1"}, {"a": [1]}, {"a": {"a": 1}}])
@example([{"a": {"b": 1}}, {"a": {"b": 2}}])
@example([{"a": 1, "b": 2}, {"b": 2, "a": 1}])
def test_it_says_what_was_sent(value: Any) -> None:
    read = load_shared(json.dumps(value).encode())
    assert json.dumps(read) == json.dumps(value)


def test_equal_objects_are_one_whatever_they_hold() -> None:
    part = {"role": "user", "content": [{"type": "text", "text": "Hello.", "cache_control": {"type": "ephemeral"}}]}
    first, second, other = load_shared(json.dumps([part, part, {**part, "role": "assistant"}]).encode())
    assert first is second
    assert other is not first
    assert other["content"][0] is first["content"][0]


def test_what_is_no_json_is_refused_as_by_the_service() -> None:
    with pytest.raises(ApiError, match="not valid JSON") as raised:
        load_shared(b'{"requests": [')
    assert raised.value.status == 400
