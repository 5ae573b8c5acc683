"""The coordinator: what of a run must be in one place while workers extract: its ledger, limits, budget and breaker.

It knows nothing of how workers are started or reached: each report of a worker is answered with orders (`exchange`),
and whoever sees a worker end says so (`lost`, `left`).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from slotfill.extractors.distributed.assignments import MOST_DEATHS, Assignments
from slotfill.extractors.distributed.leases.money_leases import MoneyLeases
from slotfill.extractors.distributed.leases.rate_leases import RateLeases
from slotfill.extractors.distributed.worker_messages import (
    AnswerVerdict,
    AskLease,
    Assignment,
    EndedDocument,
    NewAnswer,
    Orders,
    WorkerReport,
)
from slotfill.extractors.documents.document import Document
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.rungs.asks import Answer, AskName
from slotfill.extractors.rungs.recording import record_failure
from slotfill.extractors.runs.asking import Asking, HaltedError
from slotfill.extractors.runs.breaker import Admission
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.extractors.telemetry.extraction_telemetry import count_extraction
from slotfill.extractors.telemetry.request_telemetry import count_request
from slotfill.extractors.telemetry.trace_context import traceparent
from slotfill.extractors.updating.earlier_record import EarlierRecord
from slotfill.schemas.errors import SlotfillError
from slotfill.schemas.schema import Schema

__all__ = ["Coordinator"]

BLOCK = 64
"""How many documents are handed over at once, at most."""

_logger = logging.getLogger("slotfill")


@dataclass(eq=False, slots=True)
class _Job:
    """A document that is waited for, and what was answered of it in this start."""

    document: Document
    earlier: EarlierRecord | None
    done: asyncio.Future[Extraction[Any]]
    trace: str | None
    answered: list[tuple[AskName, Answer]] = field(default_factory=list)

    def fail(self, error: BaseException) -> None:
        if not self.done.done():
            self.done.set_exception(error)

    def end(self, extraction: Extraction[Any]) -> None:
        if not self.done.done():
            self.done.set_result(extraction)


class Coordinator:
    """Has documents extracted by workers. It belongs to the event loop that its documents are waited for on.

    asking: the run's, which stores answers and asks the breaker. schema, model: what is extracted, and by which model
    first: for the records of documents that are given up.
    """

    def __init__(
        self,
        asking: Asking,
        ledger: Ledger,
        rates: RateLeases,
        money: MoneyLeases,
        *,
        schema: Schema[Any],
        model: str,
    ) -> None:
        self._asking, self._ledger, self._rates, self._money = asking, ledger, rates, money
        self._schema, self._model = schema, model
        self._assignments: Assignments[_Job] = Assignments()
        self._in_flight: dict[str, int] = {}
        self._admissions: dict[int, Admission] = {}
        self._probes: dict[str, int] = {}
        self._news = asyncio.Event()

    async def extract(self, document: Document, earlier: EarlierRecord | None = None) -> Extraction[Any]:
        """Have a document extracted. Raises HaltedError where it was not to be any more, or what its worker met."""
        if self._asking.halted:
            raise HaltedError
        job = _Job(document, earlier, asyncio.get_running_loop().create_future(), traceparent())
        started = time.monotonic()
        self._assignments.add(job)
        self._news.set()
        extraction = await job.done
        count_extraction(extraction, time.monotonic() - started)
        return extraction

    async def wait_for_news(self, worker: str, seconds: float) -> None:
        """Wait until a worker that has nothing to do has something, at most so long; any other does not wait."""
        if self._assignments.is_idle(worker) and not self._assignments.has_work_for(worker):
            self._news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), seconds)

    def wake(self) -> None:
        """Have those look again who wait for news."""
        self._news.set()

    def exchange(self, worker: str, report: WorkerReport) -> Orders:
        """Take a worker's report, and answer it with orders. What they say and lend is stored before."""
        self._settle(worker, report)
        orders = Orders([self._judge(worker, answer) for answer in report.answers])
        for ended in report.ended:
            self._end(worker, ended)
        try:
            self._lend(worker, report, orders)
        except HaltedError:
            pass
        except (SlotfillError, OSError) as error:
            self._asking.halt(error)
        if self._asking.halted:
            orders.halted = True
            self.drop()
        return orders

    def drop(self) -> None:
        """Hand out no document any more: those that wait stay pending."""
        for job in self._assignments.drop():
            job.fail(HaltedError())
        self._news.set()

    def left(self, worker: str) -> None:
        """Forget a worker that has ended as it was to, after its last report."""
        self._money.left(worker)
        self._forget(worker)
        self._assignments.left(worker)

    def lost(self, worker: str, how: str = "is gone") -> None:
        """Take all out of the hands of a worker that is no more; what it held of limits and money counts as used.

        how: it has ended, as a predicate, for the records of documents that are given up.
        """
        self._money.lost(worker)
        self._forget(worker)
        for job in self._assignments.lost(worker):
            job.end(self._given_up(job, how))
        if self._asking.halted:
            self.drop()
        self._news.set()

    def _forget(self, worker: str) -> None:
        self._rates.lost(worker)
        self._count(worker, 0)
        if (probe := self._probes.pop(worker, None)) is not None:
            self._asking.cancelled(self._admissions[probe])

    def _settle(self, worker: str, report: WorkerReport) -> None:
        """Take account of what a worker has done, before anything is made of it."""
        for line in report.log:
            _logger.log(line.level, "%s", line.text)
        self._count(worker, report.in_flight)
        for number in report.begun:
            self._assignments.held(worker, number).begun = True
        self._rates.settle(worker, report.rates)
        self._money.settle(worker, report.money)

    def _count(self, worker: str, in_flight: int) -> None:
        self._in_flight[worker] = in_flight
        self._asking.in_flight = sum(self._in_flight.values())

    def _judge(self, worker: str, new: NewAnswer) -> AnswerVerdict:
        """Store an answer, and say what became of it."""
        held = self._assignments.held(worker, new.assignment)
        count_request(self._schema.name, new.ask.model, new.ask.rung, new.answer.failure)
        if self._probes.get(worker) == new.admission:
            del self._probes[worker]
        try:
            admission = self._admissions[new.admission]
            stored = self._asking.take(held.item.document, new.ask, new.answer, admission, again=new.again)
        except HaltedError:
            return "halted"
        except (SlotfillError, OSError) as error:
            self._asking.halt(error)
            return "halted"
        if stored is None:
            return "again"
        held.item.answered.append((new.ask, stored))
        return "stored" if stored is new.answer else stored

    def _end(self, worker: str, ended: EndedDocument) -> None:
        job = self._assignments.end(worker, ended.assignment)
        if ended.extraction is not None:
            job.end(replace(ended.extraction, document=job.document))
        else:
            job.fail(ended.error or HaltedError())

    def _lend(self, worker: str, report: WorkerReport, orders: Orders) -> None:
        """Lend a worker what it needs, and hand it documents. Raises HaltedError."""
        orders.asks = self._let_ask(worker, report)
        orders.rates = self._rates.lend(worker, report.rates)
        orders.money = self._money.lend(worker, report.money)
        orders.assignments = [*self._handed_out(worker, min(report.room, BLOCK))]

    def _let_ask(self, worker: str, report: WorkerReport) -> AskLease:
        """Let a worker's asks start: any number; in an outage one, as the probe, where it is time for it."""
        if report.unused is not None and self._probes.get(worker) == report.unused:
            self._asking.cancelled(self._admissions[self._probes.pop(worker)])
        held_up = self._asking.is_held_up
        if held_up and (not report.waiting or worker in self._probes):
            return AskLease()
        admission = self._asking.admit()
        if not isinstance(admission, Admission):
            return AskLease()
        # All that start while no outage is have one admission; a probe is by itself.
        number = 2 * admission.outages + held_up
        self._admissions[number] = admission
        if held_up:
            self._probes[worker] = number
        return AskLease(number, 1 if held_up else None)

    def _handed_out(self, worker: str, room: int) -> Iterable[Assignment]:
        for held in self._assignments.hand_out(worker, room):
            answers = self._ledger.recall(held.item.document)
            held.begun = bool(answers)  # the worker goes through them at once, and may end over them
            yield Assignment(held.number, held.item.document, answers, held.item.earlier, held.item.trace)

    def _given_up(self, job: _Job, how: str) -> Extraction[Any]:
        message = (
            f"{MOST_DEATHS} workers have ended while they had it in hand, the last ones nothing else: it is given up; "
            f"the last one {how}"
        )
        failure = Failure(FailureKind.WORKER_LOST, message)
        return record_failure(job.document, self._schema, self._model, failure, answered=job.answered)
