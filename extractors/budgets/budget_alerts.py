"""Alerts: a budget is half spent, nearly, wholly. Each is told once a period, whichever process comes to it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from slotfill.extractors.budgets.spending_file import SpendingFile
from slotfill.extractors.budgets.spending_limit import SpendingLimit
from slotfill.extractors.record.money import money_text
from slotfill.extractors.runs.ledger.migrations import PICODOLLARS
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["MARKS", "BudgetAlerts"]

MARKS = (50, 80, 100)
"""Per cent of a budget of which is told. The last also when a request was refused: less is left than it could cost."""

_logger = logging.getLogger("slotfill")


class BudgetAlerts:
    """Tells of budgets, in the log and by what else is given.

    send: is called with each alert as JSON, from threads that must not wait. close_sending: lets it end.
    """

    def __init__(
        self, send: Callable[[JSONObject], None] | None = None, close_sending: Callable[[], None] = lambda: None
    ) -> None:
        self._send, self.close = send, close_sending
        self._announced: dict[tuple[str, datetime], int] = {}
        self._channels = ("log", "webhook") if send else ("log",)

    def lent(self) -> BudgetAlerts:
        """Return others that tell by the same, which stays open when these are closed."""
        return BudgetAlerts(self._send)

    def look_at(self, limit: SpendingLimit, at: datetime, total: int, file: SpendingFile, *, refused: bool) -> None:
        """Tell of a limit's marks that it has come to, and of which nobody has told in its period.

        total: picodollars, spent and in flight. refused: whether a request did not fit.
        """
        start = limit.period.start(at)
        last = self._announced.get((limit.name, start), 0)
        due = next((mark for mark in MARKS if mark > last), None)
        if due is None or not (refused or _has_reached(total, limit, due)):
            return  # most of the time: what is in flight need not be looked for
        with file.transaction():
            total = file.total(limit, at) - file.in_flight(limit, at)
            reached = [mark for mark in MARKS if refused or _has_reached(total, limit, mark)]
            if not reached:
                return
            new = [channel for channel in self._channels if self._note(limit, at, reached, channel, file)]
        self._announced[limit.name, start] = reached[-1]
        for channel in new:
            self._tell(channel, limit, at, reached[-1], Decimal(total) / PICODOLLARS)

    def _note(self, limit: SpendingLimit, at: datetime, reached: list[int], channel: str, file: SpendingFile) -> bool:
        """Note all marks up to the last: who spends a whole budget at once is told once."""
        return [file.note_alert(limit, at, mark, channel) for mark in reached][-1]

    def _tell(self, channel: str, limit: SpendingLimit, at: datetime, percent: int, spent: Decimal) -> None:
        end = limit.period.end(at)
        if channel == "log":
            amounts = f"{money_text(spent)} of {money_text(limit.amount)}"
            _logger.warning("budget %s: %d %%, %s, until %s UTC", limit.name, percent, amounts, f"{end:%Y-%m-%d %H:%M}")
        elif self._send:
            self._send(
                {
                    "budget": limit.name,
                    "percent": percent,
                    "spent_usd": format(spent, "f"),
                    "limit_usd": format(limit.amount, "f"),
                    "start": limit.period.start(at).isoformat(),
                    "end": end.isoformat(),
                }
            )


def _has_reached(total: int, limit: SpendingLimit, percent: int) -> bool:
    return 100 * total >= PICODOLLARS * limit.amount * percent
