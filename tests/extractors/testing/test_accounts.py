"""The accounts of an extraction: each is right for a sound record, and tells of one that was tampered with."""

from dataclasses import replace

import pytest

from slotfill.extractors.extractor import Extractor
from slotfill.extractors.record import Failure, Outcome, Span, Usage
from slotfill.extractors.testing.accounts import (
    contradictions,
    misplaced,
    overtrusted,
    unaccounted,
    unloadable,
    untold,
    wrong,
)
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.clock import ManualClock
from slotfill.extractors.testing.faults import Trigger
from slotfill.extractors.testing.orders import Order, as_meant, order, orders
from slotfill.schemas.schema import Schema

CASE = orders(2)[1]


def extracted(*faults, stream=False):
    claude = SimulatedClaude(as_meant([CASE]), faults=faults, clock=ManualClock())
    with Extractor(Order, client=claude.client(max_retries=0)) as extractor:
        extraction = [*extractor.stream(CASE.text)][-1] if stream else extractor.extract(CASE.text)
    return extraction, claude.requests


def accounts(extraction, requests):
    return [
        *wrong(extraction, CASE.truth),
        *unaccounted(extraction, requests),
        *overtrusted(extraction, requests),
        *contradictions(extraction),
        *misplaced(extraction.spans, extraction.data, CASE.text),
        *unloadable(extraction, Schema(Order)),
    ]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("fault", "outcome"),
    [("prose", Outcome.MENDED), ("null@1", Outcome.PATCHED), ("truncated", Outcome.PARTIAL), ("500", Outcome.FAILED)],
)
def test_the_accounts_of_a_sound_record_are_right(fault, outcome, stream):
    extraction, requests = extracted(fault, stream=stream)
    assert extraction.outcome is outcome
    assert accounts(extraction, requests) == []


def first_attempt(extraction, **changes):
    first, *others = extraction.attempts
    return replace(extraction, attempts=(replace(first, **changes), *others))


TAMPERED = {
    "a row is lost": lambda e: ("/lines", replace(e, data={**e.data, "lines": e.data["lines"][:-1]})),
    "another value": lambda e: ("/urgent", replace(e, data={**e.data, "urgent": not e.data["urgent"]})),
    "a number for a truth": lambda e: ("/urgent", replace(e, data={**e.data, "urgent": 0})),
    "tokens are lost": lambda e: ("/usage", first_attempt(e, usage=Usage())),
    "tokens are counted twice": lambda e: ("/usage", first_attempt(e, usage=e.usage + e.usage)),
    "a reply is nobody's": lambda e: ("/usage", first_attempt(e, request_id=None)),
    "an edit is lost": lambda e: ("/edits", replace(e, edits=())),
    "an error besides a value": lambda e: ("/error", replace(e, error=Failure("server", "no"))),
    "a partial with no reason": lambda e: ("/error", replace(e, outcome=Outcome.PARTIAL)),
    "a reason that says nothing": lambda e: ("/error", replace(e, outcome=Outcome.FAILED, error=Failure("server", ""))),
    "ok without a value": lambda e: ("/value", replace(e, has_value=False)),
    "a span off by one": lambda e: ("/customer", moved(e, 1)),
    "a span beyond the end": lambda e: ("/customer", moved(e, 10_000)),
    "an absent value with a place": lambda e: ("/wish", replace(e, spans={"/wish": Span(3, 4, "absent")})),
    "a value that does not load": lambda e: ("/value/mood", replace(e, reply={**e.reply, "mood": "odd"})),
    "a value that is another when it is loaded": lambda e: ("/value", replace(e, result=None)),
    "no JSON": lambda e: ("", replace(e, invalid=float("nan"))),
}


@pytest.mark.parametrize("fault", ["truncated", "refusal", "sse_unended"])
def test_what_is_not_the_whole_of_a_reply_may_not_be_ok(fault):
    extraction, requests = extracted(fault, stream=True)
    assert [*overtrusted(extraction, requests)] == []
    assert [*overtrusted(first_attempt(extraction, ok=True), requests)]


