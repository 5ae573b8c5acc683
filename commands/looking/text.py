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
    places: bool = option(
        "--places", is_flag=True, help="Write where each stretch of what is read stands, a JSON line each."
    )
    model: str | None = option(
        "-m", "--model", metavar="MODEL", help="The model that it is for: the embedded one looks at no pages of PDFs."
    )


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

    from slotfill.extractors.catalogue import model_ids
    from slotfill.extractors.catalogue.transport_facts import takes_pages
    from slotfill.extractors.documents.pdf_pages import page_list
    from slotfill.extractors.runs.reports.console import printable
    from slotfill.extractors.settings import Settings

    model = options.model or Settings.read().model or model_ids.DEFAULT_MODEL
    sources = find_inputs(inputs, reading, files).for_model(takes_pages=takes_pages(model))
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
            numbers = page_list(tuple(number for pages in document.pages for number in pages.numbers))
            click.echo(printable(f"{document.source}: a Claude model would look at {numbers} itself"), err=True)
    ctx.exit(EXIT_INCOMPLETE if unreadable else 0)


def _print(document: Document, *, headed: bool) -> None:
    """Write a document's text as it is to a file or pipe; to a terminal without what would drive it."""
    from slotfill.extractors.runs.reports.console import printable

    if headed:
        click.echo(printable(f"==> {document.source or ''} <=="))
    text = document.text_beside_pages
    if sys.stdout.isatty():
        text = "\n".join(map(printable, text.splitlines()))
    click.echo(text.encode(), nl=headed or not text.endswith("\n"))  # as bytes: click would leave out colours


def _stretches(document: Document) -> Iterator[JSONObject]:
    """Yield what was read of a document in stretches, each with its place; together they are all of it.

    That is what values are looked for in; the text of pages that are sent as they are is told as such.
    """
    native = {number for pages in document.pages for number in pages.numbers}
    at = 0
    for start, end, place in document.places.stretches:
        if at < start:
            yield _stretch(document, at, start, None)
        known = document.places.place_of(start, end) or dict(place)
        yield _stretch(document, start, end, known, sent_as_page=place.get("page") in native)
        at = end
    if at < len(document.text):
        yield _stretch(document, at, len(document.text), None)


def _stretch(
    document: Document, start: int, end: int, place: JSONObject | None, *, sent_as_page: bool = False
) -> JSONObject:
    sent = {"sent": "as a page"} if sent_as_page else {}
    return {
        "source": document.source,
        "start": start,
        "end": end,
        "place": place,
        **sent,
        "text": document.text[start:end],
    }
