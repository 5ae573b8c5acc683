"""The options that several commands share, or that belong together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

__all__ = [
    "PROMPTING",
    "asking_options",
    "complete_schema",
    "encoding_option",
    "formats_option",
    "prompting_options",
    "reading_options",
    "running_options",
    "schema_argument",
    "speaking_options",
    "writing_options",
]


def _grouped(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Make one decorator of several options, which the help shows in this order."""

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _parameter(_: click.Context, __: click.Parameter, values: Sequence[str]) -> dict[str, str]:
    if wrong := [value for value in values if "=" not in value]:
        raise click.BadParameter(f"{wrong[0]!r} is not of the form name=value")
    return dict(value.split("=", 1) for value in values)


def complete_schema(_: click.Context, __: click.Parameter, incomplete: str) -> list[Any]:
    """Give the built-in schemas that a word may become; else it may become a file's name."""
    from click.shell_completion import CompletionItem

    from slotfill.schemas import built_ins

    names = [CompletionItem(name) for name in built_ins() if name.startswith(incomplete)]
    return names or [CompletionItem(incomplete, type="file")]


schema_argument = click.argument("schema", shell_complete=complete_schema)
formats_option = click.option(
    "--formats",
    type=click.Choice(["check", "annotate"]),
    help="Whether the formats of a JSON Schema or of one line, such as date or email, are checked, or are annotations. "
    "[default: check]",
)
PROMPTING = ("examples", "instructions", "parameters", "formats")
prompting_options = _grouped(
    click.option(
        "--examples",
        type=click.Path(path_type=Path),
        metavar="FILE.jsonl",
        help='Worked examples in place of the schema\'s own, a line each: {"text": …, "value": …}.',
    ),
    click.option("--instructions", metavar="TEXT", help="What to tell the model, in place of the schema's own."),
    click.option(
        "-P",
        "parameters",
        multiple=True,
        metavar="NAME=VALUE",
        callback=_parameter,
        help="A parameter of the schema, such as -P sentences=2 for summary.",
    ),
    formats_option,
)
encoding_option = click.option(
    "--encoding",
    metavar="NAME",
    help="What the texts are in, such as cp1251 or shift_jis. [default: UTF-8, UTF-16 or Windows-1252, by the file]",
)
reading_options = _grouped(
    click.option(
        "--text-field",
        default="text",
        show_default=True,
        metavar="NAME",
        help="Field or column that holds a row's text (.jsonl, .csv).",
    ),
    click.option("--id-field", metavar="NAME", help="Field or column that names a row, in place of its number."),
    encoding_option,
    click.option("--limit", type=click.IntRange(min=0), metavar="N", help="Stop after N documents."),
)
writing_options = _grouped(
    click.option(
        "-o",
        "--output",
        metavar="PATH",
        help="FILE.json for one value, FILE.jsonl for a line each, FILE.csv, .parquet or .db for a row each, else a "
        "folder with a file each.",
    ),
    click.option("--record", is_flag=True, help="Write every document's record: value, attempts, usage, cost, error."),
    click.option(
        "--stream",
        is_flag=True,
        help="Write each part of a value to standard output as soon as it is there, a JSON line each; the documents "
        "come one after the other.",
    ),
    click.option("--rejects", metavar="FILE", help="Write the records that hold no whole value to FILE, as JSONL."),
)
asking_options = _grouped(
    click.option(
        "-m",
        "--model",
        multiple=True,
        metavar="MODEL",
        help="A Claude model, local, local:FILE.gguf, or hf:ORG/REPO/FILE.gguf; repeat it for fallbacks, asked in turn "
        "where the one before did not serve. Default: SLOTFILL_MODEL; else claude-haiku-5-5 with a credential; else "
        "local if it was pulled.",
    ),
    click.option(
        "--concurrency",
        type=click.IntRange(min=1),
        metavar="N",
        help="Documents in flight at once. [default: 8]",
    ),
    click.option(
        "--retries",
        type=click.IntRange(min=0),
        metavar="N",
        help="Model calls after the first, a document and model. [default: 2]",
    ),
    click.option(
        "--mend",
        type=click.Choice(["off", "safe", "bold"]),
        help="Which local edits to make to a reply that does not validate: none, those of no or low risk, or guesses "
        "too. [default: safe]",
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="How long one request may take, from its start to its end. [default: 600]",
    ),
    click.option(
        "--max-tokens",
        type=click.IntRange(min=1),
        metavar="N",
        help="Room for a reply, what the model thinks included. [default: from the schema's size]",
    ),
    click.option(
        "--thinking",
        metavar="off|auto|N",
        help="Whether the model thinks before it answers, which is billed as output: not at all, as much as it finds "
        "right, or N tokens at most. [default: off where the model allows it]",
    ),
    click.option(
        "--effort",
        type=click.Choice(["low", "medium", "high", "xhigh", "max"]),
        help="How much the model does for a reply. [default: the model's own]",
    ),
    click.option(
        "--chunk-chars",
        type=click.IntRange(min=100),
        metavar="N",
        help="Read a longer document in chunks of N characters. [default: only where the model cannot take it at once, "
        "or asks more for a prompt so long, and all values are lists or have a Merge]",
    ),
    click.option(
        "--passes",
        type=click.IntRange(min=1),
        metavar="N",
        help="How often to read each part of a document, for what was missed. [default: 1]",
    ),
    click.option(
        "--rpm",
        type=click.IntRange(min=1),
        metavar="N",
        help="Requests a minute. [default, as of the next two: what the service tells]",
    ),
    click.option("--itpm", type=click.IntRange(min=1), metavar="N", help="Input tokens a minute."),
    click.option("--otpm", type=click.IntRange(min=1), metavar="N", help="Output tokens a minute."),
    click.option(
        "--max-wait",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="End the run where the limits would hold it up for longer. [default: 300]",
    ),
    click.option(
        "--cassette",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Replay the requests on this tape, with no key and no network; record it if it is not there. It holds the "
        "texts that are sent.",
    ),
    click.option("--dry-run", is_flag=True, help="Count documents, tokens and cost; call no model."),
)
running_options = _grouped(
    click.option(
        "--max-cost",
        type=click.FloatRange(min=0, min_open=True),
        metavar="USD",
        help="Never spend more, resumed parts included; what is left can be gone on with.",
    ),
    click.option(
        "--warn-cost", type=click.FloatRange(min=0, min_open=True), metavar="USD", help="Say when so much is spent."
    ),
    click.option(
        "--label",
        "labels",
        multiple=True,
        metavar="KEY=VALUE",
        callback=_parameter,
        help="Whose cost it is, for `slotfill costs`.",
    ),
    click.option("--fresh", is_flag=True, help="Ask again what an earlier start of this run knows already."),
    click.option("--retry-failed", is_flag=True, help="Ask again about documents that ended without a whole value."),
    click.option(
        "--retention",
        type=click.Choice(["none", "values", "all"]),
        default="values",
        show_default=True,
        help="What the run's ledger keeps: nothing of them once the run is complete; values; values and texts.",
    ),
    click.option(
        "--if-running",
        type=click.Choice(["refuse", "wait"]),
        default="refuse",
        show_default=True,
        help="What to do where another process is at work on the same run.",
    ),
)
speaking_options = _grouped(
    click.option("-q", "--quiet", is_flag=True, help="Say nothing but what stops the run."),
    click.option(
        "-v",
        "--verbose",
        count=True,
        help="A line for every document; -vv: values and requests too, texts included.",
    ),
    click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="How lines on standard error are written.",
    ),
)
