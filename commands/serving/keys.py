"""`slotfill keys`: who may ask the service: keys made, listed, revoked and given a new secret."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotfill.commands.options.durations import Duration
from slotfill.commands.options.option_groups import named_values
from slotfill.commands.options.usd_amounts import UsdAmount

if TYPE_CHECKING:
    from slotfill.extractors.keys.api_key import ApiKey

__all__ = ["keys_command"]

_HEADER = ("key", "state", "created", "limits", "labels")

_HASHES: Any = {"hash": True, "earlier": {"__all__": {"hash"}}}
"""What is told to nobody."""

_keys_option = click.option(
    "--keys",
    "path",
    default="keys.toml",
    show_default=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The file of the keys, its owner's alone.",
)
_COUNT = click.IntRange(min=1)


@click.group(invoke_without_command=True)
@click.pass_context
def keys_command(ctx: click.Context) -> None:
    """Make the service's keys, list them, revoke them, give them new secrets.

    A key is shown once, alone on a line of standard output. The file holds its hash, and what it allows.

    \b
    slotfill keys add support --keys keys.toml --rpm 60 --usd-a-day 5
    slotfill keys list
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(_list_command)


@keys_command.command("add")
@click.argument("name")
@_keys_option
@click.option("--rpm", type=_COUNT, metavar="N", help="Requests a minute.")
@click.option("--tpm", type=_COUNT, metavar="N", help="Tokens a minute, in and out.")
@click.option("--concurrency", type=_COUNT, metavar="N", help="Requests at once.")
@click.option("--usd-a-day", type=UsdAmount(), help="What it may cost a day, in UTC.")
@click.option("--usd-a-month", type=UsdAmount(), help="What it may cost a month, in UTC.")
@click.option(
    "--model", "models", multiple=True, metavar="MODEL", help="A model that it may ask; repeat it. [default: all]"
)
@click.option(
    "--schema", "schemas", multiple=True, metavar="NAME", help="A schema that it may use; repeat it. [default: all]"
)
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="KEY=VALUE",
    callback=named_values,
    help="What its costs bear, beside its name; repeat it.",
)
def _add_command(
    name: str,
    path: Path,
    *,
    rpm: int | None,
    tpm: int | None,
    concurrency: int | None,
    usd_a_day: Decimal | None,
    usd_a_month: Decimal | None,
    models: tuple[str, ...],
    schemas: tuple[str, ...],
    labels: dict[str, str],
) -> None:
    """Make a key called NAME, and print it. It is shown this once.

    What is not limited is not.

    \b
    slotfill keys add support --rpm 60 --usd-a-day 5 --label team=support
    slotfill keys add nightly --model claude-haiku-5-5 --schema feedback
    """
    from slotfill.extractors.keys.key_changes import create_key
    from slotfill.extractors.keys.key_ring import utc_now

    secret = create_key(
        path,
        name,
        utc_now(),
        rpm=rpm,
        tpm=tpm,
        concurrency=concurrency,
        usd_a_day=usd_a_day,
        usd_a_month=usd_a_month,
        models=models or None,
        schemas=schemas or None,
        labels=labels,
    )
    click.echo(secret)
    _say(f"{str(path)!r} has the key {name!r}, as a hash: it is shown this once")


@keys_command.command("list")
@_keys_option
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def _list_command(path: Path, *, as_json: bool) -> None:
    """List the keys, and what each allows. Of a secret nothing is known.

    \b
    slotfill keys list --keys keys.toml --json
    """
    from slotfill.extractors.keys.key_file import read_keys
    from slotfill.extractors.keys.key_ring import utc_now
    from slotfill.extractors.runs.reports.console import printable
    from slotfill.extractors.terminal.streams import is_terminal
    from slotfill.extractors.terminal.tables import show_table

    keys = read_keys(path).keys.values()
    if as_json:
        told = [key.model_dump(mode="json", exclude_none=True, exclude=_HASHES) for key in keys]
        click.echo(json.dumps({"keys": told}, indent=2, ensure_ascii=False))
        return
    now = utc_now()
    rows = [tuple(map(printable, _cells(key, now))) for key in keys]
    if not rows:
        _say(f"{str(path)!r} has no keys")
    elif is_terminal(sys.stdout):
        show_table(rows, sys.stdout, header=_HEADER, spare=(2, 4))
    else:
        widths = [max(map(len, column)) for column in zip(_HEADER, *rows, strict=True)]
        for row in (_HEADER, *rows):
            click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@keys_command.command("revoke")
@click.argument("name")
@_keys_option
def _revoke_command(name: str, path: Path) -> None:
    """Have the key NAME count no more, at once and for good. What it has cost stays known by its name.

    A service that runs knows at its next request.

    \b
    slotfill keys revoke support
    """
    from slotfill.extractors.keys.key_changes import revoke_key
    from slotfill.extractors.keys.key_ring import utc_now

    revoke_key(path, name, utc_now())
    _say(f"the key {name!r} is revoked")


@keys_command.command("rotate")
@click.argument("name")
@_keys_option
@click.option(
    "--grace",
    type=Duration(),
    default="24h",
    show_default=True,
    metavar="TIME",
    help="How long the secret from before stays valid, such as 15m, 24h or 7d; 0s ends it at once.",
)
def _rotate_command(name: str, path: Path, *, grace: timedelta) -> None:
    """Give the key NAME a new secret, and print it. What it allows stays as it is.

    \b
    slotfill keys rotate support --grace 7d
    """
    from slotfill.extractors.keys.key_changes import rotate_key
    from slotfill.extractors.keys.key_ring import utc_now

    now = utc_now()
    click.echo(rotate_key(path, name, now, grace))
    end = f"counts until {_minute(now + grace)} UTC" if grace else "counts no more"
    _say(f"the key {name!r} has a new secret, which is shown this once; the one before {end}")


def _say(message: str) -> None:
    from slotfill.extractors.runs.reports.console import printable

    click.echo(printable(message), err=True)


def _cells(key: ApiKey, now: datetime) -> tuple[str, ...]:
    labels = ", ".join(f"{name}={value}" for name, value in key.labels.items())
    return key.name, _state(key, now), _minute(key.created), ", ".join(_limits(key)) or "none", labels


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked is not None:
        return f"revoked {_minute(key.revoked)}"
    if ends := [secret.until for secret in key.earlier if secret.until > now]:
        return f"active, an earlier secret until {_minute(max(ends))}"
    return "active"


def _limits(key: ApiKey) -> Iterator[str]:
    """Say what a key is limited to."""
    if key.rpm:
        yield f"{key.rpm:,} requests a minute"
    if key.tpm:
        yield f"{key.tpm:,} tokens a minute"
    if key.concurrency:
        yield f"{key.concurrency:,} at once"
    for limit in key.spending_limits:
        yield f"${limit.amount.normalize():,f} a {limit.period}"
    if key.models:
        yield f"models {' '.join(key.models)}"
    if key.schemas:
        yield f"schemas {' '.join(key.schemas)}"


def _minute(at: datetime) -> str:
    from datetime import UTC

    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"
