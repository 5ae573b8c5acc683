"""The sheets of a workbook, as python-calamine reads them: rows of cells, and which of them name the columns."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
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
from slotfill.extractors.documents.readers.office.sheet_xml import CellErrors, SheetXml, sheets_xml
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.record.failure_kinds import EMPTY, FailureKind

__all__ = [
    "Row",
    "Sheet",
    "SheetCell",
    "SheetTable",
    "SheetValue",
    "column_letters",
    "open_sheets",
    "plain_number",
    "readable_value",
    "split_tables",
]

SheetValue: TypeAlias = int | float | str | bool | time | date | datetime | timedelta

_MOST_CELLS = 20_000_000
"""How much of a sheet's rectangle is looked at, empty cells and all: two cells in far corners span 17 billion."""

_UNREAD = "media/", "embeddings/", "activex/", "printersettings/"

_Kinds: TypeAlias = dict[int, set[type]]
"""The kinds of values in each column."""

_EXACT = 1 << 53
"""Below it a float is any whole number there is: a card's 4111111111111111, too."""

_FIRST = 100
"""In so many rows of a block a header is looked for, and by so many below it is judged."""


class SheetCell(NamedTuple):
    """A cell that is not empty. column: from 0."""

    column: int
    value: SheetValue


class Row(NamedTuple):
    """A row that is not empty. number: as the spreadsheet shows it, from 1."""

    number: int
    cells: tuple[SheetCell, ...]


class SheetTable(NamedTuple):
    """A block of rows, with no blank one between them.

    titles: the lines of one cell above all else. head: what else names no columns, or is what names them. names: of
    the columns, by their numbers. rows: of which the values have such names.
    """

    titles: Sequence[Row]
    head: Sequence[Row]
    names: Mapping[int, str]
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet that a person sees.

    name: as its tab shows it. is_only: whether the workbook shows no other. _sheet: None where it spans too much.
    """

    name: str
    is_only: bool
    _sheet: CalamineSheet | None
    _errors: CellErrors

    def rows(self) -> Iterator[Row]:
        """Yield the rows that are not empty. Raises ReadError for a sheet that spans too much."""
        sheet = self._sheet
        if sheet is None or sheet.total_height * sheet.width > _MOST_CELLS:
            reason = f"sheet {self.name!r} spans more than {_MOST_CELLS:,} cells: delete what stands far off"
            raise ReadError(FailureKind.TOO_LARGE, reason)
        if sheet.start is None:
            return
        _, left = sheet.start
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
        xml = {} if archive is None else sheets_xml(archive, _MOST_CELLS)
        book = CalamineWorkbook.from_filelike(io.BytesIO(data if archive is None else _repacked(archive)))
        sheets = [sheet for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
        names = [sheet.name for sheet in sheets if sheet.visible == SheetVisibleEnum.Visible]
        for name in names or [sheet.name for sheet in sheets]:
            errors, span = xml.get(name, SheetXml({}, 0))
            sheet = None if span > _MOST_CELLS else book.get_sheet_by_name(name)
            yield Sheet(name, len(names or sheets) == 1, sheet, errors)
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


def split_tables(rows: Iterable[Row]) -> list[SheetTable]:
    """Return the tables of a sheet: its blocks of rows, each judged by itself, as a blank row ends a table.

    A table goes on below a blank row where columns and kinds of values are those of the table above, one of which is
    no text: `North | 12`, blank, `South | 7`.
    """
    tables: list[SheetTable] = []
    names: Mapping[int, str] = {}
    kinds: _Kinds = {}
    is_first = True
    for block in _blocks(rows):
        titles, others = _split_titles(block)
        if _continues(others, names, kinds):
            tables.append(SheetTable(titles, (), names, others))
            continue
        at = _header_at(others, needs_values=not is_first)
        is_first = is_first and not others
        if at is None:
            tables.append(SheetTable(titles, others, {}, ()))
            continue
        names, kinds = {cell.column: str(cell.value) for cell in others[at].cells}, _kinds(others[at + 1 :])
        tables.append(SheetTable(titles, others[: at + 1], names, others[at + 1 :]))
    return tables


def _blocks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Divide rows where one is blank."""
    block: list[Row] = []
    for row in rows:
        if block and row.number != block[-1].number + 1:
            yield block
            block = []
        block.append(row)
    if block:
        yield block


