"""`slotfill models`: the models and their prices; `slotfill models pull`: the embedded one."""

from __future__ import annotations

import click

__all__ = ["models_command"]


@click.group(invoke_without_command=True)
@click.pass_context
def models_command(ctx: click.Context) -> None:
    """List models and their prices, in USD a million tokens.

    CACHED is the fewest tokens of a prompt that a model's cache keeps.

    \b
    slotfill models
    slotfill models pull
    """
    if ctx.invoked_subcommand is not None:
        return
    from slotfill.extractors.catalogue import model_facts, model_ids, prices
    from slotfill.extractors.local.weights import weights

    click.echo(f"{'MODEL':<28}{'CONTEXT':>10}{'CACHED':>9}{'INPUT':>9}{'OUTPUT':>9}")
    for name in model_facts.known_models():
        model, (read, written) = model_facts.look_up(name), prices.price_a_million(name)
        click.echo(f"{name:<28}{model.context or '?':>10}{model.least_cached:>9}{read:>9}{written:>9}")
        if band := prices.first_band(name):
            read, written = prices.price_a_million(name, band + 1)
            click.echo(f"{f'  prompts beyond {band:,} tokens':<47}{read:>9}{written:>9}")
    path = weights.installed()
    click.echo(f"{model_ids.LOCAL:<28}{path or 'not there: fetch it with `slotfill models pull`'}")


@models_command.command("pull")
@click.argument("name", default="smollm2-135m", metavar="[NAME]")
def _pull_command(name: str) -> None:
    """Fetch the embedded model NAME (smollm2-135m, 93 MB) into the user's cache folder.

    \b
    slotfill models pull
    """
    from slotfill.extractors.local.weights import weights
    from slotfill.extractors.runs.reports.console import transfer

    with transfer() as show:
        path = weights.pull(name, progress=show)
    click.echo(path)
