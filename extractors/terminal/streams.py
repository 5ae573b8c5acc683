"""Which streams are terminals, and what they take."""

from __future__ import annotations

import os
from typing import IO, Any

__all__ = ["is_terminal", "takes_colour", "takes_control"]

_NO_CONTROL = ("dumb", "unknown")


def is_terminal(stream: IO[Any] | None) -> bool:
    """Whether what is written to a stream is shown to a person at once; a closed one is none."""
    return stream is not None and not stream.closed and stream.isatty()


def takes_control(stream: IO[Any] | None) -> bool:
    """Whether a stream is a terminal that can be told to clear a line."""
    return is_terminal(stream) and os.environ.get("TERM", "").lower() not in _NO_CONTROL


def takes_colour(stream: IO[Any] | None) -> bool:
    """Whether a stream is a terminal that shows colours, and NO_COLOR (https://no-color.org) asks for none."""
    return takes_control(stream) and not os.environ.get("NO_COLOR")
