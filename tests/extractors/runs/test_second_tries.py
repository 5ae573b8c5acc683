"""What is held of documents until they are asked once more."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from paged_documents import paged_document

from slotfill import Document, Extraction, Outcome, Usage
from slotfill.extractors.documents.place_map import PlaceMap, Stretch
from slotfill.extractors.documents.spool import IN_MEMORY
from slotfill.extractors.record.parts import Attempt, Rung
from slotfill.extractors.runs.ledger.identity import document_key
from slotfill.extractors.runs.second_tries import SecondTries

costs = st.none() | st.decimals(0, 9, places=9)
counts = st.none() | st.integers(0, 10**12)


@given(st.lists(st.tuples(st.text(min_size=1), st.none() | st.text(), costs, counts), max_size=9))
def test_what_goes_in_comes_out_once_in_order(given_):
    put = []
    with SecondTries() as held:
        for text, source, cost, count in given_:
            document = Document(text, "id", source)
            attempt = Attempt(Rung.ASK, "m", "text", ok=False, usage=Usage(count, 1))
            priced = {"cost_usd": cost, "surcharge_usd": cost}
            held.put_aside(Extraction(document, "s", "i", "m", Outcome.FAILED, attempts=(attempt,), **priced))
            put.append((document, attempt.usage, cost))
        assert len(held) == len(put)
        half, taken = len(put) // 2, []
        for first in held:
            assert first.surcharge_usd == first.cost_usd
            taken.append((first.document, first.usage, first.cost_usd))
            if len(taken) >= half:
                break
        taken += [(first.document, first.usage, first.cost_usd) for first in held]
        assert not held
    assert [(document, usage) for document, usage, _ in taken] == [(document, usage) for document, usage, _ in put]
    assert [cost and Decimal(cost) for *_, cost in taken] == [cost and Decimal(cost) for *_, cost in put]


def test_many_are_not_held_in_memory():
    text = "x" * (IN_MEMORY // 10)
    with SecondTries() as held:
        for _ in range(30):
            held.put_aside(Extraction(Document.of(text), "s", "i", "m", Outcome.FAILED))
        assert held._file._rolled
        assert sum(first.document.text == text for first in held) == 30


def test_a_document_comes_out_with_its_places_and_pages():
    places = PlaceMap((Stretch(0, 4, {"page": 1}),), b"0" * 64)
    document = replace(paged_document("Fine.", 2), places=places, columns={"team": "a"})
    assert document.pages[0].base64
    with SecondTries() as held:
        held.put_aside(Extraction(document, "s", "i", "m", Outcome.FAILED))
        (first,) = held
    assert first.document == document
    assert document_key(first.document) == document_key(document)
    assert "base64" not in vars(first.document.pages[0])  # it is made again where it is needed
