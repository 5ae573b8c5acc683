"""Workbooks as files of rows: a document a row, of each sheet that has the text's column."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import IO

from slotfill.extractors.documents.decoding import too_large
from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.place_map import PlaceMap, Stretch
from slotfill.extractors.documents.readers.isolation import read_apart
from slotfill.extractors.documents.readers.kinds import WORKBOOK
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.documents.readers.read_options import ReadOptions
from slotfill.extractors.documents.readers.read_text import NestedFile
from slotfill.extractors.documents.rows.json_rows import decoder_for, json_rows
from slotfill.extractors.documents.rows.row_documents import row_document
from slotfill.extractors.documents.rows.row_fields import NumberedRow, RowFields, RowMapping, check_fields
from slotfill.extractors.record.failure_kinds import Failure, FailureKind

__all__ = ["check_workbook", "read_workbook"]

_ROWS = replace(WORKBOOK, module="slotfill.extractors.documents.readers.office.workbook_rows")

_FIRST = 100
"""How many rows of a sheet tell which columns hold anything."""


def check_workbook(file: IO[bytes], source: str, fields: RowFields) -> None:
    """Refuse a workbook of which no sheet has the fields; what cannot be read fails later.

    Raises InputError, OSError.
    """
    try:
        sheets = _sheets(file.read(WORKBOOK.most_bytes + 1))
    except ReadError:
        return
    if rows := [row for sheet in sheets for row in sheet.first_rows(fields)]:
        check_fields(fields, rows, source, "column")


def read_workbook(file: IO[bytes], source: str, fields: RowFields) -> Iterator[Document]:
    """Yield each row as a document, named `book.xlsx#12`, or `book.xlsx#Q1!12` where several sheets have the column.

    A row's number is counted from the header, as in CSV; its place is the cell.

    Raises OSError.
    """
    data = file.read(WORKBOOK.most_bytes + 1)
    try:
        sheets = _sheets(data)
    except ReadError as error:
        yield Document.unreadable(source, error.failure, data)
        return
    text = RowFields(fields.text)
    chosen = [sheet for sheet in sheets if not any(text.missing(sheet.first_rows(fields)))]
    if not chosen:
        lack = Failure(FailureKind.BROKEN_ROW, f"no sheet has a column {fields.text!r}")
        yield Document.unreadable(source, lack, data)
    for sheet in chosen:
        for number, row in sheet.rows(fields):
            document = sheet.placed(row_document(source, number, row, fields), number, fields)
            label = (document.source or "").removeprefix(f"{source}#")
            yield replace(document, source=f"{source}#{sheet.name}!{label}") if len(chosen) > 1 else document


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The rows of a sheet. header: the number of the row that names its columns. columns: their letters, by name."""

    name: str
    header: int
    columns: Mapping[str, str]
    lines: bytes

    def rows(self, fields: RowFields) -> Iterator[NumberedRow]:
        with io.TextIOWrapper(io.BytesIO(self.lines), "utf-8", "surrogateescape", newline="\n") as lines:
            yield from json_rows(lines, decoder_for(fields))

    def first_rows(self, fields: RowFields) -> list[RowMapping]:
        """Return the first rows; a column that is named and empty is there, too."""
        rows = [row for _, row in islice(self.rows(fields), _FIRST) if not isinstance(row, Failure)]
        return [dict.fromkeys(self.columns), *rows]

    def placed(self, document: Document, number: int, fields: RowFields) -> Document:
        """Say of a row's document in which cells it stands."""
        if document.failure:
            return document
        whole = (Stretch(0, len(document.text), {"field": fields.text}),)
        stretches = (
            Stretch(start, end, {"sheet": self.name, "cell": f"{self.columns[place['field']]}{self.header + number}"})
            for start, end, place in document.places.stretches or whole
            if place["field"] in self.columns
        )
        return replace(document, places=PlaceMap(tuple(stretches)))


def _sheets(data: bytes) -> list[_Sheet]:
    """Read the sheets that have a header. Raises ReadError."""
    if len(data) > WORKBOOK.most_bytes:
        failure = too_large(WORKBOOK.most_bytes)
        raise ReadError(failure.type, failure.message)
    parts = read_apart(_ROWS, data, ReadOptions())
    return [_sheet(part) for part in parts if isinstance(part, NestedFile) and part.data]


def _sheet(file: NestedFile) -> _Sheet:
    layout, _, lines = file.data.partition(b"\n")
    head = json.loads(layout)
    return _Sheet(file.name, head["row"], head["columns"], lines)
