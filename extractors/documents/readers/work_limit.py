"""What one step of a library in C may take of the processor: nothing but the process's end ends it before.

It counts in processes of readers alone (see `worker`), and time of the processor, so that a machine with much else at
work ends no reader. Windows has no such clock: there a step may take as long as a reader may be silent.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["OVERWORKED", "at_most", "limit_steps"]

OVERWORKED = -int(getattr(signal, "SIGPROF", 0)) or None
"""The exit code where a step took more."""

_is_limited = False


def limit_steps() -> None:
    """Have this process end where a step takes more than it may."""
    global _is_limited  # noqa: PLW0603 - of the whole process, one for readers
    if OVERWORKED is not None:
        signal.signal(signal.SIGPROF, signal.SIG_DFL)  # its parent may have it ignored
        _is_limited = True


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Bound what is done within it, in a process that `limit_steps` was called in."""
    if not _is_limited:
        yield
        return
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
