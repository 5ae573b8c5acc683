"""Values and fields: what takes another form without loss, and what stays."""

import json
from decimal import Decimal

import pytest
from pydantic import BaseModel, ConfigDict, Field, Json

from slotfill.extractors.repair.repair import repair
from slotfill.schemas.json_schema.response_model import response_model
from slotfill.schemas.json_values import exact_json
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.schema_sources import resolve

FEEDBACK = resolve("feedback")
VALUE = {
    "sentiment": "negative",
    "key_issues": ["cannot log in", "the mail was sent, twice"],
    "urgency": 4,
    "suggested_action": "Restore access today.",
}
TEXT = json.dumps(VALUE)
UUID = "123e4567-e89b-12d3-a456-426614174000"


def of(json_schema):
    return Schema(response_model(json_schema, name="schema"))


def field(schema, value, mode="safe", **others):
    """Mend an object of one field, and give the value and the edits of that field."""
    whole = of({"type": "object", "properties": {"a": schema}, "required": ["a"], "additionalProperties": False})
    mended = repair(json.dumps({"a": value}), whole, mode, **others)
    return mended.data["a"], [(edit.path, edit.kind, edit.risk) for edit in mended.edits]


def kinds(mended):
    return [(edit.kind, edit.risk) for edit in mended.edits]


