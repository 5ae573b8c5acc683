"""What is written down of evidence: the passages by the values that rest on them, and what they cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

from slotfill.extractors.catalogue.prices import CacheTTL, cost
from slotfill.extractors.documents.document import Document
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.grounding.grounding import ground
from slotfill.extractors.record.money import add_money
from slotfill.extractors.record.parts import Attempt, EvidencePassage, Span
from slotfill.extractors.rungs.asks import Policy
from slotfill.extractors.rungs.results import Result
from slotfill.schemas.json_values.exact_json import dumps
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.json_values.pointer import join
from slotfill.schemas.marks.evidence_lists import EvidenceList, evidence_lists, evidence_members
from slotfill.schemas.schema import Schema

__all__ = ["evidence_of", "evidence_share", "record_evidence"]

M = TypeVar("M")

_DIGITS = 8
"""Of an amount that is a share of another: a hundred-millionth of a dollar is a tenth of the cheapest token."""


def evidence_of(
    result: Result[M], schema: Schema[M], document: Document, known: Mapping[str, Span]
) -> dict[str, tuple[EvidencePassage, ...]]:
    """Return the passages on which the judged values of a valid result rest, by the JSON Pointers of these values.

    known: where the passages stand, by the JSON Pointers at which they were given; of others it is found out.
    """
    if not (schema.has_evidence and result.is_valid):
        return {}
    lists = [*evidence_lists(result.data, schema.json_schema)]
    found = {path: known[path] for one in lists for path in _paths(one) if path in known}
    spans = document.with_places({**_grounded(lists, document), **found})
    return {one.of: tuple(map(_placed, one.passages, map(spans.__getitem__, _paths(one)))) for one in lists}


def evidence_share(schema: Schema[Any], data: JSON) -> Decimal:
    """Return which share of the characters of a reply, as plain JSON data, are lists of passages."""
    if not schema.has_evidence or data is None:
        return Decimal(0)
    members = evidence_members(data, schema.json_schema)
    passages = sum(len(dumps({key: listed})) - 1 for key, listed in members)  # less the braces, more a comma
    return Decimal(passages) / len(dumps(data))


def record_evidence(
    extraction: Extraction[M], evidence: Mapping[str, tuple[EvidencePassage, ...]], share: Decimal, policy: Policy
) -> Extraction[M]:
    """Add evidence to the record of a document, with its share of what all replies about it cost."""
    if not evidence:
        return extraction
    total: Decimal | None = Decimal(0)
    for attempt in extraction.attempts:
        total = add_money(total, _written_cost(attempt, policy.ttl))
    return replace(extraction, evidence=evidence, evidence_usd=None if total is None else round(total * share, _DIGITS))


def _written_cost(attempt: Attempt, ttl: CacheTTL) -> Decimal | None:
    """Return what an attempt cost for what the model wrote, its thinking apart; None where that is unknown."""
    usage = attempt.usage
    unwritten = replace(usage, output_tokens=usage.thinking_tokens or 0)
    whole, rest = cost(attempt.model, usage, ttl=ttl), cost(attempt.model, unwritten, ttl=ttl)
    return None if whole is None or rest is None else whole - rest


def _grounded(lists: Iterable[EvidenceList], document: Document) -> dict[str, Span]:
    """Find where passages stand, the lists each by itself: the most telling passage need not come first in the text."""
    by_path = {one.path: one for one in lists}
    spans = ground({path: [*one.passages] for path, one in by_path.items()}, document.text, {})
    return {place: spans[join((path, at))] for path, one in by_path.items() for at, place in enumerate(_paths(one))}


def _paths(one: EvidenceList) -> list[str]:
    """Return the JSON Pointers at which the passages were given."""
    return [f"{one.path}/{at}" for at in range(len(one.passages))]


def _placed(passage: str, span: Span) -> EvidencePassage:
    return EvidencePassage(passage, span.start, span.end, span.match, span.place, span.reason)
