"""A part of a value may lack what the whole must have; what it has is judged by the model's own types and code."""

from datetime import date
from typing import Annotated

import pytest
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WrapValidator,
    create_model,
    field_validator,
    model_validator,
)

from slotfill.extractors.chunks.schema_relaxing import relax_for_chunk
from slotfill.schemas.errors import InvalidError
from slotfill.schemas.part_schema import PartSchema
from slotfill.schemas.schema import Schema


class Sale(BaseModel):
    name: str
    day: date
    price: int

    @field_validator("price")
    @classmethod
    def is_even(cls, price):
        if price % 2:
            raise ValueError("is odd")
        return price

    @model_validator(mode="after")
    def is_dear_enough(self):
        if self.price < len(self.name):
            raise ValueError("is too cheap for its name")
        return self


class Shop(BaseModel):
    street: str
    since: date
    hours: list[int]
    next_door: "Shop | None" = None


class Report(BaseModel):
    model_config = ConfigDict(validate_default=True)

    title: str
    seen: date = date(2026, 1, 1)
    written: date
    shop: Shop
    sales: Annotated[list[Sale], Field(min_length=2)]

    @model_validator(mode="before")
    @classmethod
    def unnest(cls, data):
        return {**data, "title": data["head"]["title"]} if "head" in data else data

    @model_validator(mode="after")
    def adds_up(self):
        if len(self.sales) < 3:
            raise ValueError("has too few sales")
        return self

    @field_validator("sales")
    @classmethod
    def are_many(cls, sales):
        if len(sales) < 3:
            raise ValueError("are too few")
        return sales


SALE = {"name": "lamp", "day": "2026-03-03", "price": 4}
WHOLE = Schema(Report)
CHUNK = PartSchema(WHOLE, relax_for_chunk(WHOLE.json_schema), nested=True)


@pytest.mark.parametrize(
    "value",
    [
        {"sales": []},
        {"sales": [SALE]},
        {"sales": [SALE], "title": "x", "written": "2026-01-01"},
        {"sales": [], "shop": {"hours": []}},
        {"sales": [], "shop": {"street": "x", "hours": [1], "next_door": {"hours": [], "since": "2026-01-01"}}},
    ],
    ids=str,
)
def test_a_chunk_may_lack_what_the_whole_must_have(value):
    CHUNK.load(value)
    with pytest.raises(InvalidError):
        WHOLE.load(value)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({}, "/sales"),
        ({"sales": [], "written": "June 2"}, "/written"),
        ({"sales": [], "written": "2026"}, "/written"),
        ({"sales": [SALE | {"day": "June 2"}]}, "/sales/0/day"),
        ({"sales": [SALE | {"price": 5}]}, "/sales/0/price"),
        ({"sales": [SALE | {"price": 2}]}, "/sales/0"),
        ({"sales": [{"name": "lamp", "price": 4}]}, "/sales/0/day"),
        ({"sales": [], "shop": {"street": "x"}}, "/shop/hours"),
        ({"sales": [], "shop": {"hours": [], "since": "2026"}}, "/shop/since"),
        ({"sales": [], "shop": {"hours": [], "next_door": {"street": "x"}}}, "/shop/next_door/hours"),
        ({"sales": [], "Title": "x"}, "/Title"),
    ],
    ids=str,
)
def test_what_a_chunk_has_is_judged_by_the_models_own_types(value, path):
    with pytest.raises(InvalidError) as caught:
        CHUNK.load(value)
    assert [error.path for error in caught.value.errors] == [path]


def test_a_group_of_fields_is_as_strict_as_the_whole_below_them():
    group = PartSchema(WHOLE, {"type": "object", "properties": {}, "required": ["title"]})
    assert group.load({"title": "x"})
    for value, path in (({}, "/title"), ({"title": "x", "shop": {"street": "y", "hours": []}}, "/shop/since")):
        with pytest.raises(InvalidError) as caught:
            group.load(value)
        assert [error.path for error in caught.value.errors] == [path]


def after_start(end, info):
    if "start" in info.data and end <= info.data["start"]:
        raise ValueError("is not after start")
    return end


def after_its_start(end, info):
    if end <= info.data["start"]:
        raise ValueError("is not after start")
    return end


@pytest.mark.parametrize(
    "validator",
    [
        AfterValidator(after_start),
        AfterValidator(after_its_start),
        WrapValidator(lambda value, handler, info: after_its_start(handler(value), info)),
        PlainValidator(
            lambda value, info: after_its_start(date.fromisoformat(value), info), json_schema_input_type=str
        ),
        BeforeValidator(lambda value, info: f"{after_its_start(date.fromisoformat(value), info)}"),
    ],
)
def test_a_validator_that_looks_at_what_a_chunk_lacks_judges_the_whole_alone(validator):
    stay = create_model("Stay", start=(date, ...), end=(Annotated[date, validator], ...), rate=(int, 1))
    trip = Schema(create_model("Trip", stay=(stay, ...)))
    for whole, wrap in ((Schema(stay), lambda value: value), (trip, lambda value: {"stay": value})):
        chunk = PartSchema(whole, relax_for_chunk(whole.json_schema), nested=True)
        assert chunk.load(wrap({"end": "2026-03-03"}))
        assert chunk.load(wrap({"start": "2026-03-01", "end": "2026-03-03"}))
        for schema in (chunk, whole):
            with pytest.raises(InvalidError, match="is not after start"):
                schema.load(wrap({"start": "2026-03-03", "end": "2026-03-01"}))
