"""Which schemas the parts of a document can be put together for."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from slotfill.schemas import Confidence, Entities, Feedback, Merge, Sentiment, Summary, resolve
from slotfill.schemas.mergeable import merges_well


class Line(BaseModel):
    sku: str
    amount: int


class Heading(BaseModel):
    number: Annotated[str, Merge("first")]
    date: Annotated[str | None, Merge("first")] = None


class Order(BaseModel):
    kind: Literal["order"] = "order"
    heading: Heading
    priority: Annotated[int, Merge("greatest")]
    sure: Annotated[float, Confidence("priority")]
    lines: list[Line] | None = None
    notes: list[str] = Field(min_length=1)
    amounts: dict[str, int] = {}
    best: Annotated[list[str], Merge("longest"), Field(max_length=3)] = []


class Section(BaseModel):
    sections: list[Section]
    next: Section | None = None


class Titled(Section):
    title: str


class Inner(BaseModel):
    titled: Titled | None = None


class Reply(BaseModel):
    kind: Literal["reply"]
    texts: list[str]


class Either(BaseModel):
    what: Order | Reply


@pytest.mark.parametrize("model", [Entities, Order, Section, Either, "rows [{sku, amount int}], names [str]"])
def test_lists_and_what_says_how_it_is_merged(model: type[BaseModel] | str) -> None:
    assert merges_well(resolve(model).json_schema)


class Rated(BaseModel):
    lines: list[Line]
    rating: Literal["good", "bad"]


class Counted(BaseModel):
    lines: list[Line]
    count: int | None = None


class Pair(BaseModel):
    lines: list[Line]
    between: tuple[int, int]


class Points(BaseModel):
    points: list[str] = Field(max_length=3)


class EitherRated(BaseModel):
    what: Order | Rated


@pytest.mark.parametrize(
    "model",
    [Summary, Sentiment, Feedback, Titled, Inner, Rated, Counted, Pair, Points, EitherRated, "title, lines [str]"],
)
def test_no_judgement_of_the_whole(model: type[BaseModel] | str) -> None:
    assert not merges_well(resolve(model).json_schema)


@pytest.mark.parametrize("schema", [{}, {"type": ["array", "string"]}, {"$ref": "#/$defs/none"}, {"items": [{}, {}]}])
def test_nor_what_may_be_one_value(schema: dict[str, object]) -> None:
    assert not merges_well(schema)


@pytest.mark.parametrize(
    "schema", [{"type": ["array", "null"]}, {"$ref": "#/$defs/a", "$defs": {"a": {"items": {}}}}, {"type": "object"}]
)
def test_as_json_schema_says_it(schema: dict[str, object]) -> None:
    assert merges_well(schema)
