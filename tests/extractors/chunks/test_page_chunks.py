"""Documents of which pages are sent as they are, in chunks: every page once, in order, and never too much at once."""

import json
from dataclasses import replace

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from paged_documents import paged_document
from pydantic import BaseModel

from slotfill import Outcome, Schema
from slotfill.extractors.catalogue.page_tokens import PAGE_SIZE
from slotfill.extractors.chunks import page_chunks
from slotfill.extractors.chunks.page_chunks import most_at_once, split_pages, weight_of
from slotfill.extractors.chunks.reading import ChunkReader
from slotfill.extractors.clients.codec import Codec
from slotfill.extractors.plan import plan
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.rungs.asks import Answer, Policy
from slotfill.schemas.wire.wire import wire_for


class Facts(BaseModel):
    """List all facts."""

    facts: list[str]


SCHEMA = Schema(Facts)
POLICY = Policy("claude-haiku-5-5", ("structured",), max_tokens=100, ceiling=1000, takes_pages=True)
TEXTS = st.sampled_from(["", " ", "\n\n", "One line.\n", "word " * 300, "A sentence. " * 2000])
BLOCKS = st.tuples(st.integers(1, 10), TEXTS)
DOCUMENTS = st.lists(TEXTS | BLOCKS, min_size=1, max_size=40).filter(lambda parts: any(map(bool, parts)))
FACTS = Answer(json='{"facts": []}', text='{"facts": []}', stop_reason="end_turn")
TOO_LONG = Answer(failure=Failure(FailureKind.TOO_LONG, "A maximum of 100 PDF pages may be provided."))


def fake_pdf(pages):
    """Stand for a PDF of so many pages, 1.2 MB each: what is chunked is never opened."""
    return b"%PDF-" + bytes([pages]) * (1_200_000 * pages)


def light_pdf(pages):
    return b"%PDF-" + bytes([pages])


def drive(document, answer, policy=POLICY, schema=SCHEMA):
    """Answer each ask by a function; give the asks and the extraction."""
    course, asks, answers = plan(document, schema, policy), [], None
    while True:
        try:
            several = course.send(answers)
        except StopIteration as end:
            return asks, end.value
        asks += several
        answers = tuple(map(answer, several))


def numbers_of(asks):
    return [number for ask in asks for turn in ask.prompt.turns for pages in turn.pages for number in pages.numbers]


@examples(60)
@given(DOCUMENTS, st.none() | st.integers(100, 200_000))
def test_every_page_and_every_word_is_sent_once_and_no_limit_is_exceeded(parts, chars):
    document = paged_document(*parts, data=light_pdf)
    if document.failure or not document.pages:
        return
    most = most_at_once(chars, 10_000)
    chunks = split_pages(document, most)
    assert [number for chunk in chunks for pages in chunk.pages for number in pages.numbers] == [
        number for pages in document.pages for number in pages.numbers
    ]
    reached = 0
    for chunk in chunks:
        assert not document.text[reached : chunk.start].strip()
        reached = max(reached, chunk.end)
        part = document.excerpt(chunk.start, chunk.end, chunk.pages)
        assert (len(chunk.pages) == 1 and not part.text_beside_pages.strip()) or weight_of(part).fits(most)
        assert part.text == chunk.text
    assert not document.text[reached:].strip()


@examples(30)
@given(DOCUMENTS, st.none() | st.integers(1_000, 200_000))
def test_every_page_is_asked_about_once_a_reading(parts, chars):
    document = paged_document(*parts, data=light_pdf)
    if document.failure or not document.pages:
        return
    asks, extraction = drive(document, lambda _: FACTS, replace(POLICY, chunk_chars=chars))
    assert sorted(numbers_of(asks)) == numbers_of(asks) == [n for pages in document.pages for n in pages.numbers]
    assert extraction.outcome is Outcome.VALID
    again, other = drive(document, lambda _: FACTS, replace(POLICY, chunk_chars=chars))
    assert [ask.digest for ask in again] == [ask.digest for ask in asks]
    assert other.to_json() == extraction.to_json()


def test_a_hundred_pages_are_the_most_of_a_request():
    document = paged_document(*[10] * 25, data=light_pdf)
    asks, extraction = drive(document, lambda _: FACTS)
    assert [len(numbers_of([ask])) for ask in asks] == [100, 100, 50]
    assert [(chunk.chunk, len(chunk.pages)) for chunk in extraction.chunks] == [(0, 100), (1, 100), (2, 50)]
    assert extraction.to_json()["chunks"][2]["pages"] == [*range(201, 251)]


