"""What a later start asks about again: documents that failed on the way, and answers that tell of no reply."""

from __future__ import annotations

from typing import Any

from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.extractors.record.stop_reasons import BROKEN_STREAM
from slotfill.extractors.rungs.asks import Answer

__all__ = ["RETRY_LATER", "cause_of", "is_stale"]

RETRY_LATER = frozenset(kind.value for kind in FailureKind if kind.retry_later or kind is FailureKind.INTERNAL)
"""The kinds of failure that another try may not meet, as a ledger holds them.

What slotfill itself got wrong is one, whose cause may be gone: memory that was short, a mistake mended since.
"""


def cause_of(extraction: Extraction[Any]) -> FailureKind | None:
    """Return why there is no whole value: where a chunk failed on the way, that; None where there is one.

    A stream that broke off failed on the way too, though its record may say that the value is not valid.
    """
    if extraction.error is None:
        return None
    if extraction.attempts and extraction.attempts[-1].stop_reason == BROKEN_STREAM:
        return FailureKind.CONNECTION
    causes = [chunk.error.type for chunk in extraction.chunks if chunk.error]
    return next((cause for cause in causes if cause.retry_later), extraction.error.type)


def is_stale(answer: Answer) -> bool:
    """Whether an answer says that there was no reply, or half of one: what it answers is asked again."""
    lost = answer.failure is not None and (answer.failure.type.retry_later or answer.failure.type.stops_run)
    return lost or answer.stop_reason == BROKEN_STREAM
