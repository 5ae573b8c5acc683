"""Pages that are sent as they are: what a document knows of them."""

import pytest
from paged_documents import paged_document, pdf

from slotfill import Document, Span
from slotfill.extractors.catalogue.page_tokens import PAGE_SIZE
from slotfill.extractors.documents.pdf_pages import PDFPages, page_list
from slotfill.extractors.documents.place_map import PlaceMap, Stretch


def test_base64_is_written_once_and_is_as_long_as_it_was_said():
    for size in range(5):
        pages = PDFPages(b"x" * size, (1,))
        assert len(pages.base64) == pages.base64_bytes
        assert pages.base64 is pages.base64
    digest, base64 = pages.digest, pages.base64
    moved = pages.moved(7)
    assert (moved.start, moved.end) == (7, 7)
    assert moved.base64 is base64
    assert moved.digest is digest


def test_it_carries_how_many_pages_it_has_and_what_they_count_as():
    scan, dense = PDFPages(pdf(3), (1, 2, 3)), PDFPages(pdf(), (1,), 0, 50_000)
    assert (scan.base64.pages, scan.base64.size) == (3, 3 * PAGE_SIZE)
    assert dense.base64.size > 50_000


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((3,), "page 3"),
        ((1, 2, 3, 7), "pages 1 to 3, 7"),
        (tuple(range(1, 40, 2)), "pages 1, 3, 5, 7, 9 and 15 more"),
    ],
)
def test_pages_are_named_in_words(numbers, text):
    assert page_list(numbers) == text


def test_a_document_is_its_text_and_its_pages():
    text, scan = paged_document("One.", 1), paged_document(1)
    assert len({text.id, scan.id, Document.of("One.").id, paged_document("One.", 2).id}) == 4
    assert scan.failure is None
    assert (text.text_beside_pages, text.page_count) == ("One.", 1)
    assert paged_document((1, "Two."), "Three.").text_beside_pages == "Three."


def test_an_excerpt_has_the_text_and_the_pages_of_its_own():
    document = paged_document("One. ", (1, "Two. "), "Three. ", 1)
    part = document.excerpt(5, 17, document.pages[:1])
    assert part.text == "Two. Three. "
    assert [(pages.start, pages.end, pages.numbers) for pages in part.pages] == [(0, 5, (2,))]
    assert document.excerpt(0, 4, ()) == Document.of("One.")


def test_a_value_that_stands_nowhere_may_stand_on_a_scan():
    absent, exact = Span(None, None, "absent"), Span(0, 3, "exact")
    spans = paged_document("One.", 1, "Three.", 2).with_places({"/a": absent, "/b": exact})
    assert spans["/a"].reason == "may stand on pages 2, 4 to 5, which have no text layer"
    assert spans["/b"] == exact
    known = paged_document("One.", (1, "Two."))
    assert known.with_places({"/a": absent}) == {"/a": absent}
    assert type(known.quotable) is str


def test_places_tell_which_of_several_pages_is_a_scan():
    places = PlaceMap((Stretch(0, 4, {"page": 1}), Stretch(5, 5, {"page": 2}), Stretch(5, 11, {"page": 3})))
    document = Document("One. Three.", "0" * 64, places=places, pages=(PDFPages(pdf(3), (1, 2, 3), 0, 11),))
    assert document.pages_without_text == (2,)
    part = document.excerpt(5, 11, ())
    assert part.pages_without_text == ()
