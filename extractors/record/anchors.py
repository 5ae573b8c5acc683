"""Anchors: short marks of how a text begins, by which it is found again in a longer one.

A mark is the CRC-32 of the first `WINDOW` code points in UTF-32, so that a text has one at each place, made of a slice.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Collection, Mapping

__all__ = ["anchor_of", "places_of_anchors"]

_WINDOW = 32
"""Code points: fewer begin alike more often, and a chunk has many more."""

_WIDTH = 4
"""Bytes of a code point in UTF-32."""


def anchor_of(text: str) -> int | None:
    """Return the mark of how a text begins; None for one that is too short."""
    return zlib.crc32(text[:_WINDOW].encode("utf-32-le")) if len(text) >= _WINDOW else None


def places_of_anchors(
    text: str, anchors: Collection[int], start: int, end: int, *, at_most: int
) -> Mapping[int, list[int]]:
    """Find in a stretch of a text where marks stand, each at its first places, so many at most. It is one pass."""
    places: defaultdict[int, list[int]] = defaultdict(list)
    data = memoryview(text[start:end].encode("utf-32-le"))
    for at in range(len(data) // _WIDTH - _WINDOW + 1):
        mark = zlib.crc32(data[at * _WIDTH : (at + _WINDOW) * _WIDTH])
        if mark in anchors and len(places[mark]) < at_most:
            places[mark].append(start + at)
    return places
