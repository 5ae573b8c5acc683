"""The ledger of money: what all runs and the service of a user may spend, and have spent, whatever process it was.

    ledger = BudgetLedger(folder)
    account = ledger.account({"team": "support"}, [SpendingLimit.read("team=support:200/month")])
    if account.reserve(worst):      # before a request is sent
        ...
        account.settle(worst, cost)

The most that a request can cost is added to its totals before it is sent, in one transaction with the look at the
limits: however many processes there are, no limit is passed. Money counts in the period in which it was reserved.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from functools import partial
from pathlib import Path
from typing import Self

from slotfill.extractors.budgets.budget_alerts import BudgetAlerts
from slotfill.extractors.budgets.budget_wait import BudgetWait
from slotfill.extractors.budgets.spending_file import SpendingFile
from slotfill.extractors.budgets.spending_limit import Period, SpendingLimit
from slotfill.extractors.clients.metering import BudgetError
from slotfill.extractors.errors import LedgerError
from slotfill.extractors.record.money import money_text
from slotfill.extractors.runs.ledger.migrations import PICODOLLARS
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["BudgetLedger", "BudgetStatus", "SpendingAccount"]

_logger = logging.getLogger("slotfill")

_NOTHING = Decimal(0)

_now = partial(datetime.now, UTC)

_UNLIMITED_SECONDS = 1.0
"""After so long what nobody limits is stored: a commit for each request would be a tenth of its processor time."""


@dataclass(frozen=True, slots=True)
class BudgetStatus:
    """How a limit stands in the period that there is.

    Attributes:
        limit: The limit.
        start: When its period began.
        end: When the next one begins.
        spent: In USD, with `lost`.
        reserved: For requests in flight.
        lost: What processes had reserved that were killed: it may have been spent.
        is_reached: Whether all of it is spent, or a request was refused for it.
    """

    limit: SpendingLimit
    start: datetime
    end: datetime
    spent: Decimal
    reserved: Decimal
    lost: Decimal
    is_reached: bool

    @property
    def left(self) -> Decimal:
        """What may still be spent, in USD."""
        return max(self.limit.amount - self.spent - self.reserved, _NOTHING)

    def to_json(self) -> JSONObject:
        """Return it as plain JSON data."""
        return {
            "budget": self.limit.name,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "limit_usd": format(self.limit.amount, "f"),
            "spent_usd": format(self.spent, "f"),
            "reserved_usd": format(self.reserved, "f"),
            "lost_usd": format(self.lost, "f"),
            "left_usd": format(self.left, "f"),
            "reached": self.is_reached,
        }


class BudgetLedger:
    """The ledger, for one process. Safe for threads, and for as many processes as there are.

    Args:
        folder: Where its file stands.
        run: What names a run whose later starts take over what this one leaves; "" for none.
        alerts: Who is told how far limits are spent; None for the log alone.
        now: The time of day.

    Raises:
        LedgerError: It cannot be used, here and in every method of it and of its accounts.
    """

    def __init__(
        self,
        folder: Path,
        *,
        run: str = "",
        alerts: BudgetAlerts | None = None,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._folder, self._run = folder, run
        self.alerts, self._now = alerts or BudgetAlerts(), now
        self._opened: SpendingFile | None = None
        self._opening = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it, and let what alerts have to tell arrive, for a moment."""
        with self._opening:
            file, self._opened = self._opened, None
        if file is not None:
            file.close()
        self.alerts.close()

    def for_run(self, run: str) -> BudgetLedger:
        """Return the same for one run, by its name: its later starts take over what it leaves. The caller closes it."""
        return BudgetLedger(self._folder, run=run, alerts=self.alerts.lent(), now=self._now)

    @property
    def hour(self) -> datetime:
        """When the hour began that there is: all periods are made of hours, and nothing smaller counts."""
        return Period.HOUR.start(self._now())

    @property
    def file(self) -> SpendingFile:
        """Its file, which is opened when it is first used."""
        with self._opening:
            if self._opened is None:
                self._opened = SpendingFile(self._folder, run=self._run, now=self.hour)
            return self._opened

    def account(self, labels: Mapping[str, str], limits: Iterable[SpendingLimit] = ()) -> SpendingAccount:
        """Return what books costs that bear labels, within those of the limits that apply to them."""
        account = SpendingAccount(self, labels, limits)
        if account.limits:
            _ = self.file  # what cannot be used is said before anything is asked
        return account

    def status(self, limits: Iterable[SpendingLimit]) -> list[BudgetStatus]:
        """Say how limits stand."""
        with self.file.transaction():
            return [self._status(limit, self.hour) for limit in limits]

    def drop_old(self) -> None:
        """Drop what nobody looks up any more, as opening it does."""
        with self.file.transaction():
            self.file.drop_old(self.hour)

    def release_lost(self) -> Decimal:
        """Count no more what killed processes had reserved. Returns how much that was, in USD."""
        with self.file.transaction():
            return _usd(self.file.release_lost())

    def _status(self, limit: SpendingLimit, at: datetime) -> BudgetStatus:
        total, reserved, lost = self.file.total(limit, at), self.file.in_flight(limit, at), self.file.lost(limit, at)
        spent = _usd(total - reserved)
        reached = spent >= limit.amount or self.file.was_told(limit, at, 100)
        return BudgetStatus(
            limit, limit.period.start(at), limit.period.end(at), spent, _usd(reserved), _usd(lost), is_reached=reached
        )


