"""Starts lent to workers: the run's pacer lets each go, and is told what became of it."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field, replace

from slotfill.extractors.clients.pacer import Pacer, Reservation
from slotfill.extractors.distributed.worker_messages import RateLease, RateNeeds, SettledPlace

__all__ = ["RateLeases"]


@dataclass(slots=True)
class _Lent:
    """What a worker holds: starts that it has not used, and tries in flight by its own numbers."""

    unused: deque[Reservation] = field(default_factory=deque)
    in_flight: dict[int, Reservation] = field(default_factory=dict)


class RateLeases:
    """Lends the starts that a pacer earns. pacer: of the run; it is to use a share of the limits, `LENT_SHARE`."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer
        self._lent: defaultdict[str, _Lent] = defaultdict(_Lent)

    def settle(self, worker: str, needs: RateNeeds) -> None:
        """Take what a worker has made of what it was lent."""
        lent = self._lent[worker]
        for number, size in needs.used:
            lent.in_flight[number] = replace(lent.unused.popleft(), size=size)
        for place in needs.settled:
            self._settle(lent.in_flight.pop(place.number), place)
        for _ in range(needs.returned):
            self._pacer.cancelled(lent.unused.popleft())
        if needs.limits:
            self._pacer.learn(needs.limits)

    def lend(self, worker: str, needs: RateNeeds) -> RateLease:
        """Lend as many starts as a worker wants, and as may be."""
        unused = self._lent[worker].unused
        for count in range(max(0, needs.wanted)):
            place = self._pacer.admit(needs.size, needs.room)
            if not isinstance(place, Reservation):
                return RateLease(count, place.seconds if place.certain and not count else 0.0)
            unused.append(place)
        return RateLease(max(0, needs.wanted))

    def lost(self, worker: str) -> None:
        """Take all that a worker held for used: it may have been, until it ended."""
        lent = self._lent.pop(worker, _Lent())
        for place in (*lent.unused, *lent.in_flight.values()):
            self._pacer.unanswered(place)

    def _settle(self, place: Reservation, settled: SettledPlace) -> None:
        if settled.refused:
            self._pacer.refused(place, limited=settled.limited, retry_after=settled.retry_after)
        elif settled.counts is None:
            self._pacer.unanswered(place)
        else:
            self._pacer.answered(place, *settled.counts)