def test_nor_may_what_is_mended_of_it():
    extraction, requests = extracted("prose")
    requests[0].faults += ("truncated",)
    assert [path for path, _ in overtrusted(extraction, requests)] == ["/attempts/1"]


def moved(extraction, by):
    span = extraction.spans["/customer"]
    return replace(extraction, spans={"/customer": replace(span, start=span.start + by, end=span.end + by)})


@pytest.mark.parametrize("name", TAMPERED)
def test_a_record_that_was_tampered_with_does_not_pass(name):
    extraction, requests = extracted("prose")
    path, tampered = TAMPERED[name](extraction)
    assert repr(tampered) != repr(extraction)
    assert path in [path for path, _ in accounts(tampered, requests)]


LONG = order(2, long=True)


def read_in_chunks():
    """Extract from a document of five chunks, of which the last is refused: the only one that holds the wish."""
    claude = SimulatedClaude(as_meant([LONG]), faults=[Trigger("refusal", about="The customer wants")])
    client = claude.client(max_retries=0)
    with Extractor(Order, client=client, chunk_chars=600) as extractor:
        return extractor.extract(LONG.text)


def about_chunks(extraction):
    return [path for path, _ in (*wrong(extraction, LONG.truth), *untold(extraction))]


def test_a_document_that_lost_a_chunk_and_tells_it_passes():
    extraction = read_in_chunks()
    assert extraction.outcome is Outcome.PARTIAL
    assert [reading.outcome for reading in extraction.chunks].count(Outcome.REFUSED) == 1
    assert about_chunks(extraction) == []


OF_CHUNKS = {
    "the lost one is not named": ("/error", {"error": Failure("incomplete", "some are missing")}),
    "another error": ("/error", {"error": Failure("refusal", "chunk 4 (characters 3 to 4): no")}),
    "it has failed altogether": ("/outcome", {"outcome": Outcome.FAILED}),
    "a value is made up": ("/mood", {"has_value": False, "invalid": {"mood": "odd"}}),
    "an item is made up": ("/lines/0", {"has_value": False, "invalid": {"lines": [{"article": "sofa"}]}}),
    "a key is made up": ("/remark", {"has_value": False, "invalid": {"remark": "none"}}),
}


@pytest.mark.parametrize("name", OF_CHUNKS)
def test_a_document_that_lost_a_chunk_and_does_not_tell_it_does_not(name):
    path, changes = OF_CHUNKS[name]
    assert about_chunks(replace(read_in_chunks(), **changes)) == [path]


def test_nor_does_one_with_a_hole_between_its_chunks_or_behind_them():
    extraction = read_in_chunks()
    first, *_, last = extraction.chunks
    assert "/chunks" in about_chunks(replace(extraction, chunks=(first, last)))
    assert "/chunks" in about_chunks(replace(extraction, chunks=extraction.chunks[:-1]))


@pytest.mark.parametrize("fault", ["reset", "timeout", "html", "invalid_utf8", "refused", "stall"])
def test_of_a_reply_that_did_not_arrive_nothing_may_be_counted(fault):
    extraction, requests = extracted(fault)
    assert [*unaccounted(extraction, requests)] == []
    counted = first_attempt(extraction, usage=Usage(1, 1), request_id=requests[0].request_id)
    assert [*unaccounted(counted, requests)]


@pytest.mark.parametrize("fault", ["sse_cut", "sse_error", "sse_unended", "sse_no_json", "reset", "stall"])
def test_of_a_stream_that_broke_off_the_first_event_is_counted(fault):
    extraction, requests = extracted(fault, stream=True)
    assert [*unaccounted(extraction, requests)] == []
    assert extraction.usage.input_tokens == sum(seen.usage.input_tokens for seen in requests)
    assert [*unaccounted(first_attempt(extraction, usage=Usage()), requests)]
