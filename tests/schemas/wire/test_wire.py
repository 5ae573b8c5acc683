"""The subset of JSON Schema that the service accepts, and the lint of what is lost."""

import copy
import json
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import jsonschema
import pytest
from anthropic import transform_schema
from checkout import SHARED
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, RootModel

from slotfill.schemas.json_schema.subschemas import subschemas
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.schema_sources import resolve
from slotfill.schemas.verbatim import Verbatim
from slotfill.schemas.wire.losses import Loss
from slotfill.schemas.wire.wire import wire_for, wire_of

DATA = SHARED / "data" / "json-schema-test-suite"
DRAFTS = {
    "draft2020-12": jsonschema.Draft202012Validator,
    "draft7": jsonschema.Draft7Validator,
}
ALL, NO_STRUCTURE, TEXT = ("structured", "tool", "text"), ("tool", "text"), ("text",)


class Mood(StrEnum):
    GOOD = "good"
    BAD = "bad"


class Level(Enum):
    LOW = 1
    HIGH = 2


class City(BaseModel):
    """Where somebody lives."""

    street: str
    city: str | None = None


class Person(BaseModel):
    name: str
    home: City
    work: City | None = Field(default=None, description="Where the person works.")
    born: date | None = None
    seen: datetime
    id: UUID
    mood: Mood = Mood.GOOD
    level: Level
    size: Literal["s", "m", 3] | None
    kind: Literal["person"]
    tags: list[str]
    ratio: int | float | str


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    good: bool


class Owner(BaseModel):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    pets: list[Cat | Dog]


class Tight(BaseModel):
    model_config = ConfigDict(extra="forbid")

    age: Annotated[int, Field(ge=0, lt=150, multiple_of=2)]
    name: Annotated[str, Field(min_length=1, max_length=9, pattern="^[a-z]+$", description="A name.")]
    quote: Verbatim
    few: Annotated[list[int], Field(min_length=1, max_length=3)]
    some: Annotated[list[int], Field(min_length=2)]


class Tree(BaseModel):
    label: str
    children: list["Tree"]


class Free(BaseModel):
    counts: dict[str, int]


class Loose(BaseModel):
    model_config = ConfigDict(extra="allow")

    name: str


class Anything(BaseModel):
    what: Any


class Pair(BaseModel):
    both: tuple[int, str]


class Empty(BaseModel):
    pass


