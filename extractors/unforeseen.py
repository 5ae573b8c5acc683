"""What nobody foresaw: an exception that one document causes ends that document, as a failure that names it.

A user's validator or serializer, a reply that no test has thought of, a defect of slotfill's own: none of these may
end a run, or come out of `extract`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from traceback import walk_tb
from typing import Any, TypeVar

from slotfill.extractors import catalogue
from slotfill.extractors.catalogue import CacheTTL
from slotfill.extractors.plan import total
from slotfill.extractors.record.extraction import Document, Extraction, Outcome
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.rungs.asks import Answer, Ask, attempt_of
from slotfill.schemas.errors import FieldError
from slotfill.schemas.schema import Schema

__all__ = ["STOPS", "emptied", "failed_extraction", "internal_failure"]

M = TypeVar("M")

STOPS = (KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError)
"""What ends the program, a generator or a task: it is no document's fault, and passes.

All else is caught as a BaseException: what a library in Rust panics with is no Exception.
"""

_PACKAGE = Path(__file__).parent.parent

_logger = logging.getLogger("slotfill")


def internal_failure(error: BaseException, source: str | None) -> Failure:
    """Name an exception by its class and its place, and log its traceback at the level DEBUG.

    source: of the document. The exception's own message is left out, as it may quote it: "an unexpected KeyError at
    models.py:17 in check".
    """
    name, place = type(error).__qualname__, _place(error)
    message = f"an unexpected {name}{place}: the log has its traceback (-vv, or level DEBUG)"
    _logger.debug("%s: %s", source or "the text", message, exc_info=error)
    return Failure(FailureKind.INTERNAL, message)


def failed_extraction(
    failure: Failure,
    document: Document,
    schema: Schema[M],
    model: str,
    *,
    answered: Iterable[tuple[Ask, Answer]] = (),
    ttl: CacheTTL = "5m",
) -> Extraction[M]:
    """Write down a document that ended by a failure of ours; what was asked before and answered was paid for."""
    attempts = tuple(attempt_of(ask, answer) for ask, answer in answered)
    bare: Extraction[M] = Extraction(document, schema.name, schema.id, model, Outcome.FAILED, attempts=attempts)
    priced = (catalogue.cost, catalogue.saving, catalogue.surcharge)
    cost, saved, surcharge = (total(attempts, ttl, each) for each in priced)
    return emptied(replace(bare, cost_usd=cost, saved_usd=saved, surcharge_usd=surcharge), failure)


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
    )


def _place(error: BaseException) -> str:
    """Say where an exception was raised, and where in slotfill, if that is elsewhere."""
    frames = [(frame.f_code, line) for frame, line in walk_tb(error.__traceback__)]
    if not frames:
        return ""
    own = [(code, line) for code, line in frames if Path(code.co_filename).is_relative_to(_PACKAGE)]
    raised = f" at {_named(*frames[-1])}"
    return raised if not own or own[-1] == frames[-1] else f"{raised}, under {_named(*own[-1])}"


def _named(code: Any, line: int) -> str:
    return f"{Path(code.co_filename).name}:{line} in {code.co_name}"
