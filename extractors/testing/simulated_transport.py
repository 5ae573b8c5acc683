"""The simulated service as an httpx2 transport: no socket, no other thread, the unchanged SDK before it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

import httpx2

from slotfill.extractors.testing.simulator.clock import Clock
from slotfill.extractors.testing.simulator.exchange import HttpRequest, HttpResponse

__all__ = ["SimulatedTransport"]


class Service(Protocol):
    """What answers: `SimulatedClaude`, or whatever stands around it."""

    @property
    def clock(self) -> Clock:
        """The time that it lives in."""

    def in_flight(self) -> AbstractContextManager[None]:
        """Count a request while it is answered."""

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer a request."""


class SimulatedTransport(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """Answers from a simulated service; one object serves sync and asyncio clients.

    A reply that takes longer than the client's read timeout fails at once, as it would have later.
    """

    def __init__(self, claude: Service) -> None:
        self._claude = claude

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer, as slowly as the reply is told to be."""
        with self._claude.in_flight():
            response = self._claude.handle(_read(request, request.read()))
            _check(response, request)
            self._claude.clock.sleep(response.wait)
            return _answer(response, _Body(self._claude, response, request))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer without blocking the event loop."""
        with self._claude.in_flight():
            response = self._claude.handle(_read(request, await request.aread()))
            _check(response, request)
            await self._claude.clock.asleep(response.wait)
            return _answer(response, _Body(self._claude, response, request))


class _Body(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body that comes in pieces, slowly, or not to its end."""

    def __init__(self, claude: Service, response: HttpResponse, request: httpx2.Request) -> None:
        self._claude = claude
        self._response = response
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._response.chunks:
            yield chunk
            self._claude.clock.sleep(self._response.pause)
        self._end()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._response.chunks:
            yield chunk
            await self._claude.clock.asleep(self._response.pause)
        self._end()

    def _end(self) -> None:
        if self._response.stalled:
            raise _late(self._request)
        if self._response.broken:
            raise httpx2.ReadError("the connection was reset", request=self._request)


def _read(request: httpx2.Request, body: bytes) -> HttpRequest:
    url = request.url
    headers = {name.lower(): value for name, value in request.headers.items()}
    origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
    return HttpRequest(request.method, url.path, dict(url.params), headers, body, origin)


def _check(response: HttpResponse, request: httpx2.Request) -> None:
    """Fail where a connection would not be made, or not answer in time."""
    if response.refused:
        raise httpx2.ConnectError("connection refused", request=request)
    if response.lost:
        raise httpx2.RemoteProtocolError("the server disconnected without a response", request=request)
    limit = request.extensions.get("timeout", {}).get("read")
    if limit is not None and max(response.wait, response.pause) > limit:
        raise _late(request)


def _late(request: httpx2.Request) -> httpx2.ReadTimeout:
    return httpx2.ReadTimeout("the simulated service did not answer in time", request=request)


def _answer(response: HttpResponse, body: _Body) -> httpx2.Response:
    if len(response.chunks) == 1 and not (response.broken or response.stalled or response.pause):
        return httpx2.Response(response.status, headers=dict(response.headers), content=response.chunks[0])
    return httpx2.Response(response.status, headers=dict(response.headers), stream=body)
