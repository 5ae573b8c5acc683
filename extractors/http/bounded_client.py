"""The asynchronous HTTP client: aiohttp below the SDK's own, which halves the processor time; bodies are bounded."""

from __future__ import annotations

import socket
from contextlib import suppress
from functools import partial
from typing import Any

import aiohttp
import httpx2
from anthropic import DefaultAioHttpClient

from slotfill.extractors.http.bodies import bound_body

__all__ = ["BoundedAsyncClient"]

_KEEP_ALIVE = (
    (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 60),
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 60),
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", 5),
)
"""What the SDK's default client asks of its sockets: a model thinks for minutes, and routers forget the silent."""


class BoundedAsyncClient(DefaultAioHttpClient):
    """The SDK's own client on aiohttp, with bodies that are bounded, and errors that say whether anything was sent.

    It closes itself when nobody has, as the SDK's default client does.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"event_hooks": {"response": [_bound_body]}} | options)
        self._transport = _truthful(self._transport)
        self._mounts = {pattern: _truthful(transport) for pattern, transport in self._mounts.items()}

    def _init_proxy_transport(self, proxy: httpx2.Proxy, **options: Any) -> httpx2.AsyncBaseTransport:  # type: ignore[override]  # they are handed on
        """Make what goes by a proxy; aiohttp knows none that speaks SOCKS."""
        if proxy.url.scheme.startswith("socks"):
            return httpx2.AsyncHTTPTransport(proxy=proxy, **options)
        return super()._init_proxy_transport(proxy, **options)

    def _merge_headers(self, headers: Any = None) -> Any:
        """Put a request's headers behind those of the client that it does not have; httpx2 does so one by one."""
        if not isinstance(headers, httpx2.Headers):
            return super()._merge_headers(headers)
        named = {name.lower() for name, _ in headers.raw}
        return [*(header for header in self.headers.raw if header[0].lower() not in named), *headers.raw]

    def __del__(self) -> None:
        with suppress(Exception):  # half made, or what it stands on is gone already
            for transport in (self._transport, *self._mounts.values()):
                if isinstance(transport, _AioTransport):
                    transport.drop()


async def _bound_body(reply: httpx2.Response) -> None:
    bound_body(reply)


def _truthful(transport: httpx2.AsyncBaseTransport | None) -> Any:
    return _AioTransport(transport) if hasattr(transport, "get_client") else transport


class _AioTransport(httpx2.AsyncBaseTransport):
    """A transport of aiohttp's, with what it lacks.

    By itself it takes a connection that broke off for one that could not be made: of the one a request may have been
    answered, and billed, of the other nothing was. It keeps no socket alive, and keeps cookies.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        inner.client = partial(_session, inner)  # made on the event loop that it is used on

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            return await self._inner.handle_async_request(request)  # type: ignore[no-any-return]  # the SDK's is untyped
        except httpx2.ConnectError as error:
            if isinstance(error.__cause__, aiohttp.ClientConnectorError):
                raise
            raise httpx2.RemoteProtocolError(str(error) or "the connection broke off") from error

    async def aclose(self) -> None:
        await self._inner.aclose()

    def drop(self) -> None:
        """Close the connections where nobody waits for it; aiohttp complains aloud of those that are left open."""
        session = self._inner.client
        if isinstance(session, aiohttp.ClientSession) and (connector := session.connector) is not None:
            connector._close(abort_ssl=True)  # noqa: SLF001 - `close` makes a task, of a loop that may have ended


def _session(transport: Any) -> aiohttp.ClientSession:
    """Make a session as the transport does, of sockets that are kept alive, without cookies: httpx2 has its own."""
    connector = aiohttp.TCPConnector(
        limit=transport.limits.max_connections or 0,
        keepalive_timeout=transport.limits.keepalive_expiry,
        ssl=transport.ssl_context,
        socket_factory=_socket,
    )
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


def _socket(address: tuple[Any, ...]) -> socket.socket:
    made = socket.socket(*address[:3])
    for level, name, setting in _KEEP_ALIVE:
        if hasattr(socket, name):  # not all systems have all
            made.setsockopt(level, getattr(socket, name), setting)
    return made
