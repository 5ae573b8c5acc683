"""Tables -> lines: a row a line, its cells told apart; where a table is there for the layout alone, what it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slotfill.extractors.documents.readers.markup.flow import TextLine

__all__ = ["Grid"]

_BETWEEN = " | "

_MOST_LINES = 4
_MOST_CHARACTERS = 400
"""What a cell that stands in a line with others holds at most: an address has so much, a column of news more."""

_WIDEST = 256
"""The columns up to which cells are kept below one another: a cell may say that it spans a thousand."""

_Cell = Sequence[TextLine]


class Grid:
    """The rows of a table, as they come."""

    def __init__(self) -> None:
        self._rows: list[list[_Cell]] = []
        self._below: dict[int, int] = {}  # by column, the further rows that a cell from above fills

    def begin_row(self) -> None:
        """Begin a row."""
        self._rows.append([])
        self._skip()

    def add(self, cell: _Cell, columns: int = 1, rows: int = 1) -> None:
        """Add a cell to the row. columns, rows: how many it fills; in those after the first it is empty."""
        if not self._rows:
            self.begin_row()
        row = self._rows[-1]
        if columns <= 1 and rows <= 1:  # nearly all
            row.append(cell)
            self._skip()
            return
        for number in range(max(1, min(columns, _WIDEST - len(row)))):
            if rows > 1 and len(row) < _WIDEST:
                self._below[len(row)] = rows - 1
            row.append(() if number else cell)
        self._skip()

    def lines(self) -> Iterator[TextLine]:
        """Yield the lines of all rows."""
        seen = [False] * max(map(len, self._rows), default=0)
        for row in self._rows:  # not column by column: one row of a million cells would make as many of each
            for number, cell in enumerate(row):
                if cell:
                    seen[number] = True
        for row in self._rows:
            cells = [cell for cell, is_seen in zip(row, seen, strict=False) if is_seen]
            while cells and not cells[-1]:
                cells.pop()
            yield from _line(cells) if all(map(_is_short, cells)) else _blocks(cells)

    def _skip(self) -> None:
        """Pass by the columns that a cell from a row above fills."""
        if not self._below:
            return
        row = self._rows[-1]
        while rows := self._below.pop(len(row), 0):
            if rows > 1:
                self._below[len(row)] = rows - 1
            row.append(())


def _is_short(cell: _Cell) -> bool:
    """Whether a cell is one paragraph that stands well in a line: `14 Sawpit Lane<br>Bristol`."""
    # Most cells have one line or none; one that holds a table may have ten thousand, at each of 500 levels.
    if len(cell) == 1:
        return 0 < len(cell[0].text) <= _MOST_CHARACTERS
    return len(cell) <= _MOST_LINES and all(line.text for line in cell) and _length(cell) <= _MOST_CHARACTERS


def _length(cell: _Cell) -> int:
    return sum(len(line.text) for line in cell)


def _line(cells: Sequence[_Cell]) -> Iterator[TextLine]:
    if len(cells) == 1:
        yield from cells[0]
    elif cells:
        text = _BETWEEN.join(
            [cell[0].text if len(cell) == 1 else " ".join(line.text for line in cell) for cell in cells]
        )
        yield TextLine(text.strip(" "), all(line.quoted for cell in cells for line in cell))


def _blocks(cells: Sequence[_Cell]) -> Iterator[TextLine]:
    for number, cell in enumerate(filter(None, cells)):
        if number:
            yield TextLine("")
        yield from cell
