"""The story of one document: asks out, answers in, no I/O.

A plan is a generator. It yields a tuple of independent asks, is sent their answers in the same order, and returns the
`Extraction`. The same document and the same answers give the same asks, so a plan can be rebuilt by replay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, TypeVar

from slotfill.extractors.chunks.assembly import Assembly, assemble
from slotfill.extractors.chunks.reading import ChunkReader, ChunkResult, Steps, answer_to, next_reading, together
from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.pdf_pages import page_list
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.grounding.grounding import ground
from slotfill.extractors.readings.abstention import withhold, without_moved
from slotfill.extractors.readings.certainty import Certainty, certainty_of
from slotfill.extractors.readings.escalation import escalate, escalated
from slotfill.extractors.readings.poll import Poll
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.record.parts import Rung, Turn
from slotfill.extractors.rungs.asks import Policy
from slotfill.extractors.rungs.evidence_record import evidence_of, evidence_share, record_evidence
from slotfill.extractors.rungs.questions import Question
from slotfill.extractors.rungs.recording import record, record_failure, record_unread
from slotfill.extractors.rungs.results import Result
from slotfill.extractors.rungs.settling import settle_passages
from slotfill.extractors.rungs.steps import Step, ask, ask_again, patch
from slotfill.extractors.rungs.validation import mend, read_answer
from slotfill.extractors.updating.earlier_record import EarlierRecord
from slotfill.extractors.updating.taking_over import TakeOver, take_over
from slotfill.schemas.schema import Schema

__all__ = ["plan"]

M = TypeVar("M")


def plan(
    document: Document,
    schema: Schema[M],
    policy: Policy,
    history: tuple[Turn, ...] = (),
    earlier: EarlierRecord | None = None,
) -> Steps[Extraction[M]]:
    """Extract a schema's value from one document.

    Args:
        document: The text. One that could not be read ends as `record_failure`, without a single ask.
        schema: What to extract.
        policy: How far to go, and with which models.
        history: The turns that the conversation has had about the document; the last one is to be answered.
        earlier: What a record of an earlier time says of the document, or of what it was then.
    """
    fitting = policy.for_pages() if document.pages else policy
    if document.failure or fitting is None:
        failure = document.failure or _unseen(document, policy)
        return replace(record_failure(document, schema, policy.model, failure), history=history)
    reader = ChunkReader(document, schema, fitting, history)
    known = take_over(reader, earlier)
    assembly = yield from vote(reader, known, earlier)
    result = yield from patch_whole(reader, assembly)
    certainty = certainty_of(result, known.newly_read(assembly.agreement), schema.json_schema, fitting)
    if step := escalate(reader, result, certainty):  # to a stronger model, what is not sure
        result = escalated(result, step, (yield from climb(step, result)))
    result = withhold(reader, result, certainty)
    extraction = without_moved(_written(reader, assembly, result, certainty))
    if known.is_refused_in(extraction):  # with what is new it breaks a rule of the whole: all is asked for
        return known.paid_for((yield from plan(document, schema, policy, history)), extraction)
    return known.note_in(replace(extraction, history=history) if history else extraction)


def vote(reader: ChunkReader[M], known: TakeOver[M], earlier: EarlierRecord | None) -> Steps[Assembly[M]]:
    """Read the document once, or as often as each field needs for a majority: what most readings say."""
    first = yield from read_once(reader, known)  # alone: it writes the service's cache for the others
    if reader.policy.votes == 1 or not known.questions:
        return first
    poll = Poll(reader, (first,))
    while further := poll.further:
        readings = yield from together(read_once(other, take_over(other, earlier)) for other in further)
        poll = poll.with_further(readings)
    return poll.elected()


def patch_whole(reader: ChunkReader[M], assembly: Assembly[M]) -> Steps[Result[M]]:
    """Ask for what fails of a value that was merged: each part was valid, and together they break a rule."""
    result = assembly.result
    if assembly.is_of_one_text and (step := patch(ask(reader.whole, reader.policy), result)):
        result = yield from climb(replace(step, retries=0), result)
    return result


def read_once(reader: ChunkReader[M], known: TakeOver[M]) -> Steps[Assembly[M]]:
    """Read what is not known of the document: merged, and validated as a whole; as it is, for one question."""
    results = yield from read_all(known.questions, reader)  # one question, for most documents
    return assemble(reader, known.join(results))


def read_all(questions: Sequence[Question[Any]], reader: ChunkReader[Any]) -> Steps[list[ChunkResult[Any]]]:
    """Ask all questions side by side."""
    return [*chain.from_iterable((yield from together(read(question, reader) for question in questions)))]


def read(question: Question[M], reader: ChunkReader[Any]) -> Steps[list[ChunkResult[M]]]:
    """Read one text as often as the policy says, and in halves where it is too long for the models."""
    results = []
    while True:
        result = yield from extract(question, reader.policy)
        results.append(ChunkResult(question, result))
        if not result.is_valid or question.reading == reader.policy.passes:
            break
        question = next_reading(question, result)  # for what this one missed
    if not (halves := reader.halve(question) if result.text_is_too_long else []):
        return results
    first, *others = yield from read_all(halves, reader)
    return [*results[:-1], first.after(results[-1]), *others]


def extract(question: Question[M], policy: Policy) -> Steps[Result[M]]:
    """Extract one value from one text: by the rungs with the first model, then with those to fall back to."""
    result = yield from climb(ask(question, policy, policy.first_rung))
    for other in policy.fallbacks:
        if result.ends_fallbacks:
            break
        result = yield from climb(ask(question, other, Rung.FALLBACK), result)
    return result


def climb(step: Step[M], earlier: Result[M] | None = None) -> Steps[Result[M]]:
    """Ask one model: mend what it says, then patch the parts that fail, then ask it again, as far as may help."""
    following: Step[M] | None = step
    while following:
        step = following
        answer = yield from answer_to(step.request)
        result = mend(step, read_answer(step, answer)).after(earlier)
        following = patch(step, result)
        if following is None:
            result = settle_passages(step, result)
            following = ask_again(step, result)
        earlier = result
    return result


def _written(reader: ChunkReader[M], assembly: Assembly[M], result: Result[M], certainty: Certainty) -> Extraction[M]:
    """Write down what came of a document: its value, where that stands, how sure it is, and what it rests on."""
    document, schema, policy = reader.document, reader.schema, reader.policy
    spans = assembly.spans_of(result)
    if spans is None:
        spans = ground(result.output, document.text, schema.output_schema)
    spans = document.with_places(spans)
    extraction = certainty.add_to(assembly.add_to(record(document, schema, policy, result, spans)))
    evidence = evidence_of(result, schema, document, assembly.passage_spans(result) or spans)
    return record_evidence(record_unread(extraction), evidence, evidence_share(schema, result.data), policy)


def _unseen(document: Document, policy: Policy) -> Failure:
    """Say why a document is not asked about of which some pages can only be looked at."""
    pages = page_list(tuple(number for pages in document.pages for number in pages.numbers))
    return Failure(
        FailureKind.SCANNED_DOCUMENT,
        f"{pages} can only be looked at, and {policy.model} reads text alone: read them by OCR (install slotfill[ocr], "
        "then --pdf ocr), or name a Claude model with -m",
    )
