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

_NO_STYLES: Mapping[int, str] = {}


def show_table(
    rows: Sequence[Sequence[str]],
    stream: TextIO,
    *,
    header: Sequence[str] = (),
    to_right: Collection[int] = (),
    styles: Mapping[int, str] = _NO_STYLES,
) -> None:
    """Show a table on a terminal.

    Args:
        rows: The cells of each row; a row may end early.
        stream: The terminal.
        header: What stands above the columns.
        to_right: The columns, from 0, whose cells stand to the right: figures.
        styles: Of rows, from 0, in rich's words: "bold".
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=box.SIMPLE_HEAD if header else None,
        show_header=bool(header),
        pad_edge=False,
        show_edge=False,
        padding=(0, 1),
    )
    width = max(map(len, [header, *rows]))
    for column in range(width):
        title = Text(visible(header[column])) if column < len(header) else ""
        table.add_column(title, justify="right" if column in to_right else "left", overflow="fold", header_style="bold")
    for number, row in enumerate(rows):
        table.add_row(*(Text(visible(cell), _STATES.get(cell, "")) for cell in row), style=styles.get(number, ""))
    _console(stream).print(table)


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
