"""Files of rows, `.jsonl` and `.csv`: a document a row.

They are read as they are decoded, so that a file may be larger than the memory, and in a few microseconds a row: a run
that goes on reads all of them again.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

from slotfill.extractors.decoding import (
    MOST_BYTES,
    TOO_LARGE,
    failed,
    flaw_of,
    foreign_format,
    is_utf16,
    unescaped,
)
from slotfill.extractors.record import Document, Failure

if TYPE_CHECKING:
    from _csv import Reader

__all__ = ["columns", "read_rows"]

_DELIMITERS = (",", ";", "\t")
"""What spreadsheets put between cells, by locale."""

_SAMPLE = 64
"""How many bytes tell a known format."""

_decode = json.JSONDecoder().raw_decode

_Row = dict[str, Any] | Failure
"""A row's fields, of which a CSV's may be failures too, or why it has none."""


def read_rows(
    file: io.BufferedReader, source: str, text_field: str, id_field: str | None, *, delimited: bool
) -> Iterator[Document]:
    """Give each row as a document, named `source#12`. One that holds none fails alone.

    delimited: whether it is CSV, else JSONL.

    Raises OSError for what cannot be read any further, UnicodeError for what cannot be decoded at all.
    """
    if failure := foreign_format(start := file.peek(_SAMPLE)):
        yield failed(source, failure, start)
        return
    with _text(file) as lines:
        rows = _csv_rows(lines, text_field, id_field) if delimited else _json_rows(lines)
        for number, row in rows:
            yield _document(source, number, row, text_field, id_field)


def columns(file: io.BufferedReader, text_field: str) -> list[str] | None:
    """Give the columns of a CSV file, None where it is of another format. Raises as `read_rows` does."""
    if foreign_format(file.peek(_SAMPLE)):
        return None
    with _text(file) as lines:
        return _header(lines, text_field)[0]


def _document(source: str, number: int, row: _Row, text_field: str, id_field: str | None) -> Document:
    name = f"{source}#{number}"
    if isinstance(row, Failure):
        return failed(name, row)
    if id_field is not None:
        label = row.get(id_field)
        if isinstance(label, Failure) or label in (None, ""):
            return failed(name, label or Failure("broken_row", f"row {number} has no {id_field!r}"))
        name = f"{source}#{label}".encode(errors="backslashreplace").decode()
    text = row.get(text_field)
    if not isinstance(text, str):
        lack = "has no" if text is None else "holds no string in"
        broken = Failure("broken_row", f"row {number} {lack} {text_field!r}")
        return failed(name, text if isinstance(text, Failure) else broken)
    if flaw := flaw_of(text):
        return failed(name, flaw, text.encode("utf-8", "surrogatepass"))
    return Document.of(text, name)


def _json_rows(lines: IO[str]) -> Iterator[tuple[int, _Row]]:
    """Parse each line; its number is the file's, blank lines counted and passed over."""
    for number in itertools.count(1):
        line = lines.readline(MOST_BYTES)
        if not line:
            return
        if len(line) == MOST_BYTES:
            yield number, TOO_LARGE
            while line and not line.endswith("\n"):
                line = lines.readline(MOST_BYTES)
        elif line.strip():
            yield number, _parsed(line, number)


def _parsed(line: str, number: int) -> _Row:
    text = unescaped(line)
    if isinstance(text, Failure):
        return text
    try:
        row = _value(text)
    except json.JSONDecodeError as error:
        return Failure("broken_row", f"line {number} is no JSON: {error.msg} at column {error.colno}")
    except (ValueError, RecursionError) as error:
        return Failure("broken_row", f"line {number} is no JSON that can be read: {error}")
    return row if isinstance(row, dict) else Failure("broken_row", f"line {number} holds no JSON object")


def _value(line: str) -> Any:
    """Parse as `json.loads` does, in half its time."""
    text = line.rstrip()
    value, end = _decode(text, len(text) - len(text.lstrip()))
    if end < len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return value


def _csv_rows(lines: IO[str], text_field: str, id_field: str | None) -> Iterator[tuple[int, _Row]]:
    """Read what is asked for of each row below the header; its number is counted from 1."""
    header, delimiter = _header(lines, text_field)
    places = {name: place for place, name in enumerate(header) if name in (text_field, id_field)}
    # Strictly: a quote that is not closed would take all further rows for one text, a stray one change the text.
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    for number in itertools.count(1):
        try:
            cells = _next(reader)
        except csv.Error as error:
            yield number, Failure("broken_row", f"row {number} is no CSV: {error}")
            continue
        if cells is None:
            return
        if surplus := [cell for cell in cells[len(header) :] if cell]:
            # Without quotes around it, a text ends at its first comma: what follows would be lost.
            there = f"{len(header) + len(surplus)} cells where the header has {len(header)}"
            yield number, Failure("broken_row", f"row {number} has {there}: put quotes around texts with {delimiter!r}")
        elif cells:
            yield number, {name: unescaped(cells[place]) for name, place in places.items() if place < len(cells)}


def _header(lines: IO[str], text_field: str) -> tuple[list[str], str]:
    """Read the column names, and the delimiter by which the text's column is among them."""
    line = lines.readline(MOST_BYTES)
    text = unescaped(line)
    readable = line if isinstance(text, Failure) else text
    headers = {mark: _next(csv.reader([readable], delimiter=mark)) or [] for mark in _DELIMITERS}
    delimiter = next((mark for mark, names in headers.items() if text_field in names), _DELIMITERS[0])
    return headers[delimiter], delimiter


def _next(rows: Reader) -> list[str] | None:
    """Read a row whose cells hold as much as a document may. The limit is the whole process's: it is put back."""
    before = csv.field_size_limit(MOST_BYTES)
    try:
        return next(rows, None)
    finally:
        csv.field_size_limit(before)


def _text(file: io.BufferedReader) -> io.TextIOWrapper:
    """Decode as it is read: UTF-16 with a BOM, else UTF-8, where bytes that are none wait for `unescaped`."""
    encoding = "utf-16" if is_utf16(file.peek(2)) else "utf-8-sig"
    return io.TextIOWrapper(file, encoding, "surrogateescape", newline="")
