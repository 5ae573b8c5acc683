"""Keys that are not quite those asked for, and the members of unions that objects are meant to be."""

import json

import pytest
from pydantic import BaseModel, Field

from slotfill.extractors.repair.object_keys import likely_key
from slotfill.extractors.repair.repair import repair
from slotfill.schemas.json_schema.response_model import response_model
from slotfill.schemas.schema import Schema


def field(schema, value, mode="safe", *, optional=False, **others):
    """Mend an object of one field, and give the value and the edits of that field."""
    whole = {"type": "object", "properties": {"a": schema}, "additionalProperties": False}
    whole["required"] = [] if optional else ["a"]
    mended = repair(json.dumps({"a": value}), Schema(response_model(whole, name="schema")), mode, **others)
    return mended.data.get("a", "left out"), [(edit.kind, edit.risk) for edit in mended.edits]


NAME, COUNT = {"type": "string"}, {"type": ["integer", "null"]}


def closed(required, **properties):
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


PERSON = closed(["name"], name=NAME, phoneNumber=NAME)
UNION = {"anyOf": [closed(["name"], name=NAME, age=COUNT), closed(["name"], name=NAME, size=COUNT)]}


class TestKeys:
    def test_the_other_keys_of_an_object_are_not_gone_through_for_each(self):
        """A reply of 50,000 keys that nobody asked for took minutes."""

        class Unwalked(dict):
            def __iter__(self):
                raise AssertionError

        value = Unwalked({"Name": "Ada", "age": 36, "other": 1})
        assert likely_key("Name", value, ["name", "age"], {}) == ("name", "low")
        assert likely_key("other", value, ["name", "age"], {}) is None

    @pytest.mark.parametrize("key", ["phone_number", "PhoneNumber", "phone-number", "Phone number", "PHONENUMBER"])
    def test_a_key_of_another_case_is_renamed(self, key):
        value = {"name": "Ada", key: "555"}
        assert field(PERSON, value) == ({"name": "Ada", "phoneNumber": "555"}, [("key", "low")])

    def test_a_required_key_of_another_case_is_renamed(self):
        assert field(PERSON, {"Name": "Ada"}) == ({"name": "Ada"}, [("key", "low")])

    def test_what_nobody_asked_for_goes(self):
        value = {"name": "Ada", "phoneNumber": "555", "fax": "556"}
        assert field(PERSON, value) == ({"name": "Ada", "phoneNumber": "555"}, [("extra", "low")])

    def test_one_key_in_two_cases_is_asked_again_where_the_values_differ(self):
        twice = {"name": "Ada", "Name": "Eve"}
        assert field(PERSON, twice, "bold") == (twice, [])
        assert field(PERSON, {"name": "Ada", "Name": "Ada"}) == ({"name": "Ada"}, [("extra", "low")])
        twins = {"Name": "Ada", "NAME": "Eve"}
        assert "NAME" in field(PERSON, twins, "bold")[0]


class TestModels:
    """Models of Pydantic's default configuration, which drops what it does not know."""

    @pytest.mark.parametrize("key", ["lineItems", "items", "line_items", "LineItems"])
    def test_all_names_of_a_field_are_its_key(self, key):
        class Order(BaseModel):
            items: list[str] = Field(default_factory=list, validation_alias="lineItems")

        mended = repair(json.dumps({key: ["lamp"]}), Schema(Order))
        assert mended.data == {"lineItems": ["lamp"]}
        assert [(edit.kind, edit.risk) for edit in mended.edits] == ([("key", "low")] if key != "lineItems" else [])

    def test_a_key_that_does_not_match_does_not_vanish(self):
        class Person(BaseModel):
            name: str
            phone: str | None = None

        mended = repair('{"name": "Ada", "Phone": "555", "fax": "556"}', Schema(Person))
        assert mended.data == {"name": "Ada", "phone": "555"}
        assert [(edit.path, edit.kind) for edit in mended.edits] == [("/phone", "key"), ("/fax", "extra")]

    def test_null_gives_a_default_where_there_is_one(self):
        class Lamp(BaseModel):
            name: str
            count: int = 1

        mended = repair('{"name": "lamp", "count": null}', Schema(Lamp))
        assert mended.data == {"name": "lamp"}
        assert [(edit.path, edit.kind, edit.risk) for edit in mended.edits] == [("/count", "left_out", "low")]


class TestUnions:
    @pytest.mark.parametrize(
        ("value", "after"),
        [
            ({"name": "a", "size": "4"}, {"name": "a", "size": 4}),
            ({"name": "a", "Size": 4}, {"name": "a", "size": 4}),
            ({"name": "a", "size": 4, "colour": "red"}, {"name": "a", "size": 4}),
            ({"name": "a", "age": 1, "size": 4}, {"name": "a", "age": 1, "size": 4}),
        ],
    )
    def test_the_member_that_loses_least(self, value, after):
        got, edits = field(UNION, value)
        assert got == after
        assert bool(edits) == (got != value)
        rows, _ = field({"type": "array", "items": UNION}, [value])
        assert rows == [after]

    def test_a_member_that_knows_more_of_the_keys_wins(self):
        union = {"anyOf": [UNION["anyOf"][0], closed(["name"], name=NAME, size=COUNT, weight=COUNT)]}
        value = {"name": "a", "age": 1, "size": 4, "weight": 2}
        assert field(union, value) == ({"name": "a", "size": 4, "weight": 2}, [("extra", "low")])

    def test_a_tag_tells_the_member(self):
        union = {"anyOf": [closed(["k"], k={"const": "a"}, age=COUNT), closed(["k"], k={"const": "b"}, size=COUNT)]}
        assert field(union, {"k": "a", "size": 2}) == ({"k": "a"}, [("extra", "low")])
