"""Reports that come by way of a cluster: twice, too late, or of an earlier start. Each counts once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import uuid4

from slotfill.extractors.distributed.coordinator import Coordinator
from slotfill.extractors.distributed.worker_messages import Orders, WorkerReport

__all__ = ["Correspondence"]


@dataclass(slots=True)
class _Correspondent:
    """A worker that is known: when it was heard of, and what its last report was answered with."""

    heard_at: float
    number: int
    orders: Orders


class Correspondence:
    """Has workers that nobody started here report to a coordinator.

    A cluster that has lost an answer sends the report again, and what it was answered with may be the only word of
    documents and leases that are in the worker's hands by now: it gets the same answer. A worker that was taken for
    lost begins anew under another name.

    started: names this start of the coordinator. heard_at: when anybody was heard of.
    """

    def __init__(self, coordinator: Coordinator, now: Callable[[], float] = time.monotonic) -> None:
        self.started = uuid4().hex
        self.heard_at = now()
        self._coordinator, self._now = coordinator, now
        self._workers: dict[str, _Correspondent] = {}

    def exchange(self, worker: str, started: str | None, number: int, report: WorkerReport) -> Orders | None:
        """Answer a report with orders; with none where its worker is to begin anew.

        started: as the worker knows it, None in its first report. number: of the report, one more each time.
        """
        self.heard_at = self._now()
        known = self._workers.get(worker)
        if known is not None and number == known.number:
            return known.orders
        if started != (None if known is None else self.started) or (known is not None and number != known.number + 1):
            return None
        orders = self._coordinator.exchange(worker, report)
        self._workers[worker] = _Correspondent(self.heard_at, number, orders)
        return orders

    def alive(self, worker: str) -> None:
        """Take note that a worker is there, whatever keeps it from its reports."""
        if worker in self._workers:
            self._workers[worker].heard_at = self._now()

    def give_up(self, seconds: float) -> None:
        """Take those for lost that nobody has heard of for so long."""
        for worker in [*self._silent_for(seconds)]:
            del self._workers[worker]
            self._coordinator.lost(worker, f"gave no sign of life for {seconds:.0f} seconds")

    def _silent_for(self, seconds: float) -> Iterator[str]:
        for worker, known in self._workers.items():
            if self._now() - known.heard_at > seconds:
                yield worker
