"""Rows of `.csv` and `.tsv`: a header, and a row of cells each."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import IO, NamedTuple

from slotfill.extractors.documents.decoding import MOST_BYTES, TOO_LARGE, unescaped
from slotfill.extractors.documents.rows.row_fields import NumberedRow, RowFields
from slotfill.extractors.record.failure_kinds import Failure, FailureKind

__all__ = ["csv_rows", "read_header"]

TAB = "\t"

_DELIMITERS = (",", ";", TAB, "|")
"""What spreadsheets and databases put between cells, by locale; the first where nothing tells."""

_SEP = re.compile(r'\ufeff?"?sep=(?P<delimiter>[^"\r\n])"?[\r\n]*', re.IGNORECASE)
"""How Excel is told the delimiter, in a line before the header: `sep=;`."""

_LOOKED_AT = 20
"""So many rows tell the delimiter where the header does not."""

_LOOKED_AT_CHARS = 2**16
"""So many characters of them, at most."""


class CsvHeader(NamedTuple):
    """The columns of a file, in order, and what stands between its cells."""

    names: list[str]
    delimiter: str


def csv_rows(lines: io.TextIOWrapper, fields: RowFields, *, tabs: bool) -> Iterator[NumberedRow]:
    """Read what is asked for of each row below the header; its number is counted from 1. tabs: as in `read_header`."""
    of_csv = _CsvLines(lines)
    header = _header(of_csv, fields, tabs=tabs)
    places, width, encoding = _places(header.names, fields), len(header.names), lines.encoding
    for number, cells in enumerate(of_csv.rows(header.delimiter, tabs=tabs), 1):
        if isinstance(cells, Failure):
            yield number, cells if cells is TOO_LARGE else _broken(f"row {number} {cells.message}")
        elif any(cells[width:]):
            yield number, _surplus(number, cells, width, header.delimiter)
        elif cells:
            row = {
                name: unescaped(cells[place], encoding) if place < len(cells) else None
                for name, place in places.items()
            }
            yield number, row


def read_header(lines: io.TextIOWrapper, fields: RowFields, *, tabs: bool) -> CsvHeader:
    """Read the columns' names. tabs: whether tabs stand between the cells whatever the header holds: it is TSV.

    Else the delimiter is what a line `sep=;` before it says, or that by which most of the fields are among them, or
    that by which the first rows have most evenly as many cells as the header.
    """
    return _header(_CsvLines(lines), fields, tabs=tabs)


def _header(lines: _CsvLines, fields: RowFields, *, tabs: bool) -> CsvHeader:
    text = lines.read_row()
    if tabs:
        return CsvHeader(_names(text, TAB), TAB)
    if stated := _SEP.fullmatch(text):
        return CsvHeader(_names(lines.read_row(), stated["delimiter"]), stated["delimiter"])
    headers = [CsvHeader(_names(text, mark), mark) for mark in _DELIMITERS]
    asked = [len(fields.names & {*header.names, *map(str.strip, header.names)}) for header in headers]
    best = [header for header, count in zip(headers, asked, strict=True) if count == max(asked)]
    if len(best) == 1:
        return best[0]
    rows = lines.look_ahead()
    return max(best, key=lambda header: _evenness(header, rows))  # of equals the first


def _names(text: str, delimiter: str) -> list[str]:
    return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])


def _places(names: Sequence[str], fields: RowFields) -> dict[str, int]:
    """Return where the columns stand that may be asked for; of two of one name the first, without spaces around it."""
    places: dict[str, int] = {}
    for name, place in (*zip(names, itertools.count(), strict=False), *zip(map(str.strip, names), itertools.count())):
        if name in fields.names:
            places.setdefault(name, place)
    return places


def _evenness(header: CsvHeader, rows: Sequence[str]) -> tuple[float, int]:
    """Return which part of some rows has as many cells as the header, and how many those are."""
    reader = csv.reader(rows, delimiter=header.delimiter)
    try:
        widths = Counter(len(cells) for cells in reader if cells)
    except csv.Error:
        return 0, 0
    return widths[len(header.names)] / max(widths.total(), 1), len(header.names)


class _RowTooLargeError(Exception):
    """A row of a CSV is larger than a document may be."""


class _CsvLines:
    """The lines of a CSV, of which a row may have several: within quotes. No row takes more memory than a document."""

    def __init__(self, lines: IO[str]) -> None:
        # The limit is the whole process's, and threads may read at once: it is only ever raised, and `__next__` checks.
        csv.field_size_limit(max(csv.field_size_limit(), MOST_BYTES + 1))
        self._lines = lines
        self._ahead: deque[str] = deque()
        self._row: list[str] = []
        self._chars, self._quotes, self._ended = 0, 0, True

    def read_row(self) -> str:
        """Read the lines of one row, in which quotes pair up; of one that is too large the start."""
        self._begin_row()
        text = self._read()
        while self._quotes % 2 and self._chars < MOST_BYTES and (line := self._read()):
            text += line
        return text

    def look_ahead(self) -> list[str]:
        """Return the next lines, which come again."""
        chars = 0
        while len(self._ahead) < _LOOKED_AT and chars < _LOOKED_AT_CHARS:
            if not (line := self._lines.readline(MOST_BYTES)):
                break
            self._ahead.append(line)
            chars += len(line)
        return [*self._ahead]

    def rows(self, delimiter: str, *, tabs: bool) -> Iterator[list[str] | Failure]:
        """Yield the cells of each row, none for a blank line, or why it has none. tabs: whether it is TSV.

        Quotes in TSV may be CSV's, as spreadsheets write them, or part of the text, as most programs do: they are the
        latter from the first row on that they make no sense in otherwise.
        """
        # Strictly: a quote that is not closed would take all further rows for one text, a stray one change the text.
        reader = csv.reader(self, delimiter=delimiter, strict=True)
        while True:
            self._begin_row()
            try:
                yield next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if tabs:
                    break
                yield _broken(f"is no CSV: {error}")
            except _RowTooLargeError:
                if tabs and len(self._row) > 1:
                    break
                self._skip_row()
                yield TOO_LARGE
        self._ahead.extendleft(reversed(self._row))
        yield from self._literal_rows(delimiter)

    def __iter__(self) -> _CsvLines:
        return self

    def __next__(self) -> str:
        if not (line := self._read()):
            raise StopIteration
        self._row.append(line)
        if self._chars > MOST_BYTES or not self._ended:
            raise _RowTooLargeError
        return line

    def _literal_rows(self, delimiter: str) -> Iterator[list[str] | Failure]:
        self._begin_row()
        while line := self._read():
            text = line.rstrip("\r\n")
            if self._ended:
                yield text.split(delimiter) if text else []
            else:
                self._quotes = 0
                self._skip_row()
                yield TOO_LARGE
            self._begin_row()

    def _begin_row(self) -> None:
        """Count anew: what comes next is another row's."""
        self._chars, self._quotes, self._ended = 0, 0, True
        self._row.clear()

    def _skip_row(self) -> None:
        """Pass over the rest of a row that is too large."""
        while not (self._ended and self._quotes % 2 == 0) and self._read():
            pass

    def _read(self) -> str:
        line = self._ahead.popleft() if self._ahead else self._lines.readline(MOST_BYTES)
        self._chars += len(line)
        self._quotes += line.count('"')
        self._ended = len(line) < MOST_BYTES or line.endswith(("\n", "\r"))
        return line


def _surplus(number: int, cells: Sequence[str], width: int, delimiter: str) -> Failure:
    """Refuse a row with more cells than columns: without quotes around it, a text ends at its first comma."""
    count = width + sum(map(bool, cells[width:]))
    return _broken(
        f"row {number} has {count} cells where the header has {width}: put quotes around texts with {delimiter!r}"
    )


def _broken(message: str) -> Failure:
    return Failure(FailureKind.BROKEN_ROW, message)
