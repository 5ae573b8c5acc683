"""The check: our own schemas are clean, advice names what it costs, and findings are told well."""

import json
import math
import re
import textwrap
from typing import Annotated, Literal

import pytest
from checkout import ROOT
from pydantic import BaseModel, Field

from slotfill.extractors.testing import extractor_laws
from slotfill.extractors.testing.check import check, report
from slotfill.extractors.testing.checking.advice import descriptions, limits, unions, wire
from slotfill.extractors.testing.checking.findings import Finding
from slotfill.extractors.testing.checking.law import Subject
from slotfill.extractors.testing.checking.search import DEFAULT_EXAMPLES, Search
from slotfill.extractors.testing.laws import SCHEMA_LAWS
from slotfill.schemas import SchemaError, resolve

SHAPES = sorted((ROOT / "fixtures" / "shapes").glob("*.json"))


def advice(model, kind, *, max_examples=DEFAULT_EXAMPLES):
    """Return the findings of one kind of advice alone."""
    return [*kind(Subject.of(model, Search(max_examples)))]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "max_examples"),
    [
        *((path, 4) for path in SHAPES[::4]),
        *(pytest.param(path, 20, marks=pytest.mark.slow) for path in SHAPES),
    ],
    ids=lambda value: getattr(value, "stem", value),
)
def test_the_shapes_break_no_law(path, max_examples):
    found = check(resolve(str(path), examples=()), max_examples=max_examples, seconds=math.inf)
    assert [finding for finding in found if not finding.advice] == []


class Both(BaseModel):
    """Judge it."""

    stars: Annotated[int, Field(ge=1)] = 3


def test_what_the_laws_find_comes_first():
    found = check(Both, max_examples=30)
    assert [(finding.law, finding.advice) for finding in found if finding.law != "corruption is seen"] == [
        ("missing answers are seen", True),
        ("wire", True),
        ("description", True),
    ]


def test_the_same_seed_finds_the_same():
    assert check(Both, max_examples=10, seed=3) == check(Both, max_examples=10, seed=3)


def test_a_schema_that_cannot_be_used_is_no_finding():
    with pytest.raises(SchemaError):
        check({"type": "string", "pattern": "("})


class TestWire:
    def test_each_lost_constraint_has_the_smallest_value_that_is_asked_again(self):
        class Stars(BaseModel):
            """Count the stars."""

            stars: Annotated[int, Field(ge=1, le=5)]

        found = advice(Stars, wire)
        assert [(finding.path, finding.counterexample) for finding in found] == [
            ("/stars", {"stars": 0}),
            ("/stars", {"stars": 6}),
        ]
        assert found[0].message.startswith("the wire loses 'minimum': the service may return this")

    def test_a_validator_that_the_json_schema_does_not_show(self):
        class Even(BaseModel):
            """Find the even number."""

            number: Annotated[int, Field(json_schema_extra=lambda schema: schema.pop("multipleOf"), multiple_of=2)]

        (found,) = advice(Even, wire)
        assert (found.path, found.counterexample) == ("/number", {"number": 1})
        assert found.message.startswith("the wire knows nothing of the validator")

    def test_what_rules_structured_output_out(self):
        (found,) = advice({"type": "object", "additionalProperties": {"type": "string"}, "properties": {}}, wire)[:1]
        assert found.message.startswith("rules structured output out")
        assert found.counterexample is None

    def test_nothing_is_lost_of_a_schema_without_constraints(self):
        assert advice("name, age int", wire, max_examples=20) == []


class TestDescriptions:
    def test_properties_are_named_by_the_object_that_has_them(self):
        class Part(BaseModel):
            kind: Literal["part"]
            size: int
            told: int = Field(description="How much.")

        class Whole(BaseModel):
            """Find each `part` of it."""

            part: Part
            other: Part

        found = advice(Whole, descriptions, max_examples=5)
        assert [(finding.path, finding.message.partition(":")[0]) for finding in found] == [
            ("", "the model is told nothing of 'other'"),
            ("/$defs/Part", "the model is told nothing of 'size'"),
        ]


class TestUnions:
    def test_alternatives_that_take_the_same_value(self):
        class Cat(BaseModel):
            lives: int

        class Dog(BaseModel):
            lives: int
            tricks: list[str] = []

        class Owner(BaseModel):
            """Find the pet."""

            pet: Cat | Dog

        (found,) = advice(Owner, unions, max_examples=30)
        assert (found.path, found.counterexample) == ("/properties/pet/anyOf", {"lives": 0})

    @pytest.mark.parametrize("kind", [int | float, str | int | None, bool | int])
    def test_types_that_exclude_each_other_are_no_ambiguity(self, kind):
        class Value(BaseModel):
            """Find the value."""

            value: kind

        assert advice(Value, unions, max_examples=10) == []


