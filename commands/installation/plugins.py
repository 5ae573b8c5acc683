"""`slotfill plugins`: what other packages add, by entry points."""

from __future__ import annotations

import json
import sys

import click

from slotfill.commands.exit_codes import EXIT_USAGE

__all__ = ["plugins_command"]


@click.command
@click.option("--load", is_flag=True, help="Import each that is ready, and say which fail: exit code 2.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.pass_context
def plugins_command(ctx: click.Context, *, load: bool, as_json: bool) -> None:
    """List what other packages add: schemas, readers, sinks, transports, comparators.

    Nothing is imported until it is named; with SLOTFILL_PLUGINS=0 nothing is at all.

    \b
    slotfill plugins
    slotfill plugins --load
    slotfill plugins --json
    """
    from slotfill.extractors.installed.plugin_list import list_plugins
    from slotfill.extractors.runs.reports.console import printable
    from slotfill.extractors.terminal.streams import is_terminal
    from slotfill.extractors.terminal.tables import show_table

    listed = [*list_plugins(load=load)]
    rows = [(one.state, one.group, one.name, f"{one.distribution} {one.version}", one.detail) for one in listed]
    if as_json:
        click.echo(json.dumps([one.to_json() for one in listed], indent=2, ensure_ascii=False))
    elif not listed:
        click.echo("no plug-ins are installed", err=True)
    elif is_terminal(sys.stdout):
        show_table(rows, sys.stdout, header=("", "group", "name", "package", "why it is not used"))
    else:
        for state, group, name, package, detail in rows:
            click.echo(printable(f"{state:<9}{group:<22}{name:<16}{package:<24}{detail}".rstrip()))
    ctx.exit(EXIT_USAGE if any(one.state == "failed" for one in listed) else 0)
