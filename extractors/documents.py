"""Paths, folders, globs, standard input, rows -> Documents.

What was named and cannot be used is an error before anything is read. What turns out unreadable afterwards is a
document with a `failure`, which stops no other.
"""

from __future__ import annotations

import csv
import glob
import io
import itertools
import json
import os
import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from slotfill.extractors.decoding import decode, document_of, failed, flaw_of, foreign_format, is_utf16
from slotfill.extractors.errors import InputError
from slotfill.extractors.paths import expand, is_folder, walk
from slotfill.extractors.record import Document, Failure

__all__ = ["MOST_BYTES", "Sources", "find"]

STDIN = "-"

_DELIMITERS = (",", ";", "\t")
"""What spreadsheets put between cells, by locale."""

_SAMPLE = 64
"""How many bytes tell a known format."""

MOST_BYTES = 32_000_000
"""The size from which a document is not read: the service takes requests of up to 32 MB."""

_TOO_LARGE = Failure(
    "too_large", f"is larger than {MOST_BYTES // 1_000_000} MB, the most a document may hold: split it"
)


_Row = dict[str, Any] | Failure
"""A row's fields, of which a CSV's may be failures too, or why it has none."""


@dataclass(frozen=True, slots=True)
class _Source:
    """One file to read: its path, and what records call it."""

    path: Path
    name: str

    @property
    def is_csv(self) -> bool:
        return self.path.suffix.lower() == ".csv"

    @property
    def has_rows(self) -> bool:
        return self.is_csv or self.path.suffix.lower() == ".jsonl"


@dataclass(frozen=True)
class Sources:
    """What was found. Iterating reads it, one document at a time, in a stable order; each time anew.

    several: whether more than one document may come. count: how many will, where that is known without reading.
    """

    sources: tuple[_Source, ...]
    several: bool
    text_field: str = "text"
    id_field: str | None = None
    stdin: IO[bytes] | None = None

    @property
    def count(self) -> int | None:
        """The number of documents, None while rows have not been read."""
        return None if any(source.has_rows for source in self.sources) else len(self.sources)

    @cached_property
    def _piped(self) -> Document:
        """Standard input, which can be read but once."""
        return _document(self.stdin or sys.stdin.buffer, STDIN)

    def __iter__(self) -> Iterator[Document]:
        for source in self.sources:
            if source.name == STDIN:
                yield self._piped
            elif source.has_rows:
                yield from _rows(source, self.text_field, self.id_field)
            else:
                yield _read(source)


def find(
    inputs: Iterable[str | os.PathLike[str]],
    *,
    text_field: str = "text",
    id_field: str | None = None,
    skip: Collection[Path] = (),
    stdin: IO[bytes] | None = None,
) -> Sources:
    """Find what the inputs name: files, folders, globs, and `-` for standard input.

    Folders are walked, sorted, without dot files and dot folders. What is in `skip`, files or folders, is no input
    beside other inputs. A glob is one where no file has that very name.

    `.jsonl` and `.csv` files hold one document a row: `text_field` is its text, `id_field`, or else its number, its
    name.

    Raises InputError for a path that is not there, a folder or glob that holds nothing, a CSV without the columns.
    """
    names = [os.fspath(name) for name in inputs]
    hidden = {os.path.realpath(path) for path in skip}
    found = [source for name in names for source in _find(name, hidden)]
    # A shell's `*` names the run's own output, too.
    found = [source for source in found if os.path.realpath(source.path) not in hidden] or found
    for source in found:
        if source.is_csv:
            _check_columns(source, [text_field, *([id_field] if id_field else [])])
    several = len(found) != 1 or found[0].has_rows or (names[0] != STDIN and is_folder(names[0]))
    return Sources(tuple(found), several, text_field, id_field, stdin)


def _find(name: str, hidden: Collection[str]) -> list[_Source]:
    if not name:
        raise InputError("an input has an empty name: name a file or folder, or - for standard input")
    path = Path(name)
    if name == STDIN:
        return [_Source(path, STDIN)]
    if is_folder(name):
        return _some(walk(path, hidden), f"folder {name!r} holds no files to read")
    if os.path.lexists(path):
        return [_source(path)]
    if glob.has_magic(name):
        return _some(expand(name, hidden), f"nothing matches {name!r}")
    raise InputError(f"there is no file or folder {name!r}")


def _some(paths: Iterable[Path], otherwise: str) -> list[_Source]:
    found = [_source(path) for path in paths]
    if not found:
        raise InputError(otherwise)
    return found


def _source(path: Path) -> _Source:
    """Name a file so that JSON can hold it, bytes that are no UTF-8 as escapes, and not like standard input."""
    name = os.fsencode(path.as_posix()).decode(errors="backslashreplace")
    return _Source(path, f"./{name}" if name == STDIN else name)


