"""Abstention: what is less sure than is asked for is withheld, not given as if it were sure.

An item goes from its list, and an optional field is absent, or null. Where the schema needs the value, the object that
holds it goes in its place, if that may; else the document has no value, and its error names the field. A default is
never taken in its stead: it would look like something that was read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from slotfill.extractors.chunks.reading import ChunkReader
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.readings.certainty import Certainty
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.record.parts import Edit
from slotfill.extractors.rungs.questions import Question
from slotfill.extractors.rungs.results import Result, Status
from slotfill.extractors.rungs.validation import validate_data
from slotfill.schemas.errors import FieldError
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.json_values.places import NO_VALUE, ValuePath, replaced
from slotfill.schemas.json_values.pointer import follow, is_within, join, steps_to

__all__ = ["withhold", "without_moved"]

M = TypeVar("M")
T = TypeVar("T")


def withhold(reader: ChunkReader[M], result: Result[M], certainty: Certainty) -> Result[M]:
    """Withhold what is not sure, each part with an edit that tells it; the result as it is where all is sure."""
    policy = reader.policy
    if not policy.withholds or not result.is_valid:
        return result
    unsure = {path: number for path, number in certainty.numbers.items() if number < policy.sure}
    # Of a list whose items have numbers of their own, the items decide.
    parts = [path for path in unsure if not any(other.startswith(f"{path}/") for other in certainty.numbers)]
    kept = result
    for path in sorted(parts, key=lambda path: _order(steps_to(path, result.data)), reverse=True):
        without = _without(reader.whole, kept, steps_to(path, result.data))
        if without is None:
            return _failed(result, path, unsure[path], policy.sure)
        kept = without
    return kept


def _without(question: Question[M], result: Result[M], steps: ValuePath) -> Result[M] | None:
    """Return a result without the part at a place, or without what holds it; None where the schema needs all of it."""
    for end in range(len(steps), 0, -1):
        place = steps[:end]
        before = follow(join(place), result.data)
        if before is None:  # what holds it is gone
            return result
        for data, is_item in _reduced(result.data, place):
            settled = validate_data(question, data, (), result.scored)
            if settled.is_valid and (is_item or follow(join(place), settled.output) is None):
                edit = Edit(join(place), "withheld", before, None, "none")
                origins = {path: result.confidence.get(path, origin) for path, origin in settled.confidence.items()}
                return replace(
                    result,
                    value=settled.value,
                    data=settled.data,
                    output=settled.output,
                    edits=(*result.edits, edit),
                    confidence=origins,
                    last_read=settled.data,
                )
    return None


def _reduced(data: JSON, place: ValuePath) -> Iterator[tuple[JSON, bool]]:
    """Yield a value without an item; with a field null, then without it."""
    if isinstance(place[-1], int):
        yield replaced(data, place, NO_VALUE), True
        return
    yield replaced(data, place, None), False
    yield replaced(data, place, NO_VALUE), False


def _failed(result: Result[M], path: str, number: float, sure: float) -> Result[M]:
    what = path or "the value"
    message = f"{what} is sure by {number:.2f}, and {sure:g} is asked for: make it optional, ask for less, or escalate"
    errors = (FieldError(path, message),)
    return replace(
        result,
        status=Status.INVALID,
        value=None,
        output=None,
        errors=errors,
        failure=Failure(FailureKind.UNSURE, message, path),
        attempts=(*result.attempts[:-1], *(replace(last, ok=False, errors=errors) for last in result.attempts[-1:])),
    )


def _order(steps: ValuePath) -> tuple[tuple[bool, str | int], ...]:
    """Sort the items of a list by their index, so that the last goes first: what goes moves those behind it."""
    return tuple((isinstance(step, int), step) for step in steps)


def without_moved(extraction: Extraction[M]) -> Extraction[M]:
    """Leave out what is told by places of lists that items were withheld from: those behind them have moved."""
    withheld = [edit.path.rpartition("/") for edit in extraction.edits if edit.kind == "withheld"]
    lists = {
        holder for holder, _, key in withheld if isinstance(follow(holder, extraction.reply), list) and key.isdigit()
    }
    if not lists:
        return extraction
    return replace(
        extraction,
        agreement=_elsewhere(extraction.agreement, lists),
        probability=_elsewhere(extraction.probability, lists),
        found_in=_elsewhere(extraction.found_in, lists),
    )


def _elsewhere(known: Mapping[str, T], lists: Collection[str]) -> dict[str, T]:
    return {path: one for path, one in known.items() if not is_within(path, lists)}