class ClosedAndEmpty(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OddKey(BaseModel):
    price: float = Field(alias="price in €")


class Aliased(RootModel[City]):
    """A city by another name."""


class Cities(RootModel[list[City]]):
    pass


def forbidding(wire):
    return {(loss.path, loss.keyword) for loss in wire.losses if loss.forbids}


def told(wire):
    return [(loss.path, loss.keyword) for loss in wire.losses if not loss.forbids]


TIGHT = st.builds(
    Tight,
    age=st.integers(0, 74).map(lambda half: 2 * half),
    name=st.from_regex("[a-z]{1,9}", fullmatch=True),
    quote=st.text(),
    few=st.lists(st.integers(), min_size=1, max_size=3),
    some=st.lists(st.integers(), min_size=2, max_size=4),
)
PLAIN = {
    Person: st.builds(Person, ratio=st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()),
    Owner: st.from_type(Owner),
    Tight: TIGHT,
    Aliased: st.builds(Aliased, st.from_type(City)),
    Cities: st.builds(Cities, st.lists(st.from_type(City), max_size=3)),
    City: st.from_type(City),
}


def of_model(model):
    return wire_of(model.model_json_schema(), wrapped=model is Cities)


@pytest.mark.parametrize(
    ("model", "modes", "losses"),
    [
        (Person, ALL, set()),
        (Owner, ALL, set()),
        (Tight, ALL, set()),
        (Aliased, ALL, set()),
        (Cities, ALL, set()),
        (ClosedAndEmpty, ALL, set()),
        (Tree, NO_STRUCTURE, {("/$defs/Tree/properties/children/items", "$ref")}),
        (Free, NO_STRUCTURE, {("/properties/counts", "additionalProperties"), ("/properties/counts", "properties")}),
        (Loose, NO_STRUCTURE, {("", "additionalProperties")}),
        (Anything, NO_STRUCTURE, {("/properties/what", "type")}),
        (Pair, NO_STRUCTURE, {("/properties/both", "prefixItems"), ("/properties/both", "items")}),
        (Empty, NO_STRUCTURE, {("", "properties")}),
        (OddKey, TEXT, {("", "properties")}),
    ],
)
def test_models_of_all_kinds_have_their_modes_and_losses(model, modes, losses):
    wire = of_model(model)
    assert wire.modes == modes
    assert forbidding(wire) == losses
    assert (wire.reduced is None) == ("structured" not in modes)


def test_a_list_travels_without_the_wrapper_too():
    wire = of_model(Cities)
    assert wire.bare == {**wire.reduced["properties"]["value"], "$defs": wire.reduced["$defs"]}
    assert wire_of(closed(a={"type": "array", "items": STRING}), wrapped=False).bare is None
    for schema in ({"type": "string"}, {"anyOf": [{"type": "array", "items": STRING}, {"type": "null"}]}):
        assert wire_of(schema, wrapped=True).bare is None
    assert wire_of({"type": "array", "items": {"type": "object"}}, wrapped=True).bare is None  # no structured output


def test_constraints_go_into_the_description_in_words():
    wire = wire_of(Tight.model_json_schema(), wrapped=False)
    properties = wire.reduced["properties"]
    assert properties["age"] == {
        "type": "integer",
        "title": "Age",
        "description": "at least 0; less than 150; a multiple of 2",
    }
    assert properties["name"]["description"] == ("A name.\n\ncharacters: at least 1; characters: at most 9")
    assert properties["quote"]["description"] == "copied word for word from the document"
    assert properties["few"]["minItems"] == 1
    assert properties["few"]["description"] == "items: at most 3"
    assert properties["some"]["description"] == "items: at least 2"
    assert told(wire) == [
        ("/properties/age", "minimum"),
        ("/properties/age", "exclusiveMaximum"),
        ("/properties/age", "multipleOf"),
        ("/properties/name", "minLength"),
        ("/properties/name", "maxLength"),
        ("/properties/quote", "format"),
        ("/properties/few", "maxItems"),
        ("/properties/some", "minItems"),
    ]


def test_a_loss_names_its_keyword_and_says_what_becomes_of_it():
    wire = wire_of(closed(age={"type": "integer", "minimum": 3}), wrapped=False)
    assert wire.losses == (
        Loss("/properties/age", "minimum", "told in words, and checked after the reply: at least 3"),
    )


def test_a_loss_is_told_once():
    wire = wire_of(closed(age={"type": ["integer", "number"], "minimum": 3}), wrapped=False)
    assert told(wire) == [("/properties/age", "minimum")]


def test_a_description_beside_a_reference_stays():
    work = wire_of(Person.model_json_schema(), wrapped=False).reduced["properties"]["work"]
    assert work["description"] == "Where the person works."
    assert {"$ref": "#/$defs/City"} in work["anyOf"]
    home = wire_of({**closed(a={"$ref": "#/$defs/c", "description": "Home."}), "$defs": {"c": closed()}}, wrapped=False)
    assert home.reduced["properties"]["a"] == {"anyOf": [{"$ref": "#/$defs/c"}], "description": "Home."}


def test_the_root_stays_an_object_where_it_was_a_reference():
    wire = wire_of(Aliased.model_json_schema(), wrapped=False)
    assert wire.reduced["type"] == "object"
    assert wire.reduced["description"] == "A city by another name."
    assert wire.full["type"] == "object"


def test_what_only_annotates_goes_silently():
    noise = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://example.com/a",
        "$comment": "c",
        "default": {},
        "examples": [{}],
        "x-unit": "EUR",
        "x-confidence-of": "b",
        "definitions": {"unused": {"not": {}}},
    }
    wire = wire_of({**closed(a={"type": "string"}), **noise}, wrapped=False)
    assert wire.losses == ()
    assert wire.reduced == {**closed(a={"type": "string"}), "required": ["a"]}


