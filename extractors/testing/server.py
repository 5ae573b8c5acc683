"""The simulated service on a loopback port: Starlette on uvicorn, for any client that speaks HTTP."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from slotfill.extractors.http.bound_port import bound_port
from slotfill.extractors.testing.simulator.exchange import ENDLESS_SECONDS, HttpRequest, HttpResponse
from slotfill.schemas.errors import MissingExtraError

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send
    from uvicorn import Server

    from slotfill.extractors.testing.claude import SimulatedClaude

__all__ = ["application", "serve", "served"]

ABORT = "slotfill.abort"
GRACE = 2
"""Seconds that replies under way may still take when the server stops."""


def application(claude: SimulatedClaude) -> ASGIApp:
    """Make the ASGI application of a simulated service.

    Args:
        claude: The service.

    Raises:
        MissingExtraError: Without Starlette, which the extra `testing` brings.
    """
    try:
        from starlette.applications import Starlette
        from starlette.responses import Response, StreamingResponse
        from starlette.routing import Route
    except ImportError as error:
        raise _missing() from error

    async def endpoint(request: Request) -> Response:
        with claude.in_flight():
            response = claude.handle(await _read(request))
            await claude.clock.asleep(response.wait)
            if response.refused or response.lost:
                request.scope[ABORT]()
            whole = len(response.chunks) == 1 and not (response.broken or response.stalled)
            headers = dict(response.headers)
            if whole and not response.pause:
                return Response(response.chunks[0], response.status, headers)
            if response.broken:  # a promise of more than will come
                headers["content-length"] = str(sum(map(len, response.chunks)) + 1)
            pieces = _pieces(claude, response, request.scope[ABORT])
            return StreamingResponse(pieces, response.status, headers)

    methods = ["GET", "POST", "DELETE"]
    return _abortable(Starlette(routes=[Route("/{path:path}", endpoint, methods=methods)]))


def serve(claude: SimulatedClaude, host: str = "127.0.0.1", port: int = 0) -> Server:
    """Make a server, bound but not started: `run(sockets=[…])` is what `served` calls. Port 0 takes a free one.

    Raises MissingExtraError without uvicorn.
    """
    try:
        import uvicorn
    except ImportError as error:
        raise _missing() from error
    config = uvicorn.Config(
        application(claude),
        host=host,
        port=port,
        log_level="critical",
        lifespan="off",
        timeout_graceful_shutdown=GRACE,
    )
    return uvicorn.Server(config)


@contextmanager
def served(claude: SimulatedClaude, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve a simulated service from a thread of its own while the context lasts; gives the base URL.

    Args:
        claude: The service.
        host: The address to listen at.
        port: 0 takes a free one.

    Raises:
        MissingExtraError: Without Starlette or uvicorn, which the extra `testing` brings.
        OutputError: When the port cannot be had.
    """
    with bound_port(host, port) as listener:
        server = serve(claude)
        thread = threading.Thread(target=partial(server.run, sockets=[listener]), daemon=True)
        thread.start()
        try:
            yield f"http://{host}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


async def _read(request: Request) -> HttpRequest:
    url = request.url
    headers = {name.lower(): value for name, value in request.headers.items()}
    origin = f"{url.scheme}://{url.netloc}"
    return HttpRequest(request.method, url.path, dict(request.query_params), headers, await request.body(), origin)


async def _pieces(claude: SimulatedClaude, response: HttpResponse, abort: Any) -> AsyncIterator[bytes]:
    for chunk in response.chunks:
        yield chunk
        await claude.clock.asleep(response.pause)
    if response.stalled:
        await claude.clock.asleep(ENDLESS_SECONDS)
    if response.broken or response.stalled:
        await asyncio.sleep(0)  # what was sent is on its way before the connection goes
        abort()


def _abortable(app: Starlette) -> ASGIApp:
    """Let a reply break the connection, which ASGI has no word for: uvicorn's `send` is bound to what holds it."""

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        scope[ABORT] = getattr(transport, "abort", lambda: None)
        await app(scope, receive, send)

    return asgi


def _missing() -> MissingExtraError:
    return MissingExtraError("the simulated server needs the extra `testing`: pip install 'slotfill[testing]'")
