import dataclasses
from pathlib import Path

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from slotfill import Document, Extractor, Failure, FailureKind, InputError, Outcome, load_record
from slotfill.extractors.documents.joining.document_joining import join_documents
from slotfill.extractors.documents.place_map import PlaceMap, Stretch
from slotfill.extractors.record.parts import Span
from slotfill.extractors.testing import SimulatedClaude
from slotfill.passages import SEPARATOR, Passage, SourceSpan, join_passages, seam_crossings, source_spans

BROKEN = Failure(FailureKind.UNREADABLE, "cannot be read: it is broken")
QUOTES = {
    "type": "object",
    "properties": {"words": {"type": "array", "items": {"type": "string"}}},
    "required": ["words"],
}


def extracted(document, *words, **options):
    with Extractor(QUOTES, client=SimulatedClaude([{"words": [*words]}]).client(), **options) as extractor:
        return extractor.extract(document)


def test_values_are_traced_to_source_and_offset():
    passages = [
        Passage("Refunds within 30 days.", "refunds.md", 112),
        "Postage is free.",
        Document.of("Ends.", "z.txt"),
    ]
    document = join_passages(passages, source="handbook")
    assert document.text == SEPARATOR.join(("Refunds within 30 days.", "Postage is free.", "Ends."))
    extraction = extracted(document, "30 days", "free", "Ends", "nowhere at all")
    assert source_spans(extraction) == {
        "/words/0": (SourceSpan("refunds.md", 127, 134),),
        "/words/1": (SourceSpan("passage 2", 11, 15),),
        "/words/2": (SourceSpan("z.txt", 0, 4),),
    }
    assert seam_crossings(extraction) == ()
    record = extraction.to_json()
    assert record["spans"]["/words/0"]["place"] == {"source": "refunds.md", "start": 127, "end": 134}
    assert [one["source"] for one in record["document"]["inputs"]] == ["refunds.md", "passage 2", "z.txt"]
    stored = load_record(record, extraction.refiner.schema)
    assert stored.document.inputs == document.inputs
    assert source_spans(stored) == source_spans(extraction)


def test_what_crosses_a_seam_is_told_with_both_sides():
    extraction = extracted(join_passages(["It is ten", "days long."], separator=" "), "ten days", "long")
    assert seam_crossings(extraction) == ("/words/0",)
    assert source_spans(extraction)["/words/0"] == (SourceSpan("passage 1", 6, 9), SourceSpan("passage 2", 0, 4))
    assert extraction.spans["/words/0"].place["crosses"] == [{"source": "passage 2", "start": 0, "end": 4}]


@examples(100)
@given(
    st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=9), min_size=1, max_size=6), st.data()
)
def test_each_stretch_of_the_whole_is_the_same_in_its_sources(texts, data):
    joined = join_passages(texts)
    start = data.draw(st.integers(0, len(joined.text) - 1))
    end = data.draw(st.integers(start + 1, len(joined.text)))
    placed = joined.with_places({"": Span(start, end, "exact")})[""].place
    parts = [] if placed is None else [placed, *placed.get("crosses", [])]
    inside = [texts[int(one["source"].removeprefix("passage ")) - 1][one["start"] : one["end"]] for one in parts]
    assert all(inside)
    without = joined.text[start:end]
    for piece in inside:  # what is left, in order, is of separators alone
        before, found, without = without.partition(piece)
        assert found
        assert set(before) <= set(SEPARATOR)
    assert set(without) <= set(SEPARATOR)


def test_places_within_a_file_stay_beside_its_source():
    page = dataclasses.replace(
        Document.of("Total 9", "a.pdf"), places=PlaceMap((Stretch(0, 7, {"page": 3}),), b"\0" * 112)
    )
    extraction = extracted(join_documents([Document.of("First.", "b.txt"), page]), "Total 9")
    place = extraction.spans["/words/0"].place
    assert {key: place[key] for key in ("source", "start", "end", "page")} == {
        "source": "a.pdf",
        "start": 0,
        "end": 7,
        "page": 3,
    }
    assert place["box"] == [0.0, 0.0, 0.0, 0.0]


def test_an_input_that_cannot_be_read_makes_the_value_partial_and_is_named():
    documents = [Document.of("Ten.", "a.txt"), Document.unreadable("b.pdf", BROKEN), Document.of(" ", "blank.txt")]
    extraction = extracted(join_documents(documents, "all"), "Ten")
    assert extraction.outcome is Outcome.PARTIAL
    assert extraction.value == {"words": ["Ten"]}
    assert extraction.error.message == "1 of 3 inputs could not be read: b.pdf: cannot be read: it is broken"
    read, broken, blank = extraction.to_json()["document"]["inputs"]
    assert (read["start"], read["end"]) == (0, 4)
    assert (broken["source"], broken["start"], broken["error"]["type"]) == ("b.pdf", None, "unreadable")
    assert blank["error"]["type"] == "empty_document"


def test_a_blank_input_says_nothing_and_is_no_loss():
    extraction = extracted(join_documents([Document.of("Ten.", "a.txt"), Document.of(" ", "blank.txt")]), "Ten")
    assert extraction.ok


def test_nothing_that_can_be_read_is_not_asked_about():
    claude = SimulatedClaude()
    with Extractor(QUOTES, client=claude.client()) as extractor:
        extraction = extractor.extract(join_documents([Document.unreadable("b.pdf", BROKEN)]))
        assert extractor.extract(join_passages([" "])).error.type is FailureKind.EMPTY_DOCUMENT
    assert extraction.outcome is Outcome.FAILED
    assert "b.pdf" in extraction.error.message
    assert claude.requests == []


def test_the_id_is_of_texts_and_their_sources():
    documents = [Document.of("One.", "a.txt"), Document.of("Two.", "b.txt")]
    renamed = [documents[0], Document.of("Two.", "c.txt")]
    ids = {join_documents(parts).id for parts in (documents, renamed, documents[::-1], documents[:1])}
    assert len(ids) == 4
    assert join_documents([*documents], "another name").id in ids


def test_a_long_one_is_read_in_chunks_and_traced_all_the_same():
    texts = [f"Number {number} is here. " + "Filler says nothing. " * 60 for number in range(4)]
    claude = SimulatedClaude(lambda request: {"words": [w for w in ("Number 2", "Number 3") if w in request.document]})
    with Extractor(QUOTES, client=claude.client(), chunk_chars=1000) as extractor:
        extraction = extractor.extract(join_passages(Passage(text, f"{n}.txt") for n, text in enumerate(texts)))
    assert len(extraction.chunks) > 4
    assert [one.source for (one,) in source_spans(extraction).values()] == ["2.txt", "3.txt"]


@pytest.mark.parametrize(
    ("passages", "error", "reason"),
    [
        ([], InputError, "nothing to join"),
        ("one text", TypeError, "put this one into a list"),
        ([Path("a.txt")], TypeError, "passage 1 is of type PosixPath"),
        ([Passage("x", "a", -1)], InputError, "offsets count from 0"),
    ],
)
def test_what_cannot_be_joined_is_refused_by_name(passages, error, reason):
    with pytest.raises(error, match=reason):
        join_passages(passages)
