"""What a command reads: nothing of it may be what the command writes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from slotfill.extractors.documents.sources import Sources

__all__ = ["sources_of"]


def sources_of(inputs: tuple[str, ...], options: dict[str, Any]) -> Sources:
    """Find what is to be read; standard input where nothing is named and something is piped in.

    Raises InputError for what is not there, or would be overwritten, and click.UsageError where there is nothing to
    read or one file is named for two outputs.
    """
    from slotfill.extractors.documents.sources import find_sources

    if not inputs:
        if sys.stdin is None or sys.stdin.isatty():  # closed, or a person's
            raise click.UsageError("no INPUT: name files or folders, or - for standard input")
        inputs = ("-",)
    outputs = [Path(options[name]) for name in ("output", "rejects", "cassette") if options[name]]
    if len({path.resolve() for path in outputs}) < len(outputs):
        raise click.UsageError("one file is named for two outputs: give --output, --rejects and --cassette one each")
    theirs = [] if _has_run(options["output"]) else _unmade(options, {Path(name).resolve() for name in inputs})
    reading = {name: options[name] for name in ("text_field", "id_field", "encoding")}
    sources = find_sources(inputs, skip=[path for path in outputs if path not in theirs], **reading)
    _refuse_overwriting(sources, theirs)
    return sources


def _unmade(options: dict[str, Any], named: set[Path]) -> list[Path]:
    """Give the outputs that may be somebody's documents: what stands at --output, and rejects named as an INPUT."""
    output, rejects = (Path(name) if name else None for name in (options["output"], options["rejects"]))
    found = [output, rejects if rejects and rejects.resolve() in named else None]
    return [path for path in found if path and path.is_file()]


def _has_run(output: str | None) -> bool:
    """Tell whether what stands at an output is the output of a run: its ledger tells."""
    from slotfill.extractors.runs.ledger.identity import ledgers_of
    from slotfill.extractors.settings import Settings

    if output in (None, "-"):
        return False
    return any(ledger != Path(output) for ledger in ledgers_of(output, Settings.read()))


def _refuse_overwriting(sources: Sources, outputs: Sequence[Path]) -> None:
    """Raise InputError where a file that is read would be replaced by what is made of it."""
    from slotfill.extractors.errors import InputError

    taken = {path.resolve() for path in outputs}
    for source in sources.sources:
        if taken and Path(source.name).resolve() in taken:
            raise InputError(f"{source.name!r} is read, and would be overwritten: name another output")
