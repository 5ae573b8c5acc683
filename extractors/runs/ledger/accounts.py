"""What a run has spent: each HTTP try, by what was reserved for it, and then by what it cost."""

from __future__ import annotations

import sqlite3
import time
from decimal import ROUND_CEILING, Decimal

from slotfill.extractors.record.usage import Usage
from slotfill.extractors.runs.ledger import queries
from slotfill.extractors.runs.ledger.database import Database
from slotfill.extractors.runs.ledger.migrations import PICODOLLARS

__all__ = ["Account"]


class Account:
    """The tries in a ledger. start: that they are stored for; first_start: from which on they are added up."""

    def __init__(self, database: Database, *, start: int, first_start: int) -> None:
        self._database, self._start, self._first_start = database, start, first_start

    def reserve(self, model: str, worst: Decimal | None) -> int:
        """Store an HTTP try before it is sent, with the most that it can cost in USD. Returns its number."""
        with self._database.transaction() as database:
            return self.reserve_within(database, model, worst)

    def reserve_within(self, database: sqlite3.Connection, model: str, worst: Decimal | None) -> int:
        """Do so in a transaction that stores more than that."""
        row = (self._start, time.time(), model, _picodollars(worst))
        statement = "INSERT INTO tries (start, at, model, picodollars) VALUES (?, ?, ?, ?)"
        return database.execute(statement, row).lastrowid or 0

    def renew(self, number: int, worst: Decimal | None) -> None:
        """Store with what is stored next that so much is reserved under a number from then on."""
        self._database.defer("UPDATE tries SET picodollars = ? WHERE number = ?", (_picodollars(worst), number))

    def release(self, number: int) -> None:
        """Forget with what is stored next what was reserved under a number, and never spent."""
        self._database.defer("DELETE FROM tries WHERE number = ?", (number,))

    def add(self, model: str, usage: Usage | None, cost: Decimal | None) -> None:
        """Store with what is stored next a try that has been settled before it was stored, as in `settle`."""
        counts = (None if usage is None else getattr(usage, name) for name in Usage.COUNTED)
        self._database.defer(queries.ADD_TRY, (self._start, time.time(), model, _picodollars(cost), *counts))

    def store(self) -> None:
        """Store what was to be stored with what comes next."""
        with self._database.transaction():
            pass

    def settle(self, number: int, usage: Usage | None, cost: Decimal | None) -> None:
        """Note what a try took, and cost in USD. Without `usage` its reply was lost: what was reserved stays spent.

        It is stored with what is stored next: were it lost until then, the try would count by what was reserved.
        """
        if usage is not None:
            counts = (getattr(usage, name) for name in Usage.COUNTED)
            self._database.defer(queries.SETTLE_TRY, (_picodollars(cost), *counts, number))

    def spent(self) -> Decimal | None:
        """Return what was spent since the last fresh start, reservations included; None where a price was unknown."""
        self.store()
        total, unknown = self._database.row(queries.SPENT, (self._first_start,))
        return None if unknown else Decimal(total or 0) / PICODOLLARS


def _picodollars(amount: Decimal | None) -> int | None:
    """Round up: what is stored is never less than what is paid."""
    return None if amount is None else int((amount * PICODOLLARS).to_integral_value(ROUND_CEILING))