class TestCoercion:
    @pytest.mark.parametrize(
        ("schema", "before", "after", "kind", "risk"),
        [
            ({"type": "integer"}, "4", 4, "number", "low"),
            ({"type": "integer"}, " 1,234 ", 1234, "number", "low"),
            ({"type": "number"}, "1,234.5", 1234.5, "number", "low"),
            ({"type": "number"}, "1,234", 1234, "number", "high"),
            ({"type": "number"}, "24,50", 24.5, "number", "low"),
            ({"type": "number"}, "€24.50", 24.5, "number", "low"),
            ({"type": "integer"}, "82_461", 82461, "number", "low"),
            ({"type": "boolean"}, "yes", True, "boolean", "low"),
            ({"type": "boolean"}, "1", True, "boolean", "low"),
            ({"const": True}, "True", True, "boolean", "low"),
            ({"type": "boolean"}, "False", False, "boolean", "low"),
            ({"type": "boolean"}, 1, True, "boolean", "low"),
            ({"type": ["integer", "null"]}, "N/A", None, "null", "low"),
            ({"type": "string"}, 4, "4", "string", "low"),
            ({"enum": ["very_positive", "neutral"]}, "Neutral", "neutral", "case", "none"),
            ({"enum": ["very_positive", "neutral"]}, "Very positive", "very_positive", "case", "low"),
            ({"enum": [1, 2]}, "2", 2, "number", "low"),
            ({"type": "array", "items": {"type": "string"}}, "one", ["one"], "list", "low"),
            ({"type": "array", "items": {"type": "string"}}, "one, two", ["one, two"], "list", "high"),
            ({"type": "string"}, ["x"], "x", "list", "low"),
            ({"type": "string"}, {"value": "x"}, "x", "unwrapped", "low"),
            ({"type": "object", "properties": {"b": {}}}, '{"b": 1}', {"b": 1}, "json", "low"),
            ({"type": "string", "pattern": "^x$"}, " x ", "x", "space", "none"),
            ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "4", 4, "number", "low"),
            ({"format": "email", "type": "string"}, "mailto:a@b.org", "a@b.org", "format", "low"),
            ({"format": "email", "type": "string"}, "<a@b.org>", "a@b.org", "format", "low"),
            ({"format": "email", "type": "string"}, "[a@b.org](mailto:a@b.org)", "a@b.org", "format", "low"),
            ({"format": "uri", "type": "string"}, "<https://b.org/x>", "https://b.org/x", "format", "low"),
            ({"format": "uuid", "type": "string"}, f"urn:uuid:{UUID}", UUID, "format", "low"),
            ({"format": "uuid", "type": "string"}, UUID.replace("-", ""), UUID, "format", "low"),
        ],
    )
    def test_a_value_takes_the_form_that_is_asked_for(self, schema, before, after, kind, risk):
        got, edits = field(schema, before, "bold")
        assert got == after
        assert type(got) is type(after)
        assert edits == [("/a", kind, risk)]

    @pytest.mark.parametrize(
        ("schema", "value"),
        [
            ({"type": "integer"}, "4 stars"),
            ({"type": "integer"}, "4.5"),
            ({"type": "integer"}, 4.5),
            ({"type": "integer"}, "007"),
            ({"type": "integer"}, True),
            ({"type": "integer"}, None),
            ({"type": "integer"}, [1, 2]),
            ({"type": "number"}, "80%"),
            ({"type": "number"}, "0.1000000000000000055511"),
            ({"type": "number"}, "1e999"),
            ({"type": "boolean"}, "maybe"),
            ({"const": True}, 1),
            ({"const": True}, "1"),
            ({"const": 1}, True),
            ({"type": "string", "maxLength": 2}, "long"),
            ({"type": "string", "format": "email"}, "a at b.org"),
            ({"type": "string", "format": "email"}, "a@b.org, c@b.org"),
            ({"type": "string", "format": "uri"}, "b.org/x"),
            ({"type": "string", "format": "uuid"}, UUID[1:]),
            ({"type": "array", "items": {}}, None),
            ({"enum": ["a", "A"]}, " a"),
            ({"enum": ["yes", "no"]}, True),
            ({"anyOf": [{"type": "integer"}, {"type": "boolean"}, {"enum": ["X"]}]}, ""),
            ({"anyOf": [{"enum": ["4"]}, {"type": "integer"}]}, " 4 "),
            ({"anyOf": [{"enum": ["4"]}, {"type": "integer"}, {"type": "array"}]}, " 4 "),
        ],
    )
    def test_what_would_lose_or_guess_stays(self, schema, value):
        assert field(schema, value, "bold") == (value, [])

    def test_a_number_keeps_the_digits_that_were_written(self):
        whole = of(
            {
                "type": "object",
                "properties": {"a": {"type": "array", "items": {"type": "string"}}, "b": {"type": "string"}},
            }
        )
        mended = repair('{"a": 2.50, "b": 1.0e2,}', whole)
        assert mended.data == {"a": ["2.50"], "b": "1.0e2"}

    @pytest.mark.parametrize(
        ("digits", "text"),
        [("12345678901234567890.12", "12345678901234567890.12"), ("007", "007"), ("1_000", "1_000"), ("+5", "+5")],
    )
    def test_a_text_has_the_number_as_it_is_written(self, digits, text):
        one = of({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]})
        assert repair(f'{{"a": {digits}}}', one).data == {"a": text}

    def test_an_integer_keeps_the_digits_that_no_double_holds(self):
        class Count(BaseModel):
            n: int

        assert repair('{"n": 1e30}', Schema(Count)).data == {"n": 10**30}
        mended = repair('{"n": 9007199254740993.0}', Schema(Count))
        (edit,) = mended.edits
        assert mended.data == {"n": 9007199254740993}
        assert exact_json.dumps([edit.before, edit.after]) == "[9007199254740993.0, 9007199254740993]"

    def test_a_decimal_number_keeps_its_zeros(self):
        class Price(BaseModel):
            total: Decimal

        assert repair('{"total": "€ 24,50"}', Schema(Price)).data == {"total": "24.50"}

    def test_what_comes_back_to_what_it_was_is_not_told(self):
        assert field({"type": "string", "format": "date", "minLength": 11}, "2026-03-03", "bold") == ("2026-03-03", [])
        union = {"anyOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "integer"}]}
        assert field(union, ["x"], "bold") == (["x"], [])
        both = {"type": "string", "allOf": [{"format": "date"}, {"format": "date-time"}]}
        assert field(both, "2026-03-03") == ("2026-03-03T00:00:00", [("/a", "date", "low")])  # and back, and forth

    @pytest.mark.timeout(60)
    def test_many_numbers_keep_their_digits(self):
        texts = of({"type": "array", "items": {"type": "string"}})
        mended = repair(f"[{'1.50, ' * 9_999}1.50]", texts)
        assert mended.data == {"value": ["1.50"] * 10_000}

    def test_several_steps_are_several_edits(self):
        assert field({"type": "array", "items": {"enum": ["red"]}}, "RED") == (
            ["red"],
            [("/a", "list", "low"), ("/a/0", "case", "none")],
        )

    def test_a_union_of_objects_is_mended_within(self):
        def kind(name, part):
            properties = {"kind": {"const": name}, **part}
            return {
                "type": "object",
                "properties": properties,
                "required": [*properties],
                "additionalProperties": False,
            }

        union = {"anyOf": [kind("flat", {"rooms": {"type": "integer"}}), kind("car", {"doors": {"type": "integer"}})]}
        got, edits = field(union, {"kind": "Car", "doors": "4"})
        assert got == {"kind": "car", "doors": 4}
        assert sorted(edits) == [("/a/doors", "number", "low"), ("/a/kind", "case", "none")]

    @pytest.mark.parametrize(
        ("value", "after"),
        [
            ({"name": "a", "age": None, "size": 4}, {"name": "a", "size": 4}),
            ({"name": "a", "age": 3, "size": None}, {"name": "a", "age": 3}),
            ({"name": "a", "age": "N/A", "size": "4"}, {"name": "a", "size": 4}),
            ({"name": "a", "age": None, "size": None}, {"name": "a", "age": None}),
            ({"name": "a", "age": 3, "size": 4}, {"name": "a", "age": 3, "size": 4}),
        ],
    )
    def test_a_null_does_not_say_which_member_of_a_union_is_meant(self, value, after):
        class Aged(BaseModel):
            model_config = ConfigDict(extra="forbid")
            name: str
            age: int | None = None

        class Sized(BaseModel):
            model_config = ConfigDict(extra="forbid")
            name: str
            size: int | None = None

        class Thing(BaseModel):
            thing: Aged | Sized

        assert repair(json.dumps({"thing": value}), Schema(Thing)).data == {"thing": after}


class TestFields:
    def test_a_field_that_nobody_asked_for_stays_in_before(self):
        mended = repair(json.dumps({**VALUE, "remark": {"x": [1]}}), FEEDBACK)
        assert mended.data == VALUE
        (edit,) = mended.edits
        assert (edit.path, edit.kind, edit.before, edit.after, edit.risk) == (
            "/remark",
            "extra",
            {"x": [1]},
            None,
            "low",
        )

    def test_it_goes_wherever_it_stands(self):
        inner = {
            "type": "object",
            "properties": {"b": {}},
            "patternProperties": {"^x-": {}},
            "additionalProperties": False,
        }
        got, edits = field(inner, {"b": 1, "x-1": 2, "c": 3})
        assert got == {"b": 1, "x-1": 2}
        assert edits == [("/a/c", "extra", "low")]

    @pytest.mark.parametrize(
        "other",
        [
            {"error": "no data"},
            {"people": [{"name": "x"}]},
            {"full_name": "Ada", "labels": ["x"]},
            {"type": "object", "properties": {"name": {"type": "string"}}},
        ],
    )
    def test_an_object_of_which_nothing_would_be_left_is_asked_again(self, other):
        class Person(BaseModel):
            model_config = ConfigDict(extra="forbid")
            name: str | None = None
            tags: list[str] = []

        class Team(BaseModel):
            lead: Person

        mended = repair(json.dumps(other), Schema(Person))
        assert (mended.data, mended.edits) == (other, ())
        assert repair(json.dumps({"lead": other}), Schema(Team)).data == {"lead": other}
        mended = repair(json.dumps(other), Schema(Person), "bold")
        assert mended.data == {}
        assert kinds(mended) == [("extra", "high")] * len(other)
        mended = repair(json.dumps({**other, "Name": "Ida"}), Schema(Person))
        assert mended.data == {"name": "Ida"}

    def test_another_spelling_of_a_key_is_renamed_in_place(self):
        text = TEXT.replace("key_issues", "Key issues")
        mended = repair(text, FEEDBACK)
        assert list(mended.data.items()) == list(VALUE.items())
        assert kinds(mended) == [("key", "low")]

    def test_a_misspelt_key_is_never_dropped(self):
        class Note(BaseModel):
            model_config = ConfigDict(extra="forbid")
            title: str
            remarks: str = ""

        text = json.dumps({"title": "x", "remark": "y"})
        assert repair(text, Schema(Note)).data == {"title": "x", "remark": "y"}
        mended = repair(text, Schema(Note), "bold")
        assert mended.data == {"title": "x", "remarks": "y"}
        assert kinds(mended) == [("key", "high")]

    def test_a_key_that_another_alternative_knows_stays(self):
        def only(key):
            return {"type": "object", "properties": {key: {}}, "required": [key], "additionalProperties": False}

        assert field({"anyOf": [only("b"), only("c")]}, {"b": 1, "c": 2}, "bold") == ({"b": 1, "c": 2}, [])

    def test_nothing_is_invented(self):
        partial = {"sentiment": "negative", "key_issues": []}
        mended = repair(json.dumps(partial), FEEDBACK, "bold")
        assert (mended.data, mended.edits) == (partial, ())


def test_what_stands_under_another_name_of_its_field_is_mended_too():
    class Line(BaseModel):
        unit_price: float

    class Order(BaseModel):
        model_config = ConfigDict(populate_by_name=True)

        lines: list[Line] = Field(alias="lineItems")

    mended = repair('{"lines": [{"unitPrice": "24.50"}]}', Schema(Order))
    assert mended.data == {"lines": [{"unit_price": 24.5}]}
    assert [edit.kind for edit in mended.edits] == ["key", "number"]


@pytest.mark.parametrize(
    ("said", "meant", "edited"),
    [
        ({"rows": "```json\n[1, 2]\n```"}, {"rows": [1, 2]}, True),
        ({"rows": "```\n[1, 2,]```"}, {"rows": [1, 2]}, True),
        ({"settings": {"a": 1}}, {"settings": '{"a": 1}'}, True),
        ({"settings": '```json\n{"a": 1}\n```'}, {"settings": '{"a": 1}'}, True),
        ({"settings": "{'a': 1,}"}, {"settings": '{"a": 1}'}, True),
        ({"settings": '{"a": "1"}'}, {"settings": '{"a": "1"}'}, False),
        ({"settings": '{"a": 1, "a": 2}'}, {"settings": '{"a": 1, "a": 2}'}, False),
        ({"settings": "nothing of note"}, {"settings": "nothing of note"}, False),
    ],
)
def test_json_in_a_text_is_read_where_it_is_asked_for_and_written_where_a_text_is(said, meant, edited):
    class Report(BaseModel):
        rows: list[int] = []
        settings: Json[dict[str, int]] = {}

    mended = repair(json.dumps(said), Schema(Report))
    assert mended.data == meant
    assert [edit.kind for edit in mended.edits] == ["json"] * edited
