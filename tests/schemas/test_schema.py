import json
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    RootModel,
    ValidationInfo,
    WrapValidator,
    create_model,
    field_validator,
    model_validator,
)
from typing_extensions import TypedDict

from slotfill.schemas.errors import FieldError, InvalidError, SchemaCodeError, SchemaError
from slotfill.schemas.example import Example
from slotfill.schemas.json_schema.response_model import response_model
from slotfill.schemas.json_values.exact_json import dumps, loads
from slotfill.schemas.json_values.places import steps_of
from slotfill.schemas.json_values.pointer import follow, join, pointer_to
from slotfill.schemas.json_values.wrapper import WRAPPER
from slotfill.schemas.parameters import Parameters
from slotfill.schemas.part_schema import PartSchema
from slotfill.schemas.schema import Schema
from slotfill.schemas.verbatim import Verbatim


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str


class Line(TypedDict):
    sku: str


class Order(BaseModel):
    """Read the order."""

    model_config = ConfigDict(extra="forbid")

    number: int = Field(alias="order-no")
    due: date | None = None
    total: Decimal = Decimal(0)
    lines: list[Line] = []
    pet: Annotated[Cat | Dog, Field(discriminator="kind")] | None = None
    size: int | Cat = 0
    notes: dict[str, list[int]] = {}


class Numbers(RootModel[list[int]]):
    """List the numbers."""


class Tree(BaseModel):
    name: str
    children: list["Tree"] = []


class Short(BaseModel):
    """Write {words} words, at most {words}, in a {tone} tone; {other} stays."""

    class Options(Parameters):
        words: int = Field(2, ge=1, le=9)
        tone: str = "calm"

        @model_validator(mode="after")
        def _calm(self) -> "Short.Options":
            if self.tone == "loud":
                raise ValueError("not so loud")
            return self

    examples: ClassVar[tuple[Example, ...]] = (
        Example("Hello, you", {"text": "Hello you"}),
        Example("Hi", {"text": "Hi"}),
    )

    text: str

    @field_validator("text")
    @classmethod
    def _is_short(cls, text: str, info: ValidationInfo) -> str:
        if info.context and len(text.split()) > info.context["parameters"].words:
            raise ValueError("too many words")
        return text


class Buggy(BaseModel):
    name: str

    @field_validator("name")
    @classmethod
    def _break(cls, name: str) -> str:
        return {"known": "Known"}[name]


def errors_of(model, value, **options):
    schema = Schema(model)
    text = value if isinstance(value, str) else json.dumps(schema.wrap(value))
    with pytest.raises(InvalidError) as caught:
        schema.validate(text, **options)
    return caught.value


def paths(model, value):
    return [error.path for error in errors_of(model, value).errors]


ORDERS = st.builds(
    lambda optional, number: {"order-no": number, **optional},
    st.fixed_dictionaries(
        {},
        optional={
            "due": st.none() | st.dates().map(date.isoformat),
            "total": st.decimals(0, 10**6, places=2).map(str),
            "lines": st.lists(st.fixed_dictionaries({"sku": st.text()}), max_size=3),
            "pet": st.none()
            | st.fixed_dictionaries({"kind": st.just("cat"), "lives": st.integers()})
            | st.fixed_dictionaries({"kind": st.just("dog"), "name": st.text()}),
            "notes": st.dictionaries(st.text(), st.lists(st.integers(), max_size=3), max_size=3),
        },
    ),
    st.integers(),
)


@given(ORDERS)
def test_what_is_dumped_loads_again(value):
    schema = Schema(Order)
    order = schema.load(value)
    data = json.loads(json.dumps(schema.dump(order)))
    assert schema.load(data) == order
    assert data.items() >= value.items()


@given(st.lists(st.integers()))
def test_what_is_no_object_is_dumped_and_loads_again(numbers):
    schema = Schema(Numbers)
    assert schema.dump(schema.load(numbers)) == numbers


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text() | st.floats(), st.lists))
@example(float("nan"))
@example(10**400)
@example("\ud800")
def test_whatever_comes_in_is_a_value_or_an_invalid_error(value):
    for model in (Order, Numbers, Tree, Short, Buggy):
        for text in (json.dumps(value), json.dumps({WRAPPER: value}), str(value)):
            with suppress(InvalidError):
                assert isinstance(Schema(model).validate(text), model)


