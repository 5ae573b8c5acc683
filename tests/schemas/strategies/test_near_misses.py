import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from checkout import FIXTURES
from examples import examples
from hypothesis import given, seed
from pydantic import BaseModel, field_validator, model_validator

from slotfill.schemas import Entities, Feedback, Sentiment, Summary
from slotfill.schemas.errors import InvalidError, SchemaError
from slotfill.schemas.json_schema.response_model import response_model
from slotfill.schemas.json_values.pointer import join
from slotfill.schemas.schema import Schema
from slotfill.schemas.strategies.near_misses import near_misses

SHAPES = [
    path
    for path in sorted((FIXTURES / "shapes").glob("*.json"))
    if path.stem != "23-anything"  # it refuses nothing
]
DOCUMENT = "Ana: it is fine.\r\n\r\nBut 12 of 13 came late, на неделю."


class Visit(BaseModel):
    day: date
    guests: int

    @field_validator("guests")
    @classmethod
    def _is_no_crowd(cls, guests: int) -> int:
        if guests > 20:
            raise ValueError("a crowd")
        return guests


MODELS = [Entities, Feedback, Sentiment, Summary, Visit]
SOURCES = [
    *(pytest.param(model, id=model.__name__) for model in MODELS),
    *(pytest.param(path, id=path.stem) for path in SHAPES),
]


def refused_at(schema, value, document=None):
    with pytest.raises(InvalidError) as caught:
        schema.validate(json.dumps(schema.wrap(value)), document=document)
    return {error.path for error in caught.value.errors}


def drawn(strategy, count=100, start=0):
    """Draw near misses; the same ones for the same start, where the code that is loaded is the same."""
    misses = []

    @seed(start)
    @examples(count)
    @given(strategy)
    def collect(miss):
        misses.append(miss)

    collect()
    return misses


@cache
def drawn_of_shape(path):
    """Draw of a shape, for two tests that look at the same near misses."""
    return drawn(near_misses(json.loads(path.read_text())), 20)


def drawn_of(constraint, strategy):
    """Draw the near misses of one constraint; what is rare may be missing from one draw of 300, never from nine."""
    draws = ([miss for miss in drawn(strategy, 300, start) if miss.constraint == constraint] for start in range(9))
    return next(filter(None, draws), [])


@pytest.mark.sweep
@pytest.mark.parametrize("source", SOURCES)
def test_every_near_miss_fails_at_its_label(source):
    is_shape = isinstance(source, Path)
    schema = Schema(response_model(json.loads(source.read_text()), name="test") if is_shape else source)
    for miss in drawn_of_shape(source) if is_shape else drawn(near_misses(source), 20):
        paths = refused_at(schema, miss.value)
        assert any(miss.path == path or miss.path.startswith(f"{path}/") for path in paths)


def leaves(error):
    """Give the reasons behind a finding of the library, as pairs of path and keyword, those of all alternatives too."""
    path, keyword = join(error.absolute_path), error.validator
    yield path, keyword
    if keyword == "required":
        yield from ((path + join((key,)), keyword) for key in error.validator_value)
    if keyword in ("additionalProperties", "unevaluatedProperties"):
        yield from ((path + join((key,)), keyword) for key in error.instance)
    if keyword == "uniqueItems":
        yield from ((path + join((at,)), keyword) for at in range(len(error.instance)))
    for inner in error.context:
        yield from leaves(inner)


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in SHAPES])
def test_the_library_itself_finds_that_keyword_broken_there(path):
    document = json.loads(path.read_text())
    formats = response_model(document, name="x").validator.format_checker  # the library's own lacks most
    validator = jsonschema.validators.validator_for(document)(document, format_checker=formats)
    for miss in drawn_of_shape(path):
        told = {leaf for error in validator.iter_errors(miss.value) for leaf in leaves(error)}
        assert (miss.path, miss.constraint) in told


def test_constraints_of_all_kinds_are_broken():
    constraints = {miss.constraint for miss in drawn(near_misses(Feedback), 400)}
    assert constraints >= {
        *("required", "additionalProperties", "type", "enum", "minimum", "maximum"),
        *("minLength", "maxLength", "maxItems"),
    }


