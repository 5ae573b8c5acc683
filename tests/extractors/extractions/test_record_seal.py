"""A seal finds the value in a record that is as it was written, and in no other."""

import json
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from slotfill.extractors.documents.document import Document
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.extractions.record_seal import RecordSeal
from slotfill.extractors.record.parts import Outcome
from slotfill.schemas.json_values.exact_json import loads

DOCUMENT = Document.of("It came late.", 'a.jsonl#"value":1,"invalid":')
KEY, SCHEMA = bytes.fromhex(DOCUMENT.id), "5" * 64
VALID = Extraction(DOCUMENT, "s", SCHEMA, "m", Outcome.VALID, has_value=True, data={"a": 1}, reply={"a": 1})

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(TEXTS, parts, max_size=3),
    max_leaves=8,
)


def sealed(extraction):
    record = extraction.to_json()
    try:
        text = to_json(record).decode()
    except ValueError:
        text = json.dumps(record)
    return text, RecordSeal.of(record, text, KEY)


def of_value(value):
    return sealed(replace(VALID, data=value, reply=value))


@given(VALUES, TEXTS)
def test_the_value_is_found_whatever_stands_beside_it(value, beside):
    columns = {"invalid": beside, "value": {"value": beside}}
    document = replace(DOCUMENT, source=beside, columns=columns)
    text, seal = sealed(replace(VALID, document=document, data=value, reply=value))
    assert json.loads(seal.value_in(text, KEY, SCHEMA, "valid")) == value
    assert seal.value_in(text, KEY, SCHEMA, "valid") == to_json(value).decode()


@given(st.randoms(use_true_random=False))
def test_a_record_that_has_changed_in_any_character_gives_none(chance: random.Random):
    text, seal = of_value({"a": "It came late.", "b": [1, 2.5]})
    place = chance.randrange(len(text))
    other = chance.choice([one for one in '"{}aé1 ' if one != text[place]])
    assert seal.value_in(text[:place] + other + text[place + 1 :], KEY, SCHEMA, "valid") is None


@pytest.mark.parametrize(
    "what", [(bytes(32), SCHEMA, "valid"), (KEY, "6" * 64, "valid"), (KEY, SCHEMA, "mended")], ids=repr
)
def test_so_does_one_of_another_document_schema_or_outcome(what):
    text, seal = of_value({"a": 1})
    assert seal.value_in(text, *what) is None


@pytest.mark.parametrize(
    "others",
    [
        {"outcome": Outcome.PARTIAL},
        {"outcome": Outcome.FAILED, "has_value": False},
        {"reply": {"b": 1}},  # what the model reads is not what it writes
        {"data": (long := loads("[0.12345678901234567890]")), "reply": long},
        {"data": "\ud800", "reply": "\ud800"},
    ],
    ids=repr,
)
def test_a_value_that_is_not_read_as_it_stands_there_is_not_sealed(others):
    assert sealed(replace(VALID, **others))[1] == RecordSeal()


@pytest.mark.parametrize("text", [None, 3, b"{}", "", "\udcff"], ids=repr)
def test_what_is_no_record_gives_none(text):
    assert of_value({"a": 1})[1].value_in(text, KEY, SCHEMA, "valid") is None
    assert RecordSeal().value_in(text, KEY, SCHEMA, "valid") is None


@pytest.mark.parametrize("place", ["x", b"x", 1.5], ids=repr)
def test_nor_does_a_place_that_is_no_number(place):
    text, seal = of_value({"a": 1})
    assert seal._replace(start=place).value_in(text, KEY, SCHEMA, "valid") is None
    assert seal._replace(checksum=place).value_in(text, KEY, SCHEMA, "valid") is None