def closed(**properties):
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


STRING, INTEGER, NULL = {"type": "string"}, {"type": "integer"}, {"type": "null"}


@pytest.mark.parametrize(
    ("schema", "reduced"),
    [
        ({"type": ["string", "null"], "minLength": 2}, [{**STRING, "description": "characters: at least 2"}, NULL]),
        ({"type": ["string", "string"]}, STRING),
        ({"oneOf": [STRING, NULL], "discriminator": {}}, {"anyOf": [STRING, NULL]}),
        (
            {"oneOf": [STRING, NULL]},
            {"anyOf": [STRING, NULL], "description": "exactly one of the alternatives holds"},
        ),
        ({"allOf": [{**STRING, "description": "In."}], "title": "T"}, {**STRING, "title": "T", "description": "In."}),
        ({"allOf": [{"$ref": "#/$defs/s"}]}, {"$ref": "#/$defs/s"}),
        ({"type": "string", "enum": ["a", 1, None]}, {"enum": ["a"]}),
        ({"type": "integer", "enum": [1, 1.0, 1.5, True]}, {"enum": [1, 1.0]}),
        ({"const": None}, {"const": None}),
        ({"type": "string", "format": "date"}, {"type": "string", "format": "date"}),
        ({"type": "string", "format": "phone"}, {**STRING, "description": "format: phone"}),
        ({"type": "string", "minLength": 0, "maximum": 3}, STRING),
        ({"type": "array", "items": STRING, "uniqueItems": False}, {"type": "array", "items": STRING}),
        (
            {"type": "array", "items": STRING, "uniqueItems": True},
            {"type": "array", "items": STRING, "description": "no item twice"},
        ),
        (
            {"type": "number", "minimum": 0, "exclusiveMinimum": True},
            {"type": "number", "description": "at least 0; exclusiveMinimum"},
        ),
        (
            {"type": "object", "properties": {"a": STRING}},
            {"type": "object", "properties": {"a": STRING}, "additionalProperties": False},
        ),
    ],
)
def test_each_keyword_has_its_equivalent(schema, reduced):
    wire = wire_of({**closed(a=schema), "$defs": {"s": STRING}}, wrapped=False)
    assert wire.modes == ALL
    assert wire.reduced["properties"]["a"] == ({"anyOf": reduced} if isinstance(reduced, list) else reduced)


@pytest.mark.parametrize(
    ("schema", "keyword"),
    [
        ({}, "type"),
        (True, "type"),
        (False, "type"),
        ({"type": "any"}, "type"),
        ({"type": []}, "type"),
        ({"type": "object"}, "properties"),
        ({"type": "object", "properties": {"b": STRING}, "additionalProperties": STRING}, "additionalProperties"),
        ({"type": "object", "properties": {"b": STRING}, "patternProperties": {"c": STRING}}, "patternProperties"),
        ({"type": "object", "properties": {"b": STRING}, "propertyNames": STRING}, "propertyNames"),
        ({"type": "object", "properties": {"b": STRING}, "required": ["c"]}, "required"),
        ({"type": "object", "properties": {"b": STRING}, "dependentRequired": {"b": []}}, "dependentRequired"),
        ({"type": "object", "properties": {"b": STRING}, "unevaluatedProperties": False}, "unevaluatedProperties"),
        ({"type": "array"}, "items"),
        ({"type": "array", "items": [STRING]}, "items"),
        ({"type": "array", "items": STRING, "prefixItems": [STRING]}, "prefixItems"),
        ({"type": "array", "items": STRING, "contains": STRING}, "contains"),
        ({"type": "string", "not": {"const": "x"}}, "not"),
        ({"type": "string", "if": {"const": "x"}}, "if"),
        ({"allOf": [STRING, STRING]}, "allOf"),
        ({"allOf": [STRING], "minLength": 3}, "allOf"),
        ({"anyOf": [STRING], "type": "string"}, "type"),
        ({"anyOf": []}, "anyOf"),
        ({"$ref": "#"}, "$ref"),
        ({"$ref": "#/properties/a"}, "$ref"),
        ({"$ref": "other.json"}, "$ref"),
        ({"$ref": "https://example.com/a#/b"}, "$ref"),
        ({"$ref": "#name"}, "$ref"),
        ({"$ref": "#/nowhere"}, "type"),
        ({"$ref": "#/$defs/s", "type": "string"}, "type"),
        ({**STRING, "$anchor": "name"}, "$anchor"),
        ({**STRING, "$id": "b.json"}, "$id"),
        ({"enum": [{}]}, "enum"),
        ({"enum": [[]]}, "enum"),
        ({"enum": []}, "enum"),
        ({"type": "string", "const": 3}, "const"),
        ({"const": {}}, "const"),
    ],
)
def test_what_the_subset_lacks_rules_structured_output_out(schema, keyword):
    wire = wire_of({**closed(a=schema), "$defs": {"s": STRING}}, wrapped=False)
    assert wire.modes == NO_STRUCTURE
    assert wire.reduced is None
    assert keyword in {loss.keyword for loss in wire.losses if loss.forbids == ("structured",)}


