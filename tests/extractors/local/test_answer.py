"""What is done to an answer that the grammar let through."""

import json

import pytest

from slotfill.extractors.local.answer import _checked
from slotfill.extractors.local.messages import ApiError

TAGS = {"type": "object", "properties": {"tags": {"type": "array", "items": {"type": "string"}}}}


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ([], []),
        (["a", "a"], ["a", "a"]),
        (["b", "a", "a", "a"], ["b", "a"]),
        (["a", "b", "a", "b"], ["a", "b", "a", "b"]),
        (["a"] * 16, ["a"]),
    ],
)
def test_a_list_that_loops_is_cut(said, kept):
    assert json.loads(_checked(json.dumps({"tags": said}), TAGS)) == {"tags": kept}


def test_a_list_that_must_be_long_is_left():
    schema = {"type": "array", "minItems": 3}
    assert json.loads(_checked('["a", "a", "a"]', schema)) == ["a", "a", "a"]


def test_entries_that_must_differ_do():
    assert json.loads(_checked('["a", "b", "a"]', {"type": "array", "uniqueItems": True})) == ["a", "b"]


@pytest.mark.parametrize("text", ['{"tags": 1}', '{"tags": ['])
def test_what_does_not_fit_is_an_error(text):
    with pytest.raises(ApiError, match="does not fit the schema"):
        _checked(text, TAGS)
