import json
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import jsonschema
import pytest
from annotated_types import Gt
from checkout import FIXTURES
from examples import examples
from hypothesis import Phase, given
from hypothesis import strategies as st
from pydantic import AnyUrl, BaseModel, ConfigDict, Field, Json, RootModel, field_validator, model_validator

from slotfill.schemas import Entities, Feedback, Sentiment, Summary
from slotfill.schemas.errors import SchemaError
from slotfill.schemas.json_schema.response_model import response_model
from slotfill.schemas.schema import Schema
from slotfill.schemas.strategies.instances import instances, wire_instances
from slotfill.schemas.verbatim import Verbatim
from slotfill.schemas.wire.wire import wire_of

SHAPES = sorted((FIXTURES / "shapes").glob("*.json"))
few = examples(20)
refused = examples(20, phases=[Phase.generate])  # an error that is wanted needs no smallest example


class Size(Enum):
    SMALL = "s"
    LARGE = 2


class Tree(BaseModel):
    label: str
    children: list["Tree"] = []
    parent: "Tree | None" = None


class Typed(BaseModel):
    model_config = ConfigDict(extra="forbid")

    born: Annotated[date, Gt(date(2000, 1, 1))]
    id: UUID
    price: Decimal = Field(ge=0, max_digits=6, decimal_places=2)
    size: Size
    kind: Literal["a", 1] | None
    tags: set[str]
    pair: tuple[int, str]
    page: AnyUrl
    raw: Json[Any]
    notes: dict[str, list[int]]
    other: Any
    code: str = Field(pattern=r"\A[A-Z]{2}\d+\z")
    aliased: int = Field(alias="the-alias")


class EvenNumbers(RootModel[list[int]]):
    @field_validator("root")
    @classmethod
    def _are_even(cls, numbers: list[int]) -> list[int]:
        if any(number % 2 for number in numbers):
            raise ValueError("odd")
        return numbers


class Span(BaseModel):
    first: int
    last: int

    @model_validator(mode="after")
    def _is_forward(self) -> "Span":
        if self.first > self.last:
            raise ValueError("backwards")
        return self


class Password(BaseModel):
    text: str

    @field_validator("text")
    @classmethod
    def _is_it(cls, text: str) -> str:
        if text != "open sesame":
            raise ValueError("wrong")
        return text


MODELS = [Entities, Feedback, Sentiment, Summary, Tree, Typed, EvenNumbers, Span]
SOURCES = [
    *(pytest.param(model, id=model.__name__) for model in MODELS),
    *(pytest.param(json.loads(path.read_text()), id=path.stem) for path in SHAPES),
]
DOCUMENT = "Ana: it is fine.\r\n\r\nBut 12 of 13 came late, на неделю."


def schema_of(source):
    return Schema(response_model(source, name="test") if isinstance(source, dict | bool) else source)


def each(strategy, check, how=few):
    """Check each of what a strategy gives: not one may raise."""

    @how
    @given(strategy)
    def checked(value):
        check(value)

    checked()


def drawn(strategy, count=100):
    values = []
    each(strategy, values.append, examples(count))
    return values


@pytest.mark.sweep
@pytest.mark.parametrize("source", SOURCES)
def test_every_instance_validates(source):
    schema = schema_of(source)
    each(instances(source), lambda value: schema.validate(json.dumps(schema.wrap(value))))


@pytest.mark.sweep
@pytest.mark.parametrize("source", [source for source in SOURCES if source.id != "Typed"])  # it has a pattern of Rust's
def test_every_wire_instance_is_what_the_service_lets_through(source):
    schema = schema_of(source)
    wire = wire_of(schema.json_schema, wrapped=schema.wrapped)
    travelling = wire.full if wire.reduced is None else wire.reduced
    validator = jsonschema.Draft202012Validator(travelling)
    each(wire_instances(source), lambda value: validator.validate(schema.wrap(value)))


def test_wire_instances_of_a_model_with_a_pattern_of_rusts_are_found():
    assert all(isinstance(value["code"], str) for value in drawn(wire_instances(Typed), 5))


def test_wire_instances_may_break_what_the_service_does_not_check():
    assert any(not 1 <= value["urgency"] <= 5 for value in drawn(wire_instances(Feedback)))


@pytest.mark.parametrize("source", [Sentiment, json.loads(SHAPES[10].read_text()), {"format": "verbatim"}])
def test_with_a_document_verbatim_strings_quote_it(source):
    schema = schema_of(source)
    each(
        instances(source, document=DOCUMENT),
        lambda value: schema.validate(json.dumps(schema.wrap(value)), document=DOCUMENT),
    )


class Quote(BaseModel):
    quote: Annotated[Verbatim, Field(min_length=2, max_length=9)]


