"""The invariants of one extraction: what holds of every record, whatever the model and the network did.

Each gives path and message of what does not hold.
"""

# ruff: noqa: D401 - a docstring states what holds
from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Any

from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.extractors.record.parts import Attempt, BatchPlace, Outcome, Rung, Span
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.testing.checking.values import difference, excess
from slotfill.extractors.testing.simulator.exchange import LoggedRequest
from slotfill.schemas.errors import InvalidError
from slotfill.schemas.json_values.pointer import follow
from slotfill.schemas.schema import Schema

__all__ = [
    "BREAKING",
    "LOSING",
    "Breaches",
    "contradictions",
    "dropped_parts",
    "excess_requests",
    "misplaced_spans",
    "misread_chunks",
    "misrouted_requests",
    "overtrusted_replies",
    "part_text",
    "unaccounted_usage",
    "unheard_corrections",
    "unloadable_records",
    "untold_losses",
    "wrong_values",
]

Breaches = Iterator[tuple[str, str]]
"""Path and message of what does not hold."""

LOSING = frozenset({"reset", "stall", "timeout", "refused", "html", "invalid_utf8", "502", "504"})
"""The faults of the network with which a reply does not arrive: the service counts it, and the client cannot."""

BREAKING = frozenset(
    {"sse_no_json", "sse_no_event", "sse_unstarted", "sse_unended", "sse_spliced", "sse_cut", "sse_error"}
)
"""The faults of a stream with which its count does not arrive, or not in a way that must be believed."""


ENDING = frozenset({"truncated", "refusal", "sse_unended", "sse_spliced", "sse_cut", "sse_error"})
"""The faults with which what arrives is not the whole of a reply, or none that was meant."""


def contradictions(extraction: Extraction[Any]) -> Breaches:
    """A record that is ok has a value and no error, one that is not has an error with type and message.

    The last attempt is ok when the record is, but where readings were voted on; of a document that was read in parts,
    each part is. What was mended has
    an edit of it.
    """
    ok, outcome, error = extraction.ok, extraction.outcome, extraction.error
    if ok is not outcome.ok:
        yield "/outcome", f"is {outcome.value!r}, and ok is {ok}"
    if ok and not extraction.has_value:
        yield "/value", f"the outcome is {outcome.value!r}, and there is none"
    if ok is (error is not None):
        yield "/error", f"the outcome is {outcome.value!r}, and the error is {error}"
    if error is not None and not (error.type and error.message):
        yield "/error", f"says too little: {error}"
    if lost := [reading.chunk for reading in extraction.chunks if ok and not reading.outcome.ok]:
        yield "/chunks", f"the outcome is {outcome.value!r}, and chunks {lost} could not be read"
    alone = not any(attempt.reading or attempt.escalated for attempt in extraction.attempts)
    if extraction.attempts and not extraction.chunks and alone and extraction.attempts[-1].ok is not ok:
        yield "/attempts", f"the outcome is {outcome.value!r}, and of the last attempt ok is {not ok}"
    if outcome is Outcome.MENDED and not extraction.edits:
        yield "/edits", "it was mended, and no edit says how"


def misplaced_spans(spans: Mapping[str, Span], value: object, text: str) -> Breaches:
    """A span lies within the document, an exact one holds its value to the letter, an absent one has no offsets."""
    for path, span in spans.items():
        if message := _misplaced(span, follow(path, value), text):
            yield path, message


def _misplaced(span: Span, value: object, text: str) -> str | None:
    if span.match == "absent":
        return None if span.start is span.end is None else "is absent, and has offsets"
    if span.start is None or span.end is None or not 0 <= span.start < span.end <= len(text):
        return f"{span} does not lie within the document"
    held = text[span.start : span.end]
    return f"the span holds {held!r}, the value is {value!r}" if span.match == "exact" and held != str(value) else None


def unloadable_records(extraction: Extraction[Any], schema: Schema[Any]) -> Breaches:
    """A record is JSON, and what the model said, loaded by its schema, is the value of the extraction.

    What is written of a value does not stand in for that: a serializer may round it, or leave a field out.
    """
    try:
        record = json.loads(json.dumps(extraction.to_json(), allow_nan=False))
    except (TypeError, ValueError) as error:
        yield "", f"the record is no JSON: {error}"
        return
    if extraction.ok:
        try:
            loaded = schema.load(record.get("reply", record["value"]))
        except InvalidError as error:
            yield f"/value{error.errors[0].path}", f"the record's value does not load: {error.errors[0].message}"
        else:
            if loaded != extraction.value:
                yield "/value", f"is {extraction.value!r}, and {loaded!r} when the record is loaded"


