"""The options that several commands share, or that belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from slotfill.commands.option_groups import OptionGroup, option

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from slotfill.extractors.catalogue.families import Effort
    from slotfill.extractors.messages_api.thinking import ThinkingMode
    from slotfill.extractors.repair.repair import RepairMode
    from slotfill.extractors.runs.ledger.store import Retention
    from slotfill.extractors.runs.reports.logs import LogFormat

__all__ = [
    "AskingOptions",
    "PromptOptions",
    "ReadingOptions",
    "RunningOptions",
    "TellingOptions",
    "WritingOptions",
    "complete_schema",
    "encoding_option",
    "formats_option",
    "schema_argument",
]

_COUNT = click.IntRange(min=1)
_AMOUNT = click.FloatRange(min=0, min_open=True)


def _pairs(_: click.Context, __: click.Parameter, values: Sequence[str]) -> dict[str, str]:
    if wrong := [value for value in values if "=" not in value]:
        raise click.BadParameter(f"{wrong[0]!r} is not of the form name=value")
    return dict(value.split("=", 1) for value in values)


def _usd(_: click.Context, __: click.Parameter, amount: float | None) -> Decimal | None:
    return None if amount is None else Decimal(str(amount))


def complete_schema(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the built-in schemas that a word may become; without one it may become a file's name."""
    from click.shell_completion import CompletionItem

    from slotfill.schemas import built_ins

    names = [CompletionItem(name) for name in built_ins() if name.startswith(incomplete)]
    return names or [CompletionItem(incomplete, type="file")]


schema_argument = click.argument("schema", shell_complete=complete_schema)


def encoding_option() -> Any:
    """Describe `--encoding`."""
    return option(
        "--encoding",
        metavar="NAME",
        help="What the texts are in, such as cp1251 or shift_jis. [default: UTF-8, UTF-16 or Windows-1252, by the "
        "file]",
    )


def formats_option() -> Any:
    """Describe `--formats`."""
    return option(
        "--formats",
        type=click.Choice(["check", "annotate"]),
        help="Whether the formats of a JSON Schema or of one line, such as date or email, are checked, or are "
        "annotations. [default: check]",
    )


@dataclass(frozen=True, slots=True)
class AskingOptions(OptionGroup):
    """Which model is asked, and how; None is the setting's own default."""

    title = "Asking the model"

    model: tuple[str, ...] = option(
        "-m",
        "--model",
        most_used=True,
        multiple=True,
        metavar="MODEL",
        help="A Claude model, local, local:FILE.gguf, or hf:ORG/REPO/FILE.gguf; repeat it for fallbacks, asked in turn "
        "where the one before did not serve. Default: SLOTFILL_MODEL; else claude-haiku-5-5 with a credential; else "
        "local if it was pulled.",
    )
    retries: int | None = option(
        "--retries",
        type=click.IntRange(min=0),
        metavar="N",
        help="Model calls after the first, a document and model. [default: 2]",
    )
    mend: RepairMode | None = option(
        "--mend",
        type=click.Choice(["off", "safe", "bold"]),
        help="Which local edits to make to a reply that does not validate: none, those of no or low risk, or guesses "
        "too. [default: safe]",
    )
    timeout: float | None = option(
        "--timeout",
        type=_AMOUNT,
        metavar="SECONDS",
        help="How long one request may take, from its start to its end. [default: 600]",
    )
    max_tokens: int | None = option(
        "--max-tokens",
        type=_COUNT,
        metavar="N",
        help="Room for a reply, what the model thinks included. [default: from the schema's size]",
    )
    # As it is typed: the settings refuse what it may not be, here as in the variable.
    thinking: ThinkingMode | int | None = option(
        "--thinking",
        metavar="off|auto|N",
        help="Whether the model thinks before it answers, which is billed as output: not at all, as much as it finds "
        "right, or N tokens at most. [default: off where the model allows it]",
    )
    effort: Effort | None = option(
        "--effort",
        type=click.Choice(["low", "medium", "high", "xhigh", "max"]),
        help="How much the model does for a reply. [default: the model's own]",
    )
    chunk_chars: int | None = option(
        "--chunk-chars",
        type=click.IntRange(min=100),
        metavar="N",
        help="Read a longer document in chunks of N characters. [default: only where the model cannot take it at once, "
        "or asks more for a prompt so long, and all values are lists or have a Merge]",
    )
    passes: int | None = option(
        "--passes",
        type=_COUNT,
        metavar="N",
        help="How often to read each part of a document, for what was missed. [default: 1]",
    )
    cassette: Path | None = option(
        "--cassette",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Replay the requests on this tape, with no key and no network; record it if it is not there. It holds the "
        "texts that are sent.",
    )


