"""`slotfill doctor --live`: what is said before money is spent, and the report after."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from slotfill.commands.exit_codes import EXIT_INCOMPLETE, EXIT_INTERRUPTED, EXIT_STOPPED, EXIT_USAGE, ExitError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal

    from anthropic import Anthropic

    from slotfill.extractors.http.redaction import Redaction
    from slotfill.extractors.live.probes import Observation, Probe
    from slotfill.extractors.live.report import Report

__all__ = ["try_assumptions"]


def try_assumptions(model: str | None, *, confirmed: bool, as_json: bool, on_progress: Callable[[str], object]) -> int:
    """Say what it costs, try what is assumed of the service, print the report, and give the exit code.

    confirmed: whether it may cost that; else a terminal is asked. on_progress: is told what is being asked.

    Raises ModelError where no service would be asked.
    """
    from slotfill.extractors import catalogue
    from slotfill.extractors.clients.credentials import choose_model
    from slotfill.extractors.documents.urls import public
    from slotfill.extractors.errors import ModelError
    from slotfill.extractors.http.redaction import Redaction
    from slotfill.extractors.live.assumption import probes_of
    from slotfill.extractors.live.assumptions import assumptions_for
    from slotfill.extractors.live.observing import client_for
    from slotfill.extractors.live.probes import worst_of
    from slotfill.extractors.live.report import Report
    from slotfill.extractors.settings import Settings

    settings = Settings.read(model=model)
    chosen = choose_model(settings)
    if catalogue.is_local(chosen):
        raise ModelError("--live asks the service, and the embedded model is none: name a Claude model")
    at = datetime.now(UTC)
    assumptions = assumptions_for(chosen, settings, at.isoformat())
    probes = probes_of(assumptions)
    with client_for(chosen, settings) as client:
        address = public(str(client.base_url))
        cost = worst_of(probes, chosen, settings.cache_ttl)
        _confirm(f"{len(probes)} requests to {chosen} at {address}, {_dollars(cost)}", confirmed=confirmed)
        secrets = (*settings.secrets, *filter(None, (client.api_key, client.auth_token)))
        seen, interrupted = _observed(client, probes, secrets, on_progress)
    report = Report(chosen, address, at, assumptions, seen)
    _print(report, Redaction(secrets, words=True), as_json=as_json)
    if interrupted:
        click.echo("interrupted", err=True)
        return EXIT_INTERRUPTED
    states = report.states
    return EXIT_INCOMPLETE if states["broken"] else EXIT_STOPPED if states["not decided"] else 0


def _confirm(what: str, *, confirmed: bool) -> None:
    """Say what will be sent, and have it allowed. Raises ExitError where it is not, or nobody can be asked."""
    if confirmed:
        click.echo(what, err=True)
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise ExitError(f"{what}: where there is no terminal to ask, --yes allows them", EXIT_USAGE)
    try:
        allowed = click.confirm(f"{what}. Send them?", err=True)
    except click.Abort:
        raise KeyboardInterrupt from None
    if not allowed:
        raise ExitError("nothing was sent", EXIT_USAGE)


def _observed(
    client: Anthropic, probes: Sequence[Probe], secrets: Sequence[str], on_progress: Callable[[str], object]
) -> tuple[dict[str, Observation], bool]:
    """Send the probes; give what was observed, and whether Ctrl-C ended it."""
    from slotfill.extractors.live.observing import observe

    seen: dict[str, Observation] = {}
    try:
        for number, observation in enumerate(observe(client, probes, secrets), 1):
            seen[observation.probe.name] = observation
            on_progress(f"{number} of {len(probes)} requests")
    except KeyboardInterrupt:
        return seen, True
    finally:
        on_progress("")
    return seen, False


def _print(report: Report, redaction: Redaction, *, as_json: bool) -> None:
    from slotfill.extractors.runs.reports.console import printable

    if as_json:
        click.echo(redaction.hide(json.dumps(report.to_json(), indent=2, ensure_ascii=False)))
        return
    for line in report.lines():
        click.echo(printable(redaction.hide(line)))


def _dollars(amount: Decimal | None) -> str:
    return "at a price that is not known" if amount is None else f"at most ${amount:.4f}"
