"""The engine: many documents through one extractor, several at once, their results in order."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from slotfill.extractors.clients import FATAL
from slotfill.extractors.errors import ModelError
from slotfill.extractors.extractor import AHEAD, Extractor
from slotfill.extractors.partial import Partial
from slotfill.extractors.record import Document, Extraction, Outcome, Usage, usd
from slotfill.extractors.runs.sinks import Sink

__all__ = ["Run", "Tally"]

logger = logging.getLogger("slotfill")


@dataclass(slots=True)
class Tally:
    """What a run has done so far. `cost_usd` and `saved_usd` are None once a price was unknown."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    usage: Usage = Usage()
    cost_usd: Decimal | None = Decimal(0)
    saved_usd: Decimal | None = Decimal(0)

    @property
    def documents(self) -> int:
        """How many documents have ended."""
        return self.outcomes.total()

    @property
    def extracted(self) -> int:
        """How many of them hold a whole and valid value."""
        return sum(count for outcome, count in self.outcomes.items() if outcome.ok)

    def add(self, extraction: Extraction[Any]) -> None:
        """Count one more."""
        self.outcomes[extraction.outcome] += 1
        self.usage += extraction.usage
        self.cost_usd = _plus(self.cost_usd, extraction.cost_usd)
        self.saved_usd = _plus(self.saved_usd, extraction.saved_usd)

    def to_json(self) -> dict[str, Any]:
        """Give the tally as plain JSON data."""
        return {
            "documents": self.documents,
            "extracted": self.extracted,
            "outcomes": {outcome.value: count for outcome, count in sorted(self.outcomes.items())},
            "usage": self.usage.to_json(),
            "cost_usd": usd(self.cost_usd),
            "saved_usd": usd(self.saved_usd),
        }


class Run:
    """One run: documents in, extractions to sinks in the documents' order.

    kept: takes every extraction when `records`, else those with a whole value. rejects: takes the others.
    shown: is called after each extraction is kept, for progress.

    What is finished is always written, also when the run is stopped: by Ctrl-C, by a failure that every further
    request would meet (ModelError), or by an output that cannot be written (OutputError).
    """

    def __init__(
        self,
        extractor: Extractor[Any],
        kept: Sink,
        *,
        rejects: Sink | None = None,
        records: bool = False,
        concurrency: int = 8,
        shown: Callable[[Tally], None] = lambda _: None,
    ) -> None:
        self.tally = Tally()
        self._extractor = extractor
        self._kept, self._rejects, self._records = kept, rejects, records
        self._places, self._slots = asyncio.Semaphore(concurrency), asyncio.Semaphore(concurrency)
        self._ahead = asyncio.Semaphore(concurrency * AHEAD)
        self._shown = shown
        self._finished: dict[int, Extraction[Any]] = {}
        self._next = 0

    def run(self, documents: Iterable[Document]) -> Tally:
        """Run to the end. Raises KeyboardInterrupt, ModelError or OutputError when it was stopped before."""
        with self._committed():
            try:
                asyncio.run(self._drive(documents))
            except* (ModelError, OSError) as stopped:
                raise _first(stopped) from None
        return self.tally

    def stream(self, documents: Iterable[Document], told: Callable[[Document, Partial[Any]], None]) -> Tally:
        """Run to the end, one document after the other, telling what arrives of each. Raises as `run` does."""
        with self._committed():
            for document in documents:
                for event in self._extractor.stream(document):
                    if isinstance(event, Partial):
                        told(document, event)
                    else:
                        self._keep(event)
                        _check(event)
        return self.tally

    @contextmanager
    def _committed(self) -> Iterator[None]:
        """Write what is finished, however the run ends."""
        complete = False
        try:
            yield
            complete = True
        finally:
            for sink in filter(None, (self._kept, self._rejects)):
                sink.commit(complete=complete)

    async def _drive(self, documents: Iterable[Document]) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                for index, document in enumerate(documents):
                    await self._ahead.acquire()
                    tasks.create_task(self._one(index, document))
        finally:
            await self._extractor.aclose()
            # In a run that was stopped some documents are missing; those behind them are kept all the same.
            for index in sorted(self._finished):
                self._keep(self._finished.pop(index))

    async def _one(self, index: int, document: Document) -> None:
        async with self._places:
            extraction = await self._extractor.aextract(document, slots=self._slots)
        self._finished[index] = extraction
        while self._next in self._finished:
            self._keep(self._finished.pop(self._next))
            self._next += 1
            self._ahead.release()
        _check(extraction)

    def _keep(self, extraction: Extraction[Any]) -> None:
        if self._records or extraction.ok:
            self._kept.write(extraction)
        if self._rejects and not extraction.ok:
            self._rejects.write(extraction)
        self.tally.add(extraction)
        _log(extraction)
        self._shown(self.tally)


def _plus(total: Decimal | None, amount: Decimal | None) -> Decimal | None:
    return None if total is None or amount is None else total + amount


def _check(extraction: Extraction[Any]) -> None:
    """Raise ModelError for a failure that every further request would meet too."""
    if extraction.error and extraction.error.type in FATAL:
        raise ModelError(extraction.error.message)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def _log(extraction: Extraction[Any]) -> None:
    """Log ids, sizes, times and outcomes; the value only for those who ask for everything."""
    source = extraction.document.source or "the text"
    if extraction.error:
        place = f" at {extraction.error.path}" if extraction.error.path else ""
        message, _, detail = extraction.error.message.partition("\n")
        data = {"data": {"detail": detail}} if detail else None
        logger.error("%s: %s%s: %s", source, extraction.outcome.value, place, message, extra=data)
    usage = extraction.usage
    counts = (extraction.outcome.value, extraction.ms, usage.input_tokens, usage.output_tokens)
    logger.info("%s: %s in %d ms, %d tokens in, %d out", source, *counts)
    logger.debug("%s: value %s", source, extraction.data)
