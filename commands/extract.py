"""`slotfill extract`: a run, which tells of itself on standard error, and its exit code."""

from __future__ import annotations

import json
import shlex
import sys
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotfill.commands.exit_codes import EXIT_INCOMPLETE, exit_code
from slotfill.commands.inputs import find_inputs, resolve_schema, warn_of_other_model
from slotfill.commands.looking.showing import ShownRun, check_shown
from slotfill.commands.options.asking_options import AskingOptions, EvidenceOptions, PromptOptions, schema_argument
from slotfill.commands.options.batch_options import BatchingOptions
from slotfill.commands.options.option_groups import GroupedCommand, with_options
from slotfill.commands.options.reading_options import AcrossOptions, FileOptions, ReadingOptions
from slotfill.commands.options.running_options import RunningOptions, TellingOptions, WritingOptions
from slotfill.commands.options.updating_options import UpdatingOptions
from slotfill.commands.options.worker_options import WorkerOptions

if TYPE_CHECKING:
    from slotfill.extractors.documents.sources import Sources
    from slotfill.extractors.extractor import Extractor
    from slotfill.extractors.runs.earlier_records import EarlierRecords
    from slotfill.extractors.runs.session import RunEnd, RunEngine, Start
    from slotfill.schemas.schema import Schema

__all__ = ["extract_command"]


@click.command(cls=GroupedCommand)
@schema_argument
@click.argument("inputs", nargs=-1, metavar="[INPUT]...", type=click.Path())
@with_options
@click.pass_context
def extract_command(
    ctx: click.Context,
    /,
    schema: str,
    inputs: tuple[str, ...],
    *,
    asking: AskingOptions,
    prompt: PromptOptions,
    evidence: EvidenceOptions,
    reading: ReadingOptions,
    files: FileOptions,
    across: AcrossOptions,
    writing: WritingOptions,
    running: RunningOptions,
    batching: BatchingOptions,
    workers: WorkerOptions,
    updating: UpdatingOptions,
    telling: TellingOptions,
) -> None:
    """Extract SCHEMA from each INPUT, as JSON.

    SCHEMA is a built-in name (sentiment, feedback, entities, summary, answer), package.module:Model, path/file.py:Model
    (which is executed), path/schema.json, or one line of fields: "name, age int, tags [str]".

    INPUT is a file, a folder, a glob, the same by an address that fsspec opens (s3://bucket/mails), or - for standard
    input. Mails, HTML, PDFs and Office files are read as a person sees them: `slotfill text` prints what would be sent.
    In tables, .jsonl and .csv among them, each row is a document.

    \b
    slotfill extract feedback mails/ -o feedback.jsonl --rejects rejects.jsonl
    cat review.txt | slotfill extract sentiment -m local
    slotfill extract feedback mails/ --record -o new.jsonl --from old.jsonl
    slotfill extract answer handbook/ --across -P question="Are there refunds?"
    """
    from slotfill.extractors.runs.reports.logs import log_to_stderr

    workers.check(stream=writing.stream, cassette=asking.cassette is not None, batch=batching.batch)
    updating.check(inputs=inputs, outputs=(writing.output, writing.rejects), stream=writing.stream)
    batching.check(stream=writing.stream, cassette=asking.cassette is not None)
    if evidence.evidence and updating.earlier is not None:
        raise click.UsageError("--evidence is asked for with the value, and --from takes the value over: leave one out")
    across.check(
        engine=workers.engine != "local",
        from_=updating.earlier is not None,
        id_field=reading.id_field is not None,
        keep=bool(writing.keep),
    )
    resolved = resolve_schema(schema, prompt)
    sources = find_inputs(
        inputs,
        reading,
        files,
        output=writing.output,
        rejects=writing.rejects,
        cassette=asking.cassette,
        keep=writing.keep,
        earlier=updating.earlier,
    )
    if across.across:
        sources, reading = _joined(sources, inputs, reading)
    check_shown(writing, several=sources.several)
    earlier = _earlier(resolved, updating)
    if running.dry_run:
        _print_estimate(resolved, sources, asking, earlier, evidence=evidence.evidence, limit=reading.limit)
        return
    start = _start(inputs or ("-",), asking, reading, writing, running)
    if batching.batch:
        start = replace(start, batch=batching.options, command=_command_from_anywhere())
    with log_to_stderr(telling.verbosity, telling.log_format):  # what is told of settings holds no secret
        extractor = _extractor(resolved, asking, running, evidence=evidence.evidence, batch=batching.batch)
    sources = sources.for_model(takes_pages=extractor.takes_pages)
    whereabouts = _whereabouts(writing)
    with (
        log_to_stderr(telling.verbosity, telling.log_format, extractor.settings.secrets, whereabouts=whereabouts),
        telling.exporting(),
    ):
        engine = workers.start(extractor, running.concurrency)  # which takes along what is said of exporting
        warn_of_other_model(prompt, extractor.model.id)
        if evidence.evidence and not writing.records:
            _print_message(telling, "evidence stands in the run's records: the same command with --record writes them")
        end, total = _run(extractor, sources, start, telling, earlier, engine=engine, show=writing.show)
        if across.across:
            _tell_of_partial_value(end, writing, telling)
    ctx.exit(_end(end, total, telling, several=sources.several))


