"""The schema of a part of a document, and groups of a wide schema's fields."""

import json
from functools import cache
from typing import Any

import pytest
from checkout import FIXTURES
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.chunks.chunk_values import ChunkValue
from slotfill.extractors.chunks.chunking import Chunk
from slotfill.extractors.chunks.merging import merge
from slotfill.extractors.chunks.schema_relaxing import relax_for_chunk
from slotfill.extractors.chunks.schema_splitting import split_by_fields
from slotfill.schemas import InvalidError, built_ins, resolve
from slotfill.schemas.json_schema.subschemas import subschemas
from slotfill.schemas.schema import Schema
from slotfill.schemas.strategies import instances

SHAPES = sorted((FIXTURES / "shapes").glob("*.json"))
SCHEMAS = [*built_ins(), *(str(path) for path in SHAPES)]
NAMES = [*built_ins(), *(path.stem for path in SHAPES)]

few = examples(10)


@cache
def drawn_from(source: str) -> tuple[Schema[Any], st.SearchStrategy[Any]]:
    """Resolve a schema, and say how values of it are drawn, once for all examples."""
    schema = resolve(source)
    return schema, instances(schema)


def part_of(document: Any) -> Schema[Any]:
    return resolve(relax_for_chunk(document))


def accepts(schema: Schema[Any], value: Any) -> bool:
    try:
        schema.load(value)
    except InvalidError:
        return False
    return True


TEAM = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 2},
        "lead": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
        "people": {
            "type": "array",
            "items": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
            "minItems": 2,
            "contains": {"properties": {"name": {"const": "Ann"}}},
        },
        "at": {"type": "array", "prefixItems": [{"type": "number"}, {"type": "number"}], "minItems": 2},
    },
    "required": ["name", "people"],
    "minProperties": 2,
    "dependentRequired": {"name": ["lead"]},
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("value", "whole", "part"),
    [
        ({}, False, False),
        ({"name": "Ops"}, False, False),
        ({"people": []}, False, True),
        ({"name": "Ops", "people": []}, False, True),
        ({"name": "O", "people": []}, False, False),
        ({"lead": {}, "people": []}, False, True),
        ({"lead": {"name": 3}, "people": []}, False, False),
        ({"people": [{"name": "Bo"}]}, False, True),
        ({"people": [{}]}, False, False),
        ({"at": [1], "people": []}, False, False),
        ({"other": 1, "people": []}, False, False),
        ({"name": "Ops", "lead": {"name": "Ann"}, "people": [{"name": "Ann"}, {"name": "Bo"}]}, True, True),
    ],
)
def test_a_part_may_lack_what_the_whole_requires_and_nothing_else(value: Any, whole: bool, part: bool) -> None:
    assert accepts(resolve(TEAM), value) is whole
    assert accepts(part_of(TEAM), value) is part


OTHER = {"type": "object", "properties": {"no": {"type": "string"}}, "required": ["no"], "additionalProperties": False}
DRAFT_7 = "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize(
    "wrap",
    [
        lambda team: {"$ref": "#/$defs/team", "$defs": {"team": team}},
        lambda team: {"$schema": DRAFT_7, "$ref": "#/definitions/t", "definitions": {"t": team}},
        lambda team: {"type": "object", "allOf": [{"$ref": "#/$defs/team"}], "$defs": {"team": team}},
        lambda team: {"type": "object", "allOf": [{"allOf": [team]}]},
        lambda team: {"type": "object", "anyOf": [OTHER, team]},
        lambda team: {"type": "object", "oneOf": [team, OTHER]},
        lambda team: {"$ref": "#/$defs/team", "properties": {"name": {}}, "$defs": {"team": team}},
    ],
)
def test_the_root_may_stand_anywhere(wrap: Any) -> None:
    document = wrap(TEAM)
    for value in ({"lead": {}, "people": []}, {"people": []}):
        assert not accepts(resolve(document), value)
        assert accepts(part_of(document), value)
    # A list that is left out may have been forgotten; the other alternative has none.
    assert accepts(part_of(document), {}) is (OTHER in document.get("anyOf", document.get("oneOf", ())))
    assert not accepts(part_of(document), {"people": [{}], "no": 1})