def _split_titles(block: Sequence[Row]) -> tuple[Sequence[Row], Sequence[Row]]:
    """Divide the lines of one cell above a table from it; a block of such lines is none."""
    at = next((at for at, row in enumerate(block) if len(row.cells) > 1), len(block))
    return block[:at], block[at:]


def _header_at(rows: Sequence[Row], *, needs_values: bool) -> int | None:
    """Return which row names the columns of those below it.

    Rows above it are of a form, `Customer: | Jones`, or narrower than the table. A block that is not the sheet's first,
    or has two columns, needs one of values that are no texts: rows of texts may be a list, or a form.
    """
    widest = 1
    for at, row in enumerate(rows[:_FIRST]):
        if _is_form_row(row) or len(row.cells) <= widest:
            continue
        if _is_header(row, rows[at + 1 : at + 1 + _FIRST], widest, needs_values=needs_values):
            return at
        widest = len(row.cells)
    return None


def _is_form_row(row: Row) -> bool:
    """Tell whether a row is names and their values: `Customer: | Jones | Date: | May 1`."""
    colons = sum(str(cell.value).rstrip().endswith(":") for cell in row.cells)
    return 0 < colons < len(row.cells)


def _is_header(header: Row, rows: Sequence[Row], widest_above: int, *, needs_values: bool) -> bool:
    """Tell whether a row names two columns or more, each by another text, and half of the rows below fit it.

    A row fits that holds values in named columns only, in half of them or more, and is no narrower than those above.
    """
    names = {cell.value.strip() for cell in header.cells if type(cell.value) is str}
    if len(names) != len(header.cells) or _is_form(rows, header):
        return False
    columns = {cell.column for cell in header.cells}
    fitting = [row for row in rows if len(row.cells) > widest_above and _fits(row, columns)]
    if not fitting or 2 * len(fitting) < len(rows):
        return False
    kinds = _kinds(fitting)
    is_clear = len(columns) > 2 and not needs_values  # noqa: PLR2004 - as in a form: the name, and the value
    return is_clear or any(str not in kinds[column] for column in kinds)


def _is_form(rows: Sequence[Row], first: Row) -> bool:
    """Tell whether each row is a name and its value, which are of different kinds: `Name | Ann`, `Age | 31`."""
    if any(len(row.cells) != 2 for row in (first, *rows)):  # noqa: PLR2004 - the name, and the value
        return False
    kinds = {_kind(row.cells[1].value) for row in rows}
    return str in kinds and len(kinds) > 1


def _continues(rows: Sequence[Row], names: Mapping[int, str], above: _Kinds) -> bool:
    """Tell whether rows belong to a table above them, of such names and kinds of values."""
    if not rows or not all(_fits(row, names.keys()) for row in rows):
        return False
    kinds = _kinds(rows)
    is_alike = all(kinds[column] <= above.get(column, set()) for column in kinds)
    return is_alike and any(str not in kinds[column] for column in kinds)


def _fits(row: Row, columns: AbstractSet[int]) -> bool:
    return 2 * len(row.cells) >= len(columns) and all(cell.column in columns for cell in row.cells)


def _kinds(rows: Sequence[Row]) -> _Kinds:
    """Return the kinds of values in each column."""
    kinds: _Kinds = {}
    for row in rows:
        for cell in row.cells:
            kinds.setdefault(cell.column, set()).add(_kind(cell.value))
    return kinds


def _kind(value: SheetValue) -> type:
    return float if type(value) is int else type(value)


def readable_value(value: SheetValue) -> str:
    """Return a value as a person reads it, with all digits: 12.0 as 12, dates in ISO 8601, a duration as 30:15:00."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return repr(plain_number(value))
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(abs(value).total_seconds()), 60)
        return f"{'-' if value < timedelta() else ''}{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


def plain_number(value: float) -> int | float:
    """Return 12.0 as 12: a spreadsheet has no whole numbers of another type."""
    return int(value) if value.is_integer() and abs(value) < _EXACT else value


def column_letters(column: int) -> str:
    """Return the letters of a column from 0: A, B, …, Z, AA."""
    letters = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters
