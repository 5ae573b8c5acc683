"""Assignments: which worker has which document, and what becomes of documents whose worker is lost.

A document that a lost worker had begun with may be what has ended it: the death counts for it. From then on it is
suspect, and handed out by itself: to a worker that has nothing else, and gets nothing else before it has ended. So a
document that ends its workers is given up after three of them, and takes no other one with it; and one that was merely
there meets no further death but by chance.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

__all__ = ["MOST_DEATHS", "Assignments", "Held"]

T = TypeVar("T")

MOST_DEATHS = 3
"""Of so many workers' deaths a document is given up."""


@dataclass(eq=False, slots=True)
class Held(Generic[T]):
    """A document that is to be extracted. number: names it. deaths: how many workers have ended with it in hand."""

    item: T
    number: int
    begun: bool = False
    deaths: int = 0


@dataclass(slots=True)
class _Hands(Generic[T]):
    """What a worker has, by number."""

    held: dict[int, Held[T]] = field(default_factory=dict)

    @property
    def has_suspect(self) -> bool:
        return any(one.deaths for one in self.held.values())


class Assignments(Generic[T]):
    """Documents that wait, and those that workers have. No input or output, and no clock."""

    def __init__(self) -> None:
        self._numbers = 0
        self._waiting: deque[Held[T]] = deque()
        self._suspects: deque[Held[T]] = deque()
        self._hands: dict[str, _Hands[T]] = {}

    def __len__(self) -> int:
        """Count the documents that have not ended."""
        return len(self._waiting) + len(self._suspects) + sum(len(hands.held) for hands in self._hands.values())

    def add(self, item: T) -> None:
        """Take a document to be extracted."""
        self._numbers += 1
        self._waiting.append(Held(item, self._numbers))

    def hand_out(self, worker: str, room: int) -> Iterator[Held[T]]:
        """Give a worker documents, at most so many; each is in its hands from then on."""
        hands = self._hands.setdefault(worker, _Hands())
        if hands.has_suspect:
            return
        if self._suspects and not hands.held and room:
            yield self._give(hands, self._suspects.popleft())
            return
        for _ in range(min(room, len(self._waiting))):
            yield self._give(hands, self._waiting.popleft())

    def _give(self, hands: _Hands[T], one: Held[T]) -> Held[T]:
        hands.held[one.number] = one
        return one

    def held(self, worker: str, number: int) -> Held[T]:
        """Return a document that a worker has."""
        return self._hands[worker].held[number]

    def end(self, worker: str, number: int) -> T:
        """Take a document out of a worker's hands: it has ended, or is not to be asked about any more."""
        return self._hands[worker].held.pop(number).item

    def left(self, worker: str) -> None:
        """Forget a worker that has ended as it was to; it has nothing in its hands."""
        self._hands.pop(worker, None)

    def lost(self, worker: str) -> list[T]:
        """Take all out of the hands of a worker that is no more, and return what is given up."""
        held = [*self._hands.pop(worker, _Hands()).held.values()]
        # One that nobody knows to have begun may have: where it is none of those that have, it is any.
        blamed = [one for one in held if one.begun or one.deaths] or held
        for one in blamed:
            one.deaths += 1
        for one in reversed(held):
            if one.deaths < MOST_DEATHS:
                one.begun = False
                (self._suspects if one.deaths else self._waiting).appendleft(one)
        return [one.item for one in held if one.deaths >= MOST_DEATHS]

    def drop(self) -> list[T]:
        """Take back all that no worker has."""
        dropped = [one.item for one in (*self._suspects, *self._waiting)]
        self._suspects.clear()
        self._waiting.clear()
        return dropped

    def has_work_for(self, worker: str) -> bool:
        """Whether a worker that has room would get a document."""
        hands = self._hands.get(worker)
        if hands is not None and hands.has_suspect:
            return False
        return bool(self._waiting) or bool(self._suspects and not (hands and hands.held))

    def is_idle(self, worker: str) -> bool:
        """Whether a worker has nothing in its hands."""
        hands = self._hands.get(worker)
        return hands is None or not hands.held
