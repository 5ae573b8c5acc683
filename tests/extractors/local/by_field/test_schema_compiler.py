"""What a schema is compiled into."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import pytest
from checkout import FIXTURES
from pydantic import BaseModel

from slotfill.extractors.local.by_field.schema_compiler import compile_schema
from slotfill.extractors.local.strategies import (
    ABSENT,
    NOT_EMPTY,
    Choice,
    Doubt,
    Line,
    MentionList,
    NoPassages,
    RowList,
    Stated,
    Written,
)
from slotfill.schemas import Confidence, Entities, Feedback, Sentiment, Summary
from slotfill.schemas.marks.silent_marks import without_silent_marks


def obj(*optional: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": [key for key in properties if key not in optional],
        "additionalProperties": False,
    }


def strategy(schema: dict[str, Any], *, optional: bool = False) -> Any:
    compiled = compile_schema(obj(*(["x"] if optional else []), x=schema))
    assert compiled is not None
    (field,) = compiled.fields
    assert field.path == ("x",)
    return field.strategy


@pytest.mark.parametrize(
    ("schema", "values", "labels"),
    [
        ({"enum": ["a b", "c"]}, ("a b", "c"), ("a b", "c")),
        ({"const": 3}, (3,), ("3",)),
        ({"type": "boolean"}, (True, False), ("yes", "no")),
        ({"type": "integer", "minimum": 1, "maximum": 3}, (1, 2, 3), ("1", "2", "3")),
        ({"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 4}, (2, 3), ("2", "3")),
        ({"type": "integer", "minimum": 0, "maximum": 10, "multipleOf": 5}, (0, 5, 10), ("0", "5", "10")),
        ({"anyOf": [{"enum": ["a"]}, {"type": "null"}]}, ("a", None), ("a", "none")),
        ({"enum": ["none", None]}, ("none", None), ('"none"', "null")),
        ({"enum": ["a", 4], "type": "string"}, ("a",), ("a",)),
        ({"enum": ["two\nlines"]}, ("two\nlines",), ("two lines",)),
    ],
)
def test_a_few_values_are_a_choice(schema: dict[str, Any], values: tuple[Any, ...], labels: tuple[str, ...]) -> None:
    assert strategy(schema) == Choice(values, labels)


def test_an_optional_choice_may_be_left_out() -> None:
    assert strategy({"enum": ["a"]}, optional=True) == Choice(("a", ABSENT), ("a", "none"))
    assert strategy({"enum": ["none"]}, optional=True) == Choice(("none", ABSENT), ("none", "(none)"))


@pytest.mark.parametrize(
    "schema",
    [
        {"enum": list(range(65))},
        {"type": "string", "pattern": "a"},
        {"type": "string", "minLength": 300},
        {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"oneOf": [{"enum": ["a"]}, {"type": "string"}]},
        {},
    ],
)
def test_the_rest_is_written(schema: dict[str, Any]) -> None:
    assert isinstance(strategy(schema), Written)


DECIMAL = {"anyOf": [{"type": "number"}, {"type": "string"}]}
NULL = {"type": "null"}


@pytest.mark.parametrize(
    ("schema", "kind", "blank"),
    [
        ({"type": "integer", "minimum": 0, "maximum": 11}, "number", NOT_EMPTY),
        ({"type": "number", "minimum": 0, "maximum": 1}, "number", NOT_EMPTY),
        ({"type": "string", "format": "date"}, "date", NOT_EMPTY),
        ({"anyOf": [{"type": "string", "format": "date-time"}, NULL]}, "date-time", None),
        ({"anyOf": [{"type": "number"}, NULL]}, "number", None),
        (DECIMAL, "number", NOT_EMPTY),
        ({"anyOf": [*DECIMAL["anyOf"], NULL]}, "number", None),
    ],
)
def test_numbers_and_dates_are_stated(schema: dict[str, Any], kind: str, blank: Any) -> None:
    stated = strategy(schema)
    assert isinstance(stated, Stated)
    assert (stated.kind, stated.blank) == (kind, blank)
    assert stated.as_text == ({"type": "string"} in schema.get("anyOf", ()))
    assert strategy(schema, optional=True).blank is (None if blank is None else ABSENT)


PASSAGE = {"type": "string", "format": "verbatim", "maxLength": 40}
KIND = {"enum": ["red", "blue"]}


@pytest.mark.parametrize("item", [obj(text=PASSAGE, kind=KIND), obj(name={"type": "string"})])
def test_how_many_entries_a_list_has_is_a_whole_number(item: dict[str, Any]) -> None:
    """JSON Schema takes 3.0 for 3, and no list is cut at 3.0."""
    assert type(strategy({"type": "array", "items": item, "maxItems": 3.0}).most) is int


@pytest.mark.parametrize("bound", [{}, {"maxItems": 3}])
def test_a_list_of_objects_is_rows(bound: dict[str, Any]) -> None:
    item = obj("b", a={"type": "string"}, b={"type": "number"})
    rows = strategy({"type": "array", "items": item, **bound})
    assert isinstance(rows, RowList)
    assert [field.path for field in rows.item] == [("a",), ("b",)]
    assert (rows.blank, rows.most) == (NOT_EMPTY, bound.get("maxItems"))
    assert strategy({"anyOf": [{"type": "array", "items": item}, NULL]}).blank is None


def test_rows_that_hold_themselves_are_written() -> None:
    node = {**obj("all", name={"type": "string"}), "properties": {"name": {"type": "string"}}}
    node["properties"]["all"] = {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/node"}}, NULL]}
    compiled = compile_schema({"$defs": {"node": node}, **obj(x={"type": "array", "items": {"$ref": "#/$defs/node"}})})
    assert compiled is not None
    (field,) = compiled.fields
    assert isinstance(field.strategy, Written)


def test_each_mention_is_listed_where_the_schema_asks_for_mentions() -> None:
    item = obj(text={"type": "string", "format": "verbatim"}, kind={"enum": ["a", "b"]})
    assert not strategy({"type": "array", "items": item}).repeated
    assert strategy({"type": "array", "items": item, "description": "Each mention."}).repeated


@pytest.mark.parametrize(
    ("schema", "line"),
    [
        ({"type": "string", "maxLength": 9}, Line(verbatim=False, many=False, blank=NOT_EMPTY, shortest=1, longest=9)),
        (
            {"type": "string", "format": "verbatim", "minLength": 2},
            Line(verbatim=True, many=False, blank=NOT_EMPTY, shortest=2),
        ),
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
            Line(verbatim=False, many=False, blank=None, shortest=1),
        ),
        (
            {"type": "array", "items": {"type": "string"}},
            Line(verbatim=False, many=True, blank=[], shortest=1),
        ),
        (
            {"type": "array", "items": {"type": "string", "format": "verbatim"}, "minItems": 2, "maxItems": 30},
            Line(verbatim=True, many=True, blank=NOT_EMPTY, shortest=1, fewest=2),
        ),
    ],
)
def test_strings_and_lists_of_them_are_a_line(schema: dict[str, Any], line: Line) -> None:
    assert strategy(schema) == line


def test_an_optional_line_may_be_left_out() -> None:
    assert strategy({"type": "string"}, optional=True).blank is ABSENT


def test_a_list_of_passages_with_labels_is_mentions() -> None:
    sure = {"type": "number", "minimum": 0, "maximum": 1, "x-confidence-of": "kind"}
    found = strategy({"type": "array", "items": obj(text=PASSAGE, kind=KIND, sure=sure), "maxItems": 5})
    choice = Choice(("red", "blue", ABSENT), ("red", "blue", "none"))
    assert found == MentionList("text", "kind", choice, ("sure",), most=5, longest=40, repeated=False)
    more = {"type": "array", "items": obj(text=PASSAGE, kind=KIND, size={"type": "string"})}
    assert isinstance(strategy(more), RowList)


def test_required_objects_are_taken_apart() -> None:
    inner = obj(street={"type": "string"}, town={"type": "string"})
    compiled = compile_schema(obj("spare", address=inner, spare=inner))
    assert compiled is not None
    assert [field.path for field in compiled.fields] == [("address", "street"), ("address", "town"), ("spare",)]
    assert isinstance(compiled.fields[-1].strategy, Written)
    assert compiled.fields[0].heading == "Address street"


def test_a_schema_within_itself_is_written() -> None:
    node = obj("next", name={"type": "string"}, next={"$ref": "#/$defs/node"})
    compiled = compile_schema({**obj(node={"$ref": "#/$defs/node"}), "$defs": {"node": node}})
    assert compiled is not None
    assert [type(field.strategy) for field in compiled.fields] == [Line, Written]


@pytest.mark.parametrize(
    "schema",
    [{"anyOf": [obj(a={"type": "string"})]}, {"type": "object"}, {"type": "array"}, obj() | {"required": ["a"]}],
)
def test_a_root_without_fields_is_not_compiled(schema: dict[str, Any]) -> None:
    assert compile_schema(schema) is None


class Inner(BaseModel):
    kind: bool
    sure: Annotated[float, Confidence("kind")]


class Outer(BaseModel):
    inner: Inner


def test_a_confidence_is_of_its_neighbour() -> None:
    compiled = compile_schema(Outer.model_json_schema())
    assert compiled is not None
    assert [(field.path, type(field.strategy)) for field in compiled.fields] == [
        (("inner", "kind"), Choice),
        (("inner", "sure"), Doubt),
    ]
    assert compiled.fields[1].strategy == Doubt(("inner", "kind"))


def test_the_built_in_schemas() -> None:
    kinds = []
    for model in (Sentiment, Feedback, Entities, Summary):
        compiled = compile_schema(without_silent_marks(model.model_json_schema()))
        assert compiled is not None
        kinds.append([type(field.strategy) for field in compiled.fields])
    assert kinds[0] == [Choice, Doubt, Line, Line]
    assert kinds[1] == [Choice, Line, Choice, Line]
    assert kinds[2] == [MentionList]


@pytest.mark.parametrize("draft", ["draft2020-12", "draft7"])
def test_no_schema_of_the_conformance_suite_breaks_it(shared_data: Path, draft: str) -> None:
    compiled = 0
    for file in (shared_data / "json-schema-test-suite" / draft).rglob("*.json"):
        for case in json.loads(file.read_text("utf-8")):
            if isinstance(case["schema"], dict):
                compiled += compile_schema(case["schema"]) is not None
    assert compiled > 20


def test_most_shapes_are_compiled() -> None:
    files = sorted((FIXTURES / "shapes").glob("[0-9]*.json"))
    compiled = [compile_schema(json.loads(file.read_text("utf-8"))) for file in files]
    assert len(files) == 30
    assert sum(found is not None for found in compiled) >= 15


def test_a_list_of_mentions_that_must_hold_some_is_written() -> None:
    some = {"type": "array", "items": obj(text=PASSAGE, kind=KIND), "minItems": 1}
    assert isinstance(strategy(some), Written)


PASSAGES = {"type": "array", "items": {"type": "string", "format": "verbatim"}, "x-evidence-of": "kind"}


def test_evidence_is_not_asked_for_unless_there_must_be_some() -> None:
    kind = {"enum": ["person", "place"]}
    schema = {"type": "object", "properties": {"kind": kind, "why": PASSAGES}, "required": ["kind", "why"]}
    compiled = compile_schema(schema)
    assert compiled is not None
    assert [field.strategy for field in compiled.fields][1:] == [NoPassages()]
    must = compile_schema({**schema, "properties": {"kind": kind, "why": {**PASSAGES, "minItems": 1}}})
    assert must is not None
    assert isinstance(must.fields[1].strategy, Line)


def test_a_mention_is_its_labels_evidence() -> None:
    properties = {"text": {"type": "string", "format": "verbatim"}, "kind": {"enum": ["person", "place"]}}
    item = {"type": "object", "properties": {**properties, "why": PASSAGES}, "required": ["text", "kind", "why"]}
    schema = {"type": "object", "properties": {"list": {"type": "array", "items": item}}, "required": ["list"]}
    compiled = compile_schema(schema)
    assert compiled is not None
    strategy = compiled.fields[0].strategy
    assert isinstance(strategy, MentionList)
    assert strategy.evidence == ("why",)
