"""A text with numbered marks, as a terminal shows it: in colours, or between brackets where there are none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.text import Text

from slotfill.extractors.pages.marked_segments import marked_segments
from slotfill.extractors.terminal.colours import Colour
from slotfill.extractors.terminal.visible_text import visible

__all__ = ["NumberedMark", "marked_passages", "raised"]

WHOLE = 2_000
"""A text of no more characters is shown from its beginning to its end."""

AROUND = 120
"""So many characters are shown before and behind a mark in a longer one, and at its ends within a long mark."""

_GAP = " …\n"

_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class NumberedMark:
    """A passage to be marked.

    Attributes:
        number: By which the legend calls it.
        start: The code point that it begins at.
        end: The one behind its last.
        hue: The colour of its field.
    """

    number: int
    start: int
    end: int
    hue: Colour


def raised(number: int) -> str:
    """Write a number as a footnote's."""
    return str(number).translate(_RAISED)


def marked_passages(text: str, marks: Sequence[NumberedMark], *, coloured: bool) -> Text:
    """Mark passages of a text; of a long one only what stands around them is shown.

    A mark ends with its number. Without colours it begins with a bracket, and with its number too where another one
    crosses it, so that it is told which of the two ends where.
    """
    shown = Text()
    at = 0
    for start, end in _windows(marks, len(text)):
        if start > at:
            shown.append(f"{_GAP if at else ''}… {start - at:,} characters …\n", Colour.GREY)
        for part in _parts(text, start, end, marks, coloured=coloured):
            shown.append(*part)
        at = end
    if at < len(text):
        shown.append(f"{_GAP}… {len(text) - at:,} characters …", Colour.GREY)
    return shown


def _parts(
    text: str, start: int, end: int, marks: Sequence[NumberedMark], *, coloured: bool
) -> Iterator[tuple[str, str]]:
    """Yield the pieces of a stretch, each with its style."""
    crossed = _crossed(marks)
    for first, last, over in marked_segments(start, end, [(mark.start, mark.end) for mark in marks]):
        covering = [marks[number] for number in over]
        for mark in () if coloured else covering:
            if mark.start == first:
                yield f"[{raised(mark.number) if mark.number in crossed else ''}", ""
        yield visible(text[first:last]), _style(covering)
        for mark in reversed(covering):
            if mark.end == last:
                yield (raised(mark.number), mark.hue) if coloured else (f"]{raised(mark.number)}", "")


def _style(covering: Sequence[NumberedMark]) -> str:
    """Return the style of a segment: the hue of the shortest mark over it, and bold where there are several."""
    if not covering:
        return ""
    shortest = min(covering, key=lambda mark: mark.end - mark.start)
    return f"{'bold ' if len(covering) > 1 else ''}underline {shortest.hue}"


def _crossed(marks: Sequence[NumberedMark]) -> set[int]:
    """Return the numbers of the marks that begin within another one and end behind it, and of those others."""
    crossed = set()
    pending: list[NumberedMark] = []
    for mark in sorted(marks, key=lambda one: (one.start, -one.end)):
        pending = [one for one in pending if one.end > mark.start]
        for other in pending:
            if other.start < mark.start and other.end < mark.end:
                crossed |= {mark.number, other.number}
        pending.append(mark)
    return crossed


def _windows(marks: Sequence[NumberedMark], length: int) -> Iterator[tuple[int, int]]:
    """Yield the stretches that are shown, those that touch as one."""
    if length <= WHOLE:
        yield 0, length
        return
    if not marks:
        yield 0, 4 * AROUND
        return
    start, end = -1, -1
    for first, last in sorted(_around(marks, length)):
        if end < first:
            if end >= 0:
                yield start, end
            start = first
        end = max(end, last)
    yield start, end


def _around(marks: Iterable[NumberedMark], length: int) -> Iterator[tuple[int, int]]:
    for mark in marks:
        for edge in (mark.start, mark.end):
            yield max(0, edge - AROUND), min(length, edge + AROUND)
