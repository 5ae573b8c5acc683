"""Values as typed tables hold them: dates and instants as such, decimal numbers of 38 digits. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation
from typing import Any

from slotfill.extractors.runs.outputs.tables.cells import CellValue, MisfitError, cell
from slotfill.extractors.runs.outputs.tables.shapes import ColumnType, Scalar
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["DECIMAL_DIGITS", "digits_of", "places_of", "typed_cell", "with_places"]

DECIMAL_DIGITS = 38
"""How many digits a decimal number may have: as many as 128 bits hold."""

_PLACES = 18
"""How many of them stand after the point where the schema does not say."""


def places_of(shape: Scalar) -> int:
    """Return how many digits a decimal number of a shape has after its point, at most."""
    return _PLACES if shape.places is None else min(max(shape.places, 0), DECIMAL_DIGITS)


def digits_of(shape: Scalar) -> int:
    """Return how many digits a decimal number of a shape has in all, at most.

    They are those that the schema says where it says, too, how many stand after the point. Of 5 digits alone all may
    stand before it, or behind it.
    """
    if shape.digits is None or shape.places is None or not 0 <= shape.places <= shape.digits:
        return DECIMAL_DIGITS
    return min(max(shape.digits, 1), DECIMAL_DIGITS)


def with_places(number: Decimal, shape: Scalar) -> Decimal:
    """Return a number with as many digits after its point as its shape has.

    Raises MisfitError where that changes it, or it has more digits in all.
    """
    exact = Context(prec=digits_of(shape), traps=[InvalidOperation, Inexact])
    try:
        return exact.quantize(number, Decimal((0, (1,), -places_of(shape))))
    except DecimalException:
        raise MisfitError from None


def typed_cell(shape: Scalar, value: JSON) -> CellValue:
    """Return a value as `cell` does, dates and instants as such where the text says one and no more.

    Raises MisfitError, also for a decimal number that has more digits than its shape.
    """
    held = cell(shape, value)
    if isinstance(held, Decimal):
        with_places(held, shape)
    return _READERS[shape.kind](held) if shape.kind in _READERS else held


def _date(text: str) -> date:
    with suppress(ValueError):
        day = date.fromisoformat(text)
        if day.isoformat() == text:
            return day
    raise MisfitError


def _instant(text: str) -> datetime:
    """Read an instant. A time of no zone is none, and more digits than microseconds have do not fit."""
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(text)
        if moment.tzinfo and not re.search(r"[.,]\d{7}", text):
            return moment.astimezone(UTC)
    raise MisfitError


# Arrow itself refuses integers beyond 2**53 as floats, also those that a float holds.
_READERS: Mapping[ColumnType, Callable[[Any], CellValue]] = {
    ColumnType.NUMBER: float,
    ColumnType.DATE: _date,
    ColumnType.INSTANT: _instant,
}
