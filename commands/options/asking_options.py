"""Options on what is asked, and of which model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from slotfill.commands.options.option_groups import OptionGroup, named_values, option

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from slotfill.extractors.catalogue.families import Effort
    from slotfill.extractors.messages_api.thinking import ThinkingMode
    from slotfill.extractors.repair.repair import RepairMode

__all__ = ["AskingOptions", "EvidenceOptions", "PromptOptions", "complete_schema", "formats_option", "schema_argument"]

_COUNT = click.IntRange(min=1)
_AMOUNT = click.FloatRange(min=0, min_open=True)


def complete_schema(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the schemas, built in and of plug-ins, that a word may become; without one it may become a file's name."""
    from click.shell_completion import CompletionItem

    from slotfill.schemas.sources.schema_names import NAMED_SCHEMAS

    names = [CompletionItem(name) for name in NAMED_SCHEMAS.names() if name.startswith(incomplete)]
    return names or [CompletionItem(incomplete, type="file")]


schema_argument = click.argument("schema", shell_complete=complete_schema)


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
        help="A Claude model, local, local:FILE.gguf, hf:ORG/REPO/FILE.gguf, openai:MODEL@URL, bedrock:, vertex: or "
        "foundry:MODEL, or auto: for what is set; repeat it for fallbacks, asked in turn where the one before did not "
        "serve. Default: SLOTFILL_MODEL; else claude-haiku-5-5 with a credential; else local if it was pulled.",
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
    votes: int | None = option(
        "--votes",
        type=_COUNT,
        metavar="N",
        help="Read each document up to N times, and keep of each field what most readings say; the record's agreement "
        "tells how many. At most 99. Readings stop where no field can change any more. [default: 1]",
    )
    escalate: str | None = option(
        "--escalate",
        metavar="MODEL",
        help="A stronger model, which reads those fields again that are not sure, and them alone.",
    )
    sure: float | None = option(
        "--sure",
        type=click.FloatRange(min=0, max=1, min_open=True),
        metavar="P",
        help="Withhold fields of less agreement, probability or confidence: they are absent, or fail the document that "
        "needs them. With --escalate they go to that model instead. [default: nothing; with --escalate 0.8]",
    )
    calibration: Path | None = option(
        "--calibration",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="What evaluate --calibrate learnt from gold: turns agreement and confidences into probabilities.",
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
    tuned: Path | None = option(
        "--tuned",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Instructions and examples that `slotfill tune` found for the schema, in place of its own.",
    )
    parameters: dict[str, str] = option(
        "-P",
        multiple=True,
        metavar="NAME=VALUE",
        callback=named_values,
        help="A parameter of the schema, such as -P sentences=2 for summary.",
    )
    formats: Literal["check", "annotate"] | None = formats_option()


@dataclass(frozen=True, slots=True)
class EvidenceOptions(OptionGroup):
    """Whether the evidence of judged values is asked for, too."""

    title = AskingOptions.title

    evidence: bool = option(
        "--evidence",
        is_flag=True,
        help="Ask for the passages on which each judged value rests (a choice, a truth, a score, a free text), too. "
        "They stand in the record; the value stays as it is.",
    )
