"""Marks with a subject: what they name, and what is refused, the same for each keyword."""

import pytest

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.marks.subject_marks import SubjectMark

MARK = SubjectMark("x-shadow-of", "The shadow of `{of}`.", "to throw a shadow")


def schema(of):
    return {"properties": {"tree": {"type": "string"}, "shade": {"type": "string", "x-shadow-of": of}}}


def test_a_mark_names_another_property():
    MARK.check(schema("tree"), lambda *_: None)
    assert MARK.is_in(schema("tree"))
    assert not MARK.is_in({"properties": {"tree": {"default": {"x-shadow-of": "tree"}}}})


@pytest.mark.parametrize("of", ["shade", "house", ["tree"], None])
def test_one_that_names_nothing_else_is_refused(of):
    with pytest.raises(
        SchemaError, match=r"^/properties/shade: x-shadow-of: .* is no property to throw a shadow: name"
    ):
        MARK.check(schema(of), lambda *_: None)


def test_what_else_is_wrong_is_told_at_its_place():
    with pytest.raises(SchemaError, match=r"^/properties/shade: x-shadow-of: is too dark$"):
        MARK.check(schema("tree"), lambda *_: "is too dark")


def test_keys_stand_for_names_in_the_mark_and_in_its_own_description():
    keyed = {
        "properties": {
            "theTree": {},
            "a": {"x-shadow-of": "tree", "description": MARK.describe("tree")},
            "b": {"x-shadow-of": "tree", "description": "Dark `tree`."},
        }
    }
    MARK.name_keys(keyed, {"properties": {"tree": {}, "a": {}, "b": {}}})
    assert keyed["properties"]["a"] == {"x-shadow-of": "theTree", "description": "The shadow of `theTree`."}
    assert keyed["properties"]["b"] == {"x-shadow-of": "theTree", "description": "Dark `tree`."}
