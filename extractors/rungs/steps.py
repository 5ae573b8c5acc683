"""The steps up the rungs: each is one request, and the next one is the cheapest that may still help.

`ask` is the first; `patch` asks for the failing parts alone; `ask_again` for the whole value, or the same once more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from slotfill.extractors.record.parts import Rung
from slotfill.extractors.record.stop_reasons import NOT_STATED
from slotfill.extractors.rungs.asks import Ask, Policy
from slotfill.extractors.rungs.patch import Patch, patch_for
from slotfill.extractors.rungs.prompt import correct
from slotfill.extractors.rungs.questions import Question
from slotfill.extractors.rungs.results import Result, Status

__all__ = ["PendingPatch", "Step", "ask", "ask_again", "patch"]

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class PendingPatch(Generic[M]):
    """A patch that was asked for, and the result that it is to mend."""

    patch: Patch
    result: Result[M]


@dataclass(frozen=True, slots=True)
class Step(Generic[M]):
    """One request on the way to a value.

    Attributes:
        question: What is asked.
        policy: How far one may go.
        request: What is sent now.
        retries: How many requests may follow; a mode that is refused costs none.
        pending: The patch that the request is for; None where it is for the whole value.
    """

    question: Question[M]
    policy: Policy
    request: Ask
    retries: int
    pending: PendingPatch[M] | None = None


def ask(question: Question[M], policy: Policy, rung: Rung = Rung.ASK) -> Step[M]:
    """Ask a model for the whole value."""
    mode = question.modes(policy)[0]
    request = Ask(rung, policy.model, mode, question.prompt, policy.max_tokens, question.wire)
    return Step(question, policy, request, policy.retries)


def patch(step: Step[M], result: Result[M]) -> Step[M] | None:
    """Ask for the failing parts alone; None where they cannot be told, or have just been asked for."""
    if result.status is not Status.INVALID or result.data is None or step.pending or not step.retries:
        return None
    if result.answer.stop_reason == NOT_STATED:
        return None
    smallest = patch_for(step.question.schema.json_schema, result.data, result.errors)
    if smallest is None or step.request.mode not in smallest.wire.modes:
        return None
    request = replace(
        step.request,
        rung=Rung.PATCH,
        prompt=correct(step.question.prompt, result.reply, result.errors, parts=True),
        max_tokens=step.policy.max_tokens,
        wire=smallest.wire,
    )
    return _next(step, request, PendingPatch(smallest, result))


def ask_again(step: Step[M], result: Result[M]) -> Step[M] | None:
    """Take the cheapest step that may still help, but for a patch; None ends the way up with this model."""
    match result.status:
        case Status.UNSUPPORTED:
            return _in_next_mode(step)
        case _ if not step.retries or result.answer.stop_reason == NOT_STATED:
            return None
        case Status.INVALID:
            return _for_whole_value(step, result)
        case Status.UNREADABLE | Status.BROKEN_OFF:
            return _next(step, step.request, step.pending)
        case Status.CUT_OFF:
            return _with_more_room(step)
        case _:
            return None


def _next(step: Step[M], request: Ask, pending: PendingPatch[M] | None) -> Step[M]:
    return replace(step, request=request, retries=step.retries - 1, pending=pending)


def _in_next_mode(step: Step[M]) -> Step[M] | None:
    """Ask the same in the next mode; a mode that is refused was not answered, and costs no retry."""
    wire = step.request.wire
    modes = [mode for mode in step.policy.modes if wire is None or mode in wire.modes]
    rest = modes[modes.index(step.request.mode) + 1 :]
    return replace(step, request=replace(step.request, mode=rest[0])) if rest else None


def _for_whole_value(step: Step[M], result: Result[M]) -> Step[M]:
    request = replace(
        step.request,
        rung=Rung.REASK,
        prompt=correct(step.question.prompt, result.reply, result.errors),
        max_tokens=max(step.request.max_tokens, step.policy.max_tokens),
        wire=step.question.wire,
    )
    return _next(step, request, None)


def _with_more_room(step: Step[M]) -> Step[M] | None:
    """Ask the same with all the room there is; None where the reply had it."""
    if step.request.max_tokens >= step.policy.ceiling:
        return None
    rung = step.request.rung if step.pending else Rung.REASK
    return _next(step, replace(step.request, rung=rung, max_tokens=step.policy.ceiling), step.pending)
