"""`slotfill models`: the models and their prices; `slotfill models pull`: the embedded one."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

__all__ = ["models_command"]


@click.group(invoke_without_command=True)
@click.pass_context
def models_command(ctx: click.Context) -> None:
    """List models and their prices, in USD a million tokens.

    CACHED is the fewest tokens of a prompt that a model's cache keeps. Models elsewhere have ids that say where:
    openai:MODEL@URL, bedrock:MODEL, vertex:MODEL, foundry:MODEL.

    \b
    slotfill models
    slotfill models pull
    """
    if ctx.invoked_subcommand is not None:
        return
    from slotfill.extractors.terminal.streams import is_terminal

    if is_terminal(sys.stdout):
        _show_models([*_rows()], [*_embedded_rows()])
        return
    click.echo(f"{'MODEL':<28}{'CONTEXT':>10}{'CACHED':>9}{'INPUT':>9}{'OUTPUT':>9}")
    for name, context, cached, read, written in _rows():
        # The rates of long prompts have no figures of their own before them.
        start = f"{name:<28}{context:>10}{cached:>9}" if context else f"{name:<47}"
        click.echo(f"{start}{read:>9}{written:>9}")
    for name, where in _embedded_rows():
        click.echo(f"{name:<28}{where}")


def _embedded_rows() -> Iterator[tuple[str, str]]:
    """Yield the id of each embedded model, and where its file is, or how to fetch it."""
    from slotfill.extractors.catalogue import model_ids
    from slotfill.extractors.local.weights import weights
    from slotfill.extractors.local.weights.known_weights import DEFAULT, KNOWN_WEIGHTS

    for name in KNOWN_WEIGHTS:
        model, command = model_ids.LOCAL, "slotfill models pull"
        if name != DEFAULT:
            model, command = f"{model_ids.LOCAL}:{name}", f"{command} {name}"
        yield model, str(weights.installed(name) or f"not there: fetch it with `{command}`")


def _rows() -> Iterator[tuple[str, str, str, str, str]]:
    """Yield a row for each model, and one for its rates for long prompts."""
    from slotfill.extractors.catalogue import model_facts, prices

    for name in model_facts.known_models():
        model, (read, written) = model_facts.look_up(name), prices.price_a_million(name)
        yield name, str(model.context or "?"), str(model.least_cached), str(read), str(written)
        if band := prices.first_band(name):
            read, written = prices.price_a_million(name, band + 1)
            yield f"  prompts beyond {band:,} tokens", "", "", str(read), str(written)


def _show_models(rows: list[tuple[str, str, str, str, str]], embedded: list[tuple[str, str]]) -> None:
    from slotfill.extractors.terminal.colours import Colour
    from slotfill.extractors.terminal.tables import show_table

    header = ("model", "context", "cached", "input", "output")
    long_prompts = {number: Colour.GREY for number, row in enumerate(rows) if not row[1]}
    grouped = [[f"{int(cell):,}" if cell.isdecimal() else cell for cell in row] for row in rows]
    show_table(grouped, sys.stdout, header=header, to_right={1, 2, 3, 4}, styles=long_prompts, spare=(2, 1))
    show_table(embedded, sys.stdout)


@models_command.command("pull")
@click.argument("name", default="smollm2-135m", metavar="[NAME]")
def _pull_command(name: str) -> None:
    """Fetch an embedded model into the user's cache folder.

    NAME is smollm2-135m (98 MB) or hf:ORG/REPO/FILE.gguf. The licence of a known one is named before it is fetched.

    \b
    slotfill models pull
    """
    from slotfill.extractors.local.weights import weights
    from slotfill.extractors.runs.reports.console import transfer_line

    if (licence := weights.licence(name)) and weights.installed(name) is None:
        click.echo(f"{name} is licensed under {licence}", err=True)
    with transfer_line() as show:
        path = weights.pull(name, progress=show)
    click.echo(path)
