"""How far a mapping of many texts is, wherever it is looked at: in a notebook, on a terminal; elsewhere nowhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from decimal import Decimal
from threading import Lock
from typing import Any

from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.record.money import add_money, money_text
from slotfill.extractors.terminal.notebook_line import is_notebook, notebook_line
from slotfill.extractors.terminal.progress import Progress
from slotfill.extractors.terminal.standing_line import progress_line

__all__ = ["mapping_progress"]


@contextmanager
def mapping_progress(texts: Iterable[object], *, enabled: bool) -> Iterator[Callable[[Extraction[Any]], None]]:
    """Show how far a mapping is; yield what to call with each extraction, from whatever thread.

    Args:
        texts: What is mapped: how many they are is known of those that have a length.
        enabled: Whether it is shown.
    """
    tally = _Tally(len(texts) if isinstance(texts, Sized) else None)
    if not enabled:
        yield tally.add
        return
    with notebook_line(tally.progress) if is_notebook() else progress_line(tally.progress):
        yield tally.add


class _Tally:
    def __init__(self, total: int | None) -> None:
        self._total = total
        self._started = time.monotonic()
        self._lock = Lock()
        self._done = self._failed = 0
        self._cost: Decimal | None = Decimal(0)

    def add(self, extraction: Extraction[Any]) -> None:
        """Count one."""
        with self._lock:
            self._done += 1
            self._failed += not extraction.ok
            self._cost = add_money(self._cost, extraction.cost_usd)

    def progress(self) -> Progress:
        """Return how far it is."""
        with self._lock:
            return Progress(
                self._done,
                self._total,
                seconds=time.monotonic() - self._started,
                note=money_text(self._cost) if self._cost else "",
                trouble=f"{self._failed:,} without a value" if self._failed else "",
            )
