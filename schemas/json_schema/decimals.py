"""Decimal numbers in JSON: Pydantic reads a bare number as a double, and a text with all its digits."""

from __future__ import annotations

from typing import Any

from slotfill.schemas.json_schema.subschemas import parts_at, resolved
from slotfill.schemas.json_values.exact_json import ExactFloat

__all__ = ["DECIMAL", "quoted_decimals"]

DECIMAL = "x-decimal"
"""The keyword that marks a decimal number in a JSON Schema: `{"max_digits", "decimal_places"}`."""


def quoted_decimals(data: Any, json_schema: dict[str, Any]) -> Any:
    """Give a copy of plain JSON data with the long numbers as texts that are `DECIMAL` by their schema."""
    rest: list[tuple[Any, Any, list[Any]]] = [(holder := [data], 0, [json_schema])]
    while rest:
        around, step, schemas = rest.pop()
        value, forms = around[step], [*resolved(schemas, json_schema)]
        if isinstance(value, ExactFloat) and any(DECIMAL in form for form in forms):
            around[step] = value.digits
        elif isinstance(value, dict | list):
            around[step] = own = value.copy()
            steps = own if isinstance(own, dict) else range(len(own))
            rest += [(own, key, [part for form in forms for part in parts_at(form, key)]) for key in steps]
    return holder[0]
