"""What the bodies of requests hold at once, in memory or on the disk: bounded in sum, and by key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus

from slotfill.extractors.serving.problem import ProblemError

__all__ = ["HeldBodies"]

OF_A_KEY = 0.75
"""The most that the requests of one key may hold of it all: whoever sends slowly leaves something to others."""

HELD_AGAIN = 5.0
"""Seconds after which to ask again: a body that arrives in time is held for little longer."""


class HeldBodies:
    """Counts the bytes of bodies from when they arrive until their requests end. It belongs to one event loop.

    What a request says that it will send counts for nothing: who sends none of it would keep others out.

    Args:
        most: The most bytes at once.

    Attributes:
        total: How many there are.
    """

    def __init__(self, most: int) -> None:
        self._most, self._most_of_key = most, int(most * OF_A_KEY)
        self._of_keys: Counter[str] = Counter()
        self.total = 0

    def check(self, key: str, count: int) -> None:
        """Refuse a body for which there is no room now. Raises ProblemError (503).

        Args:
            key: The name of the key that sends it.
            count: Of bytes that come.
        """
        if self.total + count > self._most:
            raise _full("requests")
        if self._of_keys[key] + count > self._most_of_key:
            raise _full(f"the requests of the key {key!r}")

    @contextmanager
    def holding(self, key: str) -> Iterator[Callable[[int], None]]:
        """Count what arrives of one request while it lasts; gives what is told of each piece, and raises as `check`."""
        held = 0

        def hold(count: int) -> None:
            nonlocal held
            self.check(key, count)
            held += count
            self._count(key, count)

        try:
            yield hold
        finally:
            self._count(key, -held)

    def _count(self, key: str, count: int) -> None:
        self.total += count
        self._of_keys[key] += count
        if not self._of_keys[key]:
            del self._of_keys[key]


def _full(whose: str) -> ProblemError:
    detail = f"there is no room for this body beside those that {whose} have sent and are not done: ask again"
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "busy", detail, retry_after=HELD_AGAIN)