@dataclass(frozen=True, slots=True)
class PromptOptions(OptionGroup):
    """What the model is told besides the document, in place of the schema's own."""

    title = AskingOptions.title

    instructions: str | None = option(
        "--instructions",
        most_used=True,
        metavar="TEXT",
        help="What to tell the model, in place of the schema's own.",
    )
    examples: Path | None = option(
        "--examples",
        type=click.Path(path_type=Path),
        metavar="FILE.jsonl",
        help='Worked examples in place of the schema\'s own, a line each: {"text": …, "value": …}.',
    )
    parameters: dict[str, str] = option(
        "-P",
        multiple=True,
        metavar="NAME=VALUE",
        callback=_pairs,
        help="A parameter of the schema, such as -P sentences=2 for summary.",
    )
    formats: Literal["check", "annotate"] | None = formats_option()


@dataclass(frozen=True, slots=True)
class ReadingOptions(OptionGroup):
    """What is read as a document."""

    title = "Reading documents"

    text_field: str = option(
        "--text-field",
        most_used=True,
        default="text",
        show_default=True,
        metavar="NAME",
        help="Field or column that holds a row's text (.jsonl, .csv).",
    )
    id_field: str | None = option(
        "--id-field", metavar="NAME", help="Field or column that names a row, in place of its number."
    )
    encoding: str | None = encoding_option()
    limit: int | None = option(
        "--limit", most_used=True, type=click.IntRange(min=0), metavar="N", help="Stop after N documents."
    )


@dataclass(frozen=True, slots=True)
class WritingOptions(OptionGroup):
    """Where values and records go; None is standard output, and for rejects nowhere."""

    title = "Writing results"

    output: str | None = option(
        "-o",
        "--output",
        most_used=True,
        metavar="PATH",
        help="FILE.json for one value, FILE.jsonl for a line each, FILE.csv, .parquet or .db for a row each, else a "
        "folder with a file each.",
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
        help="Write the records that hold no whole value to FILE, as JSONL.",
    )
    stream: bool = option(
        "--stream",
        is_flag=True,
        help="Write each part of a value to standard output as soon as it is there, a JSON line each; the documents "
        "come one after the other.",
    )


@dataclass(frozen=True, slots=True)
class RunningOptions(OptionGroup):
    """How fast a run goes and what it may cost, and what becomes of an earlier start of it."""

    title = "Running"

    max_cost: Decimal | None = option(
        "--max-cost",
        most_used=True,
        type=_AMOUNT,
        metavar="USD",
        callback=_usd,
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
        type=_AMOUNT,
        metavar="SECONDS",
        help="End the run where the limits would hold it up for longer. [default: 300]",
    )
    warn_cost: Decimal | None = option(
        "--warn-cost", type=_AMOUNT, metavar="USD", callback=_usd, help="Say when so much is spent."
    )
    labels: dict[str, str] = option(
        "--label",
        multiple=True,
        metavar="KEY=VALUE",
        callback=_pairs,
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

    @property
    def verbosity(self) -> int:
        """The level of the log, from -1 for what stops a run alone."""
        return -1 if self.quiet else self.verbose
