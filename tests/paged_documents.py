"""Documents with pages that are sent as they are, made here: by pypdfium2, each page blank."""

from functools import lru_cache
from io import BytesIO

import pypdfium2

from slotfill import Document
from slotfill.extractors.documents.pdf_pages import PDFPages
from slotfill.extractors.documents.readers.read_text import ReadText


@lru_cache(maxsize=64)
def pdf(pages=1, width=200):
    """Make a PDF of so many blank pages."""
    made, file = pypdfium2.PdfDocument.new(), BytesIO()
    for _ in range(pages):
        made.new_page(width, 300)
    made.save(file)
    made.close()
    return file.getvalue()


def paged_document(*parts, first=1, source="file.pdf", data=pdf):
    """Make a document: a text stands for itself, a number for so many scans, `(number, text)` for pages with a text.

    paged_document("Page one.", 2, (1, "Page four.")) has the scans 2 and 3, and page 4 with the text that it has.
    """
    text, pages, number = "", [], first
    for part in parts:
        if isinstance(part, str):
            text += part
            number += 1
            continue
        count, own = part if isinstance(part, tuple) else (part, "")
        numbers = tuple(range(number, number + count))
        pages.append(PDFPages(data(count), numbers, len(text), len(text) + len(own)))
        text += own
        number += count
    return Document.of_file(ReadText(text, pages=tuple(pages)), source)