def only(document):
    return {(miss.path, miss.constraint) for miss in drawn(near_misses(document), 60)}


@pytest.mark.parametrize(
    ("document", "labels"),
    [
        ({"const": "on"}, {("", "const")}),
        ({"type": "string", "pattern": "^[a-z]+$"}, {("", "type"), ("", "pattern")}),
        ({"type": "integer", "multipleOf": 4}, {("", "type"), ("", "multipleOf")}),
        ({"type": "array", "uniqueItems": True, "minItems": 2}, {("", "type"), ("", "minItems")}),
        ({"type": "object", "minProperties": 1}, {("", "type"), ("", "minProperties")}),
        ({"type": "object", "maxProperties": 1}, {("", "type"), ("", "maxProperties")}),
        ({"type": "object", "propertyNames": {"pattern": "^a$"}}, {("", "type"), ("", "pattern")}),
        ({"type": "array", "contains": {"const": 1}}, {("", "type"), ("", "contains")}),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, {("", "anyOf")}),
        ({"not": {"type": "string"}}, {("", "not")}),
        ({"type": "object", "properties": {"a": {"type": "integer"}}}, {("", "type"), ("/a", "type")}),
    ],
)
def test_each_keyword_has_its_near_misses(document, labels):
    found = only(document)
    assert labels <= {(path, constraint) for path, constraint in found}


def test_a_near_miss_breaks_one_constraint_and_no_other():
    document = {"type": "string", "enum": ["a", "b"], "maxLength": 1}
    misses = drawn(near_misses(document), 60)
    assert {miss.constraint for miss in misses} == {"enum"}
    assert all(len([*jsonschema.Draft202012Validator(document).iter_errors(miss.value)]) == 1 for miss in misses)


def test_a_part_that_may_never_be_there_breaks_no_keyword():
    labels = only({"type": "object", "properties": {"a": False, "b": {"const": 1}}})
    assert labels == {("", "type"), ("/b", "const")}


class Swapped(BaseModel):
    first: int
    last: int

    @model_validator(mode="before")
    @classmethod
    def _swap(cls, data: Any) -> Any:
        return {"first": data.get("last"), "last": data.get("first")} if isinstance(data, dict) else data


def test_what_the_model_refuses_elsewhere_is_no_near_miss():
    assert {miss.path for miss in drawn(near_misses(Swapped), 60)} == {""}


def test_a_duplicate_is_labelled_with_its_own_place():
    document = {"type": "array", "items": {"enum": ["a", "b"]}, "uniqueItems": True}
    places = {miss.path for miss in drawn(near_misses(document)) if miss.constraint == "uniqueItems"}
    assert places
    assert "" not in places


def test_with_a_document_a_made_up_quote_is_a_near_miss():
    misses = drawn_of("format", near_misses(Sentiment, document=DOCUMENT))
    assert misses
    for miss in misses:
        assert miss.path.startswith("/key_phrases/")
        assert refused_at(Schema(Sentiment), miss.value, DOCUMENT) == {miss.path}


def test_what_only_the_type_of_a_model_refuses_breaks_its_format():
    assert "/day" in {miss.path for miss in drawn_of("format", near_misses(Visit))}


def test_what_only_a_validator_refuses_is_called_so():
    class Counted(BaseModel):
        count: Any

        @field_validator("count")
        @classmethod
        def _is_in_figures(cls, count: Any) -> Any:
            if count == "seven":
                raise ValueError("write 7")
            return count

    assert ("/count", "validator") in {(miss.path, miss.constraint) for miss in drawn(near_misses(Counted), 300)}


@pytest.mark.parametrize(
    "source",
    [
        True,
        *(
            pytest.param(one, marks=pytest.mark.slow)
            for one in ({}, json.loads((FIXTURES / "shapes" / "23-anything.json").read_text()))
        ),
    ],
)
def test_a_schema_that_refuses_nothing_has_none(source):
    with pytest.raises(SchemaError, match="no near miss of schema 'schema' was found in 20 draws"):
        drawn(near_misses(source))
