"""What an answer is worth: told apart before anything in it is read, validated, and mended where that needs no call."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.record.parts import Edit, Origin, Rung
from slotfill.extractors.record.stop_reasons import BROKEN_STREAM, CONTEXT_FULL, CUT_OFF
from slotfill.extractors.repair.object_keys import has_twin_keys
from slotfill.extractors.repair.repair import repair
from slotfill.extractors.rungs.asks import Answer, Ask, attempt_of
from slotfill.extractors.rungs.questions import Question
from slotfill.extractors.rungs.results import Result, Status
from slotfill.extractors.rungs.steps import PendingPatch, Step
from slotfill.schemas.errors import FieldError, InvalidError, SchemaCodeError
from slotfill.schemas.json_schema.response_model import formats_of, response_model
from slotfill.schemas.json_values.exact_json import DuplicateKeyError, dumps, loads
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.marks.confidence import confidence_paths
from slotfill.schemas.schema import Schema

__all__ = ["mend", "read_answer", "validate_data"]

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class _Payload:
    """One value as it travels, with what made it what it is; None where a reply holds none. errors: why, if known."""

    text: str | None
    edits: tuple[Edit, ...] = ()
    scored: frozenset[str] = frozenset()
    errors: tuple[FieldError, ...] = ()


def read_answer(step: Step[M], answer: Answer) -> Result[M]:
    """Validate what an answer holds, as it is; failures, refusals and cut replies are told apart before that."""
    result: Result[M] | None = _without_reading(answer)
    if result is None:
        result = _validated(step.question, _payload_of(step, answer), answer)
    attempt = attempt_of(step.request, answer, result.errors, ok=result.is_valid)
    return replace(result, answer=answer, attempts=(attempt,), last_read=result.data)


def mend(step: Step[M], result: Result[M]) -> Result[M]:
    """Make the local edits that the policy allows, with no model call; the result as it is where none help."""
    if not _is_mendable(step, result):
        return result
    question, answer = step.question, result.answer
    payload = _payload_of(step, answer)
    text = payload.text or answer.text
    repaired = repair(text, question.schema, step.policy.mending, document=question.document.quotable)
    if repaired is None or not repaired.edits:
        return result
    mended = _Payload(dumps(repaired.data), (*payload.edits, *repaired.edits), payload.scored)
    better = replace(_validated(question, mended, answer), reply=text)
    if result.is_valid and not better.is_valid:
        return result
    attempt = attempt_of(replace(step.request, rung=Rung.MEND), Answer(), better.errors, ok=better.is_valid)
    return replace(better, answer=answer, attempts=(*result.attempts, attempt))


def validate_data(
    question: Question[M], data: JSON, edits: tuple[Edit, ...] = (), scored: frozenset[str] = frozenset()
) -> Result[M]:
    """Validate a value, as plain JSON data, that was put together of parts; `edits` and `scored` are what it has."""
    return _validated(question, _Payload(dumps(question.schema.wrap(data)), edits, scored), Answer())


def _without_reading(answer: Answer) -> Result[M] | None:
    """Judge an answer that is not to be read; None for one that is."""
    if answer.failure:
        errors = (FieldError("", answer.failure.message),)
        return Result(_STATUSES.get(answer.failure.type, Status.FAILED), errors=errors, failure=answer.failure)
    if answer.stop_reason == "refusal":
        reason = answer.errors[0].message if answer.errors else "the model gave no reason"
        refusal = Failure(FailureKind.REFUSAL, f"the model refused: {reason}")
        return Result(Status.REFUSED, errors=(FieldError("", refusal.message),), failure=refusal)
    if answer.stop_reason in CUT_OFF:
        cut = Failure(FailureKind.TRUNCATED, _cut_message(answer))
        status = _CUT.get(answer.stop_reason, Status.CUT_OFF)
        return Result(
            status, errors=(FieldError("", cut.message),), data=answer.json or answer.text or None, failure=cut
        )
    return None


_STATUSES = {
    FailureKind.UNREADABLE_REPLY: Status.UNREADABLE,
    FailureKind.SCHEMA_REFUSED: Status.UNSUPPORTED,
    FailureKind.MODE_REFUSED: Status.UNSUPPORTED,
    FailureKind.REFUSAL: Status.REFUSED,
}

_CUT = {CONTEXT_FULL: Status.CONTEXT_FULL, BROKEN_STREAM: Status.BROKEN_OFF}


def _cut_message(answer: Answer) -> str:
    if answer.stop_reason == BROKEN_STREAM:
        return f"the reply's stream broke off: {answer.errors[0].message}"
    limit = "the model's context is full" if answer.stop_reason == CONTEXT_FULL else "max_tokens was reached"
    written, thought = answer.usage.output_tokens, answer.usage.thinking_tokens or 0
    after = "" if written is None else f" after {written} tokens"
    if written is not None and 2 * thought > written:
        return (
            f"the reply was cut off{after}, of which {thought} were thinking: {limit}; have the model think less "
            "(--thinking off, or --effort low), or allow more"
        )
    return f"the reply was cut off{after}: {limit}; split the document or allow more"


def _payload_of(step: Step[M], answer: Answer) -> _Payload:
    """Take the value out of a reply; a patch is put into the value that it is for."""
    whole = _whole_reply(step.request, answer)
    return whole if step.pending is None else _merged(step, answer, step.pending)


def _whole_reply(request: Ask, answer: Answer) -> _Payload:
    """Take the JSON of a reply that holds nothing else: what stands beside it may hold another one."""
    alone = request.mode == "tool" or (answer.json or "").strip() == answer.text.strip()
    text = answer.json if alone else None
    if text is None and answer.stop_reason != "tool_use" and _is_json(answer.text):
        text = answer.text  # as a text, where a tool was to be called
    return _Payload(text, scored=frozenset(answer.scored))


def _is_json(text: str) -> bool:
    try:
        loads(text)
    except ValueError:
        return False
    return True


def _merged(step: Step[M], answer: Answer, pending: PendingPatch[M]) -> _Payload:
    """Put a patch into the value that it is for."""
    before, patch, schema = pending.result, pending.patch, step.question.schema
    try:
        parts, made = _parts(step, answer, pending)
    except DuplicateKeyError as error:
        return _Payload(None, errors=(FieldError("", str(error)),))
    except ValueError:
        return _Payload(None)
    merged = schema.wrap(patch.merge(before.data, parts))
    replaced = patch.answered(before.data, parts)
    # Edits of what was replaced are of what is no more, and so are its scores.
    edits = [edit for edit in before.edits if not _is_within(edit.path, replaced)]
    others = {path for path in before.scored if not _is_within(path, [*map(schema.wrap_pointer, replaced)])}
    scored = frozenset(others.union(map(schema.wrap_pointer, answer.scored)))
    # What stands beside the parts that were asked for is not looked at: nothing goes with it.
    made = tuple(edit for edit in made if edit.kind != "extra" or _is_within(edit.path, replaced))
    return _Payload(dumps(merged), (*edits, *made), scored)


def _parts(step: Step[M], answer: Answer, pending: PendingPatch[M]) -> tuple[JSON, tuple[Edit, ...]]:
    """Read a patch's reply: as it is where it holds all that was asked for, else mended by the patch's own schema.

    Raises:
        ValueError: Nothing can be read.
    """
    text, patch, data = _whole_reply(step.request, answer).text or "", pending.patch, pending.result.data
    plain = loads(text) if _is_json(text) else None
    answered = patch.answered(data, plain)
    if len(answered) < len(patch.places):
        schema = step.question.schema
        model = response_model(patch.wire.full, name=schema.name, formats=formats_of(schema.model))
        repaired = repair(answer.text, Schema(model), step.policy.mending)
        if repaired and (plain is None or len(patch.answered(data, repaired.data)) > len(answered)):
            return repaired.data, repaired.edits
    return loads(text), ()


def _is_within(path: str, places: Iterable[str]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)


def _is_mendable(step: Step[M], result: Result[M]) -> bool:
    """Whether local edits may help.

    A key of an open object may be another name of one that is missing, and be dropped by nobody else: that is looked
    for in a valid value, too. A patch that cannot be read is no value, and a call of a wrong tool, or of two, is no
    answer to mend; one that is made twice over is.
    """
    if result.is_valid:
        return has_twin_keys(result.data, step.question.schema)
    if result.status is not Status.INVALID:
        return False
    miscalled = result.answer.stop_reason == "tool_use" and bool(result.answer.errors)
    return not (step.pending is not None or miscalled) or _payload_of(step, result.answer).text is not None


def _validated(question: Question[M], payload: _Payload, answer: Answer) -> Result[M]:
    if payload.text is None:
        errors = payload.errors or answer.errors or (FieldError("", "the reply holds more than the JSON value"),)
        return _invalid(errors, None, payload, answer.text)
    schema, data = question.schema, None
    try:
        value, data = schema.read(payload.text, document=question.document.quotable)
        output = schema.dump(value)
    except SchemaCodeError as error:
        return _broken_schema(error, error.data if data is None else data, payload)
    except InvalidError as error:
        data = None if isinstance(error.data, str) and error.data == payload.text else error.data
        return _invalid(error.errors, data, payload, payload.text)
    confidence = _origins(data, payload.scored, schema)
    return Result(Status.VALID, value, data, output, payload.edits, confidence)


def _invalid(errors: tuple[FieldError, ...], data: JSON, payload: _Payload, reply: str) -> Result[M]:
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return Result(
        Status.INVALID,
        data=data,
        edits=payload.edits,
        errors=errors,
        failure=Failure(FailureKind.VALIDATION, first.message + more, first.path),
        reply=reply,
        scored=payload.scored,
    )


def _broken_schema(error: SchemaCodeError, data: JSON, payload: _Payload) -> Result[M]:
    """Give up over code of the schema's own: no model can mend it."""
    first = error.errors[0]
    failure = Failure(FailureKind.SCHEMA_CODE, first.message, first.path)
    return Result(Status.FAILED, data=data, edits=payload.edits, errors=error.errors, failure=failure)


def _origins(data: JSON, scored: Collection[str], schema: Schema[M]) -> dict[str, Origin]:
    """Tell where each confidence comes from that was sent: one that a default gives is neither scored nor stated."""
    if not schema.has_confidences:
        return {}
    paths = confidence_paths(schema.json_schema, data)
    return {path: "scored" if schema.wrap_pointer(path) in scored else "stated" for path in paths}
