"""`slotfill text`: what would be sent of documents, and where it stands in their files."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from slotfill.commands.exit_codes import EXIT_INCOMPLETE
from slotfill.commands.inputs import find_inputs
from slotfill.commands.options.option_groups import OptionGroup, option, with_options
from slotfill.commands.options.reading_options import FileOptions, ReadingOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slotfill.extractors.documents.document import Document
    from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["text_command"]


@dataclass(frozen=True, slots=True)
class _TextOptions(OptionGroup):
    places: bool = option("--places", is_flag=True, help="Write where each stretch of it stands, a JSON line each.")


@click.command
@click.argument("inputs", nargs=-1, metavar="[INPUT]...", type=click.Path())
@with_options
@click.pass_context
def text_command(
    ctx: click.Context,
    /,
    inputs: tuple[str, ...],
    *,
    options: _TextOptions,
    reading: ReadingOptions,
    files: FileOptions,
) -> None:
    """Print what would be sent of each INPUT. Exits with 1 where some cannot be read.

    INPUT is what `slotfill extract` takes: mails, HTML, PDFs, Office files, rows, and whatever decodes as text. Several
    documents come each below a line with its name. Nothing is sent.

    \b
    slotfill text offer.pdf
    slotfill text mails/ --attachments
    slotfill text book.xlsx --places
    """
    from itertools import islice

    from slotfill.extractors.runs.reports.console import printable

    sources = find_inputs(inputs, reading, files)
    unreadable = 0
    for document in islice(sources, reading.limit):
        if document.failure:
            unreadable += 1
            click.echo(printable(f"{document.source}: {document.failure.message}"), err=True)
        elif options.places:
            for stretch in _stretches(document):
                click.echo(json.dumps(stretch, ensure_ascii=False))
        else:
            _print(document, headed=sources.several)
        if document.pages:
            numbers = ", ".join(str(number) for pages in document.pages for number in pages.numbers)
            click.echo(printable(f"{document.source}: sent as they are: page {numbers}"), err=True)
    ctx.exit(EXIT_INCOMPLETE if unreadable else 0)


def _print(document: Document, *, headed: bool) -> None:
    """Write a document's text as it is to a file or pipe; to a terminal without what would drive it."""
    from slotfill.extractors.runs.reports.console import printable

    if headed:
        click.echo(f"==> {printable(document.source or '')} <==")
    text = document.text
    if sys.stdout.isatty():
        text = "\n".join(map(printable, text.splitlines()))
    click.echo(text.encode(), nl=headed or not text.endswith("\n"))  # as bytes: click would leave out colours


def _stretches(document: Document) -> Iterator[JSONObject]:
    """Yield a document's text in stretches, each with its place; together they are all of it."""
    at = 0
    for start, end, _ in document.places.stretches:
        if at < start:
            yield _stretch(document, at, start)
        yield _stretch(document, start, end)
        at = end
    if at < len(document.text):
        yield _stretch(document, at, len(document.text))


def _stretch(document: Document, start: int, end: int) -> JSONObject:
    place = document.places.place_of(start, end)
    return {"source": document.source, "start": start, "end": end, "place": place, "text": document.text[start:end]}
