"""A server on standard input and output, which ends at once when its input does, or when it is told to."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, cast

import anyio
from mcp.server import Server
from mcp.server.stdio import stdio_server

from slotfill.extractors.runs.stopping import Stopping

__all__ = ["ProtocolStreams", "protocol_streams", "serve_stdio"]

_STDIN, _STDOUT, _STDERR = range(3)
_BLOCK = 2**16


@dataclass(frozen=True, slots=True)
class ProtocolStreams:
    """Descriptors that are the protocol's alone.

    Attributes:
        requests: What standard input was.
        replies: What standard output was.
    """

    requests: int
    replies: int


@contextmanager
def protocol_streams() -> Iterator[ProtocolStreams]:
    """Take standard input and output for the protocol.

    Meanwhile what anybody else prints, a schema's module say, goes to standard error, and nobody else reads a request.
    """
    streams = ProtocolStreams(os.dup(_STDIN), os.dup(_STDOUT))
    with open(os.devnull, "rb") as nowhere:  # noqa: PTH123 - a device, not a path of anybody's
        os.dup2(nowhere.fileno(), _STDIN)
    os.dup2(_STDERR, _STDOUT)
    try:
        yield streams  # they stay open: the thread that reads may still wait for a line
    finally:
        os.dup2(streams.replies, _STDOUT)


async def serve_stdio(server: Server[Any], streams: ProtocolStreams, on_end: Callable[[], None]) -> None:
    """Answer the client that started this process, until it closes its end, or a signal comes.

    Args:
        server: What answers.
        streams: Where the client is.
        on_end: Is called when the end begins, before what is at work is cut off.
    """
    lines = _Lines(streams.requests, on_end)
    with Stopping(lines.close):
        # The SDK's own reading does not end before the next line comes, whatever is cancelled.
        stdin, stdout = (
            anyio.wrap_file(cast("IO[str]", one)) for one in (lines, _Replies(streams.replies, lines.close))
        )
        async with stdio_server(stdin, stdout) as (read, write):
            await server.run(read, write, server.create_initialization_options())


class _Replies:
    """What is written for the client; a client that is gone ends the server as one does that closes its end."""

    def __init__(self, descriptor: int, on_gone: Callable[[], None]) -> None:
        self._descriptor, self._on_gone = descriptor, on_gone

    def write(self, text: str) -> int:
        """Send a message."""
        data = memoryview(text.encode())
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            self._on_gone()
        return len(text)

    def flush(self) -> None:
        """Do nothing: nothing waits."""


class _Lines:
    """The lines of a descriptor, read by a thread that nobody waits for."""

    def __init__(self, descriptor: int, on_end: Callable[[], None]) -> None:
        self._descriptor, self._on_end = descriptor, on_end
        self._read = queue.SimpleQueue[str]()
        threading.Thread(target=self._pump, daemon=True, name="slotfill-stdin").start()

    def readline(self) -> str:
        """Return the next line, "" at their end, as a file does."""
        return self._read.get()

    def close(self) -> None:
        """End them, as if the input had ended."""
        self._on_end()
        self._read.put("")

    def _pump(self) -> None:
        rest = bytearray()
        try:
            while block := os.read(self._descriptor, _BLOCK):
                *lines, last = block.split(b"\n")
                for line in lines:
                    rest += line
                    self._read.put(rest.decode("utf-8", "replace") + "\n")
                    rest.clear()
                rest += last
        except OSError:  # a terminal that is gone
            pass
        finally:
            self.close()
