"""Deadlines: the time that a whole HTTP try may take.

A read time-out, which is what the SDK has, starts anew with each byte: a reply of a byte each half second never ends.
An async try is cancelled at its deadline. A sync one cannot be: the sockets under it know how much of its time is left.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import threading
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

import httpcore2
import httpx2
from anthropic import DefaultHttpxClient

from slotfill.extractors.http.bodies import bound_body

__all__ = ["TimedClient", "bound_stream", "until"]

EVENTS_IN_A_STREAM = 5
LONGEST_STREAM = 600.0
"""A whole stream may take so many times as long as an event, but no more than this, unless one event may."""

LARGEST_EVENT, MOST_LINES = 2**25, 1_000
"""Bytes and line ends of one event; the service's own have two lines."""

_EVENT_ENDS = re.compile(rb"\n\n|\r\r|\r\n\r\n")

_due = threading.local()


@contextmanager
def until(due: float) -> Iterator[None]:
    """Have what this thread reads from a `TimedClient`'s sockets fail from `due` on, a time of `time.monotonic`."""
    before = getattr(_due, "at", None)
    _due.at = due
    try:
        yield
    finally:
        _due.at = before


def bound_stream(reply: httpx2.Response, seconds: float) -> None:
    """Have the events of a reply come within so many seconds of each other, and all of them in their time.

    Reading raises httpx2.ReadTimeout where they do not.
    """
    reply.stream = _BoundStream(reply.stream, _EventClock(seconds))


class TimedClient(DefaultHttpxClient):
    """The SDK's own HTTP client, whose sockets heed `until`. It closes itself when nobody has, as the SDK's does."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"event_hooks": {"response": [bound_body]}} | options)
        for transport in (self._transport, *self._mounts.values()):
            if isinstance(transport, httpx2.HTTPTransport):
                pool: Any = transport._pool  # noqa: SLF001 - httpx2 has no option for it
                pool._network_backend = _TimedBackend(pool._network_backend)  # noqa: SLF001 - likewise

    def __del__(self) -> None:
        with suppress(Exception):
            self.close()


def _left(timeout: float | None, expired: type[httpcore2.TimeoutException]) -> float | None:
    """Return how long a step may take: its time-out, or less where the try has less."""
    due: float | None = getattr(_due, "at", None)
    if due is None:
        return timeout
    left = due - time.monotonic()
    if left <= 0:
        raise expired
    return left if timeout is None else min(timeout, left)


class _TimedBackend(httpcore2.NetworkBackend):
    """Opens sockets that heed the deadline."""

    def __init__(self, backend: httpcore2.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **options: Any) -> _TimedSocket:  # type: ignore[override]  # they are handed on
        left = _left(timeout, httpcore2.ConnectTimeout)
        return _TimedSocket(self._backend.connect_tcp(host, port, timeout=left, **options))

    def connect_unix_socket(self, path: str, timeout: float | None = None, **options: Any) -> _TimedSocket:  # type: ignore[override]  # likewise
        left = _left(timeout, httpcore2.ConnectTimeout)
        return _TimedSocket(self._backend.connect_unix_socket(path, timeout=left, **options))

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


class _TimedSocket(httpcore2.NetworkStream):
    """Reads and writes until the deadline."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=_left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout=_left(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> _TimedSocket:
        left = _left(timeout, httpcore2.ConnectTimeout)
        return _TimedSocket(self._stream.start_tls(ssl_context, server_hostname, timeout=left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _EventClock:
    """When the next event must have come, by what has come. It sees to it that an event ends at all, too."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = b""
        self._size = self._lines = 0
        now = time.monotonic()
        self._last = now + max(seconds, min(EVENTS_IN_A_STREAM * seconds, LONGEST_STREAM))
        self.due = now + seconds

    def take(self, piece: bytes) -> bytes:
        """Take the next piece of the body; where an event ends in it, the next one has its time from now.

        Raises httpx2.DecodingError for an event that is too large: the SDK copies all of it with each of its lines.
        """
        *ended, begun = _EVENT_ENDS.split(self._end + piece)
        if ended:
            self.due = min(self._last, time.monotonic() + self._seconds)
            self._size = self._lines = 0
        else:
            begun = piece
        self._size += len(begun)
        self._lines += _line_ends(begun)
        if self._size > LARGEST_EVENT or max(self._lines, *map(_line_ends, ended), 0) > MOST_LINES:
            raise httpx2.DecodingError("an event of the stream is too large")
        self._end = (self._end + piece)[-3:]
        return piece


def _line_ends(text: bytes) -> int:
    return text.count(b"\n") + text.count(b"\r")


class _BoundStream(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body whose events come in time. All else of it is that of the body below, which may be observed."""

    def __init__(self, stream: Any, clock: _EventClock) -> None:
        self._stream, self._clock = stream, clock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __iter__(self) -> Iterator[bytes]:
        pieces = iter(cast("Iterable[bytes]", self._stream))
        while True:
            with until(self._clock.due):
                piece = next(pieces, None)
            if piece is None:
                return
            self._check()
            yield self._clock.take(piece)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = aiter(self._stream)
        while True:
            try:
                async with asyncio.timeout(self._clock.due - time.monotonic()):
                    piece = await anext(pieces, None)
            except TimeoutError:
                raise httpx2.ReadTimeout("") from None
            if piece is None:
                return
            yield self._clock.take(piece)

    def close(self) -> None:
        self._stream.close()

    async def aclose(self) -> None:
        await self._stream.aclose()

    def _check(self) -> None:
        """Raise where the sockets below know of no deadline."""
        if time.monotonic() > self._clock.due:
            raise httpx2.ReadTimeout("")
