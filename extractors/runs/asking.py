"""Asking: how a run has its asks answered, from the ledger where they were before, else as the breaker allows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from slotfill.extractors.documents.document import Document
from slotfill.extractors.errors import ModelError, StoppedError
from slotfill.extractors.rungs.asks import Answer, Ask, AskName, Executor
from slotfill.extractors.runs.breaker import Admission, Breaker
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.extractors.unforeseen import STOPS, internal_failure
from slotfill.schemas.errors import SlotfillError

__all__ = ["Asking", "HaltedError"]

PROBES = 2
"""How often an ask that falls into an outage is asked again: it may be what the service fails over."""

POLL_SECONDS = 0.1
"""After so long those who wait for the breaker look whether the run was stopped."""


STORED_WITHIN = 0.02
"""Seconds after which an answer is committed at the latest, where no further request is sent."""


class HaltedError(SlotfillError):
    """No further ask starts: the document that it is for stays pending."""


class Asking:
    """Puts a run's asks to the models.

    executor: what asks them. concurrency: how many asks may be in flight. metered: whether the ledger is told of each
    request, and has stored it, before it is sent. on_answer: is called with how many asks were answered, of how many
    there were so far. on_halt: is called when no further one may start, so that what waits
    in the executor is not sent either.
    """

    def __init__(
        self,
        executor: Executor,
        ledger: Ledger,
        breaker: Breaker,
        *,
        concurrency: int,
        metered: bool = False,
        on_answer: Callable[[int, int], None] = lambda _answered, _asked: None,
        on_halt: Callable[[], None] = lambda: None,
    ) -> None:
        self.in_flight = 0
        self._asked = self._answered = 0
        self._on_answer = on_answer
        self.halted: BaseException | None = None
        self._executor, self._ledger, self._breaker = executor, ledger, breaker
        self._metered, self._on_halt = metered, on_halt
        self._storing: asyncio.TimerHandle | None = None
        self._slots = asyncio.Semaphore(concurrency)

    def halt(self, reason: BaseException) -> None:
        """Start no further ask. The first reason counts."""
        self.halted = self.halted or reason
        self._on_halt()

    def for_document(self, document: Document) -> Executor:
        """Return what puts a document's asks to the models."""
        return _RecallingExecutor(self, document, self._ledger)

    async def ask(self, document: Document, ask: Ask) -> Answer:
        """Have an ask answered, and the answer stored. What falls into an outage is asked again, a few times.

        Raises HaltedError where it was not to be asked, or could not be answered for what stops the run.
        """
        left = PROBES
        self._asked += 1
        while True:
            async with self._slots:
                admission = await self._admission()
                try:
                    answer = await self._executor.aexecute(ask)
                except BaseException:
                    self._release(admission)
                    raise
                self.in_flight -= 1
                stored = self.take(document, ask, answer, admission, again=left > 0)
                if stored is not None:
                    self._answered += 1
                    self._on_answer(self._answered, self._asked)
                    return stored
            left -= 1

    async def stream(self, document: Document, ask: Ask) -> AsyncGenerator[str | Answer]:
        """Do so, yielding the pieces of the reply's text as they arrive. It is not asked again."""
        async with self._slots:
            admission = await self._admission()
            answer: Answer | None = None
            try:
                async with aclosing(self._executor.astream(ask)) as pieces:
                    async for piece in pieces:
                        if not isinstance(piece, Answer):
                            yield piece
                            continue
                        answer = piece
            except BaseException:
                self._release(admission)
                raise
            if answer is None:
                self._release(admission)
                raise RuntimeError("a stream ended without its answer")
            self.in_flight -= 1
            stored = self.take(document, ask, answer, admission, again=False)
            if stored is not None:
                yield stored

    def admit(self) -> Admission | float:
        """Let an ask start, or return the seconds after which to ask again. Raises HaltedError."""
        self.check()
        if self.halted:
            raise HaltedError
        return self._breaker.admit()

    @property
    def is_held_up(self) -> bool:
        """Whether an outage, or what ends the run, keeps asks from starting."""
        return self._breaker.reason is not None

    def cancelled(self, admission: Admission) -> None:
        """Take back an admission of which nothing came."""
        self._breaker.cancelled(admission)

    def check(self) -> None:
        """Halt where the breaker will let nothing through any more."""
        try:
            self._breaker.check()
        except (ModelError, StoppedError) as reason:
            self.halt(reason)

    async def _admission(self) -> Admission:
        """Wait for the breaker. Raises HaltedError."""
        while True:
            admission = self.admit()
            if isinstance(admission, Admission):
                self.in_flight += 1
                return admission
            await asyncio.sleep(min(admission, POLL_SECONDS))

    def take(
        self, document: Document, ask: Ask | AskName, answer: Answer, admission: Admission, *, again: bool
    ) -> Answer | None:
        """Store an answer, and return what is stored; None for one to be asked again, as it fell into an outage.

        A reply is stored before its place is given to another ask: it is paid for, and what a kill can lose is what was
        in flight. Raises HaltedError where it says that nothing more is to be asked.
        """
        failure = answer.failure
        try:
            stored = answer if failure else self._store(document, ask, answer)
        finally:
            fell = self._breaker.note(admission, failure)
        if failure is None:
            return stored
        if fell and again:
            return None
        if failure.type.stops_run and failure.type.ends_fallbacks:
            self.check()
            raise HaltedError
        return self._store(document, ask, answer)

    def _release(self, admission: Admission) -> None:
        self.in_flight -= 1
        self._breaker.cancelled(admission)

    def _store(self, document: Document, ask: Ask | AskName, answer: Answer) -> Answer:
        """Store an answer; of one that cannot be, what it cost and why, which is then what the next start recalls."""
        try:
            self._keep(document, ask, answer)
        except (SlotfillError, *STOPS):
            raise
        except BaseException as error:  # noqa: BLE001 - see STOPS
            answer = Answer(failure=internal_failure(error, document.source), usage=answer.usage, ms=answer.ms)
            self._keep(document, ask, answer)
        return answer

    def _keep(self, document: Document, ask: Ask | AskName, answer: Answer) -> None:
        """Store an answer: where the next request is stored before it is sent, with that, or else after a moment."""
        self._ledger.keep(document, ask, answer, lasting=not self._metered)
        if self._metered and self._storing is None:
            self._storing = asyncio.get_running_loop().call_later(STORED_WITHIN, self._commit)

    def _commit(self) -> None:
        self._storing = None
        try:
            self._ledger.store()
        except SlotfillError as error:
            self.halt(error)


class _RecallingExecutor:
    """One document's executor: what was answered before is not asked again."""

    def __init__(self, asking: Asking, document: Document, ledger: Ledger) -> None:
        self._asking, self._document, self._ledger = asking, document, ledger
        self._known: dict[bytes, list[Answer]] | None = None

    async def aexecute(self, ask: Ask) -> Answer:
        return self._recall(ask) or await self._asking.ask(self._document, ask)

    async def astream(self, ask: Ask) -> AsyncGenerator[str | Answer]:
        if recalled := self._recall(ask):
            yield recalled
            return
        async with aclosing(self._asking.stream(self._document, ask)) as pieces:
            async for piece in pieces:
                yield piece

    def _recall(self, ask: Ask) -> Answer | None:
        """Return the next answer to an ask, which may have been asked several times."""
        if self._known is None:
            self._known = self._ledger.recall(self._document)
        answers = self._known.get(ask.digest) if self._known else None
        return answers.pop(0) if answers else None
