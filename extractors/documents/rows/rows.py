"""Files of rows, `.jsonl` and `.csv`: a document a row.

A first pass over the bytes decides the file's encoding, a second one reads the rows as they are decoded, so that a file
may be larger than the memory, and in a few microseconds a row: a run that goes on reads all of them again.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from slotfill.extractors.documents.decoding import (
    MOST_BYTES,
    TOO_LARGE,
    bom_of,
    encoding_of,
    encoding_of_bom,
    flaw_of,
    foreign_format,
    unescaped,
)
from slotfill.extractors.documents.document import Document
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.schemas.json_values.json_types import JSON, JSONObject

__all__ = ["fields", "read_rows"]

_DELIMITERS = (",", ";", "\t")
"""What spreadsheets put between cells, by locale."""

_SAMPLE = 64
"""How many bytes tell a known format."""

_HEAD = 16 * 2**20
"""How many bytes decide on the encoding of what can be read but once: a pipe, a file elsewhere."""

_FIRST = 100
"""How many rows tell which fields there are."""

_decode = json.JSONDecoder().raw_decode

_Row = JSONObject | Failure
"""A row's fields, of which a CSV's may be failures too, or why it has none."""


def read_rows(
    file: io.BufferedReader,
    source: str,
    text_field: str,
    id_field: str | None,
    *,
    delimited: bool,
    encoding: str | None = None,
) -> Iterator[Document]:
    """Yield each row as a document, named `source#12`. One that holds none fails alone.

    delimited: whether it is CSV, else JSONL. encoding: of the file. Where it is not given and cannot be told every row
    fails. All of the file tells; of what can be read but once, a pipe, its first 16 MB, before any row is given.

    Raises OSError for what cannot be read any further, UnicodeError for what cannot be decoded at all.
    """
    if failure := foreign_format(start := file.peek(_SAMPLE)):
        yield Document.unreadable(source, failure, start)
        return
    with _decided(file, encoding) as (lines, refusal):
        rows = _csv_rows(lines, text_field, id_field) if delimited else _json_rows(lines)
        for number, row in rows:
            document = _document(source, number, row, text_field, id_field)
            yield Document.unreadable(document.source or source, refusal) if refusal else document


def fields(
    file: io.BufferedReader, text_field: str, *, delimited: bool, encoding: str | None = None
) -> list[str] | None:
    """Return the names of a CSV's columns, or of the fields of a JSONL's first 100 rows.

    None where there is none to tell: the file is of another format, of an unknown encoding, or has no sound row.

    Raises as `read_rows` does.
    """
    if foreign_format(start := file.peek(_SAMPLE)):
        return None
    names = encoding or encoding_of_bom(start)
    if not delimited:
        with _text(file, names or "utf-8") as lines:
            rows = [row for _, row in itertools.islice(_json_rows(lines), _FIRST) if isinstance(row, dict)]
        return list(dict.fromkeys(name for row in rows for name in row)) or None
    with _decided(file, names or ("utf-8" if start.partition(b"\n")[0].isascii() else None)) as (lines, refusal):
        return None if refusal else _header(_CsvLines(lines), text_field)[0]


def _document(source: str, number: int, row: _Row, text_field: str, id_field: str | None) -> Document:
    name = f"{source}#{number}"
    if isinstance(row, Failure):
        return Document.unreadable(name, row)
    if id_field is not None:
        label = row.get(id_field)
        if isinstance(label, Failure) or label in (None, ""):
            return Document.unreadable(
                name, label or Failure(FailureKind.BROKEN_ROW, f"row {number} has no {id_field!r}")
            )
        name = f"{source}#{label}".encode(errors="backslashreplace").decode()
    text = row.get(text_field)
    if not isinstance(text, str):
        lack = "has no" if text is None else "holds no string in"
        broken = Failure(FailureKind.BROKEN_ROW, f"row {number} {lack} {text_field!r}")
        return Document.unreadable(name, text if isinstance(text, Failure) else broken)
    if flaw := flaw_of(text):
        return Document.unreadable(name, flaw, text.encode("utf-8", "surrogatepass"))
    return Document.of(text, name)


def _json_rows(lines: io.TextIOWrapper) -> Iterator[tuple[int, _Row]]:
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
            yield number, _parsed(line, number, lines.encoding)


def _parsed(line: str, number: int, encoding: str) -> _Row:
    text = unescaped(line, encoding)
    if isinstance(text, Failure):
        return text
    try:
        row = _value(text)
    except json.JSONDecodeError as error:
        return Failure(FailureKind.BROKEN_ROW, f"line {number} is no JSON: {error.msg} at column {error.colno}")
    except (ValueError, RecursionError) as error:
        return Failure(FailureKind.BROKEN_ROW, f"line {number} is no JSON that can be read: {error}")
    return row if isinstance(row, dict) else Failure(FailureKind.BROKEN_ROW, f"line {number} holds no JSON object")


def _value(line: str) -> JSON:
    """Parse as `json.loads` does, in half its time."""
    text = line.rstrip()
    value, end = _decode(text, len(text) - len(text.lstrip()))
    if end < len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return value


def _csv_rows(lines: io.TextIOWrapper, text_field: str, id_field: str | None) -> Iterator[tuple[int, _Row]]:
    """Read what is asked for of each row below the header; its number is counted from 1."""
    of_csv = _CsvLines(lines)
    header, delimiter = _header(of_csv, text_field)
    places = {name: place for place, name in enumerate(header) if name in (text_field, id_field)}
    # Strictly: a quote that is not closed would take all further rows for one text, a stray one change the text.
    reader = csv.reader(of_csv, delimiter=delimiter, strict=True)
    for number in itertools.count(1):
        of_csv.begin_row()
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield number, Failure(FailureKind.BROKEN_ROW, f"row {number} is no CSV: {error}")
            continue
        except _RowTooLargeError:
            of_csv.skip_row()
            yield number, TOO_LARGE
            continue
        if cells is None:
            return
        if surplus := [cell for cell in cells[len(header) :] if cell]:
            # Without quotes around it, a text ends at its first comma: what follows would be lost.
            count = f"{len(header) + len(surplus)} cells where the header has {len(header)}"
            yield (
                number,
                Failure(
                    FailureKind.BROKEN_ROW, f"row {number} has {count}: put quotes around texts with {delimiter!r}"
                ),
            )
        elif cells:
            row = {name: cells[place] for name, place in places.items() if place < len(cells)}
            yield number, {name: unescaped(cell, lines.encoding) for name, cell in row.items()}


def _header(lines: _CsvLines, text_field: str) -> tuple[list[str], str]:
    """Read the column names, and the delimiter by which the text's column is among them."""
    text = lines.read_row()
    headers = {mark: next(csv.reader(io.StringIO(text, newline=""), delimiter=mark), []) for mark in _DELIMITERS}
    delimiter = next((mark for mark, names in headers.items() if text_field in names), _DELIMITERS[0])
    return headers[delimiter], delimiter