def _read(source: _Source) -> Document:
    try:
        with source.path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > MOST_BYTES:
                return failed(source.name, _TOO_LARGE)
            return _document(file, source.name)
    except OSError as error:
        return failed(source.name, _unreadable(error))


def _document(file: IO[bytes], name: str) -> Document:
    data = file.read(MOST_BYTES + 1)
    return failed(name, _TOO_LARGE, data) if len(data) > MOST_BYTES else document_of(data, name)


def _unreadable(error: OSError) -> Failure:
    return Failure("unreadable", f"cannot be read: {error.strerror or error}")


def _rows(source: _Source, text_field: str, id_field: str | None) -> Iterator[Document]:
    """Read a row at a time, so that a file may be larger than the memory."""
    try:
        with source.path.open("rb") as file:
            if failure := foreign_format(start := file.peek(_SAMPLE)):
                yield failed(source.name, failure, start)
                return
            with _text(file) as lines:
                rows = _csv_rows(lines, text_field) if source.is_csv else _json_rows(lines)
                for number, row in rows:
                    yield _row_document(source.name, number, row, text_field, id_field)
    except OSError as error:
        yield failed(source.name, _unreadable(error))
    except UnicodeError as error:
        yield failed(source.name, Failure("undecodable_document", f"cannot be decoded: {error}"))


def _row_document(source: str, number: int, row: _Row, text_field: str, id_field: str | None) -> Document:
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
            yield number, _TOO_LARGE
            while line and not line.endswith("\n"):
                line = lines.readline(MOST_BYTES)
        elif line.strip():
            yield number, _parsed(line, number)


def _parsed(line: str, number: int) -> _Row:
    text = _western(line)
    if isinstance(text, Failure):
        return text
    try:
        row = json.loads(text.rstrip())
    except json.JSONDecodeError as error:
        return Failure("broken_row", f"line {number} is no JSON: {error.msg} at column {error.colno}")
    except (ValueError, RecursionError) as error:
        return Failure("broken_row", f"line {number} is no JSON that can be read: {error}")
    return row if isinstance(row, dict) else Failure("broken_row", f"line {number} holds no JSON object")


def _csv_rows(lines: IO[str], text_field: str) -> Iterator[tuple[int, _Row]]:
    """Read each row below the header as a dict; its number is counted from 1."""
    header, delimiter = _header(lines, text_field)
    # Strictly: a quote that is not closed would take all further rows for one text, a stray one change the text.
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    for number in itertools.count(1):
        try:
            with _wide_fields():
                cells = next(reader, None)
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
            yield number, dict(zip(header, map(_western, cells), strict=False))


def _check_columns(source: _Source, wanted: list[str]) -> None:
    """Refuse a CSV without the columns while nothing has been paid for; one that cannot be read fails later."""
    try:
        if not source.path.is_file():
            return  # what a pipe gives is gone once it is read
        with source.path.open("rb") as file:
            if foreign_format(file.peek(_SAMPLE)):
                return
            with _text(file) as lines:
                header, _ = _header(lines, wanted[0])
    except (OSError, UnicodeError):
        return
    for column in wanted:
        if column not in header:
            there = ", ".join(map(repr, header)) or "none"
            option = "--text-field" if column == wanted[0] else "--id-field"
            raise InputError(f"{source.name!r} has no column {column!r}: there is {there}; choose one with {option}")


def _header(lines: IO[str], text_field: str) -> tuple[list[str], str]:
    """Read the column names, and the delimiter by which the text's column is among them."""
    line = lines.readline(MOST_BYTES)
    text = _western(line)
    readable = line if isinstance(text, Failure) else text
    with _wide_fields():
        headers = {delimiter: next(csv.reader([readable], delimiter=delimiter), []) for delimiter in _DELIMITERS}
    delimiter = next((mark for mark, names in headers.items() if text_field in names), _DELIMITERS[0])
    return headers[delimiter], delimiter


def _text(file: IO[bytes]) -> io.TextIOWrapper:
    """Decode as it is read: UTF-16 with a BOM, else UTF-8, where bytes that are none wait for `_western`."""
    encoding = "utf-16" if is_utf16(file.peek(2)) else "utf-8-sig"  # type: ignore[attr-defined]  # a buffered reader
    return io.TextIOWrapper(file, encoding, "surrogateescape", newline="")


def _western(text: str) -> str | Failure:
    """Read what is no UTF-8 as a whole document would be, a line or a cell at a time."""
    if text.isascii() or not any("\udc80" <= character <= "\udcff" for character in text):
        return text
    return decode(text.encode("utf-8", "surrogateescape"))


@contextmanager
def _wide_fields() -> Iterator[None]:
    """Let a cell hold as much as a document may. The limit is the whole process's: it is put back at once."""
    before = csv.field_size_limit(MOST_BYTES)
    try:
        yield
    finally:
        csv.field_size_limit(before)