@few
@given(instances(Quote, document=DOCUMENT))
def test_a_quote_keeps_to_its_length(value):
    assert value["quote"] in DOCUMENT
    assert 2 <= len(value["quote"]) <= 9


def test_an_empty_document_has_no_quotes():
    with pytest.raises(SchemaError, match="no instance of schema 'quote' was found"):
        each(instances(Quote, document=" \n"), lambda value: value, refused)


@few
@given(st.data())
def test_values_are_plain_json_that_can_travel(data):
    value = data.draw(instances(True))
    assert json.loads(json.dumps(value, allow_nan=False, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize(
    "source",
    [
        False,
        {"not": {}},
        {"type": "string", "enum": [1]},
        {"required": ["a"]} | {"properties": {"a": False}, "type": "object"},
    ],
)
def test_a_schema_that_accepts_nothing_is_an_error(source):
    with pytest.raises(SchemaError, match="no instance of schema 'schema' was found: it seems to accept nothing"):
        instances(source)


def test_a_value_that_nobody_finds_is_an_error_that_says_what_to_do():
    with pytest.raises(SchemaError, match="no instance of schema 'password' was found in 20 draws: pass a strategy"):
        each(instances(Password), lambda value: value, refused)


def test_a_value_that_the_schema_mentions_is_found():
    class Known(Password):
        model_config = ConfigDict(json_schema_extra={"examples": [{"text": "open sesame"}]})

    assert {"text": "open sesame"} in drawn(instances(Known), 5)


def test_resources_of_a_model_are_found():
    model = response_model(
        {"$ref": "https://example.com/x"}, name="x", resources={"https://example.com/x": {"const": [1]}}
    )
    assert drawn(instances(model)) == drawn(wire_instances(model)) == [[1]]


def depth(tree):
    return 1 + max(map(depth, tree.get("children", [])), default=0)


def test_recursion_goes_deep_and_ends():
    depths = {depth(value) for value in drawn(instances(Tree), 200)}
    assert 3 <= max(depths) <= 24


def instance_of(document):
    return drawn(instances(response_model(document, name="x")), 3)[0]


DRAFT_4 = "http://json-schema.org/draft-04/schema#"


def test_the_booleans_of_draft_4_are_read_as_it_has_them():
    document = {
        "$schema": DRAFT_4,
        "type": "object",
        "properties": {"share": {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 1}},
        "required": ["share"],
        "additionalProperties": False,
    }
    assert set(instance_of(document)) == {"share"}
    assert instance_of({**document, "additionalProperties": True})
    assert instance_of(
        {"$schema": DRAFT_4, "type": "array", "items": [{"type": "null"}], "additionalItems": False}
    ) in (
        [],
        [None],
    )


@pytest.mark.parametrize(
    "document",
    [
        {"type": "string", "pattern": r"^[\w.-]+@[\d\s_]+$"},
        {"type": "string", "pattern": r"^[^\s\d]{2}[\S]$"},
        {"type": "string", "pattern": r"^\p{Lu}[\p{L}\p{N}]*$"},
        {"type": "string", "format": "email", "maxLength": 12},
        {"type": "string", "format": "uuid", "pattern": "-"},
        {"type": "string", "format": "uri", "pattern": "^https://"},
        {"type": "string", "format": "uri", "pattern": "^ftp://", "minLength": 6},
        {"type": "string", "format": "date", "pattern": "^20[0-9]{2}-0[1-9]-[0-2][1-8]$"},
        {
            "type": "object",
            "minProperties": 2,
            "properties": {"a": {}, "b": {}, "c": {}},
            "additionalProperties": False,
        },
    ],
)
def test_what_is_said_of_one_value_goes_together(document):
    assert drawn(instances(response_model(document, name="x")), 5)


def test_a_schema_of_many_definitions_is_not_walked_as_a_whole():
    names = [f"d{at}" for at in range(25)]
    every = {name: {"$ref": f"#/$defs/{name}"} for name in names}
    definition = {
        "type": "object",
        "properties": {**every, "all": {"type": "array", "items": {"anyOf": [*every.values()]}}},
    }
    # Walked as a whole it would take longer than the suite's time-out.
    assert instance_of({**definition, "$defs": dict.fromkeys(names, definition)}) is not None


@pytest.mark.parametrize(
    "asked",
    [
        {"type": "array", "minItems": 1e30},
        {"type": "array", "minItems": 100, "items": {"type": "array", "minItems": 100}},
        {"type": "object", "minProperties": 1e30},
        {"type": "string", "minLength": 100_000_000},
    ],
)
def test_what_must_hold_too_much_is_told_at_once(asked):
    with pytest.raises(SchemaError, match="over 2,000 parts: too many to make up"):
        instances(asked)