def test_a_long_chain_of_definitions_rules_structured_output_out():
    definitions = {f"d{n}": closed(a={"$ref": f"#/$defs/d{n + 1}"}) for n in range(2000)}
    wire = wire_of({**closed(a={"$ref": "#/$defs/d0"}), "$defs": {**definitions, "d2000": STRING}}, wrapped=False)
    assert wire.modes == NO_STRUCTURE


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf", "allOf"])
def test_a_combination_at_the_root_rules_the_tool_out(keyword):
    schema = {**closed(a=STRING), keyword: [{"required": ["a"]}]}
    assert wire_of(schema, wrapped=False).modes == TEXT
    assert "tool" in wire_of(schema, wrapped=True).modes


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 65, "a\n"])
def test_a_key_that_the_service_refuses_leaves_text_only(key):
    wire = wire_of(closed(a={"type": "array", "items": closed(**{key: STRING})}), wrapped=False)
    assert wire.modes == TEXT
    assert [loss.path for loss in wire.losses if "tool" in loss.forbids] == ["/properties/a/items"]


@pytest.mark.parametrize("key", ["a", "a.b-c_d", "x" * 64, "$ref", "properties", "enum"])
def test_a_key_may_be_called_like_a_keyword(key):
    allowed = key != "$ref"
    wire = wire_of(closed(**{key: closed(a=STRING)}), wrapped=False)
    assert (wire.modes == ALL) == allowed
    assert not allowed or wire.reduced == closed(**{key: closed(a=STRING)})


@pytest.mark.parametrize(
    ("inside", "keyword", "limit"),
    [
        (lambda count: {"type": "object", "properties": {f"p{n}": STRING for n in range(count)}}, "required", 24),
        (lambda count: closed(**{f"p{n}": {"type": ["string", "null"]} for n in range(count)}), "anyOf", 16),
        (lambda count: closed(**{f"p{n}": {"anyOf": [STRING, NULL]} for n in range(count)}), "anyOf", 16),
    ],
)
def test_grammars_that_would_grow_too_large_are_not_tried(inside, keyword, limit):
    assert wire_of(closed(a=inside(limit)), wrapped=False).modes == ALL
    wire = wire_of(closed(a=inside(limit + 1)), wrapped=False)
    assert wire.modes == NO_STRUCTURE
    assert forbidding(wire) == {("", keyword)}


