"""Pages of a PDF as PDFs of their own, small enough to be sent."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence

import pypdfium2

from slotfill.extractors.documents.pdf_pages import PDFPages
from slotfill.extractors.documents.place_map import Stretch
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.record.failure_kinds import FailureKind

__all__ = ["native_pages"]

_MOST_PAGES = 10
"""So many pages are sent in one piece, at 1,500 to 3,000 tokens each."""

_LARGE = 15_000_000
"""Bytes above which a piece is halved: in base64 it is a third longer, and requests hold 32 MB."""

_MADE_AT = re.compile(rb"(/CreationDate\(D:)\d{14}([^)]{0,8})(\)/Creator\(PDFium\))")
"""`/CreationDate(D:20261129173247+00'00')/Creator(PDFium)`, as pdfium describes what it has made."""

_IDENTIFIER = re.compile(rb"/ID\[<[0-9A-F]{32}><[0-9A-F]{32}>\](?=>>\s*startxref\s+\d+\s+%%EOF\s*\Z)")
"""`/ID[<1FBAFB…><1FBAFB…>]`, the last of the trailer, which ends the file."""

_TOO_LARGE = 22_000_000
"""Bytes above which a page does not fit into a request."""


def native_pages(
    document: pypdfium2.PdfDocument, numbers: Sequence[int], stretches: Mapping[int, Stretch]
) -> Iterator[PDFPages]:
    """Yield pages in pieces: pages that follow each other, with the stretch of the text that stands for them.

    numbers: the pages, in order. stretches: where the text of each page is.

    Raises ReadError for a page that is too large by itself.
    """
    for run in _runs(numbers):
        yield from _pieces(document, run, stretches)


def _runs(numbers: Sequence[int]) -> Iterator[list[int]]:
    run: list[int] = []
    for number in numbers:
        if run and (number != run[-1] + 1 or len(run) == _MOST_PAGES):
            yield run
            run = []
        run.append(number)
    if run:
        yield run


def _pieces(
    document: pypdfium2.PdfDocument, numbers: list[int], stretches: Mapping[int, Stretch]
) -> Iterator[PDFPages]:
    data = _copied(document, numbers)
    if len(data) > _LARGE and len(numbers) > 1:
        middle = len(numbers) // 2
        yield from _pieces(document, numbers[:middle], stretches)
        yield from _pieces(document, numbers[middle:], stretches)
    elif len(data) > _TOO_LARGE:
        size = f"{len(data) // 1_000_000} MB, and {_TOO_LARGE // 1_000_000} MB is the most that can be sent"
        reason = f"page {numbers[0]:,} alone has {size}: save it with smaller pictures"
        raise ReadError(FailureKind.TOO_LARGE, reason)
    else:
        start, end = stretches[numbers[0]].start, stretches[numbers[-1]].end
        is_blank = all(stretches[number].start == stretches[number].end for number in numbers)
        yield PDFPages(data, tuple(numbers), start, start if is_blank else end)


def _copied(document: pypdfium2.PdfDocument, numbers: list[int]) -> bytes:
    copy = pypdfium2.PdfDocument.new()
    try:
        copy.import_pages(document, [number - 1 for number in numbers])
        buffer = io.BytesIO()
        copy.save(buffer)
    finally:
        copy.close()
    return _without_moment(buffer.getvalue())


def _without_moment(data: bytes) -> bytes:
    """Take out of a PDF when it was made: the same pages are the same document tomorrow, and answered already.

    pdfium writes the time into what it saves, and an identifier made by chance; both are replaced by as many bytes.
    """
    undated = _MADE_AT.sub(_as_of_old, data)
    own = hashlib.sha256(_IDENTIFIER.sub(b"", undated)).hexdigest()[:32].upper().encode()
    return _IDENTIFIER.sub(b"/ID[<%b><%b>]" % (own, own), undated)


def _as_of_old(made: re.Match[bytes]) -> bytes:
    zone = re.sub(rb"\d", b"0", made[2]).replace(b"-", b"+")
    return b"".join((made[1], b"20000101000000", zone, made[3]))
