"""Confidence: the mark, what it may name, and where the numbers stand in a value."""

import json
from typing import Annotated, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, RootModel, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict

from slotfill.schemas import Confidence, Sentiment, resolve
from slotfill.schemas.errors import SchemaError
from slotfill.schemas.json_values.pointer import follow, join
from slotfill.schemas.marks.confidence import CONFIDENCE_KEYWORD, confidence_paths
from slotfill.schemas.schema import Schema
from slotfill.schemas.wire.wire import wire_of

SURE = {"type": "number", "minimum": 0, "maximum": 1}


class Mood(BaseModel):
    label: str
    sure: Confidence["label"]  # noqa: F821 - the name of a field, not of a type


class Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    key_phrase: str
    how_sure: Annotated[float, Confidence("key_phrase")]
    perhaps: Annotated[float, Confidence("key_phrase")] | None = Field(
        None, description="How sure of `key_phrase`, if at all."
    )


class Row(TypedDict):
    at: Annotated[str, Field(alias="@")]
    sure: Annotated[float, Confidence("at")]


class Rows(RootModel[list[Row]]):
    pass


class Plain(BaseModel):
    label: str
    sure: float


class Nested(BaseModel):
    moods: list[Mood]
    by_name: dict[str, Mood]
    pair: tuple[Mood, Plain]
    either: Plain | Mood | None = None
    inner: "Nested | None" = None


def marked(of: Any = "label", **fields: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"label": {"type": "string"}, "sure": {**SURE, CONFIDENCE_KEYWORD: of}, **fields},
    }


def mark_of(schema: Schema[Any], pointer: str) -> dict[str, Any]:
    mark: dict[str, Any] = follow(pointer, schema.json_schema)
    return mark


@pytest.mark.parametrize("kind", [Confidence["label"], Annotated[float, Confidence("label")]])
@given(number=st.floats() | st.integers(-2, 2))
@example(number=0)
@example(number=1.0)
@example(number=float("nan"))
def test_both_spellings_are_a_number_from_0_to_1(kind: Any, number: float) -> None:
    adapter = TypeAdapter[float](kind)
    if 0 <= number <= 1:
        assert adapter.validate_python(number, strict=True) == number
    else:
        with pytest.raises(ValidationError, match="equal to"):
            adapter.validate_python(number)


@pytest.mark.parametrize("kind", [Confidence["label"], Annotated[float, Confidence("label")]])
def test_json_schema_marks_it_and_says_what_it_is(kind: Any) -> None:
    told = {"description": "Probability, 0 to 1, that `label` is right."}
    assert TypeAdapter(kind).json_schema() == {**SURE, CONFIDENCE_KEYWORD: "label", **told}


def test_a_bound_and_a_description_of_its_own_stay() -> None:
    class Bounded(BaseModel):
        label: str
        sure: Annotated[float, Field(gt=0.3), Confidence("label")] = Field(description="How sure.")
        perhaps: Annotated[float, Field(description="If at all."), Confidence("label")] | None = None

    schema = Schema(Bounded)
    assert mark_of(schema, "/properties/sure")["description"] == "How sure."
    assert mark_of(schema, "/properties/perhaps/anyOf/0")["description"] == "If at all."
    assert mark_of(schema, "/properties/sure")["exclusiveMinimum"] == 0.3
    with pytest.raises(ValidationError):
        Bounded(label="a", sure=0.3)
    with pytest.raises(ValidationError):
        Bounded(label="a", sure=1.1)


def test_it_names_a_field_and_the_json_schema_its_key() -> None:
    schema = Schema(Camel)
    mark = mark_of(schema, "/properties/howSure")
    assert (mark[CONFIDENCE_KEYWORD], mark["description"]) == (
        "keyPhrase",
        "Probability, 0 to 1, that `keyPhrase` is right.",
    )
    assert mark_of(schema, "/properties/perhaps/anyOf/0")[CONFIDENCE_KEYWORD] == "keyPhrase"
    assert mark_of(schema, "/properties/perhaps")["description"] == "How sure of `key_phrase`, if at all."
    assert mark_of(Schema(Rows), "/$defs/Row/properties/sure")[CONFIDENCE_KEYWORD] == "@"


def test_a_field_may_be_called_as_another_ones_key_is() -> None:
    class Crossed(BaseModel):
        a: str = Field(alias="b")
        b: str = Field(alias="a")
        sure: Annotated[float, Confidence("a")]

    assert mark_of(Schema(Crossed), "/properties/sure")[CONFIDENCE_KEYWORD] == "b"


