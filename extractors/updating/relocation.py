"""A document that has changed, split where it was split before as far as its chunks still stand in it.

    earlier   |--- 0 ---|    |--- 2 ---|    |--- 4 ---|
                    |--- 1 ---|    |--- 3 ---|
    now       |--- 0 ---|      |--- 2 ---|    |--- 4 ---|        a line was added within 1 alone
                    |---- new ---|   |--- 3 ---|

A chunk that still stands keeps its value. What lies between two of them is a stretch of its own, which begins and ends
where the chunks did that were lost: so neighbours share as much as before, as merging lists relies on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slotfill.extractors.chunks.chunking import default_overlap, split_text
from slotfill.extractors.documents.document import Document
from slotfill.extractors.record.anchors import places_of_anchors
from slotfill.extractors.updating.earlier_record import EarlierChunk

__all__ = ["DocumentStretch", "relocate"]

TRIED_PLACES = 64
"""So many places are looked at for one chunk: a text of one line, repeated, begins everywhere alike."""

LEAST_LIMIT = 1_000
"""Code points: what is new is not split into less, whatever a record says of its chunks."""


@dataclass(frozen=True, slots=True)
class DocumentStretch:
    """A part of a document as it is now, and the chunk that it was before, if it was one."""

    start: int
    end: int
    earlier: EarlierChunk | None = None


@dataclass(frozen=True, slots=True)
class _Standing:
    """A chunk that still stands, and where it does."""

    chunk: EarlierChunk
    start: int

    @property
    def end(self) -> int:
        return self.start + self.chunk.end - self.chunk.start


def relocate(chunks: Sequence[EarlierChunk], text: str, *, chars: int, limit: int | None) -> list[DocumentStretch]:
    """Split a text at the chunks that it had before, and what is new as usual. No stretches where none stands any more.

    chars: how long the text was. limit: how long a new chunk may be; by default as the longest of the earlier ones.

    Chunks keep their order: of one that was moved to another place, what is read again is that place. It takes a few
    passes over the text, however many chunks there are.
    """
    standing = [*_standing(chunks, text, len(text) - chars)]
    if not standing:
        return []
    most = limit or max(LEAST_LIMIT, *(one.end - one.start for one in standing))
    stretches: list[DocumentStretch] = []
    for before, after in zip((None, *standing), (*standing, None), strict=True):
        if before is not None:
            stretches.append(DocumentStretch(before.start, before.end, before.chunk))
        if before is None or after is None or not _are_joined(before, after, most):
            stretches += _between(chunks, text, before, after, most)
    return _outermost(stretches)


def _standing(chunks: Sequence[EarlierChunk], text: str, shift: int) -> Iterator[_Standing]:
    """Yield the chunks that still stand in a text, in order: those before all changes, between them, behind them all.

    shift: by how much the end of the text has moved.
    """
    first, last = 0, len(chunks)
    while first < last and _stands(chunks, first, text, chunks[first].start):
        yield _Standing(chunks[first], chunks[first].start)
        first += 1
    low = chunks[first - 1].start if first else -1
    while last > first and (place := chunks[last - 1].start + shift) > low and _stands(chunks, last - 1, text, place):
        last -= 1
    high = chunks[last].start + shift if last < len(chunks) else len(text)
    yield from _moved(chunks, range(first, last), text, low, high)
    yield from (_Standing(chunk, chunk.start + shift) for chunk in chunks[last:])


def _moved(
    chunks: Sequence[EarlierChunk], numbers: Sequence[int], text: str, low: int, high: int
) -> Iterator[_Standing]:
    """Yield those that begin between two places: as far from where they were as the one before, or by their marks."""
    marks = {mark for number in numbers if (mark := chunks[number].anchor) is not None}
    places = places_of_anchors(text, marks, low + 1, high, at_most=TRIED_PLACES)
    shift = 0
    for number in numbers:
        chunk = chunks[number]
        tried = (chunk.start + shift, *(places.get(chunk.anchor, ()) if chunk.anchor is not None else ()))
        place = next((one for one in tried if low < one < high and _stands(chunks, number, text, one)), None)
        if place is not None:
            yield _Standing(chunk, place)
            low, shift = place, place - chunk.start


def _stands(chunks: Sequence[EarlierChunk], number: int, text: str, place: int) -> bool:
    """Whether a chunk stands at a place, to the letter. The first and the last one must still be so."""
    chunk = chunks[number]
    end = place + chunk.end - chunk.start
    if not (chunk.readings and chunk.id and 0 <= place < end <= len(text)):
        return False
    if (number == 0 and text[:place].strip()) or (number == len(chunks) - 1 and text[end:].strip()):
        return False
    return Document.of(text[place:end]).id == chunk.id


def _are_joined(before: _Standing, after: _Standing, most: int) -> bool:
    """Whether two chunks share as much as they did when they were neighbours, or as new ones would."""
    shared = before.end - after.start
    were_neighbours = before.chunk.index + 1 == after.chunk.index
    as_before = were_neighbours and shared == before.chunk.end - after.chunk.start
    return shared >= 0 and (as_before or shared >= default_overlap(most))


def _between(
    chunks: Sequence[EarlierChunk], text: str, before: _Standing | None, after: _Standing | None, most: int
) -> Iterator[DocumentStretch]:
    """Yield what lies between two chunks that still stand, with as much of each as the lost ones shared with it."""
    start = 0 if before is None else before.end - _shared_with_next(chunks, before)
    end = len(text) if after is None else after.start + _shared_with_previous(chunks, after)
    if start < end and text[start:end].strip():
        parts = split_text(text[start:end], most)
        yield from (DocumentStretch(start + part.start, start + part.end) for part in parts if part.text.strip())


def _outermost(stretches: list[DocumentStretch]) -> list[DocumentStretch]:
    """Leave out what another stretch holds whole: what was cut out may leave chunks that overlap by nearly all."""
    outermost: list[DocumentStretch] = []
    for one in sorted(stretches, key=lambda one: (one.start, -one.end)):
        if not outermost or one.end > outermost[-1].end:
            outermost.append(one)
    return outermost


def _shared_with_next(chunks: Sequence[EarlierChunk], one: _Standing) -> int:
    number = one.chunk.index + 1
    shared = one.chunk.end - chunks[number].start if number < len(chunks) else 0
    return max(0, min(shared, one.end - one.start - 1))


def _shared_with_previous(chunks: Sequence[EarlierChunk], one: _Standing) -> int:
    number = one.chunk.index - 1
    shared = chunks[number].end - one.chunk.start if number >= 0 else 0
    return max(0, min(shared, one.end - one.start - 1))
