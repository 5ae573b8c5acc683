"""`slotfill schemas`: what can be extracted, and how it is asked for."""

from __future__ import annotations

import json
import sys

import click

from slotfill.commands.options.asking_options import complete_schema

__all__ = ["schemas_command"]


@click.command
@click.argument("schema", required=False, shell_complete=complete_schema)
@click.option("--lint", is_flag=True, help="Say what the service's own check of replies loses, and how it is asked.")
def schemas_command(schema: str | None, *, lint: bool) -> None:
    """List the built-in schemas, or show SCHEMA as JSON Schema.

    \b
    slotfill schemas feedback
    slotfill schemas "name, age int" --lint
    """
    if schema is None:
        _list_built_ins()
    elif lint:
        _print_losses(schema)
    else:
        _print_json_schema(schema)


def _print_json_schema(schema: str) -> None:
    from slotfill.extractors.record.json_text import escaped
    from slotfill.extractors.terminal.json_colours import coloured_json
    from slotfill.extractors.terminal.streams import takes_colour
    from slotfill.schemas import resolve

    text = json.dumps(resolve(schema, trusted=True).json_schema, indent=2, ensure_ascii=False)
    click.echo(coloured_json(escaped(text)), color=True) if takes_colour(sys.stdout) else click.echo(text)


def _list_built_ins() -> None:
    from slotfill.extractors.runs.reports.console import printable
    from slotfill.extractors.terminal.streams import is_terminal

    if is_terminal(sys.stdout):
        from slotfill.extractors.terminal.tables import show_table

        show_table(_named(), sys.stdout, header=("schema", "what it extracts"))
        return
    for name, summary in _named():
        click.echo(printable(f"{name:<12}{summary}"))


def _named() -> list[tuple[str, str]]:
    """Return what is built in, and what plug-ins have: nothing is imported that would say what they extract."""
    from slotfill.schemas import built_ins
    from slotfill.schemas.sources.schema_names import NAMED_SCHEMAS

    plugins = (plugin for plugin in NAMED_SCHEMAS.plugins if NAMED_SCHEMAS.has_plugin(plugin.name))
    added = ((plugin.name, f"(of {plugin.distribution} {plugin.version})") for plugin in plugins)
    return [*built_ins().items(), *added]


def _print_losses(schema: str) -> None:
    """Print how the service is asked for a schema, and which of its constraints it does not hold."""
    from slotfill.extractors.terminal.streams import is_terminal
    from slotfill.schemas import resolve
    from slotfill.schemas.wire.wire import wire_for

    resolved = resolve(schema, trusted=True)
    wire = wire_for(resolved)
    click.echo(f"asked by: {', then '.join(wire.modes)}")
    if wire.losses and is_terminal(sys.stdout):
        from slotfill.extractors.terminal.tables import show_table

        losses = [(loss.path or "/", loss.keyword, loss.message) for loss in wire.losses]
        show_table(losses, sys.stdout, header=("path", "keyword", "what the service does not hold"))
        return
    for loss in wire.losses:
        click.echo(f"{loss.path or '/'}: {loss.keyword}: {loss.message}")
