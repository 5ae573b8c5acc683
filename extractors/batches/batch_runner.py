"""The batches of a run, from their creation until they are read: sent once, looked at, found again when lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime

from slotfill.extractors.batches.batch_ledger import BatchLedger, OpenBatch
from slotfill.extractors.batches.batch_service import BatchService, BatchStatus, ServiceError
from slotfill.extractors.batches.draft import BatchDraft
from slotfill.extractors.batches.orphans import EARLIEST, GRACE, may_be
from slotfill.extractors.batches.result_lines import read_result
from slotfill.extractors.batches.result_reader import ResultReader
from slotfill.extractors.errors import StoppedError
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.runs.asking import Asking
from slotfill.extractors.runs.breaker import ending_of
from slotfill.extractors.runs.budget import Budget

__all__ = ["BatchRunner", "batches_text", "requests_text"]

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds until batches are looked at again: a small one has ended soon, a large one takes hours."""

HALT_SECONDS = 0.1
"""After so long who waits looks whether the run was stopped."""


class BatchRunner:
    """Sends a run's batches, and waits for them.

    asking: is halted by what ends the run. max_wait: seconds that the service may be out of reach.
    waits: whether the run waits for its batches, or leaves when they are sent.
    on_message: takes a line for the operator. on_waiting: takes what is waited for, "" for nothing.
    asleep: lets seconds pass.
    """

    def __init__(
        self,
        service: BatchService,
        batches: BatchLedger,
        reader: ResultReader,
        budget: Budget,
        asking: Asking,
        *,
        max_wait: float,
        waits: bool,
        on_message: Callable[[str], None],
        on_waiting: Callable[[str], None] = lambda _: None,
        asleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._service, self._batches, self._reader = service, batches, reader
        self._budget, self._asking = budget, asking
        self._max_wait, self._waits = max_wait, waits
        self._on_message, self._on_waiting, self._asleep = on_message, on_waiting, asleep
        self._others: set[str] = set()
        self._failing_since: float | None = None

    async def submit(self, draft: BatchDraft, wave: int) -> None:
        """Have the service create a batch, once, or several where it is too large for it.

        The intent is committed before. Where it cannot be told whether the batch is there, it stays one, and is looked
        into by `collect`.
        """
        for held in self._batches.intend(draft, wave):
            self._budget.hold(*held)
        try:
            status = await self._created(draft)
        except ServiceError as error:
            if error.created:
                self._on_message(f"the reply to a batch was lost: {error.failure.message}: it is looked for")
                return
            self._release(draft.intent)
            await self._refused(draft, wave, error.failure)
            return
        self._batches.created(draft.intent, status)
        self._on_message(f"wave {wave}: {requests_text(len(draft))} in batch {status.id}{_expected(status.expires)}")

    async def recover(self) -> None:
        """Take up the batches of earlier starts, and read those that have ended."""
        for number, model, worst in self._batches.held_requests():
            self._budget.hold(number, model, worst, spent=True)
        if left := self._batches.open:
            self._on_message(f"going on with {batches_text(len(left))} that an earlier start has sent")
            for batch in left:
                await self._look_at(batch)

    async def collect(self, *, some: bool = False) -> None:
        """Wait until all batches are read, or `some`; or until the run is halted."""
        pause = FIRST_PAUSE
        while not self._asking.halted and (left := self._batches.open):
            ended = [await self._look_at(batch) for batch in left]
            if all(ended) or (some and any(ended)) or self._asking.halted:
                return
            if not self._waits:
                self._asking.halt(StoppedError("the batches are sent: the same command reads what comes of them"))
                return
            self._on_waiting(_waiting_text([batch for batch, done in zip(left, ended, strict=True) if not done]))
            await self._pause(pause)
            pause = min(1.5 * pause, LONGEST_PAUSE)
            self._on_waiting("")

    async def _created(self, draft: BatchDraft) -> BatchStatus:
        """Create a batch. A refusal that may pass is waited out: the service has said that it took nothing."""
        pause, waited = FIRST_PAUSE, 0.0
        while True:
            try:
                return await self._service.create(draft.body(), draft.body_size)
            except ServiceError as error:
                seconds = pause if error.seconds is None else error.seconds
                if error.created or not error.failure.type.retry_later or waited + seconds > self._max_wait:
                    raise
                await self._pause(seconds)
                if self._asking.halted:
                    raise
                pause, waited = min(2 * pause, LONGEST_PAUSE), waited + seconds

    async def _refused(self, draft: BatchDraft, wave: int, failure: Failure) -> None:
        """Part a batch that is too large for whoever takes it; anything else ends the run."""
        if failure.type is FailureKind.TOO_LARGE and len(draft) > 1:
            for half in draft.halves():
                if not self._asking.halted:
                    await self.submit(half, wave)
                half.close()
        elif failure.type.stops_run:
            self._asking.halt(ending_of(failure))
        else:
            self._asking.halt(StoppedError(f"the service takes no batch: {failure.message}: run it again later"))

    def _release(self, intent: str) -> None:
        """Give back what is held for a batch that is not there."""
        for number in self._batches.void(intent):
            self._budget.settle(number, Usage())

    async def _look_at(self, batch: OpenBatch) -> bool:
        """See how a batch stands, and read it where it has ended. Returns whether nothing more is to come of it."""
        try:
            done = await (self._resolve(batch) if batch.batch is None else self._read(batch, batch.batch))
        except (ServiceError, ValueError, RecursionError) as error:
            self._note_outage(batch, error.failure if isinstance(error, ServiceError) else _CUT_OFF)
            return False
        self._failing_since = None
        return done

    async def _read(self, batch: OpenBatch, name: str) -> bool:
        status = await self._service.retrieve(name)
        if not status.ended:
            return False
        if status.archived:
            self._reader.give_up(batch, "its results are archived")
            return True
        return await self._reader.read(batch, name, self._service.results(name))

    def _note_outage(self, batch: OpenBatch, failure: Failure) -> None:
        """Go on looking for a while where the service cannot be asked; end the run where that is of no use."""
        now = time.monotonic()
        self._failing_since = self._failing_since or now
        seconds = now - self._failing_since
        if failure.type is FailureKind.NOT_FOUND:
            reason = f"the service knows no batch {batch.batch} of this run: use the key of the workspace that it is of"
            self._asking.halt(StoppedError(f"{reason}, or ask for everything again with --fresh"))
        elif failure.type.stops_run:
            self._asking.halt(ending_of(failure))
        elif seconds > self._max_wait:
            self._asking.halt(
                StoppedError(
                    f"the service has not told of its batches for {seconds:,.0f} s: {failure.message}: it works on "
                    "them all the same, and the same command goes on"
                )
            )

    async def _resolve(self, sought: OpenBatch) -> bool:
        """Find the batch whose reply was lost. Returns whether it is not there, and so all of it is asked again."""
        known = self._batches.names | self._others
        working = False
        async with aclosing(self._service.since(sought.at - EARLIEST)) as listed:
            async for status in listed:
                if status.id in known or not may_be(sought, status):
                    continue
                if not status.ended:
                    working = True  # it may be this one: what is paid for is not sent again
                elif await self._is(sought, status):
                    self._batches.created(sought.intent, status)
                    self._on_message(f"wave {sought.wave}: batch {status.id} is the one whose reply was lost")
                    return False
                else:
                    self._others.add(status.id)
        if working or time.time() < sought.at + GRACE:
            return False
        self._release(sought.intent)
        return True

    async def _is(self, sought: OpenBatch, status: BatchStatus) -> bool:
        """Whether an ended batch is the one that is sought, by its first result."""
        async with aclosing(self._service.results(status.id)) as lines:
            async for line in lines:
                result = read_result(line)
                return result is not None and result.intent == sought.intent
        return False

    async def _pause(self, seconds: float) -> None:
        """Wait, unless the run is halted meanwhile."""
        while seconds > 0 and not self._asking.halted:
            await self._asleep(min(seconds, HALT_SECONDS))
            seconds -= HALT_SECONDS


_CUT_OFF = Failure(FailureKind.UNREADABLE_REPLY, "a line of a batch's results cannot be read")


def requests_text(requests: int) -> str:
    """Write how many requests there are: "1 request", "1,204 requests"."""
    return f"{requests:,} {'request' if requests == 1 else 'requests'}"


def batches_text(batches: int) -> str:
    """Write how many batches there are: "a batch", "3 batches"."""
    return "a batch" if batches == 1 else f"{batches:,} batches"


def _expected(expires: float | None) -> str:
    """Say by when a batch has ended."""
    return "" if expires is None else f": results by {_local_time(expires)}, mostly far sooner"


def _waiting_text(batches: Sequence[OpenBatch]) -> str:
    """Say what is waited for: "wave 2, 874 requests in 2 batches until 2026-12-01 08:20"."""
    requests = sum(batch.requests for batch in batches)
    latest = max((batch.expires for batch in batches if batch.expires is not None), default=None)
    until = "" if latest is None else f" until {_local_time(latest)}"
    return f"wave {batches[-1].wave}, {requests_text(requests)} in {batches_text(len(batches))}{until}"


def _local_time(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC).astimezone():%Y-%m-%d %H:%M}"
