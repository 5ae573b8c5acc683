"""The laws of schemas: each broken fixture is caught by the law meant for it, and each good twin keeps all of them."""

import dataclasses
import datetime as dt
import importlib.util
import json
import uuid
from collections.abc import Generator, Iterable
from typing import Annotated, Any, Literal

import pydantic.dataclasses
import pytest
from checkout import FIXTURES
from hypothesis import strategies as st
from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    RootModel,
    SecretStr,
    WithJsonSchema,
    computed_field,
    create_model,
    field_serializer,
    field_validator,
    model_validator,
)

from slotfill import Example, Schema
from slotfill.extractors.testing import laws
from slotfill.extractors.testing.check import check
from slotfill.extractors.testing.checking.findings import LawBroken
from slotfill.extractors.testing.checking.search import Search
from slotfill.schemas import Confidence, SchemaError, Verbatim, resolve

BROKEN = FIXTURES / "broken" / "schemas"
FILES = sorted(BROKEN.glob("*.py"))
FEW = 20
FEWEST = 8
"""Examples enough to see that a law has nothing to say, where the law that has is asked with all of them."""

SMALLEST = {
    "grows": ("/product", {"product": ""}),
    "mutates_input": ("", {"number": ""}),
    "raising_serializer": ("/bottles", {"bottles": 0}),
    "raising_computed_field": ("/share", {"yes": 0, "votes": 0}),
    "infinite_default": ("/price", {"name": ""}),
    "reads_another_value": ("/name", {"name": "", "token": ""}),
    "hiding_default": ("/sentiment", {}),
    "clamps": ("/stars", {"stars": 0}),
    "impossible": ("", {"first_day": 0, "last_day": 0}),
    "unmatched_pattern": ("/properties/number", None),
    "refused_field": ("/properties/discount", None),
}
"""Of broken schemas: the path and the counterexample that are found, where there is one smallest."""


