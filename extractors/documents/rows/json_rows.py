"""Rows of `.jsonl` and `.ndjson`: an object a line."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable, Iterator

from slotfill.extractors.documents.decoding import MOST_BYTES, TOO_LARGE, unescaped
from slotfill.extractors.documents.rows.row_fields import NumberedRow, RowFields, RowMapping
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.schemas.json_values.exact_json import exact_float
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["RowDecoder", "decoder_for", "json_rows", "row_of"]

RowDecoder = Callable[[str, int], tuple[JSON, int]]
"""Reads the JSON value that begins at a place of a text, and says where it ends.

Raises ValueError or RecursionError.
"""

_CONSTANTS = {"NaN": None, "Infinity": "Infinity", "-Infinity": "-Infinity"}
"""What Python and its libraries write, and JSON cannot carry any further: NaN is how they write what is missing."""


def decoder_for(fields: RowFields) -> RowDecoder:
    """Return what reads the rows of a file: numbers with all their digits, where a row's numbers are written again."""
    return _EXACT if fields.keep or fields.id is not None else _PLAIN


def json_rows(lines: io.TextIOWrapper, decode: RowDecoder, first: int = 1) -> Iterator[NumberedRow]:
    """Parse each line; its number is the file's, blank lines counted and passed over. first: that of the first one."""
    encoding = lines.encoding
    for number in itertools.count(first):
        line = lines.readline(MOST_BYTES)
        if not line:
            return
        if len(line) == MOST_BYTES:
            yield number, TOO_LARGE
            while line and not line.endswith("\n"):
                line = lines.readline(MOST_BYTES)
        elif line.strip():
            yield number, row_of(line, "line", number, encoding, decode)


def row_of(text: str, unit: str, number: int, encoding: str, decode: RowDecoder) -> RowMapping | Failure:
    """Parse the text of a row. unit, number: how failures call it, `line 12`."""
    if not text.isascii() and isinstance(refusal := unescaped(text, encoding), Failure):
        return refusal
    try:
        row = _value(text, decode)
    except json.JSONDecodeError as error:
        return Failure(FailureKind.BROKEN_ROW, f"{unit} {number} is no JSON: {error.msg} at column {error.colno}")
    except (ValueError, RecursionError) as error:
        return Failure(FailureKind.BROKEN_ROW, f"{unit} {number} is no JSON that can be read: {error}")
    return row if isinstance(row, dict) else Failure(FailureKind.BROKEN_ROW, f"{unit} {number} holds no JSON object")


def _value(line: str, decode: RowDecoder) -> JSON:
    """Parse as `json.loads` does, in half its time."""
    text = line.rstrip()
    value, end = decode(text, 0 if text[:1] == "{" else len(text) - len(text.lstrip()))
    if end < len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return value


def _number(digits: str) -> float | str:
    try:
        return exact_float(digits)
    except ValueError:  # 1e999: no number that can be written again
        return digits


_PLAIN = json.JSONDecoder().raw_decode
_EXACT = json.JSONDecoder(parse_float=_number, parse_constant=_CONSTANTS.__getitem__).raw_decode