# JSON Schemas within the subset, and instances of theirs that have no extra keys.
TEXTS = st.text(max_size=8)
PAIRS = [
    (closed(a=STRING, b=INTEGER), st.fixed_dictionaries({"a": TEXTS, "b": st.integers()})),
    (
        {"type": "object", "properties": {"a": STRING, "b": NULL}, "required": ["a"]},
        st.fixed_dictionaries({"a": TEXTS}, optional={"b": st.none()}),
    ),
    (
        closed(a={"type": "array", "items": INTEGER, "minItems": 2, "maxItems": 4, "uniqueItems": True}),
        st.fixed_dictionaries({"a": st.lists(st.integers(), min_size=2, max_size=4, unique=True)}),
    ),
    (
        closed(a={"type": ["string", "null", "integer"], "minLength": 3, "minimum": 3}),
        st.fixed_dictionaries({"a": st.none() | st.integers(min_value=3) | st.text(min_size=3, max_size=5)}),
    ),
    (
        closed(a={"type": ["integer", "number"]}),
        st.fixed_dictionaries({"a": st.integers() | st.floats(allow_nan=False, allow_infinity=False)}),
    ),
    (
        closed(a={"type": ["string", "boolean"], "enum": ["x", True, 1, None]}, b={"const": 0}),
        st.fixed_dictionaries({"a": st.sampled_from(["x", True]), "b": st.sampled_from([0, 0.0])}),
    ),
    (
        closed(a={"oneOf": [STRING, {"type": "number"}, closed(b=STRING)]}),
        st.fixed_dictionaries({"a": TEXTS | st.integers() | st.fixed_dictionaries({"b": TEXTS})}),
    ),
    (
        {**closed(a={"$ref": "#/definitions/s~1%25"}), "definitions": {"s/%": {"type": "string", "maxLength": 3}}},
        st.fixed_dictionaries({"a": st.text(max_size=3)}),
    ),
    (
        closed(a=closed(b=STRING), c={"$ref": "#/properties/a", "description": "Another."}),
        st.fixed_dictionaries(dict.fromkeys("ac", st.fixed_dictionaries({"b": TEXTS}))),
    ),
    (
        {
            **closed(a={"$ref": "#/$defs/n"}, b={"$ref": "#/definitions/n"}, c={"$ref": "#/$defs/m"}),
            "$defs": {"n": STRING, "m": {"$ref": "#/definitions/n"}},
            "definitions": {"n": INTEGER},
        },
        st.fixed_dictionaries({"a": TEXTS, "b": st.integers(), "c": st.integers()}),
    ),
    (
        {**closed(a={"$ref": "https://example.com/s#/$defs/n"}), "$id": "https://example.com/s", "$defs": {"n": NULL}},
        st.fixed_dictionaries({"a": st.none()}),
    ),
    (
        {"$ref": "#/$defs/x", "$defs": {"x": {"$ref": "#/$defs/y"}, "y": {"allOf": [closed(a=STRING)]}}},
        st.fixed_dictionaries({"a": TEXTS}),
    ),
]


@given(data=st.data(), wrapped=st.booleans())
def test_what_is_valid_stays_valid(data, wrapped):
    schema, instances = data.draw(st.sampled_from(PAIRS))
    wire, instance = wire_of(schema, wrapped=wrapped), data.draw(instances)
    jsonschema.Draft202012Validator(schema).validate(instance)
    travelling = {"value": instance} if wrapped else instance
    for form in (wire.full, wire.reduced):
        jsonschema.Draft202012Validator(form).validate(travelling)


@given(data=st.data(), model=st.sampled_from([*PLAIN]))
def test_what_a_model_dumps_stays_valid(data, model):
    wire = of_model(model)
    instance = data.draw(PLAIN[model]).model_dump(mode="json", by_alias=True)
    travelling = {"value": instance} if model is Cities else instance
    jsonschema.Draft202012Validator(wire.reduced).validate(travelling)
    jsonschema.Draft202012Validator(wire.full).validate(travelling)


REDUCIBLE = [
    *((schema, False) for schema, _ in PAIRS),
    *((schema, True) for schema, _ in PAIRS),
    *((model.model_json_schema(), model is Cities) for model in PLAIN),
]


