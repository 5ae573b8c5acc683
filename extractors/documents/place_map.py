"""Where a text stands in the file that it was read from: a map from its offsets to places.

PlaceMap((Stretch(0, 120, {"page": 1}), Stretch(123, 300, {"page": 2})))
PlaceMap((Stretch(0, 80, {"part": "head"}), Stretch(82, 200, {"part": "body"})))
"""

from __future__ import annotations

import hashlib
import json
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from slotfill.schemas.json_values.json_types import JSONMapping, JSONObject

__all__ = ["NO_PLACES", "PlaceMap", "Stretch"]

_LEFT, _TOP, _RIGHT, _BOTTOM = range(4)
_COORDINATES = 4

_NEXT_LINE = 0.8
"""A letter whose middle is lower, or higher, by so much of the higher one's height may be of another line."""

_FAR = 2.0
"""It is, where so many heights are between the two."""


class Stretch(NamedTuple):
    """Code points of a text, from `start` up to `end`, that stand in one place: `{"sheet": "Q1", "cell": "B7"}`."""

    start: int
    end: int
    place: JSONMapping


@dataclass(frozen=True, slots=True)
class PlaceMap:
    """A map from the offsets of a text to places.

    Attributes:
        stretches: In the text's order; they do not overlap, and may leave out what stands nowhere, as a line between
            two pages.
        boxes: Of each code point of the text, where it is drawn on its page: left, top, right and bottom as 32-bit
            floats, in points (1/72 inch) from the page's top left corner as it is shown; NaN for what is not drawn.
            Empty where nothing is known.
    """

    stretches: tuple[Stretch, ...] = ()
    boxes: bytes = b""

    def __bool__(self) -> bool:
        return bool(self.stretches)

    @property
    def digest(self) -> bytes:
        """The hash of all places: SHA-256."""
        stretches = json.dumps(self.stretches, sort_keys=True).encode()
        return hashlib.sha256(hashlib.sha256(stretches).digest() + self.boxes).digest()

    def within(self, start: int, end: int) -> PlaceMap:
        """Return the map of a part of the text, as a text of its own."""
        stretches = tuple(
            Stretch(max(one.start, start) - start, min(one.end, end) - start, one.place)
            for one in self.overlapping(start, end)
        )
        return PlaceMap(stretches, self.boxes[start * 16 : end * 16])

    def place_of(self, start: int, end: int) -> JSONObject | None:
        """Return the place of a passage: of what it begins in, or else of what comes next in it; None for none.

        A passage over several cells of a sheet has `"cell": "B7:C7"`. One that is drawn has the `box` around it on the
        page that it begins on; where that takes several lines, `boxes` holds one a line.
        """
        stretches = [*self.overlapping(start, end)]
        if not stretches:
            return None
        first = stretches[0]
        place = dict(first.place)
        if "cell" in place and len(stretches) > 1:
            cells = [one.place["cell"] for one in stretches if one.place.get("sheet") == place.get("sheet")]
            place["cell"] = cells[0] if cells[0] == cells[-1] else f"{cells[0]}:{cells[-1]}"
        lines = self._lines(max(start, first.start), min(end, first.end))
        if lines:
            place["box"] = _around(lines)
        if len(lines) > 1:
            place["boxes"] = [_around([line]) for line in lines]
        return place

    def overlapping(self, start: int, end: int) -> Iterator[Stretch]:
        """Iterate over the stretches that a passage has a part in, in the text's order."""
        at = max(0, bisect_right(self.stretches, start, key=lambda stretch: stretch.start) - 1)
        for stretch in self.stretches[at:]:
            if stretch.start >= end:
                return
            if stretch.end > start:
                yield stretch

    def _lines(self, start: int, end: int) -> list[list[float]]:
        """Return the box around each line of a passage, in the text's order."""
        numbers = array("f", self.boxes[start * 16 : end * 16])
        drawn = [
            [*numbers[at : at + _COORDINATES]]
            for at in range(0, len(numbers), _COORDINATES)
            if numbers[at] == numbers[at]
        ]
        lines: list[list[float]] = []
        for before, box in zip([None, *drawn], drawn, strict=False):
            if before is not None and _is_same_line(before, box):
                lines[-1] = _union(lines[-1], box)
            else:
                lines.append(box)
        return lines


def _is_same_line(before: Sequence[float], box: Sequence[float]) -> bool:
    """Whether a letter is of the line of the one before it.

    Boxes are of ink: a comma, and the figure before it, need share no height. A letter of the next line is lower by
    more than letters are high and, at once, left of the one before or far from it.
    """
    higher = max(before[_BOTTOM] - before[_TOP], box[_BOTTOM] - box[_TOP])
    lower_by = abs(box[_TOP] + box[_BOTTOM] - before[_TOP] - before[_BOTTOM]) / 2
    gap = max(box[_LEFT] - before[_RIGHT], before[_LEFT] - box[_RIGHT])
    return lower_by <= _NEXT_LINE * higher or (box[_RIGHT] > before[_LEFT] and gap <= _FAR * higher)


def _union(one: Sequence[float], other: Sequence[float]) -> list[float]:
    return [*map(min, one[:_RIGHT], other[:_RIGHT]), *map(max, one[_RIGHT:], other[_RIGHT:])]


def _around(boxes: Sequence[Sequence[float]]) -> list[float]:
    around = boxes[0]
    for box in boxes[1:]:
        around = _union(around, box)
    return [round(number, 1) for number in around]


NO_PLACES = PlaceMap()
"""That of a text which is all its file holds."""
