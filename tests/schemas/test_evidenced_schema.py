"""A schema that is asked for with evidence: its values are the schema's own, with lists of passages beside."""

import json
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from slotfill.schemas import Entities, Feedback, InvalidError, Sentiment, Summary, Verbatim, resolve
from slotfill.schemas.errors import SchemaError
from slotfill.schemas.evidenced_schema import EvidencedSchema, schema_of_part, with_evidence
from slotfill.schemas.json_schema.response_model import response_model
from slotfill.schemas.schema import Schema
from slotfill.schemas.strategies import instances
from slotfill.schemas.wire.wire import wire_for
from tests.examples import examples

TEXT = "The brakes failed on the motorway. Nobody answered."

SCALARS = (
    {"enum": ["a", "b"]},
    {"type": "boolean"},
    {"type": "integer", "minimum": 1, "maximum": 5},
    {"type": ["string", "null"]},
    {"type": "string", "format": "verbatim"},
    {"type": "integer"},
    {"const": "c"},
)


def json_schemas():
    """Make JSON Schemas of objects, lists, unions and references, with judged and read values in them."""
    return st.recursive(st.sampled_from(SCALARS), _larger, max_leaves=6).flatmap(_rooted)


def _larger(parts):
    properties = st.dictionaries(
        st.sampled_from(("a", "b", "a_evidence", "b c", "long" * 16)), parts, min_size=1, max_size=3
    )
    objects = st.builds(_object, properties, st.booleans(), st.sampled_from(({}, {"additionalProperties": False})))
    return (
        objects
        | st.builds(lambda part: {"type": "array", "items": part, "maxItems": 3}, parts)
        | st.builds(lambda part: {"anyOf": [part, {"type": "null"}]}, parts)
        | st.builds(lambda part: {"type": "object", "additionalProperties": part, "maxProperties": 2}, parts)
    )


def _object(properties, required, more):
    return {"type": "object", "properties": properties, "required": [*properties] if required else [], **more}


def _rooted(part):
    whole = {"type": "object", "properties": {"x": part, "y": {"$ref": "#/$defs/d"}, "z": {"type": "boolean"}}}
    return st.just({**whole, "required": ["x", "y", "z"], "$defs": {"d": part}})


def schema_of(document):
    return Schema(response_model(document, name="drawn"))


@given(st.data())
@examples(60)
def test_what_is_left_without_the_lists_is_a_value_of_the_schema(data):
    schema = schema_of(data.draw(json_schemas()))
    asked = with_evidence(schema)
    assert isinstance(asked, EvidencedSchema)
    value = data.draw(instances(schema_of(asked.json_schema), document=TEXT))
    plain = asked.plain(value)
    assert schema.load(plain) == plain
    read, again = asked.read(json.dumps(value), document=TEXT)
    assert (read, again) == (plain, value)
    assert asked.dump(read) == schema.dump(schema.load(plain))


@given(st.data())
@examples(60)
def test_a_value_without_lists_is_one_and_stays_as_it_is(data):
    schema = schema_of(data.draw(json_schemas()))
    value = data.draw(instances(schema, document=TEXT))
    asked = with_evidence(schema)
    assert asked.plain(value) == value
    assert asked.read(json.dumps(value), document=TEXT) == (value, value)


@pytest.mark.parametrize("model", [Feedback, Sentiment, Entities, Summary])
def test_the_built_in_schemas_travel_in_the_same_modes_with_and_without(model):
    schema = Schema(model)
    asked = with_evidence(schema)
    assert wire_for(asked).modes == wire_for(schema).modes
    assert (asked.name, asked.id, asked.output_schema) == (schema.name, schema.id, schema.output_schema)
    assert asked.examples == schema.examples
    assert asked.instructions.startswith(schema.instructions)


class Call(BaseModel):
    mood: Literal["good", "bad"]
    quote: Verbatim


class Calls(BaseModel):
    calls: list[Call]


def test_a_misquoted_passage_is_an_error_at_its_own_place_beside_those_of_the_value():
    asked = with_evidence(Schema(Calls))
    good = {"mood": "bad", "quote": "the brakes", "mood_evidence": ["Nobody answered", "all is well"]}
    with pytest.raises(InvalidError) as caught:
        asked.validate(json.dumps({"calls": [good, {**good, "quote": "no", "mood_evidence": 7}]}), document=TEXT)
    assert [error.path for error in caught.value.errors] == [
        "/calls/1/quote",
        "/calls/0/mood_evidence/1",
        "/calls/1/mood_evidence",
    ]
    assert caught.value.data["calls"][0] == good
    assert asked.is_beside("/calls/0/mood_evidence/1")
    assert not asked.is_beside("/calls/0/mood")


def test_what_is_no_json_is_told_as_the_schema_tells_it():
    with pytest.raises(InvalidError, match="is no JSON"):
        with_evidence(Schema(Calls)).validate("{")


@pytest.mark.parametrize("document", [None, TEXT])
def test_passages_are_checked_where_the_document_is_at_hand(document):
    asked = with_evidence(Schema(Calls))
    text = json.dumps({"calls": [{"mood": "bad", "quote": "Nobody", "mood_evidence": ["elsewhere"]}]})
    if document is None:
        assert asked.validate(text).calls[0].mood == "bad"
    else:
        with pytest.raises(InvalidError):
            asked.validate(text, document=document)


def test_a_schema_in_which_all_is_read_is_refused():
    with pytest.raises(SchemaError, match="no field whose value is judged"):
        with_evidence(resolve({"type": "object", "properties": {"day": {"type": "string", "format": "date"}}}))


def test_a_schema_that_has_all_its_evidence_is_asked_for_as_it_is():
    passages = {"type": "array", "items": {"type": "string", "format": "verbatim"}, "x-evidence-of": "good"}
    schema = resolve({"type": "object", "properties": {"good": {"type": "boolean"}, "why": passages}})
    assert with_evidence(schema) is schema


def test_a_part_lacks_what_a_part_may_lack_and_has_its_lists():
    asked = with_evidence(Schema(Feedback))
    group = {**asked.json_schema, "required": ["urgency"]}
    part = schema_of_part(asked, group, nested=True)
    value = {"urgency": 5, "urgency_evidence": ["the brakes failed"]}
    assert part.read(json.dumps(value), document=TEXT)[1] == value
    assert part.plain(value) == {"urgency": 5}
    with pytest.raises(InvalidError, match="urgency"):
        part.read(json.dumps({"urgency_evidence": []}), document=TEXT)
