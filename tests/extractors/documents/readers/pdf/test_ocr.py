"""Scans read by OCR, in the process of readers: with no network and under its limits."""

from dataclasses import replace

import pytest
from drawn_pages import Drawing, picture_of

from slotfill.extractors.documents.readers.isolation import read_apart
from slotfill.extractors.documents.readers.kinds import file_kind
from slotfill.extractors.documents.readers.pdf.ocr import has_ocr
from slotfill.extractors.documents.readers.read_options import ReadOptions

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not has_ocr(), reason="OCR is not installed: pip install 'slotfill[ocr]'"),
]


def read(data, **options):
    (part,) = read_apart(file_kind("a.pdf"), data, replace(ReadOptions(), **options))
    return part


def scan():
    drawing = Drawing()
    drawing.line((72, 700), "a page of text", size=12)
    drawing.next_page()
    drawing.canvas.drawImage(picture_of("Order 4711\nTotal 1,250.00 EUR\nErika Mustermann"), 0, 0, 595, 842)
    return drawing.done()


def test_a_scan_is_read_where_no_model_can_look_at_it():
    part = read(scan(), native=False)
    assert part.text.split("\n\n\n")[0] == "a page of text"
    assert "Order 4711" in part.text
    assert not part.pages
    start = part.text.index("1,250.00")
    place = part.places.place_of(start, start + 8)
    assert place["page"] == 2
    left, top, right, bottom = place["box"]
    assert 120 < left < 170
    assert 190 < right < 290
    assert 140 < (top + bottom) / 2 / 842 * 1754 - 200 < 190  # the second line is drawn at 320 of 1754 pixels


def test_every_page_is_read_so_where_that_is_asked_for():
    assert "page of text" in read(scan(), pdf="ocr", pages=((1, 1),)).text