def test_a_body_has_at_most_32_mb_with_all_that_is_in_it():
    schema = Schema(Facts, instructions="Heed this. " * 200_000)
    document = paged_document("x" * 3_000_000, *[5] * 12, data=fake_pdf)
    asks, _ = drive(document, lambda _: FACTS, schema=schema)
    wire = wire_for(schema)
    codec = Codec(schema.name, wire.full, wire.reduced)
    sizes = [len(json.dumps(codec.encode(ask)).encode()) for ask in asks]
    assert len(sizes) > 3
    assert max(sizes) < 32_000_000
    assert [*numbers_of(asks)] == [n for pages in document.pages for n in pages.numbers]


def test_a_page_counts_as_its_tokens_do_against_the_size_of_chunks():
    document = paged_document("a" * 1000, *[1] * 6, data=light_pdf)
    asks, _ = drive(document, lambda _: FACTS, replace(POLICY, chunk_chars=2 * PAGE_SIZE))
    assert [len(numbers_of([ask])) for ask in asks] == [1, 2, 2, 1]


def test_a_text_between_pages_goes_with_its_neighbours():
    document = paged_document(1, "between", 1, "after", 1, data=light_pdf)
    (chunk,) = split_pages(document, most_at_once(None, 0))
    assert chunk.text == "betweenafter"
    most = most_at_once(PAGE_SIZE + 10, 0)
    assert [(chunk.text, len(chunk.pages)) for chunk in split_pages(document, most)] == [
        ("between", 1),
        ("after", 1),
        ("", 1),
    ]


def refused_above(pages):
    return lambda ask: TOO_LONG if len(numbers_of([ask])) > pages else FACTS


def test_what_is_refused_as_too_long_is_parted_between_its_pdfs():
    document = paged_document("Some words.", *[4] * 8, data=light_pdf)
    asks, extraction = drive(document, refused_above(10))
    served = [ask for ask in asks if len(numbers_of([ask])) <= 10]
    assert sorted(numbers_of(served)) == [*range(2, 34)]
    assert extraction.outcome is Outcome.VALID
    assert sorted(n for chunk in extraction.chunks for n in chunk.pages) == [*range(2, 34)]
    assert [chunk.chunk for chunk in extraction.chunks] == [*range(len(extraction.chunks))]


def test_a_pdf_that_is_refused_by_itself_ends_with_its_failure():
    asks, extraction = drive(paged_document(4, data=light_pdf), refused_above(2))
    assert len(asks) == 1
    assert extraction.error.type is FailureKind.TOO_LONG
    asks, extraction = drive(paged_document(4, 2, data=light_pdf), refused_above(2))
    assert extraction.outcome is Outcome.PARTIAL
    assert "pages 1 to 4" in extraction.error.message


def test_chunks_of_scans_are_told_apart_where_none_has_a_text():
    document = paged_document("Before.", 60, 60, "After.", 60, data=light_pdf)
    answers = iter(range(10))

    def numbered(_):
        text = json.dumps({"facts": [f"fact {next(answers)}"]})
        return Answer(json=text, text=text, stop_reason="end_turn")

    _, extraction = drive(document, numbered)
    assert extraction.value.facts == ["fact 0", "fact 1", "fact 2"]
    assert [(chunk.chunk, chunk.pages[0]) for chunk in extraction.chunks] == [(0, 2), (1, 62), (2, 123)]


def test_a_text_alone_is_split_as_ever():
    text = "A sentence. " * 500
    reader = ChunkReader(paged_document(text), SCHEMA, replace(POLICY, chunk_chars=1_000))
    texts = [question.document for question in reader.split()]
    assert all(document.id == type(document).of(document.text).id for document in texts)
    assert len(texts) > 5


@pytest.mark.parametrize("around", [0, 40_000_000])
def test_a_prompt_that_leaves_no_room_still_sends_each_pdf(around):
    document = paged_document(2, 2, data=light_pdf)
    chunks = split_pages(document, most_at_once(None, around))
    assert len(chunks) == (1 if around < page_chunks.REQUEST_BYTES else 2)
