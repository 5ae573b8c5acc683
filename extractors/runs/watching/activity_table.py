"""What goes on in ledgers, as a table on a terminal."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from slotfill.extractors.record.money import money_text
from slotfill.extractors.record.parts import Outcome
from slotfill.extractors.runs.reports.console import printable
from slotfill.extractors.runs.watching.ledger_activity import WINDOW, Activity
from slotfill.extractors.terminal.visible_text import visible

if TYPE_CHECKING:
    from rich.console import Group

__all__ = ["ActivityTable"]

_COLUMNS = ("schema", "ended", "a minute", "not whole", "why", "requests/min", "half in", "95 % in", "cost", "an hour")

_WORDS = (0, 4)
"""The columns that are no figures."""

_MOST = 12
"""So many ledgers, those at work last, have room."""


class ActivityTable:
    """Draws a table, and remembers for a minute how many documents had ended: a ledger does not say when."""

    def __init__(self) -> None:
        self._before: dict[Path, deque[tuple[float, int]]] = {}

    def drawn(self, activities: Sequence[Activity], skipped: Sequence[str] = ()) -> Group:
        """Draw what goes on, and a line for each ledger that cannot be read."""
        from rich import box
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
        for number, name in enumerate(_COLUMNS):
            table.add_column(name, justify="left" if number in _WORDS else "right", header_style="bold")
        for activity in activities[:_MOST]:
            cells = (Text(visible(cell)) for cell in self.cells(activity))
            table.add_row(*cells, style="dim" if activity.is_idle else "")
        return Group(table, *(Text(printable(line)) for line in skipped))

    def cells(self, activity: Activity) -> tuple[str, ...]:
        """Write what goes on in one ledger, a cell a column."""
        failures = ", ".join(f"{count:,} {kind}" for kind, count in [*activity.failures.items()][:2])
        an_hour = None if activity.usd_a_minute is None else 60 * activity.usd_a_minute
        not_whole = sum(count for outcome, count in activity.ended.items() if not _is_whole(outcome))
        return (
            printable(activity.schema),
            f"{activity.documents:,} of {activity.read:,}",
            f"{self._rate(activity):,.0f}",
            f"{not_whole:,}",
            printable(failures),
            f"{activity.requests:,}",
            _seconds(activity.latency(0.5)),
            _seconds(activity.latency(0.95)),
            money_text(activity.usd),
            money_text(an_hour, digits=2),
        )

    def _rate(self, activity: Activity) -> float:
        """Return how many documents end in a minute, by what was seen within the last one."""
        seen = self._before.setdefault(activity.path, deque())
        seen.append((activity.at, activity.documents))
        while len(seen) > 2 and activity.at - seen[1][0] >= WINDOW:  # noqa: PLR2004 - the first and the last
            seen.popleft()
        since, ended = seen[0]
        passed = activity.at - since
        return max(0, activity.documents - ended) / passed * 60 if passed else 0.0


def _is_whole(outcome: str) -> bool:
    return outcome in {one.value for one in Outcome if one.ok}


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:,.1f} s"
