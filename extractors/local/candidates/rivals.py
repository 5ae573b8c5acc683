"""Rivals: candidates that overlap, of which one at most can be right."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

__all__ = ["without_rivals"]

TextRange = tuple[int, int]


def without_rivals(spans: Sequence[TextRange], chances: Sequence[float]) -> list[int]:
    """Choose, of spans that overlap, the likeliest; return the indexes of those that are left, in the text's order.

    chances: how likely each is right. A longer one is right at a somewhat lower chance: a part of a name looks like a
    name too.
    """
    order = sorted(range(len(spans)), key=lambda at: -chances[at] * sqrt(spans[at][1] - spans[at][0]))
    chosen: list[int] = []
    for at in order:
        start, end = spans[at]
        if all(end <= spans[other][0] or spans[other][1] <= start for other in chosen):
            chosen.append(at)
    return sorted(chosen, key=lambda at: spans[at])
