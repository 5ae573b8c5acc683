"""Records as rows: a row's own columns, the value's, and the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slotfill.extractors.record.json_text import json_text
from slotfill.extractors.runs.outputs.columns import (
    CellWriter,
    Column,
    ColumnType,
    Names,
    Scalar,
    TableShape,
    cell,
    columns_of,
    fit,
    standing_in,
)
from slotfill.extractors.runs.outputs.sink import Record

__all__ = ["Rows"]

_REST = "rest"
"""The last column: JSON text of what has no column or does not fit it, by JSON Pointer."""

_TEXT, _INTEGER = Scalar(ColumnType.TEXT), Scalar(ColumnType.INTEGER)

_Own = tuple[str, Scalar, Callable[[Record], Any]]

_SOURCE: _Own = ("source", _TEXT, lambda record: record["document"]["source"])
_RECORD: tuple[_Own, ...] = (
    _SOURCE,
    ("document_id", _TEXT, lambda record: record["document"]["id"]),
    ("outcome", _TEXT, lambda record: record["outcome"]),
    ("model", _TEXT, lambda record: record["model"]),
    ("cost_usd", Scalar(ColumnType.NUMBER), lambda record: record["cost_usd"] and float(record["cost_usd"])),
    ("input_tokens", _INTEGER, lambda record: record["usage"]["input_tokens"]),
    ("output_tokens", _INTEGER, lambda record: record["usage"]["output_tokens"]),
    ("thinking_tokens", _INTEGER, lambda record: record["usage"]["thinking_tokens"]),
    ("error", _TEXT, lambda record: record["error"] and record["error"]["type"]),
    ("error_message", _TEXT, lambda record: record["error"] and record["error"]["message"]),
)


class Rows:
    """How records of values of a shape become rows.

    columns: those of every row, in order. names: gives further columns names that none of these has.
    """

    def __init__(self, shape: TableShape, *, records: bool) -> None:
        self._own = _RECORD if records else (_SOURCE,)
        self._shape = shape
        self.names = Names()
        # First, so that the model's own names stay as they are.
        self._of_value = columns_of(shape, self.names)
        own = tuple(Column(self.names.give(name), (), shape) for name, shape, _ in self._own)
        self.columns = (*own, *self._of_value, Column(self.names.give(_REST), (), Scalar(ColumnType.JSON)))

    def row(self, record: Record, cell: CellWriter = cell) -> list[Any]:
        """Give the row: a cell a column, a list where the column's shape has one, None for what is null."""
        value, rest = fit(self._shape, record["value"], cell)
        own = ((shape, given(record)) for _, shape, given in self._own)
        return [
            *(None if given is None else cell(shape, given) for shape, given in own),
            *(standing_in(column, value) for column in self._of_value),
            json_text(rest) if rest else None,
        ]
