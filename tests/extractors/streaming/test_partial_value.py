"""A reply that is still arriving: its plain data, its typed value, its parts."""

import copy
import gc
import json
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Generic, Literal, TypeVar

import pytest
from checkout import FIXTURES
from examples import examples
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    BaseModel,
    ConfigDict,
    Field,
    Json,
    PrivateAttr,
    RootModel,
    create_model,
    field_validator,
    model_validator,
)
from typing_extensions import TypeAliasType, TypedDict

from slotfill.extractors.streaming import partial_value as module
from slotfill.extractors.streaming.partial_value import CompletedPart, PartialValue
from slotfill.schemas.built_in.built_ins import built_ins
from slotfill.schemas.errors import InvalidError
from slotfill.schemas.json_schema.response_model import JsonValue, response_model
from slotfill.schemas.json_values.pointer import join
from slotfill.schemas.json_values.wrapper import WRAPPER
from slotfill.schemas.parameters import Parameters
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.schema_sources import resolve
from slotfill.schemas.strategies import instances
from slotfill.schemas.verbatim import Verbatim

FEW = examples(20)
SHAPES = sorted((FIXTURES / "shapes").glob("*.json"))
BUILT_INS = [resolve(name) for name in built_ins()]
T = TypeVar("T")


class Size(Enum):
    SMALL = "s"
    LARGE = "l"


class Place(BaseModel):
    city: str
    since: date | None = None


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str


class Tree(BaseModel):
    label: str
    children: list["Tree"] = []
    parent: "Tree | None" = None


class Box(BaseModel, Generic[T]):
    content: T


