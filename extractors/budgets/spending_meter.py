"""A meter over an account of the ledger of money: each HTTP try is reserved before it is sent, and settled after."""

from __future__ import annotations

import threading
from decimal import Decimal

from slotfill.extractors.budgets.budget_ledger import SpendingAccount
from slotfill.extractors.catalogue import prices
from slotfill.extractors.catalogue.prices import CacheTTL
from slotfill.extractors.clients.metering import BudgetError, Try
from slotfill.extractors.record.usage import Usage

__all__ = ["SpendingMeter"]

_NOTHING = Decimal(0)


class SpendingMeter:
    """The meter of what has no run of its own: a request to the service, which bears its key's name and labels.

    account: whose money it is. ttl: how long the service keeps what is marked for its cache.
    """

    def __init__(self, account: SpendingAccount, *, ttl: CacheTTL = "5m") -> None:
        self._account, self._ttl = account, ttl
        self._turn = threading.Lock()
        self._in_flight: dict[int, tuple[str, Decimal]] = {}
        self._number = 0

    def admit(self, attempt: Try) -> int | None:
        """Reserve a try's worst case and return its number; None while others in flight may leave room for it.

        Raises BudgetError where they cannot, and where its price is unknown to those who limit it.
        """
        worst = prices.worst(attempt.model, attempt.size, attempt.room, ttl=self._ttl, tier=attempt.tier)
        if worst is None and self._account.limits:
            raise BudgetError(
                f"no price is known for the model {attempt.model!r}, and so no budget can be kept to: "
                "`slotfill models` lists those that have one"
            )
        if not self._account.reserve(worst or _NOTHING):
            return None
        with self._turn:
            self._number += 1
            self._in_flight[self._number] = attempt.model, worst or _NOTHING
            return self._number

    def check(self) -> None:
        """Nothing stops what was admitted."""

    def settle(self, number: int, usage: Usage | None) -> None:
        """Give back what was reserved for a try, and count what it took; None: all that was reserved."""
        with self._turn:
            model, worst = self._in_flight.pop(number)
        cost = worst if usage is None else prices.cost(model, usage, ttl=self._ttl)
        self._account.settle(worst, cost or _NOTHING)
