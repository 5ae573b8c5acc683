"""A text with marks that may nest and cross, cut into segments that lie flat, one behind the other.

Two marks, 0 to 4 and 2 to 6, of a text of eight characters: 0-2 has the first, 2-4 both, 4-6 the second, 6-8 none.
Elements of HTML cannot cross; segments need not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

__all__ = ["MarkedSegment", "marked_segments"]

MarkedSegment = tuple[int, int, tuple[int, ...]]
"""Where a segment begins, the place behind its end, and the numbers of the marks that cover it, in their order."""


def marked_segments(start: int, end: int, marks: Sequence[tuple[int, int]]) -> Iterator[MarkedSegment]:
    """Cut a stretch of a text where a mark begins or ends.

    Args:
        start: Where the stretch begins.
        end: The place behind its end.
        marks: Each mark's start and end; what of them lies outside the stretch is left out, and so are empty ones.

    Yields:
        The segments in order; together they are the stretch. It takes time in proportion to their number and depth.
    """
    opened: defaultdict[int, list[int]] = defaultdict(list)
    closed: defaultdict[int, list[int]] = defaultdict(list)
    for number, (first, last) in enumerate(marks):
        if max(first, start) < min(last, end):
            opened[max(first, start)].append(number)
            closed[min(last, end)].append(number)
    over: dict[int, None] = {}
    at = start
    for cut in sorted({*opened, *closed, end} - {start}):
        over |= dict.fromkeys(opened[at])
        if at < cut:
            yield at, cut, tuple(sorted(over))
        for number in closed[cut]:
            del over[number]
        at = cut
