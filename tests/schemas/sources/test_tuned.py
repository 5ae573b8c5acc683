"""Tuned files: what was chosen for a schema, written and read again, whoever wrote it."""

import json
from dataclasses import replace
from typing import ClassVar, Literal

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.example import Example
from slotfill.schemas.parameters import Parameters
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources import tuned
from slotfill.schemas.sources.tuned import Tuned


class Ticket(BaseModel):
    """Sort a ticket."""

    examples: ClassVar[tuple[Example, ...]] = (Example("Where is my parcel?", {"topic": "shipping"}),)

    class Options(Parameters):
        tone: str = "warm"

    topic: Literal["billing", "shipping"]


class Late(BaseModel):
    due: int = Field(ge=0)


SCHEMA = Schema(Ticket, parameters={"tone": "cold"})
SHOWN = (Example("I was charged twice.", {"topic": "billing"}),)
TUNED = Tuned("ticket", SCHEMA.id, "local", better=True, instructions="Sort it.", examples=SHOWN, calibration=SHOWN * 2)

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(texts, parts, max_size=3),
    max_leaves=5,
)
shown = st.lists(st.builds(Example, texts, values), max_size=3).map(tuple)


def refusal(path):
    with pytest.raises(SchemaError) as caught:
        Tuned.read(path)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert len(message) < 500
    return message


@examples(50)
@given(
    st.builds(
        Tuned,
        texts,
        texts,
        texts,
        st.booleans(),
        texts,
        shown,
        shown,
        st.dictionaries(texts, values, max_size=3),
    )
)
def test_what_is_written_is_read_again(tmp_path_factory, written):
    path = tmp_path_factory.mktemp("tuned") / "tuned.json"
    path.write_bytes(written.write())
    assert Tuned.read(path) == written


def test_it_replaces_instructions_and_examples_and_nothing_else():
    schema = TUNED.apply(SCHEMA)
    assert (schema.instructions, schema.examples, schema.calibration) == ("Sort it.", SHOWN, SHOWN * 2)
    assert (schema.name, schema.parameters, schema.json_schema) == (SCHEMA.name, SCHEMA.parameters, SCHEMA.json_schema)
    assert schema.id != SCHEMA.id


def test_where_nothing_better_was_found_the_schema_stays_the_same():
    assert replace(TUNED, better=False).apply(SCHEMA) is SCHEMA


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (Schema(Late), "what is tuned is schema 'ticket', and this is 'late'"),
        (Schema(Ticket), "of another version"),
        (Schema(Ticket, parameters={"tone": "cold"}, instructions="Otherwise."), "Tune it anew with `slotfill tune`"),
    ],
)
def test_another_schema_is_refused_with_what_to_do(schema, message):
    with pytest.raises(SchemaError, match="slotfill tune") as caught:
        TUNED.apply(schema)
    assert message in str(caught.value)


def test_an_example_that_does_not_validate_is_refused():
    with pytest.raises(SchemaError, match="example 1 of schema 'ticket' does not validate"):
        replace(TUNED, examples=(Example("x", {"topic": "weather"}),)).apply(SCHEMA)


GOOD = TUNED.to_json()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no tuned file"),
        (b"{", "no tuned file"),
        (b"[1]", "an object"),
        (b"\xff{}", "not UTF-8"),
        (b"[" * 100_000, "nested more than"),
        (json.dumps(GOOD | {"report": {"score": float("nan")}}).encode(), "NaN is no JSON"),
        (json.dumps(GOOD | {"slotfill_tuned": 2}).encode(), "a newer slotfill"),
        (json.dumps(GOOD | {"slotfill_tuned": True}).encode(), "/slotfill_tuned"),
        (json.dumps(GOOD | {"code": "import os"}).encode(), "/code"),
        (json.dumps(GOOD | {"better": "yes"}).encode(), "/better"),
        (json.dumps(GOOD | {"instructions": None}).encode(), "/instructions"),
        (json.dumps(GOOD | {"examples": [{"text": 1, "value": 2}]}).encode(), "/examples/0/text"),
        (json.dumps(GOOD | {"examples": {"text": "a", "value": 2}}).encode(), "/examples"),
        (b'{"better": true, "better": false}', "stands twice"),
        (b'{"report": "\\ud800"}', "no tuned file"),
    ],
    ids=str,
)
def test_a_file_of_another_form_is_refused_in_one_line(tmp_path, data, message):
    path = tmp_path / "tuned.json"
    path.write_bytes(data)
    assert message in refusal(path)


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "tuned.json"
    path.write_bytes(TUNED.write())
    monkeypatch.setattr(tuned, "MOST_BYTES", len(TUNED.write()) - 1)
    assert "no tuned file is so large" in refusal(path)
    monkeypatch.setattr(tuned, "MOST_BYTES", len(TUNED.write()))
    assert Tuned.read(path) == TUNED


def test_a_file_that_is_not_there_or_no_file_is_an_error(tmp_path):
    assert "`slotfill tune` writes one" in refusal(tmp_path / "tuned.json")
    assert "cannot be read" in refusal(tmp_path)