class Person(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: Verbatim
    born: date = Field(alias="date-of-birth")
    size: Size
    home: Place
    work: Place | None
    places: list[Place] = Field(max_length=9)
    lists: list[list[date]] | None = None
    pets: list[Annotated[Cat | Dog, Field(discriminator="kind")]] = []
    by_name: dict[str, Place] = {}
    tree: Tree | None = None
    box: Box[Place] | None = None
    either: Place | list[int] | None = None
    price: Decimal = Decimal(0)
    tags: set[str] = set()
    pair: tuple[int, str] = (1, "")
    raw: Json[Any] = None


PERSON = Schema(Person)
JOE = {
    "name": " Joe ",
    "date-of-birth": "2001-02-03",
    "size": "l",
    "home": {"city": "Bonn", "since": "2020-01-01"},
    "work": {"city": "Köln"},
    "places": [{"city": "Ulm", "since": "2010-10-10"}, {"city": "Rom"}],
    "lists": [["2000-01-01"], []],
    "pets": [{"kind": "cat", "lives": 9}, {"kind": "dog", "name": "Rex"}],
    "by_name": {"a": {"city": "Aix"}},
    "tree": {"label": "x", "children": [{"label": "y", "children": [{"label": "z"}]}]},
    "box": {"content": {"city": "Trier"}},
    "either": {"city": "Hof"},
    "price": 1.25,
    "tags": ["b", "a"],
    "pair": [1, "x"],
    "raw": "[1]",
}


class Cities(RootModel[list[Place]]):
    pass


class Prices(RootModel[dict[str, int]]):
    pass


class Word(RootModel[str]):
    pass


class Animal(RootModel[Annotated[Cat | Dog, Field(discriminator="kind")]]):
    pass


def cut(draw, text):
    at = sorted(draw(st.lists(st.integers(0, len(text)), max_size=40)))
    return [text[start:end] for start, end in zip([0, *at], [*at, len(text)], strict=True)]


def written(schema, value):
    return json.dumps(schema.wrap(value), ensure_ascii=False)


def grown(schema, text):
    """Give what has grown of a text that came in single characters, looked at after each."""
    growing = PartialValue(schema)
    for char in text:
        growing.feed(char)
        _ = growing.value, growing.data
    return growing


def of(model, text):
    return grown(Schema(model), text).value


def parts_of(value):
    """Give all parts of a value, in order."""
    if not isinstance(value, dict | list):
        yield CompletedPart("", value)
        return
    for key, member in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(member, list):
            yield from (CompletedPart(join((key, at)), item) for at, item in enumerate(member))
        yield CompletedPart(join((key,)), member)


def plainly(value):
    """Give a typed value as plain data, of what has arrived alone: for schemas whose leaves JSON has as they are."""
    if isinstance(value, RootModel):
        return plainly(value.root)
    if isinstance(value, BaseModel):
        return {name: plainly(getattr(value, name)) for name in value.model_fields_set}
    return [plainly(item) for item in value] if isinstance(value, list) else value


class TestTheWhole:
    """Whatever a schema accepts, and however it is cut: in the end it is what the schema makes of it."""

    @pytest.mark.parametrize("schema", BUILT_INS, ids=lambda schema: schema.name)
    @FEW
    @given(data=st.data())
    def test_of_the_built_ins(self, schema, data):
        self.check(schema, data)

    @pytest.mark.sweep
    @pytest.mark.parametrize("path", SHAPES, ids=lambda path: path.stem)
    @examples(10)
    @given(data=st.data())
    def test_of_json_schemas(self, path, data):
        self.check(resolve(str(path)), data)

    @pytest.mark.parametrize("model", [Person, Tree, Cities, Prices, Word, Animal], ids=lambda model: model.__name__)
    @FEW
    @given(data=st.data())
    def test_of_models(self, model, data):
        self.check(Schema(model), data)

    @pytest.mark.parametrize("json_schema", [{"type": "array"}, {"type": ["string", "null"]}, {"type": "number"}, {}])
    @FEW
    @given(data=st.data())
    def test_of_json_schemas_that_travel_wrapped(self, json_schema, data):
        self.check(Schema(response_model(json_schema, name="wrapped")), data)

    def check(self, schema, data):
        value = data.draw(instances(schema))
        text = written(schema, value)
        growing, parts = PartialValue(schema), []
        for piece in cut(data.draw, text):
            parts += growing.feed(piece)
            assert issubclass(schema.model, JsonValue) or isinstance(growing.value, schema.model)
        assert growing.data == value
        assert growing.value == schema.validate(text)
        assert type(growing.value) is type(schema.validate(text))
        assert parts == [*parts_of(value)]

    def test_of_a_value_with_all_kinds_of_parts(self):
        assert of(Person, written(PERSON, JOE)) == PERSON.load(JOE)

    def test_that_does_not_validate_stays_as_it_arrived(self):
        growing = grown(PERSON, written(PERSON, JOE | {"name": 3, "more": 1}))
        assert isinstance(growing.value, Person)
        assert (growing.value.name, growing.value.born) == (3, date(2001, 2, 3))
        assert growing.data == JOE | {"name": 3, "more": 1}
        assert not hasattr(growing.value, "more")

    def test_is_validated_by_the_model_as_a_whole(self):
        class Span(BaseModel):
            first: int
            last: int = 7

            @model_validator(mode="after")
            def _swap(self):
                if self.first > self.last:
                    self.first, self.last = self.last, self.first
                return self

        schema = Schema(Span)
        assert grown(schema, '{"first": 9').value.first is None
        assert grown(schema, '{"first": 9,').value.__dict__ == {"first": 9, "last": None}
        assert grown(schema, '{"first": 9}').value == Span(first=7, last=9)


class TestBefore:
    """What has arrived, at each moment."""

    @pytest.mark.parametrize("schema", [*BUILT_INS, *map(Schema, (Tree, Prices, Word, Animal))], ids=lambda s: s.name)
    @FEW
    @given(data=st.data())
    def test_the_typed_value_shows_what_the_plain_one_does(self, schema, data):
        text = written(schema, data.draw(instances(schema)))
        growing = PartialValue(schema)
        for piece in cut(data.draw, text):
            growing.feed(piece)
            if data.draw(st.booleans()):
                assert (plainly(growing.value) or None) == (growing.data or None)

    @pytest.mark.parametrize(
        ("upto", "name", "value"),
        [
            ("", "name", None),
            ('"name":', "name", None),
            ('"name": "', "name", ""),
            ('"name": " Jo', "name", " Jo"),
            ('"name": " Joe "', "name", "Joe"),
            ('"date-of-birth": "2001-02', "born", "2001-02"),
            ('"date-of-birth": "2001-02-03"', "born", date(2001, 2, 3)),
            ('"date-of-birth": "2001-02-33"', "born", "2001-02-33"),
            ('"born": "2001-02-03"', "born", None),
            ('"size": "l"', "size", Size.LARGE),
            ('"size": "xl"', "size", "xl"),
            ('"size": 3,', "size", 3),
            ('"work": nul', "work", None),
            ('"work": [{"city": "Ulm"}', "work", [{"city": "Ulm"}]),
            ('"places": {"a": [', "places", {"a": []}),
            ('"places": []', "places", []),
            ('"places": 3 ', "places", 3),
            ('"lists": [["2000-01-01", "2000', "lists", [[date(2000, 1, 1), "2000"]]),
            ('"by_name": {"a": {"city": "Aix"}', "by_name", {"a": {"city": "Aix"}}),
            ('"either": {"city": "Aix"', "either", {"city": "Aix"}),
            ('"either": [1, 2', "either", [1]),
            ('"price": 1.25', "price", None),
            ('"price": 1.25 ', "price", Decimal("1.25")),
            ('"tags": ["a", "b"', "tags", ["a", "b"]),
            ('"tags": ["a", "b"]', "tags", {"a", "b"}),
            ('"pair": [1', "pair", []),
            ('"pair": [1, "x"]', "pair", (1, "x")),
            ('"raw": "[1', "raw", "[1"),
            ('"raw": "[1]"', "raw", [1]),
        ],
    )
    def test_a_member(self, upto, name, value):
        found = getattr(of(Person, "{" + upto), name)
        assert (found, type(found)) == (value, type(value))

    def test_open_models_are_instances_of_their_own_class(self):
        person = of(Person, '{"home": {"city": "Bo')
        assert type(person.home) is Place
        assert (person.home.city, person.home.since, person.work) == ("Bo", None, None)
        assert type(of(Person, '{"work": {').work) is Place
        places = of(Person, '{"places": [{"city": "Ulm"}, {"city": "Ro').places
        assert places[0] == Place(city="Ulm")
        assert (type(places[1]), places[1].city) == (Place, "Ro")
        tree = of(Person, '{"tree": {"label": "x", "children": [{"label": "y", "parent": {"label": "z').tree
        assert type(tree.children[0].parent) is Tree
        assert tree.children[0].parent.label == "z"
        box = of(Person, '{"box": {"content": {"city": "Tri').box
        assert (type(box), type(box.content), box.content.city) == (Box[Place], Place, "Tri")

    def test_items_of_a_discriminated_union_are_plain_until_they_end(self):
        text = '{"pets": [{"kind": "cat", "lives": 9}, {"kind": "dog", "name": "Rex"'
        assert of(Person, text).pets == [Cat(kind="cat", lives=9), {"kind": "dog", "name": "Rex"}]
        assert of(Person, text + "}").pets[1] == Dog(kind="dog", name="Rex")

    def test_an_item_that_does_not_validate_stays_as_it_arrived(self):
        places = of(Person, '{"places": [{"city": 3, "since": "2020-01-01"}, {"city": "Ulm"}], ').places
        assert (type(places[0]), places[0].city, places[0].since) == (Place, 3, date(2020, 1, 1))
        assert places[1] == Place(city="Ulm")
        assert of(Person, '{"home": {"city": 3}, ').home.city == 3

    def test_of_a_key_that_comes_twice_the_last_counts(self):
        text = '{"home": {"city": "Ulm"}, "home": {"since": "2020-01-01", "work": 1, "work": {"city": "Aix'
        assert of(Person, text).home.__dict__ == {"city": None, "since": date(2020, 1, 1)}
        assert of(Person, '{"places": [{"city": "Ulm"}], "places": [').places == []

    @pytest.mark.parametrize(
        ("model", "upto", "value"),
        [
            (Cities, "", None),
            (Cities, '{"value": [', []),
            (Cities, '{"value": [{"city": "Ulm"}', [Place(city="Ulm")]),
            (Cities, '{"other": [{"city": "Ulm"}], "value"', None),
            (Cities, '{"value": [], "value": 3 ', 3),
            (Prices, "", None),
            (Prices, '{"a": 1, "b": 2', {"a": 1}),
            (Word, '{"value": "ab', "ab"),
            (Word, '{"value": "ab"', "ab"),
            (Word, '{"value": 3 ', 3),
            (Animal, '{"value": {"kind": "ca', {"kind": "ca"}),
            (Animal, '{"value": {"kind": "cat", "lives": 9}', Cat(kind="cat", lives=9)),
        ],
    )
    def test_a_root_model(self, model, upto, value):
        found = of(model, upto)
        assert type(found) is model
        assert (found.root, type(found.root)) == (value, type(value))

    def test_an_open_item_of_a_root_model_is_an_instance(self):
        assert type(of(Cities, '{"value": [{"city": "Ul').root[0]) is Place

    def test_a_json_schema_has_plain_data_alone(self):
        schema = Schema(response_model({"type": "array"}, name="list"))
        growing = PartialValue(schema)
        assert (growing.data, growing.value) == (None, None)
        growing.feed('{"value": [{"a": "b')
        assert growing.value == [{"a": "b"}]
        assert growing.value is growing.data


class TestParts:
    def test_come_with_the_piece_that_completes_them(self):
        growing = PartialValue(PERSON)
        assert growing.feed('{"name": "Jo') == ()
        assert growing.feed('e", "price": 1') == (CompletedPart("/name", "Joe"),)
        assert growing.feed("2") == ()
        assert growing.feed(', "by_name": {"a/b": {"city": "Aix"}') == (CompletedPart("/price", 12),)
        assert growing.feed('}, "lists": [["') == (CompletedPart("/by_name", {"a/b": {"city": "Aix"}}),)
        assert growing.feed('2000-01-01"], []') == (
            CompletedPart("/lists/0", ["2000-01-01"]),
            CompletedPart("/lists/1", []),
        )
        assert growing.feed("]}") == (CompletedPart("/lists", [["2000-01-01"], []]),)
        assert growing.feed('{"name": "Jim"}') == ()

    @pytest.mark.parametrize(
        ("text", "parts"),
        [
            ('{"value": "ab"}', [("", "ab")]),
            ('{"value": nul', []),
            ('{"value": null}', [("", None)]),
            ('{"value": []}', []),
            ('{"value": [1, [2, [3]], {"a": [4]}]}', None),
            ('{"value": {"a": [5, {"b": [6]}], "a~/b": 1}}', None),
            ('{"other": [1], "another": "x", "value": [1]}', [("/0", 1)]),
        ],
    )
    def test_start_at_the_unwrapped_value(self, text, parts):
        growing = PartialValue(Schema(response_model({}, name="anything")))
        found = [part for char in text for part in growing.feed(char)]
        expected = parts_of(json.loads(text)[WRAPPER]) if parts is None else [CompletedPart(*part) for part in parts]
        assert found == [*expected]


class TestLive:
    def test_the_objects_grow(self):
        growing = PartialValue(PERSON)
        value, data = growing.value, growing.data
        growing.feed('Well: {"places": [{"city": "Ul')
        places, items = growing.value.places, growing.data["places"]
        growing.feed('m"}, {"city": "Ro')
        assert (growing.value, growing.data) == (value, data)
        assert growing.value is value
        assert growing.data is data
        assert growing.value.places is places
        assert growing.data["places"] is items
        assert [place.city for place in places] == [item["city"] for item in items] == ["Ulm", "Ro"]

    def test_what_was_copied_or_read_stays(self):
        growing, kept, strings = PartialValue(PERSON), [], []
        text = '{"name": "Joe Doe", "home": {"city": "Bonn am Rhein"'
        for char in text:
            growing.feed(char)
            kept.append((copy.deepcopy(growing.value), growing.value.model_copy(deep=True)))
            strings.append((growing.value.home and growing.value.home.city, growing.data.get("home", {}).get("city")))
        for at, (deep, copied) in enumerate(kept):
            earlier = of(Person, text[: at + 1])
            assert deep == copied == earlier
            assert strings[at] == (earlier.home and earlier.home.city,) * 2

    def test_both_may_be_read_in_turn(self):
        growing = PartialValue(PERSON)
        growing.feed('{"name": "')
        for count in range(1, 50):
            growing.feed("é")
            assert (growing.data["name"] if count % 2 else growing.value.name) == "é" * count
        assert growing.data["name"] == growing.value.name

    def test_what_arrived_only_is_set(self):
        assert of(Person, '{"name": "Joe", "work": null, "price": 1').model_fields_set == {"name", "work"}


class TestAliases:
    def test_any_of_several(self):
        class Model(BaseModel):
            one: int = Field(validation_alias=AliasChoices("a", AliasPath("b", "c"), "d"))
            two: int = Field(validation_alias=AliasPath("e", 0))
            three: int = Field(validation_alias=AliasPath("f"))

        schema = Schema(Model, name="model")
        assert grown(schema, '{"d": 1, "f": 2, "one": 3, "e": [4]').value.__dict__ == {
            "one": 1,
            "two": None,
            "three": 2,
        }
        assert grown(schema, '{"two": 4, "f"').value.two == 4  # it is asked for by its name: a reply has no paths
        assert grown(schema, '{"d": 1, "f": 2, "two": 4}').value == schema.validate('{"a": 1, "f": 2, "two": 4}')

    def test_a_name_counts_where_the_model_takes_it(self):
        class Model(BaseModel):
            model_config = ConfigDict(validate_by_name=True)

            one: int = Field(alias="a")

        assert of(Model, '{"one": 1, ').one == of(Model, '{"a": 1, ').one == 1

    def test_what_is_no_field_is_extra_where_the_model_takes_it(self):
        class Model(BaseModel):
            model_config = ConfigDict(extra="allow", frozen=True)

            one: int

        value = of(Model, '{"one": 1, "more": {"a": "b')
        assert (value.one, value.more, value.model_extra) == (1, {"a": "b"}, {"more": {"a": "b"}})


class TestValidators:
    def test_run_once_for_each_part_that_ends(self):
        seen = []

        def noted(value):
            seen.append(value)
            return value

        class Model(BaseModel):
            words: Annotated[list[Annotated[str, AfterValidator(noted)]], AfterValidator(noted)]
            count: Annotated[int, AfterValidator(noted)]

        growing = PartialValue(Schema(Model))
        for char in '{"words": ["a", "b"], "count": 12,':
            growing.feed(char)
            _ = growing.value, growing.value, growing.data
        assert seen == ["a", "b", "a", "b", ["a", "b"], 12]

    @pytest.mark.parametrize(
        "error", [KeyError("x"), AssertionError(), RecursionError(), type("Odd", (Exception,), {})()]
    )
    def test_may_raise_anything(self, error):
        def fail(_):
            raise error

        class Model(BaseModel):
            word: Annotated[str, AfterValidator(fail)]
            words: Annotated[list[str], AfterValidator(fail)]

            @field_validator("word", mode="before")
            @classmethod
            def _fail(cls, _):
                raise error

        value = of(Model, '{"word": "abc", "words": ["a", "b"]}')
        assert value.__dict__ == {"word": "abc", "words": ["a", "b"]}

    def test_of_a_root_model_may_raise_anything(self):
        class Model(RootModel[str]):
            @model_validator(mode="after")
            def _fail(self):
                raise KeyError("x")

        assert of(Model, '{"value": "ab"}').root == "ab"

    def test_of_fields_run_and_see_the_parameters(self):
        class Model(BaseModel):
            class Options(Parameters):
                suffix: str = "?"

            word: str
            words: list[str]

            @field_validator("word")
            @classmethod
            def _add_suffix(cls, word, info):
                assert info.context["document"] is None
                return word + info.context["parameters"].suffix

        schema = Schema(Model, parameters={"suffix": "!"})
        assert grown(schema, '{"word": "ab", ').value.word == "ab!"
        assert grown(schema, '{"word": "ab", "words": []}').value.word == "ab!"

    def test_of_the_summary(self):
        schema = resolve("summary", parameters={"sentences": 1})
        text = '{"summary": "It rains. We stay.", "key_points": ["rain"]'
        assert grown(schema, text).value.summary == "It rains. We stay."
        with pytest.raises(InvalidError):
            schema.validate(text + "}")
        assert grown(schema, text + "}").value.key_points == ["rain"]

    def test_are_strict(self):
        assert of(Person, '{"places": [{"city": "Ulm", "since": "1600000000"}').places[0].since == "1600000000"
        assert of(Cat, '{"lives": "9", ').lives == "9"

    def test_halves_of_pairs_validate_nowhere(self):
        assert of(Word, '{"value": "\\ud83d"}').root == "\ud83d"


class TestTheModelsOwnCode:
    def test_does_not_run_before_the_whole_is_there(self):
        class Model(BaseModel):
            one: int
            two: list[int] = Field(default_factory=lambda: pytest.fail("a default was made"))
            _three: int = PrivateAttr(default_factory=lambda: pytest.fail("a private default was made"))

            def model_post_init(self, _):
                pytest.fail("the model was initialised")

            def __setattr__(self, *_):
                pytest.fail("an attribute was set")

        value = of(Model, '{"one": 1, "two": [2, 3')
        assert value.__dict__ == {"one": 1, "two": [2]}
        with pytest.raises(AttributeError):
            _ = value._three
        assert value == value.model_copy()

    def test_may_make_the_core_schema(self):
        class Model(BaseModel):
            one: int

            @classmethod
            def __get_pydantic_core_schema__(cls, source, handler):
                inner = handler(source)
                return {"type": "union", "choices": [inner]}

        growing = grown(Schema(Model), '{"one": 1')
        assert (growing.value.one, growing.data) == (None, {})
        assert grown(Schema(Model), '{"one": 1}').value == Model(one=1)


class Node(BaseModel, Generic[T]):
    content: T
    nodes: "list[Node[T]]" = []


class Pair(TypedDict):
    first: int
    place: Place


@dataclass
class Stay:
    days: int
    place: Place


Tangle = TypeAliasType("Tangle", "list[Tangle] | dict[str, Tangle] | str | int | None")
Places = TypeAliasType("Places", list[Place])

PLACE = {"city": "Ulm"}


@pytest.mark.parametrize(
    ("annotation", "value", "is_typed"),
    [
        (Places, [PLACE], True),
        (Places | None, [PLACE], True),
        (Annotated[list[Annotated[Place, Field(description="A place.")]], Field(min_length=1)], [PLACE], True),
        (Annotated[list[Place], AfterValidator(lambda places: places)], [PLACE], True),
        (list[Node[Place]], [{"content": PLACE, "nodes": [{"content": PLACE}]}], True),
        (Node[str], {"content": "x"}, True),
        (Tangle, [{"a": [1, None, "x"]}], False),
        (Pair, {"first": 1, "place": PLACE}, False),
        (Stay, {"days": 1, "place": PLACE}, False),
        (Sequence[Place], [PLACE], False),
        (Mapping[str, Place], {"a": PLACE}, False),
        (tuple[Place, ...], [PLACE], False),
        (Cities, [PLACE], False),
        (Place | Tree, PLACE, False),
        (Any, [PLACE], False),
    ],
)
def test_any_annotation_will_do(annotation, value, is_typed):
    model = create_model("Model", __config__=ConfigDict(defer_build=True), one=(annotation, ...), two=(int, 1))
    schema, text = Schema(model), json.dumps({"one": value})
    growing = grown(schema, text[:-2])
    assert growing.data == {"one": value}
    assert (growing.value.one == value) is not is_typed
    assert grown(schema, text[:-1]).value.one == schema.validate(text).one
    assert grown(schema, text).value == schema.validate(text)
    for other in ('"x', "[[", '{"a": {', "[{", "1 ", "nul"):
        assert isinstance(of(model, f'{{"one": {other}'), model)


def nested(levels):
    return '{"label": "x", "children": [' * levels


def test_sixteen_levels_are_typed():
    text, value = nested(20), None
    values = [of(Tree, text)]
    while isinstance(value := values[-1], Tree | list):
        values.append(value.children if isinstance(value, Tree) else value[0])
    assert [type(value) for value in values] == [*[Tree, list] * 8, dict]
    assert grown(Schema(Tree), text + "]}" * 20).value == Schema(Tree).validate(text + "]}" * 20)


def test_what_is_nested_too_deeply_to_be_validated_stays_as_it_arrived():
    value = of(Tree, nested(2000) + "]}" * 2000 + " ")
    assert (type(value), value.label, value.children[0].label) == (Tree, "x", "x")


@given(
    st.lists(st.text('{}[]:,"\\ \n0123-eu') | st.sampled_from(['"places"', '"home"', '"city"', '"name"']) | st.text())
)
@example(["{", '"home"', ":{", '"city"', ":[}"])
def test_malformed_text_never_raises(pieces):
    growing = PartialValue(PERSON)
    for piece in ["{", *pieces]:
        growing.feed(piece)
        assert isinstance(growing.value, Person)
        assert isinstance(growing.data, dict)


@given(st.data())
def test_neither_does_text_with_a_slip(data):
    text = written(PERSON, JOE)
    at = data.draw(st.integers(0, len(text) - 1))
    slip = data.draw(st.sampled_from(["", *'{}[]":,\\1t ']))
    for piece in (growing := PartialValue(PERSON)) and cut(data.draw, text[:at] + slip + text[at + 1 :]):
        growing.feed(piece)
        assert isinstance(growing.value, Person)


def test_what_is_known_of_a_schema_lasts_as_long_as_it():
    schema = Schema(Cities)
    growing = grown(schema, '{"value": [{"city": "Ulm"}')
    known = weakref.ref(module._FIELDS[schema])
    assert module._FIELDS[schema] is known()
    grown(schema, '{"value": [')
    assert module._FIELDS[schema] is known()
    del schema, growing
    gc.collect()
    assert known() is None
