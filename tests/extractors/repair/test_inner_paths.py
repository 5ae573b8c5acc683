"""What stands deeper than it is asked for, where the model reads it, too, is put under its key, and that is told."""

import json

import pytest
from pydantic import AliasChoices, AliasPath, BaseModel, Field

from slotfill.extractors.repair.inner_paths import contradicted, move_up
from slotfill.extractors.repair.repair import repair
from slotfill.schemas.schema import Schema


class Contact(BaseModel):
    street: str = Field(validation_alias=AliasPath("address", "street"))
    city: str | None = Field(None, validation_alias=AliasPath("address", "city"))
    first: str = Field(validation_alias=AliasChoices(AliasPath("names", 0), "first_name"))
    last: str | None = Field(None, validation_alias=AliasPath("names", -1))


class Book(BaseModel):
    authors: list[str]
    main: str = Field(validation_alias=AliasPath("authors", 0))


class Books(BaseModel):
    books: list[Book]


@pytest.mark.parametrize(
    ("model", "said", "meant", "edits"),
    [
        (
            Contact,
            {"address": {"street": "Kade 1", "city": "Delft"}, "names": ["Ada", "King"]},
            {"street": "Kade 1", "city": "Delft", "first_name": "Ada", "last": "King"},
            [("/city", "key"), ("/first_name", "key"), ("/last", "key"), ("/street", "key")],
        ),
        (
            Contact,
            {"street": "Kade 1", "names": ["Ada"]},
            {"street": "Kade 1", "first_name": "Ada", "last": "Ada"},
            [("/first_name", "key"), ("/last", "key")],
        ),
        (
            Contact,
            {"address": {"street": "Kade 1", "country": "NL"}, "first_name": "Ada"},
            {"street": "Kade 1", "first_name": "Ada"},
            [("/street", "key"), ("/address", "extra")],
        ),
        (Book, {"authors": ["Ada", "Bob"]}, {"authors": ["Ada", "Bob"], "main": "Ada"}, [("/main", "key")]),
        (
            Books,
            {"books": [{"authors": ["Ada"]}]},
            {"books": [{"authors": ["Ada"], "main": "Ada"}]},
            [("/books/0/main", "key")],
        ),
    ],
)
def test_a_value_is_moved_to_its_key(model, said, meant, edits):
    schema = Schema(model)
    mended = repair(json.dumps(said), schema)
    assert mended.data == meant
    assert [(edit.path, edit.kind) for edit in mended.edits] == edits
    schema.validate(json.dumps(mended.data))


def test_an_edit_says_where_the_value_stood():
    mended = repair('{"address": {"street": "Kade 1"}, "first_name": "Ada"}', Schema(Contact))
    assert [(edit.before, edit.after, edit.risk) for edit in mended.edits] == [("/address/street", "street", "low")]


def test_of_two_values_of_one_field_none_is_thrown_away():
    said = {"street": "Kade 1", "address": {"street": "Kade 2"}, "first_name": "Ada"}
    mended = repair(json.dumps(said), Schema(Contact))
    assert (mended.data, mended.edits) == (said, ())


def test_where_both_say_the_same_one_is_left_out():
    said = {"street": "Kade 1", "address": {"street": "Kade 1"}, "first_name": "Ada"}
    mended = repair(json.dumps(said), Schema(Contact))
    assert mended.data == {"street": "Kade 1", "first_name": "Ada"}
    assert [(edit.path, edit.kind) for edit in mended.edits] == [("/address", "extra")]


class Unread(dict):
    """An object whose keys nobody goes through: it may have very many, and be asked about for each."""

    def __iter__(self):
        raise AssertionError("all keys are gone through")


def test_an_object_is_not_gone_through_for_paths():
    paths = {"street": [("address", "street")]}
    assert contradicted(Unread(name="x"), {}) == contradicted(Unread(street="x"), paths) == set()
    assert move_up(Unread(name="x"), {"name", "street"}, paths) == {}
