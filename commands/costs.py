"""`slotfill costs`: what runs have cost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from slotfill.extractors.runs.ledger.costs import By

__all__ = ["costs_command"]


@click.command
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path())
@click.option(
    "--by",
    type=click.Choice(["label", "schema", "model", "day", "hour"]),
    default="schema",
    show_default=True,
    help="What to total by.",
)
@click.option("--json", "as_json", is_flag=True, help="Write the totals as JSON.")
def costs_command(paths: tuple[str, ...], *, by: By, as_json: bool) -> None:
    """Say what runs have cost, from their ledgers.

    PATH is an output, a ledger, or a folder of outputs. Without one: the outputs in this folder, and the runs to
    standard output.

    \b
    slotfill costs --by model
    slotfill costs feedback.jsonl --by day
    """
    from slotfill.extractors.errors import InputError
    from slotfill.extractors.runs.ledger.costs import costs_of
    from slotfill.extractors.runs.ledger.identity import ledgers_of
    from slotfill.extractors.runs.reports.cost_table import cost_table
    from slotfill.extractors.settings import Settings

    settings = Settings.read()
    ledgers = dict.fromkeys(ledger for path in paths or (None,) for ledger in ledgers_of(path, settings))
    if paths and not ledgers:
        raise InputError(
            f"no ledger is kept of {', '.join(map(repr, paths))}: name an output, or the folder that it is in"
        )
    totals = costs_of(ledgers, by)
    if as_json:
        click.echo(json.dumps(totals.to_json(), indent=2, ensure_ascii=False))
        return
    for line in cost_table(totals):
        click.echo(line)
