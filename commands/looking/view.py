"""`slotfill view`: records as a page to look at."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slotfill.commands.gold.gold_options import check_outputs
from slotfill.commands.looking.record_options import RecordTextOptions
from slotfill.commands.options.option_groups import GroupedCommand, OptionGroup, option, with_options
from slotfill.commands.options.reading_options import FileOptions

if TYPE_CHECKING:
    from slotfill.extractors.viewing.document_texts import DocumentTexts
    from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["view_command"]


@dataclass(frozen=True, slots=True)
class _ViewOptions(OptionGroup):
    output: str = option(
        "-o",
        "--output",
        most_used=True,
        required=True,
        metavar="FILE.html",
        help="Write the page to this file; - is standard output.",
    )


@click.command(cls=GroupedCommand)
@click.argument("records", nargs=-1, required=True, metavar="RECORDS...", type=click.Path())
@with_options
def view_command(
    records: tuple[str, ...], *, options: _ViewOptions, texts: RecordTextOptions, files: FileOptions
) -> None:
    """Show RECORDS as a page: texts with marks, values, where each stands.

    RECORDS are what `slotfill extract --record` wrote: lines of JSON, a folder, a database, or any output whose ledger
    is there, or a ledger. Several are one page. It is one file for any browser, and loads nothing.

    Texts come from the records' sources, below the folder that the records stand in or the working one, if they are
    still what was extracted from; or from a ledger that was kept with --retention all.

    \b
    slotfill view records.jsonl -o report.html
    slotfill view runs/ledger.db --documents mails -o report.html
    """
    check_outputs((options.output,), records)
    from slotfill.extractors.viewing.viewer_page import viewer_page

    seen = _Seen()
    views = seen.noting(_views(records, texts, files, options.output, seen.undrawn))
    _write(viewer_page(views, _title(records)), options.output)
    for line in seen.lines(options.output):
        _say(line)


@dataclass
class _Seen:
    """What of the documents is told: how many there are, of how many the text is not at hand, and why."""

    count: int = 0
    notes: Counter[str] = field(default_factory=Counter)
    undrawn: list[str] = field(default_factory=list)

    def noting(self, views: Iterable[JSONObject]) -> Iterator[JSONObject]:
        for view in views:
            self.count += 1
            if note := view.get("text_note"):
                self.notes[note] += 1
            yield view

    def lines(self, output: str) -> Iterator[str]:
        documents = "1 document" if self.count == 1 else f"{self.count:,} documents"
        yield f"{documents} in {output}" if output != "-" else documents
        if self.notes:
            yield f"of {self.notes.total():,} the text is not at hand; of the first: {next(iter(self.notes))}"
        if self.undrawn:
            yield f"not all pages with values are drawn, of {len(self.undrawn):,} documents; their texts are there"


def _views(
    records: tuple[str, ...], texts: RecordTextOptions, files: FileOptions, output: str, undrawn: list[str]
) -> Iterator[JSONObject]:
    from slotfill.extractors.settings import Settings
    from slotfill.extractors.viewing.document_views import document_views
    from slotfill.extractors.viewing.record_set import RecordSet
    from slotfill.extractors.viewing.value_pages import PagePictures

    settings, pictures = Settings.read(), PagePictures()
    for name in records:
        one = RecordSet(name, settings)
        found = texts.texts_of(one, files)
        read = one.records() if output == "-" else _beside(output, one.records(), found)
        yield from document_views(read, found, pictures)
    undrawn += pictures.left_out


def _beside(output: str, records: Iterable[JSONObject], texts: DocumentTexts) -> Iterator[JSONObject]:
    """Yield records. Raises click.UsageError for one whose document is the output: the page would take its place."""
    path = os.path.realpath(output)
    for record in records:
        if texts.may_be_in(path, record):
            raise click.UsageError(f"{output!r} is a document of the records, and stays: name another output")
        yield record


def _title(records: tuple[str, ...]) -> str:
    first, *others = (Path(name).absolute().name for name in records)
    return f"{first} and {len(others):,} more" if others else first


def _write(parts: Iterable[str], output: str) -> None:
    """Write a file that appears whole, or standard output. Raises OutputError."""
    from slotfill.extractors.runs.outputs.atomic_files import AtomicFile

    if output == "-":
        for part in parts:
            sys.stdout.buffer.write(part.encode())
        return
    file = AtomicFile(Path(output))
    try:
        for part in parts:
            file.write(part.encode())
        file.commit()
    finally:
        file.discard()


def _say(line: str) -> None:
    from slotfill.extractors.runs.reports.console import printable

    click.echo(printable(line), err=True)
