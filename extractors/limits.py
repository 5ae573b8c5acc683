"""Limits: holds back every HTTP try of the SDK's clients until it may start, and settles it by its reply."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from anthropic import AnthropicError, Middleware
from anthropic.types import Message
from pydantic_core import to_json

from slotfill.extractors.pacing import LIMITS, Pacer, Reservation, Wait

if TYPE_CHECKING:
    from anthropic import APIRequest, APIResponse, AsyncAPIResponse
    from anthropic.types import Usage
    from httpx2 import Response

__all__ = ["MAX_WAIT", "Limits", "WaitError", "retry_after"]

MAX_WAIT = 300.0
"""Seconds that a run waits for its limits before it ends."""

RATE_LIMITED, OVERLOADED = 429, 529

_ASKING_AGAIN = 1.0
"""Seconds after which a long wait is looked at again: a reply may have shortened it."""

_AT_ONCE = "1"
"""Milliseconds that the SDK is told to wait by itself, where the wait is kept here, for all tries."""


class WaitError(AnthropicError):
    """The limits allow nothing for longer than may be waited. `request_id` is that of the reply which said so."""

    def __init__(self, seconds: float, max_wait: float, request_id: str | None = None) -> None:
        super().__init__(
            f"the rate limits allow no further request for {seconds:,.0f} s, and --max-wait is {max_wait:,.0f} s: "
            "run it again later, or allow a longer wait"
        )
        self.request_id = request_id


class Limits(Middleware):
    """The SDK's middleware that paces every try for a message, of one sync or async client.

    pacer: shared by all clients of a run. max_wait: seconds; a longer wait raises WaitError.
    sleep, asleep: let time pass by the pacer's clock.
    """

    def __init__(
        self,
        pacer: Pacer,
        *,
        max_wait: float = MAX_WAIT,
        sleep: Callable[[float], None] = time.sleep,
        asleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._pacer, self._max_wait = pacer, max_wait
        self._sleep, self._asleep = sleep, asleep
        # Whoever has the turn waits for the pacer, all others for the turn: a thousand tasks do not wake for one place.
        self._turn, self._async_turn = threading.Lock(), asyncio.Lock()

    def handle(self, request: APIRequest, call_next: Callable[[APIRequest], APIResponse[Any]]) -> APIResponse[Any]:
        """Hold a try back, let it go, and settle it."""
        if not _asks(request):
            return call_next(request)
        with self._turn:
            reservation = _driven(self._admission(request), self._sleep)
        usage = None
        try:
            response = call_next(request)
            if response.http_response.is_success and not request.stream:
                usage = _usage(response.parse())
        except BaseException:
            self._pacer.unanswered(reservation)
            raise
        if error := self._take(reservation, response.http_response, usage):
            response.http_response.close()
            raise error
        return response

    async def handle_async(
        self, request: APIRequest, call_next: Callable[[APIRequest], Awaitable[AsyncAPIResponse[Any]]]
    ) -> AsyncAPIResponse[Any]:
        """Do so without blocking."""
        if not _asks(request):
            return await call_next(request)
        async with self._async_turn:
            reservation = await _adriven(self._admission(request), self._asleep)
        usage = None
        try:
            response = await call_next(request)
            if response.http_response.is_success and not request.stream:
                usage = _usage(await response.parse())
        except BaseException:
            self._pacer.unanswered(reservation)
            raise
        if error := self._take(reservation, response.http_response, usage):
            await response.http_response.aclose()
            raise error
        return response

    def _admission(self, request: APIRequest) -> Generator[float, None, Reservation]:
        """Give how long to wait, again and again, and at last the place. Raises WaitError."""
        body: Any = request.json or {}
        size, room = len(to_json(body)), int(body.get("max_tokens") or 0)
        while isinstance(told := self._pacer.admit(size, room), Wait):
            if told.certain and told.seconds > self._max_wait:
                raise WaitError(told.seconds, self._max_wait)
            yield min(told.seconds, _ASKING_AGAIN)
        return told

    def _take(self, reservation: Reservation, reply: Response, usage: Usage | None) -> WaitError | None:
        """Settle a try by its reply, and learn from it. Gives an error for a `retry-after` beyond `max_wait`."""
        self._pacer.learn(_limits(reply.headers))
        if reply.status_code in (RATE_LIMITED, OVERLOADED):
            return self._refused(reservation, reply)
        if usage is None:
            self._pacer.unanswered(reservation)
        else:
            counted = usage.input_tokens + (usage.cache_creation_input_tokens or 0)
            self._pacer.answered(reservation, counted, usage.output_tokens)
        return None

    def _refused(self, reservation: Reservation, reply: Response) -> WaitError | None:
        seconds = retry_after(reply.headers)
        self._pacer.refused(reservation, limited=reply.status_code == RATE_LIMITED, retry_after=seconds)
        if seconds is None:
            return None
        if seconds > self._max_wait:
            return WaitError(seconds, self._max_wait, reply.headers.get("request-id"))
        reply.headers["retry-after-ms"] = _AT_ONCE
        return None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Give the seconds that a reply asks to wait, None where it does not say so, or not so that it can be read.

    Written as `retry-after-ms`, or as `retry-after` in seconds or as a date: RFC 9110, section 10.2.3.
    """
    for name, unit in (("retry-after-ms", 1_000.0), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) / unit)
        except (KeyError, ValueError):
            continue
    try:
        until = parsedate_to_datetime(headers["retry-after"])
    except (KeyError, ValueError):
        return None
    return max(0.0, (until.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def _asks(request: APIRequest) -> bool:
    """Tell whether a request is for a message: counts, batches and lists have limits of their own."""
    return request.method.lower() == "post" and request.url.partition("?")[0] == "/v1/messages"


def _usage(parsed: object) -> Usage | None:
    """Give what a message was counted as; what a gateway calls a message may have none."""
    usage = parsed.usage if isinstance(parsed, Message) else None
    counts = (getattr(usage, name, None) for name in ("input_tokens", "output_tokens"))
    return usage if all(isinstance(count, int) for count in counts) else None


def _limits(headers: Mapping[str, str]) -> dict[str, float]:
    told = {name: headers.get(f"anthropic-ratelimit-{name}-limit", "") for name in LIMITS}
    return {name: float(limit) for name, limit in told.items() if limit.isdecimal() and int(limit) > 0}


def _driven(waits: Generator[float, None, Reservation], sleep: Callable[[float], None]) -> Reservation:
    while True:
        try:
            sleep(next(waits))
        except StopIteration as end:
            reservation: Reservation = end.value
            return reservation


async def _adriven(
    waits: Generator[float, None, Reservation], asleep: Callable[[float], Awaitable[None]]
) -> Reservation:
    while True:
        try:
            await asleep(next(waits))
        except StopIteration as end:
            reservation: Reservation = end.value
            return reservation
