"""What is done to an answer that the grammar let through, and to its parts."""

import json

import pytest

from slotfill.extractors.local.answer import _checked
from slotfill.extractors.local.by_field.fields import _copies, too_long
from slotfill.extractors.local.by_field.filling import _CutError, _read_line, _unfinished
from slotfill.extractors.local.conversation import Shot
from slotfill.extractors.local.strategies import ABSENT, NOT_EMPTY, Field, Line
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


ONE = Line(verbatim=False, many=False, blank=None, shortest=1)
SOME = Line(verbatim=False, many=True, blank=[], shortest=1)
AT_LEAST_TWO = Line(verbatim=False, many=True, blank=NOT_EMPTY, shortest=1, fewest=2)


@pytest.mark.parametrize(
    ("line", "text", "cut", "value"),
    [
        (ONE, " A plain line.\n", False, "A plain line."),
        (ONE, " none\n", False, None),
        (Line(verbatim=False, many=False, blank=ABSENT), " none\n", False, ABSENT),
        (Line(verbatim=False, many=False, blank=NOT_EMPTY), " none\n", False, "none"),
        (ONE, " so good so good so good then", False, "so good then"),
        (ONE, " All is well. The sec", True, "All is well."),
        (ONE, " half a wo", True, "half a"),
        (ONE, " wo", True, "wo"),
        (SOME, " none\n", False, []),
        (SOME, " cold; no salt\n", False, ["cold", "no salt"]),
        (SOME, " cold; Cold.; the; late\n", False, ["cold", "late"]),
        (SOME, " cold; late; half a wo", True, ["cold", "late"]),
        (AT_LEAST_TWO, " cold; cold\n", False, ["cold", "cold"]),
        (AT_LEAST_TWO, " cold; half a wo", True, ["cold", "half a"]),
    ],
)
def test_a_line_is_read(line, text, cut, value):
    assert _read_line(line, text, verbatim=False, cut=cut) == value


def test_a_passage_stays_one():
    text = "ha ha ha - so good so good so good"
    assert _read_line(ONE, text, verbatim=True, cut=False) in text
    assert _read_line(ONE, "so good so good so good ?", verbatim=True, cut=False) == "so good ?"


def test_what_is_read_is_long_enough():
    line = Line(verbatim=False, many=False, blank=NOT_EMPTY, shortest=10)
    assert _read_line(line, "so good so good so good", verbatim=False, cut=False) == "so good so good so good"


@pytest.mark.parametrize(
    ("value", "cut", "text"),
    [
        ({}, _CutError(("a",), ""), "{"),
        ({}, _CutError(("a",), '["x'), '{"a": ["x'),
        ({"b": 1}, _CutError(('"a"',), "2"), '{"b": 1, "\\"a\\"": 2'),
        ({"b": 1}, _CutError(("a",), ""), '{"b": 1'),
        ({"b": 1}, _CutError(("c", "a"), '"x'), '{"b": 1'),
    ],
)
def test_a_cut_answer_begins_like_json(value, cut, text):
    assert _unfinished(value, cut) == text


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
