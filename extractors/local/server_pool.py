"""As many of llama.cpp's servers as documents wait for: each has one document to itself, from first question to last.

Each reads with its own threads and remembers its own prompts. Two documents in one server cost two to three times as
much as one after the other (measured): its batches then hold two contexts.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from slotfill.extractors.errors import ModelError
from slotfill.extractors.local import throughput
from slotfill.extractors.local.throughput import Throughput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slotfill.extractors.local.llama_server import Server

__all__ = ["ServerPool"]


class ServerPool:
    """Lends servers, and loads the first at once.

    load: loads one; its errors are those of the first. most: so many there are, at most.

    Another one is lent once documents have waited, and only while more get done with it than without.
    """

    def __init__(self, load: Callable[[], Server], most: int) -> None:
        self._load = load
        self._idle = [load()]
        self._loaded = 1
        self._in_use = self._waiting = 0
        self._throughput = Throughput(most)
        self._changed = threading.Condition()
        self._own = threading.local()

    @property
    def loaded(self) -> int:
        """How many servers there are by now."""
        return self._loaded

    @contextmanager
    def lease(self) -> Iterator[Server]:
        """Have a server for oneself; within a lease, the same thread gets the same one."""
        if (own := getattr(self._own, "server", None)) is not None:
            yield own
            return
        server = self._own.server = self._take()
        try:
            yield server
        finally:
            self._own.server = None
            with self._changed:
                self._idle.append(server)  # the last one used is lent first: it remembers the examples
                self._in_use -= 1
                if self._waiting:
                    self._throughput.finish(time.monotonic())
                else:
                    self._throughput.rest()
                self._changed.notify_all()

    def _take(self) -> Server:
        with self._changed:
            self._waiting += 1
            try:
                server = self._awaited(time.monotonic())
            finally:
                self._waiting -= 1
            self._in_use += 1
            if server is not None:
                return server
            self._loaded += 1
        try:
            return self._load()
        except ModelError:  # no room for another: those that there are go on
            with self._changed:
                self._in_use -= 1
                self._loaded -= 1
                self._throughput.most = self._throughput.lent = self._loaded
            return self._take()

    def _awaited(self, since: float) -> Server | None:
        """Wait for a server that may be lent; None where another is to be loaded."""
        while not self._idle or self._in_use >= self._throughput.lent:
            now = time.monotonic()
            self._throughput.wait(now)
            left = since + throughput.PATIENCE - now
            if left <= 0 and self._throughput.may_grow(now):
                self._throughput.grow(now)
                if not self._idle:
                    return None
            else:
                self._changed.wait(left if left > 0 else throughput.PATIENCE)
        return self._idle.pop()
