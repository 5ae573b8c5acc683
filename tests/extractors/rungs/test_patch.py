"""The patch: the schema pruned to what failed, its keys unchanged, and the reply put where it belongs."""

from __future__ import annotations

import copy
import json
from typing import Annotated, Any, Literal

import pytest
from examples import examples
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ConfigDict, Field, model_validator

from slotfill.extractors.rungs.patch import patch_for
from slotfill.schemas import Entities, Feedback, FieldError, InvalidError, Schema, Sentiment
from slotfill.schemas.json_values.pointer import follow
from slotfill.schemas.strategies import NearMiss, instances, near_misses


class Card(BaseModel):
    kind: Literal["card"]
    number: int


class Cash(BaseModel):
    kind: Literal["cash"]
    coins: dict[str, int]


class Address(BaseModel):
    model_config = ConfigDict(extra="forbid")

    street: str
    zip: Annotated[str, Field(pattern="^[0-9]{5}$")]


class Order(BaseModel):
    """An order."""

    customer: str
    address: Address
    items: list[Annotated[int, Field(ge=1)]]
    payment: Annotated[Card | Cash, Field(discriminator="kind")]
    notes: dict[str, Address]
    either: int | Address


GOOD: dict[str, Any] = {
    "customer": "Ada",
    "address": {"street": "Main St", "zip": "12345"},
    "items": [1, 2, 3],
    "payment": {"kind": "cash", "coins": {"ten": 2}},
    "notes": {"a/b": {"street": "x", "zip": "00000"}},
    "either": {"street": "y", "zip": "11111"},
}
SCHEMA = Schema(Order)


def errors_of(schema: Schema[Any], data: Any) -> tuple[FieldError, ...]:
    try:
        schema.validate(json.dumps(schema.wrap(data)))
    except InvalidError as error:
        return error.errors
    raise AssertionError("it validates")


def spoilt(change: Any) -> Any:
    data = copy.deepcopy(GOOD)
    change(data)
    return data


CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "a field": (lambda d: d.update(customer=1), {"customer": "Ada"}),
    "a missing field": (lambda d: d.pop("customer"), {"customer": "Ada"}),
    "a nested field": (lambda d: d["address"].update(zip="1"), {"address": {"zip": "12345"}}),
    "an item": (lambda d: d["items"].__setitem__(1, 0), {"items": {"1": 2}}),
    "two items": (
        lambda d: (d["items"].__setitem__(0, 0), d["items"].__setitem__(2, 0)),
        {"items": {"0": 1, "2": 3}},
    ),
    "the meant alternative": (
        lambda d: d["payment"]["coins"].update(ten="many"),
        {"payment": {"coins": {"ten": 2}}},
    ),
    "a tag": (lambda d: d["payment"].update(kind="gold"), {"payment": {"kind": "cash", "coins": {"ten": 2}}}),
    "a value of a dictionary": (
        lambda d: d["notes"]["a/b"].update(zip="x"),
        {"notes": {"a/b": {"zip": "00000"}}},
    ),
    "a missing field of a dictionary's value": (
        lambda d: d["notes"]["a/b"].pop("zip"),
        {"notes": {"a/b": {"zip": "00000"}}},
    ),
    "several": (
        lambda d: (d.update(customer=None), d["address"].update(street=3)),
        {"customer": "Ada", "address": {"street": "Main St"}},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_only_what_failed_is_asked_for_and_put_back(case: str) -> None:
    change, reply = CASES[case]
    data = spoilt(change)
    before = copy.deepcopy(data)
    patch = patch_for(SCHEMA.json_schema, data, errors_of(SCHEMA, data))
    assert patch is not None
    Draft202012Validator(patch.wire.full).validate(reply)
    asked = {key for key, part in patch.wire.full["properties"].items() if part}
    assert asked == set(reply)
    assert patch.merge(data, reply) == GOOD
    assert data == before


def test_a_union_without_a_tag_is_asked_for_as_it_is() -> None:
    data = spoilt(lambda d: d.update(either="x"))
    patch = patch_for(SCHEMA.json_schema, data, errors_of(SCHEMA, data))
    assert patch is not None
    assert "anyOf" in patch.wire.full["properties"]["either"]


def test_nothing_else_of_the_reply_is_looked_at() -> None:
    data = spoilt(lambda d: d.update(customer=1))
    patch = patch_for(SCHEMA.json_schema, data, errors_of(SCHEMA, data))
    assert patch is not None
    assert patch.merge(data, {"customer": "Ada", "items": [], "address": {"zip": "9"}}) == GOOD
    assert patch.merge(data, {"items": []}) == data
    assert patch.merge(data, []) == data


class Range(BaseModel):
    low: int
    high: int

    @model_validator(mode="after")
    def _in_order(self) -> Range:
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


class Ranges(BaseModel):
    ranges: list[Range]


def test_a_validator_of_the_whole_names_no_part() -> None:
    data = {"low": 2, "high": 1}
    assert patch_for(Schema(Range).json_schema, data, errors_of(Schema(Range), data)) is None
    data = {"ranges": [{"low": 2, "high": 1}, {"low": 1, "high": 1}]}
    schema = Schema(Ranges)
    patch = patch_for(schema.json_schema, data, errors_of(schema, data))
    assert patch is not None
    assert patch.places == (("ranges", 0),)


def test_a_field_that_nobody_asked_for_cannot_be_asked_for() -> None:
    data = spoilt(lambda d: d["address"].update(note="x"))
    assert patch_for(SCHEMA.json_schema, data, errors_of(SCHEMA, data)) is None


def test_a_list_at_the_root_is_patched_by_index() -> None:
    json_schema = {"type": "array", "items": {"type": "integer"}}
    patch = patch_for(json_schema, [1, "x"], (FieldError("/1", "no integer"),))
    assert patch is not None
    assert patch.wire.full["required"] == ["1"]
    assert patch.merge([1, "x"], {"1": 2}) == [1, 2]


def test_a_list_is_taken_where_its_items_were_asked_for() -> None:
    schema = {"type": "object", "properties": {"rows": {"type": "array", "items": {"type": "integer"}}}}
    data = {"rows": [1, "x", 3, "y"]}
    patch = patch_for(schema, data, [FieldError("/rows/1", ""), FieldError("/rows/3", "")])
    assert patch
    assert patch.merge(data, {"rows": {"1": 2, "3": 4}}) == {"rows": [1, 2, 3, 4]}
    assert patch.merge(data, {"rows": [2, 4]}) == {"rows": [1, 2, 3, 4]}
    assert patch.merge(data, {"rows": [9, 2, 9, 4]}) == {"rows": [1, 2, 3, 4]}
    assert patch.merge(data, {"rows": [2, 3, 4]}) == data


def test_a_schema_that_refers_to_its_root_is_asked_for_as_a_whole() -> None:
    json_schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "child": {"$ref": "#"}},
        "required": ["name"],
    }
    assert patch_for(json_schema, {"name": "x", "child": 3}, (FieldError("/child", "no object"),)) is None
    assert patch_for(json_schema, {"name": 1}, (FieldError("/name", "no string"),)) is not None


@pytest.mark.parametrize("model", [Sentiment, Feedback, Entities, Order])
def test_the_patch_of_any_near_miss_makes_it_valid_again(model: Any) -> None:
    schema = Schema(model)

    @examples(60, suppress_health_check=list(HealthCheck))
    @given(near_misses(schema), st.data())
    def check(miss: NearMiss, data: st.DataObject) -> None:
        errors = errors_of(schema, miss.value)
        patch = patch_for(schema.json_schema, miss.value, errors)
        if patch is None:
            assert miss.constraint in ("additionalProperties", "validator") or not miss.path
            return
        reply = data.draw(instances(patch.wire.full))
        merged = patch.merge(miss.value, reply)
        schema.validate(json.dumps(merged))
        for place in _others(miss.value, patch.places):
            assert follow(place, merged) == follow(place, miss.value)

    check()


def _others(data: dict[str, Any], places: tuple[tuple[str | int, ...], ...]) -> list[str]:
    return [f"/{key}" for key in data if key not in {place[0] for place in places}]
