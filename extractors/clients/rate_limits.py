"""Rate limits: the SDK's middleware that every HTTP try for a message passes, so that it is paced and metered.

The life of a try:

1. It waits for its turn, and asks again and again until it is admitted (`PendingTry`): the meter reserves the most that
   it can cost, then the pacer gives it its place in the limits.
2. It is sent, and holds both (`HeldTry`).
3. Its reply settles it by what the service counted; a stream does so where it is read (`settling`).
4. A refusal gives back what was not billed, and says how long all others are to wait, and the SDK with this one.
5. Where no reply comes, all that it held is spent, unless not a byte was sent.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from anthropic import AsyncStream, Middleware, Stream
from anthropic.types import Message
from pydantic_core import from_json

from slotfill.extractors.clients.admission import HELD_UP, HeldTry, PendingTry, WaitError
from slotfill.extractors.clients.metering import Meter, Try, size_of
from slotfill.extractors.clients.pacer import LIMITS, Pacer
from slotfill.extractors.messages_api.inbound import identifier, rate_limits, retry_after, usage_of
from slotfill.extractors.messages_api.service_errors import kind_of
from slotfill.schemas.json_values.json_types import JSON

if TYPE_CHECKING:
    from anthropic import APIRequest, APIResponse, AsyncAPIResponse
    from httpx2 import Response

    from slotfill.extractors.messages_api.stream_reader import StreamReader

__all__ = ["MAX_WAIT", "Limits", "settling"]

MAX_WAIT = 300.0
"""Seconds that a run waits for its limits before it ends."""

TOO_MANY_REQUESTS = 429

_HELD_TRY = "slotfill.held_try"
"""Where a streamed reply, among its extensions, carries its try to whoever reads it."""

_AT_ONCE = 0.001
"""Seconds that the SDK is told to wait by itself, where the wait is kept here, for all tries."""


class Limits(Middleware):
    """Middleware for a client of the Anthropic SDK: paces its requests, so that rate limits are kept and used.

    One object serves one sync or async client, and any number of threads or tasks:

        client = Anthropic(middleware=[Limits(Pacer(rpm=1000), max_wait=60)])

    Every HTTP try of `POST /v1/messages` waits for its place, those of the SDK's own retries included. A streamed try
    is settled by whoever reads the stream: an `Extractor` does so.

    Args:
        pacer: Decides when a try may start; several clients of one organisation share one. None paces nothing.
        max_wait: The longest wait for the pacer, in seconds: one that is surely longer raises WaitError.
        meter: Returns what takes account of the costs at the time, None for nothing.
        sleep: Lets seconds pass by the pacer's clock, for a sync client.
        asleep: Does so for an async client.
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
        if not _asks_for_message(request):
            return call_next(request)
        with self._turn, self._pending(request) as pending:
            while isinstance(held := pending.ask(), float):
                self._sleep(held)
        with held:
            response = call_next(request)
            reply = response.http_response
            content = response.parse() if reply.is_success else reply.read()
        if too_long := self._settle(held, reply, content):
            reply.close()
            raise too_long
        return response

    async def handle_async(
        self, request: APIRequest, call_next: Callable[[APIRequest], Awaitable[AsyncAPIResponse[Any]]]
    ) -> AsyncAPIResponse[Any]:
        """Do so without blocking."""
        if not _asks_for_message(request):
            return await call_next(request)
        with await self._admitted(request) as held:
            response = await call_next(request)
            reply = response.http_response
            content = await response.parse() if reply.is_success else await reply.aread()
        if too_long := self._settle(held, reply, content):
            await reply.aclose()
            raise too_long
        return response

    async def _admitted(self, request: APIRequest) -> HeldTry:
        """Let a try go at once where nothing has to wait, else in its turn.

        A turn is passed on once a pass of the event loop: of many that need not wait, one a pass would be sent. Nothing
        is reserved on the way to a turn: whoever has it may wait for just that.
        """
        if not self._waiting and (self._pacer is None or self._pacer.free):
            with self._pending(request) as pending:
                if not isinstance(held := pending.ask(), float):
                    return held
        async with self._async_turn:
            with self._pending(request) as pending:
                while isinstance(held := pending.ask(), float):
                    await self._wait(held)
                return held

    async def _wait(self, seconds: float) -> None:
        self._waiting = True
        try:
            await self._asleep(seconds)
        finally:
            self._waiting = False

    def _pending(self, request: APIRequest) -> PendingTry:
        body: JSON = request.json or {}
        attempt = Try(
            str(body.get("model", "")), size_of(body, request.options.content), int(body.get("max_tokens") or 0)
        )
        return PendingTry(attempt, self._pacer, self._meter(), max_wait=self._max_wait)

    def _settle(self, held: HeldTry, reply: Response, content: object) -> WaitError | None:
        """Settle a try by its reply, and learn from it. Returns an error for a `retry-after` beyond `max_wait`."""
        if self._pacer and self._pacer.is_curious:
            self._pacer.learn(rate_limits(reply.headers, LIMITS))
        if not reply.is_success:
            return self._refuse(held, reply)
        if isinstance(content, Stream | AsyncStream):
            reply.extensions[_HELD_TRY] = held
        else:
            held.settle(usage_of(content.usage, content.content) if isinstance(content, Message) else None)
        return None

    def _refuse(self, held: HeldTry, reply: Response) -> WaitError | None:
        body, seconds = _body_of(reply), retry_after(reply.headers)
        kind = kind_of(reply.status_code, body)
        held.refuse(kind, seconds, billed=not _is_of_the_service(body))
        too_long = seconds is not None and seconds > self._max_wait
        if self._pacer and kind in HELD_UP and seconds is not None:
            if too_long:
                return WaitError(seconds, self._max_wait, identifier(reply.headers.get("request-id")))
            seconds = _AT_ONCE
        give_up = too_long or (reply.status_code == TOO_MANY_REQUESTS and not kind.retry_later)
        _instruct_sdk(reply, seconds, give_up=give_up)
        return None


