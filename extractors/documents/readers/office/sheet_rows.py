"""The sheets of a workbook, as python-calamine reads them: rows of cells, and which of them name the columns."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple, TypeAlias

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from slotfill.extractors.documents.readers.office.archive import OLD_OFFICE, Archive, refuse_encrypted
from slotfill.extractors.documents.readers.office.error_cells import CellErrors, errors_by_sheet
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.record.failure_kinds import EMPTY, FailureKind

__all__ = ["Row", "Sheet", "SheetCell", "SheetValue", "column_letters", "open_sheets", "readable_value", "split_header"]

SheetValue: TypeAlias = int | float | str | bool | time | date | datetime | timedelta

_MOST_CELLS = 20_000_000
"""How much of a sheet's rectangle is looked at, empty cells and all: two cells in far corners span 17 billion."""

_UNREAD = "media/", "embeddings/", "activex/", "printersettings/"

_DIGITS = 15
"""So many digits of a number a spreadsheet shows: 0.1 + 0.2 is 0.3."""


class SheetCell(NamedTuple):
    """A cell that is not empty. column: from 0."""

    column: int
    value: SheetValue


class Row(NamedTuple):
    """A row that is not empty. number: as the spreadsheet shows it, from 1."""

    number: int
    cells: tuple[SheetCell, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet that a person sees.

    name: as its tab shows it. is_only: whether the workbook shows no other.
    """

    name: str
    is_only: bool
    _sheet: CalamineSheet
    _errors: CellErrors

    def rows(self) -> Iterator[Row]:
        """Yield the rows that are not empty. Raises ReadError for a sheet that spans too much."""
        sheet = self._sheet
        if sheet.start is None:
            return
        _, left = sheet.start
        if sheet.total_height * sheet.width > _MOST_CELLS:
            reason = f"sheet {self.name!r} spans more than {_MOST_CELLS:,} cells: delete what stands far off"
            raise ReadError(FailureKind.TOO_LARGE, reason)
        for number, values in enumerate(sheet.iter_rows(), 1):
            cells = [SheetCell(column, value) for column, value in enumerate(values, left)]
            if self._errors:
                cells = [self._with_error(cell, number) for cell in cells]
            if row := tuple(cell for cell in cells if not isinstance(cell.value, str) or cell.value.strip()):
                yield Row(number, row)

    def _with_error(self, cell: SheetCell, row: int) -> SheetCell:
        error = self._errors.get(f"{column_letters(cell.column)}{row}") if cell.value == "" else None
        return cell if error is None else SheetCell(cell.column, error)


def open_sheets(data: bytes) -> Iterator[Sheet]:
    """Yield the sheets of a workbook; those that are hidden only where all are. Raises ReadError."""
    if not data.strip():
        raise ReadError(EMPTY.type, EMPTY.message)
    refuse_encrypted(data)
    try:
        archive = None if data.startswith(OLD_OFFICE) else Archive(data)
        errors = {} if archive is None else errors_by_sheet(archive)
        book = CalamineWorkbook.from_filelike(io.BytesIO(data if archive is None else _repacked(archive)))
        sheets = [sheet for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
        names = [sheet.name for sheet in sheets if sheet.visible == SheetVisibleEnum.Visible]
        for name in names or [sheet.name for sheet in sheets]:
            yield Sheet(name, len(names or sheets) == 1, book.get_sheet_by_name(name), errors.get(name, {}))
    except PasswordError:
        reason = "is encrypted: open it with its password and save it without one"
        raise ReadError(FailureKind.ENCRYPTED_DOCUMENT, reason) from None
    except CalamineError as error:
        raise ReadError(
            FailureKind.BROKEN_DOCUMENT, f"is no workbook that can be read ({error}): save it anew"
        ) from None


def _repacked(archive: Archive) -> bytes:
    """Unpack a workbook within limits: calamine believes no size, but unpacks whatever comes."""
    unpacked = io.BytesIO()
    with zipfile.ZipFile(unpacked, "w", zipfile.ZIP_STORED) as copy:
        for name in archive.names():
            if not any(folder in name.lower() for folder in _UNREAD):
                copy.writestr(name, archive.read(name))
    return unpacked.getvalue()


def split_header(rows: Sequence[Row]) -> tuple[Sequence[Row], Row | None, Sequence[Row]]:
    """Return the lines above a table's header, the header, which may be none, and the rows.

    A header names two columns or more, each by another text. Lines of one cell above it are titles. Two columns of
    which the second holds values of different kinds are a form, `Name | Ann`, `Age | 31`, which has no header.
    """
    widest = max((len(row.cells) for row in rows), default=0)
    start = next((at for at, row in enumerate(rows) if len(row.cells) > 1), 0) if widest > 1 else 0
    titles, others = rows[:start], rows[start:]
    if not others or not _is_header(others):
        return (), None, rows
    return titles, others[0], others[1:]


def _is_header(rows: Sequence[Row]) -> bool:
    first = rows[0]
    names = {cell.value.strip() for cell in first.cells if isinstance(cell.value, str)}
    return 1 < len(first.cells) == len(names) and not _is_form(rows)


def _is_form(rows: Sequence[Row]) -> bool:
    """Tell whether each row is a name and its value."""
    if any(len(row.cells) != 2 for row in rows):  # noqa: PLR2004 - the name, and the value
        return False
    kinds = {type(row.cells[1].value) for row in rows[1:]}
    is_mixed = str in kinds and len(kinds) > 1
    return is_mixed or all(str(row.cells[0].value).rstrip().endswith(":") for row in rows)


def readable_value(value: SheetValue) -> str:
    """Return a value as a person reads it: 12.0 as 12, dates and times in ISO 8601, a duration as 30:15:00."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 10**_DIGITS else f"{value:.{_DIGITS}g}"
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(abs(value).total_seconds()), 60)
        return f"{'-' if value < timedelta() else ''}{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


def column_letters(column: int) -> str:
    """Return the letters of a column from 0: A, B, …, Z, AA."""
    letters = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters
