"""`slotfill doctor`: what works here; with --live what is said before money is spent, and the report after."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from slotfill.commands.exit_codes import (
    EXIT_INCOMPLETE,
    EXIT_INTERRUPTED,
    EXIT_NO_MODEL,
    EXIT_STOPPED,
    EXIT_USAGE,
    ExitError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from anthropic import Anthropic

    from slotfill.extractors.http.redaction import Redaction
    from slotfill.extractors.live.probes import Observation, Probe
    from slotfill.extractors.live.report import Report

__all__ = ["doctor_command"]


@click.command
@click.option("-m", "--model", metavar="MODEL", help="The model to look for; by default the one `extract` would use.")
@click.option("--live", is_flag=True, help="Try on the service itself what slotfill assumes of it, for a few cents.")
@click.option("--yes", "confirmed", is_flag=True, help="With --live: send the requests without asking.")
@click.option("--json", "as_json", is_flag=True, help="With --live: write the report as JSON.")
@click.pass_context
def doctor_command(ctx: click.Context, model: str | None, *, live: bool, confirmed: bool, as_json: bool) -> None:
    """Say what works here, and what to do about the rest. Exits with 4 when an extraction would not work.

    With --live it then says what a few dozen tiny requests may cost at most, and sends them, once that is allowed. The
    report says of each assumption whether it held; it holds no credential, and is worth sending to those who make
    slotfill. Exits with 1 where one is broken, else with 3 where one is not decided.

    \b
    slotfill doctor
    slotfill doctor -m claude-sonnet-5-5
    slotfill doctor --live
    """
    from slotfill.extractors.doctor import examine
    from slotfill.extractors.runs.reports.console import printable
    from slotfill.extractors.terminal.streams import is_terminal
    from slotfill.extractors.terminal.tables import show_table

    if not live and (confirmed or as_json):
        raise click.UsageError("--yes and --json go with --live")
    checks = [*examine(model)]
    if is_terminal(stream := sys.stderr if live else sys.stdout):
        show_table(
            [(check.state, check.name, check.detail) for check in checks], stream, header=("", "what", "how it is")
        )
    else:
        for check in checks:
            click.echo(f"{check.state:<9}{check.name:<16}{printable(check.detail)}", err=live)
    failed = any(check.state == "failed" for check in checks)
    if failed or not live:
        ctx.exit(EXIT_NO_MODEL if failed else 0)
    ctx.exit(_try_assumptions(model, confirmed=confirmed, as_json=as_json))


def _try_assumptions(model: str | None, *, confirmed: bool, as_json: bool) -> int:
    """Say what it costs, try what is assumed of the service, print the report, and return the exit code.

    confirmed: whether it may cost that; else a terminal is asked. Raises ModelError where no service would be asked.
    """
    from slotfill.extractors.catalogue.transport_facts import transport_name
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
    if transport_name(chosen):
        raise ModelError(f"--live asks Anthropic's service, and {chosen!r} is not there: name a Claude model")
    at = datetime.now(UTC)
    assumptions = assumptions_for(chosen, settings, at.isoformat())
    probes = probes_of(assumptions)
    with client_for(chosen, settings) as client:
        address = public(str(client.base_url))
        cost = worst_of(probes, chosen, settings.cache_ttl)
        _confirm(f"{len(probes)} requests to {chosen} at {address}, {_price(cost)}", confirmed=confirmed)
        secrets = (*settings.secrets, *filter(None, (client.api_key, client.auth_token)))
        observations, interrupted = _observe(client, probes, secrets)
    report = Report(chosen, address, at, assumptions, observations)
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


def _observe(client: Anthropic, probes: Sequence[Probe], secrets: Sequence[str]) -> tuple[dict[str, Observation], bool]:
    """Send the probes; return what was observed, and whether Ctrl-C ended it."""
    from slotfill.extractors.live.observing import observe
    from slotfill.extractors.runs.reports.console import step_line

    observations: dict[str, Observation] = {}
    try:
        with step_line() as show:
            for number, observation in enumerate(observe(client, probes, secrets), 1):
                observations[observation.probe.name] = observation
                show(f"{number} of {len(probes)} requests")
    except KeyboardInterrupt:
        return observations, True
    return observations, False


def _print(report: Report, redaction: Redaction, *, as_json: bool) -> None:
    from slotfill.extractors.runs.reports.console import printable

    if as_json:
        click.echo(redaction.hide(json.dumps(report.to_json(), indent=2, ensure_ascii=False)))
        return
    for line in report.lines():
        click.echo(printable(redaction.hide(line)))


def _price(amount: Decimal | None) -> str:
    from slotfill.extractors.record.money import money_text

    return "at a price that is not known" if amount is None else f"at most {money_text(amount)}"
