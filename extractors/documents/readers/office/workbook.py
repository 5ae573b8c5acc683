"""A workbook -> a text a sheet, a line a row, in which each value has the name of its column: `Region: North | …`."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Mapping, Sequence

from slotfill.extractors.documents.decoding import MOST_BYTES, TOO_LARGE
from slotfill.extractors.documents.place_map import PlaceMap, Stretch
from slotfill.extractors.documents.readers.office.sheet_rows import (
    Row,
    Sheet,
    SheetTable,
    column_letters,
    open_sheets,
    readable_value,
    split_tables,
)
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.documents.readers.read_options import ReadOptions
from slotfill.extractors.documents.readers.read_text import ReadText
from slotfill.extractors.record.failure_kinds import EMPTY, FailureKind

__all__ = ["read"]

_BETWEEN = " | "

_MOST_CELLS = 500_000
"""A document of more has no reader: its rows are documents."""

_BREATH = 1000


def read(data: bytes, options: ReadOptions) -> Iterator[ReadText | None]:
    """Read a workbook: a text a sheet that holds any, named by it where there are several. Raises ReadError."""
    del options
    is_empty = True
    for sheet in open_sheets(data):
        yield None
        name = "" if sheet.is_only else sheet.name
        try:
            rows = yield from _rows(sheet)
            if rows:
                yield _text_of(sheet.name, name, rows)
        except ReadError as error:
            yield ReadText(name=name, failure=error.failure, digest=hashlib.sha256(name.encode() + data).hexdigest())
            rows = None
        is_empty = is_empty and rows == []
    if is_empty:
        raise ReadError(EMPTY.type, EMPTY.message)


def _rows(sheet: Sheet) -> Generator[None, None, list[Row]]:
    rows: list[Row] = []
    count = 0
    for row in sheet.rows():
        rows.append(row)
        count += len(row.cells)
        if count > _MOST_CELLS:
            reason = f"holds more than {_MOST_CELLS:,} cells: read it row by row, with --text-field, or split it"
            raise ReadError(FailureKind.TOO_LARGE, reason)
        if not len(rows) % _BREATH:
            yield None
    return rows


def _text_of(sheet: str, name: str, rows: Sequence[Row]) -> ReadText:
    text = _SheetText(sheet)
    for table in split_tables(rows):
        text.add(table)
    return ReadText(text.text(), text.places(), name)


class _SheetText:
    """The text of a sheet as it grows, and the places in it."""

    def __init__(self, sheet: str) -> None:
        self._sheet, self._length = sheet, 0
        self._pieces: list[str] = []
        self._stretches: list[Stretch] = []

    def add(self, table: SheetTable) -> None:
        """Add a table, with an empty line above it, a row a line."""
        if self._pieces:
            self._write("\n")
        for row in table.titles:
            self._add_row(row, {})
        columns = sorted({cell.column for row in table.head for cell in row.cells})
        positions = {column: at for at, column in enumerate(columns)}
        for row in table.head:
            self._add_row(row, {}, positions)
        names = {column: _line(name) for column, name in table.names.items()}
        for row in table.rows:
            self._add_row(row, names)

    def _add_row(self, row: Row, names: Mapping[int, str], positions: Mapping[int, int] | None = None) -> None:
        """Add a row as a line. positions: of columns without names, in which empty cells count."""
        if self._pieces:
            self._write("\n")
        position = 0
        for at, cell in enumerate(row.cells):
            if positions is not None:
                self._write(_BETWEEN * (positions[cell.column] - position))
                position = positions[cell.column]
            elif at:
                self._write(_BETWEEN)
            if cell.column in names:
                self._write(f"{names[cell.column]}: ")
            start = self._length
            self._write(_line(readable_value(cell.value)))
            place = {"sheet": self._sheet, "cell": f"{column_letters(cell.column)}{row.number}"}
            self._stretches.append(Stretch(start, self._length, place))

    def _write(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)

    def text(self) -> str:
        """Return the text. Raises ReadError for more than a document may hold."""
        if self._length > MOST_BYTES:
            raise ReadError(TOO_LARGE.type, TOO_LARGE.message)
        return "".join(self._pieces)

    def places(self) -> PlaceMap:
        """Return the cell of each value in it."""
        return PlaceMap(tuple(self._stretches))


def _line(text: str) -> str:
    """Return what stands in a cell as one line."""
    return " ".join(text.split())
