"""`slotfill review`: a page on which extracted values are accepted, corrected and rejected, and gold comes of them."""

from __future__ import annotations

import getpass
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotfill.commands.gold.gold_options import check_outputs
from slotfill.commands.looking.record_options import RecordTextOptions
from slotfill.commands.options.asking_options import complete_schema
from slotfill.commands.options.option_groups import GroupedCommand, OptionGroup, named_values, option, with_options
from slotfill.commands.options.reading_options import FileOptions

if TYPE_CHECKING:
    from slotfill.extractors.review.review_documents import ReviewDocument
    from slotfill.extractors.review.review_session import ReviewSession
    from slotfill.schemas.errors import SlotfillError
    from slotfill.schemas.json_values.json_types import JSONObject
    from slotfill.schemas.schema import Schema

__all__ = ["review_command"]

_MOST_TOLD = 10
"""Disagreements that are told at the end: the page shows all."""


@dataclass(frozen=True, slots=True)
class _ReviewOptions(OptionGroup):
    gold: Path = option(
        "--gold",
        most_used=True,
        required=True,
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="GOLD.jsonl",
        help="The gold file: what is decided goes there, and into its log, GOLD.log.jsonl.",
    )
    schema: str | None = option(
        "-s",
        "--schema",
        most_used=True,
        metavar="SCHEMA",
        shell_complete=complete_schema,
        help="The records' schema, where it is not a built-in one.",
    )
    parameters: Mapping[str, str] = option(
        "-P", multiple=True, metavar="NAME=VALUE", callback=named_values, help="Set a parameter of the schema."
    )
    by: str | None = option("--by", most_used=True, metavar="NAME", help="Who reviews. [default: the name of the user]")
    port: int = option(
        "--port",
        type=click.IntRange(0, 65535),
        default=0,
        metavar="N",
        help="The port on this machine. [default: a free one]",
    )


@click.command(cls=GroupedCommand)
@click.argument("records", metavar="RECORDS", type=click.Path())
@with_options
def review_command(records: str, *, options: _ReviewOptions, texts: RecordTextOptions, files: FileOptions) -> None:
    """Accept, correct and reject what was extracted, on a page.

    RECORDS are what `slotfill extract --record` wrote: lines of JSON, a folder, a database, or an output whose ledger
    is there. The page is served to this machine alone; open the address that is printed. Ctrl-C ends the review, and
    the same command goes on with it. Documents and fields that need a look most stand first.

    Each decision is written to GOLD.log.jsonl at once, and a document into GOLD.jsonl when each of its fields is
    decided. Several people may review at once, each with a command of their own: at the end stands how they agree.

    \b
    slotfill review records.jsonl --gold gold.jsonl
    slotfill review records.jsonl --gold gold.jsonl -s invoice.json --by ada
    slotfill evaluate gold.jsonl records.jsonl
    """
    from slotfill.extractors.review.decision_log import log_beside
    from slotfill.extractors.review.review_session import ReviewSession
    from slotfill.extractors.review.serving.review_server import serve_review

    check_outputs((options.gold, log_beside(options.gold)), (records,))
    documents = _documents(records, options, texts, files)
    session = ReviewSession(documents, options.gold, _reviewer(options.by), _say)
    for line in _before(session):
        _say(line)
    title = f"{Path(records).absolute().name}, reviewed by {session.who}"
    serve_review(session, port=options.port, title=title, on_ready=_print_address)
    problem = _last_problem(session)
    for line in _after(session, records):
        _say(line)
    if problem is not None:
        raise problem


def _documents(
    records: str, options: _ReviewOptions, texts: RecordTextOptions, files: FileOptions
) -> list[ReviewDocument]:
    """Read the records and their texts, the neediest first. Raises InputError."""
    from slotfill.extractors.errors import InputError
    from slotfill.extractors.review.decision_log import DecisionLog, log_beside
    from slotfill.extractors.review.review_documents import ReviewDocument, neediest_first
    from slotfill.extractors.settings import Settings
    from slotfill.extractors.viewing.record_set import RecordSet

    one = RecordSet(records, Settings.read())
    found = texts.texts_of(one, files)
    stored = list({_key(record): record for record in one.records()}.values())  # of several the last counts
    if not stored:
        raise InputError(f"{records!r} holds no record: `slotfill extract --record` writes them")
    schema = _schema(stored, options)
    documents = []
    for record in stored:
        text = found.find(record)
        documents.append(ReviewDocument(0, record, text.text, schema, text.note, text.file))
    return neediest_first(documents, DecisionLog(log_beside(options.gold)).rows)


