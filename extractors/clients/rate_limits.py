"""Limits: holds back every HTTP try of the SDK's clients until it may be sent, and settles it by its reply.

Two things are held for a try while it is under way: its place in the service's limits (`Pacer`), and the most that it
can cost (`Meter`).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from anthropic import AnthropicError, AsyncStream, Middleware, Stream
from anthropic.types import Message
from httpx2 import ConnectError, ConnectTimeout, PoolTimeout
from pydantic_core import from_json, to_json

from slotfill.extractors.clients.metering import Meter, Try
from slotfill.extractors.clients.pacer import LIMITS, Pacer, Reservation, Wait
from slotfill.extractors.messages_api.inbound import identifier, rate_limits, retry_after, usage_of
from slotfill.extractors.messages_api.service_errors import kind_of
from slotfill.extractors.record.extraction import Usage

if TYPE_CHECKING:
    from anthropic import APIRequest, APIResponse, AsyncAPIResponse
    from httpx2 import Response

    from slotfill.extractors.messages_api.stream_reader import StreamReader

__all__ = ["MAX_WAIT", "Limits", "WaitError", "settling"]

MAX_WAIT = 300.0
"""Seconds that a run waits for its limits before it ends."""

TOO_MANY_REQUESTS = 429

HELD_UP = frozenset({"rate_limit", "overloaded"})
"""The failures that a service sends to whoever asks too much of it."""

_ASKING_AGAIN = 1.0
"""Seconds after which a long wait is looked at again: a reply may have shortened it."""

_SETTLING = 0.02
"""Seconds after which the meter is asked again, where others must be settled first."""

_UNSENT = (ConnectError, ConnectTimeout, PoolTimeout)
"""How a try fails of which the service has not seen a byte."""

_OUTSTANDING = "slotfill.outstanding"
"""Where a streamed reply, among its extensions, carries its try to whoever reads it."""

_AT_ONCE = 0.001
"""Seconds that the SDK is told to wait by itself, where the wait is kept here, for all tries."""


class WaitError(AnthropicError):
    """The limits allow nothing for longer than may be waited. `request_id` is that of the reply which said so."""

    def __init__(self, seconds: float, max_wait: float, request_id: str | None = None) -> None:
        super().__init__(
            f"the rate limits allow no further request for {seconds:,.0f} s, and --max-wait is {max_wait:,.0f} s: "
            "run it again later, or allow a longer wait"
        )
        self.request_id = request_id


class _Outstanding:
    """A try that was let go: what it holds, of the pace and of the budget, until it is settled, once.

    reservation, number: None where it is not paced, or not metered.
    """

    __slots__ = ("_meter", "_number", "_pacer", "_reservation")

    def __init__(
        self, pacer: Pacer | None, reservation: Reservation | None, meter: Meter | None, number: int | None
    ) -> None:
        self._pacer, self._reservation = pacer, reservation
        self._meter, self._number = meter, number

    def settle(self, usage: Usage | None) -> None:
        """Settle it by what was counted; None where that is not known, and so all that was reserved is spent."""
        counts = usage.counts if usage else None
        if self._pacer and self._reservation:
            if counts is None:
                self._pacer.unanswered(self._reservation)
            else:
                read, written, _, cache_write = counts
                self._pacer.answered(self._reservation, read + cache_write, written)
        self._account(usage if counts else None)

    def fail(self, error: BaseException) -> None:
        """Settle it where no reply came: it may be under way at the service, unless nothing was ever sent."""
        if self._pacer and self._reservation:
            self._pacer.unanswered(self._reservation)
        self._account(Usage() if isinstance(error.__cause__, _UNSENT) else None)

    def refuse(self, kind: str, seconds: float | None, *, billed: bool) -> None:
        """Settle it by a reply that tells of an error of a kind, and asks to wait so long.

        billed: whether it may have been: a gateway cannot know that it was not.
        """
        if self._pacer and self._reservation:
            if kind in HELD_UP:
                self._pacer.refused(self._reservation, limited=kind == "rate_limit", retry_after=seconds)
            else:
                self._pacer.unanswered(self._reservation)
        self._account(None if billed else Usage())

    def _account(self, usage: Usage | None) -> None:
        if self._meter and self._number is not None:
            self._meter.settle(self._number, usage)


class Limits(Middleware):
    """The SDK's middleware that every try for a message passes, of one sync or async client: it is paced, and metered.

    pacer: shared by all clients of a run; None paces nothing. meter: gives that of the time, None for none.
    max_wait: seconds; a longer wait for the pacer raises WaitError.
    sleep, asleep: let time pass by the pacer's clock.

    A streamed try is settled by whoever reads the stream: see `settling`.
    """

    def __init__(
        self,
        pacer: Pacer | None,
        *,
        max_wait: float = MAX_WAIT,
        meter: Callable[[], Meter | None] = lambda: None,
        sleep: Callable[[float], None] = time.sleep,
        asleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._pacer, self._max_wait, self._meter = pacer, max_wait, meter
        self._sleep, self._asleep = sleep, asleep
        # Whoever has the turn waits to be admitted, all others for the turn: a thousand tasks do not wake for one
        # place, and a large request is not passed by small ones for ever.
        self._turn, self._async_turn = threading.Lock(), asyncio.Lock()
        self._waiting = False

    def handle(self, request: APIRequest, call_next: Callable[[APIRequest], APIResponse[Any]]) -> APIResponse[Any]:
        """Hold a try back, let it go, and settle it."""
        if not _asks(request):
            return call_next(request)
        with self._turn:
            outstanding = _driven(self._admission(request), self._sleep)
        try:
            response = call_next(request)
            reply = response.http_response
            parsed = response.parse() if reply.is_success else reply.read()
        except BaseException as error:
            outstanding.fail(error)
            raise
        if too_long := self._take(outstanding, reply, parsed):
            reply.close()
            raise too_long
        return response

    async def handle_async(
        self, request: APIRequest, call_next: Callable[[APIRequest], Awaitable[AsyncAPIResponse[Any]]]
    ) -> AsyncAPIResponse[Any]:
        """Do so without blocking."""
        if not _asks(request):
            return await call_next(request)
        outstanding = await self._admitted(request)
        try:
            response = await call_next(request)
            reply = response.http_response
            parsed = await response.parse() if reply.is_success else await reply.aread()
        except BaseException as error:
            outstanding.fail(error)
            raise
        if too_long := self._take(outstanding, reply, parsed):
            await reply.aclose()
            raise too_long
        return response

    async def _admitted(self, request: APIRequest) -> _Outstanding:
        """Let a try go at once where nothing has to wait, else in its turn.

        A turn is passed on once a pass of the event loop: of many that need not wait, one a pass would be sent. Nothing
        is reserved on the way to a turn: whoever has it may wait for just that.
        """
        if not self._waiting and (self._pacer is None or self._pacer.free):
            with closing(self._admission(request)) as waits:
                outstanding = _at_once(waits)
            if outstanding is not None:
                return outstanding
        async with self._async_turn:
            return await _adriven(self._admission(request), self._wait)

    async def _wait(self, seconds: float) -> None:
        self._waiting = True
        try:
            await self._asleep(seconds)
        finally:
            self._waiting = False

    def _admission(self, request: APIRequest) -> Generator[float, None, _Outstanding]:
        """Give how long to wait, again and again, and at last the try. Raises BudgetError and WaitError."""
        body: Any = request.json or {}
        tried = Try(str(body.get("model", "")), len(to_json(body)), int(body.get("max_tokens") or 0))
        meter, number = self._meter(), None
        while meter and (number := meter.admit(tried)) is None:
            yield _SETTLING
        try:
            reservation = yield from self._place(tried, meter)
        except BaseException:  # by WaitError, or being cancelled: it is not sent
            _Outstanding(None, None, meter, number).settle(Usage())
            raise
        return _Outstanding(self._pacer, reservation, meter, number)

    def _place(self, tried: Try, meter: Meter | None) -> Generator[float, None, Reservation | None]:
        if self._pacer is None:
            return None
        while isinstance(told := self._pacer.admit(tried.size, tried.room), Wait):
            if told.certain and told.seconds > self._max_wait:
                raise WaitError(told.seconds, self._max_wait)
            yield min(told.seconds, _ASKING_AGAIN)
            if meter:
                meter.check()
        return told

    def _take(self, outstanding: _Outstanding, reply: Response, parsed: object) -> WaitError | None:
        """Settle a try by its reply, and learn from it. Gives an error for a `retry-after` beyond `max_wait`."""
        if self._pacer:
            self._pacer.learn(rate_limits(reply.headers, LIMITS))
        if not reply.is_success:
            return self._refused(outstanding, reply)
        if isinstance(parsed, Stream | AsyncStream):
            reply.extensions[_OUTSTANDING] = outstanding
        else:
            outstanding.settle(usage_of(parsed.usage, parsed.content) if isinstance(parsed, Message) else None)
        return None

    def _refused(self, outstanding: _Outstanding, reply: Response) -> WaitError | None:
        body, seconds = _body_of(reply), retry_after(reply.headers)
        kind = kind_of(reply.status_code, body)
        outstanding.refuse(kind, seconds, billed=not _is_of_the_service(body))
        held_up = bool(self._pacer) and kind in HELD_UP
        too_long = seconds is not None and seconds > self._max_wait
        if seconds is not None and too_long and held_up:
            return WaitError(seconds, self._max_wait, identifier(reply.headers.get("request-id")))
        # The SDK goes by the status, and a 429 may say what no time mends.
        if too_long or (reply.status_code == TOO_MANY_REQUESTS and not kind.retry_later):
            reply.headers["x-should-retry"] = "false"
        _tell_wait(reply, _AT_ONCE if held_up and seconds is not None else seconds)
        return None


def _tell_wait(reply: Response, seconds: float | None) -> None:
    """Write how long the SDK shall wait before its next try: it sleeps through whatever a reply asks for."""
    reply.headers.pop("retry-after", None)
    reply.headers.pop("retry-after-ms", None)
    if seconds is not None:
        reply.headers["retry-after-ms"] = f"{seconds * 1_000:.0f}"


@contextmanager
def settling(reply: Response, arriving: StreamReader) -> Iterator[None]:
    """Settle a streamed try, if it has passed `Limits`, once its reply is read, breaks off or is closed.

    One that did not come to its end may have been billed for more than it told.
    """
    try:
        yield
    finally:
        outstanding = reply.extensions.get(_OUTSTANDING)
        if isinstance(outstanding, _Outstanding):
            outstanding.settle(arriving.usage if arriving.ended else None)


def _asks(request: APIRequest) -> bool:
    """Tell whether a request is for a message: counts, batches and lists have limits of their own."""
    return request.method.lower() == "post" and request.url.partition("?")[0] == "/v1/messages"


def _body_of(reply: Response) -> object:
    """Read the body of an error, as far as it is JSON."""
    try:
        return from_json(reply.content)
    except ValueError:
        return None


def _is_of_the_service(body: object) -> bool:
    """Tell whether an error is in the API's own form: then nothing was billed. A gateway cannot know that."""
    return isinstance(body, dict) and body.get("type") == "error" and isinstance(body.get("error"), dict)


def _at_once(waits: Generator[float, None, _Outstanding]) -> _Outstanding | None:
    try:
        next(waits)
    except StopIteration as end:
        outstanding: _Outstanding = end.value
        return outstanding
    return None


def _driven(waits: Generator[float, None, _Outstanding], sleep: Callable[[float], None]) -> _Outstanding:
    with closing(waits):
        while True:
            try:
                sleep(next(waits))
            except StopIteration as end:
                outstanding: _Outstanding = end.value
                return outstanding


async def _adriven(
    waits: Generator[float, None, _Outstanding], asleep: Callable[[float], Awaitable[None]]
) -> _Outstanding:
    with closing(waits):
        while True:
            try:
                await asleep(next(waits))
            except StopIteration as end:
                outstanding: _Outstanding = end.value
                return outstanding
