"""Rows of a `.json` file that holds an array of objects, which may be larger than the memory."""

from __future__ import annotations

import io
import itertools
import re
from collections import Counter
from collections.abc import Iterator

from slotfill.extractors.documents.decoding import MOST_BYTES, TOO_LARGE, encoding_of_bom, unescaped
from slotfill.extractors.documents.rows.json_rows import RowDecoder, row_of
from slotfill.extractors.documents.rows.row_fields import NumberedRow, RowMapping
from slotfill.extractors.record.failure_kinds import Failure, FailureKind

__all__ = ["ARRAY_SAMPLE", "array_rows", "is_array_of_objects"]

ARRAY_SAMPLE = 4_096
"""How many bytes tell whether a file holds an array of objects."""

_BLOCK = 2**20
"""How many characters are read at once."""

_NO_SPACE = re.compile(r"[^ \t\r\n]")

_MARK = re.compile(r'["\[\]{},]')
"""What tells where a value ends, outside of strings."""

_IN_STRING = re.compile(r'["\\]')
"""What tells where a string ends: a quote that no backslash stands before."""

_OPENERS = {"]": "[", "}": "{"}


def is_array_of_objects(start: bytes, encoding: str | None = None) -> bool:
    """Whether a file begins so. encoding: of the file, where it is known."""
    text = start.decode(encoding_of_bom(start) or encoding or "utf-8", "replace").removeprefix("\ufeff")
    return re.match(r"\s*\[\s*\{", text) is not None


def array_rows(lines: io.TextIOWrapper, decode: RowDecoder) -> Iterator[NumberedRow]:
    """Parse each item of the array, counted from 1. One that is broken fails alone, where its end can be told."""
    text = _ArrayText(lines)
    text.mark()
    text.skip()  # the bracket that it begins with
    for number in itertools.count(1):
        mark = text.mark()
        if mark == "]":
            text.skip()
            if text.mark():
                yield number, _broken("more stands behind the end of the array: a file of rows holds one array")
            return
        if not mark:
            yield number, _broken(f"the array does not end behind row {number - 1}: the file is cut off")
            return
        yield number, text.item(number, decode)
        if text.mark() == ",":
            text.skip()


class _ArrayText:
    """The text of an array, of which as much is held as the item takes that is being read."""

    def __init__(self, lines: io.TextIOWrapper) -> None:
        self._lines = lines
        self._text, self._at = "", 0

    def mark(self) -> str:
        """Return the next character that is no white space; "" where none comes."""
        while not (match := _NO_SPACE.search(self._text, self._at)):
            if not self._read():
                return ""
        self._at = match.start()
        return match[0]

    def skip(self) -> None:
        """Pass over that character."""
        self._at += 1

    def item(self, number: int, decode: RowDecoder) -> RowMapping | Failure:
        """Parse the item that begins here, and pass over it. number: the row's, for failures."""
        try:
            row, end = decode(self._text, self._at)
        except (ValueError, RecursionError):  # it is broken, or has been read in part only
            row, end = None, 0
        if not isinstance(row, dict):
            item = self._rest_of_item()
            if isinstance(item, Failure):
                return item
            return row_of(item, "row", number, self._lines.encoding, decode)
        text = unescaped(self._text[self._at : end], self._lines.encoding)
        self._at = end
        return text if isinstance(text, Failure) else row

    def _read(self) -> bool:
        """Go on to the next block; what is held is passed over. False where there is none."""
        self._text, self._at = self._lines.read(_BLOCK), 0
        return bool(self._text)

    def _rest_of_item(self) -> str | Failure:
        """Pass over an item, broken as it may be, up to its end, or the comma behind it; return its text."""
        item, nesting, in_string, at = _ItemText(), _Nesting(), False, self._at
        while True:
            match = (_IN_STRING if in_string else _MARK).search(self._text, at)
            if match is None or (match[0] == "\\" and match.end() == len(self._text)):
                item.add(self._text[self._at :])
                if not self._read():
                    if not in_string and not nesting:
                        return item.text
                    return _broken("a row does not end: what stands behind it cannot be told apart, and is not read")
                at = 0 if match is None else 1  # the character that a backslash stands before
            elif in_string:
                at = match.end() + (match[0] == "\\")
                in_string = match[0] != '"'
            elif (end := nesting.end_at(match)) is not None:
                item.add(self._text[self._at : end])
                self._at = end
                return item.text
            else:
                at, in_string = match.end(), match[0] == '"'


class _ItemText:
    """The text of one item, given up where it is too large."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._size = 0

    def add(self, part: str) -> None:
        """Put a part behind those before."""
        self._size += len(part)
        if self._size >= MOST_BYTES:
            self._parts.clear()
        else:
            self._parts.append(part)

    @property
    def text(self) -> str | Failure:
        """All of it."""
        return TOO_LARGE if self._size >= MOST_BYTES else "".join(self._parts)


class _Nesting:
    """The lists and objects that a place of an item stands in. One that is never closed ends with that around it."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._counts: Counter[str] = Counter()

    def __bool__(self) -> bool:
        return bool(self._open)

    def end_at(self, match: re.Match[str]) -> int | None:
        """Go on behind a mark outside of strings; where the item ends with it, or before it, return that place."""
        mark = match[0]
        if mark in "[{":
            self._open.append(mark)
            self._counts[mark] += 1
        elif not self._open:
            return match.start() if mark in ",]" else None
        elif mark in "]}" and self._counts[_OPENERS[mark]]:
            while self._close() != _OPENERS[mark]:
                pass
            return None if self._open else match.end()
        return None

    def _close(self) -> str:
        opener = self._open.pop()
        self._counts[opener] -= 1
        return opener


def _broken(message: str) -> Failure:
    return Failure(FailureKind.BROKEN_ROW, message)
