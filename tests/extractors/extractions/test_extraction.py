"""Documents made of texts: their ids, and what no document can be made of."""

import hashlib
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.extractors.documents.document import Document
from slotfill.extractors.record.failure_kinds import EMPTY
from slotfill.extractors.record.parts import Edit
from slotfill.schemas.json_values.exact_json import loads

ANY = st.text(st.characters() | st.characters(categories=["Cs"]))


@given(ANY)
@example("\ud800")
@example("a \udcff b")
@example("\u3000")
def test_a_text_is_kept_under_its_hash_or_fails_under_it(text):
    document = Document.of(text, "a.txt")
    assert (document.id, document.source) == (
        hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        "a.txt",
    )
    assert (document.text, document.failure is None) in ((text, True), ("", False))


@pytest.mark.parametrize("text", ["", " \n\t", "\u3000\x85"])
def test_white_space_is_no_text(text):
    assert Document.of(text).failure == EMPTY


@pytest.mark.parametrize(
    ("text", "place"), [("\ud800", 0), ("ab \udc80\ud800", 3), ("größer \ud83d!", 7), (" \udfff", 1)]
)
def test_half_a_surrogate_pair_is_no_text(text, place):
    failure = Document.of(text).failure
    assert failure.type == "undecodable_document"
    assert f"half a surrogate pair at character {place}:" in failure.message


@pytest.mark.parametrize("text", ["plain", " größer € 😀 \n"])
def test_any_other_text_is_kept_as_it_is(text):
    assert (Document.of(text).text, Document.of(text).failure) == (text, None)


def test_an_edit_tells_a_number_as_the_model_wrote_it():
    edit = Edit("/n", "number", [loads("9007199254740993.0")], 9007199254740993, "none")
    assert json.loads(json.dumps(edit.to_json()))["before"] == ["9007199254740993.0"]
