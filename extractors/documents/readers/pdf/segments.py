"""The letters of a page, each with its box, and the segments of lines that they are drawn in."""

from __future__ import annotations

import ctypes
import math
import re
from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, repeat

import pypdfium2.raw as pdfium

from slotfill.extractors.documents.readers.pdf.letters import HYPHEN_MARK, Letters, clean_letters
from slotfill.extractors.documents.readers.pdf.page_frame import PageFrame, turned

__all__ = ["NOWHERE", "NO_TEXT", "PageText", "Segment", "read_page_text"]

NOWHERE = array("f", (math.nan,) * 4)
"""The box of what is not drawn."""

_LINE = re.compile(rf"[^\r\n{HYPHEN_MARK}]+{HYPHEN_MARK}?")
"""What pdfium takes for a line. After a hyphen at a line's end it goes on without a line end."""

_WORD = re.compile(r"\S+")
_SPACE = re.compile(r"\s+")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")

_WIDE = 0.95
"""A gap of so much of a line's height ends a segment: wider than between the words of justified or typewritten text."""

_ASKEW = 0.1
"""So much of a quarter turn off, a text is askew, such as `DRAFT` across a page."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Words that stand in one line with no wide gap between them.

    Attributes:
        start, end: The letters that it has of its page.
        left, right: Where it begins and ends, in a frame in which its text runs from left to right.
        base: Where its letters stand, from the top.
        size: How high a line of its letters is.
        quarters: How many quarter turns clockwise make its text run from left to right; None for text that is askew.
        leftward: Whether it is read from right to left.
        order: Which is drawn after which: grows from one to the next.
    """

    start: int
    end: int
    left: float
    right: float
    base: float
    size: float
    quarters: int | None = 0
    leftward: bool = False
    order: int = 0


@dataclass(frozen=True, slots=True)
class PageText:
    """What is written on a page.

    Attributes:
        text: Its letters, in the order in which pdfium has them, which is nearly that in which they are drawn.
        boxes: Of each letter its left, top, right and bottom on the page as it is shown.
        segments: The letters in segments of lines, in that order.
        unmapped: The share of letters of which the file does not tell what they are.
    """

    text: str
    boxes: array[float]
    segments: list[Segment]
    unmapped: float = 0.0


NO_TEXT = PageText("", array("f"), [])


def read_page_text(page: pdfium.FPDF_PAGE, frame: PageFrame) -> PageText:
    """Read what is written on a page."""
    text_page = pdfium.FPDFText_LoadPage(page)
    try:
        return _read(text_page, frame) if text_page else NO_TEXT
    finally:
        pdfium.FPDFText_ClosePage(text_page)


def _read(text_page: pdfium.FPDF_TEXTPAGE, frame: PageFrame) -> PageText:
    count = pdfium.FPDFText_CountChars(text_page)
    if count <= 0:
        return NO_TEXT
    edges = _character_boxes(text_page, count)
    characters = _characters(text_page, count)
    _fill_in(text_page, edges, characters)
    letters = clean_letters(characters, frame.boxes(edges))
    segments = [*_Lines(text_page, frame, letters).segments()]
    for space in _SPACE.finditer(letters.text):
        start, end = space.span()
        letters.boxes[4 * start : 4 * end] = NOWHERE if end == start + 1 else NOWHERE * (end - start)
    return PageText(letters.text, letters.boxes, segments, letters.unmapped)


def _characters(text_page: pdfium.FPDF_TEXTPAGE, count: int) -> str:
    """Return pdfium's characters, each one a code point of the text, half a surrogate pair too."""
    buffer = (ctypes.c_ushort * (count + 1))()
    written = pdfium.FPDFText_GetText(text_page, 0, count, buffer) - 1
    if written == count:
        text = bytes(buffer)[: 2 * count].decode("utf-16-le", "surrogatepass")
        text = text if len(text) == count else "".join(map(chr, buffer[:count]))
        return text.replace("\ufffe", HYPHEN_MARK)
    # Glyphs that the file maps to nothing are left out of that text: one by one, they are not.
    return "".join(chr(pdfium.FPDFText_GetUnicode(text_page, at)) for at in range(count))


_BOX_OF = ctypes.PYFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p
)(ctypes.cast(pdfium.FPDFText_GetCharBox, ctypes.c_void_p).value or 0)
"""FPDFText_GetCharBox, which takes addresses as numbers: half the time of pointers that are Python objects.

Nothing else in the process calls pdfium meanwhile, which no two threads may: readers have a process of their own, in
which one file is read after the other.
"""


def _character_boxes(text_page: pdfium.FPDF_TEXTPAGE, count: int) -> array[float]:
    """Return the box of each character's ink: left, top, right, bottom, in pdfium's coordinates."""
    edges = array("d", bytes(32 * count))
    address = edges.buffer_info()[0]
    end = address + 32 * count
    lefts, tops, rights, bottoms = (range(address + at, end, 32) for at in (0, 8, 16, 24))
    handle = ctypes.cast(text_page, ctypes.c_void_p).value
    deque(map(_BOX_OF, repeat(handle), range(count), lefts, rights, bottoms, tops), 0)
    return edges


