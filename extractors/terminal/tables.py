"""Tables on a terminal: a row a line, cells broken where there is no room, nothing that drives the terminal."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from slotfill.extractors.terminal.streams import takes_colour
from slotfill.extractors.terminal.visible_text import visible

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["show_heading", "show_table"]

_STATES = {
    **dict.fromkeys(("ok", "right", "valid"), "green"),
    **dict.fromkeys(("missing", "not decided", "advice"), "yellow"),
    **dict.fromkeys(("failed", "broken"), "bold red"),
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
    console = _console(stream)
    columns = _fitting([header, *rows], spare, console.width)
    for column in columns:
        title = Text(visible(header[column])) if column < len(header) else ""
        table.add_column(title, justify="right" if column in to_right else "left", overflow="fold", header_style="bold")
    for number, row in enumerate(rows):
        cells = (row[column] if column < len(row) else "" for column in columns)
        table.add_row(*(Text(visible(cell), _STATES.get(cell, "")) for cell in cells), style=styles.get(number, ""))
    console.print(table)


def _fitting(rows: Sequence[Sequence[str]], spare: Sequence[int], width: int) -> list[int]:
    """Return the columns that a table of so many characters a line has."""
    widths = [max((len(row[at]) for row in rows if at < len(row)), default=0) for at in range(max(map(len, rows)))]
    columns = [*range(len(widths))]
    for column in spare:
        if sum(widths[at] + len(_GAP) for at in columns) - len(_GAP) <= width:
            break
        columns.remove(column)
    return columns


def show_heading(text: str, stream: TextIO) -> None:
    """Show a line that stands out."""
    _console(stream).print(visible(text), style="bold")


def _console(stream: TextIO) -> Console:
    from rich.console import Console

    return Console(
        file=stream,
        highlight=False,
        markup=False,
        emoji=False,
        color_system="auto" if takes_colour(stream) else None,
    )