class TestLimits:
    @pytest.mark.parametrize(("count", "expected"), [(17, 0), (18, 1), (24, 1)])
    def test_near_and_at_the_number_of_optional_properties(self, count, expected):
        properties = {f"p{number}": {"type": "integer"} for number in range(count)}
        found = advice(
            {"type": "object", "properties": properties, "additionalProperties": False}, limits, max_examples=2
        )
        assert len(found) == expected
        assert all(finding.message.startswith(f"{count} optional properties") for finding in found)

    def test_unions(self):
        union = {"anyOf": [{"type": "integer"}, {"type": "null"}]}
        names = [f"p{number}" for number in range(12)]
        schema = {"type": "object", "properties": dict.fromkeys(names, union), "required": names}
        (found,) = advice(schema, limits, max_examples=2)
        assert found.message.startswith("12 unions")


class TestReport:
    def test_a_paragraph_a_finding_and_a_summary(self):
        lines = [
            *report(
                (
                    Finding("round trip", "/price", "dumped, 0.1 is 0.0", {"price": 0.1}),
                    Finding("limits", "", "20 unions", advice=True),
                )
            )
        ]
        assert lines == [
            "broken: round trip: /price",
            "    dumped, 0.1 is 0.0",
            '    {"price": 0.1}',
            "",
            "advice: limits: the value",
            "    20 unions",
            "",
            "10 laws: 1 broken; 1 advice",
        ]

    def test_nothing_found(self):
        assert [*report(())] == ["10 laws: none broken; no advice"]

    def test_a_finding_is_plain_json(self):
        finding = Finding("round trip", "/a/0", "no", [1])
        assert json.loads(json.dumps(finding.to_json())) == {
            "law": "round trip",
            "path": "/a/0",
            "message": "no",
            "counterexample": [1],
            "advice": False,
        }

    @pytest.mark.parametrize(("path", "place"), [("/a/0/b", "/a/*/b"), ("/a/12", "/a/*"), ("/a1", "/a1"), ("", "")])
    def test_all_items_of_a_list_are_one_place(self, path, place):
        assert Finding("law", path, "").place == place


def test_what_the_time_does_not_suffice_for_is_not_decided():
    seen = []
    findings = check("feedback", seconds=0, on_progress=seen.append)
    assert {finding.law for finding in findings} >= {"round trip", "near misses refused", "corruption is seen"}
    assert {finding.kind for finding in findings} == {"not decided"}
    assert len(seen) == 14
    assert [*report(findings)][-1].startswith("10 laws: none broken, ")


@pytest.mark.slow
def test_a_wide_schema_is_not_searched_for_ever():
    names = [f"field {at}" for at in range(120)]
    texts = {name: {"type": "string"} for name in names}
    part = {"anyOf": [{"type": "string"}, {"type": "object", "properties": texts}]}
    findings = check({"type": "object", "properties": dict.fromkeys(names, part)}, seconds=3)
    assert any(finding.kind == "not decided" and "the time ran out" in finding.message for finding in findings)


class TestDocs:
    PAGE = (ROOT / "docs" / "checking.md").read_text("utf-8")

    def rows(self, title):
        section = re.split(rf"^## {title}$", self.PAGE, flags=re.MULTILINE)[1].split("\n## ")[0]
        return re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE), section

    def test_the_list_of_laws_is_complete_and_each_has_its_paragraph(self):
        listed, section = self.rows("Laws")
        assert listed == [law.name for law in SCHEMA_LAWS]
        assert [name.lower() for name in re.findall(r"^\*\*(.+?)\.\*\*", section, re.MULTILINE)] == listed

    def test_the_list_of_advice_is_complete(self):
        listed, _ = self.rows("Advice")
        named = re.findall(
            r'Finding\("(\w+)", ', (ROOT / "extractors" / "testing" / "checking" / "advice.py").read_text("utf-8")
        )
        assert set(listed) == set(named)

    def test_the_extractor_laws_are_all_named(self):
        section = re.split(r"^## As tests$", self.PAGE, flags=re.MULTILINE)[1]
        assert all(f"`{law.__name__}`" in section for law in extractor_laws.EXTRACTOR_LAWS)

    def test_the_example_is_what_is_printed(self):
        shown = re.search(r"\$ slotfill check \S+\n((?: {4}.*\n)+)", self.PAGE)[1]
        model = ROOT / "fixtures" / "broken" / "schemas" / "clamps.py"
        printed = [*report(check(resolve(f"{model}:Broken", trusted=True, examples=()), max_examples=20))]
        assert textwrap.dedent(shown).splitlines() == printed[:3]
