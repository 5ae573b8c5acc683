"""`slotfill convert`: gold in another form."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from slotfill.commands.gold.gold_options import check_outputs
from slotfill.commands.gold.gold_records import write_text
from slotfill.commands.options.option_groups import OptionGroup, named_values, option, with_options
from slotfill.commands.options.reading_options import FileOptions

if TYPE_CHECKING:
    from slotfill.extractors.gold.formats.field_marks import FieldLabels
    from slotfill.extractors.gold.gold_document import GoldDocument

__all__ = ["convert_command"]

Target = Literal["gold", "label-studio", "doccano", "conll"]


@dataclass(frozen=True, slots=True)
class _ConvertOptions(OptionGroup):
    target: Target = option(
        "--to",
        type=click.Choice(["gold", "label-studio", "doccano", "conll"]),
        default="gold",
        show_default=True,
        help="The form to write.",
    )
    output: str | None = option("-o", "--output", metavar="PATH", help="Write to this file. [default: standard output]")
    interface: str | None = option(
        "--interface", metavar="FILE.xml", help="Write Label Studio's labelling interface for these documents, too."
    )
    fields: dict[str, str] = option(
        "--field",
        multiple=True,
        metavar="LABEL=PATH",
        callback=named_values,
        help="The field that a label of another project means: PER=/people/*; repeat it. [default: /entities/*/text]",
    )
    schema: str | None = option(
        "-s",
        "--schema",
        metavar="SCHEMA",
        help="The schema of the values: fields with one of a few labels are chosen in Label Studio, and not typed.",
    )
    text_field: str | None = option("--text-field", metavar="NAME", help="Field or column that holds a row's text.")


@click.command
@click.argument("gold", metavar="GOLD", type=click.Path())
@with_options
def convert_command(gold: str, *, options: _ConvertOptions, files: FileOptions) -> None:
    """Read GOLD, check it, and write it in another form.

    GOLD is a JSONL file, a document a line: {"text" or "source": …, "value": …}; or an export of Label Studio (JSON),
    doccano or LangExtract (JSONL); or records, whose values are then to be corrected. Its content tells which. What the
    other form cannot hold is said.

    \b
    slotfill convert records.jsonl -s feedback --to label-studio -o tasks.json
    slotfill convert export.json -o gold.jsonl
    slotfill convert doccano.jsonl --field 'PER=/people/*' -o gold.jsonl
    """
    from slotfill.extractors.gold.formats.field_marks import FieldLabels
    from slotfill.extractors.gold.gold_files import GoldFormat, gold_format, read_gold
    from slotfill.extractors.gold.gold_texts import with_texts

    kind = gold_format(gold)
    stays_gold = kind is GoldFormat.GOLD and options.target == "gold"  # checked in its own place
    check_outputs((options.output, options.interface), () if stays_gold and not options.interface else (gold,))
    labels = FieldLabels(options.fields, _choices(options.schema))
    documents = read_gold(gold, labels)
    if options.target != "gold":
        documents = with_texts(documents, Path(gold).parent, text_field=options.text_field, **files.keywords)
    text = _converted(documents, options.target, labels, guessed=kind is GoldFormat.RECORDS)
    if options.interface:
        from slotfill.extractors.gold.formats.label_studio import labelling_interface

        write_text(labelling_interface(documents, labels), Path(options.interface))
    if options.output in (None, "-"):
        click.echo(text.encode(), nl=False)
    else:
        write_text(text, Path(options.output))
    _say(documents, labels)


def _choices(source: str | None) -> dict[str, tuple[str, ...]]:
    if source is None:
        return {}
    from slotfill.schemas.json_schema.closed_fields import closed_fields
    from slotfill.schemas.sources.schema_sources import resolve

    closed = closed_fields(resolve(source, trusted=True).output_schema)
    labels = {path: tuple(label for label in labels if isinstance(label, str)) for path, _, labels in closed}
    return {path: texts for path, texts in labels.items() if texts}


def _converted(documents: list[GoldDocument], target: Target, labels: FieldLabels, *, guessed: bool) -> str:
    from slotfill.extractors.gold.formats.conll import conll_text
    from slotfill.extractors.gold.formats.doccano import doccano_lines
    from slotfill.extractors.gold.formats.label_studio import label_studio_task
    from slotfill.extractors.gold.gold_lines import gold_line
    from slotfill.extractors.record.json_text import json_text

    match target:
        case "label-studio":
            tasks = [label_studio_task(document, labels, guessed=guessed) for document in documents]
            return f"{json_text(tasks, indent=1)}\n"
        case "doccano":
            return "".join(f"{json_text(line)}\n" for line in doccano_lines(documents, labels))
        case "conll":
            return "".join(conll_text(document, labels) for document in documents)
    if guessed:  # who corrects a value in an editor does not look where it stands
        documents = [replace(document, spans={}) for document in documents]
    return "".join(f"{json_text(gold_line(document))}\n" for document in documents)


def _say(documents: list[GoldDocument], labels: FieldLabels) -> None:
    from slotfill.extractors.runs.reports.console import printable

    click.echo("1 document" if len(documents) == 1 else f"{len(documents):,} documents", err=True)
    for what, times in sorted(labels.losses.items()):
        click.echo(printable(f"warning: lost, {times:,} times: {what}"), err=True)