def _key(record: JSONObject) -> tuple[str, str | None]:
    return record["document"]["id"], record["document"]["source"]


def _schema(records: list[JSONObject], options: _ReviewOptions) -> Schema[Any]:
    """Return the schema of the records, of which there is one. Raises InputError, SchemaError."""
    from slotfill.extractors.errors import InputError
    from slotfill.extractors.extractions.stored import schema_of
    from slotfill.schemas.sources.schema_sources import resolve

    names = {record["schema"]["name"]: record for record in records}
    if len(names) > 1:
        raise InputError(
            f"the records are of {len(names)} schemas ({', '.join(sorted(names)[:3])}): review those of one at a time, "
            "with a gold file each"
        )
    source = options.schema or schema_of(records[0])
    schema = resolve(source, trusted=options.schema is not None, parameters=options.parameters or None)
    others = sum(record["schema"]["id"] != schema.id for record in records)
    if others:
        _say(f"warning: {others:,} records were extracted by another version of schema {schema.name!r}")
    return schema


def _reviewer(name: str | None) -> str:
    """Return who reviews. Raises click.UsageError for what is no name."""
    if name is None:
        try:
            name = getpass.getuser()
        except (OSError, KeyError):  # a container may know no user
            name = "reviewer"
    name = name.strip()
    if not name.isprintable() or not 0 < len(name) <= _LONGEST_NAME:
        raise click.UsageError(f"--by: a name has 1 to {_LONGEST_NAME} characters that can be printed")
    return name


_LONGEST_NAME = 100


def _before(session: ReviewSession) -> Iterator[str]:
    count = len(session.documents)
    without = [one for one in session.documents if one.text is None]
    yield f"{count:,} document{'s' if count > 1 else ''} to review, {session.gold_count:,} of them gold already"
    if without:
        yield f"of {len(without):,} the text is not at hand; of the first: {without[0].text_note}"


def _last_problem(session: ReviewSession) -> SlotfillError | None:
    """Read what others have decided since, and return what keeps gold from following all that is decided."""
    from slotfill.extractors.errors import OutputError
    from slotfill.schemas.errors import SlotfillError

    try:
        session.refresh()
    except SlotfillError as error:
        return error
    return OutputError(session.problem) if session.problem else None


def _print_address(address: str) -> None:
    """Print the address alone on its line, on standard output: it is what one opens."""
    _say("open this address in a browser of this machine; Ctrl-C ends the review")
    click.echo(address)


def _after(session: ReviewSession, records: str) -> Iterator[str]:
    """Yield what was decided, how reviewers agree, and what to do next."""
    done = ", ".join(f"{count:,} {_DONE[action.value]}" for action, count in session.counts().items()) or "nothing yet"
    yield f"decided by {session.who}: {done}"
    yield f"gold: {session.gold_count:,} of {len(session.documents):,} documents, in {session.gold}"
    yield f"each decision: {session.log.path}"
    agreement = session.agreement()
    yield from agreement.lines()
    for one in agreement.disagreements[:_MOST_TOLD]:
        values = [f"{who} {_shown(value)}" for who, value in one.values.items()]
        yield f"  differ: {one.document} {one.path}: {', '.join([*values, *(f'{who} nothing' for who in one.without)])}"
    if len(agreement.disagreements) > _MOST_TOLD:
        yield f"  and {len(agreement.disagreements) - _MOST_TOLD:,} more: the page shows them"
    paths = [str(session.gold), records]
    if session.gold_count:
        yield f"next: {shlex.join(['slotfill', 'evaluate', *paths])}"
    if session.gold_count < len(session.documents):
        yield f"go on: {shlex.join(['slotfill', *click.get_current_context().obj])}"


_DONE = {"accept": "accepted", "correct": "corrected", "reject": "rejected", "add": "added"}


def _shown(value: object) -> str:
    from slotfill.schemas.json_values.exact_json import dumps

    text = dumps(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


_LONGEST_VALUE = 60


def _say(line: str) -> None:
    from slotfill.extractors.runs.reports.console import printable

    click.echo(printable(line), err=True)
