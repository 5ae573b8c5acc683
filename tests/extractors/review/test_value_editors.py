"""Editors: how a value is typed, by its schema, and what a typed text means."""

from decimal import Decimal
from enum import StrEnum
from typing import Literal

import pytest
from pydantic import BaseModel

from slotfill.extractors.review.value_editors import empty_value, schemas_at, typed_value, value_editor
from slotfill.schemas.json_schema.value_walk import applicable_schemas


def editor(schema):
    return value_editor(applicable_schemas(schema)).to_json()


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"enum": ["a", "b", None]}, {"kind": "choice", "options": ['"a"', '"b"'], "nullable": True}),
        ({"type": "boolean"}, {"kind": "choice", "options": ["true", "false"], "nullable": False}),
        ({"type": ["boolean", "null"]}, {"kind": "choice", "options": ["true", "false"], "nullable": True}),
        ({"const": 3}, {"kind": "choice", "options": ["3"], "nullable": False}),
        ({"anyOf": [{"enum": [1]}, {"type": "null"}]}, {"kind": "choice", "options": ["1"], "nullable": True}),
        (
            {"type": "integer", "minimum": 1, "maximum": True},
            {"kind": "integer", "nullable": False, "bounds": {"minimum": 1}},
        ),
        ({"type": ["number", "null"]}, {"kind": "number", "nullable": True}),
        ({"type": "string", "format": "date"}, {"kind": "date", "nullable": False}),
        ({"type": "string", "format": "date-time"}, {"kind": "datetime", "nullable": False}),
        ({"type": "string", "description": "Why."}, {"kind": "text", "nullable": False, "description": "Why."}),
        ({"type": "array"}, {"kind": "list", "nullable": False}),
        ({"properties": {"a": {}}}, {"kind": "object", "nullable": False}),
        ({"type": ["string", "integer", "boolean"]}, {"kind": "json", "nullable": False}),
        ({}, {"kind": "json", "nullable": False}),
        ({"type": 3, "enum": 4, "format": [], "properties": 1}, {"kind": "json", "nullable": False}),
    ],
)
def test_the_schema_says_how_a_value_is_typed(schema, expected):
    assert editor(schema) == expected


def test_so_do_the_types_of_a_pydantic_model():
    class Colour(StrEnum):
        RED = "red"
        BLUE = "blue"

    class Model(BaseModel):
        colour: Colour | None
        size: Literal["s", "m"]
        price: Decimal

    schema = Model.model_json_schema()
    kinds = [value_editor(schemas_at(schema, (name,))) for name in ("colour", "size", "price")]
    assert [one.kind for one in kinds] == ["choice", "choice", "number"]
    assert kinds[0].options == ('"red"', '"blue"')
    assert kinds[0].nullable


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"type": "integer"}, "4", 4),
        ({"type": "integer"}, "four", "four"),
        ({"type": "string"}, "4", "4"),
        ({"enum": ["4", 4]}, '"4"', "4"),
        ({}, '{"a": [1]}', {"a": [1]}),
        ({"type": "number"}, "NaN", "NaN"),
    ],
)
def test_what_is_typed_is_read_as_the_editor_has_it(schema, text, value):
    assert typed_value(text, value_editor(applicable_schemas(schema))) == value


def test_a_new_item_has_all_that_its_schema_names():
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "size": {"type": ["integer", "null"]},
            "parts": {"type": "array"},
            "self": {"$ref": "#"},
        },
    }
    item = empty_value(schema, applicable_schemas(schema))
    assert {**item, "self": None} == {"name": "", "size": None, "parts": [], "self": None}
    depth = 0
    while item:
        item, depth = item["self"], depth + 1
    assert 2 < depth < 9
