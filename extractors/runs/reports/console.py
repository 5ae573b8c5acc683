"""What a terminal shows: how far a download is, and nothing that a document would have it do."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from slotfill.extractors.record.json_text import CONTROLS

__all__ = ["printable", "show_step", "transfer"]

_UNPRINTABLE = re.compile(rf"[{CONTROLS}\r\u202a-\u202e\u2066-\u2069]|\n(?!\Z)")
"""Controls, what turns the direction of a line, and line ends but the last one: a message is a line."""


def printable(text: str) -> str:
    """Show control characters as escapes, so that no file name or document drives a terminal."""
    return _UNPRINTABLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


@contextmanager
def transfer() -> Iterator[Callable[[int, int], None]]:
    """Show how far a download is, on a terminal; yield what to call with the bytes done and in all."""
    if not sys.stderr.isatty():
        yield lambda _, __: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def show_step(text: str) -> None:
    """Show on a terminal what is being done, in place of the step before."""
    if sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
