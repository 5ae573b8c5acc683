"""Letters as a reader knows them: pdfium's characters, with ligatures taken apart and what is no letter left out."""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["HYPHEN_MARK", "UNMAPPED", "Letters", "clean_letters"]

HYPHEN_MARK = "\x02"
"""What pdfium has for a hyphen at a line's end; in `FPDFText_GetText` it is U+FFFE."""

UNMAPPED = "\ufffd"
"""What a glyph is read as of which the file does not tell the letter."""

_SPECIAL = re.compile(
    r"""
      [\ud800-\udbff][\udc00-\udfff]   # one code point beyond U+FFFF: U+1D400 as D835 DC00
    | [\ud800-\udfff]                  # half of one
    | [\ufb00-\ufdff\ufe70-\ufefc]     # ligatures, and the forms of Hebrew and Arabic letters: U+FB01 is f and i
    | [\ufffe\uffff\ufffd]             # what is no character
    | [\ue000-\uf8ff]                  # private use: a font's own symbols, such as a bullet of Wingdings
    | [\x00\x01\x03-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\u200b]   # control characters, and what has no width
    """,
    re.VERBOSE,
)

_SYMBOLS = {"\uf0b7": "•", "\uf0a7": "▪", "\uf0d8": "➢", "\uf0fc": "✓", "\uf0fe": "☑", "\uf0a8": "☐", "\uf06f": "☐"}
"""What Symbol and Wingdings draw in forms and lists."""

_LEFTWARD = re.compile("[\u0590-\u08ff]")


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters of a page.

    Attributes:
        text: The letters.
        boxes: Their boxes, four numbers each.
        source: Of each, the number of pdfium's character that it is of.
        unmapped: The share of those that are drawn and mapped to no letter.
    """

    text: str
    boxes: array[float]
    source: Sequence[int]
    unmapped: float = 0.0


def clean_letters(text: str, boxes: array[float]) -> Letters:
    """Make letters of characters, each of which has a box."""
    if not _SPECIAL.search(text):
        return Letters(text, boxes, range(len(text)))
    parts: list[str] = []
    source: list[int] = []
    cleaned = array("f")
    at = unmapped = 0
    for special in _SPECIAL.finditer(text):
        start, end = special.span()
        letters = _letters(special.group())
        unmapped += letters == UNMAPPED
        parts += (text[at:start], letters)
        source += (*range(at, start), *[start] * len(letters))
        cleaned += boxes[4 * at : 4 * start]
        for share in _shares(boxes[4 * start : 4 * start + 4], letters):
            cleaned.extend(share)
        at = end
    parts.append(text[at:])
    source += range(at, len(text))
    cleaned += boxes[4 * at :]
    drawn = sum(map(len, text.split()))
    return Letters("".join(parts), cleaned, source, unmapped / drawn if drawn else 0.0)


def _letters(special: str) -> str:
    """Return what a special character is read as."""
    if len(special) > 1:
        return special.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    if special in _SYMBOLS:
        return _SYMBOLS[special]
    if "\ufb00" <= special <= "\ufefc":
        return unicodedata.normalize("NFKC", special).replace(" ", "")
    if special in "\x00\ufffd\ufffe\uffff" or "\ud800" <= special <= "\uf8ff":
        return UNMAPPED
    return ""


def _shares(box: array[float], letters: str) -> Iterator[tuple[float, float, float, float]]:
    """Divide a ligature's box among its letters, side by side."""
    left, top, right, bottom = box
    width = (right - left) / len(letters) if letters else 0.0
    order = range(len(letters) - 1, -1, -1) if _LEFTWARD.match(letters) else range(len(letters))
    for at in order:
        yield left + at * width, top, left + (at + 1) * width, bottom