def test_what_refers_to_the_whole_stays_strict() -> None:
    document = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "children": {"type": "array", "items": {"$ref": "#"}, "minItems": 1},
            "first": {"$ref": "#/properties/children/items"},
        },
        "required": ["name"],
    }
    part = part_of(document)
    assert accepts(part, {"children": []})
    assert accepts(part, {"children": [{"name": "a", "children": [{"name": "b"}]}]})
    assert not accepts(part, {"children": [{}]})
    assert not accepts(part, {"children": [{"name": "a", "children": [{}]}]})
    assert not accepts(part, {"children": [{"name": "a", "children": []}]})


def test_a_definition_is_strict_in_a_list_and_lax_outside() -> None:
    place = {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]}
    document = {
        "type": "object",
        "properties": {
            "at": {"$ref": "#/$defs/place"},
            "or": {"anyOf": [{"$ref": "#/$defs/place"}, {"type": "null"}]},
            "via": {"type": "array", "items": {"$ref": "#/$defs/place"}},
            "chain": {"$ref": "#/$defs/link"},
        },
        "$defs": {
            "place": place,
            "link": {"type": "object", "properties": {"next": {"$ref": "#/$defs/link"}, "n": {}}, "required": ["n"]},
        },
    }
    part = part_of(document)
    assert accepts(part, {"at": {}, "or": {}, "via": [{"town": "Oslo"}], "chain": {"next": {"next": {}}}})
    assert not accepts(part, {"via": [{}]})


def test_objects_that_have_alternatives_stay_told_apart() -> None:
    document = json.loads((SHAPES[0].parent / "15-tagged-union.json").read_text())
    part = part_of(document)
    assert accepts(part, {"payer": "Ann"})
    assert not accepts(part, {"method": {"kind": "cash"}})


def test_a_list_at_the_root_may_be_short() -> None:
    document = {"type": "array", "items": TEAM, "minItems": 1, "contains": {"required": ["at"]}}
    assert not accepts(resolve(document), [])
    assert accepts(part_of(document), [])
    assert not accepts(part_of(document), [{}])


@pytest.mark.sweep
@pytest.mark.parametrize("source", SCHEMAS, ids=NAMES)
@few
@given(data=st.data())
def test_every_whole_is_a_part_and_so_is_what_some_of_its_fields_say(source: str, data: st.DataObject) -> None:
    schema, values = drawn_from(source)
    value = data.draw(values)
    part = part_of(schema.json_schema)
    part.load(value)
    if isinstance(value, dict):
        kept = data.draw(st.sets(st.sampled_from([*value] or [""])))
        part.load({key: value[key] for key in value if key in kept or isinstance(value[key], list)})
    assert relax_for_chunk(schema.json_schema) == relax_for_chunk(schema.json_schema)


# Groups of fields


def count(document: dict[str, Any]) -> int:
    return sum(len(part.get("properties", {})) for _, part in subschemas(document) if "properties" in part)


def keys(groups: tuple[dict[str, Any], ...]) -> list[list[str]]:
    return [[*group["properties"]] for group in groups]


def wide(fields: int, **more: Any) -> dict[str, Any]:
    properties = {f"f{at}": {"type": "string"} for at in range(fields)}
    return {"type": "object", "properties": properties | more, "required": [*properties, *more], "minProperties": 1}


def test_fields_go_into_groups_in_their_order() -> None:
    groups = split_by_fields(wide(7), 3)
    assert keys(groups) == [["f0", "f1", "f2"], ["f3", "f4", "f5"], ["f6"]]
    assert [group["required"] for group in groups] == keys(groups)
    assert not any("minProperties" in group for group in groups)


def test_a_schema_that_fits_is_given_as_it_is() -> None:
    assert split_by_fields(wide(7), 7) == (wide(7),)


