"""Waiting for room in a budget: what others have in flight may leave some, and may not for a long time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from slotfill.extractors.budgets.spending_limit import SpendingLimit
from slotfill.extractors.clients.metering import BudgetError

__all__ = ["BudgetWait"]

_PAUSE = 0.1
"""Seconds until the file is asked again for as much: whoever waits asks every hundredth of one."""

_TELL_AFTER = 5.0
_GIVE_UP_AFTER = 300.0
"""Seconds that others may hold what is waited for: those of a batch may for a day."""

_logger = logging.getLogger("slotfill")


class BudgetWait:
    """How long an account has waited for room. clock: in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wanted, self._asked_at, self._is_told = 0, -_PAUSE, False
        self._since: float | None = None

    def is_too_soon(self, wanted: int) -> bool:
        """Whether so much was refused a moment ago."""
        return self._since is not None and wanted >= self._wanted and self._clock() - self._asked_at < _PAUSE

    def look_again(self) -> None:
        """Have the next request look: something was given back here."""
        self._asked_at = -_PAUSE

    def end(self) -> None:
        """Note that there was room."""
        self._since, self._is_told = None, False

    def note(self, limit: SpendingLimit, wanted: int, *, for_others: bool) -> None:
        """Note that there was none. for_others: whether nothing of one's own is in flight, which ends by itself.

        Raises BudgetError where others have held it for too long.
        """
        now = self._clock()
        self._wanted, self._asked_at = wanted, now
        since = self._since = now if self._since is None or not for_others else self._since
        waited = now - since
        if waited > _GIVE_UP_AFTER:
            raise BudgetError(
                f"the budget {limit.name} is reserved by other runs, or by batches, for longer than "
                f"{_GIVE_UP_AFTER:.0f} s: the same command goes on when they have ended, or with a higher --budget"
            )
        if waited > _TELL_AFTER and not self._is_told:
            self._is_told = True
            _logger.warning("waiting for the budget %s: what is left of it is reserved by other runs", limit.name)
