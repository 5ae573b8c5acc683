"""What writes styled text to a terminal, whatever characters that has."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, TextIO

from slotfill.extractors.terminal.streams import takes_colour

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["terminal_console"]

_RAISING = ("strict", "surrogateescape")
"""How a stream writes by default what its encoding does not have: by an error, in a locale without a language too."""


def terminal_console(stream: TextIO) -> Console:
    """Return a console for a stream, with colours where it takes them.

    What the stream's encoding does not have is written as an escape from here on: not every terminal is in UTF-8.
    """
    from rich.console import Console

    if isinstance(stream, io.TextIOWrapper) and stream.errors in _RAISING:
        stream.reconfigure(errors="backslashreplace")
    return Console(
        file=stream,
        highlight=False,
        markup=False,
        emoji=False,
        color_system="256" if takes_colour(stream) else None,
    )
