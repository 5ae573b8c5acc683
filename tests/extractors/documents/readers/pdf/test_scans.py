"""Pages without text: they are sent as they are, or read by OCR, or refused, and never lost in silence."""

import pypdfium2
import pytest
from drawn_pages import Drawing, picture_of, plain

from slotfill.extractors.documents.readers.pdf import native_pages as native_pages_module
from slotfill.extractors.documents.readers.pdf import scans
from slotfill.extractors.documents.readers.pdf.native_pages import native_pages
from slotfill.extractors.documents.readers.pdf.pdf_reader import read as reader
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.documents.readers.read_file import read_file
from slotfill.extractors.documents.readers.read_options import ReadOptions


def read(data, *, pdf="auto", native=True):
    *steps, part = reader(data, ReadOptions(pdf=pdf, native=native))
    assert {*steps} == {None}
    return part


def refusal(data, **options):
    with pytest.raises(ReadError) as caught:
        read(data, **options)
    assert caught.value.failure.type.value == "scanned_document"
    return caught.value.failure.message


def document(kinds):
    """Draw a page a letter: t has text, s is a scan, e is empty, w is white, c is a picture with its page's number."""
    drawing = Drawing()
    for number, kind in enumerate(kinds):
        if number:
            drawing.next_page()
        if kind == "t":
            drawing.line((72, 700), f"page {number + 1}", size=12)
        if kind in "sc":
            drawing.canvas.drawImage(picture_of("Order 4711"), 0, 0, 595, 842)
        if kind == "c":
            drawing.line((300, 30), "Page 1 of 1", size=12)
        if kind == "w":
            drawing.canvas.setFillGray(1)
            drawing.canvas.rect(0, 0, 595, 842, stroke=0, fill=1)
    return drawing.done()


@pytest.fixture
def without_ocr(monkeypatch):
    monkeypatch.setattr(scans, "has_ocr", lambda: False)


def sent(part):
    return [(pages.numbers, part.text[pages.start : pages.end]) for pages in part.pages]


def test_scans_that_are_left_out_are_told(caplog):
    assert read(document("tss"), pdf="text").warning == (
        "2 pages (2, 3) are scanned, and not in the text: --pdf text leaves them out; --pdf native has a Claude model "
        "look at pages"
    )
    assert read(document("te"), pdf="text").warning == ""
    assert read(document("ts")).warning == ""
    with caplog.at_level("WARNING", "slotfill"):
        [*read_file(document("ts"), "offer.pdf", ReadOptions(pdf="text"))]
    assert caplog.messages[0].startswith("offer.pdf: page 2 is scanned, and not in the text")


def test_scans_are_sent_as_they_are_and_text_is_not():
    part = read(document("tsste"))
    assert sent(part) == [((2, 3), "")]
    assert [text for text in part.text.split("\n") if text] == ["page 1", "page 4"]
    assert len(pypdfium2.PdfDocument(part.pages[0].data)) == 2


def test_all_pages_are_sent_where_that_is_asked_for_with_the_text_that_stands_for_them():
    part = read(plain(*(f"page {number}" for number in range(1, 24))), pdf="native")
    assert [pages.numbers for pages in part.pages] == [(*range(1, 11),), (*range(11, 21),), (21, 22, 23)]
    assert part.text[part.pages[2].start : part.pages[2].end] == "page 21\n\n\npage 22\n\n\npage 23"


@pytest.mark.usefixtures("without_ocr")
def test_a_scan_that_nothing_can_see_names_both_ways_out():
    message = refusal(document("tst"), native=False)
    assert "page 2 is scanned" in message
    assert "--pdf native" in message
    assert "pip install 'slotfill[ocr]'" in message
    assert "all its pages are scanned" in refusal(document("ss"), pdf="text")
    assert "needs an extra" in refusal(document("s"), pdf="ocr")


def test_what_cannot_be_sent_is_not_asked_for():
    assert "none of Claude's" in refusal(document("t"), pdf="native", native=False)


@pytest.mark.usefixtures("without_ocr")
def test_text_alone_is_read_where_that_is_asked_for():
    part = read(document("ts"), pdf="text")
    assert part.text.strip() == "page 1"
    assert not part.pages


@pytest.mark.usefixtures("without_ocr")
def test_a_page_that_is_empty_or_white_is_no_scan():
    assert read(document("tew"), native=False).text.strip() == "page 1"
    assert read(document("ew"), native=False).text.strip() == ""


def test_a_picture_with_its_page_number_is_a_scan():
    part = read(document("c"))
    assert sent(part) == [((1,), "Page 1 of 1")]


def test_pieces_are_halved_where_they_are_large_and_a_page_that_is_too_large_is_named(monkeypatch):
    document_ = pypdfium2.PdfDocument(document("ssss"))
    stretches = {number: (0, 0, {}) for number in range(1, 5)}
    stretches = {number: native_pages_module.Stretch(*stretch) for number, stretch in stretches.items()}
    whole = len(next(native_pages(document_, [1, 2, 3, 4], stretches)).data)
    monkeypatch.setattr(native_pages_module, "_LARGE", whole - 1)
    assert [pages.numbers for pages in native_pages(document_, [1, 2, 3, 4], stretches)] == [(1, 2), (3, 4)]
    monkeypatch.setattr(native_pages_module, "_LARGE", 10)
    monkeypatch.setattr(native_pages_module, "_TOO_LARGE", 10)
    with pytest.raises(ReadError, match="page 3 alone has"):
        [*native_pages(document_, [3], stretches)]