def wrong_values(extraction: Extraction[Any], truth: object) -> Breaches:
    """What is ok is what the model meant before any fault; what is left where chunks were lost, is a part of that."""
    data = extraction.data if extraction.has_value else extraction.invalid
    path = difference(truth, data) if extraction.ok else excess(data, truth) if extraction.chunks and data else None
    if path is not None:
        yield path, f"{part_text(truth, path)} was meant, {part_text(data, path)} is {extraction.outcome.value}"


def untold_losses(extraction: Extraction[Any]) -> Breaches:
    """The chunks of a document that was read in parts hold all of its text, and each that was lost is told.

    The error names it, and the outcome is partial where another one was read.
    """
    readings, text, error = extraction.chunks, extraction.document.text, extraction.error
    ends = [0, *(reading.end for reading in readings)]
    for end, start in zip(ends, [*(reading.start for reading in readings), len(text)], strict=True):
        if readings and text[end:start].strip():
            yield "/chunks", f"characters {end} to {start} are in none"
    lost = [reading.chunk for reading in readings if reading.error is not None]
    if lost and (error is None or not (error.type is FailureKind.INCOMPLETE or error.type.ends_fallbacks)):
        yield "/error", f"chunks {lost} were lost, and it is {error}"
    if lost and error is not None and f"chunk {lost[0]} " not in error.message:
        yield "/error", f"names chunk {lost[0]} nowhere: {error.message}"
    again = next((reading.number for reading in readings if reading.error is not None), 1)
    if error is not None and again > 1 and f"reading {again})" not in error.message:
        yield "/error", f"says nowhere that it was reading {again}: {error.message}"
    if 0 < len(lost) < len(readings) and extraction.outcome is not Outcome.PARTIAL:
        yield "/outcome", f"chunks {lost} were lost, and it is {extraction.outcome.value!r}"


def dropped_parts(
    extraction: Extraction[Any], stated_in: Callable[[str], object], requests: Sequence[LoggedRequest]
) -> Breaches:
    """What stands in a chunk that could be read, once at least, is in what is left, however many others were lost.

    stated_in: gives the part of the value that stands in a text. requests: all that the service saw of this document;
    a model that says null of a chunk says that the value stands in another one.
    """
    data = extraction.data if extraction.has_value else extraction.invalid
    denied = {request.document for request in requests if "null" in request.faults}
    for reading in extraction.chunks:
        text = extraction.document.text[reading.start : reading.end]
        stated = stated_in(text)
        if reading.outcome.ok and text not in denied and (path := excess(stated, data)) is not None:
            yield path, f"{part_text(stated, path)} stands in chunk {reading.chunk}, which was read, and is not there"


def misread_chunks(extraction: Extraction[Any], *, chunked: bool, passes: int) -> Breaches:
    """Each chunk was read as often as it was to be, or until it could not be; a document that is read once has none."""
    readings = extraction.chunks
    if (chunked and not readings) or (readings and not chunked and passes == 1):
        yield "/chunks", f"it was read in {len(readings)} parts"
    if extraction.ok and not readings and passes > 1:
        yield "/chunks", f"it was to be read {passes} times, and no reading is told"
    for chunk, several in groupby(readings, attrgetter("chunk")):
        numbers, read = zip(*((reading.number, reading.outcome.ok) for reading in several), strict=True)
        if numbers != (*range(1, len(numbers) + 1),) or not all(read[:-1]) or (read[-1] and len(read) != passes):
            yield "/chunks", f"of chunk {chunk} there are the readings {numbers}, and {read} says which could be read"


def misrouted_requests(extraction: Extraction[Any], requests: Sequence[LoggedRequest]) -> Breaches:
    """Each attempt names the model that was asked; another one is asked of a text only where those before could not.

    That a value, or one of its chunks, is a fallback's is its outcome.
    """
    asked = ((_request_name(request), request.body) for request in requests)
    models = {name: body["model"] for name, body in asked if body}
    for at, attempt in enumerate(extraction.attempts):
        if (model := models.get(_request_name(attempt), attempt.model)) != attempt.model:
            yield f"/attempts/{at}", f"names {attempt.model}, and {model} was asked"
    for chunk, attempts in groupby(extraction.attempts, attrgetter("chunk")):
        for before, after in pairwise(attempts):
            if before.ok and after.rung is Rung.FALLBACK:
                yield "/attempts", f"{after.model} was asked of chunk {chunk}, and {before.model} had answered"
    fallen = {attempt.chunk for attempt in extraction.attempts if attempt.rung is Rung.FALLBACK}
    if extraction.ok and bool(fallen) is not (extraction.outcome is Outcome.FALLBACK):
        yield "/outcome", f"is {extraction.outcome.value!r}, and chunks {fallen} are a fallback's"
    for reading in extraction.chunks:
        if reading.outcome.ok and (reading.chunk in fallen) is not (reading.outcome is Outcome.FALLBACK):
            yield (
                "/chunks",
                f"of chunk {reading.chunk} it is {reading.outcome.value!r}; chunks {fallen} are a fallback's",
            )


