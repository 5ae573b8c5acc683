"""Options on a run: where results go, how fast it goes, what it may cost, what it tells."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from slotfill.commands.options.option_groups import OptionGroup, named_values, option
from slotfill.commands.options.usd_amounts import UsdAmount

if TYPE_CHECKING:
    from slotfill.extractors.budgets.spending_limit import SpendingLimit
    from slotfill.extractors.runs.ledger.store import Retention
    from slotfill.extractors.runs.reports.logs import LogFormat

__all__ = ["RunningOptions", "TellingOptions", "WritingOptions", "spending_limits"]

_COUNT = click.IntRange(min=1)


def spending_limits(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> tuple[SpendingLimit, ...]:
    """Read budgets as they were typed."""
    if not texts:
        return ()
    from slotfill.extractors.budgets.spending_limit import SpendingLimit

    return tuple(map(SpendingLimit.read, texts))


def _without_protocol(_: click.Context, __: click.Parameter, name: str | None) -> str | None:
    """Name what is on this machine as its own files are named."""
    if name is None or "://" not in name:
        return name
    from slotfill.extractors.documents.urls import without_local_protocol

    return without_local_protocol(name)


@dataclass(frozen=True, slots=True)
class WritingOptions(OptionGroup):
    """Where values and records go; None is standard output, and for rejects nowhere."""

    title = "Writing results"

    output: str | None = option(
        "-o",
        "--output",
        most_used=True,
        metavar="PATH",
        callback=_without_protocol,
        help="FILE.json for one value, FILE.jsonl for a line each, FILE.csv, .tsv, .xlsx, .parquet or .db for "
        "a row each, FILE.parquet/ for parts of them, else a folder with a file each.",
    )
    records: bool = option(
        "--record",
        most_used=True,
        is_flag=True,
        help="Write every document's record: value, attempts, usage, cost, error.",
    )
    rejects: str | None = option(
        "--rejects",
        most_used=True,
        metavar="FILE",
        callback=_without_protocol,
        help="Write the records that hold no whole value to FILE, as JSONL.",
    )
    keep: tuple[str, ...] = option(
        "--keep", multiple=True, metavar="NAME", help="A field or column to carry into the output's rows; repeat it."
    )
    stream: bool = option(
        "--stream",
        is_flag=True,
        help="Write each part of a value to standard output as soon as it is there, a JSON line each; the documents "
        "come one after the other.",
    )
    show: bool = option(
        "--show",
        is_flag=True,
        help="Of one document: its text with each value marked where it stands, for people. On a terminal in place of "
        "JSON; else on standard error.",
    )


@dataclass(frozen=True, slots=True)
class RunningOptions(OptionGroup):
    """How fast a run goes and what it may cost, and what becomes of an earlier start of it."""

    title = "Running"

    max_cost: Decimal | None = option(
        "--max-cost",
        most_used=True,
        type=UsdAmount(),
        help="Never spend more, resumed parts included; what is left can be gone on with.",
    )
    dry_run: bool = option(
        "--dry-run", most_used=True, is_flag=True, help="Count documents, tokens and cost; call no model."
    )
    concurrency: int | None = option(
        "--concurrency", type=_COUNT, metavar="N", help="Documents in flight at once. [default: 8]"
    )
    rpm: int | None = option(
        "--rpm",
        type=_COUNT,
        metavar="N",
        help="Requests a minute. [default, as of the next two: what the service tells]",
    )
    itpm: int | None = option("--itpm", type=_COUNT, metavar="N", help="Input tokens a minute.")
    otpm: int | None = option("--otpm", type=_COUNT, metavar="N", help="Output tokens a minute.")
    max_wait: float | None = option(
        "--max-wait",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="End the run where the limits would hold it up for longer. [default: 300]",
    )
    warn_cost: Decimal | None = option("--warn-cost", type=UsdAmount(), help="Say when so much is spent.")
    budgets: tuple[SpendingLimit, ...] = option(
        "--budget",
        multiple=True,
        metavar="LABEL=VALUE:USD/PERIOD",
        callback=spending_limits,
        help="Never spend more in an hour, day, week or month (UTC) of what bears a label, over all runs and the "
        "service: team=support:200/month; *:50/day for everything. Repeat it.",
    )
    budget_webhook: str | None = option(
        "--budget-webhook", metavar="URL", help="Post to URL when a budget is spent to 50, 80 and 100 %, as JSON."
    )
    labels: dict[str, str] = option(
        "--label",
        multiple=True,
        metavar="KEY=VALUE",
        callback=named_values,
        help="Whose cost it is, for `slotfill costs`.",
    )
    fresh: bool = option("--fresh", is_flag=True, help="Ask again what an earlier start of this run knows already.")
    retry_failed: bool = option(
        "--retry-failed", is_flag=True, help="Ask again about documents that ended without a whole value."
    )
    retention: Retention = option(
        "--retention",
        type=click.Choice(["none", "values", "all"]),
        default="values",
        show_default=True,
        help="What the run's ledger keeps: nothing of them once the run is complete; values; values and texts.",
    )
    if_running: str = option(
        "--if-running",
        type=click.Choice(["refuse", "wait"]),
        default="refuse",
        show_default=True,
        help="What to do where another process is at work on the same run.",
    )


@dataclass(frozen=True, slots=True)
class TellingOptions(OptionGroup):
    """What is told on standard error."""

    title = "Telling how it goes"

    quiet: bool = option("-q", "--quiet", is_flag=True, help="Say nothing but what stops the run.")
    verbose: int = option(
        "-v",
        "--verbose",
        most_used=True,
        count=True,
        help="A line for every document; -vv: values and requests too, texts included.",
    )
    log_format: LogFormat = option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="How lines on standard error are written.",
    )
    otel: bool = option(
        "--otel",
        is_flag=True,
        help="Export traces and metrics as the variables OTEL_* say: by default to a collector on this machine.",
    )

    def exporting(self) -> AbstractContextManager[None]:
        """Export traces and metrics while it is entered, if that was asked for."""
        if not self.otel:
            return nullcontext()
        from slotfill.extractors.telemetry.exporting import exporting

        return exporting()

    @property
    def verbosity(self) -> int:
        """The level of the log, from -1 for what stops a run alone."""
        return -1 if self.quiet else self.verbose
