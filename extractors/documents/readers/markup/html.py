"""HTML -> its text, block by block."""

from __future__ import annotations

import re
from collections.abc import Iterator

from slotfill.extractors.documents.charset_labels import decode_labelled
from slotfill.extractors.documents.decoding import flaw_of, foreign_format
from slotfill.extractors.documents.readers.markup.flow import TextLine
from slotfill.extractors.documents.readers.markup.page_encoding import label_in_page
from slotfill.extractors.documents.readers.markup.page_text import page_lines
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.documents.readers.read_options import ReadOptions
from slotfill.extractors.documents.readers.read_text import ReadText
from slotfill.extractors.record.failure_kinds import FailureKind

__all__ = ["html_lines", "read"]

_CLOSED = re.compile(r"<(script|style|title|textarea|iframe|div|span|p|a|td|li|b|i)(\s[^<>]*)?/>")
"""What XML ends in the tag itself, and HTML does not: `<script src="a.js"/>` would take the rest of the page."""


def read(data: bytes, options: ReadOptions) -> Iterator[ReadText]:
    """Read a page: its title on a line of its own, and what is seen of it."""
    if failure := foreign_format(data):
        raise ReadError(failure.type, failure.message)
    title, lines = html_lines(data, options.encoding)
    text = "\n".join(line.text for line in lines)
    yield ReadText("\n\n".join(filter(None, (title, text))))


def html_lines(data: bytes, label: str | None = None) -> tuple[str, list[TextLine]]:
    """Read a page's title and lines.

    label: what those who hand the page over say that it is in, which counts more than what it says itself.

    Raises ReadError for what is no text.
    """
    text = decode_labelled(data, label or label_in_page(data))
    if text is None:
        raise ReadError(
            FailureKind.UNDECODABLE_DOCUMENT,
            "is in an encoding that cannot be told: name it with --encoding, or save it as UTF-8",
        )
    if flaw := flaw_of(text):
        raise ReadError(flaw.type, flaw.message)
    if text.lstrip().startswith("<?xml"):
        text = _CLOSED.sub(r"<\1\2></\1>", text)
    return page_lines(text)
