"""What the bodies of requests hold at once, in memory and on the disk: each is bounded in sum, and by key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

from slotfill.extractors.serving.problem import ProblemError

__all__ = ["HELD", "HeldBodies", "HeldBody", "Room"]

HELD: Final = "slotfill_held"
"""Where in a request's scope its `HeldBody` stands."""

OF_A_KEY = 0.75
"""The most that the requests of one key may hold of it all: whoever sends slowly leaves something to others."""

HELD_AGAIN = 5.0
"""Seconds after which to ask again: a body that arrives in time is held for little longer."""


class Room:
    """Counts bytes that are held in one place.

    Args:
        most: The most at once.

    Attributes:
        total: How many there are.
    """

    def __init__(self, most: int) -> None:
        self._most, self._most_of_key = most, int(most * OF_A_KEY)
        self._of_keys: Counter[str] = Counter()
        self.total = 0

    def check(self, key: str, count: int) -> None:
        """Refuse bytes for which there is no room now. Raises ProblemError (503).

        Args:
            key: The name of the key that sends them.
            count: How many come.
        """
        if self.total + count > self._most:
            raise _full("requests")
        if self._of_keys[key] + count > self._most_of_key:
            raise _full(f"the requests of the key {key!r}")

    def add(self, key: str, count: int) -> None:
        """Count bytes that are there, or where there are fewer than none, that are no more."""
        self.total += count
        self._of_keys[key] += count
        if not self._of_keys[key]:
            del self._of_keys[key]


class HeldBodies:
    """Counts the bytes of bodies from when they arrive until their requests end. It belongs to one event loop.

    What a request says that it will send counts for nothing: who sends none of it would keep others out.

    Args:
        memory: The most bytes in memory at once.
        disk: The most on the disk.

    Attributes:
        memory: Those in memory, where all arrive.
        disk: Those that have gone on to the disk.
    """

    def __init__(self, memory: int, disk: int) -> None:
        self.memory, self.disk = Room(memory), Room(disk)

    @contextmanager
    def holding(self, key: str) -> Iterator[HeldBody]:
        """Count what arrives of one request of a key while it lasts."""
        held = HeldBody(self, key)
        try:
            yield held
        finally:
            held.give_back()


class HeldBody:
    """What one request holds."""

    def __init__(self, bodies: HeldBodies, key: str) -> None:
        self._bodies, self._key = bodies, key
        self._in_memory = self._on_disk = 0

    def arrive(self, count: int) -> None:
        """Count bytes that have come. Raises as `Room.check`."""
        self._bodies.memory.check(self._key, count)
        self._hold(count, 0)

    def go_to_disk(self, count: int) -> None:
        """Count bytes among them that are to be on the disk from here on. Raises as `Room.check`."""
        self._bodies.disk.check(self._key, count)
        self._hold(-count, count)

    def give_back(self) -> None:
        """Hold nothing any more."""
        self._hold(-self._in_memory, -self._on_disk)

    def _hold(self, in_memory: int, on_disk: int) -> None:
        self._in_memory += in_memory
        self._on_disk += on_disk
        self._bodies.memory.add(self._key, in_memory)
        self._bodies.disk.add(self._key, on_disk)


def _full(whose: str) -> ProblemError:
    detail = f"there is no room for this body beside those that {whose} have sent and are not done: ask again"
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "busy", detail, retry_after=HELD_AGAIN)
