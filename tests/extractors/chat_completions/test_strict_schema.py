"""The schema of `response_format`, held against what OpenAI's own SDK writes."""

from __future__ import annotations

from typing import Any, Literal

import jsonschema
import openai
import pytest
from pydantic import BaseModel

from slotfill.extractors.chat_completions.strict_schema import response_format
from slotfill.schemas.json_schema.subschemas import subschemas
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.schema_sources import resolve
from slotfill.schemas.wire.wire import wire_for


class Part(BaseModel):
    kind: Literal["a", "b"]
    type: str
    format: str | None


class Whole(BaseModel):
    parts: list[Part]
    first: Part
    amount: float


def strict_of(schema: dict[str, Any]) -> dict[str, Any]:
    form = response_format(schema)["json_schema"]
    assert form["strict"] is True
    jsonschema.Draft202012Validator.check_schema(form["schema"])
    return form["schema"]


def test_it_has_the_keys_that_openai_s_own_has() -> None:
    theirs = openai.pydantic_function_tool(Whole)["function"]["parameters"]
    ours = strict_of(Whole.model_json_schema())

    def keys(schema: dict[str, Any]) -> Any:
        objects = {**schema["$defs"], "": schema}
        return {
            name: (one["required"], one["additionalProperties"], [*one["properties"]]) for name, one in objects.items()
        }

    assert keys(ours) == keys(theirs)
    assert ours["$defs"]["Part"]["properties"]["kind"]["type"] == "string"


@pytest.mark.parametrize("name", ["sentiment", "feedback", "entities", "summary"])
def test_the_built_in_schemas_keep_to_the_subset(name: str) -> None:
    schema: Schema[Any] = resolve(name)
    for path, part in subschemas(strict_of(wire_for(schema).full)):
        if part.get("type") == "object":
            assert set(part["required"]) == part["properties"].keys(), path
            assert part["additionalProperties"] is False, path
        assert part.keys() & {"type", "anyOf", "$ref"}, path
        assert not [keyword for keyword in part if keyword.startswith("x-")], path


def test_what_may_be_left_out_may_be_null() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "string", "title": "A"},
            "b": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "c": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            "d": {"enum": ["x", 1, None]},
        },
    }
    reduced = strict_of(schema)
    assert reduced["required"] == ["a", "b", "c", "d"]
    assert reduced["properties"] == {
        "a": {"anyOf": [{"type": "string"}, {"type": "null"}], "title": "A"},
        "b": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "c": {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
        "d": {"enum": ["x", 1, None], "type": ["string", "integer", "null"]},
    }


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "additionalProperties": {"type": "integer"}},
        {"type": "object", "properties": {"child": {"$ref": "#"}}},
        {"type": "object", "properties": {"a": {}}},
    ],
)
def test_what_is_beyond_the_subset_goes_as_it_is(schema: dict[str, Any]) -> None:
    form = response_format({**schema, "title": "a tree!"})["json_schema"]
    assert form == {"name": "a_tree_", "schema": {**schema, "title": "a tree!"}}


def test_a_format_that_is_not_known_there_is_left_out() -> None:
    schema = {"type": "object", "properties": {"u": {"type": "string", "format": "uri"}}, "required": ["u"]}
    assert strict_of(schema)["properties"]["u"] == {"type": "string"}
