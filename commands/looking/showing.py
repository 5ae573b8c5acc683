"""`--show`: one document's value for a person to look at, and for a program as ever."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

import click

from slotfill.commands.options.running_options import WritingOptions

if TYPE_CHECKING:
    from slotfill.extractors.documents.sources import Sources
    from slotfill.extractors.runs.session import Start
    from slotfill.schemas.json_values.json_types import JSONMapping

__all__ = ["ShownRun", "check_shown"]


def check_shown(writing: WritingOptions, *, several: bool) -> None:
    """Raise click.UsageError where there is not one value to be shown on a terminal."""
    if not writing.show:
        return
    if several:
        raise click.UsageError("--show is for one document: name one file; `slotfill view RECORDS` shows many")
    for name, given in {"-o": writing.output not in (None, "-"), "--stream": writing.stream}.items():
        if given:
            raise click.UsageError(f"--show and {name} exclude each other: what is shown goes to the terminal")


class ShownRun:
    """A run of one document, whose record is kept to be shown.

    Where standard output is a terminal, the text with its marks stands there in place of JSON. Elsewhere JSON goes to
    standard output as without `--show`, and what is shown to standard error.
    """

    def __init__(self, sources: Sources, start: Start) -> None:
        from slotfill.extractors.runs.outputs.standard_streams import check_writable

        check_writable(sys.stdout.buffer)
        self.stdout = io.BytesIO()
        self.start = replace(start, records=True)
        self._sources, self._records = sources, start.records

    def show(self) -> None:
        """Show what came of it, if anything did."""
        from slotfill.extractors.record.parts import Outcome
        from slotfill.extractors.runs.outputs.json_sinks import show_json
        from slotfill.extractors.terminal.streams import is_terminal
        from slotfill.schemas.json_values.exact_json import loads

        if not (written := self.stdout.getvalue()):
            return
        record: JSONMapping = loads(written.decode())
        to_person = is_terminal(sys.stdout)
        self._show(record, sys.stdout if to_person else sys.stderr)
        if not to_person and (self._records or Outcome(record["outcome"]).ok):
            show_json(sys.stdout.buffer, record if self._records else record["value"], indent=2)

    def _show(self, record: JSONMapping, stream: TextIO) -> None:
        from slotfill.extractors.terminal.shown_record import show_record

        document = next(iter(self._sources))
        if document.id == record["document"]["id"]:
            show_record(record, document.text, stream)
        else:
            click.echo("the document has changed since it was read: nothing can be shown in it", err=True)
