"""What single keywords of JSON Schema propose: nearly all that is drawn has to be valid, or the filter starves."""

import jsonschema
import pytest
from examples import examples
from hypothesis import HealthCheck, Phase, given, seed

from slotfill.schemas.json_schema.response_model import response_model
from slotfill.schemas.strategies.generation import Generation

DRAFT_7 = "http://json-schema.org/draft-07/schema#"


def drawn(document, count=50):
    values = []
    strategy = Generation(response_model(document, name="test").validator, None).values()

    @seed(1)
    @examples(
        count,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value):
        values.append(value)

    collect()
    return values


def is_true(*schemas):
    """Give a schema of which an object's `x` has to satisfy these."""
    return {"type": "object", "properties": {"x": {"allOf": [*schemas]}}, "required": ["x"]}


@pytest.mark.sweep
@pytest.mark.parametrize(
    "document",
    [
        {"type": "object", "required": ["a", "b"], "properties": {"a": {"type": "integer"}}},
        {"type": "object", "minProperties": 3, "maxProperties": 4},
        {"type": "object", "minProperties": 2, "properties": {"a": {}, "b": {}}, "additionalProperties": False},
        {"type": "object", "propertyNames": {"pattern": "^[a-c]+$"}, "minProperties": 2},
        {
            "type": "object",
            "patternProperties": {"^n": {"type": "integer"}},
            "additionalProperties": {"type": "string"},
        },
        {"type": "object", "properties": {"a": {"const": 1}}, "dependentRequired": {"a": ["b"]}},
        {"type": "object", "required": ["a"], "dependentRequired": {"a": ["b", "c"]}, "properties": {"a": {}}},
        {"type": "object", "properties": {"a": {}}, "dependentSchemas": {"a": {"required": ["b"]}}},
        {"type": "object", "allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": False},
        {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "items": {"type": "null"}},
        {"type": "array", "prefixItems": [{"type": "integer"}], "items": False, "minItems": 1},
        {"type": "array", "contains": {"const": 7}, "minContains": 2, "maxContains": 3},
        {"type": "array", "contains": {"const": 7}, "unevaluatedItems": False},
        {"type": "array", "items": {"enum": [1, 2, 3]}, "uniqueItems": True, "minItems": 2},
        {"type": "array", "minItems": 30, "maxItems": 31, "items": {"type": "integer"}},
        {"oneOf": [{"type": "integer"}, {"type": "number", "minimum": 2}]},
        {"oneOf": [{"required": ["a"], "type": "object"}, {"required": ["b"], "type": "object"}]},
        {"anyOf": [{"type": "string", "maxLength": 2}, {"type": "null"}]},
        {"allOf": [{"type": "integer"}, {"minimum": 3}, {"multipleOf": 5}]},
        {"type": "integer", "not": {"enum": [0, 1]}},
        {"not": {"not": {"type": "string", "minLength": 1}}},
        {"if": {"type": "integer"}, "then": {"minimum": 10}, "else": {"type": "string"}},
        {"enum": [1, "a", [2]], "type": ["array", "string"]},
        {"$ref": "#/$defs/even", "minimum": 4, "$defs": {"even": {"type": "integer", "multipleOf": 2}}},
        {"$defs": {"x": {"$anchor": "here", "type": "integer"}}, "$ref": "#here"},
        {
            "$id": "https://example.com/tree",
            "$dynamicAnchor": "node",
            "type": "object",
            "properties": {"next": {"$dynamicRef": "#node"}},
            "required": ["label"],
        },
        {"$schema": DRAFT_7, "items": [{"type": "integer"}], "additionalItems": False, "type": "array"},
        {"$schema": DRAFT_7, "dependencies": {"a": ["b"], "c": {"required": ["d"]}}, "type": "object"},
        {"$schema": DRAFT_7, "$ref": "#/definitions/a", "type": "string", "definitions": {"a": {"type": "integer"}}},
        is_true({"type": "string", "minLength": 2}, {"pattern": "^[a-z]+$"}),
        is_true({"exclusiveMinimum": 0, "exclusiveMaximum": 1, "type": "number"}),
    ],
)
def test_what_is_proposed_is_valid(document):
    values = drawn(document)
    validator = jsonschema.validators.validator_for(document, jsonschema.Draft202012Validator)(document)
    assert len(values) >= 2
    assert [value for value in values if not validator.is_valid(value)] == []


def test_a_recursion_that_cannot_end_proposes_nothing():
    document = {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]}
    assert Generation(response_model(document, name="test").validator, None).values().is_empty


def test_a_schema_that_only_refers_to_itself_says_nothing():
    assert not Generation(response_model({"allOf": [{"$ref": "#"}]}, name="x").validator, None).values().is_empty


def test_a_schema_of_no_type_is_mostly_met_by_what_it_speaks_of():
    values = drawn({"properties": {"a": {"type": "integer"}}, "required": ["a"]}, 100)
    assert sum(isinstance(value, dict) for value in values) > len(values) / 3
    assert any(not isinstance(value, dict) for value in values)


def test_optional_keys_come_and_go_in_the_schemas_order():
    keys = {tuple(value) for value in drawn({"type": "object", "properties": {"b": {}, "a": {}}, "required": ["a"]})}
    assert keys == {("b", "a"), ("a",)}


def test_keys_that_no_schema_names_come_where_the_schema_speaks_of_them():
    named = {"type": "object", "properties": {"a": {"const": 1}}}
    assert all(set(value) <= {"a"} for value in drawn(named))
    assert any(set(value) - {"a"} for value in drawn({**named, "additionalProperties": True}))


def test_a_wide_and_deep_recursion_stays_small():
    document = {"$ref": "http://json-schema.org/draft-07/schema#"}
    assert all(len(str(value)) < 100_000 for value in drawn(document, 10))