def load(path):
    spec = importlib.util.spec_from_file_location(f"broken_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def named(name):
    return next(law for law in laws.SCHEMA_LAWS if law.name == name)


def broken_by(model, examples=FEWEST):
    """Return the names of the laws that a model breaks."""
    subject = laws.Subject.of(model, Search(examples))
    return [law.name for law in laws.SCHEMA_LAWS if any(not finding.advice for finding in law.findings(subject))]


def test_each_law_has_a_broken_schema():
    assert {load(path).LAW for path in FILES} == {law.name for law in laws.SCHEMA_LAWS}


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_broken_schema_is_caught_by_the_law_meant_for_it(path):
    fixture = load(path)
    with pytest.raises(LawBroken) as caught:
        named(fixture.LAW)(fixture.Broken)
    assert caught.value.law == fixture.LAW
    if path.stem in SMALLEST:
        assert (caught.value.path, caught.value.counterexample) == SMALLEST[path.stem]
    # What makes a wrong answer valid, or fills a missing one in, makes a whole extraction silently wrong too.
    assert {*broken_by(fixture.Broken)} <= {fixture.LAW, "corruption is seen"}


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_its_good_twin_keeps_every_law(path):
    fixture = load(path)
    named(fixture.LAW)(fixture.Good)
    assert broken_by(fixture.Good) == []


@pytest.mark.sweep
@pytest.mark.parametrize("law", laws.SCHEMA_LAWS, ids=repr)
@pytest.mark.parametrize("name", ["sentiment", "feedback", "entities", "summary"])
def test_the_built_ins_keep_every_law(law, name):
    law(name, max_examples=FEWEST)


class Filed(BaseModel):
    """Judge the review."""

    model_config = ConfigDict(populate_by_name=True)

    sentiment: Literal["positive", "neutral"] = "neutral"
    rows: list["Line"] = Field(default_factory=list, alias="lineItems")


class Line(BaseModel):
    id: int = Field(default_factory=lambda: 7, alias="ID")


def test_defaults_of_parts_and_of_factories_are_advice():
    laws.missing_answers_are_seen(Filed)
    findings = [*laws.missing_answers_are_seen.findings(laws.Subject.of(Filed, Search(50)))]
    assert {finding.place for finding in findings} == {"/sentiment", "/lineItems/*/ID"}
    assert all(finding.kind == "advice" for finding in findings)


@pytest.mark.parametrize("decorator", [dataclasses.dataclass, pydantic.dataclasses.dataclass])
def test_defaults_of_dataclasses_are_advice(decorator):
    @decorator
    class Point:
        x: float
        y: float = 0.0
        marks: list[int] = dataclasses.field(default_factory=lambda: [1])

    findings = laws.missing_answers_are_seen.findings(laws.Subject.of(create_model("M", at=(Point, ...)), Search(50)))
    assert {(finding.kind, finding.path) for finding in findings} == {("advice", "/at/y"), ("advice", "/at/marks")}


def test_what_chance_does_not_find_is_not_decided_until_an_example_shows_it():
    known = "NO-44"[::-1]

    class Account(BaseModel):
        """Find the account."""

        number: Annotated[str, Field(description="of the account")]

        @field_validator("number")
        @classmethod
        def _adds_up(cls, number):
            if number != known:
                raise ValueError("the check digits are wrong")
            return number

    kinds = {finding.law: finding.kind for finding in check(Account, max_examples=10) if not finding.advice}
    assert kinds.pop("instances exist") == "not decided"
    assert {*kinds.values()} <= {"not decided"}
    with pytest.raises(LawBroken, match=r"^instances exist, not decided: /number: .*a worked example is needed"):
        laws.instances_exist(Account, max_examples=10)
    shown = Schema(Account, examples=[Example(known, {"number": known})])
    assert [finding for finding in check(shown, max_examples=10) if not finding.advice] == []


@pytest.mark.parametrize(
    ("document", "law"),
    [
        ({"type": "object", "properties": {"a": False}, "required": ["a"]}, laws.instances_exist),
        (
            {"properties": {"a": {"type": "integer", "minimum": 2, "maximum": 1}}},
            laws.every_field_reachable,
        ),
    ],
)
def test_what_can_be_seen_to_have_no_values_is_broken(document, law):
    with pytest.raises(LawBroken) as caught:
        law(document, max_examples=20)
    assert caught.value.finding.kind == "broken"


def test_the_error_says_law_place_reason_and_counterexample():
    fixture = load(BROKEN / "clamps.py")
    with pytest.raises(AssertionError) as caught:
        laws.near_misses_refused(fixture.Broken)
    reason = "breaks 'minimum' of the JSON Schema, and is accepted as 1"
    assert str(caught.value) == f'near misses refused: /stars: {reason}\n{{"stars": 0}}'


def test_a_law_says_what_it_is():
    assert laws.round_trip.__doc__.startswith("What a model said is read again to an equal value")
    assert repr(laws.round_trip) == "<law: round trip>"
    assert {law.__name__ for law in laws.SCHEMA_LAWS} == {*laws.__all__} - {"SCHEMA_LAWS"}


def test_a_law_takes_what_resolve_takes():
    for source in ("name, age int", {"type": "object", "properties": {"a": {"type": "integer"}}}, Schema(Optional)):
        laws.round_trip(source, max_examples=5)
    with pytest.raises(SchemaError, match="unknown schema"):
        laws.round_trip("nonsense")


def test_the_same_seed_gives_the_same_counterexample():
    def found(seed):
        with pytest.raises(LawBroken) as caught:
            laws.round_trip(Unwritable, seed=seed, max_examples=50)
        return caught.value.counterexample

    assert found(1) == found(1)


def test_nothing_is_printed(capsys):
    with pytest.raises(LawBroken) as caught:
        laws.round_trip(Unwritable)
    assert capsys.readouterr() == ("", "")
    assert not getattr(caught.value, "__notes__", ())


class Optional(BaseModel):
    """Find the name."""

    name: str | None = None


class Unwritable(BaseModel):
    """Find the price."""

    price: float

    @field_serializer("price")
    def _inverse(self, price):
        return 1 / price


class Many(BaseModel):
    """Judge both."""

    first: Literal["yes", "no"] = "no"
    second: Literal["yes", "no"] = "yes"


def test_each_place_is_a_finding_of_its_own():
    subject = laws.Subject.of(Many, Search())
    findings = laws.missing_answers_are_seen.findings(subject)
    assert sorted(finding.path for finding in findings) == ["/first", "/second"]


class Row(BaseModel):
    """A row."""

    count: int = 1


class Table(BaseModel):
    """Read the table."""

    rows: list[Row]


def test_all_items_of_a_list_are_one_place():
    findings = [*laws.missing_answers_are_seen.findings(laws.Subject.of(Table, Search()))]
    assert [(finding.path, finding.counterexample) for finding in findings] == [("/rows/0/count", {"rows": [{}]})]


class TestMissingAnswers:
    @pytest.mark.parametrize("default", [None, "", [], {}, {"a": None}, [""]])
    def test_a_default_that_holds_nothing_is_honest(self, default):
        class Honest(BaseModel):
            """Find it."""

            it: str | list[str] | dict[str, str | None] | None = default

        laws.missing_answers_are_seen(Honest, max_examples=FEW)

    @pytest.mark.parametrize("default", [0, False, "n/a", {"a": 0}, [0]])
    def test_a_default_that_says_something_is_advice(self, default):
        class Hiding(BaseModel):
            """Find it."""

            it: int | bool | str | dict[str, int] | list[int] = default

        laws.missing_answers_are_seen(Hiding)
        (finding,) = laws.missing_answers_are_seen.findings(laws.Subject.of(Hiding, Search()))
        assert (finding.kind, finding.path) == ("advice", "/it")


class TestInstances:
    def test_a_worked_example_shows_a_value_that_chance_does_not(self):
        known = "NO-44"[::-1]  # turned round, as Hypothesis knows the strings of a test's own module

        class Rare(BaseModel):
            """Find the code."""

            code: str

            @field_validator("code")
            @classmethod
            def _known(cls, code):
                if code != known:
                    raise ValueError("is unknown")
                return code

        with pytest.raises(LawBroken, match="a worked example is needed"):
            laws.instances_exist(Rare, max_examples=FEW)
        shown = Schema(Rare, examples=[Example(known, {"code": known})])
        laws.instances_exist(shown, max_examples=FEW)
        laws.round_trip(shown, max_examples=FEW)

    def test_a_json_schema_that_accepts_nothing(self):
        with pytest.raises(LawBroken, match="no valid value was found"):
            laws.instances_exist({"type": "string", "enum": [1, 2]}, max_examples=FEW)


class TestReach:
    def test_a_rare_property_is_put_in_before_it_is_called_unreachable(self):
        names = [f"f{number}" for number in range(60)]
        wide = {"type": "object", "properties": {name: {"type": "integer"} for name in names}}
        laws.every_field_reachable(wide, max_examples=2)

    def test_a_property_deep_in_a_list_of_a_union(self):
        impossible = {"type": "string", "pattern": "^a", "maxLength": 0}
        item = {"type": "object", "properties": {"kind": {"const": "x"}, "code": impossible}}
        schema = {"type": "object", "properties": {"rows": {"type": "array", "items": {"anyOf": [item]}}}}
        with pytest.raises(LawBroken) as caught:
            laws.every_field_reachable(schema)
        assert caught.value.path == "/properties/rows/items/anyOf/0/properties/code"

    def test_a_property_that_is_always_null_may_be(self):
        laws.every_field_reachable({"type": "object", "properties": {"a": {"type": "null"}}}, max_examples=FEW)


class Part(BaseModel):
    """A part."""

    id: uuid.UUID = Field(default_factory=uuid.uuid4)


class Grade:
    """A school grade, of a class without equality."""

    def __init__(self, letter):
        self.letter = letter


def as_grade(letter):
    if letter not in ("A", "B"):
        raise ValueError("is neither A nor B")
    return Grade(letter)


class TestRoundTrip:
    def test_a_product_that_only_numbers_beyond_all_texts_make_infinite(self):
        class Box(BaseModel):
            """Find the box."""

            width: float = Field(gt=0)
            height: float
            depth: float

            @computed_field
            @property
            def volume(self) -> float:
                return self.width * self.height * self.depth

        laws.round_trip(Box, max_examples=200)

    def test_a_serializer_that_raises(self):
        class Raising(BaseModel):
            """Find it."""

            it: int = Field(alias="It is")

            @field_serializer("it")
            def _fail(self, it):
                raise RuntimeError("no")

        with pytest.raises(LawBroken, match=r"cannot be written: .*RuntimeError: no") as caught:
            laws.round_trip(Raising)
        assert (caught.value.path, caught.value.counterexample) == ("/It is", {"It is": 0})
        assert broken_by(Raising, FEW) == ["round trip"]

    @pytest.mark.parametrize(
        ("kind", "field", "path"),
        [
            (str, Field(validation_alias="Full name"), "/Full name"),
            (str, Field(serialization_alias="fullName"), "/it"),
            (str, Field(validation_alias=AliasChoices("Full name", "name")), "/Full name"),
            (int | None, Field(default=None, validation_alias="Number"), "/it"),
            (str | None, Field(default=None, exclude=True), "/it"),
            (Annotated[float, PlainSerializer(round)], ..., "/it"),
            (SecretStr, ..., "/it"),
        ],
    )
    def test_what_is_written_otherwise_is_advice(self, kind, field, path):
        model = create_model("Written", __doc__="Find it.", it=(kind, field))
        laws.round_trip(model)
        (finding,) = laws.round_trip.findings(laws.Subject.of(model, Search()))
        assert (finding.kind, finding.path) == ("advice", path)
        assert finding.message.startswith("what is written of it is not what it is read of; records keep both: ")
        assert broken_by(model) == []

    def test_advice_of_one_field_hides_no_broken_one(self):
        class Both(BaseModel):
            """Find both."""

            it: float = Field(validation_alias="It is")
            ratio: float

            @field_serializer("it")
            def _inverse(self, it):
                return 1 / it

        kinds = {finding.kind for finding in laws.round_trip.findings(laws.Subject.of(Both, Search()))}
        assert kinds == {"broken", "advice"}

    @pytest.mark.parametrize("made", [(dt.datetime, dt.datetime.now), (Part, Part), (list[Part], lambda: [Part()])])
    def test_a_default_that_is_made_anew_is_advice(self, made):
        kind, factory = made
        model = create_model("Made", __doc__="Find it.", it=int, made=(kind, Field(default_factory=factory)))
        laws.round_trip(model)
        found = [*laws.round_trip.findings(laws.Subject.of(model, Search(FEW)))]
        assert {finding.kind for finding in found} == {"advice"}
        assert all("when it is read again" in finding.message for finding in found)

    def test_objects_without_equality_are_compared_by_what_they_hold(self):
        class Report(BaseModel):
            """Find the grade."""

            grade: Annotated[
                Any,
                BeforeValidator(as_grade),
                PlainSerializer(lambda grade: grade.letter),
                WithJsonSchema({"enum": ["A", "B"]}),
            ]

        assert [*laws.round_trip.findings(laws.Subject.of(Report, Search(FEW)))] == []

    def test_dates_sets_aliases_unions_and_roots_come_back(self):
        class Part(RootModel[list[int]]):
            """Some numbers."""

        class Sorts(BaseModel):
            """All sorts."""

            day: dt.date
            tags: set[str]
            part: Part
            either: int | str | None = Field(default=None, alias="or")

        assert broken_by(Sorts) == []

    def test_true_is_no_one(self):
        class Flag(BaseModel):
            """Find it."""

            it: bool | int

            @field_serializer("it")
            def _as_number(self, it):
                return int(it)

        (finding,) = laws.round_trip.findings(laws.Subject.of(Flag, Search()))
        assert finding.message.endswith("records keep both: False comes back as 0")


class TestValidators:
    def test_an_iterable_does_not_grow(self):
        model = create_model("Lazy", items=(Iterable[int], ...), rows=(Generator[list[str], None, None], ...))
        laws.validators_idempotent(model, max_examples=FEW)

    def test_what_raises_without_our_care_is_seen(self):
        class Stripped(BaseModel):
            """Find the name."""

            name: str

            @field_validator("name", mode="before")
            @classmethod
            def _strip(cls, name):
                return name.strip()

        with pytest.raises(LawBroken, match=r"_strip \(test_laws.py, line \d+\) raised AttributeError"):
            laws.validators_raise_what_is_caught(Stripped)

    def test_those_that_want_the_documents_text_have_one(self):
        class Quoted(BaseModel):
            """Quote it."""

            quote: str

            @field_validator("quote")
            @classmethod
            def _stands_in(cls, quote, info):
                if quote not in info.context["text_chunk"]:
                    raise ValueError("does not stand in the text")
                return quote

        shown = Schema(Quoted, examples=[])
        laws.validators_raise_what_is_caught(shown, max_examples=FEW)
        assert shown.context == {}


class TestExamples:
    def test_those_given_to_a_schema_have_been_checked_and_hold(self):
        laws.worked_examples_hold(Schema(Optional, examples=[Example("Ada", {"name": "Ada"})]))

    def test_the_number_of_the_wrong_one_is_named(self):
        fixture = load(BROKEN / "misquoted_example.py")
        with pytest.raises(LawBroken, match=r"/value/wish: example 1 does not validate: /wish: does not stand in"):
            laws.worked_examples_hold(fixture.Broken)

    def test_parameters_are_at_their_defaults(self):
        laws.worked_examples_hold(resolve("summary", parameters={"sentences": 1}))


class TestNearMisses:
    def test_a_set_may_be_sent_an_item_twice(self):
        class Tagged(BaseModel):
            """List the tags."""

            tags: set[Literal["a", "b"]]

        laws.near_misses_refused(Tagged)

    def test_a_fallback_is_caught(self):
        class Lenient(BaseModel):
            """Judge it."""

            label: Literal["good", "bad"]

            @model_validator(mode="before")
            @classmethod
            def _fall_back(cls, data):
                known = isinstance(data, dict) and data.get("label") in ("good", "bad")
                return data if known else {"label": "bad"}

        with pytest.raises(LawBroken, match="and is accepted as"):
            laws.near_misses_refused(Lenient)


def test_a_default_that_is_made_anew_is_no_corruption():
    class Stamped(BaseModel):
        """Find it."""

        it: int
        made: dt.datetime = Field(default_factory=dt.datetime.now)

    laws.corruption_is_seen(Stamped, max_examples=FEW)


def test_the_exotic_annotations_of_this_package_keep_the_laws():
    class Claim(BaseModel):
        """Quote the claim, judge it."""

        quote: Verbatim
        verdict: Literal["true", "false"]
        confidence: Confidence["verdict"]  # noqa: F821 - the name of a field
        weight: Annotated[float, Field(gt=0, lt=1)]

    assert broken_by(Claim) == []


def test_a_search_gives_the_smallest_and_stops_at_none():
    def judge(value):
        if value >= 17:
            yield laws.round_trip.broken("", "too large", value)

    search = Search(200)
    assert search.first(st.integers(), judge).counterexample == 17
    assert search.first(st.integers(max_value=16), judge) is None
    assert search.first(st.nothing(), judge) is None
    assert not search.has(st.nothing())
    assert json.dumps(Search(5).sample(st.just(1))) == "[1]"
