"""A value beside its schema."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill.schemas.json_schema.subschemas import parts_at, resolved
from slotfill.schemas.json_schema.value_walk import applicable_schemas, walk

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 2},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}},
        "age": {"$ref": "#/$defs/age"},
    },
    "$defs": {"age": {"type": "integer", "minimum": 0}},
}
VALUE = {"name": "Ana", "tags": ["a", "b"], "age": 7, "x/y": None}


def test_every_part_is_given_in_the_order_of_the_value():
    assert [(node.path, node.value) for node in walk(VALUE, SCHEMA)] == [
        ((), VALUE),
        (("name",), "Ana"),
        (("tags",), ["a", "b"]),
        (("tags", 0), "a"),
        (("tags", 1), "b"),
        (("age",), 7),
        (("x/y",), None),
    ]


def test_every_part_has_its_schemas_its_pointer_and_its_parent():
    nodes = {node.pointer: node for node in walk(VALUE, SCHEMA)}
    assert [*nodes["/age"].schemas] == [{"$ref": "#/$defs/age"}, SCHEMA["$defs"]["age"]]
    assert [*nodes["/tags/1"].schemas] == [{"enum": ["a", "b"]}]
    assert [*nodes["/x~1y"].schemas] == []
    assert nodes["/tags/1"].parent is nodes["/tags"]
    assert nodes[""].parent is None


def test_a_schema_that_refers_to_itself_has_few_sets_however_deep_a_value_is():
    schema = {"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}}
    value = None
    for _ in range(50):
        value = {"left": value, "right": None}
    assert len({id(node.schemas) for node in walk(value, schema)}) == 3


def test_what_is_read_in_schemas_is_read_once_however_often_a_value_is_walked():
    schema = {"properties": {"a": {"type": "string"}, "b": {"const": 1}}}
    asked = []

    def reading(schemas):
        asked.append([*schemas])
        return len(asked)

    def other(schemas):
        return -len(schemas)

    for _ in range(2):
        nodes = {node.pointer: node.schemas for node in walk({"a": "x", "b": 1}, schema)}
        assert (nodes["/a"].remember(reading), nodes["/b"].remember(reading)) == (1, 2)
        assert nodes["/a"].remember(other) == -1
    assert asked == [[{"type": "string"}], [{"const": 1}]]


SCHEMAS = (
    {"properties": {"a": {"$ref": "#"}, "b": {"type": "string"}}, "additionalProperties": {"const": 1}},
    {"prefixItems": [{"const": 1}, {"items": {"$ref": "#"}}], "items": {"properties": {"a": {}}}},
    {"items": [{"const": 1}], "additionalItems": {"items": {"type": "null"}}},
    {"anyOf": [{"properties": {"a": {"items": {"$ref": "#"}}}}, {"patternProperties": {".": {"type": "integer"}}}]},
)


@pytest.mark.parametrize("schema", SCHEMAS)
@given(steps=st.lists(st.sampled_from(["a", "b", "other", 0, 1, 2, 7]), max_size=4))
def test_what_speaks_of_each_part_is_the_same_when_it_is_worked_out_once(schema, steps):
    schemas, plain = applicable_schemas(schema), [*resolved([schema], schema)]
    for step in steps:
        schemas, plain = schemas.at(step), [*resolved([part for one in plain for part in parts_at(one, step)], schema)]
        assert [*schemas] == plain
    assert applicable_schemas(schema).at("a") is applicable_schemas(schema).at("a")
