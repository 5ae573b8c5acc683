"""A spending limit: so many USD in each period, for what bears a label or for everything. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Self

from slotfill.extractors.errors import SettingsError

__all__ = ["EVERYTHING", "Period", "SpendingLimit"]

EVERYTHING = "*"
"""What stands in place of a label, of a limit to everything."""

_FORM = re.compile(
    r"""
    (?: (?P<everything> \*) | (?P<label> [^=:\s][^=]*) = (?P<value> .+) )   # "*", "team=support", "url=https://a"
    : \$? (?P<amount> \d{1,12} (?: \.\d{1,12})? )                           # "200", "$0.50"
    / (?P<period> hour | day | week | month )
    """,
    re.VERBOSE | re.DOTALL,
)


class Period(StrEnum):
    """A stretch of the calendar, in UTC: whoever spends, and wherever, it begins at the same instant."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    def start(self, at: datetime) -> datetime:
        """Return when the period began that an instant lies in: a week on Monday, a month on its first day."""
        return _start(self, at)

    def end(self, at: datetime) -> datetime:
        """Return when the next one begins."""
        start = self.start(at)
        if self is Period.MONTH:
            return (start + timedelta(days=31)).replace(day=1)
        return start + _LENGTHS[self]


@lru_cache(maxsize=256)
def _start(period: Period, at: datetime) -> datetime:
    """Return when a period begins; a ledger of money asks for the same hour at each request."""
    hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if period is Period.HOUR:
        return hour
    day = hour.replace(hour=0)
    if period is Period.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period is Period.MONTH else day


_LENGTHS = {Period.HOUR: timedelta(hours=1), Period.DAY: timedelta(days=1), Period.WEEK: timedelta(days=7)}


@dataclass(frozen=True, slots=True)
class SpendingLimit:
    """So many USD in each period, of the costs that bear a label; of all of them where the label is `EVERYTHING`.

    Attributes:
        label: The label's name, or `EVERYTHING`.
        value: What the label must hold; "" of everything.
        amount: In USD, more than zero.
        period: How long it is for.
    """

    label: str
    value: str
    amount: Decimal
    period: Period

    @classmethod
    def read(cls, text: str) -> Self:
        """Read one as it is typed: `team=support:200/month`, `*:50/day`.

        Raises:
            SettingsError: It is of no such form, or allows nothing.
        """
        match = _FORM.fullmatch(text)
        if match is None or not (amount := Decimal(match["amount"])):
            raise SettingsError(
                f"{text!r} is no budget: write LABEL=VALUE:USD/PERIOD, such as team=support:200/month, or *:50/day for "
                "everything; periods are hour, day, week and month"
            )
        return cls(match["label"] or EVERYTHING, match["value"] or "", amount, Period(match["period"]))

    @property
    def scope(self) -> str:
        """What it is for, as it is typed: `team=support`, or `*`."""
        return EVERYTHING if self.label == EVERYTHING else f"{self.label}={self.value}"

    @property
    def name(self) -> str:
        """The limit as it is typed; one name, whether that was 5 or 5.00."""
        return f"{self.scope}:{self.amount.normalize():f}/{self.period}"

    def applies_to(self, labels: Mapping[str, str]) -> bool:
        """Whether costs that bear these labels count."""
        return self.label == EVERYTHING or labels.get(self.label) == self.value