class _RowTooLargeError(Exception):
    """A row of a CSV is larger than a document may be."""


class _CsvLines:
    """The lines of a CSV, of which a row may have several: within quotes. No row takes more memory than a document."""

    def __init__(self, lines: IO[str]) -> None:
        # The limit is the whole process's, and threads may read at once: it is only ever raised, and `__next__` checks.
        csv.field_size_limit(max(csv.field_size_limit(), MOST_BYTES + 1))
        self._lines = lines
        self.begin_row()

    def begin_row(self) -> None:
        """Count anew: what comes next is another row's."""
        self._chars, self._quotes, self._ended = 0, 0, True

    def __iter__(self) -> _CsvLines:
        return self

    def __next__(self) -> str:
        if not (line := self._read()):
            raise StopIteration
        if self._chars > MOST_BYTES or not self._ended:
            raise _RowTooLargeError
        return line

    def read_row(self) -> str:
        """Read the lines of one row, in which quotes pair up; of one that is too large the start."""
        text = self._read()
        while self._quotes % 2 and self._chars < MOST_BYTES and (line := self._read()):
            text += line
        return text

    def skip_row(self) -> None:
        """Pass over the rest of a row that is too large."""
        while not (self._ended and self._quotes % 2 == 0) and self._read():
            pass

    def _read(self) -> str:
        line = self._lines.readline(MOST_BYTES)
        self._chars += len(line)
        self._quotes += line.count('"')
        self._ended = len(line) < MOST_BYTES or line.endswith(("\n", "\r"))
        return line


@contextmanager
def _decided(file: io.BufferedReader, encoding: str | None) -> Iterator[tuple[io.TextIOWrapper, Failure | None]]:
    """Yield the lines of a file, and why they cannot be decoded where that is so: they are ASCII then, and escapes."""
    chosen: str | Failure
    if encoding is not None:
        chosen = encoding
    elif file.seekable():
        chosen = encoding_of(file)
    else:
        stream = _Stream(file)
        chosen, file = encoding_of(stream.head()), io.BufferedReader(stream)
    refusal = chosen if isinstance(chosen, Failure) else None
    with _text(file, "ascii" if isinstance(chosen, Failure) else chosen) as lines:
        yield lines, refusal


class _Stream(io.RawIOBase):
    """What can be read but once, of which the beginning can be looked at before."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self._error: OSError | None = None
        read = bytearray()
        try:
            while len(read) < _HEAD and (block := file.read1(_HEAD - len(read))):
                read += block
        except OSError as error:  # it comes after the rows that are there
            self._error = error
        self._read = io.BytesIO(read)

    def head(self) -> IO[bytes]:
        """Return the beginning, to the last whole line where more may come."""
        read = self._read.getvalue()
        return io.BytesIO(read if len(read) < _HEAD else read[: read.rfind(b"\n") + 1])

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if length := self._read.readinto(buffer):
            return length
        if self._error:
            raise self._error
        return self._file.readinto1(buffer)


def _text(file: io.BufferedReader, encoding: str) -> io.TextIOWrapper:
    """Decode as it is read; bytes that are none of the encoding wait for `unescaped`."""
    bom = bom_of(encoding)
    if bom and file.peek(len(bom)).startswith(bom):
        file.read(len(bom))
    return io.TextIOWrapper(file, encoding, "surrogateescape", newline="")
