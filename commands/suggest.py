"""`slotfill suggest`: a schema proposed from samples, checked, and tried on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from slotfill.commands.check import keep_hypothesis_in_cache
from slotfill.commands.exit_codes import EXIT_INCOMPLETE, ExitError
from slotfill.commands.inputs import find_inputs
from slotfill.commands.options.asking_options import AskingOptions
from slotfill.commands.options.option_groups import GroupedCommand, OptionGroup, option, with_options
from slotfill.commands.options.reading_options import FileOptions, ReadingOptions

if TYPE_CHECKING:
    from slotfill.extractors.cassettes.cassette import Cassette
    from slotfill.extractors.extractions.extraction import Extraction
    from slotfill.extractors.extractor import Extractor
    from slotfill.extractors.suggestion.drafting import Draft
    from slotfill.extractors.suggestion.sample_sheet import SampleSheet
    from slotfill.extractors.suggestion.sense_checks import Settled
    from slotfill.schemas.schema import Schema

__all__ = ["suggest_command"]

M = TypeVar("M")

CHECK_EXAMPLES, CHECK_SECONDS = 25, 20.0
"""How closely the proposal is checked: it is made of parts that keep all laws, and `slotfill check` looks closer."""


@dataclass(frozen=True, slots=True)
class _ProposalOptions(OptionGroup):
    title = "Writing the schema"

    want: str | None = option("--want", most_used=True, metavar="TEXT", help="What you are after, for the model.")
    output: str | None = option(
        "-o", "--output", most_used=True, metavar="PATH", help="Write the schema to FILE.json; FILE.py with --python."
    )
    python: bool = option("--python", most_used=True, is_flag=True, help="Write a module with a Pydantic model.")
    force: bool = option("--force", is_flag=True, help="Replace the output: it may be a schema that you have edited.")

    @property
    def path(self) -> Path | None:
        """Where the schema goes, None for standard output. Raises click.UsageError where it cannot go there."""
        suffix = ".py" if self.python else ".json"
        if self.output is None or self.output == "-":
            return None
        path = Path(self.output)
        if path.suffix.lower() != suffix:
            raise click.UsageError(f"{self.output!r} is no {suffix} file: a schema is .json, with --python a module")
        if path.exists() and not self.force:
            raise click.UsageError(f"{self.output!r} is there already: name another output, or replace it by --force")
        return path


@click.command(cls=GroupedCommand)
@click.argument("samples", nargs=-1, metavar="SAMPLE...", type=click.Path())
@with_options
@click.pass_context
def suggest_command(
    ctx: click.Context,
    /,
    samples: tuple[str, ...],
    *,
    writing: _ProposalOptions,
    asking: AskingOptions,
    reading: ReadingOptions,
    files: FileOptions,
) -> None:
    """Propose a schema from each SAMPLE, check it, and try it on them.

    SAMPLE is what `extract` takes as INPUT: a file, a folder, a glob, rows of a table. Three to ten documents that
    differ show best what all of them have; the first 20 are looked at.

    A Claude model reads the samples. The embedded one is too small for that: with it, fields are drawn by rule from
    lines such as "Invoice no: A-17", from tables and JSON. It is said how a proposal came about. The samples are then
    extracted with it, by the same model, and shown in a table: on standard output, without -o on standard error.

    \b
    slotfill suggest mails/ --want "who has to answer, and by when" -o mail.json
    slotfill suggest invoices/*.txt -m local --python -o invoice.py
    """
    from slotfill.extractors.suggestion.sample_sheet import read_samples

    path = writing.path
    sources = find_inputs(samples, reading, files, output=writing.output, cassette=asking.cassette)
    sheet = read_samples(islice(sources.for_model(takes_pages=False), reading.limit))
    command = _Suggesting(sheet, writing, asking, path)
    command.tell(sheet.notes)
    if not sheet.documents:
        raise ExitError("none of the samples holds a text to propose a schema from", EXIT_INCOMPLETE)
    ctx.exit(command.run())


@dataclass(slots=True)
class _Suggesting:
    """One call of the command, step by step. path: where the schema goes, None for standard output."""

    sheet: SampleSheet
    writing: _ProposalOptions
    asking: AskingOptions
    path: Path | None
    tape: Cassette | None = None

    def run(self) -> int:
        """Draft, check, write, try, show; return the exit code. The schema is in its file before a sample is tried."""
        from slotfill.schemas.errors import SlotfillError

        self._prepare()
        made = self._draft()
        settled = self._settled(made)
        is_sound = self._check(settled)
        self._save(settled)
        try:
            extractions = self._extract(settled)
        except SlotfillError:
            self._print(settled)  # it is paid for
            raise
        ending = self._show(made, settled, extractions)
        return ending if is_sound else EXIT_INCOMPLETE

    def _show(self, made: Draft, settled: Settled, extractions: Sequence[Extraction[Any]]) -> int:
        """Show what came of the samples, with the schema loosened where they lack what it requires."""
        from slotfill.extractors.runs.breaker import ending_of
        from slotfill.extractors.suggestion.by_rule.departures import departures
        from slotfill.extractors.suggestion.drafting import cost_line
        from slotfill.extractors.suggestion.sample_table import sample_table
        from slotfill.extractors.suggestion.trial import results_of

        settled = self._loosened(settled, extractions)
        results = results_of(settled.proposal, extractions)
        self.tell(("", *sample_table(settled.proposal, results), ""))
        if made.is_by_rule:
            self.tell(departures(settled.proposal, self.sheet.texts, results))
        self.tell((cost_line((*made.extractions, *extractions)),))
        self._print(settled)
        if stopping := next((one.error for one in extractions if one.error and one.error.type.stops_run), None):
            raise ending_of(stopping)
        return EXIT_INCOMPLETE if any(result.problem for result in results) else 0

    def _loosened(self, settled: Settled, extractions: Sequence[Extraction[Any]]) -> Settled:
        from slotfill.extractors.suggestion.trial import loosened

        proposal, names = loosened(settled.proposal, extractions)
        if not names:
            return settled
        self.tell(f"{name}: missing in a sample: it is optional" for name in names)
        settled = replace(settled, proposal=proposal)
        self._save(settled)
        return settled

    def tell(self, lines: Iterable[str]) -> None:
        """Print lines for a person: where the schema goes to standard output, to standard error."""
        from slotfill.extractors.runs.reports.console import printable

        for line in lines:
            click.echo(printable(line), err=self.path is None)

    def _prepare(self) -> None:
        """See that the output can be written, and the tape used, before anything is paid for."""
        from slotfill.extractors.cassettes.cassette import Cassette
        from slotfill.extractors.runs.outputs.atomic_files import AtomicFile

        if self.path:
            AtomicFile(self.path).discard()
        if self.asking.cassette:
            self.tape = Cassette(self.asking.cassette)  # one for both extractors: it is replayed, or recorded

    def _draft(self) -> Draft:
        from slotfill.extractors.suggestion.drafting import draft
        from slotfill.extractors.suggestion.proposal import proposal_schema

        with self._extractor(proposal_schema(self.writing.want)) as extractor:
            return draft(extractor, self.sheet)

    def _settled(self, made: Draft) -> Settled:
        """Say how a proposal came about and what was mended of it. Raises where there is none."""
        from slotfill.extractors.runs.breaker import ending_of
        from slotfill.extractors.suggestion.drafting import nothing_proposed, origin_lines

        if made.settled:
            self.tell(origin_lines(made, made.settled, len(self.sheet.documents), self.writing.want))
            return made.settled
        if made.failure and made.failure.type.stops_run:
            raise ending_of(made.failure)
        raise ExitError(nothing_proposed(made), EXIT_INCOMPLETE)

    def _check(self, settled: Settled) -> bool:
        """Check a schema as `slotfill check` does, and say what is found; return whether no law is broken."""
        keep_hypothesis_in_cache()
        from slotfill.extractors.runs.reports.console import step_line
        from slotfill.extractors.suggestion.json_form import proposed_schema
        from slotfill.extractors.testing.check import check, report
        from slotfill.schemas import resolve
        from slotfill.schemas.wire.wire import wire_for

        schema = resolve(proposed_schema(settled.proposal))
        with step_line() as show:
            findings = check(schema, max_examples=CHECK_EXAMPLES, seconds=CHECK_SECONDS, on_progress=show)
        self.tell((f"asked by: {', then '.join(wire_for(schema).modes)}",))
        self.tell(line for line in report(findings) if line)
        return all(finding.kind != "broken" for finding in findings)

    def _extract(self, settled: Settled) -> list[Extraction[Any]]:
        from slotfill.extractors.suggestion.json_form import proposed_schema
        from slotfill.schemas import resolve

        schema, asking = resolve(proposed_schema(settled.proposal)), self.asking
        with self._extractor(schema, chunk_chars=asking.chunk_chars, passes=asking.passes) as extractor:
            return [*extractor.map(self.sheet.documents)]

    def _extractor(
        self, schema: Schema[M], *, chunk_chars: int | None = None, passes: int | None = None
    ) -> Extractor[M]:
        from slotfill.extractors.extractor import Extractor

        return Extractor(
            schema,
            model=self.asking.model,
            retries=self.asking.retries,
            mend=self.asking.mend,
            timeout=self.asking.timeout,
            max_tokens=self.asking.max_tokens,
            thinking=self.asking.thinking,
            effort=self.asking.effort,
            chunk_chars=chunk_chars,
            passes=passes,
            cassette=self.tape,
        )

    def _save(self, settled: Settled) -> None:
        """Write the schema to its file, if it has one."""
        from slotfill.extractors.runs.outputs.atomic_files import AtomicFile

        if self.path:
            file = AtomicFile(self.path)
            file.write(self._source(settled).encode())
            file.commit()

    def _print(self, settled: Settled) -> None:
        """Write the schema to standard output, if it has no file."""
        if self.path is None:
            click.echo(self._source(settled), nl=False)

    def _source(self, settled: Settled) -> str:
        from slotfill.extractors.record.json_text import json_text
        from slotfill.extractors.suggestion.json_form import proposed_schema
        from slotfill.extractors.suggestion.python_form import proposed_module

        if self.writing.python:
            return proposed_module(settled)
        return json_text(proposed_schema(settled.proposal), indent=2) + "\n"