def excess_requests(extraction: Extraction[Any], most: int) -> Breaches:
    """No model is asked of a text, or of a chunk, more than so many times, patches and further readings included."""
    counts = Counter((one.chunk, one.model) for one in extraction.attempts if one.rung is not Rung.MEND)
    for (chunk, model), times in counts.items():
        if times > most:
            yield "/attempts", f"{model} was asked of chunk {chunk} {times} times, at most {most} are allowed"


def unheard_corrections(
    extraction: Extraction[Any], requests: Sequence[LoggedRequest], corrections: Sequence[str]
) -> Breaches:
    """The record has the turns that led to it, and every request tells what was said in them, of each chunk too.

    corrections: what was said, the oldest first.
    """
    if [turn.correction for turn in extraction.history] != [*corrections]:
        yield "/history", f"is {extraction.history}; what was said is {corrections}"
    for request, correction in ((request, correction) for request in requests for correction in corrections):
        if correction.encode() not in request.http.body:
            yield "/history", f"{request.request_id} does not tell {correction!r}"


def unaccounted_usage(extraction: Extraction[Any], requests: Sequence[LoggedRequest]) -> Breaches:
    """The usage of each attempt is what the service counted for its reply; each reply that arrived is in an attempt.

    requests: all that the service saw of this document. Of a stream that broke off the client knows what its first
    event told, at least.
    """
    by_id = {_request_name(request): request for request in requests}
    total = sum((attempt.usage for attempt in extraction.attempts), Usage())
    if extraction.usage != total:
        yield "/usage", f"is {extraction.usage}, its attempts sum up to {total}"
    names = [*map(_request_name, extraction.attempts)]
    attempted = dict(zip(names, (attempt.usage for attempt in extraction.attempts), strict=True))
    for at, attempt in enumerate(extraction.attempts):
        if names[at] not in by_id and attempt.usage != Usage():
            yield f"/attempts/{at}/usage", f"is {attempt.usage}, of no request that the service saw"
    for name, request in by_id.items():
        recorded, counted = attempted.get(name, Usage()), _counts(request)
        if recorded not in counted:
            faults = f"{', '.join(request.faults) or 'no fault'} struck it"
            yield "/usage", f"of {name} is {recorded}, the service counted {counted[0]}; {faults}"


def _request_name(request: LoggedRequest | Attempt) -> BatchPlace | str | None:
    """Name a request, as the log and the record of its answer have it in common."""
    return request.batch or request.request_id


def _counts(request: LoggedRequest) -> tuple[Usage, ...]:
    """Return what a client may know of what was counted for a reply: exactly one figure, unless a stream broke."""
    begun = replace(request.usage, output_tokens=None, thinking_tokens=None)
    struck, streamed = {*request.faults}, bool(request.body and request.body.get("stream"))
    if struck & {"timeout", "html", "refused", "502", "504"} or (struck & LOSING and not streamed):
        return (Usage(),)
    if "invalid_utf8" in struck:  # it may stand in the first event already
        return request.usage, begun, Usage()
    return (request.usage, begun) if streamed and struck & (LOSING | BREAKING) else (request.usage,)


def overtrusted_replies(extraction: Extraction[Any], requests: Sequence[LoggedRequest]) -> Breaches:
    """No attempt is ok, and none that mends it, whose reply was cut off, refused, or lost, whatever there is of it.

    requests: as above.
    """
    struck = {_request_name(request): {*request.faults} & (ENDING | LOSING) for request in requests}
    of: BatchPlace | str | None = None
    for at, attempt in enumerate(extraction.attempts):
        of = of if attempt.rung is Rung.MEND else _request_name(attempt)
        if attempt.ok and of and struck.get(of):
            yield f"/attempts/{at}", f"is ok, and {', '.join(struck[of])} struck its reply"


def part_text(value: object, path: str) -> str:
    """Write a part of a value down for a message."""
    return json.dumps(follow(path, value), ensure_ascii=False, default=repr)
