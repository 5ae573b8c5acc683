"""Drivers: one plan, driven to its end, whole or streaming, without blocking or with it.

There is one loop, `drive`, which is asynchronous. What answers its asks decides whether it ever waits: where it does
not, `run_to_end` and `iterate` take it to its end with no event loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Coroutine, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, aclosing, contextmanager, nullcontext
from dataclasses import dataclass
from threading import Semaphore
from typing import Any, Generic, Protocol, TypeVar

from slotfill.extractors.chunks.reading import Steps
from slotfill.extractors.documents.document import Document
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.record.parts import Rung
from slotfill.extractors.rungs.asks import Answer, Ask, Executor, Policy
from slotfill.extractors.rungs.recording import record_failure
from slotfill.extractors.streaming.events import Partial
from slotfill.extractors.streaming.partial_value import CompletedPart, PartialValue
from slotfill.extractors.unforeseen import STOPS, internal_failure
from slotfill.schemas.errors import SlotfillError
from slotfill.schemas.schema import Schema

__all__ = ["BlockingAsker", "ConcurrentAsker", "RunningPlan", "drive", "extraction_of", "iterate", "run_to_end"]

M = TypeVar("M")
T = TypeVar("T")

_logger = logging.getLogger("slotfill")


class RunningPlan(Generic[M]):
    """One document's plan, at work.

    An exception in the plan ends the document as failed. `answering` does the same for what is raised while its asks
    are answered, except for slotfill's own errors there: they say that nothing can be asked at all.

    Attributes:
        schema: What is extracted.
        asks: Those to be answered next, none once it has ended.
    """

    def __init__(self, document: Document, schema: Schema[M], policy: Policy, steps: Steps[Extraction[M]]) -> None:
        self.schema = schema
        self.asks: tuple[Ask, ...] = ()
        self._document, self._policy = document, policy
        self._answered: list[tuple[Ask, Answer]] = []
        self._extraction: Extraction[M] | None = None
        self._steps = steps
        self._advance(None)

    @property
    def extraction(self) -> Extraction[M]:
        """What came of the document, once it has ended."""
        if self._extraction is None:
            raise RuntimeError("the plan has not ended: it has asks to be answered")
        return self._extraction

    @property
    def streams(self) -> bool:
        """Whether the next reply is worth showing as it arrives: it is of the whole value, and the only one."""
        return len(self.asks) == 1 and self.asks[0].rung is not Rung.PATCH and not self.asks[0].prompt.further

    def answer(self, answers: tuple[Answer, ...]) -> None:
        """Give the answers to the asks, in their order."""
        self._answered += zip(self.asks, answers, strict=True)
        self._advance(answers)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """End the document where its asks cannot be answered, for a reason that nobody foresaw."""
        try:
            yield
        except (SlotfillError, *STOPS):
            raise
        except BaseException as error:  # noqa: BLE001 - see STOPS
            self._fail(error)

    def _advance(self, answers: tuple[Answer, ...] | None) -> None:
        try:
            self.asks = self._steps.send(answers)  # type: ignore[arg-type]  # None starts a generator
        except StopIteration as end:
            self.asks, self._extraction = (), end.value
        except STOPS:
            raise
        except BaseException as error:  # noqa: BLE001 - see STOPS
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        failure = internal_failure(error, self._document.source)
        self.asks = ()
        self._extraction = record_failure(
            self._document, self.schema, self._policy.model, failure, answered=self._answered, ttl=self._policy.ttl
        )


class Asker(Protocol):
    """What has asks answered: side by side, or one as its reply arrives."""

    async def answers(self, asks: Sequence[Ask]) -> tuple[Answer, ...]:
        """Return the answers in the asks' order."""

    def stream(self, ask: Ask) -> AsyncGenerator[str | Answer]:
        """Give the pieces of a reply's text as they arrive, and the answer last."""


async def drive(
    plan: RunningPlan[M], asker: Asker, *, streaming: bool = False
) -> AsyncGenerator[Partial[M] | Extraction[M]]:
    """Have a plan's asks answered until it ends.

    Yields:
        With `streaming` the value as it grows; the extraction last.
    """
    while plan.asks:
        with plan.answering():
            if not (streaming and plan.streams):
                plan.answer(await asker.answers(plan.asks))
                continue
            async with aclosing(_partials(plan, asker)) as partials:
                async for partial in partials:
                    yield partial
    yield plan.extraction


