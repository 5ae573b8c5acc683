"""Record real traffic once, at the transport, and replay it for ever.

    cassette = Cassette("tapes/feedback.jsonl")
    with Extractor("feedback", cassette=cassette) as extractor:
        extractor.extract("The app logs me out every hour.")

Or under any client that stands on httpx2:

    transport = CassetteTransport("tapes/feedback.jsonl", httpx2.HTTPTransport())
    client = anthropic.Anthropic(http_client=httpx2.Client(transport=transport))
"""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import cast

import httpx2

from slotfill.extractors.cassettes.nearest import Nearest
from slotfill.extractors.cassettes.scrubbing import redaction_for
from slotfill.extractors.cassettes.tape import CassetteError, RecordedReply, RecordedRequest, dump, head, read_entry

__all__ = ["Cassette", "CassetteTransport"]

PathLike = str | os.PathLike[str]
Inner = httpx2.BaseTransport | httpx2.AsyncBaseTransport | httpx2.Client | httpx2.AsyncClient

_ERROR = 400
_OF_THE_CREDENTIAL = (401, 403)
_LEFT = "the recording ends here: its reader left before the end of the body"


class Cassette:
    """A tape in a file: one that holds an exchange is replayed, and never written to; else one is recorded.

    The same request several times is replayed in the order it was recorded in, the last reply for ever. One object
    serves any number of transports, threads and event loops; it is needed where several transports share a tape.

    Raises CassetteError when the file is no tape, or could not be written.
    """

    def __init__(self, path: PathLike) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        self._started = os.path.lexists(self.path)
        self._tape = read_entry(self.path) if self._started else []
        self.replaying = bool(self._tape)
        self._replies: dict[str, list[RecordedReply]] = {}
        for exchange in self._tape:
            self._replies.setdefault(exchange.request.key, []).append(exchange.reply)
        if not self.replaying:
            self._make_folder()

    @cached_property
    def _nearest(self) -> Nearest:
        return Nearest(self._tape)

    @property
    def model(self) -> str | None:
        """The model that the tape's first request asked, None where none did."""
        return next((exchange.request.model for exchange in self._tape if exchange.request.model), None)

    def find(self, request: httpx2.Request) -> RecordedReply:
        """Return the next reply to a request whose content is loaded.

        Raises CassetteError, with what tells it from the nearest one, when it is not on the tape.
        """
        # As it is, first: what the key of a replay hides may have been a mere word to the key of the recording.
        plain, hidden = RecordedRequest.of(request), RecordedRequest.of(request, redaction_for(request.headers))
        replies = self._replies.get(plain.key) or self._replies.get(hidden.key)
        if replies:
            with self._lock:
                return replies.pop(0) if len(replies) > 1 else replies[0]
        raise CassetteError(
            f"{hidden.method} {hidden.url} is not on the tape {str(self.path)!r}: mend the request, or delete the file "
            f"to record it anew\n{self._nearest.difference(hidden)}"
        )

    def start(self) -> None:
        """Write the first line, if that is still to do: before anything is sent that could then not be kept.

        Raises CassetteError when it cannot be written, or when another recording got there first.
        """
        with self._lock:
            if not self._started:
                self._write(head(), "xb")
                self._started = True

    def record(self, request: RecordedRequest, reply: RecordedReply) -> None:
        """Add an exchange to the tape, whole and at once."""
        with self._lock:
            self._write(dump(request, reply), "ab")

    def _write(self, line: bytes, mode: str) -> None:
        try:
            with open(self.path, mode, buffering=0, opener=_open_private) as file:
                size = file.seek(0, os.SEEK_END)
                if file.write(line) != len(line):
                    file.truncate(size)
                    raise OSError("no space left")  # noqa: TRY301 - a full disk, which a short write tells of
        except OSError as error:
            raise self._unwritable(error) from None

    def _make_folder(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> CassetteError:
        return CassetteError(f"cannot write the tape {str(self.path)!r}: {error.strerror or error}")


def _open_private(path: str, flags: int) -> int:
    """Open a tape; a new one, which holds texts, is its owner's alone."""
    return os.open(path, flags, 0o600)


class CassetteTransport(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """Records what passes through the transport below it, or replays it and needs none.

    cassette: a path, or a `Cassette` that several transports share.
    inner: a transport, or a whole client (for its proxies, and its redirects if it follows any), of the kind that is
        used above, sync or async. It is closed with this one. With none there is no recording: a tape that is not there
        is refused.

    A recording hands bytes on as they come, and writes an exchange when its body has ended: by itself, by breaking off,
    or by its reader's leaving. A credential's refusal (401, 403) is left out, as credentials are.

    A replay breaks off where the recording did, with the same error. It does not wait: an error's reply gets
    `retry-after-ms: 1`.
    """

    def __init__(self, cassette: Cassette | PathLike, inner: Inner | None = None) -> None:
        self._cassette = cassette if isinstance(cassette, Cassette) else Cassette(cassette)
        self._inner = inner
        if inner is None and not self._cassette.replaying:
            raise CassetteError(f"no tape {str(self._cassette.path)!r}, and no transport to record it from")

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Replay, or send and record."""
        request.read()
        if self._cassette.replaying:
            return _replayed(self._cassette.find(request), request)
        take = _Take(self._cassette, request)
        with take.watching():
            tee = _Tee(self._send(request), take)
        if tee.is_error:
            with closing(tee):
                return tee.response(httpx2.ByteStream(b"".join(tee)))
        return tee.response(tee)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Do what `handle_request` does, without blocking."""
        await request.aread()
        if self._cassette.replaying:
            return _replayed(self._cassette.find(request), request)
        take = _Take(self._cassette, request)
        with take.watching():
            tee = _Tee(await self._asend(request), take)
        if tee.is_error:
            async with aclosing(tee):
                return tee.response(httpx2.ByteStream(b"".join([chunk async for chunk in tee])))
        return tee.response(tee)

    def close(self) -> None:
        """Close what is below."""
        if isinstance(self._inner, httpx2.BaseTransport | httpx2.Client):
            self._inner.close()

    async def aclose(self) -> None:
        """Close what is below."""
        if isinstance(self._inner, httpx2.AsyncBaseTransport | httpx2.AsyncClient):
            await self._inner.aclose()

    def _send(self, request: httpx2.Request) -> httpx2.Response:
        if isinstance(self._inner, httpx2.Client):
            return self._inner.send(request, stream=True)
        return cast("httpx2.BaseTransport", self._inner).handle_request(request)

    async def _asend(self, request: httpx2.Request) -> httpx2.Response:
        if isinstance(self._inner, httpx2.AsyncClient):
            return await self._inner.send(request, stream=True)
        return await cast("httpx2.AsyncBaseTransport", self._inner).handle_async_request(request)


class _Take:
    """One exchange in the making: it is written once, when its end is known."""

    def __init__(self, cassette: Cassette, request: httpx2.Request) -> None:
        cassette.start()
        self._cassette = cassette
        self._redaction = redaction_for(request.headers)
        self._request = RecordedRequest.of(request, self._redaction)
        self._chunks: list[bytes] = []
        self._finished = False
        self.response: httpx2.Response | None = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Keep what the network did wrong. What is cancelled or interrupted meanwhile has no end worth keeping."""
        try:
            yield
        except httpx2.RequestError as error:
            self.finish(error)
            raise
        except GeneratorExit:
            raise  # the reader left: closing the body finishes the take
        except BaseException:
            self._finished = True
            raise

    def add(self, chunk: bytes) -> bytes:
        """Take a part of the body, as it was sent."""
        self._chunks.append(chunk)
        return chunk

    def finish(self, error: httpx2.RequestError | None = None) -> None:
        """Write the exchange, unless it was, or says nothing but that the credential is refused."""
        if self._finished:
            return
        self._finished = True
        if self.response is not None and self.response.status_code in _OF_THE_CREDENTIAL:
            return
        reply = RecordedReply.of(self.response, b"".join(self._chunks), error, redaction=self._redaction)
        self._cassette.record(self._request, reply)


class _Tee(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A response's body that is taken while it is read."""

    def __init__(self, response: httpx2.Response, take: _Take) -> None:
        self._response = take.response = response
        self._take = take

    @property
    def is_error(self) -> bool:
        """Whether its body is to be read at once: the SDK drops it unread when it tries again."""
        return self._response.status_code >= _ERROR

    def response(self, stream: httpx2.SyncByteStream | httpx2.AsyncByteStream) -> httpx2.Response:
        """Return the response with another body."""
        head = self._response
        return httpx2.Response(head.status_code, headers=head.headers, stream=stream, extensions=head.extensions)

    def __iter__(self) -> Iterator[bytes]:
        with self._take.watching():
            for chunk in cast("httpx2.SyncByteStream", self._response.stream):
                yield self._take.add(chunk)
        self._take.finish()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with self._take.watching():
            async for chunk in cast("httpx2.AsyncByteStream", self._response.stream):
                yield self._take.add(chunk)
        self._take.finish()

    def close(self) -> None:
        self._response.close()
        self._take.finish(httpx2.ReadError(_LEFT))

    async def aclose(self) -> None:
        await self._response.aclose()
        self._take.finish(httpx2.ReadError(_LEFT))


class _Played(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A recorded body, with the error that ended it."""

    def __init__(self, reply: RecordedReply, error: httpx2.RequestError | None) -> None:
        self._reply = reply
        self._error = error

    def __iter__(self) -> Iterator[bytes]:
        yield from self._reply.chunks()
        if self._error:
            raise self._error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self:
            yield chunk


def _replayed(reply: RecordedReply, request: httpx2.Request) -> httpx2.Response:
    error = reply.exception(request)
    if reply.status is None:
        raise cast("httpx2.RequestError", error)
    patience = {"retry-after-ms": "1"} if reply.status >= _ERROR else {}
    return httpx2.Response(reply.status, headers={**reply.headers, **patience}, stream=_Played(reply, error))
