"""How many rows a file has, counted without taking them: a gigabyte of lines takes about a second of processor time.

It is for showing how far a run is: of a file that is broken it may be off by the rows that are.
"""

from __future__ import annotations

import codecs
import io
import re
import time
from collections.abc import Callable, Iterable, Iterator

from slotfill.extractors.documents.decoding import encoding_of_bom, foreign_format
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.documents.rows.json_arrays import array_rows
from slotfill.extractors.documents.rows.json_rows import decoder_for
from slotfill.extractors.documents.rows.parquet_rows import parquet_rows
from slotfill.extractors.documents.rows.row_fields import RowFields
from slotfill.extractors.documents.rows.row_files import RowFormat
from slotfill.extractors.documents.rows.row_text import decoded_text

__all__ = ["GaveUpError", "count_file_rows"]

_BLOCK = 2**18
"""How many bytes are looked at in one go: other threads wait so long, about a tenth of a millisecond."""

_ROWS = 100
"""How many rows of an array are, which have to be parsed."""

_PAUSE = 0.0005
"""In seconds: for other threads, after each go."""

_WIDE = ("utf-16", "utf-32", "utf_16", "utf_32")
"""Encodings in which a line end is more than one byte."""

_SEP = re.compile(rb'(?:\xef\xbb\xbf)?"?sep=[^"\r\n]"?\r?$', re.IGNORECASE)


class GaveUpError(Exception):
    """Nobody waits for the count any more."""


def count_file_rows(
    file: io.BufferedReader, kind: RowFormat, encoding: str | None, gave_up: Callable[[], bool]
) -> int | None:
    """Count the documents that a file of rows gives; None where only reading it would tell.

    encoding: of the file, where it is known. gave_up: says whether nobody waits for the count any more.

    Raises GaveUpError, OSError, UnicodeError.
    """
    if kind is RowFormat.PARQUET:
        return _parquet_count(file)
    start = file.peek(64)[:64]
    if not start or foreign_format(start):
        return 1  # which says why it has none
    known = encoding or encoding_of_bom(start) or "utf-8"
    if kind is RowFormat.ARRAY:
        return _array_count(file, known, gave_up)
    if kind is RowFormat.WORKBOOK or codecs.lookup(known).name.startswith(_WIDE):
        return None
    blocks = _blocks(file, gave_up)
    if kind is RowFormat.LINES:
        return _line_count(blocks)
    header = 1 + bool(_SEP.match(start.partition(b"\n")[0]))
    return max(_line_count(blocks if kind is RowFormat.TSV else _without_quoted(blocks)) - header, 0)


def _blocks(file: io.BufferedReader, gave_up: Callable[[], bool]) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block
        _pause(gave_up)


def _pause(gave_up: Callable[[], bool]) -> None:
    if gave_up():
        raise GaveUpError
    time.sleep(_PAUSE)


def _line_count(blocks: Iterable[bytes]) -> int:
    """Count the lines that are not blank. One may be in two blocks, or in very many."""
    count, has_begun = 0, False
    for block in filter(None, blocks):
        lines = block.splitlines()
        count += sum(map(bool, map(bytes.strip, lines)))
        if has_begun and lines[0].strip():
            count -= 1  # it was counted when it began
        ends = block.endswith((b"\n", b"\r"))
        has_begun = not ends and (bool(lines[-1].strip()) or (has_begun and len(lines) == 1))
    return count


def _without_quoted(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield each block with an x in place of what stands within quotes, line ends included.

    Quotes that are doubled, within quotes, end one such stretch and begin another.
    """
    quoted = 0
    for block in blocks:
        stretches = block.split(b'"')
        cleaned = b"x".join(stretches[quoted::2])
        quoted = (quoted + len(stretches) - 1) % 2
        yield cleaned + (b"x" if quoted else b"")


def _array_count(file: io.BufferedReader, encoding: str, gave_up: Callable[[], bool]) -> int:
    count = 0
    with decoded_text(file, encoding) as text:
        for _ in array_rows(text, decoder_for(RowFields())):
            count += 1
            if count % _ROWS == 0:
                _pause(gave_up)
    return count


def _parquet_count(file: io.BufferedReader) -> int | None:
    if not file.seekable():
        return None
    try:
        with parquet_rows(file, RowFields()) as rows:
            return rows.count
    except ReadError:
        return 1  # the same
