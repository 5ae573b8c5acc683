"""PDF files: page by page in reading order, each letter with its box; scans as the pages that they are, or by OCR."""

from __future__ import annotations

from array import array
from collections.abc import Generator, Iterator

import pypdfium2

from slotfill.extractors.documents.place_map import PlaceMap, Stretch
from slotfill.extractors.documents.readers.pdf.annotations import page_annotations, with_annotations
from slotfill.extractors.documents.readers.pdf.native_pages import native_pages
from slotfill.extractors.documents.readers.pdf.ocr import ocr_steps
from slotfill.extractors.documents.readers.pdf.page_frame import PageFrame
from slotfill.extractors.documents.readers.pdf.page_layout import page_blocks
from slotfill.extractors.documents.readers.pdf.pdf_file import chosen_pages, open_page, open_pdf
from slotfill.extractors.documents.readers.pdf.scans import ScanReading, is_scan, left_out, no_text, scan_reading
from slotfill.extractors.documents.readers.pdf.segments import NO_TEXT, PageText, read_page_text
from slotfill.extractors.documents.readers.pdf.text_writer import TextWriter
from slotfill.extractors.documents.readers.read_options import ReadOptions
from slotfill.extractors.documents.readers.read_text import ReadText

__all__ = ["read"]

_PAGE_END = "\n\n\n"
"""Between two pages: more line ends than anywhere else, where a long text is divided first. Chunks are page ranges."""


def read(data: bytes, options: ReadOptions) -> Iterator[ReadText | None]:
    """Read a PDF. Raises ReadError for one that cannot be read."""
    document = open_pdf(data)
    try:
        yield from _Reading(document, options).steps()
    finally:
        document.close()


class _Reading:
    """The reading of one file."""

    def __init__(self, document: pypdfium2.PdfDocument, options: ReadOptions) -> None:
        self._document = document
        self._is_native = options.pdf == "native"
        self._is_ocr = options.pdf == "ocr"
        self._of_scans = scan_reading(options)
        self._numbers = chosen_pages(len(document), options)
        self._writer = TextWriter()
        self._stretches: dict[int, Stretch] = {}
        self._scans: list[int] = []

    def steps(self) -> Iterator[ReadText | None]:
        """Yield None a page, or oftener, and then the text."""
        for number in self._numbers:
            if self._stretches:
                self._writer.write(_PAGE_END)
            start = len(self._writer)
            with open_page(self._document, number) as page:
                yield from self._write_page(page, number)
            self._stretches[number] = Stretch(start, len(self._writer), {"page": number})
            yield None
        warning = left_out(self._check_scans(), self._of_scans)
        places = PlaceMap(tuple(self._stretches.values()), self._writer.boxes.tobytes())
        sent = self._numbers if self._is_native else self._scans if self._of_scans is ScanReading.NATIVE else []
        pages = tuple(native_pages(self._document, sent, self._stretches))
        yield ReadText(self._writer.text, places, pages=pages, warning=warning)

    def _write_page(self, page: pypdfium2.PdfPage, number: int) -> Iterator[None]:
        frame = PageFrame.of(page.raw)
        annotations = page_annotations(self._document, page, frame)
        text = yield from self._page_text(page, number, frame)
        if annotations:
            text = with_annotations(text, [one for one in annotations if not one.is_comment])
        self._writer.write_blocks(text, page_blocks(text.text, text.segments))
        for comment in annotations:
            if comment.is_comment:
                self._writer.write("\n\n")
                self._writer.write(f"[comment: {comment.text}]", array("f", comment.box))

    def _page_text(self, page: pypdfium2.PdfPage, number: int, frame: PageFrame) -> Generator[None, None, PageText]:
        if self._is_ocr:
            if is_scan(page, NO_TEXT):  # not a blank one
                self._scans.append(number)
            return (yield from ocr_steps(page))
        text = read_page_text(page.raw, frame)
        if not is_scan(page, text):
            return text
        self._scans.append(number)
        if self._of_scans is ScanReading.OCR:
            return (yield from ocr_steps(page))
        return NO_TEXT if text.unmapped else text  # what its glyphs are mapped to is no text

    def _check_scans(self) -> list[int]:
        """Return the scans that give no text. Raises ReadError where pages would be lost, or all of the file."""
        blank = [number for number in self._scans if self._stretches[number].start == self._stretches[number].end]
        is_lost = self._of_scans is ScanReading.IMPOSSIBLE or not self._writer.text.strip()
        if blank and is_lost and self._of_scans is not ScanReading.NATIVE:
            raise no_text(blank, len(self._numbers))
        return blank
