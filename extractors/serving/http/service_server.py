"""The server of a service: on a port, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from slotfill.extractors.serving.runs.run_queue import RunQueue
from slotfill.extractors.serving.service import Service

__all__ = ["BACKLOG", "OnReady", "serve_app"]

OnReady = Callable[[Callable[[], None]], None]
"""Is called once a server answers, with what stops it."""

HEAD_SECONDS = 10.0
"""So long a client may take to send a request's head."""

WRITE_SECONDS = 60.0
"""So long what was sent may wait for a client to take it: who reads nothing would hold a place for ever."""

IDLE_SECONDS = 15
"""So long a connection is kept between two requests."""

MOST_HEAD_BYTES = 32_000
BACKLOG = 1_024
"""So many connections wait to be taken, where many come at once."""

TAKEN_AT_ONCE = 32
"""So many of these are taken before those that are too many are closed, which is three turns of the loop later.

asyncio takes as many as the backlog that it is told; where that is more than the descriptors that are left, it logs an
error for each of the others, and takes none for a second.
"""

MOST_CONNECTIONS = 4_000
"""For one more, the one closes on which nothing has been asked for the longest time."""

OTHER_DESCRIPTORS = 256
"""So many files and connections beside those of clients: ledgers, the model's service, documents that are read."""

LAST_WORD = 2.0
"""Seconds before the end of the grace at which requests are told, so that they can be."""


def serve_app(
    app: ASGIApp,
    service: Service,
    runs: RunQueue,
    listener: socket.socket,
    *,
    grace: float,
    on_ready: OnReady,
) -> None:
    """Answer until the process is told to stop, by Ctrl-C or SIGTERM.

    What is at work then is finished within the grace, and requests that are not by then are told so; runs are gone on
    with by the next start. A second signal ends it at once.

    Args:
        app: What answers.
        service: What it is of.
        runs: Its runs.
        listener: Where.
        grace: Seconds.
        on_ready: As `OnReady`.
    """
    config = uvicorn.Config(
        app,
        http=_BoundedProtocol,
        ws="none",
        log_config=None,  # the log is slotfill's: uvicorn's would tell addresses and paths
        log_level="critical",
        access_log=False,
        server_header=False,
        date_header=False,
        backlog=TAKEN_AT_ONCE,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=max(1, round(grace)),
        h11_max_incomplete_event_size=MOST_HEAD_BYTES,
        proxy_headers=False,  # anybody may write them
    )
    with _signals_passed(), suppress(KeyboardInterrupt):  # that is how it ends
        _Server(config, service, runs, grace, on_ready).run(sockets=[listener])


def most_connections() -> int:
    """Return how many connections there may be, with the descriptors that the system gives, which is asked for more."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows, which has no such bound
        return MOST_CONNECTIONS
    wanted = MOST_CONNECTIONS + OTHER_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return MOST_CONNECTIONS
    given = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (given, hard))
        soft = given
    return max(1, soft - OTHER_DESCRIPTORS)


@contextmanager
def _signals_passed() -> Iterator[None]:
    """Let an end that was asked for be one like any other: uvicorn sends itself its signals again when it is over."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Connections(ServerState):
    """Those of one server.

    Attributes:
        most: How many there may be.
        idle: Those on which nothing is asked, since when their head began to be awaited, the longest first.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        self.idle: dict[_BoundedProtocol, None] = {}

    def make_room(self) -> None:
        """Close the connection that has been idle for the longest time, which is the new one where no other is."""
        if len(self.connections) > self.most:
            one = next(iter(self.idle))
            del self.idle[one]
            self.connections.discard(one)
            one.transport.abort()


class _Server(uvicorn.Server):
    """Tells the service when it is to stop."""

    def __init__(
        self, config: uvicorn.Config, service: Service, runs: RunQueue, grace: float, on_ready: OnReady
    ) -> None:
        super().__init__(config)
        self.server_state = _Connections(most_connections())
        self._service, self._runs, self._grace, self._on_ready = service, runs, grace, on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(BACKLOG)  # what the system holds for us is another bound, which asyncio set to the same
        if self.started:
            self._on_ready(self._stop)

    def _stop(self) -> None:
        self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:
            self.force_exit = True  # uvicorn's does so for Ctrl-C alone
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(max(0.0, self._grace - LAST_WORD), self._service.end_requests)
        self._runs.stop(self._grace)
        await super().shutdown(sockets)


class _BoundedProtocol(H11Protocol):
    """Closes a connection whose request's head does not arrive in time, or whose client does not take its answer.

    So it does where there are too many. uvicorn bounds but the pause between two requests.
    """

    server_state: _Connections

    _head_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)  # whatever waits is told of, below
        self.server_state.idle[self] = None
        self.server_state.make_room()
        self._await_head()

    def data_received(self, data: bytes) -> None:
        if self._head_timer is None and self._is_between_requests:
            self._await_head()
        super().data_received(data)
        if not self._is_between_requests:
            self.server_state.idle.pop(self, None)
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None

    def on_response_complete(self) -> None:
        if not self.transport.is_closing():
            self.server_state.idle[self] = None
        super().on_response_complete()  # which may begin the next request
        if not self._is_between_requests:
            self.server_state.idle.pop(self, None)

    def pause_writing(self) -> None:
        super().pause_writing()
        # Closing it would wait for the client as well.
        self._write_timer = self.loop.call_later(WRITE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._head_timer, self._write_timer):
            if timer is not None:
                timer.cancel()
        self.server_state.idle.pop(self, None)
        super().connection_lost(exc)

    @property
    def _is_between_requests(self) -> bool:
        cycle: Any = self.cycle
        return cycle is None or cycle.response_complete

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._close)

    def _close(self) -> None:
        self._head_timer = None
        self.transport.close()
