"""Drivers: one plan, driven to its end, whole or streaming, without blocking or with it.

There is one loop, `drive`, which is asynchronous. What answers its asks decides whether it ever waits: where it does
not, `run_to_end` and `iterate` take it to its end with no event loop.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterator, Sequence
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractAsyncContextManager, aclosing, contextmanager, nullcontext
from contextvars import copy_context
from dataclasses import dataclass
from threading import Semaphore
from typing import Any, Generic, Protocol, Self, TypeVar

from slotfill.extractors.chunks.reading import Steps
from slotfill.extractors.documents.document import Document
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.record.parts import Rung
from slotfill.extractors.rungs.asks import Answer, Ask, Executor, Policy
from slotfill.extractors.rungs.recording import record_failure
from slotfill.extractors.streaming.events import Partial
from slotfill.extractors.streaming.partial_value import CompletedPart, PartialValue
from slotfill.extractors.telemetry.extraction_telemetry import tell_extraction
from slotfill.extractors.unforeseen import STOPS, internal_failure
from slotfill.schemas.errors import SlotfillError
from slotfill.schemas.schema import Schema

__all__ = [
    "BlockingAsker",
    "ConcurrentAsker",
    "RunningPlan",
    "drive",
    "extraction_of",
    "iterate",
    "replay",
    "run_to_end",
]

M = TypeVar("M")
T = TypeVar("T")

_logger = logging.getLogger("slotfill")


class RunningPlan(Generic[M]):
    """One document's plan, at work.

    An exception in the plan ends the document as failed. `answering` does the same for what is raised while its asks
    are answered, except for slotfill's own errors there: they say that nothing can be asked at all.

    Attributes:
        schema: What is extracted.
        model: The one that is asked first.
        asks: Those that are to be answered, none once it has ended. One whose answer has not arrived yet stays.
    """

    def __init__(self, document: Document, schema: Schema[M], policy: Policy, steps: Steps[Extraction[M]]) -> None:
        self.schema, self.model = schema, policy.model
        self.asks: tuple[Ask, ...] = ()
        self._document, self._policy = document, policy
        self._answered: list[tuple[Ask, Answer]] = []
        self._in_parts = False
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
        return not self._in_parts and self.asks[0].rung is not Rung.PATCH and not self.asks[0].prompt.further

    def answer(self, answers: tuple[Answer | None, ...]) -> None:
        """Give the answers to the asks, in their order; None for those that are still on their way."""
        self._answered += [(ask, one) for ask, one in zip(self.asks, answers, strict=True) if one is not None]
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

    def _advance(self, answers: tuple[Answer | None, ...] | None) -> None:
        try:
            self.asks = self._steps.send(answers)  # type: ignore[arg-type]  # None starts a generator
            self._in_parts |= len(self.asks) > 1
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


class _Sent(Protocol):
    """An ask on its way: a thread's future, or a task."""

    def done(self) -> bool:
        """Whether its answer has arrived, or it was stopped."""

    def exception(self) -> BaseException | None:
        """Return what has stopped it."""

    def result(self) -> Answer:
        """Return its answer, or raise what has stopped it."""


S = TypeVar("S", bound=_Sent)


class Flight(ABC, Generic[S]):
    """The asks of one plan that are on their way; as a context it calls off those that are left in the end."""

    def __init__(self) -> None:
        self._on_the_way: dict[int, S] = {}

    async def __aenter__(self) -> Self:
        return self

    @abstractmethod
    async def __aexit__(self, *_: object) -> None: ...

    async def arrivals(self, asks: Sequence[Ask]) -> tuple[Answer | None, ...]:
        """Send those that are not on their way yet, and wait until some have arrived.

        What stops one of them stops no other: they are paid for.

        Returns:
            The answers in the asks' order; None for those that are still on their way. Each is given once.
        """
        if len(asks) == 1 and not self._on_the_way:  # most documents: it costs less
            return (await self._answer(asks[0]),)
        for ask in asks:
            if id(ask) not in self._on_the_way:
                self._on_the_way[id(ask)] = self._send(ask)
        await self._wait(FIRST_COMPLETED)
        if any(one.done() and one.exception() for one in self._on_the_way.values()):
            await self._wait(ALL_COMPLETED)
        return tuple(self._take(ask) for ask in asks)

    def _take(self, ask: Ask) -> Answer | None:
        return self._on_the_way.pop(id(ask)).result() if self._on_the_way[id(ask)].done() else None

    @abstractmethod
    async def _answer(self, ask: Ask) -> Answer:
        """Have the only ask answered."""

    @abstractmethod
    def _send(self, ask: Ask) -> S:
        """Have an ask answered beside others."""

    @abstractmethod
    async def _wait(self, until: str) -> None:
        """Wait for those that are on their way: FIRST_COMPLETED or ALL_COMPLETED, which asyncio calls alike."""