@pytest.mark.parametrize(
    ("schema", "kept"),
    [
        ({"pattern": r"^[A-Z]{2}-\d{4}$"}, {"pattern": r"^[A-Z]{2}-\d{4}$"}),
        ({"pattern": r"(?:a|b)+\w*"}, {"pattern": r"(?:a|b)+\w*"}),
        ({"pattern": r"^\S+$", "format": "email"}, {"format": "email"}),
        ({"pattern": r"(?=a)b"}, {}),
        ({"pattern": r"(?<=a)b"}, {}),
        ({"pattern": r"(?i)b"}, {}),
        ({"pattern": r"(a)\1"}, {}),
        ({"pattern": r"\bword\b"}, {}),
        ({"pattern": r"^\p{Lu}"}, {}),
        ({"pattern": r"^a{1,500}$"}, {}),
    ],
)
def test_a_pattern_that_grammars_can_hold_is_sent(schema, kept):
    wire = wire_of(
        {"type": "object", "properties": {"a": {"type": "string", **schema}}, "required": ["a"]}, wrapped=False
    )
    part = wire.reduced["properties"]["a"]
    assert {key: part[key] for key in ("pattern", "format") if key in part} == kept
    lost = [loss.keyword for loss in wire.losses]
    assert lost == [key for key in ("format", "pattern") if key in schema and key not in kept]


@pytest.mark.parametrize(("schema", "wrapped"), REDUCIBLE)
def test_the_sdk_sends_the_reduced_schema_as_it_is(schema, wrapped):
    reduced = wire_of(schema, wrapped=wrapped).reduced
    for _, part in subschemas(reduced):
        part.pop("pattern", None)  # which the service takes, and the SDK's transformation tells in words
    assert transform_schema(copy.deepcopy(reduced)) == reduced


@pytest.mark.parametrize(("schema", "wrapped"), REDUCIBLE)
def test_a_reduced_schema_is_reduced_already(schema, wrapped):
    reduced = wire_of(schema, wrapped=wrapped).reduced
    again = wire_of(reduced, wrapped=False)
    assert again.reduced == reduced
    assert again.losses == ()


@pytest.mark.parametrize("model", [Person, Owner, Tight, Free, OddKey])
def test_the_full_schema_of_an_object_is_the_schema(model):
    schema = model.model_json_schema()
    before = copy.deepcopy(schema)
    assert wire_of(schema, wrapped=False).full == schema == before


def test_the_full_schema_keeps_what_the_reduced_one_loses():
    schema = {"type": "array", "items": {"type": "string", "format": "verbatim", "maxLength": 3}, "default": []}
    assert wire_of(schema, wrapped=True).full == closed(value=schema)


class Branches(RootModel[list["Branch"]]):
    pass


class Branch(BaseModel):
    label: str
    branches: Branches


@pytest.mark.parametrize(
    ("schema", "valid", "invalid"),
    [
        (Branches.model_json_schema(), [{"label": "a", "branches": []}], [{"label": "a", "branches": [3]}]),
        ({"type": "array", "items": {"$ref": "#"}}, [[], [[]]], [[], [3]]),
        ({"type": "array", "items": {"anyOf": [{"$ref": "#/x/s"}]}, "x": {"s": STRING}}, ["a"], [3]),
        (
            {"type": "array", "items": {"$ref": "#/x/s~1%2525é"}, "x": {"s/%25é": {"$ref": "#/x/t"}, "t": STRING}},
            ["a"],
            [3],
        ),
        (
            {"$id": "https://example.com/l", "type": "array", "items": {"$ref": "l#/$defs/s"}, "$defs": {"s": STRING}},
            ["a"],
            [3],
        ),
        (
            {"$id": "urn:example:l", "type": "array", "items": {"$ref": "#/x/s"}, "x": {"s": STRING}},
            ["a"],
            [3],
        ),
        ({"enum": [{"$ref": "#"}]}, {"$ref": "#"}, {"$ref": "#/properties/value"}),
        (
            {"type": "array", "items": closed(enum={"$ref": "#/x/s"}), "x": {"s": STRING}},
            [{"enum": "a"}],
            [{"enum": 3}],
        ),
    ],
)
def test_references_still_lead_where_they_did_inside_the_wrapper(schema, valid, invalid):
    validator = jsonschema.Draft202012Validator(wire_of(schema, wrapped=True).full)
    assert validator.is_valid({"value": valid})
    assert not validator.is_valid({"value": invalid})
    assert not validator.is_valid(valid)


