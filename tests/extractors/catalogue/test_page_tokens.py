"""What pages cost that are sent as they are."""

import copy
import pickle

from slotfill.extractors.catalogue.page_tokens import MOST_IMAGE_TOKENS, PAGE_SIZE, PDFData


def test_a_page_counts_as_its_text_and_its_image():
    assert PDFData.of("JVBERi0=", pages=3, characters=0).size == 3 * PAGE_SIZE
    dense = PDFData.of("JVBERi0=", pages=1, characters=20_000)
    assert dense.size == MOST_IMAGE_TOKENS + 40_000


def test_it_is_the_text_that_it_was_and_stays_what_it_is_when_copied():
    data = PDFData.of("JVBERi0=", pages=2, characters=0)
    assert data == "JVBERi0="
    for again in (copy.deepcopy(data), pickle.loads(pickle.dumps(data))):
        assert (again, again.pages, again.size) == (data, 2, data.size)
