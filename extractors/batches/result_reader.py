"""Reading: a batch's results go into the ledger line by line, each once, however often they are read."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace

from slotfill.extractors.batches.batch_ledger import BatchLedger, BatchRequest, OpenBatch
from slotfill.extractors.batches.result_lines import RequestResult, read_result
from slotfill.extractors.clients.models import ModelPool
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.rungs.asks import Answer
from slotfill.extractors.runs.breaker import ending_of
from slotfill.extractors.runs.budget import Budget
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.extractors.unforeseen import STOPS, internal_failure
from slotfill.schemas.errors import SlotfillError

__all__ = ["ResultReader"]

TRIES = 5
"""So often an ask that fails in a batch on the service's side is sent, before its plan is told.

Where a tenth of the requests fail by chance, it is told of one in a hundred thousand.
"""

READS = 3
"""So often results are read that come to their end, and some are missing, before those are asked for again."""

LINES = 500
"""So many results are committed at once; those that a kill takes are read again."""

_MISSING = Answer(failure=Failure(FailureKind.SERVER, "the batch's results lack this request"))


class ResultReader:
    """Reads the results of one run's batches into its ledger.

    What failed on the service's side is asked for again in the next wave, a few times; all else is an answer.

    on_halt: takes what ends the run. on_message: takes a line for the operator.
    """

    def __init__(
        self,
        ledger: Ledger,
        batches: BatchLedger,
        budget: Budget,
        models: ModelPool,
        *,
        on_halt: Callable[[BaseException], None],
        on_message: Callable[[str], None],
    ) -> None:
        self._ledger, self._batches, self._budget, self._models = ledger, batches, budget, models
        self._on_halt, self._on_message = on_halt, on_message
        self._reads: Counter[str] = Counter()

    async def read(self, batch: OpenBatch, name: str, lines: AsyncGenerator[bytes]) -> bool:
        """Read the results of an ended batch. Returns whether that was all of them.

        Raises ServiceError where they break off, and ValueError where a line does: what came before it is stored.
        """
        try:
            async with aclosing(lines):
                number = 0
                async for line in lines:
                    number += 1
                    self._take(batch, name, read_result(line))
                    if number % LINES == 0:
                        self._batches.flush()
                        await asyncio.sleep(0)
        finally:
            self._batches.flush()
        if not self._is_whole(batch):
            return False
        self._finish(batch, name)
        return True

    def give_up(self, batch: OpenBatch, reason: str) -> None:
        """Have all be asked for again that a batch was to answer, and was paid for, and cannot be had any more."""
        self._on_message(f"warning: batch {batch.batch}: {reason}: its {batch.requests:,} requests are asked again")
        for ask in self._batches.missing(batch.intent):
            for request in self._batches.unread(batch.intent, ask):
                self._settle(request, None)
            self._batches.note(batch.intent, ask, "failed")
        self._batches.finish(batch.intent)

    def _is_whole(self, batch: OpenBatch) -> bool:
        """Whether no result is missing, or has been again and again, and is then taken for failed."""
        if not (missing := self._batches.missing(batch.intent)):
            return True
        self._reads[batch.intent] += 1
        if self._reads[batch.intent] < READS:
            return False
        for ask in missing:
            self._fail(ask, self._batches.unread(batch.intent, ask), batch.intent, _MISSING)
        return True

    def _finish(self, batch: OpenBatch, name: str) -> None:
        self._batches.finish(batch.intent)
        counts = self._batches.results(batch.intent)
        answered = counts.get("answered", 0)
        again = sum(counts.values()) - answered
        rest = f", {again:,} to be asked again" if again else ""
        self._on_message(f"wave {batch.wave}: batch {name}: {answered:,} of {batch.requests:,} answered{rest}")

    def _take(self, batch: OpenBatch, name: str, result: RequestResult | None) -> None:
        """Store a result that has not been read before."""
        if result is None or result.intent != batch.intent:
            return
        requests = self._batches.unread(result.intent, result.ask)
        if not requests:
            return
        failure = result.failure
        if result.canceled or (failure is not None and failure.type.stops_run):
            if failure is not None:
                self._on_halt(ending_of(failure))
            self._settle(requests[0], Usage())
            self._batches.note(result.intent, result.ask, "canceled")
            return
        answer = self._answer(name, requests[0], result)
        if failure is not None and failure.type.retry_later:
            self._fail(result.ask, requests, result.intent, answer)
        else:
            self._keep(result.ask, requests, answer)
            self._settle(requests[0], answer.usage)
            self._batches.note(result.intent, result.ask, "answered")

    def _answer(self, name: str, request: BatchRequest, result: RequestResult) -> Answer:
        clients = self._models.clients
        return result.answer(
            name, lambda message: self._models.read(request.model, request.shape, message), clients.hide
        )

    def _keep(self, ask: bytes, requests: list[BatchRequest], answer: Answer) -> None:
        """Store an answer for each document that it is for; it was paid for once."""
        for number, request in enumerate(requests):
            one = answer if number == 0 else replace(answer, usage=Usage(tier="batch"))
            try:
                self._ledger.keep_by_name(request.document, ask, one, lasting=False)
            except (SlotfillError, *STOPS):
                raise
            except BaseException as error:  # noqa: BLE001 - see STOPS: what cannot be stored has been paid for
                failure = internal_failure(error, "a result of a batch")
                lost = Answer(failure=failure, usage=one.usage, batch=one.batch)
                self._ledger.keep_by_name(request.document, ask, lost, lasting=False)

    def _fail(self, ask: bytes, requests: list[BatchRequest], intent: str, answer: Answer) -> None:
        """Have an ask go with the next wave; its plan is told where it has gone often enough."""
        self._batches.note(intent, ask, "failed")
        for request in requests:
            self._settle(request, Usage())
            if self._batches.failures(request.document, ask) >= TRIES:
                self._keep(ask, [request], answer)

    def _settle(self, request: BatchRequest, usage: Usage | None) -> None:
        if request.reserved is not None:
            self._budget.settle(request.reserved, usage)
