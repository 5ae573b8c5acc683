"""Escalation: the parts of a value that are not sure go to a stronger model, they alone.

It is told which parts are to be read again, and what of the value is settled, so that "item 3" means something. What
the readings said of the unsure parts it is not told: a model that is shown an answer tends to repeat it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from slotfill.extractors.chunks.reading import ChunkReader
from slotfill.extractors.readings.certainty import Certainty
from slotfill.extractors.record.parts import Rung
from slotfill.extractors.rungs.asks import Ask, Policy
from slotfill.extractors.rungs.patch import Patch, patch_for
from slotfill.extractors.rungs.prompt import Message, Prompt
from slotfill.extractors.rungs.questions import Question
from slotfill.extractors.rungs.results import Result
from slotfill.extractors.rungs.steps import PendingPatch, Step
from slotfill.schemas.errors import FieldError
from slotfill.schemas.json_values.exact_json import loads
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.json_values.places import NO_VALUE, replaced
from slotfill.schemas.json_values.pointer import join, steps_to
from slotfill.schemas.marks.confidence import confidence_paths
from slotfill.schemas.schema import Schema
from slotfill.schemas.wire.losses import Mode

__all__ = ["escalate", "escalated"]

M = TypeVar("M")

READ_AGAIN = """\
These parts of the JSON value are uncertain: {places}.{settled}
Read the document again for each of them. Give these parts alone, as a JSON object of the schema that is asked for \
now: each part under its own keys, an item of a list under its index."""

SETTLED = " The rest is settled, and stands here without them:\n{rest}"

WHOLE_AGAIN = "Read the document again, and give the whole JSON value."


def escalate(reader: ChunkReader[M], result: Result[M], certainty: Certainty) -> Step[M] | None:
    """Ask the stronger model for what is not sure; None where there is no such model, or nothing that is not.

    Where the unsure parts cannot be asked for by themselves, as where the value is a single label, the whole is.
    """
    policy, stronger = reader.policy, reader.policy.stronger
    if stronger is None or not result.is_valid:
        return None
    unsure = [path for path, number in certainty.numbers.items() if number < policy.sure]
    places = [path for path in unsure if not any(path.startswith(f"{other}/") for other in unsure)]
    if not places:
        return None
    question = reader.whole
    smallest = patch_for(reader.schema.json_schema, result.data, [FieldError(path, "is uncertain") for path in places])
    if smallest is None or not _modes(stronger, smallest):
        return _whole(question, stronger)
    prompt = _asking_again(question.prompt, places, result.data, reader.schema)
    mode = _modes(stronger, smallest)[0]
    request = Ask(Rung.PATCH, stronger.model, mode, prompt, stronger.max_tokens, smallest.wire)
    # Should what comes back not fit the rest, the value stays as it was: asking for all of it would cost too much.
    return Step(question, stronger, request, 0, PendingPatch(smallest, result))


def escalated(result: Result[M], step: Step[M], again: Result[M]) -> Result[M]:
    """Return what a stronger model made of a value; the value as it was, with what that cost, where it gave nothing."""
    asked = ("",) if step.pending is None else tuple(map(join, step.pending.patch.places))
    answered = _answered_places(step, again) if again.is_valid else ()
    errors = again.errors or (FieldError("", "the reply holds none of the parts that were asked for"),)
    new = [
        replace(one, escalated=answered or asked, ok=bool(answered) and one.ok, errors=() if answered else errors)
        for one in again.attempts[len(result.attempts) :]
    ]
    attempts = (*result.attempts, *new)
    if not answered:
        return replace(result, attempts=attempts)
    confidence = {path: result.confidence.get(path, origin) for path, origin in again.confidence.items()}
    return replace(again, attempts=attempts, confidence=confidence)


def _answered_places(step: Step[M], again: Result[M]) -> tuple[str, ...]:
    """Return the places that a valid reply holds something for."""
    if step.pending is None:
        return ("",)
    patch, before = step.pending.patch, step.pending.result
    try:
        return patch.answered(before.data, loads(again.answer.json or again.answer.text))
    except ValueError:  # it was taken out of prose
        return tuple(map(join, patch.places))


def _modes(policy: Policy, patch: Patch) -> list[Mode]:
    return [mode for mode in policy.modes if mode in patch.wire.modes]


def _whole(question: Question[M], policy: Policy) -> Step[M]:
    turns = (*question.prompt.turns, Message("user", WHOLE_AGAIN))
    prompt = replace(question.prompt, turns=turns, further=True)
    request = Ask(Rung.REASK, policy.model, question.modes(policy)[0], prompt, policy.max_tokens, question.wire)
    return Step(question, policy, request, 0)


def _asking_again(prompt: Prompt, places: Iterable[str], data: JSON, schema: Schema[M]) -> Prompt:
    rest, paths = data, [*places]
    confidences = confidence_paths(schema.json_schema, data)  # of what is sure, and of what is not
    for path in sorted({*paths, *(path for path in confidences if not any(map(path.startswith, paths)))}, reverse=True):
        steps = steps_to(path, data)
        # An item leaves a gap: those behind it keep their numbers.
        rest = replaced(rest, steps, None if isinstance(steps[-1], int) else NO_VALUE)
    settled = SETTLED.format(rest=json.dumps(schema.wrap(rest), ensure_ascii=False)) if rest else ""
    request = READ_AGAIN.format(places=", ".join(paths), settled=settled)
    return replace(prompt, turns=(*prompt.turns, Message("user", request)), further=True)
