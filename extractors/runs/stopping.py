"""Stopping: what Ctrl-C and SIGTERM do to a run. The first asks it to finish what is in flight, the second ends it.

Another thread may ask for the same: signals are the main thread's alone.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from types import TracebackType
from typing import Any, Self

__all__ = ["EXIT_CODES", "Stopping"]

SIGNALS = (signal.SIGINT, signal.SIGTERM)

EXIT_CODES = {"SIGINT": 130, "SIGTERM": 143}
"""By signal: what a process that it ended exits with, 128 and its number."""


class Stopping:
    """Takes SIGINT and SIGTERM while it is entered, in the running event loop of the main thread; elsewhere none.

    on_signal: is called at the first one. requested: whether there was one; nothing new is to begin then.
    signal: the name of the last one.

    The second one cancels the task that entered, which then leaves with KeyboardInterrupt. A signal that is ignored, as
    in what a shell starts in the background, stays ignored.
    """

    def __init__(self, on_signal: Callable[[], None] = lambda: None) -> None:
        self.requested = False
        self.signal: str | None = None
        self._on_signal = on_signal
        self._forced = self._finishing = False
        self._task: asyncio.Task[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked: Callable[[], None] | None = None
        self._before = ExitStack()

    def __enter__(self) -> Self:
        self._task, self._loop = asyncio.current_task(), asyncio.get_running_loop()
        if self._asked is not None:
            self._asked()
        if threading.current_thread() is threading.main_thread():
            self._wake_for_signals(self._loop)
            for number in SIGNALS:
                if signal.getsignal(number) not in (signal.SIG_IGN, None):  # None: not Python's
                    self._take(number)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._before.close()
        if self._forced and isinstance(error, asyncio.CancelledError):
            raise KeyboardInterrupt from None

    def ask(self, stop: Callable[[], None]) -> None:
        """Have what stops called in the loop, from any thread: now, or as soon as it is entered."""
        self._asked = stop  # before the loop is looked for: whoever comes second sees what the first one did
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(stop)

    @contextmanager
    def finishing(self) -> Iterator[None]:
        """Let the loop be blocked by what soon ends: the first signal is noted, another raises KeyboardInterrupt."""
        self._finishing = True
        try:
            yield
        finally:
            self._finishing = False

    def _wake_for_signals(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have a signal wake the loop: one that comes just before it waits for events would wait with it.

        Windows' own loop has no readers, and does so by itself.
        """
        reader, writer = socket.socketpair()
        for end in (reader, writer):
            self._before.enter_context(end)
            end.setblocking(False)
        with suppress(NotImplementedError):
            loop.add_reader(reader, _drain, reader)
            self._before.callback(loop.remove_reader, reader)
            before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
            self._before.callback(signal.set_wakeup_fd, before)

    def _take(self, number: signal.Signals) -> None:
        """Have a signal come here until the end, then go where it went before."""
        self._before.callback(signal.signal, number, signal.getsignal(number))
        signal.signal(number, partial(self._catch, asyncio.get_running_loop(), number.name))

    def _catch(self, loop: asyncio.AbstractEventLoop, name: str, *_: object) -> None:
        if not self._finishing:
            loop.call_soon_threadsafe(self._receive, name)
            return
        interrupts = self.requested
        self._receive(name)
        if interrupts:
            raise KeyboardInterrupt

    def _receive(self, name: str) -> None:
        self.signal = name
        if not self.requested:
            self.requested = True
            self._on_signal()
        elif self._task is not None:
            self._forced = True
            self._task.cancel()


def _drain(reader: socket.socket) -> None:
    with suppress(BlockingIOError):
        reader.recv(4096)
