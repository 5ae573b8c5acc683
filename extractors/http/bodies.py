"""Bodies: how much of a reply is read. What is compressed may hold a thousand times what was sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

import httpx2

__all__ = ["BATCH_RESULTS", "LARGEST_BODY", "bound_body"]

LARGEST_BODY = 2**28
"""Bytes that are read of one body: a stream of ten million characters, a few in each event, takes half of it."""


BATCH_RESULTS = "/results"
"""How the path ends that the results of a batch stand at."""


def bound_body(reply: httpx2.Response) -> None:
    """Have a reply's body be plain, and end where it grows too large; as one that is cut off it cannot be read.

    The results of a batch may be as large as they like: they are read line by line, and it is the lines that are bound.
    """
    if _is_small(reply) or reply.request.url.path.endswith(BATCH_RESULTS):
        return
    source = httpx2.Response(reply.status_code, headers=reply.headers, stream=reply.stream)
    if reply.headers.pop("content-encoding", None):
        reply.headers.pop("content-length", None)
    reply.stream = _BoundedBody(source)


def _is_small(reply: httpx2.Response) -> bool:
    """Whether a body says that it is plain and within the bound: the HTTP client holds it to its length."""
    length = reply.headers.get("content-length", "")
    return "content-encoding" not in reply.headers and length.isdecimal() and len(length) < len(str(LARGEST_BODY))


class _BoundedBody(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """What a response holds, decoded, up to a bound. All else of it is that of its own body, which may be observed."""

    def __init__(self, source: httpx2.Response) -> None:
        self._source = source
        self._left = LARGEST_BODY

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source.stream, name)

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._source.iter_bytes():
            yield self._cut(piece)
            if not self._left:
                return

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async with aclosing(self._source.aiter_bytes()) as pieces:
            async for piece in pieces:
                yield self._cut(piece)
                if not self._left:
                    return

    def close(self) -> None:
        self._source.close()

    async def aclose(self) -> None:
        await self._source.aclose()

    def _cut(self, piece: bytes) -> bytes:
        piece = piece[: self._left]
        self._left -= len(piece)
        return piece
