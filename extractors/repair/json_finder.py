"""The JSON in what a model said: among prose, fences, thinking, drafts and citations."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass

from slotfill.extractors.repair.lenient_json import BrokenError, LenientReader, TooDeepError
from slotfill.extractors.repair.syntax_repairs import SyntaxRepair
from slotfill.schemas.json_values import exact_json
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["Candidate", "SearchResult", "find_json"]

_MARK = re.compile(r"```|~~~")
_FENCE_NAME = re.compile(r"[A-Za-z0-9_+-]*+")
_THOUGHT = re.compile(
    r"<(/?)(think|thinking|thought|thoughts|reasoning|reflection|scratchpad|analysis)>", re.IGNORECASE
)
_START = re.compile(
    r"""\{(?=\s*+(?:["'“\u2018}]|[^\W\d][\w$-]*+\s*+:|-?\d++\s*+:|//|/\*|\#))"""
    r"""|\[(?=\s*+(?:["'“\u2018{\[\](]|[+-]?\.?\d|[^\W\d]\w*+\s*+[,\]]|//|/\*|\#))"""
)
_TUPLE = re.compile(r"""\((?=\s*+(?:["'\[{(]|[+-]?\.?\d)[\s\S]*\)\s*\Z)""")
"""Starts a tuple of Python that is the whole text."""

_BLANK = re.compile(r"\s*+")
_PARAGRAPH = re.compile(r"\n[ \t]*+\n")

_ROOM = 8
"""How often, at most, each character of a text is read."""

_TRIES = 1_000
"""How often the strict parser may fail: its errors count all lines before them."""

_EACH = 16
"""What a place that is tried costs of that, beside what is read there."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """JSON that stands in a text from `start` to `end`.

    repairs: what of its syntax was put right.
    fenced: whether it is all that a fence holds. thought: whether it belongs to the model's thinking.
    rows: where it is a list without brackets, the candidates for its items.
    """

    value: JSON
    start: int
    end: int
    repairs: tuple[SyntaxRepair, ...] = ()
    fenced: bool = False
    thought: bool = False
    rows: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a text holds: all candidates in order.

    cut: whether JSON that was asked for starts after them and never ends.
    broken: whether JSON that was asked for stands there that cannot be read, or not all of the text was searched.
    """

    candidates: tuple[Candidate, ...]
    cut: bool = False
    broken: bool = False


def find_json(text: str, names: AbstractSet[str]) -> SearchResult:
    """Read all objects and lists of a text, none of them twice; one that is JSON as a whole may be a scalar too.

    names: all keys that what was asked for may hold. What starts with one of them and makes no sense is no prose.
    """
    start, end = _trimmed(text)
    if text[start : start + 1] not in ("{", "["):
        with suppress(ValueError):
            return SearchResult((Candidate(exact_json.loads(text), start, end),))
    return _Search(text, names).run()


def _trimmed(text: str) -> tuple[int, int]:
    bare = text.strip(" \t\r\n")
    start = text.find(bare)
    return start, start + len(bare)


class _Search:
    def __init__(self, text: str, names: AbstractSet[str]) -> None:
        self._text, self._names = text, names
        self._fences = [*_fences(text)]
        self._thoughts = _joined(_thoughts(text))
        self._tries = _TRIES
        self._room = _ROOM * (len(text) + 1_000)

    def run(self) -> SearchResult:
        candidates: list[Candidate] = []
        at, broken = 0, False
        while self._room > 0 and (start := self._start(at)):
            self._room -= _EACH
            try:
                candidates.append(self._read(start.start()))
                at = candidates[-1].end
            except TooDeepError as error:
                at, broken = error.at, True
            except BrokenError as error:
                is_meant = self._is_meant(error) and not self._is_thought(start.start())
                if is_meant and error.cut:
                    return SearchResult(tuple(candidates), cut=True)
                broken |= is_meant and bool(error.keys)
                at = self._behind(error.at) if is_meant else start.end()
        return SearchResult(tuple(candidates), broken=broken or self._room <= 0)

    def _start(self, at: int) -> re.Match[str] | None:
        """Find where the next value may start."""
        return (_TUPLE.match(self._text) if at == 0 else None) or _START.search(self._text, at)

    def _is_meant(self, error: BrokenError) -> bool:
        """Whether what cannot be read is the JSON that was asked for, and no prose."""
        return not self._names.isdisjoint(error.keys) if self._names and error.keys else error.cut or bool(error.keys)

    def _behind(self, at: int) -> int:
        """Return where the next paragraph starts: no part of broken JSON is an answer."""
        paragraph = _PARAGRAPH.search(self._text, at)
        return paragraph.end() if paragraph else len(self._text)

    def _is_thought(self, at: int) -> bool:
        return _around(self._thoughts, at) is not None

    def _read(self, start: int) -> Candidate:
        fence = _around(self._fences, start)
        value, end, repairs = self._value(start, fence[1] if fence else len(self._text))
        fenced = fence is not None and self._is_blank(fence[0], start) and self._is_blank(end, fence[1])
        return Candidate(value, start, end, repairs, fenced, self._is_thought(start))

    def _is_blank(self, start: int, end: int) -> bool:
        return _BLANK.fullmatch(self._text, start, end) is not None

    def _value(self, start: int, end: int) -> tuple[JSON, int, tuple[SyntaxRepair, ...]]:
        if self._tries > 0:
            try:
                value, stop = exact_json.decode_at(self._text, start)
            except ValueError:
                self._tries -= 1
            else:
                return value, stop, ()
        try:
            return self._repaired(start, end)
        except BrokenError as error:
            if not error.cut or end == len(self._text):
                raise
            return self._repaired(start, len(self._text))  # the fence's mark may stand in a string

    def _repaired(self, start: int, end: int) -> tuple[JSON, int, tuple[SyntaxRepair, ...]]:
        reader = LenientReader(self._text, start, end)
        try:
            return reader.read(), reader.at, tuple(reader.repairs)
        finally:
            self._room -= reader.at - start


def _fences(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the contents of fences start and end; one that is not closed reaches to the end."""
    opened: re.Match[str] | None = None
    for mark in _MARK.finditer(text):
        if opened is None:
            opened = mark
        elif mark[0] == opened[0]:
            yield _content(text, opened), mark.start()
            opened = None
    if opened:
        yield _content(text, opened), len(text)


def _content(text: str, mark: re.Match[str]) -> int:
    return _FENCE_NAME.match(text, mark.end()).end()  # type: ignore[union-attr]  # may be empty


def _thoughts(text: str) -> Iterator[tuple[int, int]]:
    """Yield where thinking starts and ends; what stands before the end of a thought that never began is one too."""
    opened: dict[str, int] = {}
    for tag in _THOUGHT.finditer(text):
        name = tag[2].lower()
        if tag[1]:
            yield opened.pop(name, 0), tag.end()
        else:
            opened.setdefault(name, tag.start())


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Put spans in order, those that overlap as one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _around(spans: list[tuple[int, int]], at: int) -> tuple[int, int] | None:
    """Return the span that a place lies in; they are in order and do not overlap."""
    before = bisect_right(spans, at, key=lambda span: span[0])
    return spans[before - 1] if before and at < spans[before - 1][1] else None
