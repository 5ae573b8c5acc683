"""Evidence: the mark, what it may stand on, and what is read of it in a value."""

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic.alias_generators import to_camel

from slotfill.schemas import Evidence, InvalidError, Verbatim, resolve
from slotfill.schemas.errors import SchemaError
from slotfill.schemas.marks.evidence import EVIDENCE_KEYWORD
from slotfill.schemas.schema import Schema

PASSAGES = {"type": "array", "items": {"type": "string", "format": "verbatim"}}


class Ticket(BaseModel):
    urgency: int
    why: Evidence["urgency"]  # noqa: F821 - the name of a field, not of a type


class Tickets(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    all_tickets: list[Ticket]
    how_urgent: Literal["low", "high"] | None
    whys: Annotated[list[Verbatim], Evidence("how_urgent")] | None = None


@pytest.mark.parametrize("kind", [Evidence["urgency"], Annotated[list[Verbatim], Evidence("urgency")]])
def test_both_spellings_are_a_marked_list_of_passages(kind):
    schema = TypeAdapter(kind).json_schema()
    assert schema.pop("description").startswith("Passages of the document, word for word, on which `urgency` rests")
    assert schema == {**PASSAGES, EVIDENCE_KEYWORD: "urgency"}


def test_its_passages_are_checked_as_verbatim_strings():
    schema = Schema(Ticket)
    assert schema.validate('{"urgency": 5, "why": ["the BRAKES"]}', document="The brakes failed").why == ["the BRAKES"]
    with pytest.raises(InvalidError) as caught:
        schema.validate('{"urgency": 5, "why": ["the brakes", "all is well"]}', document="The brakes failed")
    assert [error.path for error in caught.value.errors] == ["/why/1"]


def test_it_names_a_field_and_the_json_schema_its_key():
    mark = Schema(Tickets).json_schema["properties"]["whys"]["anyOf"][0]
    assert mark[EVIDENCE_KEYWORD] == "howUrgent"
    assert "`howUrgent`" in mark["description"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"why": {**PASSAGES, EVIDENCE_KEYWORD: "urgent"}}, "'urgent' is no property to show evidence of: name one of"),
        ({"why": {**PASSAGES, EVIDENCE_KEYWORD: "why"}}, "'why' is no property to show evidence of"),
        ({"why": {"type": "string", EVIDENCE_KEYWORD: "urgency"}}, "marks no list of passages"),
        ({"why": {**PASSAGES, "items": {"type": "string"}, EVIDENCE_KEYWORD: "urgency"}}, "marks no list of passages"),
    ],
)
def test_a_mark_on_what_cannot_be_evidence_is_refused_with_its_place(fields, message):
    with pytest.raises(SchemaError) as caught:
        resolve({"type": "object", "properties": {"urgency": {"type": "integer"}, **fields}})
    assert f"/properties/why: {EVIDENCE_KEYWORD}: {message}" in str(caught.value)
