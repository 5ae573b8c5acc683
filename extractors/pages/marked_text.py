"""A text with passages marked in it, cut to what stands around the marks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slotfill.extractors.pages.html_markup import element, shown
from slotfill.extractors.pages.marked_segments import marked_segments

__all__ = ["TextMark", "marked_text"]

_AROUND = 120
"""So many characters are shown before and behind a mark."""


@dataclass(frozen=True, slots=True)
class TextMark:
    """A passage to be marked. kind: the class of its element. title: what is said of it."""

    start: int
    end: int
    kind: str
    title: str


def marked_text(text: str, marks: Sequence[TextMark], longest: int = 1_500, most: int = 40) -> str:
    """Write a text with its marks, as markup.

    Args:
        text: The whole text.
        marks: Passages within it; where they overlap both are shown.
        longest: How many characters are written at most.
        most: How many marks are at most, those that begin first.
    """
    chosen = sorted(marks, key=lambda mark: (mark.start, mark.end))[:most]
    parts, room, at = [], longest, 0
    for start, last in _windows(chosen, len(text), longest):
        if room <= 0:
            break
        end = min(last, start + room)
        parts.append("… " if start > at else "")
        parts.append(_stretch(text, start, end, chosen))
        room, at = room - (end - start), end
    parts.append(" …" if at < len(text) else "")
    return element("p", *parts, class_="text", dir="auto")


def _windows(marks: Sequence[TextMark], length: int, longest: int) -> Iterator[tuple[int, int]]:
    """Yield the stretches around marks, those that touch as one; of a text without marks its beginning."""
    if not marks or length <= longest:
        yield 0, min(length, longest)
        return
    start, end = 0, -1
    for mark in marks:
        first, last = max(0, mark.start - _AROUND), min(length, mark.end + _AROUND)
        if end >= first:
            end = max(end, last)
            continue
        if end >= 0:
            yield start, end
        start, end = first, last
    yield start, end


def _stretch(text: str, start: int, end: int, marks: Sequence[TextMark]) -> str:
    """Write a stretch: between each two ends of marks, what has the same marks."""
    segments = marked_segments(start, end, [(mark.start, mark.end) for mark in marks])
    return "".join(_piece(text[first:last], [marks[number] for number in over]) for first, last, over in segments)


def _piece(text: str, over: Sequence[TextMark]) -> str:
    if not over:
        return shown(text)
    kinds = dict.fromkeys(mark.kind for mark in over)
    titles = dict.fromkeys(mark.title for mark in over)
    return element("mark", shown(text), class_=" ".join(kinds), title="; ".join(titles))
