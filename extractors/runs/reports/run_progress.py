"""How far a run is, while it is at work: a line on a terminal, a line of the log now and then elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from slotfill.extractors.runs.reports.run_summary import progress_of
from slotfill.extractors.runs.reports.totals import Totals
from slotfill.extractors.terminal.progress import Progress
from slotfill.extractors.terminal.standing_line import progress_line
from slotfill.extractors.terminal.streams import is_terminal

__all__ = ["run_progress"]

LOGGED_AFTER = 60.0
"""In seconds: so often a log says how far a run is, for those who want all documents."""

_logger = logging.getLogger("slotfill")


@contextmanager
def run_progress(total: Callable[[], int | None], *, enabled: bool = True) -> Iterator[Callable[[Totals], None]]:
    """Show how far a run is; yield what to call with its totals when documents have ended.

    Args:
        total: Says how many documents there are; None where that is not known, or not yet.
        enabled: Whether a terminal shows it.
    """
    if not is_terminal(sys.stderr):
        yield _Log(total).tell
        return
    latest = Totals()

    def show(totals: Totals) -> None:
        nonlocal latest
        latest = totals

    if enabled:
        with progress_line(lambda: progress_of(latest, total())):
            yield show
    else:
        yield show


class _Log:
    def __init__(self, total: Callable[[], int | None]) -> None:
        self._total = total
        self._next = time.monotonic() + LOGGED_AFTER

    def tell(self, totals: Totals) -> None:
        """Log how far a run is, unless that was done a short while ago."""
        if (now := time.monotonic()) < self._next:
            return
        self._next = now + LOGGED_AFTER
        progress = progress_of(totals, self._total())
        written = {"written": totals.writing.done} if totals.writing else {}
        data = {"documents": totals.documents, **written, **_data(progress)}
        _logger.info("%s", progress.line(), extra={"data": data})


def _data(progress: Progress) -> dict[str, int | float | None]:
    left = progress.seconds_left
    return {
        "total": progress.total,
        "rate": round(progress.rate, 3),
        "seconds_left": None if left is None else round(left),
    }
