"""`slotfill refine`: a further turn on one extraction."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

import click

from slotfill.commands.exit_codes import EXIT_INCOMPLETE
from slotfill.commands.inputs import resolve_schema, warn_of_other_model
from slotfill.commands.options.asking_options import PromptOptions
from slotfill.commands.options.option_groups import OptionGroup, option, with_options
from slotfill.commands.options.reading_options import FileOptions

__all__ = ["refine_command"]


@dataclass(frozen=True, slots=True)
class _RefineOptions(OptionGroup):
    schema: str | None = option(
        "-s", "--schema", metavar="SCHEMA", help="The record's schema, where it is not a built-in one."
    )
    document: str | None = option(
        "--document", metavar="PATH", help="Where the document is, if not below the record's folder."
    )
    model: str | None = option(
        "-m", "--model", metavar="MODEL", help="The model to ask. [default: the record's, if a Claude model]"
    )
    output: str | None = option("-o", "--output", metavar="PATH", help="Write the value, or the record, to this file.")
    records: bool = option("--record", is_flag=True, help="Write the record, which can be refined again.")
    text_field: str | None = option("--text-field", metavar="NAME", help="Field or column that holds a row's text.")


@click.command
@click.argument("record", metavar="RECORD")
@click.argument("correction")
@with_options
@click.pass_context
def refine_command(
    ctx: click.Context,
    /,
    record: str,
    correction: str,
    *,
    options: _RefineOptions,
    files: FileOptions,
    prompt: PromptOptions,
) -> None:
    """Correct an extraction: ask again, with CORRECTION.

    CORRECTION says what is wrong or missing, in words. RECORD is what `extract --record` wrote: a .json file, or a
    line of a .jsonl file, records.jsonl#12. The document is read from where it was; it must not have changed.

    A record may be somebody else's: by itself it leads to Claude models, built-in schemas, and regular files below the
    folder it stands in. Any other must be named, with -m, -s or --document.

    \b
    slotfill extract feedback mail.eml --record -o mail.json
    slotfill refine mail.json "urgency is 5: brakes failed" --record -o mail.json
    """
    from slotfill.extractors.extractions.loading import load_record
    from slotfill.extractors.extractions.stored import folder_of, model_of, read_document, read_record, schema_of
    from slotfill.extractors.extractor import Extractor
    from slotfill.extractors.runs.breaker import ending_of
    from slotfill.extractors.runs.outputs.sinks import open_sink

    stored = read_record(record)
    model = options.model or model_of(stored)
    prompt = replace(prompt, parameters={**stored["schema"].get("parameters", {}), **prompt.parameters})
    schema = resolve_schema(options.schema or schema_of(stored), prompt)
    document = read_document(
        stored,
        options.document,
        folder=folder_of(record),
        text_field=options.text_field,
        **files.keywords,
    )
    extraction = load_record(stored, schema, document)
    evidenced = bool(extraction.evidence) and not schema.has_evidence  # what it was asked for with
    with (
        Extractor(schema, model=model, evidence=evidenced) as extractor,
        open_sink(
            options.output,
            sys.stdout.buffer,
            schema=schema,
            records=options.records,
            several=False,
            placed=bool(document.inputs),
        ) as sink,
    ):
        warn_of_other_model(prompt, extractor.model.id)
        refined = extractor.refine(extraction, correction)
        if refined.ok or options.records:
            sink.write(refined.to_json())
            sink.commit(complete=True)
    if refined.error and refined.error.type.stops_run:
        raise ending_of(refined.error)
    if refined.error:
        click.echo(f"{refined.outcome.value}: {refined.error.message}", err=True)
    ctx.exit(0 if refined.ok else EXIT_INCOMPLETE)
