"""`slotfill simulate`: a simulated Claude on a port."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import click

from slotfill.commands.check import keep_hypothesis_in_cache
from slotfill.commands.options.option_groups import OptionGroup, option, with_options

__all__ = ["simulate_command"]


@dataclass(frozen=True, slots=True)
class _SimulationOptions(OptionGroup):
    port: int = option(
        "--port", type=click.IntRange(0, 65_535), default=0, metavar="N", help="Listen there. [default: a free one]"
    )
    replies: Path | None = option(
        "--replies",
        type=click.Path(path_type=Path),
        metavar="FILE.jsonl",
        help='What to say of each document, a line each: {"text": …, "value": …}. [default: values made from the '
        "schema]",
    )
    faults: tuple[str, ...] = option(
        "--fault",
        multiple=True,
        metavar="NAME[@N,N-N][:P]",
        help="What goes wrong, at which requests (from 1), with which probability: --fault 429@1 --fault fences:0.2. "
        "--fault list names them all.",
    )
    seed: int = option(
        "--seed", type=int, default=0, show_default=True, metavar="N", help="For all that is left to chance."
    )
    rpm: float | None = option(
        "--rpm", type=click.FloatRange(min=1), metavar="N", help="Enforce so many requests a minute."
    )
    itpm: float | None = option(
        "--itpm", type=click.FloatRange(min=1), metavar="N", help="Enforce so many input tokens a minute."
    )
    otpm: float | None = option(
        "--otpm", type=click.FloatRange(min=1), metavar="N", help="Enforce so many output tokens a minute."
    )
    batch_seconds: float = option(
        "--batch-seconds", type=click.FloatRange(min=0), default=0, metavar="S", help="How long a batch takes."
    )
    batch_requests: int = option(
        "--batch-requests",
        type=click.IntRange(1),
        default=100_000,
        show_default=True,
        metavar="N",
        help="Take so many requests in one batch.",
    )
    batch_bytes: int = option(
        "--batch-bytes",
        type=click.IntRange(1),
        default=256 << 20,
        show_default=True,
        metavar="N",
        help="Take so many bytes in one batch.",
    )
    models: tuple[str, ...] = option(
        "--model", multiple=True, metavar="NAME", help="Serve a model of this name, too; may be repeated."
    )
    breaking: tuple[str, ...] = option(
        "--break",
        multiple=True,
        metavar="NAME",
        help="Be unlike the service in what `doctor --live` calls so: --break forced_tool.",
    )


@click.command
@with_options
def simulate_command(options: _SimulationOptions) -> None:
    """Serve a simulated Claude on a loopback port, for any Anthropic client. Ctrl-C ends it.

    \b
    slotfill simulate --port 8787 --fault 429:0.1
    ANTHROPIC_BASE_URL=http://127.0.0.1:8787 ANTHROPIC_API_KEY=any slotfill extract feedback mails
    """
    if "list" in options.faults:
        _list_faults()
    else:
        _serve(options)


def _list_faults() -> None:
    from slotfill.extractors.testing.simulator.fault_triggers import STAGES

    for stage in STAGES:
        click.echo(" ".join(stage))


def _serve(options: _SimulationOptions) -> None:
    keep_hypothesis_in_cache()
    from slotfill.extractors.testing.broken_claude import BrokenClaude
    from slotfill.extractors.testing.server import served
    from slotfill.extractors.testing.simulator.simulated_limits import BatchLimits, RateLimits

    claude = BrokenClaude(
        options.breaking,
        replies=options.replies,
        faults=options.faults,
        seed=options.seed,
        limits=RateLimits(rpm=options.rpm, itpm=options.itpm, otpm=options.otpm),
        models=options.models,
        batch_seconds=options.batch_seconds,
        batch_limits=BatchLimits(options.batch_requests, options.batch_bytes),
    )
    with served(claude, port=options.port) as url:
        click.echo(url)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            click.echo(f"{len(claude.requests)} requests, {claude.usage.output_tokens} tokens written", err=True)
