"""What a terminal shows: how far a run or a download is, and nothing that a document would have it do."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from slotfill.extractors.record.json_text import CONTROLS

if TYPE_CHECKING:
    from slotfill.extractors.runs.reports.totals import Totals

__all__ = ["printable", "progress", "show_step", "transfer"]

REFRESH_RATE = 4
"""How often a second a terminal shows how far a run is."""

_UNPRINTABLE = re.compile(rf"[{CONTROLS}\r\u202a-\u202e\u2066-\u2069]|\n(?!\Z)")
"""Controls, what turns the direction of a line, and line ends but the last one: a message is a line."""


def printable(text: str) -> str:
    """Show control characters as escapes, so that no file name or document drives a terminal."""
    return _UNPRINTABLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


class _Display:
    """What a terminal shows of a run: the latest totals, read as often as it is drawn."""

    def __init__(self, total: int | None) -> None:
        self._total = total
        self.totals: Totals | None = None

    def __rich__(self) -> Any:
        """Draw it."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        from slotfill.extractors.runs.reports.run_summary import status

        done = self.totals.documents if self.totals else 0
        rows = Table.grid(padding=(0, 1))
        bar = ProgressBar(total=self._total, completed=done, width=24, pulse=self._total is None)
        first, *others = status(self.totals, self._total) if self.totals else ("",)
        rows.add_row(bar, first)
        for other in others:
            rows.add_row("", other)
        return rows


@contextmanager
def progress(total: int | None, *, enabled: bool) -> Iterator[Callable[[Totals], None]]:
    """Show how far a run is, on a terminal; yield what to call after each document. total: None where not known."""
    if not (enabled and sys.stderr.isatty()):
        yield lambda _: None
        return
    from rich.console import Console
    from rich.live import Live

    display = _Display(total)

    def show(totals: Totals) -> None:
        display.totals = totals

    with Live(display, console=Console(stderr=True), refresh_per_second=REFRESH_RATE, transient=True):
        yield show


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