def test_names_and_instructions_come_from_the_model():
    schema = Schema(Order)
    assert (schema.name, schema.instructions, schema.wrapped) == ("order", "Read the order.", False)
    assert Schema(Tree).instructions == "Extract tree from the document."
    assert Schema(Tree, name="bush", instructions="Mine.").name == "bush"
    assert Schema(Tree, name="bush", instructions="Mine.").instructions == "Mine."
    named = {"HTTPRequest": "http_request", "OrderLine": "order_line", "V2Order": "v2_order", "x": "x"}
    for class_name, name in named.items():
        assert Schema(type(class_name, (BaseModel,), {})).name == name


@pytest.mark.parametrize("model", ["Order", None, Order.model_construct(), 7])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(SchemaError, match="is no Pydantic model"):
        Schema(model)


def test_a_model_that_json_schema_cannot_say_is_refused_on_one_line():
    model = type("Odd", (BaseModel,), {"__annotations__": {"hook": "Missing"}})
    with pytest.raises(SchemaError, match="schema 'odd' has no JSON Schema") as caught:
        Schema(model)
    assert len(str(caught.value).splitlines()) == 1
    assert "https://" not in str(caught.value)  # a page of Pydantic's that says no more


def test_aliases_are_what_travels():
    schema = Schema(Order)
    order = schema.validate('{"order-no": 3}')
    assert order.number == 3
    assert schema.dump(order)["order-no"] == 3
    assert "order-no" in schema.json_schema["properties"]
    assert paths(Order, {"number": 3}) == ["/order-no", "/number"]


@pytest.mark.parametrize("value", ["4", 4.5, True, None, [4], "x"])
def test_nothing_is_coerced(value):
    assert paths(Order, {"order-no": value}) == ["/order-no"]
    assert paths(Numbers, [1, value]) == ["/1"]


def test_what_json_has_no_type_for_is_read_from_strings():
    order = Schema(Order).load({"order-no": 1, "due": "2026-11-21", "total": "1.10"})
    assert (order.due, order.total) == (date(2026, 11, 21), Decimal("1.10"))
    assert paths(Order, {"order-no": 1, "due": "21.11.2026"}) == ["/due"]


@pytest.mark.parametrize("text", ["", "{", "{'a': 1}", "nope", '{"order-no": 1} x', "\ud800"])
def test_what_is_no_json_is_kept_as_it_came(text):
    error = errors_of(Order, text)
    assert error.data == text
    assert [each.path for each in error.errors] == [""]
    assert "is no JSON" in str(error)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1E+400"])
def test_numbers_that_json_has_not_are_refused(number):
    class Reading(BaseModel):
        value: float

    assert "is no JSON" in str(errors_of(Reading, f'{{"value": {number}}}'))
    assert "is no JSON" in str(errors_of(RootModel[float], f'{{"value": {number}}}'))


def test_a_value_that_is_no_object_travels_in_one():
    schema = Schema(Numbers)
    assert schema.wrapped
    assert schema.wrap([1]) == {"value": [1]}
    assert schema.validate('{"value": [1, 2]}').root == [1, 2]
    assert schema.json_schema["type"] == "array"
    for text in ("[1, 2]", "{}", '{"value": [1], "more": 2}'):
        with pytest.raises(InvalidError):
            schema.validate(text)


def test_paths_start_at_the_unwrapped_value():
    error = errors_of(Numbers, '{"value": [1, "2", 3, null]}')
    assert [each.path for each in error.errors] == ["/1", "/3"]
    assert error.data == [1, "2", 3, None]
    assert paths(Numbers, "not a list") == [""]
    error = errors_of(Numbers, "[1]")
    assert ([each.path for each in error.errors], error.data) == ([""], [1])


def test_paths_are_json_pointers_into_the_data():
    value = {
        "order-no": 1,
        "lines": [{"sku": "a"}, {}, {"sku": 3}],
        "notes": {"a/b~c": [1, "2"], "": ["3"]},
    }
    assert paths(Order, value) == ["/lines/1/sku", "/lines/2/sku", "/notes/a~1b~0c/1", "/notes//0"]
    assert paths(Order, {}) == ["/order-no"]
    assert paths(Order, {"order-no": 1, "x": 2}) == ["/x"]
    assert paths(Tree, {"name": "a", "children": [{"name": "b", "children": [{}]}]}) == ["/children/0/children/0/name"]


def test_tags_of_unions_are_no_part_of_a_path():
    assert paths(Order, {"order-no": 1, "pet": {"kind": "cat"}}) == ["/pet/lives"]
    assert paths(Order, {"order-no": 1, "pet": {"kind": "dog", "name": 3}}) == ["/pet/name"]
    assert paths(Order, {"order-no": 1, "pet": {"kind": "cow"}}) == ["/pet"]
    assert paths(Order, {"order-no": 1, "size": "big"}) == ["/size", "/size"]
    assert paths(Order, {"order-no": 1, "size": {"kind": "cat"}}) == ["/size", "/size/lives"]


