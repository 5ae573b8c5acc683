"""A worker's pacer: lets tries start by what the run's own has lent, and keeps account of what became of them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping

from slotfill.extractors.clients.pacer import LEARNING_SECONDS, SHARE, Pacer, Reservation, Wait
from slotfill.extractors.distributed.worker_messages import LEASE_SECONDS, RateLease, RateNeeds, SettledPlace

__all__ = ["LENT_SHARE", "LeasedPacer"]

_LATE = 2 * LEASE_SECONDS
"""How much later than it was earned a lent start may be used: until it ends, and a moment on the way."""

LENT_SHARE = SHARE * 60 / (60 + _LATE)
"""How much of a limit is lent: what a minute of the service's holds may have been earned in so much more than one."""

_POLL_SECONDS = 0.01
"""Seconds after which whoever waits looks whether there is a new lease."""


class LeasedPacer(Pacer):
    """Stands in a worker for the pacer of the run, which knows the limits and what all workers do.

    on_need: is called when a try waits. It lets one start for each that was lent; whatever comes of it is reported.

    under_way: how many tries have started and are not settled.
    """

    def __init__(self, on_need: Callable[[], None], now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(now=now)
        self._on_need, self._clock = on_need, now
        self._lent: deque[list[float]] = deque()  # [when it ends, how many starts]
        self._number = 0
        self._size = self._room = 0
        self._heard_at = now() - LEARNING_SECONDS
        self._used_at = now() - LEASE_SECONDS
        self._none_until = 0.0
        self._needs = RateNeeds()
        self.under_way = 0

    def take(self, lease: RateLease) -> None:
        """Take a new lease."""
        with self._changing:
            now = self._clock()
            if lease.starts:
                self._lent.append([now + LEASE_SECONDS, lease.starts])
            self._none_until = now + lease.held

    def report(self, asks: int, most: int) -> RateNeeds:
        """Say what became of what was lent. asks: how many are being asked; most: how many may be at once."""
        with self._changing:
            self._expire()
            needs, self._needs = self._needs, RateNeeds()
            needs.size, needs.room = self._size, self._room
            # While it is at work each of its places may be free at once, and shall not wait for a lease then.
            is_busy = self._clock() - self._used_at < LEASE_SECONDS
            needs.wanted = (most if is_busy else asks) - self.under_way - self._unused
            return needs

    def leave(self) -> RateNeeds:
        """Give everything back."""
        with self._changing:
            needs, self._needs = self._needs, RateNeeds()
            needs.returned += self._unused
            self._lent.clear()
            return needs

    def admit(self, size: int, room: int) -> Reservation | Wait:
        """Let a try start by what was lent, or return how long to wait before asking again."""
        with self._changing:
            self._size, self._room = size, room
            held = self._none_until - self._clock()
            if held > 0:
                return Wait(held, certain=True)
            self._expire()
            if self._lent:
                self._lent[0][1] -= 1
                if not self._lent[0][1]:
                    self._lent.popleft()
                self._number += 1
                self.under_way += 1
                self._used_at = self._clock()
                self._needs.used.append((self._number, size))
                return Reservation(self._number, size, 0, 0)
        self._on_need()
        return Wait(_POLL_SECONDS, certain=False)

    @property
    def free(self) -> bool:
        """Whether a try may start now."""
        with self._changing:
            self._expire()
            return bool(self._lent) and self._clock() >= self._none_until

    def answered(self, reservation: Reservation, input_tokens: int, output_tokens: int) -> None:
        """Note what the service counted."""
        self._settled(SettledPlace(reservation.number, (input_tokens, output_tokens)))

    def unanswered(self, reservation: Reservation) -> None:
        """Note that nothing is known of a try."""
        self._settled(SettledPlace(reservation.number))

    def refused(self, reservation: Reservation, *, limited: bool, retry_after: float | None = None) -> None:
        """Note that the service refused a try."""
        place = SettledPlace(reservation.number, refused=True, limited=limited, retry_after=retry_after)
        self._settled(place)
        self._on_need()

    @property
    def is_curious(self) -> bool:
        """Whether it is time to `learn` again."""
        return self._clock() - self._heard_at >= LEARNING_SECONDS

    def learn(self, limits: Mapping[str, float]) -> None:
        """Note what a reply tells of the limits."""
        with self._changing:
            self._heard_at = self._clock()
            self._needs.limits = dict(limits)

    @property
    def _unused(self) -> int:
        return sum(int(starts) for _, starts in self._lent)

    def _expire(self) -> None:
        while self._lent and self._lent[0][0] <= self._clock():
            self._needs.returned += int(self._lent.popleft()[1])

    def _settled(self, place: SettledPlace) -> None:
        with self._changing:
            self.under_way -= 1
            self._needs.settled.append(place)
