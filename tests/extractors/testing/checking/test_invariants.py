"""The invariants of an extraction: each holds for a sound record, and tells of one that was tampered with."""

from collections import Counter
from dataclasses import replace

import pytest

from slotfill.extractors.extractor import Extractor
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.record.parts import BatchPlace, Outcome, Span
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.testing.checking.invariants import (
    contradictions,
    dropped_parts,
    excess_requests,
    misplaced_spans,
    misread_chunks,
    misrouted_requests,
    overtrusted_replies,
    unaccounted_usage,
    unheard_corrections,
    unloadable_records,
    untold_losses,
    wrong_values,
)
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.matrix.order_documents import Order, as_meant, order, orders
from slotfill.extractors.testing.simulator.clock import ManualClock
from slotfill.extractors.testing.simulator.fault_triggers import Trigger
from slotfill.extractors.testing.simulator.simulated_reply import SimulatedReply
from slotfill.schemas.schema import Schema

CASE = orders(2)[1]


def extracted(*faults, stream=False):
    claude = SimulatedClaude(as_meant([CASE]), faults=faults, clock=ManualClock())
    with Extractor(Order, client=claude.client(max_retries=0)) as extractor:
        extraction = [*extractor.stream(CASE.text)][-1] if stream else extractor.extract(CASE.text)
    return extraction, claude.requests


def breaches(extraction, requests):
    return [
        *wrong_values(extraction, CASE.truth),
        *unaccounted_usage(extraction, requests),
        *overtrusted_replies(extraction, requests),
        *contradictions(extraction),
        *misplaced_spans(extraction.spans, extraction.data, CASE.text),
        *unloadable_records(extraction, Schema(Order)),
    ]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("fault", "outcome"),
    [("prose", Outcome.MENDED), ("null@1", Outcome.PATCHED), ("truncated", Outcome.PARTIAL), ("500", Outcome.FAILED)],
)
def test_a_sound_record_keeps_all_invariants(fault, outcome, stream):
    extraction, requests = extracted(fault, stream=stream)
    assert extraction.outcome is outcome
    assert breaches(extraction, requests) == []


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
    "an error besides a value": lambda e: ("/error", replace(e, error=Failure(FailureKind.SERVER, "no"))),
    "a partial with no reason": lambda e: ("/error", replace(e, outcome=Outcome.PARTIAL)),
    "a reason that says nothing": lambda e: (
        "/error",
        replace(e, outcome=Outcome.FAILED, error=Failure(FailureKind.SERVER, "")),
    ),
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
    assert [*overtrusted_replies(extraction, requests)] == []
    assert [*overtrusted_replies(first_attempt(extraction, ok=True), requests)]


def test_nor_may_what_is_mended_of_it():
    extraction, requests = extracted("prose")
    requests[0].faults += ("truncated",)
    assert [path for path, _ in overtrusted_replies(extraction, requests)] == ["/attempts/1"]


def moved(extraction, by):
    span = extraction.spans["/customer"]
    return replace(extraction, spans={"/customer": replace(span, start=span.start + by, end=span.end + by)})


@pytest.mark.parametrize("name", TAMPERED)
def test_a_record_that_was_tampered_with_does_not_pass(name):
    extraction, requests = extracted("prose")
    path, tampered = TAMPERED[name](extraction)
    assert repr(tampered) != repr(extraction)
    assert path in [path for path, _ in breaches(tampered, requests)]


LONG = order(2, long=True)


LOST = Trigger("refusal", about="The customer wants")
"""The last of five chunks, and the only one that holds the wish, is refused."""


def read_in_chunks(*faults, replies=None, **options):
    claude = SimulatedClaude(replies or as_meant([LONG]), faults=faults)
    with Extractor(Order, client=claude.client(max_retries=0), chunk_chars=600, **options) as extractor:
        return extractor.extract(LONG.text), claude.requests


def about_chunks(extraction):
    return paths(
        wrong_values(extraction, LONG.truth), untold_losses(extraction), dropped_parts(extraction, LONG.stated_in, ())
    )


