"""Files of rows: a document a row.

A first pass over the bytes decides the file's encoding, a second one reads the rows as they are decoded, so that a file
may be larger than the memory, and in a few microseconds a row: a run that goes on reads all of them again.
"""

from __future__ import annotations

import io
import logging
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from itertools import islice
from tempfile import TemporaryFile
from typing import IO

from slotfill.extractors.documents.decoding import encoding_of_bom, foreign_format
from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.readers.kinds import WORKBOOK
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.documents.rows.csv_rows import csv_rows, read_header
from slotfill.extractors.documents.rows.json_arrays import ARRAY_SAMPLE, array_rows, is_array_of_objects
from slotfill.extractors.documents.rows.json_rows import decoder_for, json_rows
from slotfill.extractors.documents.rows.parquet_rows import parquet_rows
from slotfill.extractors.documents.rows.row_documents import row_document
from slotfill.extractors.documents.rows.row_fields import NumberedRow, RowFields, RowMapping, check_fields
from slotfill.extractors.documents.rows.row_text import decided_text, decoded_text
from slotfill.extractors.documents.rows.workbook_sheets import check_workbook, read_workbook
from slotfill.extractors.record.failure_kinds import EMPTY, Failure

__all__ = ["RowFormat", "check_rows", "is_array", "read_rows"]

_SAMPLE = 64
"""How many bytes tell a known format."""

_FIRST = 100
"""How many rows tell which fields there are."""

_logger = logging.getLogger("slotfill")


class RowFormat(StrEnum):
    """How the rows of a file are written."""

    LINES = "lines"
    ARRAY = "array"
    CSV = "csv"
    TSV = "tsv"
    PARQUET = "parquet"
    WORKBOOK = "workbook"

    @classmethod
    def of(cls, suffix: str) -> RowFormat | None:
        """Tell the format by how the file's name ends.

        A `.json` file is an array of rows only where `is_array`, a workbook has rows where their field is named.
        """
        return RowFormat.WORKBOOK if suffix in WORKBOOK.suffixes else _SUFFIXES.get(suffix)

    @property
    def has_header(self) -> bool:
        """Whether the file begins with the names of its columns."""
        return self in (RowFormat.CSV, RowFormat.TSV)


_SUFFIXES = {
    ".jsonl": RowFormat.LINES,
    ".ndjson": RowFormat.LINES,
    ".json": RowFormat.ARRAY,
    ".csv": RowFormat.CSV,
    ".tsv": RowFormat.TSV,
    ".parquet": RowFormat.PARQUET,
}


def is_array(file: io.BufferedReader, encoding: str | None = None) -> bool:
    """Whether a file begins as an array of objects does; nothing of it is passed over. Raises OSError."""
    return is_array_of_objects(file.peek(ARRAY_SAMPLE)[:ARRAY_SAMPLE], encoding)


def read_rows(
    file: io.BufferedReader, source: str, kind: RowFormat, fields: RowFields, *, encoding: str | None = None
) -> Iterator[Document]:
    """Yield each row as a document, named `source#12`. One that holds none fails alone.

    encoding: of the file. Where it is not given and cannot be told every row fails. All of the file tells; of what can
    be read but once, a pipe, its first 16 MB, before any row is given.

    Raises OSError for what cannot be read any further, and UnicodeError for what cannot be decoded at all.
    """
    if kind is RowFormat.PARQUET:
        yield from _parquet_documents(file, source, fields)
        return
    if kind is RowFormat.WORKBOOK:
        yield from read_workbook(file, source, fields)
        return
    if failure := _no_rows(start := file.peek(_SAMPLE)):
        yield Document.unreadable(source, failure, start)
        return
    with decided_text(file, encoding) as (text, refusal):
        for number, row in _numbered(text, kind, fields):
            document = row_document(source, number, row, fields)
            yield Document.unreadable(document.source or source, refusal) if refusal else document


def check_rows(
    file: io.BufferedReader, source: str, kind: RowFormat, fields: RowFields, *, encoding: str | None = None
) -> None:
    """Refuse a file in which none of the first 100 rows has a field that is asked for; of CSV, its header.

    Raises InputError, and otherwise as `read_rows` does. What tells no fields passes: a file of another format or of an
    encoding that cannot be told, and one without a sound row.
    """
    if kind is RowFormat.WORKBOOK:
        check_workbook(file, source, fields)
        return
    if kind is RowFormat.PARQUET:
        _check_parquet(file, source, fields)
        return
    if _no_rows(start := file.peek(_SAMPLE)):
        return
    known = encoding or encoding_of_bom(start)
    if kind.has_header:
        known = known or ("utf-8" if start.partition(b"\n")[0].isascii() else None)
        with decided_text(file, known) as (text, refusal):
            if refusal is None:
                names = read_header(text, fields, tabs=kind is RowFormat.TSV).names
                _check_header(names, source, fields)
        return
    with decoded_text(file, known or "utf-8") as text:
        rows = [row for _, row in islice(_numbered(text, kind, fields), _FIRST) if isinstance(row, dict)]
    if rows:
        check_fields(fields, rows, source)


def _no_rows(start: bytes) -> Failure | None:
    """Say of a file why it holds no rows, by how it begins: it is of another format, or there is nothing in it."""
    return foreign_format(start) if start else EMPTY


def _numbered(text: io.TextIOWrapper, kind: RowFormat, fields: RowFields) -> Iterator[NumberedRow]:
    if kind.has_header:
        return csv_rows(text, fields, tabs=kind is RowFormat.TSV)
    return (json_rows if kind is RowFormat.LINES else array_rows)(text, decoder_for(fields))


def _parquet_documents(file: io.BufferedReader, source: str, fields: RowFields) -> Iterator[Document]:
    try:
        with _seekable(file) as whole, parquet_rows(whole, fields) as rows:
            for number, row in rows:
                yield row_document(source, number, row, fields)
    except ReadError as error:
        yield Document.unreadable(source, error.failure)


def _check_parquet(file: io.BufferedReader, source: str, fields: RowFields) -> None:
    try:
        with _seekable(file) as whole, parquet_rows(whole, fields) as rows:
            first = [rows.example, *(row for _, row in islice(rows, _FIRST) if not isinstance(row, Failure))]
    except ReadError:
        return  # it fails as a document
    check_fields(fields, first, source, "column")


@contextmanager
def _seekable(file: io.BufferedReader) -> Iterator[IO[bytes]]:
    """Yield a file that can be read at any place: of a pipe, or a file elsewhere, a copy."""
    if file.seekable():
        yield file
        return
    with TemporaryFile() as copy:
        shutil.copyfileobj(file, copy)
        copy.seek(0)
        yield copy


def _check_header(names: list[str], source: str, fields: RowFields) -> None:
    header: RowMapping = dict.fromkeys(name if name in fields.names else name.strip() for name in names)
    check_fields(fields, [header], source, "column")
    for name, count in Counter(names).items():
        if count > 1 and name in fields.names:
            _logger.warning("%s: %d columns are called %r: the first of them is read", source, count, name)
