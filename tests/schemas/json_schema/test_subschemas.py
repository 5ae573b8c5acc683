"""The parts of a JSON Schema."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill.schemas.json_schema.subschemas import parts_at, resolved, subschemas
from slotfill.schemas.json_values.pointer import follow

KEYWORDS = st.sampled_from(["properties", "items", "anyOf", "$defs", "x-note", "const", "a/b", ""])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYWORDS, inner, max_size=3),
)


@given(ANYTHING)
def test_each_pointer_leads_to_its_subschema(document: Any) -> None:
    found = [*subschemas(document)]
    assert len({path for path, _ in found}) == len(found)
    for path, schema in found:
        assert follow(path, document) is schema


def test_maps_and_data_are_no_subschemas() -> None:
    document = {"properties": {"properties": {"a": {}}, "const": {}}, "default": {"a": {}}, "allOf": [{}, True]}
    assert [path for path, _ in subschemas(document)] == [
        "",
        "/properties/properties",
        "/properties/properties/a",
        "/properties/const",
        "/allOf/0",
    ]


def test_what_may_speak_of_a_value_is_given_once() -> None:
    text: dict[str, Any] = {"type": "string"}
    root = {"$defs": {"text": text, "loop": {"anyOf": [{"$ref": "#/$defs/loop"}, {"$ref": "#/$defs/text"}]}}}
    found = [*resolved([{"$ref": "#/$defs/loop"}, {"allOf": [True, text], "oneOf": 3}], root)]
    assert sum(schema is text for schema in found) == 1
    assert sum(schema is root["$defs"]["loop"] for schema in found) == 1
    assert {"$ref": "#/nowhere"} in resolved([{"$ref": "#/nowhere"}], root)


@pytest.mark.parametrize(
    ("schema", "step", "parts"),
    [
        ({"properties": {"a": 1}, "additionalProperties": 2}, "a", [1]),
        ({"properties": {"a": 1}, "patternProperties": {"x": 3}, "additionalProperties": 2}, "b", [3, 2]),
        ({"items": 1}, 7, [1]),
        ({"prefixItems": [1], "items": 2}, 0, [1]),
        ({"prefixItems": [1], "items": 2}, 1, [2]),
        ({"items": [1], "additionalItems": 2}, 0, [1]),
        ({"items": [1], "additionalItems": 2}, 1, [2]),
    ],
)
def test_a_step_into_a_value_has_its_parts(schema: dict[str, Any], step: str | int, parts: list[Any]) -> None:
    assert parts_at(schema, step) == parts
