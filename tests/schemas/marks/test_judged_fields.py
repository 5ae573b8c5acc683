"""Judged fields: which they are, and where a list of passages is put beside them."""

import json
from datetime import date
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from slotfill.schemas import Confidence, Evidence, Verbatim
from slotfill.schemas.marks.evidence import EVIDENCE_KEYWORD
from slotfill.schemas.marks.judged_fields import add_evidence, without_properties
from slotfill.schemas.schema import Schema


class Item(BaseModel):
    quote: Verbatim
    mood: Literal["good", "bad"]


class Review(BaseModel):
    label: Literal["a", "b"]
    labels: list[Literal["a", "b"]]
    grid: list[list[Literal["a", "b"]]]
    by_name: dict[str, bool]
    maybe: Literal["a", "b"] | None = None
    truth: bool
    score: int = Field(ge=1, le=5)
    share: float = Field(gt=0, lt=1)
    summary: str
    points: list[str]
    own: int = Field(ge=1, le=5)
    # None of these is judged.
    why_own: Evidence["own"]
    sure: Confidence["label"]  # noqa: F821 - the name of a field, not of a type
    quote: Verbatim
    quotes: list[Verbatim]
    price: float
    age: int = Field(ge=0)
    day: date
    code: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    kind: Literal["review"]
    items: list[Item]


JUDGED = ("label", "labels", "grid", "by_name", "maybe", "truth", "score", "share", "summary", "points")


def added_to(schema, taken=()):
    document, added = add_evidence(schema, taken)
    return document, added


def test_the_judged_fields_of_a_model_get_a_list_each_at_any_depth():
    document, added = added_to(Schema(Review).json_schema)
    assert added == {f"{key}_evidence" for key in (*JUDGED, "mood")}
    for key in JUDGED:
        part = document["properties"][f"{key}_evidence"]
        assert part[EVIDENCE_KEYWORD] == key
        assert part["items"] == {"type": "string", "format": "verbatim"}
        assert f"`{key}`" in part["description"]
    assert "mood_evidence" in document["$defs"]["Item"]["properties"]


def test_the_lists_stand_behind_the_fields_and_are_required_where_these_are():
    document, _ = added_to(Schema(Review).json_schema)
    assert [*document["properties"]][: len(Review.model_fields)] == [*Review.model_fields]
    assert {key for key in document["required"] if key.endswith("_evidence")} == {
        f"{key}_evidence" for key in JUDGED if key != "maybe"
    }


def test_a_key_that_is_there_is_not_taken():
    schema = {"type": "object", "properties": {"a": {"type": "boolean"}, "a_evidence": {"type": "integer"}}}
    document, added = added_to(schema, ["a_evidence_2"])
    assert added == {"a_evidence_3"}
    assert document["properties"]["a_evidence"] == {"type": "integer"}


def test_long_keys_stay_as_short_as_the_service_takes_and_apart():
    keys = ["k" * 63 + "a", "k" * 63 + "b"]
    document, added = added_to({"type": "object", "properties": {key: {"type": "boolean"} for key in keys}})
    assert len(added) == 2
    assert all(len(key) <= 64 for key in added)
    assert {document["properties"][key][EVIDENCE_KEYWORD] for key in added} == {*keys}


@pytest.mark.parametrize(
    "more",
    [
        {"propertyNames": {"maxLength": 3}},
        {"maxProperties": 1},
        {"patternProperties": {"_evidence": {"type": "integer"}}},
        {"allOf": [{"additionalProperties": False, "properties": {"a": {}}}]},
    ],
)
def test_none_is_added_where_an_object_could_not_hold_it(more):
    schema = {"type": "object", "properties": {"a": {"type": "boolean"}}, **more}
    assert added_to(schema) == (schema, frozenset())


def test_a_tag_that_tells_alternatives_apart_is_a_constant_and_a_choice_of_constants_is_judged():
    choice = {"oneOf": [{"const": "a"}, {"const": "b"}]}
    tagged = {"anyOf": [{"type": "object", "properties": {"kind": {"const": kind}}} for kind in "ab"]}
    _, added = added_to({"type": "object", "properties": {"choice": choice, "tagged": tagged}})
    assert added == {"choice_evidence"}


def test_a_schema_that_refers_to_itself_is_read_once():
    node = {"type": "object", "properties": {"good": {"type": "boolean"}, "next": {"$ref": "#/$defs/node"}}}
    lists = {"type": "array", "items": {"$ref": "#/$defs/list"}}
    document, added = added_to({"$ref": "#/$defs/node", "$defs": {"node": node, "list": lists}})
    assert added == {"good_evidence"}
    assert "good_evidence" in document["$defs"]["node"]["properties"]


@pytest.mark.parametrize("schema", [{}, {"type": "string"}, {"properties": 7}, {"items": True, "anyOf": "x"}])
def test_odd_schemas_are_left_as_they_are(schema):
    assert added_to(schema) == (schema, frozenset())


def test_what_is_added_can_be_taken_out_again():
    schema = Schema(Review).json_schema
    before = json.dumps(schema)
    document, added = added_to(schema)
    assert json.dumps(schema) == before  # it is not changed
    assert without_properties(document, added) == schema
