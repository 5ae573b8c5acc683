"""Pages as PDFs of their own."""

import pypdfium2
from paged_documents import pdf

from slotfill.extractors.documents.place_map import Stretch
from slotfill.extractors.documents.readers.pdf.native_pages import native_pages


def copied(data, numbers):
    with pypdfium2.PdfDocument(data) as document:
        return [*native_pages(document, numbers, dict.fromkeys(numbers, Stretch(0, 0, {})))]


def test_the_same_pages_are_the_same_whenever_they_are_read():
    # A run that goes on, a tape and a further turn know a document by them.
    (one,), (other,) = copied(pdf(3), [1, 2]), copied(pdf(3), [1, 2])
    assert one.data == other.data
    assert b"/CreationDate(D:20000101000000+00'00')/Creator(PDFium)" in one.data
    (wider,) = copied(pdf(3, 300), [1, 2])
    assert wider.digest != one.digest
    with pypdfium2.PdfDocument(one.data) as again:
        assert len(again) == 2
