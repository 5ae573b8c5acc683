"""Records as rows: a row's own columns, the value's, and the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from slotfill.extractors.record.json_text import json_text
from slotfill.extractors.runs.outputs.sink import Record, column_of
from slotfill.extractors.runs.outputs.tables.cells import CellWriter, cell, fit
from slotfill.extractors.runs.outputs.tables.columns import Column, Names, columns_of, standing_in
from slotfill.extractors.runs.outputs.tables.shapes import ColumnType, Scalar, TableShape
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["Rows"]

_REST = "rest"
"""The last column: JSON text of what has no column or does not fit it, by JSON Pointer."""

_TEXT, _INTEGER = Scalar(ColumnType.TEXT), Scalar(ColumnType.INTEGER)

_SPANS = "spans"
"""The column before it, of whole records: JSON text of where the values stand, with their places."""

_OwnColumn = tuple[str, Scalar, Callable[[Record], JSON]]

_SOURCE: _OwnColumn = ("source", _TEXT, lambda record: record["document"]["source"])
_RECORD: tuple[_OwnColumn, ...] = (
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

_SPANS_COLUMN: _OwnColumn = (_SPANS, Scalar(ColumnType.JSON), lambda record: record["spans"] or None)


class Rows:
    """How records of values of a shape become rows.

    keep: the columns of the input that stand behind the source: texts as they are, all else as JSON text.
    columns: those of every row, in order. names: gives further columns names that none of these has.
    """

    def __init__(self, shape: TableShape, *, records: bool, keep: Sequence[str] = ()) -> None:
        self._own = (_SOURCE, *map(_input_column, keep), *(_RECORD if records else ()))
        self._last = (_SPANS_COLUMN,) if records else ()
        self._shape = shape
        self.names = Names()
        # First, so that the model's own names stay as they are.
        self._of_value = columns_of(shape, self.names)
        own = tuple(Column(self.names.give(name), (), shape) for name, shape, _ in self._own)
        last = tuple(Column(self.names.give(name), (), shape) for name, shape, _ in self._last)
        self.columns = (*own, *self._of_value, *last, Column(self.names.give(_REST), (), Scalar(ColumnType.JSON)))

    def row(self, record: Record, cell: CellWriter = cell) -> list[JSON]:
        """Return the row: a cell a column, a list where the column's shape has one, None for what is null."""
        value, rest = fit(self._shape, record["value"], cell)
        return [
            *_cells(self._own, record, cell),
            *(standing_in(column, value) for column in self._of_value),
            *_cells(self._last, record, cell),
            json_text(rest) if rest else None,
        ]


def _input_column(name: str) -> _OwnColumn:
    def read(record: Record) -> JSON:
        value = column_of(record, name)
        # Of one type, whatever the rows hold: a number in one and a word in the next.
        return value if value is None or isinstance(value, str) else json_text(value)

    return name, _TEXT, read


def _cells(columns: Sequence[_OwnColumn], record: Record, cell: CellWriter) -> Iterator[JSON]:
    for _, shape, read in columns:
        part = read(record)
        yield None if part is None else cell(shape, part)
