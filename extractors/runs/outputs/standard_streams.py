"""The standard streams of the process, whatever a shell has done to them: `>&-`, `2>/dev/full`, `<&-`."""

from __future__ import annotations

import io
import os
import sys
from typing import IO

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None  # type: ignore[assignment]  # mypy reads it as on POSIX

__all__ = ["check_writable", "drop_unwritten", "settle_streams"]

_STDIN, _STDOUT, _STDERR = range(3)


def settle_streams() -> None:
    """See that no other file gets the number of a stream, and that what is said to standard error ends nothing.

    The next file that a process opens takes the number of a stream that is closed: what is printed would be written
    into it. A closed standard input stays None. Writing to a closed standard output fails, writing to a closed or full
    standard error does nothing.
    """
    for number in (_STDIN, _STDOUT, _STDERR):
        try:
            os.fstat(number)
        except OSError:
            # Open for reading alone, so that writing fails as on a closed stream. It is the lowest free number.
            os.open(os.devnull, os.O_WRONLY if number == _STDERR else os.O_RDONLY)
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(_STDOUT, "w", closefd=False)), "utf-8")
    if sys.stderr is sys.__stderr__:  # nobody else's
        encoding = "utf-8" if sys.stderr is None else sys.stderr.encoding
        raw = io.BufferedWriter(_Unfailing(_STDERR, "w", closefd=False))
        sys.stderr = io.TextIOWrapper(raw, encoding, "backslashreplace", line_buffering=True)


def check_writable(stream: IO[bytes]) -> None:
    """Raise OutputError where a stream is closed, or open for reading alone, before anything is paid for."""
    if fcntl is None:
        return
    try:
        flags = fcntl.fcntl(stream.fileno(), fcntl.F_GETFL)
    except (OSError, AttributeError):
        return  # what is no file of the system can be written
    if flags & os.O_ACCMODE == os.O_RDONLY:
        from slotfill.extractors.errors import OutputError  # every command, --help too, imports this module

        raise OutputError("standard output is closed: name an output with -o")


def drop_unwritten() -> None:
    """Drop what standard output holds and cannot write: it would be tried again, and complained of, at the exit."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STDOUT)


class _Unfailing(io.FileIO):
    """Writes what can be written, and takes the rest."""

    def write(self, data: object) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type]  # bytes of any kind
        except OSError:
            return len(data)  # type: ignore[arg-type]  # likewise