def paths(*judged):
    return [path for several in judged for path, _ in several]


def test_a_document_that_lost_a_chunk_and_tells_it_passes():
    extraction, _ = read_in_chunks(LOST)
    assert extraction.outcome is Outcome.PARTIAL
    assert [reading.outcome for reading in extraction.chunks].count(Outcome.REFUSED) == 1
    assert about_chunks(extraction) == []


LESS = {key: part[:-1] if key == "lines" else part for key, part in LONG.truth.items()}

OF_CHUNKS = {
    "the lost one is not named": ("/error", {"error": Failure(FailureKind.INCOMPLETE, "some are missing")}),
    "another error": ("/error", {"error": Failure(FailureKind.REFUSAL, "chunk 4 (characters 3 to 4): no")}),
    "it has failed altogether": ("/outcome", {"outcome": Outcome.FAILED}),
    "a value is made up": ("/mood", {"has_value": False, "invalid": {"mood": "odd"}}),
    "an item is made up": ("/lines/0", {"has_value": False, "invalid": {"lines": [{"article": "sofa"}]}}),
    "a key is made up": ("/remark", {"has_value": False, "invalid": {"remark": "none"}}),
    "what others gave is lost": ("/lines/1", {"has_value": False, "invalid": LESS}),
}


@pytest.mark.parametrize("name", OF_CHUNKS)
def test_a_document_that_lost_a_chunk_and_does_not_tell_it_does_not(name):
    path, changes = OF_CHUNKS[name]
    extraction, _ = read_in_chunks(LOST)
    assert about_chunks(replace(extraction, **changes))[0] == path


def test_nor_does_one_with_a_hole_between_its_chunks_or_behind_them():
    extraction, _ = read_in_chunks(LOST)
    first, *_, last = extraction.chunks
    assert "/chunks" in about_chunks(replace(extraction, chunks=(first, last)))
    assert "/chunks" in about_chunks(replace(extraction, chunks=extraction.chunks[:-1]))


def test_a_further_reading_that_is_lost_is_told_and_none_is_left_out():
    meant, asked_about = as_meant([LONG]), Counter()

    def reply(asked):
        asked_about[asked.document] += 1  # which chunk is read again first is a matter of chance
        lost = "The customer wants" in asked.document and asked_about[asked.document] > 1
        return SimulatedReply((), "refusal") if lost else meant(asked)

    extraction, _ = read_in_chunks(replies=reply, passes=2)
    assert [reading.number for reading in extraction.chunks] == [1, 2] * 5
    assert about_chunks(extraction) == []
    assert [*misread_chunks(extraction, chunked=True, passes=2)] == []
    silent = Failure(FailureKind.INCOMPLETE, "chunk 4 (characters 1 to 2): refused")
    assert about_chunks(replace(extraction, error=silent)) == ["/error"]
    for chunks in (extraction.chunks[1:], extraction.chunks[:1] + extraction.chunks[2:], ()):
        assert paths(misread_chunks(replace(extraction, chunks=chunks), chunked=True, passes=2))
    assert paths(misread_chunks(extraction, chunked=True, passes=1))
    whole, _ = extracted()
    assert [*misread_chunks(whole, chunked=False, passes=1)] == []
    assert (
        paths(misread_chunks(whole, chunked=False, passes=2))
        == paths(misread_chunks(whole, chunked=True, passes=1))
        == ["/chunks"]
    )


def test_a_fallback_is_asked_where_it_must_be_and_told():
    meant = as_meant([LONG])

    def reply(asked):
        refuses = asked.model == "claude-haiku-5-5" and "The customer wants" in asked.document
        return SimulatedReply((), "refusal") if refuses else meant(asked)

    extraction, requests = read_in_chunks(replies=reply, model=["claude-haiku-5-5", "claude-sonnet-5-5"])
    assert extraction.outcome is Outcome.FALLBACK
    assert [*misrouted_requests(extraction, requests)] == []
    *others, refused, second = extraction.attempts
    chunks = tuple(replace(reading, outcome=Outcome.VALID) for reading in extraction.chunks)
    for path, changes in {
        "/outcome": {"outcome": Outcome.VALID},
        "/chunks": {"chunks": chunks},
        "/attempts": {"attempts": (*others, replace(refused, ok=True), second)},
        "/attempts/5": {"attempts": (*others, refused, replace(second, model=refused.model))},
    }.items():
        assert paths(misrouted_requests(replace(extraction, **changes), requests)) == [path]


