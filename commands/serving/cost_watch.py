"""Runs as they go on: `slotfill costs --watch`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from slotfill.extractors.runs.watching.ledger_activity import Activity

__all__ = ["watch_runs"]

SECONDS = 2.0
"""After so long runs are looked at again."""

FindLedgers = Callable[[], Iterable[Path]]
"""Finds the ledgers, again and again: a run that begins meanwhile has one, too."""


def watch_runs(find: FindLedgers, *, as_json: bool, looks: int | None = None, seconds: float = SECONDS) -> None:
    """Show how runs go on: a table that is drawn anew on a terminal, else lines of JSON.

    looks: how often; None until Ctrl-C, which is how it ends.
    """
    from slotfill.extractors.terminal.streams import takes_control

    show = _show_lines if as_json or not takes_control(sys.stdout) else _show_table
    try:
        show(_looks(find, looks, seconds))
    except KeyboardInterrupt:
        return


def _looks(find: FindLedgers, looks: int | None, seconds: float) -> Iterator[tuple[list[Activity], list[str]]]:
    """Look at the ledgers, and again when what was seen has been shown."""
    from slotfill.extractors.runs.watching.ledger_activity import activities_of

    for number in count(1):
        yield activities_of(find())
        if number == looks:
            return
        time.sleep(seconds)


def _show_lines(looks: Iterator[tuple[list[Activity], list[str]]]) -> None:
    from slotfill.extractors.runs.reports.console import printable

    told: set[str] = set()
    for activities, skipped in looks:
        for activity in activities:
            click.echo(json.dumps(activity.to_json(), ensure_ascii=False))
        for line in skipped:
            if line not in told:
                told.add(line)
                click.echo(printable(line), err=True)


def _show_table(looks: Iterator[tuple[list[Activity], list[str]]]) -> None:
    from rich.live import Live

    from slotfill.extractors.runs.watching.activity_table import ActivityTable
    from slotfill.extractors.terminal.terminal_console import terminal_console

    table = ActivityTable()
    with Live(console=terminal_console(sys.stdout), auto_refresh=False) as live:
        for activities, skipped in looks:
            live.update(table.drawn(activities, skipped), refresh=True)
