"""A line that stands at the foot of a terminal while something is at work, and never stays behind.

What is written meanwhile, to standard output or standard error, stands above it.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from threading import Event, RLock, Thread
from typing import IO, Any, Protocol, TextIO

from slotfill.extractors.terminal.streams import is_terminal, takes_control
from slotfill.extractors.terminal.terminal_console import terminal_console

__all__ = ["LinePieces", "progress_line", "redrawn"]

APPEARS_AFTER = 1.0
"""In seconds: what is done by then needs no line."""

REDRAWN_AFTER = 0.25
"""In seconds."""

_PLAIN = str.maketrans("━─", "=-")
"""For a terminal whose encoding has no lines."""


class LinePieces(Protocol):
    """What a line says, in as many words as there is room for."""

    def pieces(self, width: int) -> Sequence[tuple[str, str]]:
        """Return texts with their styles, as rich names these, no longer than `width` columns."""


@contextmanager
def redrawn(draw: Callable[[], None], *, appears_after: float = REDRAWN_AFTER) -> Iterator[None]:
    """Have something drawn again and again from another thread, in a copy of this context.

    Args:
        draw: Draws it. It is not at work any more when this is left.
        appears_after: When it is first called, in seconds.
    """
    ended = Event()

    def draw_until_ended() -> None:
        wait = appears_after
        while not ended.wait(wait):
            draw()
            wait = REDRAWN_AFTER

    thread = Thread(target=copy_context().run, args=(draw_until_ended,), name="slotfill-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def progress_line(progress: Callable[[], LinePieces], *, appears_after: float = APPEARS_AFTER) -> Iterator[None]:
    """Show on a terminal how far something is, in a line that goes when it ends; elsewhere do nothing.

    Args:
        progress: Says how far it is; is called from another thread, as often as the line is drawn.
        appears_after: In seconds.
    """
    if not takes_control(sys.stderr):
        yield
        return
    line = _StandingLine(sys.stderr, progress)
    with _above(line):
        try:
            with redrawn(line.draw, appears_after=appears_after):
                yield
        finally:
            line.clear()


class _StandingLine:
    """The line. Whoever writes to the terminal has it cleared before; it is drawn again behind what ends a line."""

    def __init__(self, stream: TextIO, progress: Callable[[], LinePieces]) -> None:
        self._stream, self._progress = stream, progress
        self._console = terminal_console(stream)
        self._lock = RLock()
        self._drawn, self._length = "", 0
        self._standing, self._at_start = False, True

    def draw(self) -> None:
        """Draw it, in place of what it was."""
        progress = self._progress()
        with self._lock:
            # The last column is left free: a cursor behind it would be in the next line on some terminals.
            pieces = progress.pieces(self._console.width - 1)
            self._erase()
            self._drawn, self._length = self._rendered(pieces), sum(len(text) for text, _ in pieces)
            self._show()

    def clear(self) -> None:
        """Take it away."""
        with self._lock:
            self._erase()
            self._drawn = ""
            self._stream.flush()

    def write(self, write: Callable[[], int], *, ends_line: bool) -> int:
        """Have something written above it. ends_line: whether it ends with a line end, so that the line may follow."""
        with self._lock:
            self._erase()
            self._stream.flush()
            written = write()
            self._at_start = ends_line
            self._show()
            return written

    def _rendered(self, pieces: Sequence[tuple[str, str]]) -> str:
        from rich.text import Text

        with self._console.capture() as captured:
            self._console.print(Text.assemble(*pieces), end="", soft_wrap=True)
        shown = captured.get()
        return shown if _writes_lines(self._stream) else shown.translate(_PLAIN)

    def _show(self) -> None:
        if self._drawn and self._at_start:
            self._stream.write(self._drawn)
            self._stream.flush()
            self._standing = True

    def _erase(self) -> None:
        if self._standing:
            # In a window that was made narrower since, it takes more rows than one.
            above = max(self._length - 1, 0) // max(self._console.width, 1)
            self._stream.write("\r\x1b[2K" + above * "\x1b[1A\x1b[2K")
            self._standing = False


def _writes_lines(stream: TextIO) -> bool:
    try:
        "━─".encode(stream.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def _above(line: _StandingLine) -> Iterator[None]:
    """Have what is written to the terminal by this process written above a line."""
    streams = {name: getattr(sys, name) for name in ("stdout", "stderr")}
    for name, stream in streams.items():
        if is_terminal(stream):
            setattr(sys, name, _Above(stream, line))
    try:
        yield
    finally:
        for name, stream in streams.items():
            if isinstance(getattr(sys, name), _Above):
                setattr(sys, name, stream)


class _Above(io.TextIOBase):
    """A terminal's stream of texts, above a line."""

    def __init__(self, stream: TextIO, line: _StandingLine) -> None:
        self._stream, self._line = stream, line
        if hasattr(stream, "buffer"):
            self.buffer = _BytesAbove(stream.buffer, line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def encoding(self) -> str:  # type: ignore[override]  # the stream's
        return self._stream.encoding

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._stream.fileno()

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        def write() -> int:
            count = self._stream.write(text)
            self._stream.flush()
            return count

        # Nothing at all is what click writes to find out whether a stream takes bytes: this one must refuse them.
        return self._line.write(write, ends_line=text.endswith("\n")) if text else write()

    def flush(self) -> None:
        self._stream.flush()


class _BytesAbove(io.RawIOBase):
    """A terminal's stream of bytes, above a line."""

    def __init__(self, stream: IO[bytes], line: _StandingLine) -> None:
        self._stream, self._line = stream, line

    def fileno(self) -> int:
        return self._stream.fileno()

    def isatty(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # bytes alone are written here
        def write() -> int:
            count = self._stream.write(data)
            self._stream.flush()
            return count

        return self._line.write(write, ends_line=data.endswith(b"\n")) if data else 0

    def flush(self) -> None:
        self._stream.flush()
