"""What the library leaves open, under every draft."""

import jsonschema
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from referencing.jsonschema import EMPTY_REGISTRY

from slotfill.schemas.json_schema.dialects import DRAFTS, dialect, draft_of

SCHEMA_OF = {draft: draft.META_SCHEMA["$schema"] for draft in DRAFTS}


def errors(document, value, *, draft=DRAFTS[0], ignored=frozenset()):
    validator = dialect(draft, ignored)(document, registry=EMPTY_REGISTRY)
    return [(list(found.absolute_path), found.message) for found in validator.iter_errors(value)]


@pytest.mark.parametrize("draft", DRAFTS)
def test_a_reference_to_a_schema_that_names_its_draft_stays_within_the_dialect(draft):
    document = {
        "$schema": SCHEMA_OF[draft],
        "properties": {"name": {"pattern": r"^\p{Letter}+$"}, "child": {"$ref": "#"}},
        "required": ["name"],
    }
    assert errors(document, {"name": "é", "child": {"name": "é"}}, draft=draft) == []
    assert errors(document, {"name": "é", "child": {}}, draft=draft) == [(["child", "name"], "is required")]


def test_a_part_of_another_draft_is_checked_as_that_draft_has_it():
    old = {
        "$id": "https://example.com/old",
        "$schema": SCHEMA_OF[jsonschema.Draft7Validator],
        "items": [{"type": "null"}],
    }
    document = {"$ref": "https://example.com/old", "$defs": {"old": old}}
    assert errors(document, [None, 1]) == []
    assert errors(document, [1]) == [([0], "1 is not of type 'null'")]


def test_a_draft_that_is_not_supported_has_the_default():
    assert draft_of({"$schema": "http://json-schema.org/draft-03/schema#"}) is None
    assert draft_of({"$schema": "http://json-schema.org/draft-04/schema"}) is jsonschema.Draft4Validator
    assert draft_of(True, jsonschema.Draft6Validator) is jsonschema.Draft6Validator


def test_ignored_keywords_check_nothing():
    assert errors({"minimum": 3, "type": "string"}, 1, ignored=frozenset({"minimum"})) == [
        ([], "1 is not of type 'string'")
    ]


@pytest.mark.parametrize("keyword", ["additionalProperties", "unevaluatedProperties"])
def test_each_surplus_key_is_reported(keyword):
    document = {"properties": {"a": True}, "patternProperties": {r"^\p{Letter}cole$": True}, keyword: False}
    assert errors(document, {"a": 1, "école": 2, "b": 3, "1": 4}) == [
        (["b"], "is not a property of the schema"),
        (["1"], "is not a property of the schema"),
    ]
    assert errors({**document, keyword: {"type": "null"}}, {"b": 3}) == [(["b"], "3 is not of type 'null'")]


A, B, C = ({"properties": {key: True}} for key in "abc")
A_TEXT, A_NUMBER, B_NUMBER = (
    {"properties": {key: {"type": kind}}, "required": [key]}
    for key, kind in (("a", "string"), ("a", "integer"), ("b", "integer"))
)
BRANCHES = [
    {"allOf": [A]},
    {"anyOf": [A_TEXT, B_NUMBER]},
    {"oneOf": [A_NUMBER, {"patternProperties": {"^b": {"type": "null"}}}]},
    {"if": A_NUMBER, "then": B, "else": C},
    {"if": {"required": ["b"]}, "then": {"additionalProperties": {"type": "integer"}}},
    {"dependentSchemas": {"a": B}},
    {"$ref": "#/$defs/a", "$defs": {"a": {**A, "unevaluatedProperties": {"type": "integer"}}}},
    {"$dynamicRef": "#node", "$defs": {"a": {"$dynamicAnchor": "node", **C}}},
    {"not": A_TEXT},
]


@given(
    st.sampled_from(BRANCHES),
    st.dictionaries(st.sampled_from("abc"), st.sampled_from([None, 1, "x"])),
)
@example(BRANCHES[3], {"a": 1, "b": 1})
def test_evaluated_keys_are_those_of_the_library(branch, value):
    document = {**branch, "unevaluatedProperties": False}
    assert (errors(document, value) == []) == jsonschema.Draft202012Validator(document).is_valid(value)


def test_evaluated_keys_are_found_through_a_recursive_reference():
    document = {
        "$id": "https://example.com/tree",
        "$recursiveAnchor": True,
        "properties": {"node": {"$recursiveRef": "#", "unevaluatedProperties": False}, "a": True},
    }
    draft = jsonschema.Draft201909Validator
    assert errors(document, {"node": {"a": 1, "node": {"a": 2}}}, draft=draft) == []
    assert errors(document, {"node": {"b": 1}}, draft=draft) == [(["node", "b"], "is not a property of the schema")]


@pytest.mark.parametrize(
    ("number", "factor", "valid"),
    [
        (19.99, 0.01, True),
        (0.07, 0.01, True),
        (19.995, 0.01, False),
        (10**400, 10, True),
        (10**400 + 1, 10, False),
        (1e308, 1e-308, True),
        (1e308, 0.123456789, False),
        (-4.5, 1.5, True),
        (True, 2, True),
    ],
)
def test_multiples_are_those_of_the_numbers_as_written(number, factor, valid):
    assert (errors({"multipleOf": factor}, number) == []) == valid


json_values = st.recursive(
    st.sampled_from([None, True, False, 0, 1, 1.0, "", "1", 2**60]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=8,
)


@given(st.lists(json_values, max_size=6))
@example([1, True])
@example([1, 1.0])
@example([[1], [True]])
@example([{"a": 0, "b": []}, {"b": [], "a": 0.0}])
@example([["object"], {}])
def test_items_are_equal_where_the_library_says_so(value):
    document = {"uniqueItems": True}
    assert (errors(document, value) == []) == jsonschema.Draft202012Validator(document).is_valid(value)


def test_each_repeated_item_is_reported():
    assert errors({"uniqueItems": True}, ["a", "b", "a", "a"]) == [([2], "is there twice"), ([3], "is there twice")]
