"""A worker: plans and clients. It extracts what it is handed, and asks within what it was lent."""

from __future__ import annotations

import asyncio
import pickle
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from slotfill.extractors.distributed.leases.leased_budget import LeasedBudget
from slotfill.extractors.distributed.leases.leased_pacer import LeasedPacer
from slotfill.extractors.distributed.recipe import Recipe
from slotfill.extractors.distributed.worker_messages import (
    AnswerVerdict,
    AskLease,
    Assignment,
    EndedDocument,
    LoggedLine,
    NewAnswer,
    Orders,
    WorkerReport,
)
from slotfill.extractors.documents.document import Document
from slotfill.extractors.errors import StoppedError
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.rungs.asks import Answer, Ask, AskName
from slotfill.extractors.rungs.recording import emptied, record_failure
from slotfill.extractors.runs.asking import PROBES, HaltedError
from slotfill.extractors.telemetry.trace_context import continued_trace
from slotfill.extractors.unforeseen import STOPS, internal_failure
from slotfill.schemas.errors import SlotfillError

__all__ = ["Worker", "packed"]

GATHER_SECONDS = 0.02
"""So long what has happened is gathered before it is reported: a report costs as much as forty documents in it."""

GATHERED = 64
"""So much is reported at once."""

IDLE_SECONDS = 0.25
"""After so long it reports although nothing has happened: that it is there, and what it gives back."""

_HALTED = "the run is being stopped: the same command goes on"

_NO_DOCUMENT = Document.of("-")