async def _partials(plan: RunningPlan[M], asker: Asker) -> AsyncGenerator[Partial[M]]:
    """Show the reply to a plan's only ask as it arrives, and answer it."""
    (ask,) = plan.asks
    growing = PartialValue(plan.schema)
    async with aclosing(asker.stream(ask)) as pieces:
        async for piece in pieces:
            if isinstance(piece, Answer):
                plan.answer((piece,))
            elif piece:
                yield Partial(ask.rung, _fed(growing, piece), growing)


def _fed(growing: PartialValue[Any], piece: str) -> tuple[CompletedPart, ...]:
    """Show a piece of a reply. What goes wrong there shows less of it, and costs no reply that is paid for."""
    try:
        return growing.feed(piece)
    except STOPS:
        raise
    except BaseException:
        _logger.debug("a part of a reply cannot be shown", exc_info=True)
        return ()


async def extraction_of(plan: RunningPlan[M], asker: Asker) -> Extraction[M]:
    """Have a plan's asks answered, and return what came of the document."""
    async for _ in drive(plan, asker):
        pass
    return plan.extraction


def run_to_end(coroutine: Coroutine[Any, Any, T]) -> T:
    """Take a coroutine that never waits to its end."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise RuntimeError("what was to be driven without an event loop waits for one")


def iterate(values: AsyncGenerator[T]) -> Iterator[T]:
    """Give what an asynchronous generator that never waits gives."""
    try:
        while True:
            try:
                value = run_to_end(anext(values))
            except StopAsyncIteration:
                return
            yield value
    finally:
        run_to_end(values.aclose())


class BlockingClients(Protocol):
    """What puts asks to their models, and blocks."""

    def execute(self, ask: Ask) -> Answer:
        """Put an ask to its model."""

    def stream(self, ask: Ask) -> Generator[str, None, Answer]:
        """Put an ask to its model, giving the pieces of the reply's text as they arrive."""


@dataclass(frozen=True, slots=True)
class BlockingAsker:
    """Has asks answered by threads, and never waits for an event loop.

    slots: bounds how many are answered at once, of all who share it. threads: the most for one document.
    """

    clients: BlockingClients
    slots: Semaphore
    threads: int

    async def answers(self, asks: Sequence[Ask]) -> tuple[Answer, ...]:
        """Return the answers in the asks' order."""
        if len(asks) == 1:
            return (self._answer(asks[0]),)
        with ThreadPoolExecutor(min(len(asks), self.threads)) as pool:
            return tuple(pool.map(self._answer, asks))

    async def stream(self, ask: Ask) -> AsyncGenerator[str | Answer]:
        """Give the pieces of a reply's text as they arrive, and the answer last."""
        pieces = self.clients.stream(ask)
        try:
            while True:
                try:
                    piece = next(pieces)
                except StopIteration as end:
                    yield end.value
                    return
                yield piece
        finally:
            pieces.close()

    def _answer(self, ask: Ask) -> Answer:
        with self.slots:
            return self.clients.execute(ask)


@dataclass(frozen=True, slots=True)
class ConcurrentAsker:
    """Has asks answered on the event loop.

    executor: what puts them to their models. slots: bounds how many are answered at once; None where that does.
    """

    executor: Executor
    slots: asyncio.Semaphore | None = None

    async def answers(self, asks: Sequence[Ask]) -> tuple[Answer, ...]:
        """Return the answers in the asks' order. What stops one of them stops no other: they are paid for."""
        if len(asks) == 1:  # most documents: a task costs more than it takes to read a short reply
            return (await self._answer(asks[0]),)
        answers = await asyncio.gather(*map(self._answer, asks), return_exceptions=True)
        if stopped := [answer for answer in answers if isinstance(answer, BaseException)]:
            raise stopped[0]
        return tuple(answer for answer in answers if isinstance(answer, Answer))

    async def stream(self, ask: Ask) -> AsyncGenerator[str | Answer]:
        """Give the pieces of a reply's text as they arrive, and the answer last."""
        async with self._slot(), aclosing(self.executor.astream(ask)) as pieces:
            async for piece in pieces:
                yield piece

    async def _answer(self, ask: Ask) -> Answer:
        async with self._slot():
            return await self.executor.aexecute(ask)

    def _slot(self) -> AbstractAsyncContextManager[object]:
        return self.slots or nullcontext()
