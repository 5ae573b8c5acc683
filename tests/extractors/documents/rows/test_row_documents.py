"""A row becomes a document: its text of one field or several, its name, and what is carried along."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.documents.rows.row_documents import row_document
from slotfill.extractors.documents.rows.row_fields import RowFields
from slotfill.extractors.record.failure_kinds import Failure, FailureKind

BROKEN = Failure(FailureKind.UNDECODABLE_DOCUMENT, "is no valid utf-8")


def document_of(row, text="text", id_field=None, keep=()):
    return row_document("rows.x", 7, row, RowFields(text, id_field, keep))


def test_several_fields_are_paragraphs_of_one_text_and_each_has_its_place():
    document = document_of({"title": "Broken", "body": "It broke.", "note": None}, "title,note, body")
    assert (document.text, document.source) == ("Broken\n\nIt broke.", "rows.x#7")
    assert document.id == hashlib.sha256(b"Broken\n\nIt broke.").hexdigest()
    assert document.places.place_of(0, 6) == {"field": "title"}
    assert document.places.place_of(11, 16) == {"field": "body"}
    assert document.places.place_of(6, 8) is None


def test_a_single_field_needs_no_place():
    assert not document_of({"review": {"body": "one"}}, "review.body").places
    assert document_of({"review": {"body": "one"}}, "review.body").text == "one"


@given(st.dictionaries(st.sampled_from("abc"), st.none() | st.text(st.characters(codec="utf-8"), max_size=5)))
def test_each_field_stands_where_its_place_says(row):
    document = document_of(row, "a,b,c")
    for stretch in document.places.stretches:
        assert document.text[stretch.start : stretch.end] == row[stretch.place["field"]]
    shown = [row[name] for name in "abc" if (row.get(name) or "").strip()]
    if not shown:
        assert document.failure.type == FailureKind.EMPTY_DOCUMENT
    elif document.failure is None:
        assert document.text == "\n\n".join(shown)
        assert len(document.places.stretches) == len(shown)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"a": "one", "b": 7}, "row 7 holds no string in 'b'"),
        ({"a": ["one"]}, "row 7 holds no string in 'a'"),
        ({"a": "one", "b": BROKEN}, "is no valid utf-8"),
        ({"a": " ", "b": ""}, "holds no text"),
        ({}, "holds no text"),
    ],
)
def test_a_text_of_several_fields_fails_whole(row, said):
    document = document_of(row, "a,b")
    assert (document.text, document.failure.message) == ("", said)


def test_columns_are_carried_along_and_are_no_part_of_the_text():
    row = {"text": "one", "nr": 17, "tags": ["a", {"b": None}], "x": {"y": 1.5}}
    document = document_of(row, keep=("nr", "tags", "x.y", "gone"))
    assert document.columns == {"nr": 17, "tags": ["a", {"b": None}], "x.y": 1.5, "gone": None}
    assert document.id == document_of(row).id


def test_columns_of_a_row_that_holds_no_text_are_carried_along():
    for row in ({"text": "", "nr": 17}, {"text": None, "nr": 17}, {"text": "a\0", "nr": 17}):
        document = document_of(row, keep=("nr",))
        assert document.failure
        assert document.columns == {"nr": 17}


def test_what_cannot_be_carried_along_fails():
    deep = 1
    for _ in range(300):
        deep = [deep]
    document = document_of({"text": "one", "deep": deep}, keep=("deep",))
    assert "row 7 holds in 'deep' what cannot be kept" in document.failure.message
    assert document_of({"text": "one", "nr": BROKEN}, keep=("nr",)).failure == BROKEN


@pytest.mark.parametrize("label", [None, "", BROKEN, "é", 7, False, {"a": 1}])
def test_a_row_is_named_by_its_id_or_else_by_its_number(label):
    document = document_of({"text": "one", "id": label}, id_field="id")
    names = {None: "7", "": "7", BROKEN: "7", "é": "é", 7: "7", False: "false"}
    assert document.source == "rows.x#" + ('{"a": 1}' if isinstance(label, dict) else names[label])
    assert document.failure == (BROKEN if label is BROKEN else None)
