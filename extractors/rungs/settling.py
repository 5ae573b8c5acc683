"""Settling: a value that is right does not fail for the passages beside it, which are no part of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from slotfill.extractors.record.parts import Edit, Rung
from slotfill.extractors.rungs.asks import Answer, attempt_of
from slotfill.extractors.rungs.questions import Question
from slotfill.extractors.rungs.results import Result, Status
from slotfill.extractors.rungs.steps import Step
from slotfill.extractors.rungs.validation import validate_data
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.json_values.places import NO_VALUE, ValuePath, replaced
from slotfill.schemas.json_values.pointer import follow, join, tokens

__all__ = ["settle_passages", "without_misquotes"]

M = TypeVar("M")


def settle_passages(step: Step[M], result: Result[M]) -> Result[M]:
    """Leave out the passages that stand nowhere, where nothing else is wrong; no model call."""
    settled = without_misquotes(step.question, result)
    if settled is result:
        return result
    attempt = attempt_of(replace(step.request, rung=Rung.MEND), Answer())
    attempt = replace(attempt, ok=settled.is_valid, errors=settled.errors)
    return replace(settled, attempts=(*result.attempts, attempt))


def without_misquotes(question: Question[M], result: Result[M]) -> Result[M]:
    """Leave them out of a result, each with an edit that tells it; the result as it is where they are not all."""
    wrong = dict.fromkeys(error.path for error in result.errors)
    if result.status is not Status.INVALID or not wrong or not all(map(question.schema.is_beside, wrong)):
        return result
    edits = tuple(Edit(path, "misquoted", follow(path, result.data), None, "none") for path in wrong)
    data = result.data
    for path in sorted((_steps_to(path, data) for path in wrong), reverse=True, key=_order):
        data = replaced(data, path, NO_VALUE)
    settled = validate_data(question, data, (*result.edits, *edits), result.scored)
    return replace(settled, answer=result.answer, reply=result.reply, attempts=result.attempts, last_read=data)


def _steps_to(pointer: str, data: JSON) -> ValuePath:
    """Return the keys and indexes that a JSON Pointer leads by."""
    steps: list[str | int] = []
    for token in tokens(pointer):
        holder = follow(join(steps), data)
        steps.append(int(token) if isinstance(holder, list) else token)
    return tuple(steps)


def _order(path: ValuePath) -> tuple[tuple[bool, str | int], ...]:
    """Sort the items of a list by their index, the last one last: what goes moves those behind it."""
    return tuple((isinstance(step, int), step) for step in path)
