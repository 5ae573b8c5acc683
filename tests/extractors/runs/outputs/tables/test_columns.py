"""A JSON Schema as columns, a value as cells."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.extractors.errors import OutputError
from slotfill.extractors.runs.outputs.tables.cells import MisfitError, cell, fit
from slotfill.extractors.runs.outputs.tables.columns import Names, columns_of
from slotfill.extractors.runs.outputs.tables.shapes import (
    ColumnType,
    Items,
    ObjectShape,
    Scalar,
    shape_of,
    with_lists_as_cells,
)
from slotfill.schemas.json_schema.decimals import DECIMAL
from slotfill.schemas.json_values.exact_json import ExactFloat, loads

TEXT, JSON = Scalar(ColumnType.TEXT), Scalar(ColumnType.JSON)
POINT = {"type": "object", "properties": {"x": {"type": "number"}, "y": {"type": "number"}}}


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string"}, ColumnType.TEXT),
        ({"type": "string", "format": "date"}, ColumnType.DATE),
        ({"type": "string", "format": "date-time"}, ColumnType.INSTANT),
        ({"type": "string", "format": "email"}, ColumnType.TEXT),
        ({"type": "integer"}, ColumnType.INTEGER),
        ({"type": ["number", "null"]}, ColumnType.NUMBER),
        ({"type": ["integer", "number"]}, ColumnType.NUMBER),
        ({"type": ["string", "number"]}, ColumnType.JSON),
        ({"type": "null"}, ColumnType.JSON),
        ({"enum": ["a", "b", None]}, ColumnType.TEXT),
        ({"enum": [1, 2.5]}, ColumnType.NUMBER),
        ({"enum": [0, False]}, ColumnType.JSON),
        ({"const": True}, ColumnType.BOOLEAN),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, ColumnType.INTEGER),
        ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, ColumnType.NUMBER),
        ({"anyOf": [{"type": "string", "format": "date"}, {"type": "string"}]}, ColumnType.TEXT),
        ({"anyOf": [{"type": "string"}, {}]}, ColumnType.JSON),
        ({"anyOf": [POINT, {"type": "string"}]}, ColumnType.JSON),
        ({"anyOf": [POINT, POINT]}, ColumnType.JSON),
        ({"allOf": [{"type": "string"}]}, ColumnType.TEXT),
        ({"allOf": [{"type": "string"}, {"minLength": 1}]}, ColumnType.JSON),
        ({"$ref": "#/$defs/name", "$defs": {"name": {"type": "string"}}}, ColumnType.TEXT),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}}, ColumnType.JSON),
        ({"$ref": "http://example.com/elsewhere"}, ColumnType.JSON),
        ({"type": "object"}, ColumnType.JSON),
        ({"properties": {"x": {"type": "number"}}}, ColumnType.JSON),
        ({"type": "array"}, ColumnType.JSON),
        ({"type": "array", "prefixItems": [{"type": "string"}], "items": {"type": "string"}}, ColumnType.JSON),
        ({"type": "array", "items": [{"type": "string"}]}, ColumnType.JSON),
        ({}, ColumnType.JSON),
        ({"type": "string", DECIMAL: {}}, ColumnType.DECIMAL),
        ({"type": "number", DECIMAL: {}}, ColumnType.DECIMAL),
        ({"anyOf": [{"type": "number", DECIMAL: {}}, {"type": "null"}], "description": "d"}, ColumnType.DECIMAL),
        ({"anyOf": [{"type": "string", DECIMAL: {"max_digits": 9}}, {"type": "null"}]}, ColumnType.DECIMAL),
        ({"anyOf": [{"type": "string", DECIMAL: {}}, {"type": "string"}]}, ColumnType.TEXT),
        ({"anyOf": [{"type": "string", DECIMAL: {}}, {"type": "integer"}]}, ColumnType.JSON),
        (
            {"anyOf": [{"type": "string", DECIMAL: {}}, {"type": "string", DECIMAL: {"decimal_places": 2}}]},
            ColumnType.TEXT,
        ),
    ],
)
def test_a_cell_has_the_one_type_that_the_schema_states(schema, kind):
    shape = shape_of(schema)
    assert (type(shape), shape.kind) == (Scalar, kind)


def test_a_decimal_number_knows_its_places():
    assert shape_of({"type": "string", DECIMAL: {"decimal_places": 2}}) == Scalar(ColumnType.DECIMAL, 2)
    assert shape_of({"type": "string", DECIMAL: {"max_digits": 9}}) == Scalar(ColumnType.DECIMAL, None, 9)
    assert cell(Scalar(ColumnType.DECIMAL, 2), "-12345678901234567890.120") == Decimal("-12345678901234567890.120")


@pytest.mark.parametrize("number", ["24.50", "0.1", "-3", "12345678901234567890.12"])
def test_a_decimal_number_is_read_with_all_its_digits(number):
    assert cell(Scalar(ColumnType.DECIMAL), loads(number)) == Decimal(number)


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
    point = ObjectShape({"x": Scalar(ColumnType.NUMBER), "y": Scalar(ColumnType.NUMBER)})
    shape = ObjectShape({"at": point, "tags": Items(TEXT), "any": Items(JSON), "no": JSON})
    assert shape_of(schema) == shape
    assert with_lists_as_cells(shape) == ObjectShape({"at": point, "tags": JSON, "any": JSON, "no": JSON})


def test_what_holds_itself_is_json():
    comment = {"type": "object", "properties": {"text": {"type": "string"}, "replies": {"type": "array"}}}
    comment["properties"]["replies"]["items"] = {"$ref": "#"}
    assert shape_of(comment) == ObjectShape({"text": TEXT, "replies": Items(JSON)})


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
    shape = ObjectShape(
        {"a": ObjectShape({"b": TEXT}), "a.b": TEXT, "A.B": TEXT, "": TEXT, "source": TEXT, "\x1b\0": TEXT}
    )
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
    shape = ObjectShape(
        {"n": Scalar(ColumnType.INTEGER), "list": Items(ObjectShape({"a": TEXT})), "at": ObjectShape({"x": TEXT})}
    )
    value = {"n": 2**63, "list": [{"a": "1", "b/c": 2}, None, "?"], "at": [], "free": None}
    fitted, rest = fit(shape, value, cell)
    assert fitted == {"n": None, "list": [{"a": "1"}, None, None], "at": None}
    assert rest == {"/n": 2**63, "/list/0/b~1c": 2, "/list/2": "?", "/at": [], "/free": None}
    assert fit(shape, {}, cell) == ({"n": None, "list": None, "at": None}, {})


MISFITS = [
    (ColumnType.TEXT, 1),
    (ColumnType.DATE, 20260101),
    (ColumnType.INTEGER, 2**63),
    (ColumnType.INTEGER, 1.5),
    (ColumnType.INTEGER, True),
    (ColumnType.NUMBER, 2**53 + 1),
    (ColumnType.NUMBER, 10**400),
    (ColumnType.NUMBER, False),
    (ColumnType.NUMBER, "1"),
    (ColumnType.BOOLEAN, 1),
    (ColumnType.NUMBER, ExactFloat("12345678901234567890.12")),
    (ColumnType.INTEGER, ExactFloat("9007199254740993.5")),
    *((ColumnType.DECIMAL, value) for value in ("NaN", "-Infinity", "1_000", "", "1.", " 1", "\u0661", True, [1])),
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
    for kind in set(ColumnType) - {ColumnType.JSON, ColumnType.DECIMAL}:
        try:
            held = cell(Scalar(kind), value)
        except MisfitError:
            continue
        assert held == value
        assert isinstance(held, bool) == isinstance(value, bool)


def test_half_a_surrogate_pair_is_escaped_since_no_output_takes_it():
    assert cell(TEXT, "caf\udce9") == "caf\\udce9"
    assert cell(JSON, ["caf\udce9"]) == '["caf\\udce9"]'
