"""What a command reads: its schema, and its documents, nothing of which may be what the command writes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotfill.commands.options.asking_options import PromptOptions
from slotfill.commands.options.reading_options import FileOptions, ReadingOptions

if TYPE_CHECKING:
    from slotfill.extractors.documents.sources import Sources
    from slotfill.schemas.schema import Schema

__all__ = ["find_inputs", "resolve_schema", "warn_of_other_model"]


def resolve_schema(source: str, prompt: PromptOptions) -> Schema[Any]:
    """Make a schema of a word of the command line.

    Raises SchemaError, and click.UsageError for options that exclude each other.
    """
    from slotfill.schemas.sources.schema_sources import read_examples, resolve
    from slotfill.schemas.sources.tuned import Tuned

    if prompt.tuned is not None and (prompt.instructions is not None or prompt.examples is not None):
        other = "--instructions" if prompt.instructions is not None else "--examples"
        raise click.UsageError(f"--tuned and {other} exclude each other: what is tuned are instructions and examples")
    resolved = resolve(
        source,
        trusted=True,
        instructions=prompt.instructions,
        examples=None if prompt.examples is None else read_examples(prompt.examples),
        parameters=prompt.parameters,
        formats=prompt.formats,
    )
    return resolved if prompt.tuned is None else Tuned.read(prompt.tuned).apply(resolved)


def warn_of_other_model(prompt: PromptOptions, model: str) -> None:
    """Log that a tuned file is of another model than the one that is asked."""
    import logging

    from slotfill.schemas.sources.tuned import Tuned

    if prompt.tuned is not None and (line := Tuned.read(prompt.tuned).other_model(model)):
        logging.getLogger("slotfill").warning("%s", line)


def find_inputs(
    inputs: tuple[str, ...],
    reading: ReadingOptions,
    files: FileOptions,
    *,
    output: str | None = None,
    rejects: str | None = None,
    cassette: Path | None = None,
    keep: tuple[str, ...] = (),
    earlier: str | None = None,
) -> Sources:
    """Find what is to be read; standard input where nothing is named and something is piped in.

    earlier: the records of an earlier run, which are no documents of this one.

    Raises InputError for what is not there, or would be overwritten, and click.UsageError where there is nothing to
    read or one file is named for two outputs.
    """
    from slotfill.extractors.documents.sources import find_sources
    from slotfill.extractors.documents.urls import is_address

    if not inputs:
        if sys.stdin is None or sys.stdin.isatty():  # closed, or a person's
            raise click.UsageError("no INPUT: name files or folders, or - for standard input")
        inputs = ("-",)
    outputs = [str(name) for name in (output, rejects, cassette) if name]
    if len({name if is_address(name) else Path(name).resolve() for name in outputs}) < len(outputs):
        raise click.UsageError("one file is named for two outputs: give --output, --rejects and --cassette one each")
    documents = [] if _has_run(output) else _possible_documents(output, rejects, inputs)
    sources = find_sources(
        inputs,
        text_field=reading.text_field,
        id_field=reading.id_field,
        keep=keep,
        skip=[*(name for name in outputs if Path(name) not in documents), *([earlier] if earlier else [])],
        **files.keywords,
    )
    _refuse_overwriting(sources, documents)
    return sources


def _possible_documents(output: str | None, rejects: str | None, inputs: tuple[str, ...]) -> list[Path]:
    """Return the outputs that may be somebody's documents: what stands at --output, and rejects named as an INPUT."""
    named = {Path(name).resolve() for name in inputs}
    paths = [Path(output)] if output else []
    if rejects and Path(rejects).resolve() in named:
        paths.append(Path(rejects))
    return [path for path in paths if path.is_file()]


def _has_run(output: str | None) -> bool:
    """Whether what stands at an output is the output of a run: its ledger tells."""
    from slotfill.extractors.runs.ledger.identity import ledgers_of
    from slotfill.extractors.settings import Settings

    if output in (None, "-"):
        return False
    return any(ledger != Path(output) for ledger in ledgers_of(output, Settings.read()))


def _refuse_overwriting(sources: Sources, outputs: Sequence[Path]) -> None:
    """Raise InputError where a file that is read would be replaced by what is made of it."""
    from slotfill.extractors.errors import InputError

    replaced = {path.resolve() for path in outputs}
    for source in sources.sources:
        if replaced and Path(source.name).resolve() in replaced:
            raise InputError(f"{source.name!r} is read, and would be overwritten: name another output")