def _fill_in(text_page: pdfium.FPDF_TEXTPAGE, edges: array[float], text: str) -> None:
    """Give letters whose ink is not known the room that they take: their font is not in the file, nor here."""
    if all(edges[4 * line.start() + 1] > edges[4 * line.start() + 3] for line in re.finditer(r"(?<![^\n])\S", text)):
        return  # the first of each line has some, as in nearly all files
    for letter in re.finditer(r"\S", text):
        at = letter.start()
        if edges[4 * at + 1] <= edges[4 * at + 3]:
            room = _room(text_page, at)
            edges[4 * at : 4 * at + 4] = array("d", (room.left, room.top, room.right, room.bottom))


def _room(text_page: pdfium.FPDF_TEXTPAGE, at: int) -> pdfium.FS_RECTF:
    """Return the room of a character: as wide as it moves on, as high as a line of its font."""
    room = pdfium.FS_RECTF()
    pdfium.FPDFText_GetLooseCharBox(text_page, at, ctypes.byref(room))
    return room


class _Lines:
    """The lines of a page, as pdfium tells them, in segments."""

    def __init__(self, text_page: pdfium.FPDF_TEXTPAGE, frame: PageFrame, letters: Letters) -> None:
        self._page = text_page
        self._frame = frame
        self._letters = letters
        self._is_leftward = bool(_RIGHT_TO_LEFT.search(letters.text))
        self._turned: dict[int, tuple[array[float], array[float]]] = {}
        self._point = (ctypes.c_double(), ctypes.c_double())

    def segments(self) -> Iterator[Segment]:
        """Yield the segments of all lines."""
        for line in _LINE.finditer(self._letters.text):
            words = [word.span() for word in _WORD.finditer(self._letters.text, line.start(), line.end())]
            if words:
                yield from self._of_line(words)

    def _of_line(self, words: list[tuple[int, int]]) -> Iterator[Segment]:
        first, last = words[0][0], words[-1][1]
        quarters = self._quarters(first)
        lefts, rights = self._edges(quarters or 0)
        leftward = self._is_leftward and bool(_RIGHT_TO_LEFT.search(self._letters.text, first, last))
        size = self._size(first, quarters or 0)
        if leftward:
            groups = _gathered(words, lefts, rights, _WIDE * size)
        else:
            groups = _divided(words, lefts, rights, _WIDE * size)
        base = self._base(first, quarters or 0)
        for number, (start, end) in enumerate(groups):
            if leftward:
                left, right = min(lefts[start:end]), max(rights[start:end])
            else:
                left, right = lefts[start], rights[end - 1]
            own_base = self._base(start, quarters or 0) if number else base
            if right > 0 and left < self._width(quarters or 0) and self._is_on_page(start):
                yield Segment(start, end, left, right, own_base, size, quarters, leftward, start)

    def _edges(self, quarters: int) -> tuple[array[float], array[float]]:
        """Return the lefts and rights of all letters, in the frame in which text turned so runs to the right."""
        if quarters not in self._turned:
            boxes = turned(self._letters.boxes, quarters, self._frame.width, self._frame.height)
            self._turned[quarters] = (boxes[0::4], boxes[2::4])
        return self._turned[quarters]

    def _quarters(self, at: int) -> int | None:
        angle = pdfium.FPDFText_GetCharAngle(self._page, self._letters.source[at])
        quarters = angle / (math.pi / 2)  # clockwise: 3 for text that runs up the paper
        whole = round(quarters)
        return (-whole - self._frame.quarters) % 4 if abs(quarters - whole) < _ASKEW else None

    def _size(self, at: int, quarters: int) -> float:
        room = _room(self._page, self._letters.source[at])
        upright = (quarters + self._frame.quarters) % 2 == 0
        return abs(room.top - room.bottom if upright else room.right - room.left) or 1.0

    def _base(self, at: int, quarters: int) -> float:
        x, y = self._point
        pdfium.FPDFText_GetCharOrigin(self._page, self._letters.source[at], x, y)
        return self._frame.height_of(x.value, y.value, quarters)

    def _width(self, quarters: int) -> float:
        return self._frame.height if quarters % 2 else self._frame.width

    def _is_on_page(self, at: int) -> bool:
        left, top, right, bottom = self._letters.boxes[4 * at : 4 * at + 4]
        return right > 0 and bottom > 0 and left < self._frame.width and top < self._frame.height


def _divided(
    words: list[tuple[int, int]], lefts: array[float], rights: array[float], wide: float
) -> Iterator[tuple[int, int]]:
    """Divide the words of a line, in which each stands right of the one before, where a gap is wide."""
    start, edge = words[0][0], lefts[words[0][0]]
    end = start
    for word, word_end in words:
        if not -wide < lefts[word] - edge < wide:
            yield start, end
            start = word
        edge, end = rights[word_end - 1], word_end
    yield start, end


def _gathered(
    words: list[tuple[int, int]], lefts: array[float], rights: array[float], wide: float
) -> Iterator[tuple[int, int]]:
    """Divide the words of a line in an order that is not from left to right: the gaps are those between all of them.

    `abc SHALOM OLAM xyz` stands as `abc MALO MOLAHS xyz`: of the words that follow each other, some stand apart.
    """
    spans = sorted((min(lefts[start:end]), max(rights[start:end])) for start, end in words)
    edges, reach = [], spans[0][1]
    for left, right in spans[1:]:
        if left - reach >= wide:
            edges.append((reach + left) / 2)
        reach = max(reach, right)
    places = [bisect_left(edges, lefts[start]) for start, _ in words]
    start = words[0][0]
    for (place, (_, end)), (next_place, (next_start, _)) in pairwise(zip(places, words, strict=True)):
        if next_place != place:
            yield start, end
            start = next_start
    yield start, words[-1][1]
