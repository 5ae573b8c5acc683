"""What is written down of a document when its plan has ended: its value and where that stands, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TypedDict, TypeVar

from slotfill.extractors.catalogue import prices
from slotfill.extractors.catalogue.prices import CacheTTL
from slotfill.extractors.documents.document import Document
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.record.failure_kinds import Failure
from slotfill.extractors.record.joined_inputs import unread_inputs
from slotfill.extractors.record.parts import Attempt, Outcome, Span
from slotfill.extractors.rungs.asks import Answer, Ask, AskName, Policy, attempt_of
from slotfill.extractors.rungs.results import Result
from slotfill.schemas.errors import FieldError
from slotfill.schemas.schema import Schema

__all__ = ["emptied", "record", "record_failure", "record_unread"]

M = TypeVar("M")


def record(
    document: Document, schema: Schema[M], policy: Policy, result: Result[M], spans: Mapping[str, Span]
) -> Extraction[M]:
    """Write down what came of a document; `spans` are of its value, and count only where it has one."""
    valid = result.is_valid
    return Extraction(
        document=document,
        schema_name=schema.name,
        schema_id=schema.id,
        model=(_model_of(result.attempts) if valid else None) or policy.model,
        outcome=result.outcome,
        has_value=valid,
        result=result.value,
        data=result.output if valid else None,
        reply=schema.plain(result.data) if valid else None,
        invalid=None if valid else schema.plain(result.last_read),
        spans=spans if valid else {},
        confidence=result.confidence,
        edits=result.edits,
        attempts=result.attempts,
        error=result.failure,
        digests=schema.digests if valid else None,
        parameters=schema.parameter_values,
        **_prices(result.attempts, policy.ttl),
    )


def _model_of(attempts: Iterable[Attempt]) -> str | None:
    """Return the model that gave a value, if any was asked: none that read parts of it again is it."""
    answered = [attempt.model for attempt in attempts if attempt.ok and not attempt.escalated]
    return answered[-1] if answered else None


def record_failure(
    document: Document,
    schema: Schema[M],
    model: str,
    failure: Failure,
    *,
    answered: Iterable[tuple[Ask | AskName, Answer]] = (),
    ttl: CacheTTL = "5m",
) -> Extraction[M]:
    """Write down a document that ended by no fault of a reply; what was asked before and answered was paid for."""
    attempts = tuple(attempt_of(ask, answer) for ask, answer in answered)
    prices = _prices(attempts, ttl)
    paid: Extraction[M] = Extraction(document, schema.name, schema.id, model, Outcome.FAILED, **prices)
    return emptied(replace(paid, attempts=attempts, parameters=schema.parameter_values), failure)


def record_unread(extraction: Extraction[M]) -> Extraction[M]:
    """Say that a value is not of all that the document was joined of, where a text of it could not be read."""
    failure = unread_inputs(extraction.document.inputs)
    return replace(extraction, outcome=Outcome.PARTIAL, error=failure) if failure and extraction.ok else extraction


def emptied(extraction: Extraction[M], failure: Failure) -> Extraction[M]:
    """Leave of an extraction that cannot be kept as it is what it cost, and why."""
    errors = (FieldError("", failure.message),)
    return Extraction(
        document=extraction.document,
        schema_name=extraction.schema_name,
        schema_id=extraction.schema_id,
        model=extraction.model,
        outcome=Outcome.FAILED,
        attempts=tuple(replace(attempt, ok=False, errors=errors) for attempt in extraction.attempts),
        cost_usd=extraction.cost_usd,
        saved_usd=extraction.saved_usd,
        surcharge_usd=extraction.surcharge_usd,
        error=failure,
        parameters=extraction.parameters,
    )


class _Prices(TypedDict):
    cost_usd: Decimal | None
    saved_usd: Decimal | None
    surcharge_usd: Decimal | None


def _prices(attempts: Collection[Attempt], ttl: CacheTTL) -> _Prices:
    return {
        "cost_usd": _total(attempts, ttl, prices.cost),
        "saved_usd": _total(attempts, ttl, prices.saving),
        "surcharge_usd": _total(attempts, ttl, prices.surcharge),
    }


def _total(attempts: Iterable[Attempt], ttl: CacheTTL, price: Callable[..., Decimal | None]) -> Decimal | None:
    """Add up what attempts cost in USD; None where a price is unknown."""
    total = Decimal(0)
    for attempt in attempts:
        amount = price(attempt.model, attempt.usage, ttl=ttl)
        if amount is None:
            return None
        total += amount
    return total
