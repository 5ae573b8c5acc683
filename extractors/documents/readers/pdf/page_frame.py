"""Where on a page: from pdfium's coordinates to those of the page as it is shown.

pdfium counts from the bottom left of the paper, as the page was before it was turned or cropped; a reader of the page
counts from the top left of what is shown.
"""

from __future__ import annotations

import ctypes
from array import array
from dataclasses import dataclass

import pypdfium2.raw as pdfium

__all__ = ["Box", "PageFrame", "turned"]

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True, slots=True)
class PageFrame:
    """What of the paper a page shows, and how it is turned.

    Attributes:
        left, bottom, right, top: The edges of what is shown, in pdfium's coordinates.
        quarters: How many quarter turns clockwise the page is shown at.
    """

    left: float
    bottom: float
    right: float
    top: float
    quarters: int

    @classmethod
    def of(cls, page: pdfium.FPDF_PAGE) -> PageFrame:
        """Make that of a page."""
        edges = pdfium.FS_RECTF()
        pdfium.FPDF_GetPageBoundingBox(page, ctypes.byref(edges))
        return cls(edges.left, edges.bottom, edges.right, edges.top, pdfium.FPDFPage_GetRotation(page))

    @property
    def width(self) -> float:
        """How wide the page is as it is shown."""
        return self.top - self.bottom if self.quarters % 2 else self.right - self.left

    @property
    def height(self) -> float:
        """How high the page is as it is shown."""
        return self.right - self.left if self.quarters % 2 else self.top - self.bottom

    def boxes(self, edges: array[float]) -> array[float]:
        """Move many boxes onto the page as it is shown: of each its left, top, right, bottom.

        Written out by quarter turns, over whole columns of numbers: a book has a million letters.
        """
        lefts, tops, rights, bottoms = edges[0::4], edges[1::4], edges[2::4], edges[3::4]
        x0, y0, x1, y1 = self.left, self.bottom, self.right, self.top
        match self.quarters:
            case 0:
                columns = (_moved(lefts, x0), _flipped(tops, y1), _moved(rights, x0), _flipped(bottoms, y1))
            case 1:
                columns = (_moved(bottoms, y0), _moved(lefts, x0), _moved(tops, y0), _moved(rights, x0))
            case 2:
                columns = (_flipped(rights, x1), _moved(bottoms, y0), _flipped(lefts, x1), _moved(tops, y0))
            case _:
                columns = (_flipped(tops, y1), _flipped(rights, x1), _flipped(bottoms, y1), _flipped(lefts, x1))
        return _interleaved(columns)

    def height_of(self, x: float, y: float, quarters: int) -> float:
        """Return how far below its top a point is, on the shown page turned clockwise by some more quarters."""
        match (self.quarters + quarters) % 4:
            case 0:
                return self.top - y
            case 1:
                return x - self.left
            case 2:
                return y - self.bottom
            case _:
                return self.right - x

    def box(self, left: float, top: float, right: float, bottom: float) -> Box:
        """Move one box."""
        moved = self.boxes(array("d", (left, top, right, bottom)))
        return (moved[0], moved[1], moved[2], moved[3])


def turned(boxes: array[float], quarters: int, width: float, height: float) -> array[float]:
    """Turn boxes clockwise by quarters, together with the page of that width and height around them.

    Text that runs up the page runs from left to right on a page that is turned by one quarter.
    """
    lefts, tops, rights, bottoms = boxes[0::4], boxes[1::4], boxes[2::4], boxes[3::4]
    match quarters % 4:
        case 0:
            return boxes
        case 1:
            return _interleaved((_flipped(bottoms, height), lefts, _flipped(tops, height), rights))
        case 2:
            columns = (_flipped(rights, width), _flipped(bottoms, height))
            return _interleaved((*columns, _flipped(lefts, width), _flipped(tops, height)))
        case _:
            return _interleaved((tops, _flipped(rights, width), bottoms, _flipped(lefts, width)))


def _moved(numbers: array[float], origin: float) -> array[float]:
    return array("f", [number - origin for number in numbers]) if origin else array("f", numbers)


def _flipped(numbers: array[float], end: float) -> array[float]:
    return array("f", [end - number for number in numbers])


def _interleaved(columns: tuple[array[float], ...]) -> array[float]:
    boxes = array("f", bytes(16 * len(columns[0])))
    for at, column in enumerate(columns):
        boxes[at::4] = column
    return boxes
