"""The time that the simulated service lives in: the machine's, or one that a test moves by hand."""

from __future__ import annotations

import asyncio
import threading
import time

__all__ = ["Clock", "ManualClock"]


class Clock:
    """The machine's time, in seconds since 1970."""

    def now(self) -> float:
        """Return the time."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        if seconds:
            time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        """Let time pass without blocking the event loop."""
        if seconds:
            await asyncio.sleep(seconds)


class ManualClock(Clock):
    """A time that stands still until it is moved; whoever sleeps moves it, and waits for nothing.

    Args:
        start: Seconds since 1970.
    """

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start
        self._moving = threading.Lock()

    def now(self) -> float:
        """Return the time."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the time on."""
        with self._moving:
            self._now += seconds

    def sleep(self, seconds: float) -> None:
        """Move the time on."""
        self.advance(seconds)

    async def asleep(self, seconds: float) -> None:
        """Move the time on."""
        self.advance(seconds)
