"""A workbook -> its sheets as JSON Lines: where the columns are, then an object a row, by their names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time, timedelta
from itertools import chain, dropwhile, islice, pairwise

from slotfill.extractors.documents.readers.office.sheet_rows import (
    Row,
    SheetValue,
    column_letters,
    open_sheets,
    plain_number,
    readable_value,
    split_tables,
)
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.documents.readers.read_options import ReadOptions
from slotfill.extractors.documents.readers.read_text import NestedFile
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.schemas.json_values.json_types import JSON, JSONObject

__all__ = ["read"]

_BREATH = 1000

_FIRST = 100
"""In so many rows a header is looked for."""

_MOST_BYTES = 256_000_000
"""A sheet whose rows take more is not read: both processes hold them."""


def read(data: bytes, options: ReadOptions) -> Iterator[NestedFile | None]:
    """Read a workbook: a file a sheet. Raises ReadError."""
    del options
    for sheet in open_sheets(data):
        yield None
        lines = bytearray()
        for count, line in enumerate(_lines(sheet.rows())):
            lines += line
            if len(lines) > _MOST_BYTES:
                reason = f"sheet {sheet.name!r} has rows of more than {_MOST_BYTES // 1_000_000} MB: split it"
                raise ReadError(FailureKind.TOO_LARGE, reason)
            if not count % _BREATH:
                yield None
        yield NestedFile(sheet.name, bytes(lines))


def _lines(rows: Iterator[Row]) -> Iterator[bytes]:
    """Write where the columns are, `{"row": 4, "columns": {"Region": "C"}}`, and the rows below that row, a line each.

    A row that is empty is a blank line: the number of a line is its row's, from the header.
    """
    first = [*islice(rows, _FIRST)]
    header = _header(first)
    if header is None:
        return
    table = dropwhile(lambda row: row.number <= header.number, chain(first, rows))
    names: dict[int, str] = {}
    for cell in header.cells:
        name = readable_value(cell.value).strip()
        names[cell.column] = f"{name} ({column_letters(cell.column)})" if name in names.values() else name
    columns = {name: column_letters(column) for column, name in names.items()}
    yield _json_line({"row": header.number, "columns": columns})
    for before, row in pairwise(chain((header,), table)):
        yield b"\n" * (row.number - before.number - 1) + _line(row, names)


def _header(rows: Sequence[Row]) -> Row | None:
    """Return the row that names the columns: the first that is no title, or that of a table below which holds more."""
    widest = max((len(row.cells) for row in rows), default=0)
    first = next((row for row in rows if len(row.cells) > 1 or widest == 1), None)
    named = next((table.head[-1] for table in split_tables(rows) if table.names), None)
    if first is None or named is None:
        return first
    above = sum(len(row.cells) for row in rows if first.number <= row.number < named.number)
    below = sum(len(row.cells) for row in rows if row.number >= named.number)
    return named if above <= below else first


def _line(row: Row, names: Mapping[int, str]) -> bytes:
    cells = {names.get(cell.column, column_letters(cell.column)): _json(cell.value) for cell in row.cells}
    return _json_line(cells)


def _json_line(value: JSONObject) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"


def _json(value: SheetValue) -> JSON:
    if isinstance(value, float):
        return plain_number(value)
    return readable_value(value) if isinstance(value, date | time | timedelta) else value
