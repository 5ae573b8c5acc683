"""What a terminal shows: how far a download is, which step is at work, and nothing that a document would have it do."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from slotfill.extractors.record.json_text import CONTROLS
from slotfill.extractors.terminal.progress import Progress
from slotfill.extractors.terminal.standing_line import progress_line
from slotfill.extractors.terminal.visible_text import TURNING

__all__ = ["printable", "step_line", "transfer_line"]

_MEGABYTE = 1_000_000

_UNPRINTABLE = re.compile(rf"[{CONTROLS}\r{TURNING}]|\n(?!\Z)")
"""Also line ends but the last one: a message is a line."""


def printable(text: str) -> str:
    """Show control characters as escapes, so that no file name or document drives a terminal."""
    return _UNPRINTABLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


@contextmanager
def transfer_line() -> Iterator[Callable[[int, int], None]]:
    """Show how far a download is, on a terminal; yield what to call with the bytes done and in all, 0 if not known."""
    started, done, total = time.monotonic(), 0, 0

    def tell(*counts: int) -> None:
        nonlocal done, total
        done, total = counts

    def progress() -> Progress:
        seconds = time.monotonic() - started
        return Progress(done // _MEGABYTE, total // _MEGABYTE or None, seconds=seconds, unit="MB")

    with progress_line(progress):
        yield tell


@contextmanager
def step_line() -> Iterator[Callable[[str], None]]:
    """Show on a terminal what is being done; yield what to call with each step."""
    step = _Step("")

    def tell(text: str) -> None:
        nonlocal step
        step = _Step(text)

    with progress_line(lambda: step):
        yield tell


class _Step(NamedTuple):
    text: str

    def pieces(self, width: int) -> list[tuple[str, str]]:
        return [(printable(self.text)[:width], "")]
