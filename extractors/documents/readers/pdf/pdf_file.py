"""A PDF file, opened, and which of its pages are read; or why it cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pypdfium2
import pypdfium2.raw as pdfium

from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.documents.readers.read_options import ReadOptions
from slotfill.extractors.record.failure_kinds import FailureKind

__all__ = ["chosen_pages", "open_page", "open_pdf"]

_MOST_PAGES = 10_000
"""So many pages of one file are read: a longer one is many documents."""


def open_pdf(data: bytes) -> pypdfium2.PdfDocument:
    """Open a PDF, with its form. Raises ReadError for what is none, is broken, or asks for a password.

    pdfium serves one thread alone. Readers have a process of their own, in which one file is read after the other: no
    lock is needed here.
    """
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise _refusal(data, error) from None
    if document.get_formtype() != pdfium.FORMTYPE_NONE:
        document.init_forms()
    return document


def _refusal(data: bytes, error: pypdfium2.PdfiumError) -> ReadError:
    if error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
        reason = "is encrypted and asks for a password: save it without one, by printing it to a PDF for one"
        return ReadError(FailureKind.ENCRYPTED_DOCUMENT, reason)
    if b"%PDF-" not in data[:_HEAD]:
        return ReadError(FailureKind.BROKEN_DOCUMENT, "is no PDF, although its name says so")
    reason = "is a broken PDF: it was cut off or damaged on its way; open it in a viewer and save it anew"
    return ReadError(FailureKind.BROKEN_DOCUMENT, reason)


_HEAD = 1024
"""A PDF begins within so many bytes: what came before is of the mail, or the server, that it went through."""


def chosen_pages(count: int, options: ReadOptions) -> list[int]:
    """Return the numbers of the pages that are read. Raises ReadError where there are none, or too many."""
    if not count:
        raise ReadError(FailureKind.BROKEN_DOCUMENT, "is a PDF of no page")
    chosen = [number for number in range(1, count + 1) if options.takes_page(number)]
    if not chosen:
        pages = f"{count:,} pages" if count > 1 else "1 page"
        raise ReadError(FailureKind.EMPTY_DOCUMENT, f"has {pages}, none of which --pages names")
    if len(chosen) > _MOST_PAGES:
        reason = f"has {len(chosen):,} pages to read, and {_MOST_PAGES:,} is the most: choose some with --pages"
        raise ReadError(FailureKind.TOO_LARGE, reason)
    return chosen


@contextmanager
def open_page(document: pypdfium2.PdfDocument, number: int) -> Iterator[pypdfium2.PdfPage]:
    """Open a page by its number, and forget it afterwards. Raises ReadError for one that is broken."""
    try:
        page = document[number - 1]
    except pypdfium2.PdfiumError:
        reason = f"is a broken PDF: page {number:,} cannot be read; --pages can leave it out"
        raise ReadError(FailureKind.BROKEN_DOCUMENT, reason) from None
    try:
        yield page
    finally:
        page.close()
