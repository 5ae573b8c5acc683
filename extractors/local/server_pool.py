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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slotfill.extractors.local.llama_server import Server

__all__ = ["ServerPool"]

PATIENCE = 3.0
"""Seconds that documents wait before another server is loaded: about what loading it, and reading its first examples,
takes. With few documents one server is done sooner."""


class ServerPool:
    """Lends servers, and loads the first at once.

    load: loads one; its errors are those of the first. most: so many there are, at most.
    """

    def __init__(self, load: Callable[[], Server], most: int) -> None:
        self._load = load
        self._most = most
        self._idle = [load()]
        self._loaded = 1
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
                self._changed.notify()

    def _take(self) -> Server:
        since = time.monotonic()
        with self._changed:
            while not self._idle:
                left = since + PATIENCE - time.monotonic()
                if left <= 0 and self._loaded < self._most:
                    self._loaded += 1
                    break
                self._changed.wait(left if left > 0 else None)
            else:
                return self._idle.pop()
        try:
            return self._load()
        except ModelError:  # no room for another: those that there are go on
            with self._changed:
                self._most = self._loaded = self._loaded - 1
            return self._take()