def _instruct_sdk(reply: Response, seconds: float | None, *, give_up: bool) -> None:
    """Tell the SDK by a refusal's headers whether to try again, and after how many seconds.

    It is told no other way. By itself it goes by the status, where a 429 may say what no time mends (a spent budget),
    and it sleeps through whatever the reply asks for, an hour too, in each thread for itself: where there is a pacer
    that wait is the pacer's, for all tries together, and bounded.
    """
    if give_up:
        reply.headers["x-should-retry"] = "false"
    reply.headers.pop("retry-after", None)
    reply.headers.pop("retry-after-ms", None)
    if seconds is not None:
        reply.headers["retry-after-ms"] = f"{seconds * 1_000:.0f}"


@contextmanager
def settling(reply: Response, stream: StreamReader) -> Iterator[None]:
    """Settle a streamed try, if it has passed `Limits`, once its reply is read, breaks off or is closed.

    One that did not come to its end may have been billed for more than it told.
    """
    try:
        yield
    finally:
        held = reply.extensions.get(_HELD_TRY)
        if isinstance(held, HeldTry):
            held.settle(stream.usage if stream.ended else None)


def _asks_for_message(request: APIRequest) -> bool:
    """Whether a request is for a message: counts, batches and lists have limits of their own."""
    return request.method.lower() == "post" and request.url.partition("?")[0] == "/v1/messages"


def _body_of(reply: Response) -> object:
    """Read the body of an error, as far as it is JSON."""
    try:
        return from_json(reply.content)
    except ValueError:
        return None


def _is_of_the_service(body: object) -> bool:
    """Whether an error is in the API's own form: then nothing was billed. A gateway cannot know that."""
    return isinstance(body, dict) and body.get("type") == "error" and isinstance(body.get("error"), dict)
