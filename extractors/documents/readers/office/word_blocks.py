"""The body of a Word document, a header or a note -> blocks of text: paragraphs, and tables row by row.

What stands in content controls, text boxes, links, fields and tracked insertions is text as all other; what is deleted
or hidden is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from slotfill.extractors.documents.readers.office.word_elements import attribute, children, local_name, property_of
from slotfill.extractors.documents.readers.office.word_numbering import Numbering
from slotfill.extractors.documents.readers.office.word_runs import NoteReference, ParagraphLine, RunReader
from slotfill.extractors.documents.readers.office.word_styles import Styles, list_place

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

__all__ = ["Block", "BlockReader"]

_CELLS = " | "

_SPACES = re.compile(r"[ \t\r\n]+")


class Block(NamedTuple):
    """A paragraph, an item of a list, or a row of a table.

    part: where it stands: `body`, `header`, `footer`, `footnote` or `comment`.
    form: what it is: `paragraph`, `item` or `row`.
    """

    text: str
    part: str
    form: str = "paragraph"


class BlockReader:
    """Reads the parts of one document, whose lists and notes are counted throughout."""

    def __init__(self, styles: Styles, numbering: Numbering, comments: Mapping[str, str]) -> None:
        """comments: their texts, by their ids."""
        self._styles, self._numbering, self._comments = styles, numbering, comments
        self._runs = RunReader(styles)
        self._after: list[Block] = []
        """What follows the block that is being read: its comments, its text boxes."""

    @property
    def notes(self) -> list[NoteReference]:
        """The references to footnotes and endnotes so far, in order."""
        return self._runs.notes

    def blocks(self, container: Element, part: str) -> Iterator[Block]:
        """Yield the blocks in an element, in order."""
        for child in children(container, "p", "tbl"):
            if local_name(child) == "tbl":
                yield from self._table(child, part)
            else:
                if block := self._paragraph(child, part):
                    yield block
                yield from self._following()

    def _paragraph(self, paragraph: Element, part: str) -> Block | None:
        properties = property_of(paragraph, "pPr")
        style = attribute(property_of(properties, "pStyle"))
        line = self._runs.read(paragraph, is_hidden=self._styles.is_hidden(style))
        text = line.text.strip(" \n")
        is_deleted = not text and property_of(properties, "rPr", "del") is not None
        mark = "" if is_deleted else self._mark(properties, style)
        self._queue(line, part)
        form = "item" if mark and not self._styles.is_heading(style) else "paragraph"
        return Block(mark + text, part, form) if text else None

    def _queue(self, line: ParagraphLine, part: str) -> None:
        comments = (self._comments[one] for one in line.comments if one in self._comments)
        self._after += [Block(text, "comment") for text in comments]
        for box in line.boxes:
            before = self._following()
            self._after = [*self.blocks(box, part)]
            self._after[:0] = before

    def _following(self) -> list[Block]:
        following, self._after = self._after, []
        return following

    def _mark(self, properties: Element | None, style: str | None) -> str:
        place = list_place(properties) or self._styles.list_place(style)
        mark = self._numbering.mark(place, style) if place else ""
        if not (place and mark):
            return ""
        indent = 0 if self._styles.is_heading(style) else self._numbering.level(place, style)
        return f"{'  ' * indent}{mark} "

    def _table(self, table: Element, part: str) -> Iterator[Block]:
        rows = _rows(table)
        if all(len(cells) <= 1 for cells in rows):  # it frames what stands in it
            for cells in rows:
                for cell in cells:
                    yield from self.blocks(cell, part)
            return
        for cells in rows:
            texts = [self._cell(cell, part) for cell in cells]
            if any(texts):
                yield Block(_CELLS.join(texts).strip(), part, "row")
            yield from self._following()

    def _cell(self, cell: Element, part: str) -> str:
        """Read a cell as one line; of cells that are merged, the first has the text."""
        merged = [property_of(cell, "tcPr", name) for name in ("vMerge", "hMerge")]
        if any(one is not None and attribute(one) in {None, "continue"} for one in merged):
            return ""
        pieces = []
        for child in children(cell, "p", "tbl"):
            if local_name(child) == "tbl":
                pieces.append(self._nested_table(child, part))
            elif block := self._paragraph(child, part):
                pieces.append(block.text)
        return _SPACES.sub(" ", " ".join(filter(None, pieces))).strip()

    def _nested_table(self, table: Element, part: str) -> str:
        """Read a table in a cell: its rows parted by semicolons, their cells by commas."""
        rows = ([self._cell(cell, part) for cell in cells] for cells in _rows(table))
        return "; ".join(", ".join(filter(None, cells)) for cells in rows if any(cells))


def _rows(table: Element) -> list[list[Element]]:
    """Return the cells of a table, row by row, but for rows and cells that are deleted."""
    rows = (row for row in children(table, "tr") if property_of(row, "trPr", "del") is None)
    return [[cell for cell in children(row, "tc") if property_of(cell, "tcPr", "cellDel") is None] for row in rows]