def test_a_model_without_one_may_have_two_fields_of_one_key() -> None:
    class Twice(BaseModel):
        a: str = Field(alias="x")
        b: str = Field(alias="x")

    assert list(Schema(Twice).json_schema["properties"]) == ["x"]


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (marked("labl"), "/properties/sure: x-confidence-of: 'labl' is no property to be confident of: name one of 'l"),
        (marked("sure"), "/properties/sure: x-confidence-of: 'sure' is no property to be confident of: name one of 'l"),
        (
            marked("too", too={**SURE, CONFIDENCE_KEYWORD: "label"}),
            "/properties/sure: x-confidence-of: 'too' is no property",
        ),
        (marked(["label"]), "/properties/sure: x-confidence-of: ['label'] is no property"),
        (
            {"properties": {"sure": {CONFIDENCE_KEYWORD: "a"}}},
            "'a' is no property to be confident of: add the field that",
        ),
        ({"type": "array", "items": marked("a/b")}, "/items/properties/sure: x-confidence-of: 'a/b' is no property"),
        (
            {
                "properties": {"a/b": {"anyOf": [{"$ref": "#/$defs/p"}]}},
                "$defs": {"p": {**SURE, CONFIDENCE_KEYWORD: "x"}},
            },
            "/properties/a~1b: x-confidence-of: 'x' is no property",
        ),
        ({**SURE, CONFIDENCE_KEYWORD: "a"}, "/: x-confidence-of: marks no property of an object: move it to one"),
        (
            {"properties": {"a": {"type": "array", "items": {**SURE, CONFIDENCE_KEYWORD: "b"}}, "b": {}}},
            "/properties/a/items: x-confidence-of: marks no property of an object",
        ),
    ],
)
def test_a_mark_that_is_about_nothing_is_refused_with_its_place(schema: dict[str, Any], message: str) -> None:
    with pytest.raises(SchemaError) as caught:
        resolve(schema)
    assert message in str(caught.value)


def test_a_models_mark_is_checked_too() -> None:
    class Wrong(BaseModel):
        label: str
        sure: Annotated[float, Confidence("lable")]

    with pytest.raises(SchemaError, match=r"^/properties/sure: x-confidence-of: 'lable' is no property .* 'label'$"):
        Schema(Wrong)


def test_what_only_looks_like_a_mark_is_none() -> None:
    schema = {
        "type": "object",
        "properties": {CONFIDENCE_KEYWORD: {"const": {CONFIDENCE_KEYWORD: "x"}}},
        "default": {CONFIDENCE_KEYWORD: "x"},
    }
    assert confidence_paths(resolve(schema).json_schema, {CONFIDENCE_KEYWORD: 1}) == ()


def test_the_service_is_not_told_of_the_mark_and_the_embedded_model_is() -> None:
    wire = wire_of(Schema(Sentiment).json_schema, wrapped=False)
    assert wire.reduced is not None
    assert CONFIDENCE_KEYWORD not in json.dumps(wire.reduced)
    assert {loss.keyword for loss in wire.losses if loss.path == "/properties/confidence"} == {"minimum", "maximum"}
    assert wire.full["properties"]["confidence"][CONFIDENCE_KEYWORD] == "sentiment"
    rows = wire_of(Schema(Rows).json_schema, wrapped=True)
    assert rows.full["$defs"]["Row"]["properties"]["sure"][CONFIDENCE_KEYWORD] == "@"


MOOD = {"label": "fine", "sure": 0.5}


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        ({"moods": [MOOD, MOOD]}, ["/moods/0/sure", "/moods/1/sure"]),
        ({"by_name": {"a/b": MOOD, "moods": MOOD}}, ["/by_name/a~1b/sure", "/by_name/moods/sure"]),
        ({"pair": [MOOD, MOOD]}, ["/pair/0/sure"]),
        ({"either": MOOD}, ["/either/sure"]),
        ({"either": None}, []),
        ({"inner": {"moods": [], "inner": {"pair": [MOOD]}}}, ["/inner/inner/pair/0/sure"]),
        ({"pair": [MOOD], "moods": [MOOD]}, ["/pair/0/sure", "/moods/0/sure"]),
        ({"moods": [{"label": "fine", "sure": None}, {"label": "fine", "sure": True}, {"label": "fine"}]}, []),
        ({"moods": [{"label": "fine", "sure": 1}]}, ["/moods/0/sure"]),
    ],
)
def test_the_numbers_are_found_wherever_they_stand(value: dict[str, Any], paths: list[str]) -> None:
    assert confidence_paths(Schema(Nested).json_schema, value) == tuple(paths)