def _joined(sources: Sources, inputs: tuple[str, ...], reading: ReadingOptions) -> tuple[Sources, ReadingOptions]:
    """Make one document of all inputs: a limit is then of what is joined."""
    from slotfill.extractors.documents.joining.joined_sources import join_sources
    from slotfill.extractors.documents.urls import public

    if reading.limit == 0:
        raise click.UsageError("--limit 0 leaves --across nothing to join")
    names = tuple(map(public, inputs)) or ("-",)
    return join_sources(sources, names, most=reading.limit), replace(reading, limit=None)


def _whereabouts(writing: WritingOptions) -> str:
    """Say where failures stand that are not told one by one."""
    from slotfill.extractors.documents.urls import public

    if writing.rejects:
        return f"their records are in {public(writing.rejects)}"
    return "--rejects FILE keeps their records, -v tells of each"


def _earlier(schema: Schema[Any], updating: UpdatingOptions) -> EarlierRecords | None:
    """Read what an earlier run has found."""
    if updating.earlier is None:
        return None
    from slotfill.extractors.runs.earlier_records import EarlierRecords
    from slotfill.extractors.runs.record_files import records_at
    from slotfill.extractors.settings import Settings
    from slotfill.schemas.sources.schema_sources import resolve

    before = None if updating.earlier_schema is None else resolve(updating.earlier_schema, trusted=True)
    records = records_at(updating.earlier, Settings.read())
    return EarlierRecords(records, schema, before=before, reworded=updating.reworded)


def _print_estimate(
    schema: Schema[Any],
    sources: Sources,
    asking: AskingOptions,
    earlier: EarlierRecords | None,
    *,
    evidence: bool,
    limit: int | None,
) -> None:
    """Write what a run would cost, as JSON."""
    from slotfill.extractors.catalogue.model_ids import DEFAULT_MODEL
    from slotfill.extractors.extractor import Extractor
    from slotfill.extractors.runs.estimate import estimate
    from slotfill.extractors.settings import Settings

    # Nothing is called, so no credential is needed to count.
    model = asking.model or (Settings.read().model or DEFAULT_MODEL,)
    with Extractor(
        schema,
        model=model,
        evidence=evidence,
        max_tokens=asking.max_tokens,
        chunk_chars=asking.chunk_chars,
        votes=asking.votes,
        escalate=asking.escalate,
        sure=asking.sure,
        calibration=asking.calibration,
    ) as extractor:
        sources = sources.for_model(takes_pages=extractor.takes_pages)
        click.echo(json.dumps(estimate(extractor, islice(sources, limit), earlier), indent=2))


def _extractor(
    schema: Schema[Any], asking: AskingOptions, running: RunningOptions, *, evidence: bool, batch: bool
) -> Extractor[Any]:
    from slotfill.extractors.extractor import Extractor

    return Extractor(
        schema,
        model=asking.model,
        evidence=evidence,
        retries=asking.retries,
        mend=asking.mend,
        timeout=asking.timeout,
        max_tokens=asking.max_tokens,
        thinking=asking.thinking,
        effort=asking.effort,
        chunk_chars=asking.chunk_chars,
        passes=asking.passes,
        votes=asking.votes,
        escalate=asking.escalate,
        sure=asking.sure,
        calibration=asking.calibration,
        cassette=asking.cassette,
        cache_ttl="1h" if batch else None,  # the requests of a batch are answered over more than five minutes
        rpm=running.rpm,
        itpm=running.itpm,
        otpm=running.otpm,
        max_wait=running.max_wait,
    )


