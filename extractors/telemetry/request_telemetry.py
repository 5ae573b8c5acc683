"""A request to a model, as it is told: a span, and what is counted of it. Nothing at all where nobody listens."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing, closing
from decimal import Decimal
from typing import Self

from opentelemetry.util.types import AttributeValue

from slotfill.extractors.catalogue import prices
from slotfill.extractors.catalogue.prices import CacheTTL
from slotfill.extractors.record.failure_kinds import Failure
from slotfill.extractors.record.parts import Attempt, Rung
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.rungs.asks import Answer, Ask
from slotfill.extractors.telemetry.conventions import (
    ATTEMPT_SPAN,
    BATCH,
    COST,
    FINISH_REASONS,
    MODE,
    REQUEST_MODEL,
    RUNG,
    TOKENS,
    known_reason,
)
from slotfill.extractors.telemetry.live_gauges import LIVE
from slotfill.extractors.telemetry.open_span import Attributes, OpenSpan
from slotfill.extractors.telemetry.providers import Recorders, recorders
from slotfill.schemas.wire.losses import Mode

__all__ = [
    "SilentRequest",
    "ToldRequest",
    "count_request",
    "tell_batched_request",
    "tell_request",
]


class SilentRequest:
    """A request of which nobody wants to know."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def answered(self, answer: Answer) -> Answer:
        """Take the answer, and return it."""
        return answer

    def stream(self, pieces: Generator[str, None, Answer]) -> Generator[str, None, Answer]:
        """Give the pieces of a reply that is streamed; the answer is returned."""
        return pieces

    def astream(self, pieces: AsyncGenerator[str | Answer]) -> AsyncGenerator[str | Answer]:
        """Do so without blocking; the answer comes last."""
        return pieces


class ToldRequest(SilentRequest):
    """One that is told of, from when it is entered, or its first piece is asked for, to its end.

    ttl: by which it is priced where it `spends`: no meter tells what it costs, and it does.
    """

    __slots__ = ("_ask", "_heard", "_schema", "_span", "_spends", "_ttl")

    def __init__(self, heard: Recorders, schema: str, ask: Ask, ttl: CacheTTL, *, spends: bool) -> None:
        self._heard, self._schema, self._ask, self._ttl, self._spends = heard, schema, ask, ttl, spends
        self._span: OpenSpan

    def __enter__(self) -> Self:
        self._begin()
        self._span.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._span.__exit__()
        self._end(error[1])

    def answered(self, answer: Answer) -> Answer:
        """Take the answer, and return it."""
        failure = answer.failure.type if answer.failure else None
        spends = self._spends and self._heard.instruments is not None
        is_recording = self._span.is_recording
        cost = prices.cost(self._ask.model, answer.usage, ttl=self._ttl) if is_recording or spends else None
        if is_recording:
            self._span.set(_reply_attributes(answer.stop_reason, answer.usage, cost))
        if failure:
            self._span.fail(failure.value)
        if instruments := self._heard.instruments:
            instruments.attempted(self._schema, self._ask.model, self._ask.rung, failure)
            if self._spends:
                instruments.spent(self._schema, self._ask.model, answer.usage, cost)
        return answer

    def stream(self, pieces: Generator[str, None, Answer]) -> Generator[str, None, Answer]:
        """Give the pieces of a reply that is streamed; the answer is returned."""
        self._begin()
        failed: BaseException | None = None
        try:
            with closing(pieces):
                while True:
                    with self._span:
                        try:
                            piece = next(pieces)
                        except StopIteration as end:
                            return self.answered(end.value)
                    yield piece
        except BaseException as error:
            failed = error
            raise
        finally:
            self._end(failed)

    async def astream(self, pieces: AsyncGenerator[str | Answer]) -> AsyncGenerator[str | Answer]:
        """Do so without blocking; the answer comes last."""
        self._begin()
        failed: BaseException | None = None
        try:
            async with aclosing(pieces):
                while True:
                    with self._span:
                        piece = await anext(pieces, None)
                    if piece is None:
                        return
                    yield self.answered(piece) if isinstance(piece, Answer) else piece
        except BaseException as error:
            failed = error
            raise
        finally:
            self._end(failed)

    def _begin(self) -> None:
        ask = self._ask
        attributes = _request_attributes(ask.model, ask.rung, ask.mode)
        self._span = OpenSpan(self._heard.tracer, ATTEMPT_SPAN, attributes)
        LIVE.fly(1)

    def _end(self, error: object) -> None:
        LIVE.fly(-1)
        if isinstance(error, Exception):
            self._span.fail(type(error).__name__)
        self._span.end()


_SILENT = SilentRequest()


def tell_request(schema: str, ask: Ask, ttl: CacheTTL, spends: Callable[[], bool]) -> SilentRequest:
    """Tell of a request of a schema's, by its name, if anybody wants to know. ttl, spends: as in `ToldRequest`."""
    heard = recorders()
    return _SILENT if heard is None else ToldRequest(heard, schema, ask, ttl, spends=spends())


def count_request(schema: str, model: str, rung: Rung, failure: Failure | None) -> None:
    """Count a request that another process has made, and has a span of."""
    if (heard := recorders()) and heard.instruments:
        heard.instruments.attempted(schema, model, rung, failure.type if failure else None)


def tell_batched_request(heard: Recorders, schema: str, attempt: Attempt, ttl: CacheTTL) -> None:
    """Tell of a request that went with a batch, when its document has ended."""
    span = OpenSpan(heard.tracer, ATTEMPT_SPAN, _request_attributes(attempt.model, attempt.rung, attempt.mode))
    cost = prices.cost(attempt.model, attempt.usage, ttl=ttl)
    span.set({**_reply_attributes(attempt.stop_reason, attempt.usage, cost), BATCH: True})
    span.end()
    if heard.instruments:
        heard.instruments.attempted(schema, attempt.model, attempt.rung, None)


def _request_attributes(model: str, rung: Rung, mode: Mode) -> Attributes:
    """Say what is asked, and how."""
    return {REQUEST_MODEL: model, RUNG: rung.value, MODE: mode}


def _reply_attributes(stop_reason: str | None, usage: Usage, cost: Decimal | None) -> dict[str, AttributeValue]:
    """Say why a reply ended, what it took and what that cost."""
    counts = {name: getattr(usage, field) for field, name in TOKENS.items()}
    told: dict[str, AttributeValue] = {name: count for name, count in counts.items() if count}
    if stop_reason is not None:
        told[FINISH_REASONS] = (known_reason(stop_reason),)
    if cost is not None:
        told[COST] = float(cost)
    return told
