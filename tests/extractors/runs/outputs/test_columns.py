"""A JSON Schema as columns, a value as cells."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.extractors.errors import OutputError
from slotfill.extractors.runs.outputs.columns import (
    Fields,
    Items,
    Kind,
    MisfitError,
    Names,
    Scalar,
    cell,
    columns_of,
    fit,
    folded,
    shape_of,
)
from slotfill.schemas.json_schema.decimals import DECIMAL
from slotfill.schemas.json_values.exact_json import ExactFloat

TEXT, JSON = Scalar(Kind.TEXT), Scalar(Kind.JSON)
POINT = {"type": "object", "properties": {"x": {"type": "number"}, "y": {"type": "number"}}}


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string"}, Kind.TEXT),
        ({"type": "string", "format": "date"}, Kind.DATE),
        ({"type": "string", "format": "date-time"}, Kind.INSTANT),
        ({"type": "string", "format": "email"}, Kind.TEXT),
        ({"type": "integer"}, Kind.INTEGER),
        ({"type": ["number", "null"]}, Kind.NUMBER),
        ({"type": ["integer", "number"]}, Kind.NUMBER),
        ({"type": ["string", "number"]}, Kind.JSON),
        ({"type": "null"}, Kind.JSON),
        ({"enum": ["a", "b", None]}, Kind.TEXT),
        ({"enum": [1, 2.5]}, Kind.NUMBER),
        ({"enum": [0, False]}, Kind.JSON),
        ({"const": True}, Kind.BOOLEAN),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, Kind.INTEGER),
        ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, Kind.NUMBER),
        ({"anyOf": [{"type": "string", "format": "date"}, {"type": "string"}]}, Kind.TEXT),
        ({"anyOf": [{"type": "string"}, {}]}, Kind.JSON),
        ({"anyOf": [POINT, {"type": "string"}]}, Kind.JSON),
        ({"anyOf": [POINT, POINT]}, Kind.JSON),
        ({"allOf": [{"type": "string"}]}, Kind.TEXT),
        ({"allOf": [{"type": "string"}, {"minLength": 1}]}, Kind.JSON),
        ({"$ref": "#/$defs/name", "$defs": {"name": {"type": "string"}}}, Kind.TEXT),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}}, Kind.JSON),
        ({"$ref": "http://example.com/elsewhere"}, Kind.JSON),
        ({"type": "object"}, Kind.JSON),
        ({"properties": {"x": {"type": "number"}}}, Kind.JSON),
        ({"type": "array"}, Kind.JSON),
        ({"type": "array", "prefixItems": [{"type": "string"}], "items": {"type": "string"}}, Kind.JSON),
        ({"type": "array", "items": [{"type": "string"}]}, Kind.JSON),
        ({}, Kind.JSON),
        ({"type": "string", DECIMAL: {}}, Kind.DECIMAL),
        ({"anyOf": [{"type": "string", DECIMAL: {"max_digits": 9}}, {"type": "null"}]}, Kind.DECIMAL),
        ({"anyOf": [{"type": "string", DECIMAL: {}}, {"type": "string"}]}, Kind.TEXT),
        ({"anyOf": [{"type": "string", DECIMAL: {}}, {"type": "integer"}]}, Kind.JSON),
        ({"anyOf": [{"type": "string", DECIMAL: {}}, {"type": "string", DECIMAL: {"decimal_places": 2}}]}, Kind.TEXT),
    ],
)
def test_a_cell_has_the_one_type_that_the_schema_states(schema, kind):
    assert shape_of(schema) == Scalar(kind)


def test_a_decimal_number_knows_its_places():
    assert shape_of({"type": "string", DECIMAL: {"decimal_places": 2}}) == Scalar(Kind.DECIMAL, 2)
    assert cell(Scalar(Kind.DECIMAL, 2), "-12345678901234567890.120") == Decimal("-12345678901234567890.120")


def test_objects_and_lists_are_followed_through_references_and_null():
    schema = {
        "type": "object",
        "properties": {
            "at": {"anyOf": [{"$ref": "#/$defs/point"}, {"type": "null"}]},
            "tags": {"type": ["array", "null"], "items": {"type": "string"}},
            "any": {"type": "array", "items": {}},
            "no": False,
        },
        "$defs": {"point": POINT},
    }
    point = Fields({"x": Scalar(Kind.NUMBER), "y": Scalar(Kind.NUMBER)})
    shape = Fields({"at": point, "tags": Items(TEXT), "any": Items(JSON), "no": JSON})
    assert shape_of(schema) == shape
    assert folded(shape) == Fields({"at": point, "tags": JSON, "any": JSON, "no": JSON})


def test_what_holds_itself_is_json():
    comment = {"type": "object", "properties": {"text": {"type": "string"}, "replies": {"type": "array"}}}
    comment["properties"]["replies"]["items"] = {"$ref": "#"}
    assert shape_of(comment) == Fields({"text": TEXT, "replies": Items(JSON)})


def test_a_part_may_stand_in_two_places():
    schema = {"type": "object", "properties": {"from": {"$ref": "#/$defs/p"}, "to": {"$ref": "#/$defs/p"}}}
    names = [column.name for column in columns_of(shape_of({**schema, "$defs": {"p": POINT}}), Names())]
    assert names == ["from.x", "from.y", "to.x", "to.y"]


def test_a_schema_of_too_many_columns_is_refused_at_once():
    doubling = {
        f"d{depth}": {
            "type": "object",
            "properties": {name: {"$ref": f"#/$defs/d{depth + 1}"} for name in "ab"},
        }
        for depth in range(60)
    }
    with pytest.raises(OutputError, match="more than 1,900 columns"):
        shape_of({"$ref": "#/$defs/d0", "$defs": doubling})


def test_names_are_told_apart_whatever_their_case():
    shape = Fields({"a": Fields({"b": TEXT}), "a.b": TEXT, "A.B": TEXT, "": TEXT, "source": TEXT, "\x1b\0": TEXT})
    names = [column.name for column in columns_of(shape, Names(["source"]))]
    assert names == ["a.b", "a.b_2", "A.B_3", "_", "source_2", r"\u001b\u0000"]


@given(st.lists(st.sampled_from(["a", "A", "a_2", "A_2", "a_2_2", ""]) | st.text(max_size=3)))
def test_no_two_names_are_the_same(wanted):
    names = Names(["a_3"])
    given = [names.give(name).casefold() for name in wanted]
    assert len({*given, "a_3"}) == len(given) + 1
    assert all(given)


def test_a_value_that_is_no_object_is_a_column():
    for shape in (TEXT, Items(TEXT)):
        (column,) = columns_of(shape, Names())
        assert (column.name, column.path, column.shape) == ("value", (), shape)


def test_what_has_no_column_or_does_not_fit_is_the_rest():
    shape = Fields({"n": Scalar(Kind.INTEGER), "list": Items(Fields({"a": TEXT})), "at": Fields({"x": TEXT})})
    value = {"n": 2**63, "list": [{"a": "1", "b/c": 2}, None, "?"], "at": [], "free": None}
    fitted, rest = fit(shape, value, cell)
    assert fitted == {"n": None, "list": [{"a": "1"}, None, None], "at": None}
    assert rest == {"/n": 2**63, "/list/0/b~1c": 2, "/list/2": "?", "/at": [], "/free": None}
    assert fit(shape, {}, cell) == ({"n": None, "list": None, "at": None}, {})


MISFITS = [
    (Kind.TEXT, 1),
    (Kind.DATE, 20260101),
    (Kind.INTEGER, 2**63),
    (Kind.INTEGER, 1.5),
    (Kind.INTEGER, True),
    (Kind.NUMBER, 2**53 + 1),
    (Kind.NUMBER, 10**400),
    (Kind.NUMBER, False),
    (Kind.NUMBER, "1"),
    (Kind.BOOLEAN, 1),
    (Kind.NUMBER, ExactFloat("12345678901234567890.12")),
    (Kind.INTEGER, ExactFloat("9007199254740993.5")),
    *((Kind.DECIMAL, value) for value in ("NaN", "-Infinity", "1_000", "", "1.", " 1", "\u0661", 1.5, 1, None)),
]


@pytest.mark.parametrize(("kind", "value"), MISFITS)
def test_a_cell_holds_its_kind_alone(kind, value):
    with pytest.raises(MisfitError):
        cell(Scalar(kind), value)


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.text())
@example(-(2**63))
@example(2.0**63)
@example(-0.0)
def test_a_cell_holds_the_value_itself(value):
    for kind in set(Kind) - {Kind.JSON, Kind.DECIMAL}:
        try:
            held = cell(Scalar(kind), value)
        except MisfitError:
            continue
        assert held == value
        assert isinstance(held, bool) == isinstance(value, bool)


def test_half_a_surrogate_pair_is_escaped_since_no_output_takes_it():
    assert cell(TEXT, "caf\udce9") == "caf\\udce9"
    assert cell(JSON, ["caf\udce9"]) == '["caf\\udce9"]'