def _start(
    inputs: tuple[str, ...],
    asking: AskingOptions,
    reading: ReadingOptions,
    writing: WritingOptions,
    running: RunningOptions,
) -> Start:
    from slotfill.extractors.runs.session import Start

    return Start(
        inputs,
        output=writing.output,
        rejects=writing.rejects,
        records=writing.records,
        stream=writing.stream,
        limit=reading.limit,
        concurrency=running.concurrency,
        max_cost=running.max_cost,
        warn_cost=running.warn_cost,
        budgets=running.budgets,
        budget_webhook=running.budget_webhook,
        labels=running.labels,
        fresh=running.fresh,
        retry_failed=running.retry_failed,
        retention=running.retention,
        wait=running.if_running == "wait",
        lasting=asking.cassette is None,
    )


def _run(
    extractor: Extractor[Any],
    sources: Sources,
    start: Start,
    telling: TellingOptions,
    earlier: EarlierRecords | None,
    *,
    engine: RunEngine | None,
    show: bool,
) -> tuple[RunEnd, int | None]:
    """Run, and return how it ended, and of how many documents as far as that is known."""
    from slotfill.extractors.runs.reports.document_count import DocumentCount
    from slotfill.extractors.runs.reports.run_progress import run_progress
    from slotfill.extractors.runs.session import run_once

    if extractor.settings.model is None and extractor.model.id == "local" and not telling.quiet:
        click.echo("no Anthropic credential is set: using the embedded model", err=True)
    shown = ShownRun(sources, start) if show else None
    count = DocumentCount(sources, start.limit)
    with (
        count.counting(enabled=_tells_progress(telling)),
        run_progress(lambda: count.total, enabled=not telling.quiet) as on_progress,
    ):
        end = run_once(
            extractor,
            sources,
            shown.start if shown else start,
            shown.stdout if shown else sys.stdout.buffer,
            earlier=earlier,
            engine=engine,
            on_progress=on_progress,
            on_message=partial(_print_message, telling),
        )
    if shown:
        shown.show()
    return end, count.total


def _end(end: RunEnd, total: int | None, telling: TellingOptions, *, several: bool) -> int:
    """Say how far a run got, and return the exit code."""
    if isinstance(end.stopped, BrokenPipeError):
        raise end.stopped  # who reads standard output has had enough: click ends quietly
    _print_end(end, total, telling, several=several)
    if end.stopped is not None:
        return exit_code(end.stopped)
    return EXIT_INCOMPLETE if end.totals.extracted < end.totals.documents else 0


def _tell_of_partial_value(end: RunEnd, writing: WritingOptions, telling: TellingOptions) -> None:
    """Say where the one value of all inputs is, where some could not be read and no output took it."""
    from slotfill.extractors.record.parts import Outcome

    if end.totals.outcomes[Outcome.PARTIAL] and not writing.records and not writing.rejects:
        _print_message(
            telling,
            "the value is partial, and an output of values holds whole ones alone: the same command with --record, or "
            "with --rejects FILE, writes it with what is missing, and asks nothing again",
        )


def _tells_progress(telling: TellingOptions) -> bool:
    from slotfill.extractors.terminal.streams import is_terminal

    return telling.verbosity > 0 or (not telling.quiet and is_terminal(sys.stderr))


def _print_message(telling: TellingOptions, line: str) -> None:
    from slotfill.extractors.runs.reports.console import printable

    if not telling.quiet:
        click.echo(json.dumps({"message": line}) if telling.log_format == "json" else printable(line), err=True)


def _print_end(end: RunEnd, total: int | None, telling: TellingOptions, *, several: bool) -> None:
    """Say why a run stopped and what goes on, and what a run over several documents has done."""
    from slotfill.extractors.runs.reports.console import printable
    from slotfill.extractors.runs.reports.run_summary import summary, summary_json

    command = None if end.stopped is None else _resuming_command()
    if telling.log_format == "json":
        click.echo(json.dumps(summary_json(end.totals, total=total, reason=end.reason, command=command)), err=True)
    elif end.stopped is not None or (several and not telling.quiet):
        for line in summary(end.totals, total=total, reason=end.reason, command=command).splitlines():
            click.echo(printable(line), err=True)


def _command_from_anywhere() -> str:
    """Write the same for somebody who may be in another folder: paths are relative to this one."""
    with suppress(OSError):  # a folder that was removed has no name
        return f"cd {shlex.quote(str(Path.cwd()))} && {_resuming_command()}"
    return _resuming_command()


def _resuming_command() -> str:
    """Write the command that goes on with a run: this one, without what would begin it anew, and without passwords."""
    from slotfill.extractors.documents.urls import public

    arguments: tuple[str, ...] = click.get_current_context().obj
    resuming = (public(argument) for argument in arguments if argument not in ("--fresh", "--retry-failed"))
    return shlex.join(["slotfill", *resuming])