class Asker(Protocol):
    """What has asks answered: side by side, or one as its reply arrives."""

    def flight(self) -> Flight[Any]:
        """Give what has the asks of one plan answered; what is left on its way where the plan ends is called off."""

    def stream(self, ask: Ask) -> AsyncGenerator[str | Answer]:
        """Give the pieces of a reply's text as they arrive, and the answer last."""


def drive(plan: RunningPlan[M], asker: Asker, *, streaming: bool = False) -> AsyncGenerator[Partial[M] | Extraction[M]]:
    """Have a plan's asks answered until it ends.

    Yields:
        With `streaming` the value as it grows; the extraction last.
    """
    return tell_extraction(_drive(plan, asker, streaming=streaming), plan.schema.name, plan.model)


async def _drive(plan: RunningPlan[M], asker: Asker, *, streaming: bool) -> AsyncGenerator[Partial[M] | Extraction[M]]:
    async with asker.flight() as flight:
        while plan.asks:
            with plan.answering():
                if not (streaming and plan.streams):
                    plan.answer(await flight.arrivals(plan.asks))
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


def replay(plan: RunningPlan[Any], known: Callable[[Ask], Answer | None]) -> None:
    """Answer what is known already of a plan's asks, until it has ended or none of them is.

    known: gives each answer once.
    """
    while plan.asks and any(answers := tuple(known(ask) for ask in plan.asks)):
        plan.answer(answers)


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

    def flight(self) -> Flight[Any]:
        """Give what has the asks of one plan answered."""
        return _BlockingFlight(self)

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

    def answer(self, ask: Ask) -> Answer:
        """Have an ask answered."""
        with self.slots:
            return self.clients.execute(ask)


class _BlockingFlight(Flight[Future[Answer]]):
    """Asks that are answered by threads; a single one is by the caller's own."""

    def __init__(self, asker: BlockingAsker) -> None:
        super().__init__()
        self._asker = asker
        self._pool = ThreadPoolExecutor(asker.threads)  # it starts no thread before it has something to do

    async def __aexit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    async def _answer(self, ask: Ask) -> Answer:
        return self._asker.answer(ask)

    def _send(self, ask: Ask) -> Future[Answer]:
        return self._pool.submit(copy_context().run, self._asker.answer, ask)

    async def _wait(self, until: str) -> None:
        wait(self._on_the_way.values(), return_when=until)


@dataclass(frozen=True, slots=True)
class ConcurrentAsker:
    """Has asks answered on the event loop.

    executor: what puts them to their models. slots: bounds how many are answered at once; None where that does.
    """

    executor: Executor
    slots: asyncio.Semaphore | None = None

    def flight(self) -> Flight[Any]:
        """Give what has the asks of one plan answered."""
        return _ConcurrentFlight(self)

    async def stream(self, ask: Ask) -> AsyncGenerator[str | Answer]:
        """Give the pieces of a reply's text as they arrive, and the answer last."""
        async with self._slot(), aclosing(self.executor.astream(ask)) as pieces:
            async for piece in pieces:
                yield piece

    async def answer(self, ask: Ask) -> Answer:
        """Have an ask answered."""
        async with self._slot():
            return await self.executor.aexecute(ask)

    def _slot(self) -> AbstractAsyncContextManager[object]:
        return self.slots or nullcontext()


class _ConcurrentFlight(Flight[asyncio.Task[Answer]]):
    """Asks that are answered by tasks; a single one, as most documents have, by the caller's own: it costs less."""

    def __init__(self, asker: ConcurrentAsker) -> None:
        super().__init__()
        self._asker = asker

    async def __aexit__(self, *_: object) -> None:
        for task in self._on_the_way.values():
            task.cancel()
        if self._on_the_way:
            await asyncio.gather(*self._on_the_way.values(), return_exceptions=True)

    async def _answer(self, ask: Ask) -> Answer:
        return await self._asker.answer(ask)

    def _send(self, ask: Ask) -> asyncio.Task[Answer]:
        return asyncio.create_task(self._asker.answer(ask))

    async def _wait(self, until: str) -> None:
        await asyncio.wait(self._on_the_way.values(), return_when=until)
