"""Values in cells: what of a value fits its shape, and the rest. Pure.

What of a value has no column, or does not fit the one it has, is the row's rest: a mapping from JSON Pointers to plain
JSON, so that a row never loses anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from slotfill.extractors.record.json_text import json_text
from slotfill.extractors.runs.outputs.tables.shapes import ColumnType, Items, ObjectShape, Scalar, TableShape
from slotfill.schemas.json_values.json_types import JSON, JSONObject
from slotfill.schemas.json_values.pointer import join

__all__ = ["CellValue", "CellWriter", "MisfitError", "cell", "fit"]

_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?", re.ASCII)

_BEYOND = 2**63
"""The first integer that 64 bits do not hold."""


class MisfitError(ValueError):
    """A value that a cell of this kind cannot hold."""


CellValue: TypeAlias = str | int | float | Decimal | date | datetime
"""What a cell holds, of whatever kind its table is."""

CellWriter = Callable[[Scalar, JSON], CellValue]
"""Turns a value, which is not null, into what a cell holds. Raises MisfitError."""


def fit(shape: TableShape, value: JSON, cell: CellWriter) -> tuple[JSON, JSONObject]:
    """Return the value with all keys of its shape and no others, null where there is nothing; and its rest."""
    rest: JSONObject = {}
    return _fit(shape, value, cell, (), rest), rest


def cell(shape: Scalar, value: JSON) -> CellValue:
    """Return a value as text, a 64-bit integer, a number that is no other as a float, a Decimal, a bool, or JSON text.

    Raises MisfitError. Dates and instants stay the texts that they are.
    """
    if shape.kind is ColumnType.JSON:
        return json_text(value)
    held = _READERS[shape.kind](value)
    if held is None:
        raise MisfitError
    return held


def _text(value: JSON) -> str | None:
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else None


def _integer(value: JSON) -> int | None:
    held = _is_number(value) and -_BEYOND <= value < _BEYOND and int(value) == value
    return int(value) if held else None  # 3.0 is an integer to JSON Schema


def _number(value: JSON) -> float | None:
    with suppress(OverflowError):
        if _is_number(value) and float(value) == value:
            return value  # type: ignore[no-any-return]  # a number as it was written, 3 or 3.0
    return None


def _decimal(value: JSON) -> Decimal | None:
    """Read a decimal number with all its digits, also of a string; NaN and infinity are none."""
    if _is_number(value):
        return Decimal(repr(value))  # as it is written: 0.1, and no 0.100…0555
    return Decimal(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else None


def _boolean(value: JSON) -> bool | None:
    return value if isinstance(value, bool) else None


def _is_number(value: JSON) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_READERS: Mapping[ColumnType, Callable[[JSON], CellValue | None]] = {
    ColumnType.TEXT: _text,
    ColumnType.DATE: _text,
    ColumnType.INSTANT: _text,
    ColumnType.INTEGER: _integer,
    ColumnType.NUMBER: _number,
    ColumnType.DECIMAL: _decimal,
    ColumnType.BOOLEAN: _boolean,
}


def _fit(shape: TableShape, value: JSON, cell: CellWriter, path: tuple[str | int, ...], rest: JSONObject) -> JSON:
    if value is None:
        return None
    if isinstance(shape, Items) and isinstance(value, list):
        return [_fit(shape.item, item, cell, (*path, at), rest) for at, item in enumerate(value)]
    if isinstance(shape, ObjectShape) and isinstance(value, dict):
        rest.update((join((*path, key)), member) for key, member in value.items() if key not in shape.fields)
        return {key: _fit(part, value.get(key), cell, (*path, key), rest) for key, part in shape.fields.items()}
    if isinstance(shape, Scalar):
        with suppress(MisfitError):
            return cell(shape, value)
    rest[join(path)] = value
    return None
