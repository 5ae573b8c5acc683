"""`slotfill serve`: extraction as a service, by HTTP."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotfill.commands.options.durations import Duration
from slotfill.commands.options.option_groups import GroupedCommand, OptionGroup, option, with_options
from slotfill.commands.options.running_options import spending_limits
from slotfill.commands.serving.named_schemas import named_schemas

if TYPE_CHECKING:
    from slotfill.extractors.budgets.spending_limit import SpendingLimit
    from slotfill.extractors.keys.key_ring import KeyRing
    from slotfill.extractors.serving.runs.service_run import RunLimits
    from slotfill.extractors.serving.served_schemas import ServedSchemas
    from slotfill.extractors.serving.service import Keys

__all__ = ["serve_command"]

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_OWN_KEY = "local"
MEGABYTE = 1_000_000


def _count(name: str, default: int, text: str) -> Any:
    return option(name, type=click.IntRange(min=1), default=default, show_default=True, metavar="N", help=text)


def _megabytes(name: str, default: float, text: str) -> Any:
    return option(name, type=click.FloatRange(min=0.001), default=default, show_default=True, metavar="MB", help=text)


@dataclass(frozen=True, slots=True)
class _ServeOptions(OptionGroup):
    schemas: tuple[str, ...] = option(
        "--schemas",
        most_used=True,
        required=True,
        callback=lambda _ctx, _param, text: tuple(filter(None, (part.strip() for part in text.split(",")))),
        metavar="SCHEMA,…",
        help="What is extracted: built-in names, files of JSON Schema, package.module:Model.",
    )
    keys: Path | None = option(
        "--keys",
        most_used=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Who may ask: `slotfill keys add NAME --keys FILE`. [default: a key for this start alone]",
    )
    models: tuple[str, ...] = option(
        "-m", "--model", most_used=True, multiple=True, metavar="MODEL", help="The model; repeat it for fallbacks."
    )
    host: str = option("--host", default="127.0.0.1", show_default=True, metavar="HOST", help="Where it listens.")
    port: int = option(
        "--port",
        most_used=True,
        type=click.IntRange(0, 65535),
        default=8000,
        show_default=True,
        metavar="N",
        help="The port; 0 takes a free one.",
    )
    concurrency: int = _count("--concurrency", 64, "Requests at work at once. Those that wait take turns by key.")
    allow_schemas: bool = option("--allow-schemas", is_flag=True, help="Let requests bring a JSON Schema of their own.")
    limits_storage: str | None = option(
        "--limits-storage", metavar="URL", help="Share what keys ask a minute with other processes: redis://HOST."
    )
    max_body: float = _megabytes("--max-body", 10, "The most that a request may hold.")
    origins: tuple[str, ...] = option(
        "--cors-origin", multiple=True, metavar="ORIGIN", help="Let pages of ORIGIN call it from browsers; repeat it."
    )
    feedback: Path | None = option(
        "--feedback",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Write what users say is wrong into the log of a review: gold.log.jsonl, whose gold is gold.jsonl.",
    )
    budgets: tuple[SpendingLimit, ...] = option(
        "--budget",
        multiple=True,
        callback=spending_limits,
        metavar="LABEL=VALUE:USD/PERIOD",
        help="What may be spent, over all runs and services: team=support:200/month, *:50/day.",
    )
    budget_webhook: str | None = option(
        "--budget-webhook", metavar="URL", help="Post to URL when a budget is spent to 50, 80 and 100 %."
    )
    retention: timedelta | None = option(
        "--retention",
        type=Duration(),
        metavar="TIME",
        help="So long runs that are over are kept, and replies for requests that are sent again: 15m, 30d. "
        "[default: replies a day, which is the most; runs until DELETE or `slotfill purge`]",
    )
    runs: int = _count(
        "--runs", 2, "Runs (POST /v1/runs) at work at once. They leave half of --concurrency to requests."
    )
    run_documents: int = _count("--run-documents", 100_000, "The most documents of a run.")
    run_body: float = _megabytes("--run-body", 200, "The most that the files of a run may have, as they are sent.")
    grace: float = option(
        "--grace",
        type=click.FloatRange(min=0),
        default=30,
        show_default=True,
        metavar="S",
        help="Seconds that requests at work may still take when it is told to stop.",
    )
    otel: bool = option(
        "--otel", is_flag=True, help="Export traces and metrics as the variables OTEL_* say, beside GET /metrics."
    )

    def exporting(self) -> AbstractContextManager[None]:
        """Export traces and metrics while it is entered, if that was asked for, and have them counted for the page."""
        from slotfill.extractors.telemetry.exporting import exporting
        from slotfill.extractors.telemetry.prometheus_page import prometheus_reader, prometheus_text
        from slotfill.schemas.errors import MissingExtraError

        if self.otel:
            return exporting(prometheus_reader)
        with suppress(MissingExtraError):
            prometheus_text()  # metrics are counted from the first call on
        return nullcontext()

    @property
    def run_limits(self) -> RunLimits:
        """What runs may take."""
        from slotfill.extractors.serving.runs.service_run import RunLimits

        return RunLimits(
            at_once=self.runs,
            documents=self.run_documents,
            size=round(self.run_body * MEGABYTE),
            retention=self.retention,
        )


@click.command(cls=GroupedCommand)
@with_options
def serve_command(*, options: _ServeOptions) -> None:
    """Serve extraction by HTTP, for those who have a key.

    POST /v1/extract/SCHEMA takes {"text": …}, or a file by multipart, and answers with the record; …/stream shows the
    value as it grows. GET /openapi.json describes all of it, /healthz and /readyz say how it is, /metrics is for
    Prometheus. Without --keys it serves this machine alone, by a key that is printed.

    \b
    slotfill keys add support --keys keys.toml --rpm 60 --usd-a-day 5
    slotfill serve --schemas feedback,invoice.json --keys keys.toml
    curl -H "Authorization: Bearer $KEY" -F file=@mail.eml \\
        http://127.0.0.1:8000/v1/extract/feedback
    """
    from slotfill.extractors.http.bound_port import bound_port
    from slotfill.extractors.serving.http.service_app import service_app
    from slotfill.extractors.serving.http.service_server import BACKLOG, serve_app
    from slotfill.extractors.serving.served_schemas import ServedSchemas
    from slotfill.extractors.serving.service_assembly import assembled_service

    if options.keys is None and options.host not in _LOOPBACK:
        raise click.UsageError(f"--host {options.host} is for others too: name who may ask with --keys")
    keys, own = _keys(options.keys)
    if not options.schemas:
        raise click.UsageError("--schemas names none")
    schemas = ServedSchemas(named_schemas(options.schemas), options.models, {}, allow_schemas=options.allow_schemas)
    with bound_port(options.host, options.port, backlog=BACKLOG) as listener, options.exporting():
        port = listener.getsockname()[1]
        address = f"http://{f'[{options.host}]' if ':' in options.host else options.host}:{port}"
        with assembled_service(
            schemas,
            keys,
            place=str(port),
            concurrency=options.concurrency,
            budgets=options.budgets,
            budget_webhook=options.budget_webhook,
            limits_storage=options.limits_storage,
            feedback=options.feedback,
            retention=options.retention,
            runs=options.run_limits,
        ) as (service, runs):
            app = service_app(service, runs, most_bytes=round(options.max_body * MEGABYTE), origins=options.origins)
            on_ready = partial(_say_ready, address, schemas, own)
            serve_app(app, service, runs, listener, grace=options.grace, on_ready=on_ready)
    click.echo("stopped", err=True)


def _say_ready(address: str, schemas: ServedSchemas, own: str | None, _stop: Callable[[], None]) -> None:
    names = ", ".join(schemas.named)
    click.echo(f"serving {names} with {schemas.models[0]} at {address} (Ctrl-C stops it)", err=True)
    if own is not None:
        click.echo(f"the key of this start: {own}", err=True)


@dataclass(frozen=True, slots=True)
class _OwnKeys:
    """The key that is made for a start that names none."""

    ring: KeyRing

    def find(self, presented: str) -> Any:
        return self.ring.find(presented)


def _keys(path: Path | None) -> tuple[Keys, str | None]:
    """Return who may ask, and the key that was made for this start, if one was. Raises SettingsError."""
    from slotfill.extractors.keys.api_key import ApiKey
    from slotfill.extractors.keys.key_file import ReloadedKeys
    from slotfill.extractors.keys.key_ring import KeyRing, utc_now
    from slotfill.extractors.keys.secret_hash import hash_of, new_secret

    if path is not None:
        return ReloadedKeys(path), None
    secret = new_secret()
    return _OwnKeys(KeyRing([ApiKey(name=_OWN_KEY, hash=hash_of(secret), created=utc_now())])), secret
