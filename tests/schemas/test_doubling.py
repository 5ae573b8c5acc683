"""Definitions that refer twice to the next: 2^n parts of one value, and n of the schema.

Nothing walks the former: it would take hours, and the suite's time-out ends a test before.
"""

import json
from contextlib import suppress

import pytest

from slotfill import Extractor
from slotfill.extractors.chunks.schema_relaxing import relax_for_chunk
from slotfill.extractors.chunks.schema_splitting import split_by_fields
from slotfill.extractors.errors import OutputError
from slotfill.extractors.local.by_field.schema_compiler import compile_schema
from slotfill.extractors.runs.outputs.tables.shapes import shape_of, with_lists_as_cells
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.schemas.errors import InvalidError, SchemaError
from slotfill.schemas.json_schema.response_model import response_model
from slotfill.schemas.schema import Schema
from slotfill.schemas.strategies import instances
from slotfill.schemas.wire.wire import wire_for

LEVELS = 30


def doubling(form):
    """Make a schema of definitions. form: what each says, of the reference to the next."""
    definitions = {f"d{at}": form({"$ref": f"#/$defs/d{at + 1}"}) for at in range(LEVELS)}
    definitions[f"d{LEVELS}"] = {"enum": ["a", "b"]}
    return {
        "type": "object",
        "properties": {"x": {"$ref": "#/$defs/d0"}},
        "required": ["x"],
        "additionalProperties": False,
        "$defs": definitions,
    }


def of_objects(required):
    return lambda one: {
        "type": "object",
        "properties": {"a": one, "b": one},
        "required": ["a", "b"] if required else [],
        "additionalProperties": False,
    }


FORMS = {
    "required": of_objects(True),
    "optional": of_objects(False),
    "allOf": lambda one: {"allOf": [one, one]},
    "anyOf": lambda one: {"anyOf": [one, one]},
    "lists": lambda one: {"type": "array", "items": {"anyOf": [one, one]}},
}


@pytest.fixture(params=FORMS)
def document(request):
    return doubling(FORMS[request.param])


def test_making_a_schema_and_its_forms(document):
    schema = Schema(response_model(document, name="x"))
    wire_for(schema)
    relax_for_chunk(schema.json_schema)
    split_by_fields(schema.json_schema, 20)
    compile_schema(schema.json_schema)
    for columns in (shape_of, lambda given: with_lists_as_cells(shape_of(given))):
        with suppress(OutputError):  # more than 1,900 columns
            columns(schema.json_schema)


@pytest.mark.parametrize("options", [{}, {"passes": 2}])
def test_an_extraction(document, options):
    claude = SimulatedClaude([{"x": "a"}])
    with Extractor(document, client=claude.client(), model="claude-haiku-5-5", **options) as extractor:
        extractor.extract("Some text.")


def test_a_value_that_many_definitions_speak_of_is_valid_at_once():
    schema = Schema(response_model(doubling(FORMS["allOf"]), name="x"))
    schema.validate('{"x": "a"}')
    with pytest.raises(InvalidError):
        schema.validate('{"x": "c"}')


def test_instances(document):
    if document["$defs"]["d0"].get("required"):
        with pytest.raises(SchemaError, match="the smallest value of schema 'schema' holds over 2,000 parts"):
            instances(document)
    else:
        instances(document)


def test_what_passed_once_is_checked_again_elsewhere():
    pair = {"$defs": {"n": {"type": "integer"}}, "items": {"$ref": "#/$defs/n"}}
    schema = Schema(response_model(pair, name="x"))
    assert schema.validate(json.dumps({"value": [7, 7]})) == [7, 7]
    with pytest.raises(InvalidError, match="/1: 'a' is not of type"):
        schema.validate(json.dumps({"value": [7, "a", 7]}))
