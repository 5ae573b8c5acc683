"""One document's extraction as a plan: asks out, answers in, no I/O.

A plan is a generator. It yields a tuple of independent asks, is sent their answers in the same order, and returns
the `Extraction`. The same document and the same answers give the same asks, so a plan can be rebuilt by replay.

A document that one request can hold is one way up a ladder of rungs (`rungs.ladder`): ask, mend, patch,
ask again, fall back to another model. A longer one is read in chunks, each with a ladder of its own, side by side; so
is a schema that is too wide, in groups of its fields. What they give is merged, grounded, and validated as a whole. A
part that fails is told, and makes the outcome `partial`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

from slotfill.extractors import catalogue
from slotfill.extractors.catalogue import CacheTTL
from slotfill.extractors.chunks.assembly import Assembly, assemble
from slotfill.extractors.chunks.reading import ChunkReader
from slotfill.extractors.grounding.grounding import ground
from slotfill.extractors.record.extraction import Attempt, Document, Extraction, Outcome, Span, Turn
from slotfill.extractors.rungs.asks import Answer, Ask, Policy
from slotfill.extractors.rungs.ladder import Ladder, Result, Status, outcome_of
from slotfill.extractors.rungs.prompt import write_prompt
from slotfill.schemas.schema import Schema

__all__ = ["Plan", "plan", "total"]

M = TypeVar("M")

Plan = Generator[tuple[Ask, ...], tuple[Answer, ...], Extraction[M]]


def plan(document: Document, schema: Schema[M], policy: Policy, history: tuple[Turn, ...] = ()) -> Plan[M]:
    """Extract a schema's value from one document.

    history: the turns that the conversation has had about the document; the last one is to be answered.

    A document that could not be read ends as `failed` without a single ask.
    """
    extraction = yield from _extracted(
        Ladder(document, schema, write_prompt(schema, document, history)), policy, history
    )
    return replace(extraction, history=history)


def _extracted(whole: Ladder[M], policy: Policy, history: tuple[Turn, ...]) -> Plan[M]:
    document = whole.document
    if document.failure:
        return _extraction(whole, policy, Result(Status.FAILED, failure=document.failure), ())
    found = yield from ChunkReader(document, whole.schema, policy, history).read()
    if len(found) == 1 and found[0].text == document.text:
        (read,) = found
        return _extraction(whole, policy, read.verdict, read.attempts, read=read.data)
    joined = assemble(whole, found)
    verdict = joined.verdict
    if verdict.kind is Status.INVALID and joined.chunks == 1 and joined.lost is None:
        verdict = yield from whole.patched(verdict, policy)
    attempts = (*joined.attempts, *whole.attempts)
    extraction = _extraction(whole, policy, verdict, attempts, joined.spans_of(verdict), read=joined.merged.data)
    return _accounted(extraction, joined)


def _extraction(
    ladder: Ladder[M],
    policy: Policy,
    verdict: Result[M],
    attempts: tuple[Attempt, ...],
    spans: Mapping[str, Span] | None = None,
    *,
    read: Any = None,
) -> Extraction[M]:
    """Write down what came of it. read: what there is where the value is not valid. spans: of it, if they are known."""
    document, schema = ladder.document, ladder.schema
    valid = verdict.kind is Status.VALID
    if valid and spans is None:
        spans = ground(verdict.output, document.text, schema.output_schema)
    return Extraction(
        document=document,
        schema_name=schema.name,
        schema_id=schema.id,
        model=next(attempt.model for attempt in reversed(attempts) if attempt.ok) if valid else policy.model,
        outcome=outcome_of(verdict, attempts),
        has_value=valid,
        result=verdict.value,
        data=verdict.output if valid else None,
        reply=verdict.data if valid else None,
        invalid=None if valid else read,
        spans=spans or {} if valid else {},
        confidence=verdict.confidence,
        edits=verdict.edits,
        attempts=attempts,
        cost_usd=total(attempts, policy.ttl, catalogue.cost),
        saved_usd=total(attempts, policy.ttl, catalogue.saving),
        surcharge_usd=total(attempts, policy.ttl, catalogue.surcharge),
        error=verdict.failure,
    )


def _accounted(extraction: Extraction[M], joined: Assembly[M]) -> Extraction[M]:
    """Tell what each part gave, and which is missing: a value that lacks a part of the document is not whole."""
    merged = joined.merged
    extraction = replace(extraction, chunks=joined.readings, found_in=merged.found_in, conflicts=merged.conflicts)
    if joined.lost is None:
        return extraction
    outcome = extraction.outcome if merged.data is None else Outcome.PARTIAL
    return replace(extraction, outcome=outcome, error=joined.lost)


def total(attempts: Iterable[Attempt], ttl: CacheTTL, priced: Callable[..., Decimal | None]) -> Decimal | None:
    """Add up what attempts cost in USD, each by `priced`; None where a price is unknown."""
    total = Decimal(0)
    for attempt in attempts:
        price = priced(attempt.model, attempt.usage, ttl=ttl)
        if price is None:
            return None
        total += price
    return total
