"""`slotfill purge`: what runs have kept that is old, deleted, with a proof."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import click

from slotfill.commands.exit_codes import EXIT_INCOMPLETE
from slotfill.commands.options.durations import Duration
from slotfill.commands.options.option_groups import named_values

__all__ = ["purge_command"]


@click.command
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path())
@click.option("--older-than", type=Duration(), required=True, metavar="TIME", help="How old: 12h, 30d, 8w.")
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="KEY=VALUE",
    callback=named_values,
    help="Only of starts that bore the label; repeat it for those that bore all.",
)
@click.option("--dry-run", is_flag=True, help="Count, and delete nothing.")
@click.option(
    "--keep-costs", is_flag=True, help="Leave a ledger of which nothing but costs is left, for `slotfill costs`."
)
@click.pass_context
def purge_command(
    ctx: click.Context,
    /,
    paths: tuple[str, ...],
    *,
    older_than: timedelta,
    labels: dict[str, str],
    dry_run: bool,
    keep_costs: bool,
) -> None:
    """Delete what runs have kept that is old, and prove it.

    PATH is an output, a ledger, or a folder of outputs. Without one: the outputs in this folder, and the runs to
    standard output. From their ledgers go answers, records, texts, and the names and columns of inputs, of documents
    that ended so long ago; outputs stay. Without PATH go the replies, too, that `slotfill serve` keeps for who asks
    again; they bear no labels; and the documents of its runs that are over so long. The proof is JSON on standard
    output. A ledger that is in use is left.

    \b
    slotfill purge --older-than 30d --dry-run
    slotfill purge mails.jsonl --older-than 12w --label team=support > proof.json
    """
    from slotfill.extractors.errors import InputError
    from slotfill.extractors.runs.ledger.identity import ledgers_of, state_folder
    from slotfill.extractors.runs.purging.ledger_purge import purge_ledgers
    from slotfill.extractors.runs.reports.console import printable
    from slotfill.extractors.serving.reply_store import purge_replies, replies_folder
    from slotfill.extractors.serving.runs.run_store import purge_runs
    from slotfill.extractors.settings import Settings

    settings = Settings.read()
    ledgers = dict.fromkeys(ledger for path in paths or (None,) for ledger in ledgers_of(path, settings))
    if paths and not ledgers:
        raise InputError(
            f"no ledger is kept of {', '.join(map(repr, paths))}: name an output, or the folder that it is in"
        )
    try:
        before = datetime.now(UTC) - older_than
    except OverflowError:
        raise click.BadParameter("that is before all time", param_hint="--older-than") from None
    purge = purge_ledgers(ledgers, before, labels, dry_run=dry_run, keep_costs=keep_costs)
    is_of_all = not paths and not labels
    replies = purge_replies(replies_folder(settings), before, dry_run=dry_run) if is_of_all else 0
    runs = 0 if paths else purge_runs(state_folder(settings), before, labels, dry_run=dry_run)
    told = purge.to_json() | {"replies": replies, "service_runs": runs}
    click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    for path, reason in purge.skipped:
        click.echo(printable(f"{path}: left as it is: {reason}"), err=True)
    total = told["total"]
    verb = "would be" if dry_run else "are"
    also = f", and {replies:,} replies and {runs:,} runs of services," if replies or runs else ""
    click.echo(f"{total['documents']:,} documents in {total['ledgers']:,} ledgers{also} {verb} deleted", err=True)
    if not purge.is_complete:
        ctx.exit(EXIT_INCOMPLETE)
