"""Chunking: a long document in parts that overlap.

A document is split on its structure: at blank lines, lines, sentences, words or characters, the greatest that fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from semantic_text_splitter import TextSplitter

from slotfill.extractors.documents.pdf_pages import PDFPages
from slotfill.schemas.passages.folding import LONGEST_UNIT, divides

__all__ = ["Chunk", "default_overlap", "split_text"]

SENTENCE = 200
"""An overlap by default is no shorter: most sentences are shorter than that."""

PAGE = 2000
"""An overlap by default is no longer: what belongs together seldom stands further apart."""

WINDOW = 8
"""So many chunks are sought at a time: where a text has no structure, the splitter's time grows with the square."""

_STARTS = (
    re.compile(r"[\n\r\u2028\u2029]\s*"),
    re.compile(r"[.!?…。！？]\S?\s+|[。！？]"),  # noqa: RUF001 - the marks of many scripts
    re.compile(r"\s+"),
)
"""After what an overlap had better start: a line, a sentence, a word."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a document: its number from 0, and the code points from `start` up to `end`.

    pages: those that are sent as they are, which stand for parts of the text.
    """

    index: int
    start: int
    text: str
    pages: tuple[PDFPages, ...] = ()

    @property
    def end(self) -> int:
        """The offset in the document at which it ends."""
        return self.start + len(self.text)


def default_overlap(limit: int) -> int:
    """Return how much neighbouring chunks share: a tenth, 200 to 2,000 code points, at most a quarter of a chunk."""
    return min(max(limit // 10, SENTENCE), PAGE, limit // 4)


def split_text(text: str, limit: int, *, overlap: int | None = None) -> tuple[Chunk, ...]:
    """Split a text into chunks of at most `limit` code points, in order. A text within the limit is one chunk.

    overlap: every passage of so many code points stands whole in some chunk; by default `default_overlap(limit)`.

    Each chunk ends on the text's structure. No user-perceived character is cut unless the limit leaves no room for it.

    Raises ValueError unless 0 <= overlap < limit.
    """
    overlap = default_overlap(limit) if overlap is None else overlap
    if not 0 <= overlap < limit:
        raise ValueError(f"an overlap of {overlap!r} does not fit into chunks of {limit!r}: use 0 up to the limit")
    if len(text) <= limit:
        return (Chunk(0, 0, text),)
    room = min(max(LONGEST_UNIT, overlap // 2), (limit - overlap) // 2) if overlap else 0
    cuts = [*_cuts(text, limit - overlap - room)]
    starts = [_start(text, cut - overlap, room) if overlap else cut for cut in cuts]
    stretches = _outermost([*zip(starts, [*cuts[1:], len(text)], strict=True)])
    return tuple(Chunk(index, start, text[start:end]) for index, (start, end) in enumerate(stretches))


def _cuts(text: str, capacity: int) -> Iterator[int]:
    """Yield where pieces of at most `capacity` code points start, none overlapping another."""
    splitter = TextSplitter(capacity, trim=False)
    start = 0
    while len(text) - start > WINDOW * capacity:
        # The last piece of a window ends at no structure: it is sought again in the next window.
        *pieces, last = splitter.chunk_indices(text[start : start + WINDOW * capacity])
        yield from (start + at for at, _ in pieces)
        start += last[0]
    yield from (start + at for at, _ in splitter.chunk_indices(text[start:]))


def _start(text: str, latest: int, room: int) -> int:
    """Return a sensible place to start, at most `room` before the latest one."""
    if latest <= 0:
        return 0
    earliest = max(0, latest - room)
    for pattern in _STARTS:
        for match in reversed([*pattern.finditer(text, earliest, latest)]):
            if divides(text, match.end()):
                return match.end()
    return next((at for at in range(latest, earliest - 1, -1) if divides(text, at)), latest)


def _outermost(stretches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Leave out the stretches, ordered by their ends, that a later one holds whole."""
    outermost: list[tuple[int, int]] = []
    for stretch in reversed(stretches):
        if not outermost or stretch[0] < outermost[-1][0]:
            outermost.append(stretch)
    return outermost[::-1]
