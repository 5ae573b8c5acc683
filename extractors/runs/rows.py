"""Records as rows: a row's own columns, the value's, and the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from slotfill.extractors.runs.flattening import (
    Cell,
    Column,
    Kind,
    Names,
    Scalar,
    Shape,
    cell,
    columns_of,
    fit,
    standing_in,
)
from slotfill.extractors.runs.json_text import json_text
from slotfill.extractors.runs.payload import Record

__all__ = ["Rows"]

_REST = "rest"
"""The last column: JSON text of what has no column or does not fit it, by JSON Pointer."""

_Own = tuple[str, Kind, Callable[[Record], Any]]

_SOURCE: _Own = ("source", Kind.TEXT, lambda record: record["document"]["source"])
_RECORD: tuple[_Own, ...] = (
    _SOURCE,
    ("document_id", Kind.TEXT, lambda record: record["document"]["id"]),
    ("outcome", Kind.TEXT, lambda record: record["outcome"]),
    ("model", Kind.TEXT, lambda record: record["model"]),
    ("cost_usd", Kind.NUMBER, lambda record: record["cost_usd"] and float(record["cost_usd"])),
    ("input_tokens", Kind.INTEGER, lambda record: record["usage"]["input_tokens"]),
    ("output_tokens", Kind.INTEGER, lambda record: record["usage"]["output_tokens"]),
    ("error", Kind.TEXT, lambda record: record["error"] and record["error"]["type"]),
    ("error_message", Kind.TEXT, lambda record: record["error"] and record["error"]["message"]),
)


class Rows:
    """How records of values of a shape become rows.

    columns: those of every row, in order. taken: names that a column must not have.
    """

    def __init__(self, shape: Shape, *, records: bool, taken: Iterable[str] = ()) -> None:
        self._own = _RECORD if records else (_SOURCE,)
        self._shape = shape
        names = Names((*taken, *(name for name, _, _ in self._own), _REST))
        self._of_value = columns_of(shape, names)
        own = (Column(name, (), Scalar(kind)) for name, kind, _ in self._own)
        self.columns = (*own, *self._of_value, Column(_REST, (), Scalar(Kind.JSON)))

    def row(self, record: Record, cell: Cell = cell) -> list[Any]:
        """Give the row: a cell a column, a list where the column's shape has one, None for what is null."""
        value, rest = fit(self._shape, record["value"], cell)
        own = ((kind, given(record)) for _, kind, given in self._own)
        return [
            *(None if given is None else cell(kind, given) for kind, given in own),
            *(standing_in(column, value) for column in self._of_value),
            json_text(rest) if rest else None,
        ]
