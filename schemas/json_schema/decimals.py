"""Decimal numbers in JSON: Pydantic reads a bare number as a double, and a text with all its digits."""

from __future__ import annotations

from slotfill.schemas.json_schema.value_walk import ApplicableSchemas, applicable_schemas
from slotfill.schemas.json_values.exact_json import ExactFloat
from slotfill.schemas.json_values.json_types import JSON, JSONObject
from slotfill.schemas.json_values.places import PathStep, steps_of

__all__ = ["DECIMAL", "quoted_decimals"]

DECIMAL = "x-decimal"
"""The keyword that marks a decimal number in a JSON Schema: `{"max_digits", "decimal_places"}`."""


def quoted_decimals(data: JSON, json_schema: JSONObject) -> JSON:
    """Return a copy of plain JSON data with the long numbers as texts that are `DECIMAL` by their schema."""
    carrier = [data]
    rest: list[tuple[JSON, PathStep, ApplicableSchemas]] = [(carrier, 0, applicable_schemas(json_schema))]
    while rest:
        holder, step, schemas = rest.pop()
        value = holder[step]
        if isinstance(value, ExactFloat) and any(DECIMAL in schema for schema in schemas):
            holder[step] = value.digits
        elif isinstance(value, dict | list):
            holder[step] = copied = value.copy()
            rest += [(copied, within, schemas.at(within)) for within in steps_of(copied)]
    return carrier[0]
