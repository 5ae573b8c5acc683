"""Extractions as rows: a row's own columns, the value's, and the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from slotfill.extractors.record import Extraction
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

__all__ = ["Rows"]

_REST = "rest"
"""The last column: JSON text of what has no column or does not fit it, by JSON Pointer."""

_Own = tuple[str, Kind, Callable[[Extraction[Any]], Any]]

_SOURCE: _Own = ("source", Kind.TEXT, lambda extraction: extraction.document.source)
_RECORD: tuple[_Own, ...] = (
    _SOURCE,
    ("document_id", Kind.TEXT, lambda extraction: extraction.document.id),
    ("outcome", Kind.TEXT, lambda extraction: extraction.outcome.value),
    ("model", Kind.TEXT, lambda extraction: extraction.model),
    ("cost_usd", Kind.NUMBER, lambda extraction: None if extraction.cost_usd is None else float(extraction.cost_usd)),
    ("input_tokens", Kind.INTEGER, lambda extraction: extraction.usage.input_tokens),
    ("output_tokens", Kind.INTEGER, lambda extraction: extraction.usage.output_tokens),
    ("error", Kind.TEXT, lambda extraction: extraction.error and extraction.error.type),
    ("error_message", Kind.TEXT, lambda extraction: extraction.error and extraction.error.message),
)


class Rows:
    """How extractions of a shape become rows.

    columns: those of every row, in order. taken: names that a column must not have.
    """

    def __init__(self, shape: Shape, *, records: bool, taken: Iterable[str] = ()) -> None:
        self._own = _RECORD if records else (_SOURCE,)
        self._shape = shape
        names = Names((*taken, *(name for name, _, _ in self._own), _REST))
        self._of_value = columns_of(shape, names)
        own = (Column(name, (), Scalar(kind)) for name, kind, _ in self._own)
        self.columns = (*own, *self._of_value, Column(_REST, (), Scalar(Kind.JSON)))

    def row(self, extraction: Extraction[Any], cell: Cell = cell) -> list[Any]:
        """Give the row: a cell a column, a list where the column's shape has one, None for what is null."""
        value, rest = fit(self._shape, extraction.data if extraction.has_value else None, cell)
        own = ((kind, given(extraction)) for _, kind, given in self._own)
        return [
            *(None if given is None else cell(kind, given) for kind, given in own),
            *(standing_in(column, value) for column in self._of_value),
            json_text(rest) if rest else None,
        ]
