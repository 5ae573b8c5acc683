"""Pages without text: which of them show something all the same, and what becomes of those."""

from __future__ import annotations

from enum import Enum, auto

import pypdfium2
import pypdfium2.raw as pdfium

from slotfill.extractors.documents.readers.pdf.ocr import has_ocr
from slotfill.extractors.documents.readers.pdf.segments import PageText
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.documents.readers.read_options import ReadOptions
from slotfill.extractors.record.failure_kinds import FailureKind

__all__ = ["ScanReading", "is_scan", "left_out", "no_text", "scan_reading"]

_FEW = 80
"""So few letters on a page that is one picture are its page number, or a stamp."""

_MOST_OF_IT = 0.6
"""A picture over so much of a page is the page."""

_MOSTLY = 0.5
"""Where so many letters are mapped to nothing, what stands there is a drawing of a text."""

_LOOK = 0.5
"""Pixels a point at which a page is looked at for whether anything is on it."""


class ScanReading(Enum):
    """How pages that have no text are read."""

    NATIVE = auto()
    OCR = auto()
    NONE = auto()
    """They give nothing: `--pdf text` wants it so."""
    IMPOSSIBLE = auto()


def scan_reading(options: ReadOptions) -> ScanReading:
    """Tell how scans are read. Raises ReadError where it was asked for what is not possible."""
    match options.pdf:
        case "text":
            return ScanReading.NONE
        case "native" if not options.native:
            reason = "cannot be sent as it is to a model that is none of Claude's: use --pdf text or --pdf ocr"
            raise ReadError(FailureKind.SCANNED_DOCUMENT, reason)
        case "ocr" if not has_ocr():
            raise ReadError(FailureKind.SCANNED_DOCUMENT, f"is to be read by OCR, which needs an extra: {_INSTALL}")
        case "ocr":
            return ScanReading.OCR
        case "native":
            return ScanReading.NATIVE
    if options.native:
        return ScanReading.NATIVE
    return ScanReading.OCR if has_ocr() else ScanReading.IMPOSSIBLE


_INSTALL = "pip install 'slotfill[ocr]'"


def no_text(scans: list[int], pages: int) -> ReadError:
    """Say that pages have no text, and what to do about it."""
    which = "all its pages are" if len(scans) == pages > 1 else _listed(scans)
    reason = f"{which} scanned: use --pdf native with a Claude model, which looks at pages, or OCR: {_INSTALL}"
    return ReadError(FailureKind.SCANNED_DOCUMENT, reason)


def left_out(scans: list[int], reading: ScanReading) -> str:
    """Say of a file that is read all the same which of its pages give nothing; "" where none does."""
    if not scans or reading is ScanReading.NATIVE:
        return ""
    way_out = "no letter was told by OCR" if reading is ScanReading.OCR else "--pdf text leaves them out"
    return f"{_listed(scans)} scanned, and not in the text: {way_out}; --pdf native has a Claude model look at pages"


def _listed(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"page {numbers[0]:,} is"
    some = ", ".join(f"{number:,}" for number in numbers[:_LISTED])
    return f"{len(numbers):,} pages ({some}{', …' if len(numbers) > _LISTED else ''}) are"


_LISTED = 5


def is_scan(page: pypdfium2.PdfPage, text: PageText) -> bool:
    """Whether what a page shows is no text to pdfium: a picture of one, or glyphs that are mapped to no letters."""
    letters = sum(segment.end - segment.start for segment in text.segments)
    if not letters:
        return _shows_something(page)
    return text.unmapped > _MOSTLY or (letters < _FEW and _is_one_picture(page))


def _shows_something(page: pypdfium2.PdfPage) -> bool:
    """Whether a page is not of one colour; not how many objects are on it, of which a white background is one."""
    if not pdfium.FPDFPage_CountObjects(page):
        return False
    width, height = page.get_size()
    scale = min(_LOOK, _LARGEST_LOOK / max(width, height, 1))
    pixels = bytes(page.render(scale=scale, grayscale=True, may_draw_forms=False).buffer)
    return len(set(pixels)) > 1


_LARGEST_LOOK = 1_000


def _is_one_picture(page: pypdfium2.PdfPage) -> bool:
    width, height = page.get_size()
    for picture in page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_IMAGE,), max_depth=2):
        left, bottom, right, top = picture.get_bounds()
        if (right - left) * (top - bottom) >= _MOST_OF_IT * width * height:
            return True
    return False
