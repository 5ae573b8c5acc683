"""`slotfill costs`: what runs have cost."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotfill.commands.options.option_groups import GroupedCommand, with_options
from slotfill.commands.serving.budget_check import CheckingOptions, show_budgets
from slotfill.commands.serving.cost_watch import watch_runs

if TYPE_CHECKING:
    from slotfill.extractors.runs.ledger.costs import Costs

__all__ = ["costs_command"]

_ALWAYS = (0, 1, 2, 3, 7)
"""The columns that a terminal shows; the others only where they hold anything: there is room for few."""

_SPARE = ("of it thought", "cache written", "cache read", "of it lost", "tries")
"""The columns that a narrow window can do without."""

_NOTHING = ("0", "$0.0000")


@click.command(cls=GroupedCommand)
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path())
@click.option(
    "--by",
    type=click.Choice(["label", "schema", "model", "day", "hour"]),
    default="schema",
    show_default=True,
    help="What to total by.",
)
@click.option("--json", "as_json", is_flag=True, help="Write the totals as JSON.")
@click.option(
    "--watch",
    is_flag=True,
    help="Show how runs go on, until Ctrl-C: documents, failures, requests, time and money. Not on a terminal, or with "
    "--json: a line of JSON for each, every two seconds.",
)
@with_options
@click.pass_context
def costs_command(
    ctx: click.Context, /, paths: tuple[str, ...], *, by: Any, as_json: bool, watch: bool, checking: CheckingOptions
) -> None:
    """Say what runs have cost, from their ledgers.

    With --budget or --keys: how budgets stand, over all runs and the service.

    PATH is an output, a ledger, or a folder of outputs. Without one: the outputs in this folder, and the runs to
    standard output.

    \b
    slotfill costs --by model
    slotfill costs feedback.jsonl --by day
    slotfill costs --watch
    slotfill costs --check --budget team=support:200/month
    """
    if checking.is_asked:
        if paths or watch:
            raise click.UsageError("budgets are of all runs: leave PATH and --watch out")
        ctx.exit(show_budgets(checking, as_json=as_json))
    from slotfill.extractors.errors import InputError
    from slotfill.extractors.runs.ledger.costs import costs_of
    from slotfill.extractors.runs.ledger.identity import ledgers_of
    from slotfill.extractors.runs.reports.cost_table import cost_table
    from slotfill.extractors.settings import Settings
    from slotfill.extractors.terminal.streams import is_terminal

    settings = Settings.read()

    def find() -> dict[Path, None]:
        return dict.fromkeys(ledger for path in paths or (None,) for ledger in ledgers_of(path, settings))

    if watch:
        watch_runs(find, as_json=as_json)
        return
    ledgers = find()
    if paths and not ledgers:
        raise InputError(
            f"no ledger is kept of {', '.join(map(repr, paths))}: name an output, or the folder that it is in"
        )
    totals = costs_of(ledgers, by)
    if as_json:
        click.echo(json.dumps(totals.to_json(), indent=2, ensure_ascii=False))
        return
    if is_terminal(sys.stdout):
        _show_costs(totals)
        return
    for line in cost_table(totals):
        click.echo(line)


def _show_costs(costs: Costs) -> None:
    from slotfill.extractors.runs.reports.cost_table import cost_rows, skipped_lines
    from slotfill.extractors.terminal.tables import show_table

    header, *rows = cost_rows(costs)
    used = [
        column for column in range(len(header)) if column in _ALWAYS or any(row[column] not in _NOTHING for row in rows)
    ]
    names = [header[column] for column in used]
    table = [[row[column] for column in used] for row in rows]
    show_table(
        table,
        sys.stdout,
        header=names,
        to_right=range(1, len(used)),
        styles={len(rows) - 1: "bold"},
        spare=[names.index(name) for name in _SPARE if name in names],
    )
    for line in skipped_lines(costs):
        click.echo(line)
