"""A plug-in's transport, whose errors name it. What HTTP itself raises is an error of its service, as any other's."""

from __future__ import annotations

import httpx2

from slotfill.schemas.entry_points.installed_plugins import InstalledPlugin

__all__ = ["GuardedAsyncTransport", "GuardedTransport"]

_ASKED = "answered a request"


class GuardedTransport(httpx2.BaseTransport):
    """Asks a transport of a plug-in."""

    def __init__(self, plugin: InstalledPlugin, transport: httpx2.BaseTransport) -> None:
        self._plugin, self._transport = plugin, transport

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Hand a request on. Raises PluginError for what is no error of HTTP."""
        with self._plugin.named(_ASKED, besides=httpx2.HTTPError):
            return self._transport.handle_request(request)

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
            return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        """Close it."""
        await self._transport.aclose()
