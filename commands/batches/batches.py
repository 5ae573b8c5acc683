"""`slotfill batches`: the message batches of runs, told from others of the workspace; to be looked at and cancelled."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from slotfill.commands.exit_codes import EXIT_INCOMPLETE

if TYPE_CHECKING:
    from slotfill.extractors.batches.batch_overview import BatchView
    from slotfill.extractors.batches.run_batches import RunBatch, RunBatches

__all__ = ["batches_command"]

_paths_argument = click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path())
_of_option = click.option(
    "--of",
    "paths",
    multiple=True,
    metavar="PATH",
    type=click.Path(),
    help="Look there for the ledgers of runs: an output, a ledger, a folder of outputs. [default: those at hand]",
)
_json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON.")


@click.group(invoke_without_command=True)
@click.pass_context
def batches_command(ctx: click.Context) -> None:
    """List the message batches of runs, look at one, or cancel some.

    \b
    slotfill batches list
    slotfill batches show msgbatch_01HkcTjaV5uDC8jWR4ZsDV8d
    slotfill batches cancel --all
    """
    if ctx.invoked_subcommand is None:
        _list((), everything=False, as_json=False)


@batches_command.command("list")
@_paths_argument
@click.option("--all", "everything", is_flag=True, help="Also those that are read, and all others of the workspace.")
@_json_option
def _list_command(paths: tuple[str, ...], *, everything: bool, as_json: bool) -> None:
    """List the batches of runs whose results are not read yet, and the command that goes on with each.

    PATH is an output, a ledger, or a folder of outputs. Without one: the outputs in this folder, and the runs to
    standard output.

    \b
    slotfill batches list
    slotfill batches list feedback.jsonl --json
    """
    _list(paths, everything=everything, as_json=as_json)


@batches_command.command("show")
@click.argument("name", metavar="ID")
@_of_option
@_json_option
def _show_command(name: str, paths: tuple[str, ...], *, as_json: bool) -> None:
    """Show what is known of the batch ID: how it stands, what it is of, and what goes on with it.

    \b
    slotfill batches show msgbatch_01HkcTjaV5uDC8jWR4ZsDV8d
    """
    from slotfill.extractors.batches.batch_overview import look_at_one
    from slotfill.extractors.runs.reports.console import printable

    view = _ask(partial(look_at_one, name=name, run=_known(paths).by_name.get(name)))
    told = view.to_json()
    if as_json:
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    for key, value in told.items():
        click.echo(printable(f"{key.replace('_', ' '):<14}{_text(value)}"))


@batches_command.command("cancel")
@click.argument("names", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="All batches of runs that have not ended.")
@_of_option
@_json_option
@click.pass_context
def _cancel_command(
    ctx: click.Context, /, names: tuple[str, ...], paths: tuple[str, ...], *, everything: bool, as_json: bool
) -> None:
    """Cancel the batches ID of runs, and no others. What is not begun is neither answered nor billed.

    What has been answered counts: the command that goes on with a run reads it, and asks for the rest again.

    \b
    slotfill batches cancel msgbatch_01HkcTjaV5uDC8jWR4ZsDV8d
    slotfill batches cancel --all
    """
    from slotfill.extractors.batches.batch_overview import cancel_batches

    if bool(names) == everything:
        raise click.UsageError("name the batches to cancel, or say --all")
    known = _known(paths)
    batches = [batch for batch in known.open if batch.batch is not None] if everything else _named(names, known)
    views = _ask(partial(cancel_batches, batches=batches)) if batches else []
    _print_list(known, views, as_json=as_json)
    if everything and (lost := [batch for batch in known.open if batch.batch is None]):
        click.echo(f"{len(lost)} more cannot be cancelled: the replies that told their ids were lost", err=True)
        ctx.exit(EXIT_INCOMPLETE)


def _list(paths: Sequence[str], *, everything: bool, as_json: bool) -> None:
    from slotfill.extractors.batches.batch_overview import BatchView, look_at, look_at_all

    known = _known(paths)
    if everything:
        views = _ask(partial(look_at_all, known=known))
    else:
        views = [BatchView(batch, None) for batch in known.open]
        if any(batch.batch for batch in known.open):
            views = _ask(partial(look_at, batches=known.open))
    _print_list(known, views, as_json=as_json)


def _known(paths: Sequence[str]) -> RunBatches:
    """Read the batches of the runs at hand, or of those named. Raises InputError where there is none of them."""
    from slotfill.extractors.batches.run_batches import batches_of
    from slotfill.extractors.errors import InputError
    from slotfill.extractors.runs.ledger.identity import ledgers_of
    from slotfill.extractors.settings import Settings

    settings = Settings.read()
    ledgers = dict.fromkeys(ledger for path in paths or (None,) for ledger in ledgers_of(path, settings))
    if paths and not ledgers:
        raise InputError(
            f"no ledger is kept of {', '.join(map(repr, paths))}: name an output, or the folder that it is in"
        )
    return batches_of(ledgers)


def _ask(question: Any) -> Any:
    from slotfill.extractors.batches.batch_overview import ask_service
    from slotfill.extractors.settings import Settings

    return asyncio.run(ask_service(Settings.read(), question))


def _named(names: Iterable[str], known: RunBatches) -> list[RunBatch]:
    """Return the batches of these names. Raises InputError for one that no run at hand knows."""
    from slotfill.extractors.errors import InputError

    by_name = known.by_name
    if foreign := [name for name in names if name not in by_name]:
        raise InputError(
            f"{', '.join(map(repr, foreign))}: no run here has this batch, and it may be somebody else's: name the "
            "run's output with --of, or cancel it in the Console"
        )
    return [by_name[name] for name in dict.fromkeys(names)]


def _print_list(known: RunBatches, views: Sequence[BatchView], *, as_json: bool) -> None:
    from slotfill.extractors.batches.batch_overview import HEADERS, cells, going_on
    from slotfill.extractors.runs.reports.console import printable
    from slotfill.extractors.terminal.streams import is_terminal
    from slotfill.extractors.terminal.tables import show_table

    if as_json:
        skipped = [{"ledger": str(path), "reason": reason} for path, reason in known.skipped]
        told = {"batches": [view.to_json() for view in views], "skipped": skipped}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    rows = [cells(view) for view in views]
    if rows and is_terminal(sys.stdout):
        show_table(rows, sys.stdout, header=HEADERS, to_right={2}, spare=(3, 4))
    elif rows:
        lines = [HEADERS, *([printable(cell) for cell in row] for row in rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    else:
        click.echo("no batches are under way", err=True)
    for line in (*going_on(views), *(f"{path}: not read: {reason}" for path, reason in known.skipped)):
        click.echo(printable(line))


def _text(value: object) -> str:
    """Write a value of a batch's JSON for a person."""
    if isinstance(value, dict):
        return ", ".join(f"{count:,} {kind}" for kind, count in value.items() if count)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