@given(st.lists(st.text() | st.integers(0, 9)))
def test_a_pointer_leads_where_its_parts_lead(parts):
    tokens = join(parts).split("/")[1:]
    assert [token.replace("~1", "/").replace("~0", "~") for token in tokens] == list(map(str, parts))


def test_only_the_last_part_of_a_location_can_be_missing():
    data = {"a": {"b": [1]}}
    assert pointer_to(("a", "b", 0), data) == "/a/b/0"
    assert pointer_to(("a", "c"), data) == "/a"
    assert pointer_to(("a", "c"), data, missing=True) == "/a/c"
    assert pointer_to(("a", "tag", "c"), data, missing=True) == "/a/c"
    assert pointer_to(("c", "a", "c"), data, missing=True) == "/a/c"
    assert pointer_to(("a", "b", 1), data) == "/a/b"
    assert pointer_to((), data) == ""


def test_a_validator_that_breaks_makes_the_value_invalid():
    error = errors_of(Buggy, {"name": "other"})
    assert error.errors == (FieldError("/name", "a validator of buggy raised KeyError: 'other'"),)
    assert error.data == {"name": "other"}
    assert isinstance(error.__cause__, KeyError)
    assert Schema(Buggy).load({"name": "known"}).name == "Known"


def look_up(value):
    return {"known": value}[value]


@pytest.mark.parametrize(
    "validator",
    [
        BeforeValidator(look_up),
        AfterValidator(look_up),
        WrapValidator(lambda value, handler: look_up(handler(value))),
        PlainValidator(look_up, json_schema_input_type=str),
    ],
)
@pytest.mark.parametrize("outer", [AfterValidator(list), BeforeValidator(list)])
def test_the_place_of_a_validator_that_breaks_is_named(validator, outer):
    row = create_model("Row", name=(Annotated[str, validator], ...))
    whole = Schema(create_model("Table", title=(str, ...), rows=(Annotated[list[row], outer], ...)))
    for schema in (whole, PartSchema(whole, whole.json_schema), PartSchema(whole, whole.json_schema, nested=True)):
        with pytest.raises(SchemaCodeError) as caught:
            schema.load({"title": "x", "rows": [{"name": "known"}, {"name": "other"}]})
        assert [error.path for error in caught.value.errors] == ["/rows/1/name"]
        assert isinstance(caught.value.__cause__, KeyError)


def test_where_the_place_of_what_breaks_is_not_known_it_is_the_whole():
    class Made(BaseModel):
        name: str

        def model_post_init(self, context):
            look_up(self.name)

    error = errors_of(Made, {"name": "other"})
    assert error.errors == (FieldError("", "a validator of made raised KeyError: 'other'"),)


def test_the_document_reaches_verbatim_strings_and_loading_needs_none():
    class Quote(BaseModel):
        text: Verbatim

    schema = Schema(Quote)
    assert schema.validate('{"text": "soup"}', document="the soup").text == "soup"
    assert schema.load({"text": "tea"}).text == "tea"
    assert [e.path for e in errors_of(Quote, {"text": "tea"}, document="the soup").errors] == ["/text"]


def test_parameters_fill_the_instructions_and_reach_validators():
    schema = Schema(Short, parameters={"words": "3", "tone": "{words}"})
    assert schema.parameters == Short.Options(words=3, tone="{words}")
    assert schema.instructions == "Write 3 words, at most 3, in a {words} tone; {other} stays."
    assert schema.json_schema["description"] == schema.instructions
    assert schema.load({"text": "one two three"})
    assert paths(Short, {"text": "one two three"}) == ["/text"]
    assert Schema(Tree).parameters is None


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"words": 0}, "parameter 'words' of schema 'short'"),
        ({"words": "many"}, "parameter 'words' of schema 'short'"),
        ({"tone": "loud"}, "parameters of schema 'short': Value error, not so loud"),
        ({"word": 2}, "schema 'short' has no parameter 'word': it takes tone, words"),
    ],
)
def test_wrong_parameters_are_refused(parameters, message):
    with pytest.raises(SchemaError, match=message):
        Schema(Short, parameters=parameters)


def test_a_models_own_examples_are_checked_and_fitted_to_the_parameters():
    assert Schema(Short).examples == Short.examples
    assert Schema(Short, parameters={"words": 1}).examples == Short.examples[1:]
    assert Schema(Short, examples=[]).examples == ()
    broken = type("Broken", (Short,), {"examples": (Example("a", {"text": "a b c"}),)})
    with pytest.raises(SchemaError, match="example 1 of schema 'broken' does not validate: /text"):
        Schema(broken)


