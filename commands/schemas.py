"""`slotfill schemas`: what can be extracted, and how it is asked for."""

from __future__ import annotations

import json

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
        from slotfill.schemas import resolve

        click.echo(json.dumps(resolve(schema, trusted=True).json_schema, indent=2, ensure_ascii=False))


def _list_built_ins() -> None:
    from slotfill.schemas import built_ins

    for name, summary in built_ins().items():
        click.echo(f"{name:<12}{summary}")


def _print_losses(schema: str) -> None:
    """Print how the service is asked for a schema, and which of its constraints it does not hold."""
    from slotfill.schemas import resolve
    from slotfill.schemas.wire.wire import wire_for

    resolved = resolve(schema, trusted=True)
    wire = wire_for(resolved)
    click.echo(f"asked by: {', then '.join(wire.modes)}")
    for loss in wire.losses:
        click.echo(f"{loss.path or '/'}: {loss.keyword}: {loss.message}")
