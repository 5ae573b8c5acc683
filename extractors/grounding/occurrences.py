"""Occurrences: the places where one value stands, and which of them are taken by the values placed so far."""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from slotfill.extractors.record.parts import Match, Span
from slotfill.schemas.passages.folding import Where

__all__ = ["Occurrences"]


BREAK = 80
"""So many code points within a sentence are as far as the next sentence."""

_BREAKS = re.compile(r"[.;!?\n\r\u2028\u2029\u3002]")


@dataclass(slots=True)
class Occurrences:
    """Where a value stands.

    wording: the value as a text; a place that reads so is an exact one.
    places: in order, at least one.
    match: what the other places are.
    """

    document: str
    wording: str
    places: list[Where]
    match: Match
    taken: set[int] = field(default_factory=set)

    def take(self, *, after: int) -> Span:
        """Take the first free place from an offset on, else the first of all; where none is free, share one."""
        at = bisect_left(self.places, (after, 0))
        return self._take(chain(range(at, len(self.places)), range(at)))

    def take_near(self, span: Span) -> Span:
        """Take the free place nearest to a span, the earlier of two; where none is free, share the nearest."""
        return self._take(self._outwards(span.start or 0, span.end or 0))

    def _take(self, order: Iterator[int]) -> Span:
        at = next(order)
        if len(self.taken) < len(self.places) and at in self.taken:
            at = next(other for other in order if other not in self.taken)
        self.taken.add(at)
        start, end = self.places[at]
        return Span(start, end, "exact" if self.document[start:end] == self.wording else self.match)

    def _outwards(self, start: int, end: int) -> Iterator[int]:
        after = bisect_left(self.places, (start, 0))
        before = after - 1
        while before >= 0 or after < len(self.places):
            to_before = self._apart(self.places[before][1], start) if before >= 0 else math.inf
            to_after = self._apart(end, self.places[after][0]) if after < len(self.places) else math.inf
            if to_before <= to_after:
                yield before
                before -= 1
            else:
                yield after
                after += 1

    def _apart(self, start: int, end: int) -> float:
        """Measure how far apart two passages are: the end of a sentence or line between them is like many letters."""
        gap = self.document[start : min(end, start + BREAK)]
        return end - start + (BREAK if _BREAKS.search(gap) or len(gap) == BREAK else 0)
