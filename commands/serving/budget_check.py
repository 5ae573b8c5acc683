"""How budgets stand, and whether one is reached: `slotfill costs --check`."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slotfill.commands.exit_codes import EXIT_STOPPED
from slotfill.commands.options.option_groups import OptionGroup, option
from slotfill.commands.options.running_options import spending_limits

if TYPE_CHECKING:
    from slotfill.extractors.budgets.budget_ledger import BudgetStatus
    from slotfill.extractors.budgets.spending_limit import SpendingLimit

__all__ = ["CheckingOptions", "show_budgets"]

_HEADER = ("budget", "spent", "reserved", "left", "until (UTC)", "state")


@dataclass(frozen=True, slots=True)
class CheckingOptions(OptionGroup):
    """Which budgets are looked at, and what else is wanted of them."""

    title = "Budgets"

    budgets: tuple[SpendingLimit, ...] = option(
        "--budget",
        multiple=True,
        metavar="LABEL=VALUE:USD/PERIOD",
        callback=spending_limits,
        help="A budget to look at, such as team=support:200/month, or *:50/day; repeat it.",
    )
    keys: Path | None = option(
        "--keys",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Those in a file of keys: of its [budgets], and of each key.",
    )
    check: bool = option("--check", is_flag=True, help="End with exit code 3 where a budget is reached, else with 0.")
    release_lost: bool = option(
        "--release-lost",
        is_flag=True,
        help="Count no more what killed processes had reserved; look in the Console first whether it was spent.",
    )

    @property
    def is_asked(self) -> bool:
        """Whether anything of it is."""
        return bool(self.budgets or self.keys or self.check or self.release_lost)

    @property
    def limits(self) -> list[SpendingLimit]:
        """The budgets to look at, each once."""
        limits = list(self.budgets)
        if self.keys is not None:
            from slotfill.extractors.keys.key_file import read_keys

            ring = read_keys(self.keys)
            limits += ring.budgets
            limits += [limit for key in ring.keys.values() if key.revoked is None for limit in key.spending_limits]
        return list(dict.fromkeys(limits))


def show_budgets(options: CheckingOptions, *, as_json: bool) -> int:
    """Show how budgets stand, and return the exit code."""
    from slotfill.extractors.budgets.budget_ledger import BudgetLedger
    from slotfill.extractors.budgets.run_budgets import budgets_folder
    from slotfill.extractors.record.money import money_text
    from slotfill.extractors.settings import Settings

    limits = options.limits
    if options.check and not limits:
        raise click.UsageError("--check needs a budget: name it with --budget, or a file with --keys")
    with BudgetLedger(budgets_folder(Settings.read())) as ledger:
        if options.release_lost:
            click.echo(f"{money_text(ledger.release_lost())} of killed processes counts no more", err=True)
        statuses = ledger.status(limits)
    if as_json:
        click.echo(json.dumps({"budgets": [one.to_json() for one in statuses]}, indent=2, ensure_ascii=False))
    elif statuses:
        _show_table(statuses)
    return EXIT_STOPPED if options.check and any(one.is_reached for one in statuses) else 0


def _show_table(statuses: list[BudgetStatus]) -> None:
    from slotfill.extractors.runs.reports.console import printable
    from slotfill.extractors.terminal.streams import is_terminal
    from slotfill.extractors.terminal.tables import show_table

    rows = [tuple(map(printable, _cells(one))) for one in statuses]
    if is_terminal(sys.stdout):
        show_table(rows, sys.stdout, header=_HEADER, to_right={1, 2, 3}, spare=(2,))
        return
    widths = [max(map(len, column)) for column in zip(_HEADER, *rows, strict=True)]
    for row in (_HEADER, *rows):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _cells(status: BudgetStatus) -> tuple[str, ...]:
    from slotfill.extractors.record.money import money_text

    share = f"{100 * status.spent / status.limit.amount:.0f} %"
    state = "reached" if status.is_reached else share
    lost = f", {money_text(status.lost)} of it by killed processes" if status.lost else ""
    amounts = (money_text(amount) for amount in (status.spent, status.reserved, status.left))
    return status.limit.name, *amounts, f"{status.end:%Y-%m-%d %H:%M}", state + lost
