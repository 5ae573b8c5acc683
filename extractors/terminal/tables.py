"""Tables on a terminal: a row a line, cells broken where there is no room, nothing that drives the terminal."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TextIO

from slotfill.extractors.terminal.colours import Colour
from slotfill.extractors.terminal.terminal_console import terminal_console
from slotfill.extractors.terminal.visible_text import visible

__all__ = ["show_heading", "show_table"]

_STATES = {
    **dict.fromkeys(("ok", "right", "valid"), Colour.GREEN),
    **dict.fromkeys(("missing", "not decided", "advice"), Colour.AMBER),
    **dict.fromkeys(("failed", "broken"), f"bold {Colour.RED}"),
}
"""The colours of words that stand alone in a cell."""

_GAP = "  "

_NO_STYLES: Mapping[int, str] = {}


def show_table(
    rows: Sequence[Sequence[str]],
    stream: TextIO,
    *,
    header: Sequence[str] = (),
    to_right: Collection[int] = (),
    styles: Mapping[int, str] = _NO_STYLES,
    spare: Sequence[int] = (),
) -> None:
    """Show a table on a terminal.

    Args:
        rows: The cells of each row; a row may end early.
        stream: The terminal.
        header: What stands above the columns.
        to_right: The columns, from 0, whose cells stand to the right: figures.
        styles: Of rows, from 0, in rich's words: "bold".
        spare: The columns that go where there is no room, the first of them first.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=box.SIMPLE_HEAD if header else None,
        show_header=bool(header),
        pad_edge=False,
        show_edge=False,
        padding=(0, 1, 0, 0),
    )
    console = terminal_console(stream)
    columns = _fitting([header, *rows], spare, console.width)
    for column in columns:
        title = Text(visible(header[column])) if column < len(header) else ""
        table.add_column(title, justify="right" if column in to_right else "left", overflow="fold", header_style="bold")
    for number, row in enumerate(rows):
        cells = (row[column] if column < len(row) else "" for column in columns)
        table.add_row(*(Text(visible(cell), _STATES.get(cell, "")) for cell in cells), style=styles.get(number, ""))
    console.print(table)


def _fitting(rows: Sequence[Sequence[str]], spare: Sequence[int], width: int) -> list[int]:
    """Return the columns that a table has of so many columns of the terminal: a Chinese character takes two."""
    from rich.cells import cell_len

    widths = [max((cell_len(row[at]) for row in rows if at < len(row)), default=0) for at in range(max(map(len, rows)))]
    columns = [*range(len(widths))]
    for column in spare:
        if sum(widths[at] + len(_GAP) for at in columns) - len(_GAP) <= width:
            break
        columns.remove(column)
    return columns


def show_heading(text: str, stream: TextIO) -> None:
    """Show a line that stands out."""
    terminal_console(stream).print(visible(text), style="bold")