def test_a_schema_of_draft_4_may_have_an_id():
    schema = {"id": "http://example.com/l", "type": "array", "items": {"$ref": "l#/x"}, "x": STRING}
    wire = wire_of({**schema, "$schema": "http://json-schema.org/draft-04/schema#"}, wrapped=True)
    assert wire.modes == ALL
    validator = jsonschema.Draft4Validator(wire.full)
    assert validator.is_valid({"value": ["a"]})
    assert not validator.is_valid({"value": [3]})


def test_a_part_that_two_places_share_is_moved_once():
    shared = {"$ref": "#/x"}
    schema = {"anyOf": [shared, {"type": "array", "items": shared}], "x": STRING}
    validator = jsonschema.Draft202012Validator(wire_of(schema, wrapped=True).full)
    assert validator.is_valid({"value": ["a"]})
    assert not validator.is_valid({"value": [3]})


@pytest.mark.parametrize(
    "names",
    [
        {"items": {"$id": "b.json", "$ref": "#/$defs/s", "$defs": {"s": STRING}}},
        {"items": {"$ref": "#s"}, "$defs": {"s": {"$anchor": "s", **STRING}}},
        {"$dynamicAnchor": "n", "items": {"$dynamicRef": "#n"}},
    ],
)
def test_names_that_do_not_survive_the_wrapper_leave_text_only(names):
    schema = {"type": "array", **names}
    wire = wire_of(schema, wrapped=True)
    assert wire.modes == TEXT
    assert wire.full == closed(value=schema)
    assert wire_of(closed(a=schema), wrapped=False).modes == NO_STRUCTURE


@pytest.mark.parametrize("schema", [{}, {"not": {}}])
def test_a_boolean_schema_goes_by_tool_or_text(schema):
    wire = wire_of(schema, wrapped=True)
    assert wire.modes == NO_STRUCTURE
    assert wire.full == closed(value=schema)


def suites():
    for draft, validator in DRAFTS.items():
        for path in sorted((DATA / draft).glob("*.json")):
            yield pytest.param(validator, path, id=f"{draft}/{path.stem}")


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data is not beside this checkout")
@pytest.mark.parametrize(("draft", "path"), [*suites()])
def test_the_official_suite_goes_through(draft, path):
    for case in json.loads(path.read_text()):
        schema = case["schema"]
        schema = ({} if schema else {"not": {}}) if isinstance(schema, bool) else schema
        before = copy.deepcopy(schema)
        wire = wire_of(schema, wrapped=True)
        assert schema == before
        assert wire.modes[-1] == "text"
        if wire.reduced is not None:
            assert transform_schema(copy.deepcopy(wire.reduced)) == wire.reduced
            for test in case["tests"]:
                if test["valid"] and not has_extra_keys(test["data"], schema):
                    draft(wire.reduced).validate({"value": test["data"]})


def has_extra_keys(value, schema):
    """Tell whether an object has keys besides those listed anywhere: the subset closes every object."""
    listed = set(json.dumps(schema).split('"'))
    if isinstance(value, dict):
        return any(key not in listed or has_extra_keys(part, schema) for key, part in value.items())
    return isinstance(value, list) and any(has_extra_keys(part, schema) for part in value)


KEYWORDS = [
    "$ref",
    "$id",
    "$defs",
    "definitions",
    "$schema",
    "$anchor",
    "type",
    "enum",
    "const",
    "anyOf",
    "oneOf",
    "allOf",
    "not",
    "if",
    "properties",
    "required",
    "additionalProperties",
    "patternProperties",
    "items",
    "prefixItems",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minLength",
    "pattern",
    "format",
    "minimum",
    "exclusiveMinimum",
    "multipleOf",
    "title",
    "description",
    "default",
    "discriminator",
    "dependencies",
    "id",
]
SCALARS = st.none() | st.booleans() | st.integers(-2, 2) | st.floats() | st.text(max_size=3)
WORDS = st.sampled_from(["#", "#/", "#/$defs/a", "#/properties/a", "//[", "object", "array", "string", "date", "a"])
JSON_VALUES = st.recursive(
    SCALARS | WORDS | st.fixed_dictionaries({"type": WORDS}),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*KEYWORDS, "a"]), inner, max_size=4),
    max_leaves=12,
)