@pytest.mark.parametrize(
    ("schema", "value", "paths"),
    [
        ({"items": [marked()], "additionalItems": {}}, [MOOD, MOOD], ["/0/sure"]),
        ({"items": [{}], "additionalItems": marked()}, [MOOD, MOOD], ["/1/sure"]),
        ({"prefixItems": [{}], "items": marked()}, [MOOD, MOOD], ["/1/sure"]),
        ({"patternProperties": {"^x": marked()}}, {"x": MOOD}, ["/x/sure"]),
        ({"properties": {"x": {}}, "additionalProperties": marked()}, {"x": MOOD, "y": MOOD}, ["/y/sure"]),
        ({"allOf": [{"oneOf": [marked()]}]}, MOOD, ["/sure"]),
        (
            {
                "properties": {"a": {}, "b": {"$ref": "#/definitions/p"}},
                "definitions": {"p": {CONFIDENCE_KEYWORD: "a"}},
            },
            {"b": 1},
            ["/b"],
        ),
        ({"properties": {"a": {}, "b": {"$ref": "#/definitions/p", CONFIDENCE_KEYWORD: "a"}}}, {"b": 1}, ["/b"]),
        ({**marked(), "anyOf": [{"$ref": "#"}]}, MOOD, ["/sure"]),
        ({"properties": {"a": {**marked(), "not": {}}, "b": False}}, {"a": MOOD, "b": MOOD}, ["/a/sure"]),
    ],
)
def test_they_are_found_through_every_keyword(schema: Any, value: object, paths: list[str]) -> None:
    assert confidence_paths(schema, value) == tuple(paths)


def test_a_value_may_be_nested_as_deeply_as_any() -> None:
    schema = {"properties": {**marked()["properties"], "in": {"$ref": "#"}}}
    assert confidence_paths(schema, nested(MOOD, 2000)) == ("/in" * 2000 + "/sure",)


def test_alternatives_that_lead_back_to_each_other_are_looked_at_once() -> None:
    either = [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}]
    definitions = {name: marked(**{"in": {"anyOf": [*either]}}) for name in "ab"}
    assert confidence_paths({"anyOf": either, "$defs": definitions}, nested(MOOD, 60)) == ("/in" * 60 + "/sure",)


def nested(value: Any, depth: int) -> Any:
    for _ in range(depth):
        value = {"in": value}
    return value


KEYS = st.text(max_size=3)
SHAPES = st.recursive(
    st.just("number"),
    lambda inner: (
        st.tuples(st.just("object"), st.dictionaries(KEYS, inner, min_size=1, max_size=3), st.booleans())
        | st.tuples(st.sampled_from(["array", "map", "reference", "union"]), inner)
    ),
    max_leaves=6,
)


def schema_of(shape: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    match shape:
        case "object", parts, sure:
            properties = {f"p{key}": schema_of(part, definitions) for key, part in parts.items()}
            mark = (
                {"sure": {"anyOf": [{**SURE, CONFIDENCE_KEYWORD: next(iter(properties))}, {"type": "null"}]}}
                if sure
                else {}
            )
            return {"type": "object", "properties": properties | mark}
        case "array", part:
            return {"type": "array", "items": schema_of(part, definitions)}
        case "map", part:
            return {"type": "object", "additionalProperties": schema_of(part, definitions)}
        case "reference", part:
            target = schema_of(part, definitions)
            definitions[f"d{len(definitions)}"] = target
            return {"$ref": f"#/$defs/d{len(definitions) - 1}"}
        case "union", part:
            return {"anyOf": [{"type": "string"}, schema_of(part, definitions)]}
    return {"type": "number"}


def value_of(shape: Any, draw: Any, path: tuple[str | int, ...], found: list[str]) -> Any:
    """Draw a value, and note where its confidences stand."""
    match shape:
        case "object", parts, sure:
            value = {f"p{key}": value_of(part, draw, (*path, f"p{key}"), found) for key, part in parts.items()}
            if sure and (number := draw(st.none() | st.floats(0, 1))) is not None:
                value["sure"] = number
                found.append(join((*path, "sure")))
            return value
        case "array", part:
            return [value_of(part, draw, (*path, at), found) for at in range(draw(st.integers(0, 2)))]
        case "map", part:
            keys = draw(st.lists(KEYS, max_size=2, unique=True))
            return {key: value_of(part, draw, (*path, key), found) for key in keys}
        case (("reference" | "union"), part):
            return value_of(part, draw, path, found)
    return draw(st.floats(0, 1))


@given(SHAPES, st.data())
def test_they_are_all_found_and_nothing_else(shape: Any, data: Any) -> None:
    found: list[str] = []
    definitions: dict[str, Any] = {}
    schema = {**schema_of(shape, definitions), "$defs": definitions}
    value = value_of(shape, data.draw, (), found)
    resolve(schema).load(value)
    assert confidence_paths(schema, value) == tuple(found)
