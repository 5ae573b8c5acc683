"""A pool of workers: as many as there are to be, each driven by a coordinator, and replaced where it is lost."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from slotfill.extractors.clients.pacer import Pacer
from slotfill.extractors.distributed.coordinator import Coordinator
from slotfill.extractors.distributed.extraction_worker import IDLE_SECONDS
from slotfill.extractors.distributed.leases.leased_pacer import LENT_SHARE
from slotfill.extractors.distributed.leases.money_leases import MoneyLeases
from slotfill.extractors.distributed.leases.rate_leases import RateLeases
from slotfill.extractors.distributed.recipe import Recipe
from slotfill.extractors.distributed.worker_messages import SILENT_SECONDS, Orders, WorkerReport
from slotfill.extractors.errors import StoppedError
from slotfill.extractors.extractor import Extractor
from slotfill.extractors.runs.asking import Asking
from slotfill.extractors.runs.budget import Budget
from slotfill.extractors.runs.engine import ExtractElsewhere
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.extractors.telemetry.live_gauges import LIVE

__all__ = ["WorkerLink", "WorkerLostError", "WorkerPool"]

LOOKS = 10
"""How often it is looked for a report before a worker is taken to hang: this process may be held up, too."""

MOST_FALSE_STARTS = 3
"""So many workers in a row that end before they have reported anything mean that it is none of them."""


class WorkerLostError(Exception):
    """A worker is no more. The message says of it what is known of its end."""


class WorkerLink(ABC):
    """A worker as whoever drives it sees it."""

    @abstractmethod
    async def step(self, orders: Orders) -> WorkerReport:
        """Have it do what is ordered, and return its report.

        Raises WorkerLostError where it is no more, and what it raised itself, a SlotfillError.
        """

    @abstractmethod
    async def close(self) -> None:
        """End it, at once if it has not ended."""


class WorkerPool(ABC):
    """Workers that extract in place of this process: a `RunEngine` of `runs.session`.

    workers: how many. concurrency: how many requests each may have in flight.
    """

    def __init__(self, extractor: Extractor[Any], *, workers: int, concurrency: int) -> None:
        self.recipe = Recipe.of(extractor)
        self.concurrency = concurrency
        # Twice as many as are at work, so that none waits for the next one to be read and handed over.
        self.places = 2 * workers * concurrency
        self._extractor, self._workers = extractor, workers
        self._numbers = count(1)
        self._false_starts = 0

    @abstractmethod
    async def start(self) -> WorkerLink:
        """Start a worker. Raises SlotfillError where none can be had, and WorkerLostError where it ended at once."""

    @asynccontextmanager
    async def at_work(self, ledger: Ledger, budget: Budget, asking: Asking) -> AsyncIterator[ExtractElsewhere]:
        """Have the workers at work while it is entered; give what has a document extracted."""
        coordinator = self._coordinator(ledger, budget, asking)
        leaving = asyncio.Event()
        tasks = [asyncio.create_task(self._keep_one(coordinator, asking, leaving)) for _ in range(self._workers)]
        try:
            yield coordinator.extract
            leaving.set()
            coordinator.wake()
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _coordinator(self, ledger: Ledger, budget: Budget, asking: Asking) -> Coordinator:
        settings = self._extractor.settings
        pacer = Pacer(rpm=settings.rpm, itpm=settings.itpm, otpm=settings.otpm, share=LENT_SHARE)
        LIVE.pace(pacer)
        return Coordinator(
            asking,
            ledger,
            RateLeases(pacer),
            MoneyLeases(budget, ledger.account),
            schema=self._extractor.schema,
            model=self._extractor.model.id,
        )

    async def _keep_one(self, coordinator: Coordinator, asking: Asking, leaving: asyncio.Event) -> None:
        """Have one worker at work, and another one in its place where it is lost, until all are to leave."""
        while not leaving.is_set() and not asking.halted:
            try:
                await self._drive(coordinator, leaving)
            except WorkerLostError as error:
                self._false_starts += 1
                if self._false_starts >= MOST_FALSE_STARTS:
                    reason = f"{MOST_FALSE_STARTS} workers in a row have ended as they began; the last one {error}"
                    asking.halt(StoppedError(reason))
            except Exception as error:  # noqa: BLE001 - it ends the run, which would wait for documents for ever
                asking.halt(error)
        if asking.halted:
            coordinator.drop()

    async def _drive(self, coordinator: Coordinator, leaving: asyncio.Event) -> None:
        """Start a worker, and have it do what the coordinator orders to its end."""
        link, name = await self.start(), str(next(self._numbers))
        report, orders = WorkerReport(), Orders()
        try:
            while not orders.leaving:
                await coordinator.wait_for_news(name, IDLE_SECONDS)
                orders = coordinator.exchange(name, report)
                orders.leaving = leaving.is_set()
                report = await _heard(link, orders)
                self._false_starts = 0
            coordinator.exchange(name, report)
            coordinator.left(name)
        except WorkerLostError as error:
            coordinator.lost(name, str(error))
            raise
        except BaseException:
            coordinator.lost(name)
            raise
        finally:
            await link.close()


async def _heard(link: WorkerLink, orders: Orders) -> WorkerReport:
    """Have a worker do what is ordered, and return its report. Raises WorkerLostError where it hangs, too."""
    step = asyncio.ensure_future(link.step(orders))
    try:
        for _ in range(LOOKS):
            if (await asyncio.wait([step], timeout=SILENT_SECONDS / LOOKS))[0]:
                return step.result()
        raise WorkerLostError(f"said nothing for {SILENT_SECONDS:.0f} seconds, and was ended")
    finally:
        step.cancel()
