"""Work in a thread that nobody waits for: a process that ends does so at once, whatever is still being read."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from typing import TypeVar

__all__ = ["in_daemon_thread"]

T = TypeVar("T")


async def in_daemon_thread(work: Callable[[], T]) -> T:
    """Return what a function returns, or raise what it raises, without blocking the loop.

    Cancelling leaves the thread to itself. `asyncio.to_thread` would not do: the loop's end, and then the process's,
    wait for its threads, and a file may be read for a minute.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def tell(settle: Callable[[], None]) -> None:
        def unless_given_up() -> None:
            if not future.done():
                settle()

        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(unless_given_up)

    def run() -> None:
        try:
            result = copy_context_run(work)
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            raised = error
            tell(lambda: future.set_exception(raised))
        else:
            tell(lambda: future.set_result(result))

    copy_context_run = copy_context().run
    threading.Thread(target=run, daemon=True, name="slotfill-tool").start()
    return await future
