"""What a model said is judged by its JSON, whatever code of the user's stands before it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from functools import cached_property, partial
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Json,
    PlainSerializer,
    RootModel,
    TypeAdapter,
    WrapValidator,
    computed_field,
    create_model,
    field_serializer,
    field_validator,
    model_serializer,
    model_validator,
)
from typing_extensions import TypedDict

from slotfill.schemas.errors import InvalidError, SchemaError
from slotfill.schemas.part_schema import PartSchema
from slotfill.schemas.schema import Schema


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Rating(Enum):
    GOOD = 1.0
    BETTER = 1.5


class Place(BaseModel):
    name: str
    opened: date | None = None


class Made(BaseModel):
    """A model whose own `__init__` makes more of what it is given."""

    count: int
    doubled: int

    def __init__(self, **data):
        super().__init__(**{"doubled": int(data["count"]) * 2, **data})


@dataclass
class Pair:
    left: int
    right: date


class Movement(TypedDict):
    day: date
    amount: Decimal


RIGHT = [
    (date, "2026-03-03"),
    (datetime, "2026-03-03T10:00:00Z"),
    (time, "10:30:00"),
    (timedelta, "PT90S"),
    (Decimal, "24.50"),
    (Decimal, 24.5),
    (set[str], ["a", "b"]),
    (frozenset[int], [1, 2]),
    (tuple[int, str], [1, "a"]),
    (bytes, "ab"),
    (dict[int, date], {"1": "2026-03-03"}),
    (UUID, "12345678-1234-5678-1234-567812345678"),
    (Colour, "red"),
    (Level, 2),
    (Rating, 1),
    (Rating, 1.5),
    (Json[dict[str, date]], '{"a": "2026-03-03"}'),
    (Made, {"count": 2}),
    (Literal[1, "a", True], 1),
    (Place, {"name": "x", "opened": "2026-03-03"}),
    (list[Place], [{"name": "x"}]),
    (Pair, {"left": 1, "right": "2026-03-03"}),
    (Movement, {"day": "2026-03-03", "amount": "1.5"}),
    (date | str, "2026-03-03"),
    (str | datetime, "2026-03-03T10:00:00Z"),
]
"""Types of which JSON has no values of its own, each with what a model rightly says."""

WRONG = [
    (datetime, "2026"),
    (datetime, "20260303"),
    (datetime, " 1772496000"),
    (datetime, "-12.5"),
    (datetime, 1772496000),
    (date, "0"),
    (date, "86400"),
    (date, 0),
    (date, "2026-03-03T00:00:00Z"),
    (time, "36000"),
    (time, 36000),
    (timedelta, "90"),
    (timedelta, 90),
    (int, "4"),
    (int, True),
    (int, 4.0),
    (float, "4.5"),
    (bool, 1),
    (bool, "true"),
    (str, 4),
    (Level, True),
    (Rating, True),
    (Json[dict[str, int]], '{"a": 1, "a": 2}'),
    (Json[dict[str, int]], '{"a": "1"}'),
    (Json[list[date]], "[0]"),
    (Json, {"a": 1}),
    (Made, {"count": "2"}),
    (Made, {"count": 2, "more": 1}),
    (Level, "1"),
    (Literal[1, 2, 3], True),
    (Literal[1, 2, 3], 1.0),
    (Literal[True], 1),
    (Literal[0], False),
    (Literal[Level.LOW], True),
    (Literal[Level.LOW, "low"], 1.0),
    (Place, {"name": "x", "Opened": "2026-03-03"}),
    (Pair, {"left": 1, "right": "2026-03-03", "middle": 2}),
    (Movement, {"day": "2026-03-03", "amount": "1.5", "note": "x"}),
    (date | int, "0"),
]
"""What is not what was asked for, though Pydantic would make something of much of it."""


def same(value: Any) -> Any:
    return value


def passed_on(value: Any, handler: Any) -> Any:
    return handler(value)


def tidied(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def bare(kind):
    return create_model("Bare", field=(kind, ...))


def before(kind):
    return create_model("Before", field=(Annotated[kind, BeforeValidator(same)], ...))


def tidy(kind):
    return create_model("Tidy", field=(Annotated[kind, BeforeValidator(tidied)], ...))


def wrapped(kind):
    return create_model("Wrapped", field=(Annotated[kind, WrapValidator(passed_on)], ...))


def whole(kind):
    class Whole(BaseModel):
        field: kind

        @model_validator(mode="before")
        @classmethod
        def take(cls, data):
            return data

    return Whole


def nested(kind):
    return create_model("Nested", field=(list[whole(kind)], ...))


FORMS = [bare, before, tidy, wrapped, whole]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("kind", "value"), RIGHT, ids=str)
def test_right_json_is_taken_behind_any_code(kind, value, form):
    read = Schema(form(kind)).load({"field": value}).field
    expected = TypeAdapter(kind).validate_json(json.dumps(value), strict=True)
    assert read == expected


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("kind", "value"), WRONG, ids=str)
def test_nothing_that_a_model_said_is_read_as_something_else(kind, value, form):
    with pytest.raises(InvalidError) as caught:
        Schema(form(kind)).load({"field": value})
    assert all(error.path.startswith("/field") for error in caught.value.errors)


@pytest.mark.parametrize("form", FORMS)
def test_a_literal_is_a_member_of_an_enumeration_by_its_value(form):
    schema = Schema(form(Literal[Level.LOW, Colour.RED]))
    assert [schema.load({"field": value}).field for value in (1, "red")] == [Level.LOW, Colour.RED]


@pytest.mark.parametrize("form", FORMS)
def test_a_member_of_an_enumeration_is_what_json_has_for_its_value(form):
    class Known(Enum):
        RED = (255, 0, 0)
        NEW_YEAR = date(2026, 1, 1)
        RATE = Decimal("1.50")
        NONE = None
        ON = True

    schema = Schema(form(Known))
    values = [[255, 0, 0], "2026-01-01", "1.50", None, True]
    assert [schema.load({"field": value}).field for value in values] == [*Known]
    for wrong in ([255, 0], [True, 0, 0], "2026", 1, "RED"):
        with pytest.raises(InvalidError):
            schema.load({"field": wrong})


@pytest.mark.parametrize("form", FORMS)
def test_a_tag_is_a_member_of_an_enumeration_by_its_value(form):
    class Size(Enum):
        SMALL = "s"
        FIRST = 1

    small = create_model("Small", size=(Literal[Size.SMALL], ...), day=(date, ...))
    first = create_model("First", size=(Literal[Size.FIRST], Size.FIRST), rank=(int, ...))
    schema = Schema(form(Annotated[small | first, Field(discriminator="size")]))
    assert schema.load({"field": {"size": "s", "day": "2026-03-03"}}).field.size is Size.SMALL
    assert schema.load({"field": {"size": 1, "rank": 2}}).field.size is Size.FIRST
    for wrong in ({"size": True, "rank": 2}, {"size": "SMALL", "day": "2026-03-03"}, {"rank": 2}):
        with pytest.raises(InvalidError):
            schema.load({"field": wrong})


@pytest.mark.parametrize(("kind", "value"), RIGHT, ids=str)
def test_so_it_is_within_the_items_of_a_list(kind, value):
    assert Schema(nested(kind)).load({"field": [{"field": value}]})


@given(st.integers().map(str) | st.decimals(allow_nan=False, allow_infinity=False).map(str))
def test_digits_are_no_time_however_they_are_tidied(digits):
    for kind in (date, datetime, time, timedelta):
        with pytest.raises(InvalidError):
            Schema(tidy(kind)).load({"field": f" {digits} "})


def test_what_the_users_code_changed_is_read_as_the_model_has_it():
    class Price(BaseModel):
        amount: float
        paid: date

        @field_validator("amount", mode="before")
        @classmethod
        def without_sign(cls, value):
            return value.replace("€", "").strip() if isinstance(value, str) else value

        @field_validator("paid", mode="before")
        @classmethod
        def from_german(cls, value):
            return date(*map(int, value.split(".")[::-1])) if isinstance(value, str) and "." in value else value

    schema = Schema(Price)
    assert schema.load({"amount": "€ 24.50", "paid": "03.04.2026"}) == Price(amount=24.5, paid="2026-04-03")
    with pytest.raises(InvalidError, match="/amount"):
        schema.load({"amount": "24.50", "paid": "2026-04-03"})  # as the model said it, and the code left it


def test_code_that_changes_its_input_in_place_is_seen_to_do_so():
    class Order(BaseModel):
        total: int

        @model_validator(mode="before")
        @classmethod
        def rename(cls, data):
            data["total"] = data.pop("sum", data.get("total"))
            return data

    assert Schema(Order).load({"sum": 4}).total == 4


def test_a_user_sees_the_same_information_and_may_catch_what_the_handler_raises():
    class Doubtful(BaseModel):
        first: int
        day: date | None

        @field_validator("day", mode="wrap")
        @classmethod
        def or_none(cls, value, handler, info):
            assert info.data == {"first": 1}
            assert info.field_name == "day"
            assert info.context["parameters"] is None
            try:
                return handler(value)
            except ValueError:
                return None

    assert Schema(Doubtful).load({"first": 1, "day": "soon"}).day is None
    assert Schema(Doubtful).load({"first": 1, "day": "2026-03-03"}).day == date(2026, 3, 3)


def in_order(day, info):
    """Judge a field by one before it, its name and the context, as validators do."""
    if day <= info.data["start"]:
        raise ValueError(f"{info.field_name} is not after start: {info.context['text']}")
    return day


@pytest.mark.parametrize(
    "outer",
    [
        BeforeValidator(same),
        BeforeValidator(lambda value, _: value.strip()),
        WrapValidator(lambda value, handler: handler(value)),
        WrapValidator(lambda value, handler, _: handler(f"{value}T00:00:00")),
    ],
)
def test_a_validator_behind_code_knows_the_fields_before_its_own(outer):
    inner = Annotated[date, WrapValidator(lambda day, handler, info: in_order(handler(day), info))]
    for kind in (Annotated[date, AfterValidator(in_order)], inner):
        model = create_model("Stay", start=(date, ...), end=(Annotated[kind, outer], ...), nights=(list[kind], []))
        schema = Schema(model)
        value = {"start": "2026-03-01", "end": "2026-03-03", "nights": ["2026-03-02"]}
        assert schema.read(json.dumps(value), document="A stay.")[0].end == date(2026, 3, 3)
        with pytest.raises(InvalidError, match=r"/end: .*end is not after start: A stay"):
            schema.validate(json.dumps({**value, "start": "2026-03-03"}), document="A stay.")


def test_what_stands_within_a_model_behind_code_knows_the_fields_of_that_model():
    class Stay(BaseModel):
        start: date
        end: Annotated[date, AfterValidator(in_order), BeforeValidator(same)]

    model = create_model("Trip", start=(str, ...), stays=(Annotated[list[Stay], BeforeValidator(same)], ...))
    trip = {"start": "later", "stays": [{"start": "2026-03-01", "end": "2026-03-03"}]}
    assert Schema(model).validate(json.dumps(trip), document="A stay.").stays[0].end == date(2026, 3, 3)


def test_a_model_that_refers_to_itself_behind_code_is_read():
    class Tree(BaseModel):
        planted: date
        children: Annotated[list["Tree"], BeforeValidator(same)] = Field(default_factory=list)

    value = {"planted": "2026-03-03", "children": [{"planted": "2026-03-04", "children": []}]}
    assert Schema(Tree).load(value).children[0].planted == date(2026, 3, 4)
    with pytest.raises(InvalidError, match="/children/0/planted"):
        Schema(Tree).load({"planted": "2026-03-03", "children": [{"planted": "2026"}]})


@pytest.mark.parametrize("extra", ["ignore", "forbid", None])
def test_keys_are_not_dropped_whatever_the_model_says_of_extras(extra):
    model = create_model("Closed", __config__=ConfigDict(extra=extra), name=(str, ...), phone=(str | None, None))
    with pytest.raises(InvalidError) as caught:
        Schema(model).load({"name": "Ada", "Phone": "555"})
    assert [error.path for error in caught.value.errors] == ["/Phone"]


def changed(data):
    return {"own": 1, **{key: part for key, part in data.items() if key != "note"}}


@pytest.mark.parametrize(
    "code",
    [
        model_validator(mode="before")(changed),
        model_validator(mode="wrap")(lambda data, handler: handler(changed(data))),
    ],
)
def test_keys_are_not_dropped_behind_code_that_changes_its_data(code):
    class Inner(BaseModel):
        name: str

    class Outer(BaseModel):
        inner: Inner | list[Inner]
        phone: str | None = None
        _known = code

    schema = Schema(Outer)
    assert schema.load({"inner": {"name": "Ada"}, "note": "removed"}).inner.name == "Ada"
    for inner, key, path in (
        ({"name": "Ada"}, "Phone", "/Phone"),
        ({"name": "Ada", "Phone": 1}, "phone", "/inner/Phone"),
        ([{"name": "Ada"}, {"name": "Bo", "a/b": 1}], "phone", "/inner/1/a~1b"),
    ):
        with pytest.raises(InvalidError) as caught:
            schema.load({"inner": inner, key: "555"})
        assert path in {error.path for error in caught.value.errors}


def test_extras_that_the_model_wants_are_kept():
    model = create_model("Open", __config__=ConfigDict(extra="allow"), name=(str, ...))
    assert Schema(model).load({"name": "Ada", "phone": "555"}).phone == "555"


def test_an_iterable_is_a_list():
    model = create_model("Lazy", items=(Iterable[int], ...))
    schema = Schema(model)
    value = schema.load({"items": [1, 2]})
    assert schema.dump(value) == schema.dump(value) == {"items": [1, 2]}
    with pytest.raises(InvalidError, match="/items/1"):
        schema.load({"items": [1, "a"]})


def test_a_default_that_is_validated_is_read_as_the_model_has_it():
    class Late(BaseModel):
        model_config = ConfigDict(validate_default=True)

        first: int = 1
        when: date = "2026-01-01"
        after: list[date] = Field(default_factory=lambda data: [f"2026-01-0{data['first']}"])

    assert Schema(Late).load({}) == Late()


def test_a_default_is_validated_with_the_fields_before_it_and_the_context():
    class Reply(BaseModel):
        model_config = ConfigDict(validate_default=True)

        code: int
        meaning: str | None = None
        quotes: list[str] = Field(default_factory=list)

        @field_validator("meaning")
        @classmethod
        def or_known(cls, value, info):
            if info.data["code"] not in (200, 404) and value is None:
                raise ValueError(f"{info.field_name} must be said of {info.data['code']}")
            return value or {200: "OK", 404: "Not Found"}[info.data["code"]]

        @field_validator("quotes")
        @classmethod
        def found(cls, quotes, info):
            assert all(quote in info.context["text_chunk"] for quote in quotes)
            return quotes

    schema = Schema(Reply)
    assert schema.validate('{"code": 404, "quotes": ["not"]}', document="It is not there.").meaning == "Not Found"
    assert schema.validate('{"code": 200, "meaning": "fine"}', document="It is.").meaning == "fine"
    for value, message in (({"code": 500}, "meaning must be said of 500"), ({"code": 200, "quotes": ["is"]}, "Assert")):
        with pytest.raises(InvalidError, match=message):
            schema.validate(json.dumps(value), document="")


def test_a_default_that_is_validated_is_not_confused_with_what_a_model_said():
    class Late(BaseModel):
        when: date = Field(default="2026-01-01", validate_default=True)
        days: list[int] = Field(default_factory=lambda: ["1"], validate_default=True)

    schema = Schema(Late)
    assert schema.load({}) == Late()
    assert schema.load({}).days is not schema.load({}).days
    for value in ({"when": "2026"}, {"days": ["1"]}):
        with pytest.raises(InvalidError):
            schema.load(value)


def test_a_default_that_is_refused_is_no_schema():
    class Late(BaseModel):
        model_config = ConfigDict(validate_default=True, strict=True)

        when: date = "2026-01-01"

    with pytest.raises(SchemaError, match=r"schema 'late': the default '2026-01-01' is refused: .*valid date"):
        Schema(Late)


def test_a_default_that_is_a_member_of_an_enumeration_is_validated():
    class Ticket(BaseModel):
        model_config = ConfigDict(validate_default=True, use_enum_values=True)

        level: Level = Level.LOW
        other: Literal[Level.LOW, 3] = Level.LOW

    assert Schema(Ticket).load({}) == Ticket()


def test_an_async_validator_is_no_schema():
    class Slow(BaseModel):
        code: str

        @field_validator("code")
        @classmethod
        async def look_up(cls, value):
            return value

    with pytest.raises(SchemaError, match=r"schema 'slow': validator .*look_up is async"):
        Schema(create_model("Around", slow=(list[Slow], ...), __base__=BaseModel), name="slow")


async def late(_self, value=None):
    return value


class Late:
    async def __call__(self, value):
        return value


class Computing(BaseModel):
    @computed_field
    @property
    async def loud(self) -> str:
        return ""


class Caching(BaseModel):
    @computed_field
    @cached_property
    async def loud(self) -> str:
        return ""


class Writing(BaseModel):
    @model_serializer
    async def write(self) -> dict[str, str]:
        return {}


ASYNC = {
    "an object that is called": {"code": (Annotated[str, AfterValidator(Late())], ...)},
    "a part of a function": {"code": (Annotated[str, BeforeValidator(partial(late, None))], ...)},
    "a field's serializer": {"__validators__": {"write": field_serializer("code")(late)}},
    "a type's serializer": {"code": (Annotated[str, PlainSerializer(late)], ...)},
    "a model's serializer": {"__base__": Writing},
    "a property": {"__base__": Computing},
    "a cached property": {"__base__": Caching},
}


@pytest.mark.parametrize("parts", ASYNC.values(), ids=ASYNC)
def test_whatever_code_is_async_is_none_either(parts):
    slow = create_model("Slow", **{"code": (str, ...), **parts})
    with pytest.raises(SchemaError, match="is async, and nothing waits for it"):
        Schema(create_model("Around", slow=(list[slow], ...)))


def test_a_root_model_with_code_is_read():
    class Days(RootModel[list[date]]):
        @model_validator(mode="before")
        @classmethod
        def listed(cls, data):
            return [data] if isinstance(data, str) else data

    schema = Schema(Days)
    assert schema.load(["2026-03-03"]).root == schema.load("2026-03-03").root == [date(2026, 3, 3)]


def test_a_decimal_keeps_all_its_digits():
    class Bill(BaseModel):
        total: Annotated[Decimal, Field(le=Decimal("12345678901234567890.12"))]
        others: list[Decimal | None] = Field(default_factory=list)

    schema = Schema(Bill)
    text = '{"total": 12345678901234567890.12, "others": [0.1000000000000000055511151231257827]}'
    value = schema.validate(text)
    assert value.total == Decimal("12345678901234567890.12")
    assert value.others == [Decimal("0.1000000000000000055511151231257827")]
    with pytest.raises(InvalidError, match="/total"):
        schema.validate('{"total": 12345678901234567890.13}')


def moved(kind):
    class Moved(BaseModel):
        field: kind

        @model_validator(mode="before")
        @classmethod
        def take_out(cls, data):
            return data.get("stay", data)

    return Moved


def lowered(kind):
    class Lowered(BaseModel):
        field: kind

        @model_validator(mode="before")
        @classmethod
        def lower(cls, data):
            return {key.lower(): value for key, value in data.items()}

    return Lowered


SAME = [(date, "2026-03-03T00:00:00Z"), (Level, "1")]
"""What is written otherwise only, and the user's configuration reads."""

