"""An extraction, as it is told: a span, and what is counted of it. Nothing at all where nobody listens."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from decimal import Decimal
from typing import Any, TypeVar

from opentelemetry.util.types import AttributeValue

from slotfill.extractors.catalogue.prices import CacheTTL
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.telemetry.conventions import (
    ATTEMPTS,
    CHUNKS,
    COST,
    EDITS,
    EXTRACT_SPAN,
    OUTCOME,
    REQUEST_MODEL,
    SCHEMA,
)
from slotfill.extractors.telemetry.open_span import Attributes, OpenSpan
from slotfill.extractors.telemetry.providers import Recorders, recorders
from slotfill.extractors.telemetry.request_telemetry import tell_batched_request

__all__ = ["count_extraction", "count_spending", "tell_batched", "tell_extraction"]

M = TypeVar("M")
T = TypeVar("T")


def tell_extraction(events: AsyncGenerator[T], schema: str, model: str) -> AsyncGenerator[T]:
    """Tell of an extraction, if anybody wants to know.

    events: what it gives, the `Extraction` last; it is returned as it is where nobody does.
    schema: its name. model: the one that is asked first.
    """
    heard = recorders()
    return events if heard is None else _observed(heard, events, schema, model)


def count_extraction(extraction: Extraction[Any], seconds: float | None) -> None:
    """Count an extraction of which there is a span elsewhere, or none. seconds: what it took, if that says anything."""
    if (heard := recorders()) and heard.instruments:
        heard.instruments.ended(extraction, seconds)


def tell_batched(extraction: Extraction[M], ttl: CacheTTL) -> Extraction[M]:
    """Tell of an extraction whose requests went with batches, if anybody wants to know, and return it.

    ttl: by which its requests are priced.

    They were made hours ago, by another process perhaps: their spans have no length, and begin and end with it.
    """
    if heard := recorders():
        schema = extraction.schema_name
        span = OpenSpan(heard.tracer, EXTRACT_SPAN, {SCHEMA: schema, REQUEST_MODEL: extraction.model})
        with span:
            for attempt in extraction.attempts:
                if attempt.batch is not None:
                    tell_batched_request(heard, schema, attempt, ttl)
        _end(heard, span, extraction, None)
        span.end()
    return extraction


def count_spending(schema: str, model: str, usage: Usage | None, usd: Decimal | None) -> None:
    """Count what an HTTP try took: what a meter was told, as it settled it.

    usage: None where the reply was lost. usd: None where its price is not known.
    """
    if (heard := recorders()) and heard.instruments:
        heard.instruments.spent(schema, model, usage, usd)


async def _observed(heard: Recorders, events: AsyncGenerator[T], schema: str, model: str) -> AsyncGenerator[T]:
    started = time.monotonic()
    begun = False
    span = OpenSpan(heard.tracer, EXTRACT_SPAN, {SCHEMA: schema, REQUEST_MODEL: model})
    try:
        async with aclosing(events):
            while True:
                with span:
                    event = await _next_of(events, span)
                if event is None:
                    return
                if isinstance(event, Extraction):
                    _end(heard, span, event, time.monotonic() - started)
                elif not begun and heard.instruments:
                    heard.instruments.begun(schema, model, time.monotonic() - started)
                    begun = True
                yield event
    finally:
        span.end()


async def _next_of(events: AsyncGenerator[T], span: OpenSpan) -> T | None:
    """Return what comes next, None for nothing. What goes wrong as a stream is left is no failure of the extraction."""
    try:
        return await anext(events, None)
    except Exception as error:
        span.fail(type(error).__name__)
        raise


def _end(heard: Recorders, span: OpenSpan, extraction: Extraction[Any], seconds: float | None) -> None:
    if span.is_recording:
        span.set(_attributes(extraction))
    if extraction.error:
        span.fail(extraction.error.type.value)
    if heard.instruments:
        heard.instruments.ended(extraction, seconds)


def _attributes(extraction: Extraction[Any]) -> Attributes:
    """Say what came of it: no value, and no place of one. Each attribute costs, so that what is none is left out."""
    counts = {ATTEMPTS: len(extraction.attempts), EDITS: len(extraction.edits), CHUNKS: len(extraction.chunks)}
    told: dict[str, AttributeValue] = {name: count for name, count in counts.items() if count}
    told[OUTCOME] = extraction.outcome.value
    if extraction.cost_usd is not None:
        told[COST] = float(extraction.cost_usd)
    return told
