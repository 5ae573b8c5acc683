"""A worker's budget: reserves for tries what the run's own has lent, and keeps account of what they took."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from decimal import Decimal

from slotfill.extractors.catalogue import prices
from slotfill.extractors.catalogue.prices import CacheTTL
from slotfill.extractors.clients.metering import BudgetError, Try
from slotfill.extractors.distributed.worker_messages import LEASE_SECONDS, MoneyLease, MoneyNeeds, SettledTry
from slotfill.extractors.record.usage import Usage

__all__ = ["LeasedBudget"]


MARGIN = 2
"""So many times what was reserved a moment ago is lent: until the next lease each try takes its own part of it once.

With less, places stood empty until that came: two workers did a third of what they can.
"""


class RecentMost:
    """The most of an amount in the last second or two."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._since, self._current, self._before = now(), Decimal(0), Decimal(0)

    def add(self, amount: Decimal) -> None:
        """Take what it is now."""
        self._turn()
        self._current = max(self._current, amount)

    @property
    def amount(self) -> Decimal:
        """The most that it was."""
        self._turn()
        return max(self._current, self._before)

    def _turn(self) -> None:
        passed = self._now() - self._since
        if passed >= LEASE_SECONDS:
            self._before = self._current if passed < 2 * LEASE_SECONDS else Decimal(0)
            self._since, self._current = self._now(), Decimal(0)


class LeasedBudget:
    """The meter of a worker: what its tries may cost, together, is never more than it was lent. Safe for threads.

    ttl: how long the service keeps what is marked for its cache. on_need: is called when a try waits for money.
    """

    def __init__(self, ttl: CacheTTL, on_need: Callable[[], None], now: Callable[[], float] = time.monotonic) -> None:
        self._ttl, self._on_need = ttl, on_need
        self._lent = self._reserved = Decimal(0)
        self._most, self._scarce = RecentMost(now), False
        self._wanted: dict[int, Decimal] = {}
        self._in_flight: dict[int, tuple[str, Decimal]] = {}
        self._number, self._model = 0, ""
        self._settled: list[SettledTry] = []
        self._refusal: str | None = None
        self._counting = threading.Lock()

    def take(self, lease: MoneyLease) -> None:
        """Take a new lease."""
        with self._counting:
            self._lent += lease.granted
            self._scarce = lease.scarce
            self._refusal = lease.refusal or self._refusal

    def close(self, reason: str) -> None:
        """Let no further try start."""
        self._refusal = self._refusal or reason

    def report(self) -> MoneyNeeds:
        """Say what was spent, and give back what is not needed."""
        with self._counting:
            settled, self._settled = self._settled, []
            waiting, self._wanted = self._wanted, {}
            least = min(waiting.values(), default=Decimal(0))
            # As much as was reserved a moment ago will be again; but where others wait for money, each holds what it
            # uses and no more.
            if self._scarce:
                kept, needed = self._reserved, self._reserved + least
            else:
                needed = max(self._most.amount * MARGIN, self._reserved + sum(waiting.values()))
                kept = min(self._lent, needed)
            self._lent = kept
            return MoneyNeeds(settled, kept, needed - kept, least, self._model)

    def leave(self) -> MoneyNeeds:
        """Say what was spent, and give everything back."""
        with self._counting:
            settled, self._settled = self._settled, []
            self._lent = self._reserved
            return MoneyNeeds(settled, self._reserved, model=self._model)

    def admit(self, tried: Try) -> int | None:
        """Reserve a try's worst case and return its number; None while there is no money for it.

        Raises BudgetError where there will be none.
        """
        self.check()
        # A price that is not known is refused before a run that has a limit; without one it counts for nothing here.
        worst = prices.worst(tried.model, tried.size, tried.room, ttl=self._ttl) or Decimal(0)
        with self._counting:
            self._model = tried.model
            if self._reserved + worst <= self._lent or not worst:
                self._number += 1
                self._in_flight[self._number] = (tried.model, worst)
                self._reserved += worst
                self._most.add(self._reserved)
                return self._number
            self._wanted[id(tried)] = worst
        self._on_need()
        return None

    def check(self) -> None:
        """Raise BudgetError where no further try may start."""
        if self._refusal is not None:
            raise BudgetError(self._refusal)

    def settle(self, number: int, usage: Usage | None) -> None:
        """Count what a try took; None: all that was reserved for it."""
        with self._counting:
            model, worst = self._in_flight.pop(number)
            cost = worst if usage is None else prices.cost(model, usage, ttl=self._ttl)
            self._reserved -= worst
            self._lent -= min(worst, worst if cost is None else cost)
            self._settled.append(SettledTry(model, usage, cost, worst))