TIMES = (date, datetime, time, timedelta, Level)
LOSSY = [one for one in WRONG if (one[0] in TIMES or one[1] is True) and one not in SAME]
LOSSY += [(Literal[True], 1), (Literal[0], False), (list[int], [True]), (dict[str, Literal[1]], {"a": True})]


@pytest.mark.parametrize(("form", "wrap"), [(moved, "stay"), (lowered, None)])
@pytest.mark.parametrize(("kind", "value"), LOSSY, ids=str)
def test_what_code_only_moves_is_not_read_as_something_else(kind, value, form, wrap):
    said = {"stay": {"field": value}} if wrap else {"FIELD": value}
    with pytest.raises(InvalidError):
        Schema(form(kind)).load(said)


@pytest.mark.parametrize(("kind", "value"), RIGHT, ids=str)
def test_what_code_only_moves_is_taken_where_it_is_right(kind, value):
    schema = Schema(moved(kind))
    assert schema.load({"stay": {"field": value}}) == schema.load({"field": value})


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        (dict[int, str], ["1", "01"]),
        (dict[float, str], ["1.0", "1.00"]),
        (dict[Decimal, str], ["1.0", "1.00"]),
        (dict[datetime, str], ["2026-03-03T10:00:00Z", "2026-03-03T11:00:00+01:00"]),
        (dict[timedelta, str], ["PT60M", "PT1H"]),
        (dict[UUID, str], ["12345678-1234-5678-1234-567812345678", "12345678123456781234567812345678"]),
        (dict[Annotated[str, AfterValidator(str.casefold)], str], ["a", "A"]),
        (list[dict[int, str]], ["1", "01"]),
    ],
    ids=str,
)
def test_keys_that_are_read_as_one_are_refused(kind, keys):
    schema = Schema(bare(kind))
    apart, together = {keys[0]: "a"}, dict.fromkeys(keys, "a")
    in_list = str(kind).startswith("list")
    assert schema.load({"field": [apart] if in_list else apart})
    with pytest.raises(InvalidError, match="read as one"):
        schema.load({"field": [together] if in_list else together})


