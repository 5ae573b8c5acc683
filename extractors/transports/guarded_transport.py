"""A plug-in's transport, whose errors name it. What HTTP itself raises is an error of its service, as any other's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import cast

import httpx2

from slotfill.schemas.entry_points.installed_plugins import InstalledPlugin

__all__ = ["GuardedAsyncTransport", "GuardedTransport"]

_ASKED, _STREAMED = "answered a request", "streamed a reply"


class GuardedTransport(httpx2.BaseTransport):
    """Asks a transport of a plug-in."""

    def __init__(self, plugin: InstalledPlugin, transport: httpx2.BaseTransport) -> None:
        self._plugin, self._transport = plugin, transport

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Hand a request on. Raises PluginError for what is no error of HTTP."""
        with self._plugin.named(_ASKED, besides=httpx2.HTTPError):
            response = self._transport.handle_request(request)
        response.stream = _GuardedStream(self._plugin, cast("httpx2.SyncByteStream", response.stream))
        return response

    def close(self) -> None:
        """Close it."""
        self._transport.close()


class GuardedAsyncTransport(httpx2.AsyncBaseTransport):
    """Does what `GuardedTransport` does, for an event loop."""

    def __init__(self, plugin: InstalledPlugin, transport: httpx2.AsyncBaseTransport) -> None:
        self._plugin, self._transport = plugin, transport

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Hand a request on, likewise."""
        with self._plugin.named(_ASKED, besides=httpx2.HTTPError):
            response = await self._transport.handle_async_request(request)
        response.stream = _GuardedAsyncStream(self._plugin, cast("httpx2.AsyncByteStream", response.stream))
        return response

    async def aclose(self) -> None:
        """Close it."""
        await self._transport.aclose()


class _GuardedStream(httpx2.SyncByteStream):
    """The body of a reply, which the plug-in may still be making while it is read."""

    def __init__(self, plugin: InstalledPlugin, stream: httpx2.SyncByteStream) -> None:
        self._plugin, self._stream = plugin, stream

    def __iter__(self) -> Iterator[bytes]:
        with self._plugin.named(_STREAMED, besides=httpx2.HTTPError):
            yield from self._stream

    def close(self) -> None:
        self._stream.close()


class _GuardedAsyncStream(httpx2.AsyncByteStream):
    """The same, for an event loop."""

    def __init__(self, plugin: InstalledPlugin, stream: httpx2.AsyncByteStream) -> None:
        self._plugin, self._stream = plugin, stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with self._plugin.named(_STREAMED, besides=httpx2.HTTPError):
            async for part in self._stream:
                yield part

    async def aclose(self) -> None:
        await self._stream.aclose()
