"""What is done to an answer that the grammar let through, and to its parts."""

import json

import pytest

from slotfill.extractors.local.answer import _checked
from slotfill.extractors.local.by_field.fields import _copies, too_long
from slotfill.extractors.local.conversation import Shot
from slotfill.extractors.local.strategies import Field, Line
from slotfill.extractors.messages_api.api_error import ApiError

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


SOME = Line(verbatim=False, many=True, blank=[], shortest=1)


@pytest.mark.parametrize(
    ("value", "copies"),
    [
        ({"x": "cold soup"}, True),
        ({"x": "warm soup"}, False),
        ({"x": ["cold", "late"]}, True),
        ({"x": ["cold", "early"]}, False),
        ({"x": []}, True),
        ({"x": None}, True),
        ({}, True),
    ],
)
def test_examples_tell_whether_passages_are_copied(value, copies):
    assert _copies(Field(("x",), SOME), Shot("The cold soup came late.", value)) is copies


def test_a_document_that_is_too_long_is_the_senders_error():
    error = too_long(9000, 4096)
    assert error.status == 400
    assert "9000 tokens > 4096" in str(error)
