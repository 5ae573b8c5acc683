"""Offsets in a text as scripts count them, in UTF-16 units, and as Python does, in code points."""

from __future__ import annotations

import re
from bisect import bisect_left

__all__ = ["UTF16Offsets"]

_WIDE = re.compile("[\U00010000-\U0010ffff]")
"""A code point that takes two units: emoji, rare letters."""


class UTF16Offsets:
    """The offsets of one text, turned from one count into the other.

    Args:
        text: The text. It is looked through once; each offset then takes a binary search.

    Attributes:
        points: How many code points the text has.
        units: How many UTF-16 units.
    """

    def __init__(self, text: str) -> None:
        self._wide = [] if text.isascii() else [match.start() for match in _WIDE.finditer(text)]
        self._wide_units = [point + number for number, point in enumerate(self._wide)]
        self.points = len(text)
        self.units = len(text) + len(self._wide)

    def unit_at(self, point: int) -> int:
        """Return the unit at which a code point begins."""
        return point + bisect_left(self._wide, point)

    def point_at(self, unit: int) -> int:
        """Return the code point that a unit is of, the first of a pair or the second."""
        return unit - bisect_left(self._wide_units, unit)
