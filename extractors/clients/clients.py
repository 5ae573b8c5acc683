"""The patched clients, sync and async, and what executes an ask on them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator, Iterable
from contextlib import suppress
from typing import Any, cast
from weakref import WeakKeyDictionary

import instructor
from anthropic import Anthropic, AsyncAnthropic

from slotfill.extractors import catalogue
from slotfill.extractors.cassettes.cassette import Cassette
from slotfill.extractors.clients.calls import Call, StreamedCall
from slotfill.extractors.clients.codec import Codec
from slotfill.extractors.clients.connections import asynchronous_client, synchronous_client
from slotfill.extractors.clients.metering import Meter
from slotfill.extractors.clients.pacer import Pacer
from slotfill.extractors.clients.rate_limits import Limits
from slotfill.extractors.errors import ModelError
from slotfill.extractors.http.redaction import Redaction
from slotfill.extractors.rungs.asks import Answer, Ask
from slotfill.extractors.settings import Settings

__all__ = ["AnyClient", "Clients"]

AnyClient = Any
"""Any client of the Anthropic SDK, of Bedrock and Vertex too, sync or async; Instructor checks it."""

CLOSING = 5.0
"""Seconds that another event loop has to close its connections."""


class Clients:
    """The patched clients of one extractor: each is built at its first use, and reused.

    client: one of the caller's own, which is never closed here; the other kind is then not to be had. Its time-outs,
        its redirects and how it reads a tool's input are its own.
    cassette: what passes the clients that are built here is recorded on it, or replayed from it.

    The clients that are built here keep to one pace, within the service's limits; the embedded model needs none.
    What a reply says of the credential is hidden.

    Raises ModelError when there is no usable credential or model.
    """

    def __init__(
        self, model: str, settings: Settings, client: AnyClient | None = None, cassette: Cassette | None = None
    ) -> None:
        self._model = model
        self._settings = settings
        self._given = client
        self._cassette = cassette
        self._meter: Meter | None = None
        self._secrets = (*settings.secrets, *_secrets_of(client))
        self._redaction = Redaction(self._secrets)
        self._pacer = Pacer(rpm=settings.rpm, itpm=settings.itpm, otpm=settings.otpm)
        self._sync: instructor.Instructor | None = None
        self._building = threading.Lock()
        # A connection pool belongs to the event loop that it was made on.
        self._async: WeakKeyDictionary[asyncio.AbstractEventLoop, instructor.Instructor] = WeakKeyDictionary()

    def meter(self, meter: Meter | None) -> None:
        """Have a meter told of each HTTP try from here on, None for none; of a client that is given it never is."""
        self._meter = meter

    def execute(self, codec: Codec, ask: Ask) -> Answer:
        """Put an ask to the model; whatever goes wrong on the way is in the answer."""
        client: Any = self._synchronous()
        with Call(codec, ask, self._secrets, self._redaction) as call:
            call.completion = client.create(response_model=None, max_retries=0, **call.request)
        return call.answer()

    async def aexecute(self, codec: Codec, ask: Ask) -> Answer:
        """Do what `execute` does, without blocking."""
        client: Any = self._asynchronous()
        with Call(codec, ask, self._secrets, self._redaction) as call:
            call.completion = await client.create(response_model=None, max_retries=0, **call.request)
        return call.answer()

    def stream(self, codec: Codec, ask: Ask) -> Generator[str, None, Answer]:
        """Do what `execute` does, giving the pieces of the reply's text as they arrive."""
        client: Any = self._synchronous()
        with StreamedCall(codec, ask, self._secrets, self._redaction) as call:
            created = client.create(response_model=None, max_retries=0, stream=True, **call.request)
            with created as events, call.receiving(events.response):
                for event in events:
                    yield call.take(event)
        return call.answer()

    async def astream(self, codec: Codec, ask: Ask) -> AsyncGenerator[str | Answer]:
        """Do what `stream` does, without blocking; the answer comes last."""
        client: Any = self._asynchronous()
        with StreamedCall(codec, ask, self._secrets, self._redaction) as call:
            created = client.create(response_model=None, max_retries=0, stream=True, **call.request)
            async with await created as events:
                with call.receiving(events.response):
                    async for event in events:
                        yield call.take(event)
        yield call.answer()

    def close(self) -> None:
        """Close the sync client, unless it is the caller's."""
        if self._sync is not None and self._given is None:
            cast("Anthropic", self._sync.client).close()
        self._sync = None

    async def aclose(self) -> None:
        """Close all clients, unless they are the caller's: each on the event loop that it was made on."""
        self.close()
        clients = [*self._async.items()]
        self._async.clear()
        if self._given is None:
            for loop, client in clients:
                await _close_on(loop, cast("AsyncAnthropic", client.client))

    def _synchronous(self) -> instructor.Instructor:
        with self._building:
            if self._sync is None:
                self._sync = _patched(self._given or synchronous_client(*self._connection()), asynchronous=False)
            return self._sync

    def _asynchronous(self) -> instructor.Instructor:
        loop = asyncio.get_running_loop()
        patched = self._async.get(loop)
        if patched is None:
            client = self._given or asynchronous_client(*self._connection())
            patched = self._async[loop] = _patched(client, asynchronous=True)
        return patched

    def _connection(self) -> tuple[str, Settings, Cassette | None, list[Limits]]:
        """Give what the SDK's clients are built of."""
        return self._model, self._settings, self._cassette, self._limits()

    def _limits(self) -> list[Limits]:
        if self._cassette and self._cassette.replaying:
            return []  # nothing is asked, and nothing costs
        pacer = None if catalogue.is_local(self._model) else self._pacer
        return [Limits(pacer, max_wait=self._settings.max_wait, meter=lambda: self._meter)]


async def _close_on(loop: asyncio.AbstractEventLoop, client: AsyncAnthropic) -> None:
    """Close a client that was made on a loop. Where that has ended there is nothing to close: it took all with it."""
    if loop is asyncio.get_running_loop():
        await client.close()
    elif loop.is_running():  # in another thread; it may end meanwhile
        closed = asyncio.run_coroutine_threadsafe(client.close(), loop)
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.wrap_future(closed), CLOSING)


def _secrets_of(client: AnyClient | None) -> Iterable[str]:
    """Give the credentials of a client that is given, as far as it tells."""
    told = (getattr(client, name, None) for name in ("api_key", "auth_token"))
    return (secret for secret in told if isinstance(secret, str))


def _patched(client: AnyClient, *, asynchronous: bool) -> instructor.Instructor:
    """Patch a client with Instructor; an already patched one is taken apart first."""
    bare: Any = client.client if isinstance(client, instructor.Instructor) else client
    patched: instructor.Instructor = instructor.from_anthropic(bare)
    if isinstance(patched, instructor.AsyncInstructor) != asynchronous:
        calls, other = ("aextract() and amap()", "Async") if asynchronous else ("extract() and map()", "")
        raise ModelError(f"{calls} need a client of the other kind than the one given: pass {other}Anthropic()")
    return patched