class Worker:
    """Extracts documents as it is ordered, and reports what has come of them.

    recipe: of its extractor. concurrency: how many requests may be in flight, and documents at work. log: gives what
    was logged since it was called last.

    A request's place is given to no other ask before its answer is stored: its task waits for the verdict.

    Raises what `Recipe.extractor` does.
    """

    def __init__(self, recipe: Recipe, concurrency: int, log: Callable[[], list[LoggedLine]] = list) -> None:
        self._extractor = recipe.extractor()
        self._stirred = asyncio.Event()
        self._pacer = LeasedPacer(self._stir)
        self._budget = LeasedBudget(self._extractor.settings.cache_ttl, self._stir)
        self._extractor.pace(self._pacer)
        self._extractor.meter(self._budget)
        self._concurrency = self._free = concurrency
        self._queue: deque[Assignment] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._judged: list[asyncio.Future[AnswerVerdict]] = []  # of the answers of the last report
        self._answered: list[asyncio.Future[AnswerVerdict]] = []  # of those of the next one
        self._report = WorkerReport()
        self._waiting: deque[asyncio.Future[int]] = deque()
        self._asks = AskLease()
        self._slots = asyncio.Semaphore(concurrency)
        self._asked = 0
        self._halted = False
        self._log = log

    async def step(self, orders: Orders) -> WorkerReport:
        """Do what is ordered until there is something to report, and report it."""
        self._obey(orders)
        if orders.leaving:
            return await self._leave()
        if not self._tasks:
            return self._reported()  # it has nothing to do: who orders knows when there is something
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stirred.wait(), IDLE_SECONDS)
            if self._pacer.under_way and len(self._report.answers) + len(self._report.ended) < GATHERED:
                await asyncio.sleep(GATHER_SECONDS)
        return self._reported()

    async def close(self) -> None:
        """Close the clients."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._extractor.aclose()

    def _obey(self, orders: Orders) -> None:
        for future, verdict in zip(self._judged, orders.verdicts, strict=True):
            if not future.done():
                future.set_result(verdict)
        self._pacer.take(orders.rates)
        self._budget.take(orders.money)
        if orders.halted:
            self._halt()
        self._let_ask(orders.asks)
        self._queue.extend(orders.assignments)
        for _ in range(min(self._free, len(self._queue))):
            self._begin()

    def _halt(self) -> None:
        self._halted = True
        self._budget.close(_HALTED)
        while self._waiting:
            _fail(self._waiting.popleft(), HaltedError())
        for assignment in self._queue:
            self._report.ended.append(EndedDocument(assignment.number, None))
        self._queue.clear()

    def _let_ask(self, lease: AskLease) -> None:
        """Take a new lease of asks; those that wait go first."""
        if self._asks.asks:  # the one that it held, and that nobody has started by
            self._report.unused = self._asks.admission
        self._asks = lease
        while self._waiting and self._asks.asks != 0:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(self._admission())

    def _admission(self) -> int:
        admission, asks = self._asks
        if asks is not None:
            self._asks = AskLease(admission, asks - 1)
        return admission

    def _begin(self) -> None:
        self._free -= 1
        task = asyncio.create_task(self._work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        """Take one document after the other, as long as there are any."""
        try:
            while self._queue:
                assignment = self._queue.popleft()
                self._report.begun.append(assignment.number)
                ended = await self._ended(assignment)
                self._report.ended.append(ended)  # of the report that is being made by now
                self._stir()
        finally:
            self._free += 1

    async def _ended(self, assignment: Assignment) -> EndedDocument:
        try:
            extraction = await self._extract(assignment)
        except HaltedError:
            return EndedDocument(assignment.number, None)
        except (SlotfillError, OSError) as error:
            return EndedDocument(assignment.number, None, error)
        except STOPS:
            raise
        except BaseException as error:  # noqa: BLE001 - see STOPS
            document, schema = assignment.document, self._extractor.schema
            failure = internal_failure(error, document.source)
            extraction = record_failure(document, schema, self._extractor.model.id, failure)
        # The value itself is of the schema's own code: the record is made of what it was dumped to.
        return EndedDocument(assignment.number, replace(extraction, document=_NO_DOCUMENT, result=None, refiner=None))

    async def _extract(self, assignment: Assignment) -> Extraction[Any]:
        executor = _ReportingExecutor(self, assignment)
        with continued_trace(assignment.trace):
            if assignment.earlier is not None:
                return await self._extractor.aupdate(assignment.earlier, assignment.document, executor=executor)
            return await self._extractor.aextract(assignment.document, executor=executor)

    async def ask(self, assignment: Assignment, ask: Ask) -> Answer:
        """Have an ask answered, and the answer stored. Raises HaltedError."""
        name = AskName(ask.digest, ask.rung, ask.model, ask.mode)
        left = PROBES
        while True:
            async with self._slots:
                admission = await self._admitted()
                answer = await self._answer(ask, admission)
                verdict = await self._judgement(NewAnswer(assignment.number, name, answer, admission, left > 0))
            if isinstance(verdict, Answer):
                return verdict
            if verdict == "halted":
                raise HaltedError
            if verdict == "stored":
                return answer
            left -= 1

    async def _answer(self, ask: Ask, admission: int) -> Answer:
        self._asked += 1
        try:
            return await self._extractor.executor.aexecute(ask)
        except BaseException:
            self._report.unused = admission
            raise
        finally:
            self._asked -= 1

    async def _admitted(self) -> int:
        """Wait until an ask may start; return its admission."""
        if self._halted:
            raise HaltedError
        if self._asks.asks != 0 and not self._waiting:
            return self._admission()
        waiting: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        self._stir()
        return await waiting

    async def _judgement(self, new: NewAnswer) -> AnswerVerdict:
        future: asyncio.Future[AnswerVerdict] = asyncio.get_running_loop().create_future()
        self._report.answers.append(new)
        self._answered.append(future)
        self._stir()
        return await future

    def _stir(self) -> None:
        self._stirred.set()

    def _reported(self, *, leaving: bool = False) -> WorkerReport:
        self._stirred.clear()
        report, self._report = self._report, WorkerReport()
        self._judged, self._answered = self._answered, []
        report.waiting = sum(not one.done() for one in self._waiting)
        report.in_flight = self._asked + len(self._judged)
        report.room = (
            0 if self._halted or leaving else max(0, 2 * self._concurrency - len(self._queue) - len(self._tasks))
        )
        report.rates = self._pacer.leave() if leaving else self._pacer.report(self._asked, self._concurrency)
        report.money = self._budget.leave() if leaving else self._budget.report()
        report.log = self._log()
        return report

    async def _leave(self) -> WorkerReport:
        await self.close()
        return self._reported(leaving=True)


class _ReportingExecutor:
    """One document's executor: what was answered before is not asked again, and all else is asked by its worker."""

    def __init__(self, worker: Worker, assignment: Assignment) -> None:
        self._worker, self._assignment = worker, assignment
        self._known = {digest: deque(answers) for digest, answers in assignment.answers.items()}

    async def aexecute(self, ask: Ask) -> Answer:
        known = self._known.get(ask.digest) if self._known else None
        return known.popleft() if known else await self._worker.ask(self._assignment, ask)

    async def astream(self, ask: Ask) -> AsyncGenerator[str | Answer]:
        yield await self.aexecute(ask)  # nobody looks at the pieces


def packed(report: WorkerReport) -> bytes:
    """Write a report. What cannot be written of a document is left out, and the document has failed for it."""
    try:
        return pickle.dumps(report)
    except Exception:  # noqa: BLE001 - a value that is nested too deeply, an error that does not travel
        report.ended = [*map(_portable, report.ended)]
        return pickle.dumps(report)


def _portable(ended: EndedDocument) -> EndedDocument:
    try:
        pickle.dumps(ended)
    except Exception as error:  # noqa: BLE001 - as above
        if ended.extraction is None:
            return EndedDocument(ended.assignment, None, StoppedError(str(ended.error)))
        return EndedDocument(ended.assignment, emptied(ended.extraction, internal_failure(error, None)))
    return ended


def _fail(future: asyncio.Future[int], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
