"""Turns: so many requests are at work at once, and those who wait take turns by key, so that nobody starves another."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

__all__ = ["Turns"]


class Turns:
    """Hands out places, to one event loop.

    A free place goes to the key that has the fewest; of equals to the one that was served longest ago.

    Args:
        places: How many there are.

    Attributes:
        waiting: How many requests wait for one.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._taken: dict[str, int] = {}
        self._queues: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._later: set[asyncio.Future[None]] = set()
        self.waiting = 0

    @asynccontextmanager
    async def turn(self, key: str, seconds: float | None, *, later: bool = False) -> AsyncIterator[None]:
        """Wait for a place, and hold it.

        Args:
            key: Whose turn it is.
            seconds: How long to wait at most; None for as long as it takes.
            later: Whether all others of the key come first, also those that come later: nobody waits for an answer.

        Raises:
            TimeoutError: There was none within so many seconds.
            Exception: What `refuse_waiting` was given.
        """
        if not self._free or self._queues:
            await self._wait(key, seconds, later=later)
        else:
            self._take(key)
        try:
            yield
        finally:
            self._give_back(key)

    def refuse_waiting(self, error: Exception) -> None:
        """Raise an error for all who wait now."""
        queues, self._queues = self._queues, OrderedDict()
        for place in (place for queue in queues.values() for place in queue if not place.done()):
            place.set_exception(error)

    def taken(self, key: str) -> int:
        """Say how many places a key has, and waits for."""
        return self._taken.get(key, 0) + len(self._queues.get(key, ()))

    async def _wait(self, key: str, seconds: float | None, *, later: bool) -> None:
        place = asyncio.get_running_loop().create_future()
        queue = self._queues.setdefault(key, deque())
        before = len(queue) if later else len(queue) - sum(one in self._later for one in queue)
        queue.insert(before, place)  # those that come later stand at its end
        if later:
            self._later.add(place)
        self.waiting += 1
        try:
            async with asyncio.timeout(seconds):
                await place
        except BaseException:
            if place.done() and not place.cancelled() and place.exception() is None:
                self._give_back(key)  # it was given just now
            else:
                self._leave(key, place)
            raise
        finally:
            self.waiting -= 1
            self._later.discard(place)

    def _leave(self, key: str, place: asyncio.Future[None]) -> None:
        queue = self._queues.get(key, deque())
        with suppress(ValueError):  # it was passed over already
            queue.remove(place)
        if not queue:
            self._queues.pop(key, None)

    def _take(self, key: str) -> None:
        self._free -= 1
        self._taken[key] = self._taken.get(key, 0) + 1

    def _give_back(self, key: str) -> None:
        self._free += 1
        self._taken[key] -= 1
        if not self._taken[key]:
            del self._taken[key]
        while self._queues:
            # The first of equals is the one that was served longest ago: it goes to the end when it is served.
            next_key = min(self._queues, key=lambda name: self._taken.get(name, 0))
            place = self._queues[next_key].popleft()
            if self._queues[next_key]:
                self._queues.move_to_end(next_key)
            else:
                del self._queues[next_key]
            if not place.done():  # who was cancelled a moment ago has not left yet
                self._take(next_key)
                place.set_result(None)
                return