def test_keys_that_a_configuration_changes_are_refused_where_they_become_one():
    model = create_model("Tidied", __config__=ConfigDict(str_strip_whitespace=True), field=(dict[str, int], ...))
    assert Schema(model).load({"field": {" a": 1, "b": 2}}).field == {"a": 1, "b": 2}
    with pytest.raises(InvalidError, match="read as one"):
        Schema(model).load({"field": {" a": 1, "a": 2}})


class Contact(BaseModel):
    street: str = Field(validation_alias=AliasPath("address", "street"))
    first: str = Field(validation_alias=AliasChoices(AliasPath("names", 0), "first_name"))
    zip_code: int = Field(0, validation_alias=AliasChoices("zip", AliasPath("address", "zip")))


def test_a_field_that_is_read_at_a_path_is_read_by_the_key_that_is_asked_for():
    schema = Schema(Contact)
    assert [*schema.json_schema["properties"]] == ["street", "first_name", "zip"]
    value = schema.validate('{"street": "Kade 1", "first_name": "Ada", "zip": 3}')
    assert (value.street, value.first, value.zip_code) == ("Kade 1", "Ada", 3)
    part = PartSchema(schema, {"type": "object", "properties": {"street": {"type": "string"}}}, nested=True)
    assert part.read('{"street": "Kade 1"}')[1] == {"street": "Kade 1"}


def test_nothing_that_stands_beside_a_path_is_dropped():
    with pytest.raises(InvalidError, match="/address: Extra"):
        Schema(Contact).validate('{"first_name": "Ada", "address": {"street": "Kade 1", "country": "NL"}}')


def test_code_of_the_users_may_make_what_is_read_at_a_path():
    class Letter(Contact):
        @model_validator(mode="before")
        @classmethod
        def take_apart(cls, data):
            street, first = data.pop("street").split("/")
            return {**data, "address": {"street": street}, "names": [first]}

    value = Schema(Letter).validate('{"street": "Kade 1/Ada", "zip": 3}')
    assert (value.street, value.first, value.zip_code) == ("Kade 1", "Ada", 3)


def test_a_decimal_in_the_json_of_a_text_keeps_all_its_digits():
    schema = Schema(create_model("Bill", sums=(Json[list[Decimal]], ...)))
    assert schema.validate('{"sums": "[12345678901234567890.12]"}').sums == [Decimal("12345678901234567890.12")]
