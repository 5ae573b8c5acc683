"""Lines of segments, and what of a page's width they leave free: gutters between columns, or the cells of tables."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from slotfill.extractors.documents.readers.pdf.segments import Segment

__all__ = [
    "OUTER",
    "SAME_LINE",
    "Interval",
    "PageLine",
    "Region",
    "common_gutters",
    "divided_at",
    "free_of",
    "lines_of",
    "regions_of",
]

Interval: TypeAlias = tuple[float, float]
"""A stretch of the page's width."""

SAME_LINE = 0.35
"""Segments whose letters stand so close, in heights of a line, are of one line."""

_NARROWEST = 0.8
"""A gutter is as wide as this, in heights of a line; where columns are set it is 1.2 and more."""

PageLine: TypeAlias = list[Segment]
"""Segments on one line, from left to right."""


@dataclass(frozen=True, slots=True)
class Region:
    """Lines, one below the other, and the gutters that all of them leave free."""

    lines: list[PageLine]
    gutters: list[Interval]

    @property
    def segments(self) -> list[Segment]:
        """Its segments as they are drawn."""
        return sorted((one for line in self.lines for one in line), key=lambda one: one.order)


def lines_of(segments: Sequence[Segment]) -> list[PageLine]:
    """Put segments together that are on one line; return the lines from top to bottom."""
    lines: list[PageLine] = []
    for segment in sorted(segments, key=lambda one: one.base):
        if lines and segment.base - lines[-1][0].base < SAME_LINE * min(segment.size, lines[-1][0].size):
            lines[-1].append(segment)
        else:
            lines.append([segment])
    return [sorted(line, key=lambda one: one.left) for line in lines]


def regions_of(lines: Sequence[PageLine]) -> Iterator[Region]:
    """Sweep lines for regions, from top to bottom."""
    group: list[PageLine] = []
    free: list[Interval] = []
    for line in lines:
        own = free_of(line)
        common = common_gutters(free, own, _NARROWEST * line[0].size) if group else own
        if group and len(common) <= OUTER:
            yield Region(group, free[1:-1])
            group, common = [], own
        group.append(line)
        free = common
    if group:
        yield Region(group, free[1:-1])


OUTER = 2
"""What is left of all text, and right of it, is free and no gutter."""


def free_of(line: PageLine) -> list[Interval]:
    """Return what of the page's width a line leaves free."""
    free: list[Interval] = []
    reach = -math.inf
    for segment in line:
        if segment.left > reach:
            free.append((reach, segment.left))
        reach = max(reach, segment.right)
    return [*free, (reach, math.inf)]


def common_gutters(one: list[Interval], other: list[Interval], narrowest: float) -> list[Interval]:
    """Return what two lines both leave free, where it is wide enough."""
    shared = []
    for left, right in one:
        for other_left, other_right in other:
            start, end = max(left, other_left), min(right, other_right)
            if end - start >= narrowest:
                shared.append((start, end))
    return shared


def divided_at(segments: Iterable[Segment], gutters: list[Interval]) -> list[list[Segment]]:
    """Divide segments by gutters: those left of the first, those right of it, and so on."""
    columns: list[list[Segment]] = [[] for _ in range(len(gutters) + 1)]
    edges = [right for _, right in gutters]
    for segment in segments:
        columns[bisect_right(edges, segment.left)].append(segment)
    return columns
