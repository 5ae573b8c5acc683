"""The patched clients, sync and async, and what executes an ask on them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import suppress
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from anthropic import AsyncAnthropic

from slotfill.extractors.cassettes.cassette import Cassette
from slotfill.extractors.catalogue.transport_facts import transport_facts
from slotfill.extractors.clients.calls import Call, StreamedCall, redacted
from slotfill.extractors.clients.codec import Codec, ReplyShape
from slotfill.extractors.clients.connections import asynchronous_client, synchronous_client
from slotfill.extractors.clients.credentials import credentials_of
from slotfill.extractors.clients.failures import failure_of
from slotfill.extractors.clients.instructor_bridge import PatchedClient, patch_client
from slotfill.extractors.clients.metering import Meter
from slotfill.extractors.clients.pacer import Pacer
from slotfill.extractors.clients.rate_limits import Limits
from slotfill.extractors.http.redaction import Redaction
from slotfill.extractors.record.failure_kinds import Failure
from slotfill.extractors.rungs.asks import Answer, Ask
from slotfill.extractors.settings import Settings
from slotfill.extractors.telemetry.live_gauges import LIVE

__all__ = ["AnyClient", "Clients"]

AnyClient = Any
"""Any client of the Anthropic SDK, of Bedrock and Vertex too, sync or async; Instructor checks it."""

AnyCall = TypeVar("AnyCall", bound=Call)

CLOSING = 5.0
"""Seconds that another event loop has to close its connections."""


class Clients:
    """The patched clients of one extractor: each is built at its first use, and reused.

    client: one of the caller's own, which is never closed here; the other kind is then not to be had. Its time-outs,
        its redirects and how it reads a tool's input are its own.
    cassette: what passes the clients that are built here is recorded on it, or replayed from it.

    The clients that are built here keep to one pace, within the service's limits; what answers in this process needs
    none. What a reply says of the credential is hidden.

    Raises ModelError when there is no usable credential or model.
    """

    def __init__(
        self, model: str, settings: Settings, client: AnyClient | None = None, cassette: Cassette | None = None
    ) -> None:
        self._model = model
        self._settings = settings
        self._own_client = client
        self._cassette = cassette
        self._meter: Meter | None = None
        self._secrets = (*settings.secrets, *credentials_of(client))
        self._redaction = Redaction(self._secrets)
        self._pacer = Pacer(rpm=settings.rpm, itpm=settings.itpm, otpm=settings.otpm)
        self._sync: PatchedClient | None = None
        self._building = threading.Lock()
        # A connection pool belongs to the event loop that it was made on.
        self._async: WeakKeyDictionary[asyncio.AbstractEventLoop, PatchedClient] = WeakKeyDictionary()

    def meter(self, meter: Meter | None) -> None:
        """Have a meter told of each HTTP try from here on, None for none; of a client that is given it never is."""
        self._meter = meter

    @property
    def is_metered(self) -> bool:
        """Whether a meter is told of each HTTP try, before it is sent."""
        return self._meter is not None and self._own_client is None and not self._is_replayed

    def pays_unmetered(self) -> bool:
        """Whether what is asked costs something that no meter is told of."""
        return not (self._is_replayed or self.is_metered)

    @property
    def _is_replayed(self) -> bool:
        """Whether nothing is asked, and nothing costs."""
        return self._cassette is not None and self._cassette.replaying

    def pace(self, pacer: Pacer) -> None:
        """Have another pacer say when tries may start, before the first one."""
        self._pacer = pacer

    def execute(self, codec: Codec, ask: Ask) -> Answer:
        """Put an ask to the model; whatever goes wrong on the way is in the answer."""
        client = self._synchronous()
        with self._call(Call, codec, ask) as call:
            call.completion = client.create(**call.request)
        return call.answer()

    async def aexecute(self, codec: Codec, ask: Ask) -> Answer:
        """Do what `execute` does, without blocking."""
        client = self._asynchronous()
        with self._call(Call, codec, ask) as call:
            call.completion = await client.create(**call.request)
        return call.answer()

    def stream(self, codec: Codec, ask: Ask) -> Generator[str, None, Answer]:
        """Do what `execute` does, giving the pieces of the reply's text as they arrive."""
        client = self._synchronous()
        with (
            self._call(StreamedCall, codec, ask) as call,
            client.create(**call.request) as events,
            call.receiving(events.response),
        ):
            for event in events:
                yield call.take(event)
        return call.answer()

    async def astream(self, codec: Codec, ask: Ask) -> AsyncGenerator[str | Answer]:
        """Do what `stream` does, without blocking; the answer comes last."""
        client = self._asynchronous()
        with self._call(StreamedCall, codec, ask) as call:
            async with await client.create(**call.request) as events:
                with call.receiving(events.response):
                    async for event in events:
                        yield call.take(event)
        yield call.answer()

    @property
    def service(self) -> AsyncAnthropic:
        """The SDK's own client, for what is no message; of the event loop that runs."""
        client: AsyncAnthropic = self._asynchronous().client
        return client

    def read(self, codec: Codec, shape: ReplyShape, message: object) -> Answer:
        """Read a message that has come another way."""
        return redacted(codec.read(shape, message), self._redaction)

    def hide(self, text: str) -> str:
        """Hide credentials in a text of the service."""
        return Redaction(self._secrets, words=True).hide(text)

    def failure_of(self, error: BaseException) -> Failure:
        """Say in one line what the SDK gave up on; no credential stands in it."""
        return failure_of(error, self._secrets)

    def close(self) -> None:
        """Close the sync client, unless it is the caller's."""
        if self._sync is not None and self._own_client is None:
            self._sync.client.close()
        self._sync = None

    async def aclose(self) -> None:
        """Close all clients, unless they are the caller's: each on the event loop that it was made on."""
        self.close()
        clients = [*self._async.items()]
        self._async.clear()
        if self._own_client is None:
            for loop, client in clients:
                await _close_on(loop, client.client)

    def _call(self, kind: type[AnyCall], codec: Codec, ask: Ask) -> AnyCall:
        return kind(codec, ask, self._secrets, self._redaction)

    def _synchronous(self) -> PatchedClient:
        with self._building:
            if self._sync is None:
                client = self._own_client or synchronous_client(*self._connection())
                self._sync = patch_client(client, asynchronous=False)
            return self._sync

    def _asynchronous(self) -> PatchedClient:
        loop = asyncio.get_running_loop()
        patched = self._async.get(loop)
        if patched is None:
            client = self._own_client or asynchronous_client(*self._connection())
            patched = self._async[loop] = patch_client(client, asynchronous=True)
        return patched

    def _connection(self) -> tuple[str, Settings, Cassette | None, list[Limits]]:
        """Return what the SDK's clients are built of."""
        return self._model, self._settings, self._cassette, self._limits()

    def _limits(self) -> list[Limits]:
        if self._is_replayed:
            return []
        facts = transport_facts(self._model)
        pacer = None if facts and facts.in_process else self._pacer
        if pacer is not None:
            LIVE.pace(pacer)
        return [Limits(pacer, max_wait=self._settings.max_wait, meter=lambda: self._meter)]


async def _close_on(loop: asyncio.AbstractEventLoop, client: AsyncAnthropic) -> None:
    """Close a client that was made on a loop. Where that has ended there is nothing to close: it took all with it."""
    if loop is asyncio.get_running_loop():
        await client.close()
    elif loop.is_running():  # in another thread; it may end meanwhile
        closed = asyncio.run_coroutine_threadsafe(client.close(), loop)
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.wrap_future(closed), CLOSING)
