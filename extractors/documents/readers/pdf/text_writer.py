"""Rows of letters -> one text, and the box of each of its letters."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable
from itertools import zip_longest

from slotfill.extractors.documents.readers.pdf.letters import HYPHEN_MARK
from slotfill.extractors.documents.readers.pdf.page_layout import PageBlock, PageRow
from slotfill.extractors.documents.readers.pdf.segments import NOWHERE, PageText

__all__ = ["CELL", "TextWriter"]

CELL = " | "
"""What stands between the cells of a table."""

_GAP = "  "
"""What stands for a wide gap in a line that is part of no table."""

_HYPHENED = re.compile(rf"(\w+(?:[-\u2010]\w+)*)[-\u2010\u00ad{HYPHEN_MARK}]$")
"""The last word of a line that ends in a hyphen: `cus-`, `state-of-the-`."""

_NEXT_WORD = re.compile(r"\w+")

_SHARED_ENDS = frozenset(("and", "or", "und", "oder", "bzw", "sowie", "et", "ou", "y", "o", "e"))
"""What follows a word whose end another word has, too: `Ein- und Ausgang`, `pre- and postnatal`."""


class TextWriter:
    """Writes a text down, piece by piece."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self.boxes = array("f")

    def __len__(self) -> int:
        return len(self.boxes) // 4

    @property
    def text(self) -> str:
        """What has been written."""
        return "".join(self._parts)

    def write(self, text: str, box: array[float] = NOWHERE) -> None:
        """Write what is drawn nowhere, or as a whole in one box."""
        self._parts.append(text)
        self.boxes.extend(box * len(text))

    def write_blocks(self, page: PageText, blocks: Iterable[PageBlock]) -> None:
        """Write blocks of a page, with an empty line between two."""
        is_first = True
        for block in blocks:
            if not is_first:
                self.write("\n\n")
            is_first = False
            self._write_block(page, block)

    def _write_block(self, page: PageText, block: PageBlock) -> None:
        for row, after in zip_longest(block.rows, block.rows[1:]):
            joint = _LINE_END if block.is_table or not after else _joint(page.text, row, after)
            self._write_row(page, row, CELL if block.is_table else _GAP, cut=1 if joint is _DROPPED else 0)
            if after and joint is _LINE_END:
                self.write("\n")

    def _write_row(self, page: PageText, row: PageRow, between: str, *, cut: int) -> None:
        cells = row[: 1 + max(number for number, cell in enumerate(row) if cell)]  # without empty ones at its end
        for number, cell in enumerate(cells):
            if number:
                self.write(between)
            for at, segment in enumerate(cell):
                if at:
                    self.write(" ")
                is_last = number == len(cells) - 1 and at == len(cell) - 1
                self._copy(page, segment.start, segment.end - (cut if is_last else 0))

    def _copy(self, page: PageText, start: int, end: int) -> None:
        self._parts.append(page.text[start:end].replace(HYPHEN_MARK, "-"))
        self.boxes += page.boxes[4 * start : 4 * end]


_LINE_END, _HYPHEN, _DROPPED = "line end", "hyphen", "hyphen dropped"
"""What is between two lines: a line end; a hyphen of the word itself; one that was there for the line's end alone."""


def _joint(text: str, row: PageRow, after: PageRow) -> str:
    """Tell what stands between two lines that follow each other.

    `cus-/tomer` is `customer`. The hyphen stays in `state-of-the-/art` and `e-/mail`, where the word has another or is
    one letter before it, and where the page has it within a line, too; before a capital or a figure, as in
    `Jean-/Pierre`; and `pre-/and postnatal` are two words.
    """
    if len(row) > 1 or len(after) > 1:
        return _LINE_END
    line, next_line = row[0][-1], after[0][0]
    before = text[line.start : line.end].rpartition(" ")[2]
    hyphened = _HYPHENED.search(before)
    following = _NEXT_WORD.match(text, next_line.start, next_line.end)
    if not (hyphened and following) or following.group() in _SHARED_ENDS:
        return _LINE_END
    if before.endswith("\u00ad"):
        return _DROPPED
    is_cut = following.group()[0].islower() and not _is_compound(text, hyphened, following.group())
    return _DROPPED if is_cut else _HYPHEN


def _is_compound(text: str, hyphened: re.Match[str], following: str) -> bool:
    *parts, last = re.split("[-\u2010]", hyphened.group(1))
    return bool(parts) or len(last) == 1 or not last[-1].isalpha() or f"{last}-{following}" in text
