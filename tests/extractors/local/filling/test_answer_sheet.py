"""What is written of an object that was cut off."""

import pytest

from slotfill.extractors.local.filling.answer_sheet import CutError, _unfinished


@pytest.mark.parametrize(
    ("value", "cut", "text"),
    [
        ({}, CutError(("a",), ""), "{"),
        ({}, CutError(("a",), '["x'), '{"a": ["x'),
        ({"b": 1}, CutError(('"a"',), "2"), '{"b": 1, "\\"a\\"": 2'),
        ({"b": 1}, CutError(("a",), ""), '{"b": 1'),
        ({"b": 1}, CutError(("c", "a"), '"x'), '{"b": 1'),
    ],
)
def test_a_cut_answer_begins_like_json(value, cut, text):
    assert _unfinished(value, cut) == text