def test_names_of_ours_are_the_users_own_where_they_mean_something_else():
    class Lesson(BaseModel):
        examples: list[str] = Field(default=["a"])
        calibration: str = "none"

    class Instrument(BaseModel):
        class Parameters(BaseModel):
            words: int = 3

        examples: ClassVar[list[str]] = ["a", "b"]
        calibration: ClassVar[float] = 0.5
        name: str

    for model in (Lesson, Instrument):
        schema = Schema(model)
        assert (schema.examples, schema.calibration, schema.parameters) == ((), (), None)


@pytest.mark.parametrize("value", [{"text": 3}, {}, None, {"text": {1, 2}}, {"text": "one two three"}])
def test_examples_that_are_given_are_checked(value):
    good = Example("a", {"text": "a"})
    with pytest.raises(SchemaError, match="example 2 of schema 'short' does not validate"):
        Schema(Short, examples=iter([good, Example("b", value)]))


def test_examples_are_checked_against_their_text():
    class Quote(BaseModel):
        text: Verbatim

    with pytest.raises(SchemaError, match="does not stand in the document"):
        Schema(Quote, examples=[Example("soup", {"text": "tea"})])


def test_the_fingerprint_is_the_same_for_the_same_schema():
    assert Schema(Short).id == Schema(Short).id == Schema(Short, parameters={"words": "2"}).id
    assert len(Schema(Short).id) == 64
    assert repr(Schema(Short)) == f"Schema('short', id='{Schema(Short).id[:12]}')"


def test_the_fingerprint_changes_with_all_that_a_language_model_is_told():
    class Shorter(BaseModel):
        text: Annotated[str, Field(max_length=3)]

    schemas = [
        Schema(Short),
        Schema(Short, name="brief"),
        Schema(Short, instructions="Other."),
        Schema(Short, examples=[]),
        Schema(Short, examples=[Example("Hi!", {"text": "Hi"})]),
        Schema(Short, parameters={"words": 3}),
        Schema(Shorter, name="short", instructions=Schema(Short).instructions),
    ]
    assert len({schema.id for schema in schemas}) == len(schemas)


@pytest.mark.parametrize(
    ("json_schema", "value"), [({"type": "array", "items": {"type": "string"}}, ["a"]), ({"type": "object"}, {"a": 1})]
)
def test_values_and_the_paths_into_them_are_wrapped_and_unwrapped(json_schema, value):
    schema = Schema(response_model(json_schema, name="either"))
    assert schema.unwrap(schema.wrap(value)) == value
    (step,) = steps_of(value)
    pointer = schema.wrap_pointer(join((step,)))
    assert follow(pointer, schema.wrap(value)) == value[step]
    assert schema.unwrap_path((*(("value",) if schema.wrapped else ()), step)) == (step,)
    assert schema.wrapped is (schema.unwrap_path(("other",)) is None)


class Amount(BaseModel):
    amount: Decimal
    day: date


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (Schema(Amount), '{"amount": 12345678901234567890.123, "day": "2026-11-30"}'),
        (Schema(response_model({"type": "array", "items": {"type": "number"}}, name="prices")), "[1, 2.50]"),
        (Schema(response_model({"type": "integer"}, name="count")), "9007199254740993.0"),
    ],
)
def test_data_that_was_read_again_are_validated_as_their_text_was(schema, text):
    data = loads(text)
    value = schema.validate(dumps(schema.wrap(data)))
    assert schema.dump(schema.read_data(data)) == schema.dump(value)


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (Schema(Amount), '{"amount":"12.50","day":"2026-11-30"}'),
        (Schema(response_model({"type": "array", "items": {"type": "number"}}, name="prices")), "[1,2.5]"),
    ],
)
def test_so_is_the_text_of_what_was_written(schema, text):
    assert schema.dump(schema.read_written(text)) == json.loads(text)
    with pytest.raises(ValueError, match=r"valid|Amount"):
        schema.read_written('{"amount":true}')


@pytest.mark.parametrize(
    "data", [{"amount": "12", "day": "30.11.2026"}, {"amount": True, "day": "2026-11-30"}, [], None]
)
def test_and_refused_as_it_was(data):
    with pytest.raises(InvalidError):
        Schema(Amount).validate(dumps(data))
    with pytest.raises(ValueError, match="Amount"):
        Schema(Amount).read_data(data)
    with pytest.raises(ValueError, match="Amount"):
        Schema(Amount).read_written(dumps(data))