class SpendingAccount:
    """Books what bears some labels. Safe for threads.

    Attributes:
        limits: Those that apply to it.
    """

    def __init__(self, ledger: BudgetLedger, labels: Mapping[str, str], limits: Iterable[SpendingLimit]) -> None:
        self.limits = tuple(limit for limit in limits if limit.applies_to(labels))
        self._ledger = ledger
        self._labels, self._name = dict(labels), json.dumps(dict(labels), sort_keys=True, ensure_ascii=False)
        self._turn = threading.RLock()
        # What is held, and what is to be stored of what was settled, by the hour in which it was reserved.
        self._held: dict[datetime, int] = {}
        self._settled: dict[datetime, tuple[int, int]] = {}
        self._stored_at, self._is_told = time.monotonic(), False
        self._waiting = BudgetWait()

    def reserve(self, amount: Decimal) -> bool:
        """Reserve the most that a request can cost, in USD; False while others in flight may leave room for it.

        Raises:
            BudgetError: They cannot, whatever comes of them.
        """
        if not self.limits:
            return True
        at, wanted = self._ledger.hour, _picodollars(amount)
        with self._turn:
            if self._waiting.is_too_soon(wanted):
                return False
            with self._storing(), self._file.transaction():
                self._store_settled()
                refusing = [limit for limit in self.limits if wanted and self._exceeds(limit, at, wanted)]
                hopeless = [limit for limit in refusing if self._exceeds(limit, at, wanted, settled=True)]
                if not refusing:
                    self._book(at, wanted)
                totals = self._totals(at)
            if not refusing:
                self._hold(at, wanted)
                self._waiting.end()
            self._tell(at, totals, hopeless)
        if hopeless:
            raise BudgetError(self._refusal(hopeless[0], at, amount))
        if refusing:
            self._waiting.note(refusing[0], wanted, for_others=not self._held)
        return not refusing

    def refusal(self, amount: Decimal) -> str | None:
        """Say why a request of such a worst case will not fit whatever comes of others; None where it may."""
        at, wanted = self._ledger.hour, _picodollars(amount)
        with self._turn, self._file.transaction():
            hopeless = [limit for limit in self.limits if wanted and self._exceeds(limit, at, wanted, settled=True)]
        return self._refusal(hopeless[0], at, amount) if hopeless else None

    def take_over(self, amount: Decimal) -> None:
        """Hold what an earlier process of the run has left reserved, or hold so much anew: it is being spent."""
        if not self.limits:
            return
        at, wanted = self._ledger.hour, _picodollars(amount)
        with self._turn:
            with self._file.transaction():
                parts = self._file.take_over(self._name, wanted)
                if left := wanted - sum(part for _, part in parts):
                    self._book(at, left)
            for hour, part in (*parts, (at, left)):
                self._hold(hour, part)

    def settle(self, reserved: Decimal, taken: Decimal) -> None:
        """Give back what was reserved for a request, and count what it has cost; both in USD."""
        with self._turn:
            self._waiting.look_again()
            self._note(_picodollars(reserved) if self.limits else 0, _picodollars(taken))
            if self._is_due:
                self._store()

    def close(self, *, remaining: Decimal = _NOTHING) -> None:
        """Store all, and give back what is held but for what is `remaining`: others go on with that."""
        with self._turn:
            self._note(max(sum(self._held.values()) - _picodollars(remaining), 0), 0)
            self._store()

    @property
    def _file(self) -> SpendingFile:
        return self._ledger.file

    @property
    def _is_due(self) -> bool:
        """Whether what was settled is to be stored now, and not with what comes next."""
        if self.limits:
            return not self._held
        return time.monotonic() - self._stored_at > _UNLIMITED_SECONDS

    def _note(self, reserved: int, taken: int) -> None:
        """Settle what was reserved first; what was taken counts where that was, and what is above it now."""
        for hour in sorted(self._held):
            part = min(self._held[hour], reserved)
            spent = min(part, taken)
            self._add_settled(hour, spent - part, -part)
            self._held[hour] -= part
            if not self._held[hour]:
                del self._held[hour]
            reserved, taken = reserved - part, taken - spent
            if not reserved:
                break
        if taken:
            self._add_settled(self._ledger.hour, taken, 0)

    def _add_settled(self, hour: datetime, total: int, held: int) -> None:
        before = self._settled.get(hour, (0, 0))
        self._settled[hour] = before[0] + total, before[1] + held

    def _store(self) -> None:
        if not self._settled:
            return
        at, totals = self._ledger.hour, list[int]()
        try:
            with self._storing(), self._file.transaction():
                self._store_settled()
                totals = self._totals(at)
        except LedgerError as error:
            if self.limits:
                raise
            # Who has no budget is not stopped for those who have one, and told once.
            _logger.log(logging.DEBUG if self._is_told else logging.WARNING, "no budget knows of this: %s", error)
            self._is_told = True
            self._settled.clear()
        self._stored_at = time.monotonic()
        self._tell(at, totals)

    @contextmanager
    def _storing(self) -> Iterator[None]:
        """Forget within it what was settled, unless that cannot be stored. An interrupt forgets it in any case.

        Then what was reserved counts: stored twice it would give back what was never there.
        """
        settled = self._settled
        try:
            yield
        except LedgerError:
            self._settled = settled
            raise

    def _store_settled(self) -> None:
        """Store what was settled, within a transaction."""
        settled, self._settled = self._settled, {}
        for hour, (total, held) in settled.items():
            if total:
                self._file.add(self._labels, hour, total)
            if held:
                self._file.hold(self._name, hour, held)

    def _book(self, hour: datetime, amount: int) -> None:
        self._file.add(self._labels, hour, amount)
        self._file.hold(self._name, hour, amount)

    def _hold(self, hour: datetime, amount: int) -> None:
        if amount:
            self._held[hour] = self._held.get(hour, 0) + amount

    def _exceeds(self, limit: SpendingLimit, at: datetime, wanted: int, *, settled: bool = False) -> bool:
        """Whether so much more would pass a limit. settled: if all that is in flight came to nothing."""
        total = self._file.total(limit, at) - (self._file.in_flight(limit, at) if settled else 0)
        return total + wanted > _picodollars(limit.amount)

    def _totals(self, at: datetime) -> list[int]:
        return [self._file.total(limit, at) for limit in self.limits]

    def _tell(self, at: datetime, totals: Iterable[int], hopeless: Collection[SpendingLimit] = ()) -> None:
        """Tell of the limits that have come to a mark."""
        for limit, total in zip(self.limits, totals, strict=True):
            self._ledger.alerts.look_at(limit, at, total, self._file, refused=limit in hopeless)

    def _refusal(self, limit: SpendingLimit, at: datetime, amount: Decimal) -> str:
        (status,) = self._ledger.status([limit])
        return (
            f"{money_text(status.spent)} of the budget {limit.name} is spent, and the next request could cost "
            f"{money_text(amount)}: the same command goes on with a higher --budget, or from "
            f"{limit.period.end(at):%Y-%m-%d %H:%M} UTC on"
        )


def _picodollars(amount: Decimal) -> int:
    """Round up: what is stored is never less than what is paid."""
    return int((amount * PICODOLLARS).to_integral_value(ROUND_CEILING))


def _usd(picodollars: int) -> Decimal:
    return Decimal(picodollars) / PICODOLLARS