@given(schema=st.dictionaries(st.sampled_from(KEYWORDS), JSON_VALUES, max_size=5), wrapped=st.booleans())
@example(schema={"$id": "http://example.com", "$ref": "//["}, wrapped=True)
@example(schema={"type": "string", "format": ["date"]}, wrapped=True)
@example(schema={"type": "object", "properties": {"a": True}, "required": True}, wrapped=False)
@example(schema={"properties": {"a": {"$ref": "#"}}, "type": "object"}, wrapped=True)
@example(schema={"enum": [float("nan"), float("inf")]}, wrapped=True)
@example(schema={"type": "array", "items": None, "minItems": []}, wrapped=True)
def test_no_odd_schema_raises(schema, wrapped):
    before = copy.deepcopy(schema)
    wire = wire_of(schema, wrapped=wrapped)
    assert repr(schema) == repr(before)
    assert wire.modes[-1] == "text"
    if wire.reduced is not None:
        transform_schema(copy.deepcopy(wire.reduced))
        assert wire_of(wire.reduced, wrapped=False).losses == ()


def test_the_digits_of_a_decimal_are_told_in_words():
    class Bill(BaseModel):
        total: Annotated[Decimal, Field(max_digits=6, decimal_places=2, description="in euros")]
        paid: Decimal

    wire = wire_for(Schema(Bill))
    said = "a decimal number of at most 6 digits and at most 2 decimal places"
    assert wire.reduced["properties"]["total"]["description"] == f"in euros\n\n{said}"
    assert "description" not in wire.reduced["properties"]["paid"]
    (loss,) = (loss for loss in wire.losses if loss.keyword == "x-decimal")
    assert (loss.path, loss.message) == ("/properties/total", f"told in words, and checked after the reply: {said}")


def test_the_bounds_of_a_decimal_are_told_of_its_number_and_of_its_text():
    class Bill(BaseModel):
        total: Annotated[Decimal, Field(ge=0, lt=100, multiple_of=Decimal("0.05"))]
        paid: Annotated[Decimal, Field(gt=0)] | None = None
        note: Decimal | str = ""

    properties = wire_for(Schema(Bill)).reduced["properties"]
    said = "at least 0.0; less than 100.0; a multiple of 0.05"
    assert [branch.get("description") for branch in properties["total"]["anyOf"]] == [
        said,
        f"where it is a number: {said}",
    ]
    assert [branch.get("description") for branch in properties["paid"]["anyOf"]] == [
        "more than 0.0",
        "where it is a number: more than 0.0",
        None,
    ]
    assert not any("description" in branch for branch in properties["note"]["anyOf"])


def test_a_decimal_number_of_one_line_is_a_number_with_its_bounds_in_words():
    wire = wire_for(resolve("[{price decimal|null >= 0.01: in euros, count decimal}]"))
    assert wire.bare["items"]["properties"] == {
        "price": {
            "anyOf": [{"type": "number", "description": "at least 0.01"}, {"type": "null"}],
            "description": "in euros",
        },
        "count": {"type": "number"},
    }


def test_a_tag_that_has_a_default_is_asked_for():
    """Without it Pydantic refuses the object: what tells the members of a union apart has no default there."""

    class Call(BaseModel):
        kind: Literal["call"] = "call"
        number: str

    class Visit(BaseModel):
        kind: Literal["visit"] = "visit"
        place: str | None = None

    class Contact(BaseModel):
        by: Annotated[Call | Visit, Field(discriminator="kind")]

    wire = wire_for(Schema(Contact))
    for form in (wire.full, wire.reduced):
        assert form["$defs"]["Call"]["required"] == ["kind", "number"]
        assert form["$defs"]["Visit"]["required"] == ["kind"]