def test_what_is_nested_and_referred_to_counts_too() -> None:
    address = {"type": "object", "properties": {"street": {}, "city": {"$ref": "#/$defs/city"}}}
    document = {
        **wide(1, home={"$ref": "#/$defs/address"}, work={"$ref": "#/$defs/address"}, big=wide(8)),
        "$defs": {"address": address, "city": {"properties": {"name": {}}}, "unused": {"properties": {"x": {}}}},
    }
    groups = split_by_fields(document, 5)
    assert keys(groups) == [["f0", "home"], ["work"], ["big"]]
    assert [[*group.get("$defs", {})] for group in groups] == [["address", "city"], ["address", "city"], []]
    assert keys(split_by_fields(document, 6)) == [["f0", "home", "work"], ["big"]]
    assert [count(group) for group in split_by_fields(document, 6)] == [6, 9]


def test_a_confidence_stays_with_what_it_is_about() -> None:
    sure = {"type": "number", "minimum": 0, "maximum": 1, "x-confidence-of": "f3"}
    document = wide(4)
    document["properties"] = {"sure": sure, **document["properties"]}
    groups = split_by_fields(document, 2)
    assert keys(groups) == [["sure", "f3"], ["f0", "f1"], ["f2"]]
    for group in groups:
        resolve(group)


@pytest.mark.parametrize(
    "document",
    [
        {"type": "array", "items": wide(9)},
        {"type": "object", "oneOf": [wide(4), {"properties": {"other": {}}}]},
        {**wide(9), "if": {"properties": {"f0": {"const": "a"}}}, "then": {"properties": {"new": {}}}},
        wide(9, child={"$ref": "#"}),
    ],
)
def test_what_cannot_be_parted_is_given_alone(document: dict[str, Any]) -> None:
    assert split_by_fields(document, 2) == (document,)


def test_conditions_that_bring_no_properties_do_not_stand_in_the_way() -> None:
    document = {
        **wide(4),
        "if": {"properties": {"f0": {"const": "a"}}},
        "then": {"required": ["f3"]},
        "anyOf": [{"required": ["f1"]}, {"required": ["f2"]}],
        "unevaluatedProperties": False,
    }
    groups = split_by_fields(document, 2)
    assert keys(groups) == [["f0", "f1"], ["f2", "f3"]]
    assert not any({"if", "then", "anyOf", "unevaluatedProperties"} & group.keys() for group in groups)


def test_keys_of_no_name_are_asked_for_once() -> None:
    groups = split_by_fields({**wide(4), "additionalProperties": {"type": "integer"}, "required": ["f3", "free"]}, 2)
    assert [group["additionalProperties"] for group in groups] == [{"type": "integer"}, False]
    assert [group.get("required") for group in groups] == [["free"], ["f3"]]


@pytest.mark.sweep
@pytest.mark.parametrize("source", SCHEMAS, ids=NAMES)
@few
@given(data=st.data())
def test_a_value_parted_by_groups_and_merged_is_the_value(source: str, data: st.DataObject) -> None:
    schema, values = drawn_from(source)
    value = data.draw(values)
    groups = split_by_fields(schema.json_schema, data.draw(st.integers(1, 12)))
    if len(groups) == 1:
        parts = [value]
    else:
        named = {key for group in groups for key in properties(group)}
        parts = [{key: value[key] for key in value if key in properties(group)} for group in groups]
        parts[0] |= {key: value[key] for key in value if key not in named}
    for group, part in zip(groups, parts, strict=True):
        resolve(group).load(part)
    chunk = Chunk(0, 0, "")
    assert merge(schema.json_schema, [ChunkValue(chunk, part, {}) for part in parts]).data == value


def properties(group: dict[str, Any]) -> set[str]:
    return {key for part in [group, *group.get("allOf", ())] for key in part.get("properties", {})}


def test_shapes_are_parted() -> None:
    parted = {
        name: len(split_by_fields(resolve(source).json_schema, 4)) for name, source in zip(NAMES, SCHEMAS, strict=True)
    }
    assert parted["28-wide"] > 3
    assert parted["18-all-of"] == 2
    assert parted["19-shared-parts"] == 3
