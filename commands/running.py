"""A run from the command line: started, told of on standard error, and what its exit code is."""

from __future__ import annotations

import json
import shlex
import sys
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from slotfill.commands.exit_codes import EXIT_INCOMPLETE, exit_code

if TYPE_CHECKING:
    from slotfill.extractors.documents.sources import Sources
    from slotfill.extractors.extractor import Extractor
    from slotfill.extractors.runs.session import RunEnd, Start
    from slotfill.schemas.schema import Schema

__all__ = ["ARGUMENTS", "print_estimate", "run"]

ARGUMENTS = "slotfill.arguments"
"""Where the context keeps the command line as it was typed."""

_STARTING = (
    *("output", "rejects", "stream", "limit", "concurrency"),
    *("labels", "fresh", "retry_failed", "retention"),
)
"""The options of `extract` that say how a run is started, by the names that `Start` has for them."""


def print_estimate(schema: Schema[Any], sources: Sources, options: dict[str, Any]) -> None:
    """Write what a run would cost, as JSON."""
    from slotfill.extractors.catalogue import DEFAULT_MODEL
    from slotfill.extractors.extractor import Extractor
    from slotfill.extractors.runs.estimate import estimate
    from slotfill.extractors.settings import Settings

    # Nothing is called, so no credential is needed to count.
    model = options["model"] or (Settings.read().model or DEFAULT_MODEL,)
    sizes = {name: options[name] for name in ("max_tokens", "chunk_chars")}
    with Extractor(schema, model=model, **sizes) as extractor:
        click.echo(json.dumps(estimate(extractor, islice(sources, options["limit"])), indent=2))


def run(extractor: Extractor[Any], sources: Sources, inputs: tuple[str, ...], options: dict[str, Any]) -> int:
    """Run, say how far it got, and give the exit code."""
    from slotfill.extractors.runs.reports.console import progress
    from slotfill.extractors.runs.session import conduct, total_of

    if extractor.settings.model is None and extractor.model.id == "local" and not options["quiet"]:
        click.echo("no Anthropic credential is set: using the embedded model", err=True)
    total = total_of(sources, options["limit"])
    with progress(total, wanted=not options["quiet"]) as shown:
        ending = conduct(
            extractor, sources, _start(inputs, options), sys.stdout.buffer, shown=shown, said=partial(_say, options)
        )
    if isinstance(ending.stopped, BrokenPipeError):
        raise ending.stopped  # who reads standard output has had enough: click ends quietly
    _close(ending, total, options, several=sources.several)
    if ending.stopped is not None:
        return exit_code(ending.stopped)
    return EXIT_INCOMPLETE if ending.tally.extracted < ending.tally.documents else 0


def _start(inputs: tuple[str, ...], options: dict[str, Any]) -> Start:
    from slotfill.extractors.runs.session import Start

    return Start(
        inputs or ("-",),
        records=options["record"],
        max_cost=_usd(options["max_cost"]),
        warn_cost=_usd(options["warn_cost"]),
        wait=options["if_running"] == "wait",
        lasting=options["cassette"] is None,
        **{name: options[name] for name in _STARTING},
    )


def _usd(amount: float | None) -> Decimal | None:
    return None if amount is None else Decimal(str(amount))


def _say(options: dict[str, Any], line: str) -> None:
    from slotfill.extractors.runs.reports.console import printable

    if not options["quiet"]:
        click.echo(json.dumps({"message": line}) if options["log_format"] == "json" else printable(line), err=True)


def _close(ending: RunEnd, total: int | None, options: dict[str, Any], *, several: bool) -> None:
    """Say why a run stopped and what goes on, and what a run over several documents has done."""
    from slotfill.extractors.runs.reports.console import printable
    from slotfill.extractors.runs.reports.run_summary import closing, closing_json

    stopped = ending.stopped
    told: dict[str, Any] = {"total": total}
    if stopped is not None:
        told |= {"reason": ending.reason, "command": _going_on()}
    if options["log_format"] == "json":
        click.echo(json.dumps(closing_json(ending.tally, **told)), err=True)
    elif stopped is not None or (several and not options["quiet"]):
        for line in closing(ending.tally, **told).splitlines():
            click.echo(printable(line), err=True)


def _going_on() -> str:
    """Write the command that goes on with a run: this one, without what would begin it anew, and without passwords."""
    from slotfill.extractors.documents.urls import public

    arguments = click.get_current_context().meta[ARGUMENTS]
    kept = [public(given) for given in arguments if given not in ("--fresh", "--retry-failed")]
    return shlex.join(["slotfill", *kept])