def test_what_is_asked_too_often_is_told():
    extraction, _ = extracted("wrong_type")
    assert len(extraction.attempts) == 3
    assert [*excess_requests(extraction, 3)] == []
    assert paths(excess_requests(extraction, 2)) == ["/attempts"]


def test_a_further_turn_is_told_to_every_chunk_and_stands_in_the_record():
    claude = SimulatedClaude(as_meant([LONG]))
    with Extractor(Order, client=claude.client(), chunk_chars=600) as extractor:
        extraction = extractor.extract(LONG.text)
        first = len(claude.requests)
        again = extractor.refine(extraction, "Look again.")
    assert [*unheard_corrections(again, claude.requests[first:], ["Look again."])] == []
    assert paths(unheard_corrections(again, claude.requests[: first + 1], ["Look again."])) == ["/history"] * first
    assert paths(unheard_corrections(replace(again, history=()), (), ["Look again."])) == ["/history"]
    assert paths(unheard_corrections(again, (), ())) == ["/history"]


def batched(extraction, requests):
    """Tell it as if batches had answered, whose requests have no ids but their places."""
    places = {seen.request_id: BatchPlace("msgbatch_1", f"sf-{at}") for at, seen in enumerate(requests)}
    attempts = [replace(one, request_id=None, batch=places.get(one.request_id)) for one in extraction.attempts]
    logged = [replace(seen, request_id="", batch=places[seen.request_id]) for seen in requests]
    return replace(extraction, attempts=tuple(attempts)), logged


@pytest.mark.parametrize("fault", ["prose", "null@1", "truncated"])
def test_what_batches_answered_is_known_by_its_place(fault):
    extraction, requests = batched(*extracted(fault))
    assert breaches(extraction, requests) == []
    assert [*misrouted_requests(extraction, requests)] == []
    counted = first_attempt(extraction, usage=Usage(1, 1))
    assert paths(unaccounted_usage(counted, requests))
    for seen in requests:
        seen.http = replace(seen.http, body=seen.http.body.replace(b"claude-haiku-5-5", b"claude-opus-5"))
    assert paths(misrouted_requests(extraction, requests)) == [f"/attempts/{at}" for at in range(len(requests))]


def test_a_reply_of_a_batch_that_was_cut_off_is_not_trusted():
    extraction, requests = batched(*extracted("truncated"))
    assert paths(overtrusted_replies(first_attempt(extraction, ok=True), requests)) == ["/attempts/0"]


@pytest.mark.parametrize("fault", ["reset", "timeout", "html", "invalid_utf8", "refused", "stall", "502", "504"])
def test_of_a_reply_that_did_not_arrive_nothing_may_be_counted(fault):
    extraction, requests = extracted(fault)
    assert [*unaccounted_usage(extraction, requests)] == []
    counted = first_attempt(extraction, usage=Usage(1, 1), request_id=requests[0].request_id)
    assert [*unaccounted_usage(counted, requests)]


@pytest.mark.parametrize(
    "fault", ["sse_cut", "sse_error", "sse_spliced", "sse_unended", "sse_no_json", "reset", "stall"]
)
def test_of_a_stream_that_broke_off_the_first_event_is_counted(fault):
    extraction, requests = extracted(fault, stream=True)
    assert [*unaccounted_usage(extraction, requests)] == []
    assert extraction.usage.input_tokens == sum(seen.usage.input_tokens for seen in requests)
    assert [*unaccounted_usage(first_attempt(extraction, usage=Usage()), requests)]
