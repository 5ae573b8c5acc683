"""Which field a cell is for."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from slotfill.extractors.local.by_field.row_cells import cell_values, fewest_cells
from slotfill.extractors.local.by_field.schema_compiler import compile_schema
from slotfill.extractors.local.candidates.rows import find_rows
from slotfill.extractors.local.strategies import Field

TEXT, NUMBER, WHOLE = ({"type": kind} for kind in ("string", "number", "integer"))
DAY = {"type": "string", "format": "date"}


def fields(**properties: Any) -> tuple[Field, ...]:
    compiled = compile_schema({"type": "object", "properties": properties, "required": [*properties]})
    assert compiled is not None
    return compiled.fields


def fits(value: Any, schema: Any) -> bool:
    return jsonschema.Draft202012Validator(schema).is_valid(value)


def rows(text: str, **properties: Any) -> list[dict[str, Any]]:
    asked = fields(**properties)
    return [{path[0]: value for path, value in cell_values(asked, row, fits).items()} for row in find_rows(text)]


BILL = "2 x Oak shelf   EUR 21.00  EUR 42.00\n1 x Oak table   EUR 90.00  EUR 90.00"


@pytest.mark.parametrize(
    ("properties", "first"),
    [
        (
            {"item": TEXT, "quantity": WHOLE, "price": NUMBER, "total": NUMBER},
            {"item": "Oak shelf", "quantity": 2, "price": 21, "total": 42},
        ),
        ({"total": NUMBER, "item": TEXT}, {"item": "Oak shelf", "total": 42}),
        ({"item": TEXT, "price": NUMBER}, {"item": "Oak shelf", "price": 21}),
        ({"item": TEXT, "sold": DAY}, {"item": "Oak shelf"}),
    ],
)
def test_cells_go_to_the_fields_of_their_kind_and_unit(properties: dict[str, Any], first: dict[str, Any]) -> None:
    assert rows(BILL, **properties)[0] == first


def test_the_heads_of_columns_name_the_fields() -> None:
    table = "Price | Qty | Article | Colour\n3 | 20 | Lamp | red\n4 | 30 | Desk | blue"
    assert rows(table, colour=TEXT, description=TEXT, quantity=WHOLE, price=NUMBER)[0] == {
        "colour": "red",
        "description": "Lamp",
        "quantity": 20,
        "price": 3,
    }


def test_how_many_there_are_is_no_sum() -> None:
    table = "Examination | 45.00\nVaccine | 28.00"
    assert rows(table, item=TEXT, quantity=WHOLE, price=NUMBER)[0] == {"item": "Examination", "price": 45}


def test_a_row_has_a_cell_for_what_must_not_be_empty() -> None:
    assert fewest_cells(fields(a=TEXT)) == 2
    assert fewest_cells(fields(a=TEXT, b=NUMBER, c=NUMBER, d=NUMBER)) == 3
