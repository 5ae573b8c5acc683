"""How many documents a run has: known at once, or counted beside it while it is at work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from slotfill.extractors.documents.sources import Sources

__all__ = ["DocumentCount"]


class DocumentCount:
    """The number of documents that some sources have, of which a run takes at most `limit`.

    Attributes:
        total: As far as is known: None while rows have not been counted, and for ever where they cannot be.
    """

    def __init__(self, sources: Sources, limit: int | None) -> None:
        self._sources, self._limit = sources, limit
        self.total: int | None = None
        self._set(sources.count)

    @contextmanager
    def counting(self, *, enabled: bool = True) -> Iterator[None]:
        """Count in another thread what is not known yet; leaving gives it up. Nothing that can be read but once is."""
        if self.total is not None or not enabled:
            yield
            return
        ended = Event()
        Thread(target=self._count, args=(ended,), name="slotfill-count", daemon=True).start()
        try:
            yield
        finally:
            ended.set()

    def _count(self, ended: Event) -> None:
        self._set(self._sources.count_rows(ended.is_set))

    def _set(self, count: int | None) -> None:
        if count is not None:
            self.total = count if self._limit is None else min(count, self._limit)
