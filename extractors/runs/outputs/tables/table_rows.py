"""Records as rows: a row's own columns, the value's, and the rest."""

from __future__ import annotations

from collections.abc import Callable

from slotfill.extractors.record.json_text import json_text
from slotfill.extractors.runs.outputs.sink import Record
from slotfill.extractors.runs.outputs.tables.cells import CellWriter, cell, fit
from slotfill.extractors.runs.outputs.tables.columns import Column, Names, columns_of, standing_in
from slotfill.extractors.runs.outputs.tables.shapes import ColumnType, Scalar, TableShape
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["Rows"]

_REST = "rest"
"""The last column: JSON text of what has no column or does not fit it, by JSON Pointer."""

_TEXT, _INTEGER = Scalar(ColumnType.TEXT), Scalar(ColumnType.INTEGER)

_OwnColumn = tuple[str, Scalar, Callable[[Record], JSON]]

_SOURCE: _OwnColumn = ("source", _TEXT, lambda record: record["document"]["source"])
_RECORD: tuple[_OwnColumn, ...] = (
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

    def row(self, record: Record, cell: CellWriter = cell) -> list[JSON]:
        """Return the row: a cell a column, a list where the column's shape has one, None for what is null."""
        value, rest = fit(self._shape, record["value"], cell)
        own = ((shape, read(record)) for _, shape, read in self._own)
        return [
            *(None if part is None else cell(shape, part) for shape, part in own),
            *(standing_in(column, value) for column in self._of_value),
            json_text(rest) if rest else None,
        ]
