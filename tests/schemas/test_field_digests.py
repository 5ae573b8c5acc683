"""What each field is asked by: what changes the hash of one, of all, or of none."""

from typing import Annotated

import pytest
from pydantic import BaseModel, Field, create_model

from slotfill import Example, Schema
from slotfill.schemas import Merge, resolve
from slotfill.schemas.field_digests import FieldDigests, digest_fields


class Address(BaseModel):
    """Where it is."""

    street: str
    city: str


class Order(BaseModel):
    """Read the order."""

    item: str = Field(description="What was ordered.")
    count: int
    address: Address | None = None


BASE = Schema(Order).digests


def order(**fields):
    """Make the order's schema with other fields."""
    own = {name: (info.annotation, info) for name, info in Order.model_fields.items()}
    return Schema(create_model("Order", __doc__=Order.__doc__, **(own | fields)))


def changed(schema):
    """Name the fields that are asked by something else, and the parts of the whole that are."""
    now = schema.digests
    keys = {key for key in {*BASE.fields, *now.fields} if BASE.fields.get(key) != now.fields.get(key)}
    return keys | {name for name in ("instructions", "whole") if getattr(BASE, name) != getattr(now, name)}


class OtherAddress(BaseModel):
    """Where it is."""

    street: str
    city: str
    country: str


OtherAddress.__name__ = OtherAddress.__qualname__ = "Address"


@pytest.mark.parametrize(
    ("schema", "keys"),
    [
        (order(), set()),
        (Schema(Order, name="another_name"), set()),
        (order(note=(str | None, None)), {"note"}),
        (order(item=(str, Field(description="Which thing was ordered."))), {"item"}),
        (order(count=(int | None, None)), {"count"}),
        (order(count=(int, 1)), {"count"}),  # it is not required any more
        (order(address=(OtherAddress | None, None)), {"address"}),  # what it refers to
        (order(item=(Annotated[str, Merge("last")], Field(description="What was ordered."))), set()),
        (Schema(Order, instructions="Read what was ordered."), {"instructions"}),
        (Schema(Order, examples=[Example("A lamp.", {"item": "lamp", "count": 1})]), {"item", "count", "address"}),
        (
            Schema(create_model("Order", __doc__=Order.__doc__, item=(str, Order.model_fields["item"]))),
            {"count", "address"},
        ),
    ],
)
def test_a_field_has_another_hash_where_it_is_asked_by_something_else(schema, keys):
    assert changed(schema) == keys


def test_an_example_that_gains_a_field_changes_that_one_alone():
    before = Schema(Order, examples=[Example("Two lamps.", {"item": "lamp", "count": 2})])
    after = order(note=(str | None, None))
    after = Schema(after.model, examples=[Example("Two lamps.", {"item": "lamp", "count": 2, "note": None})])
    fields = after.digests.fields
    assert {key for key in fields if before.digests.fields.get(key) != fields[key]} == {"note"}


def test_a_field_that_need_not_be_there_any_more_is_asked_by_something_else():
    base = {"type": "object", "properties": {"item": {"type": "string"}, "count": {"type": "integer"}}}
    both, one = (resolve({**base, "required": keys}).digests.fields for keys in (["item", "count"], ["item"]))
    assert (both["item"] == one["item"], both["count"] == one["count"]) == (True, False)


def test_of_a_value_that_is_no_object_the_whole_counts():
    words, numbers = resolve({"type": "array", "items": {"type": "string"}}), resolve({"type": "array", "items": {}})
    assert words.digests.fields == {}
    assert words.digests.whole != numbers.digests.whole


def test_what_refers_to_itself_ends():
    schema = resolve(
        {"type": "object", "properties": {"name": {"type": "string"}, "children": {"items": {"$ref": "#"}}}}
    )
    other = resolve(
        {"type": "object", "properties": {"name": {"type": "integer"}, "children": {"items": {"$ref": "#"}}}}
    )
    assert schema.digests.fields["children"] != other.digests.fields["children"]


def test_what_a_reference_leads_to_by_another_one_counts() -> None:
    def digests(kind: str) -> FieldDigests:
        definitions = {"line": {"$ref": "#/$defs/price"}, "price": {"type": kind}}
        properties = {"line": {"$ref": "#/$defs/line"}, "name": {"type": "string"}}
        return digest_fields({"type": "object", "properties": properties, "$defs": definitions}, ())

    one, other = digests("number"), digests("string")
    assert {key for key in one.fields if one.fields[key] != other.fields[key]} == {"line"}
