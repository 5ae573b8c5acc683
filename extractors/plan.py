"""One document's extraction as a plan: asks out, answers in, no I/O.

A plan is a generator. It yields a tuple of independent asks, is sent their answers in the same order, and returns
the `Extraction`. The same document and the same answers give the same asks, so a plan can be rebuilt by replay.

The rungs, cheapest first: `ask`, then `reask` with the errors (or with more room, when the reply was cut off). A
reply that was cut off or refused is told apart before anything in it is read.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import Enum, auto
from typing import Any, Generic, TypeVar

from slotfill.extractors import catalogue
from slotfill.extractors.prompt import Prompt, correct, write
from slotfill.extractors.record import Attempt, Document, Extraction, Failure, Mode, Origin, Outcome, Rung, Usage
from slotfill.schemas.confidence import confidence_paths
from slotfill.schemas.errors import FieldError, InvalidError
from slotfill.schemas.pointer import join, look_up
from slotfill.schemas.schema import WRAPPER, Schema

__all__ = ["CUT", "SCHEMA_REFUSED", "UNREADABLE", "Answer", "Ask", "Plan", "Policy", "plan"]

M = TypeVar("M")

SCHEMA_REFUSED = "schema_refused"
"""The failure of a service that does not take the schema in this mode."""

UNREADABLE = "unreadable_reply"
"""The failure of a 200 whose body is no message."""

CUT = ("max_tokens", "model_context_window_exceeded")
"""The stop reasons of a reply that was cut off: more room may help against the first alone."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request to a model. `max_tokens` bounds its reply."""

    rung: Rung
    model: str
    mode: Mode
    prompt: Prompt
    max_tokens: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one ask; plain data, so that it can be stored and replayed.

    json: the JSON text that the reply holds, None when there is none; `errors` then say why.
    said: all that the model said, for it to be shown again.
    failure: why there is no reply at all.
    ms: wall-clock milliseconds, the SDK's own tries included.
    scored: JSON Pointers into `json` to the numbers that were computed from log-probabilities.
    """

    json: str | None = None
    said: str = ""
    stop_reason: str | None = None
    errors: tuple[FieldError, ...] = ()
    failure: Failure | None = None
    usage: Usage = Usage()
    ms: int = 0
    request_id: str | None = None
    scored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """How far an extraction may go.

    modes: how to ask for JSON, in the order to try; the next one serves where the service refuses the schema.
    retries: model calls after the first; modes that were refused do not count.
    max_tokens: room for the first reply. ceiling: the most a reply may be given when it was cut off.
    """

    model: str
    modes: tuple[Mode, ...]
    max_tokens: int
    ceiling: int
    retries: int = 2


Plan = Generator[tuple[Ask, ...], tuple[Answer, ...], Extraction[M]]


def plan(document: Document, schema: Schema[M], policy: Policy) -> Plan[M]:
    """Extract a schema's value from one document.

    A document that could not be read ends as `failed` without a single ask.
    """
    if document.failure:
        return _record(document, schema, policy, (), _Verdict(_Kind.FAILED, failure=document.failure))
    prompt = write(schema, document)
    ask = Ask(Rung.ASK, policy.model, policy.modes[0], prompt, policy.max_tokens)
    attempts: list[Attempt] = []
    retries, read = policy.retries, None
    while True:
        (answer,) = yield (ask,)
        verdict = _judge(answer, schema, document)
        attempts.append(_attempt(ask, answer, verdict))
        read = read if verdict.read is None else verdict.read
        following = _next(ask, answer, verdict, policy, prompt=prompt, retries=retries)
        if following is None:
            return _record(document, schema, policy, tuple(attempts), replace(verdict, read=read))
        retries -= verdict.kind is not _Kind.SCHEMA_REFUSED
        ask = following


class _Kind(Enum):
    VALID = auto()
    INVALID = auto()
    TRUNCATED = auto()
    REFUSED = auto()
    UNREADABLE = auto()
    SCHEMA_REFUSED = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class _Verdict(Generic[M]):
    """What an answer is worth: its value, or why there is none and whatever could be read."""

    kind: _Kind
    value: M | None = None
    confidence: Mapping[str, Origin] = field(default_factory=dict)
    errors: tuple[FieldError, ...] = ()
    read: Any = None
    failure: Failure | None = None


_FAILURES = {UNREADABLE: _Kind.UNREADABLE, SCHEMA_REFUSED: _Kind.SCHEMA_REFUSED}


def _judge(answer: Answer, schema: Schema[M], document: Document) -> _Verdict[M]:
    """Tell failure, refusal and truncation apart before anything is validated."""
    if answer.failure:
        errors = (FieldError("", answer.failure.message),)
        return _Verdict(_FAILURES.get(answer.failure.type, _Kind.FAILED), errors=errors, failure=answer.failure)
    if answer.stop_reason == "refusal":
        reason = answer.errors[0].message if answer.errors else "the model gave no reason"
        refusal = Failure("refusal", f"the model refused: {reason}")
        return _Verdict(_Kind.REFUSED, errors=(FieldError("", refusal.message),), failure=refusal)
    if answer.stop_reason in CUT:
        cut = Failure("truncated", _cut_message(answer))
        read = answer.json or answer.said or None
        return _Verdict(_Kind.TRUNCATED, errors=(FieldError("", cut.message),), read=read, failure=cut)
    if answer.json is None:
        return _invalid(answer.errors, answer.said or None)
    try:
        value = schema.validate(answer.json, document=document.text)
    except InvalidError as error:
        return _invalid(error.errors, error.data)
    return _Verdict(_Kind.VALID, value, _origins(json.loads(answer.json), {*answer.scored}, schema))


def _origins(sent: object, scored: set[str], schema: Schema[Any]) -> dict[str, Origin]:
    """Tell where each confidence comes from that was sent: one that a default gives is neither scored nor stated."""
    wrapper = join((WRAPPER,)) if schema.wrapped else ""
    paths = confidence_paths(schema.json_schema, look_up(wrapper, sent))
    return {path: "scored" if wrapper + path in scored else "stated" for path in paths}


def _cut_message(answer: Answer) -> str:
    limit = "the model's context is full" if answer.stop_reason == CUT[1] else "max_tokens was reached"
    return f"the reply was cut off after {answer.usage.output_tokens} tokens: {limit}; split the document or allow more"


def _invalid(errors: tuple[FieldError, ...], read: object) -> _Verdict[Any]:
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    failure = Failure("validation", first.message + more, first.path)
    return _Verdict(_Kind.INVALID, errors=errors, read=read, failure=failure)


def _next(
    ask: Ask, answer: Answer, verdict: _Verdict[Any], policy: Policy, *, prompt: Prompt, retries: int
) -> Ask | None:
    """Choose the cheapest step that may still help; None ends the plan."""
    if verdict.kind is _Kind.SCHEMA_REFUSED:
        rest = policy.modes[policy.modes.index(ask.mode) + 1 :]
        return replace(ask, mode=rest[0]) if rest else None
    if retries <= 0:
        return None
    if verdict.kind is _Kind.UNREADABLE:
        return ask
    if verdict.kind is _Kind.TRUNCATED and ask.max_tokens < policy.ceiling and answer.stop_reason == CUT[0]:
        return replace(ask, rung=Rung.REASK, max_tokens=policy.ceiling)
    if verdict.kind is _Kind.INVALID:
        return replace(ask, rung=Rung.REASK, prompt=correct(prompt, answer.said, verdict.errors))
    return None


def _attempt(ask: Ask, answer: Answer, verdict: _Verdict[Any]) -> Attempt:
    return Attempt(
        rung=ask.rung,
        model=ask.model,
        mode=ask.mode,
        ok=verdict.kind is _Kind.VALID,
        stop_reason=answer.stop_reason,
        errors=verdict.errors,
        usage=answer.usage,
        ms=answer.ms,
        request_id=answer.request_id,
    )


_OUTCOMES = {_Kind.TRUNCATED: Outcome.PARTIAL, _Kind.REFUSED: Outcome.REFUSED}
_REACHED = {Rung.ASK: Outcome.VALID, Rung.REASK: Outcome.REASKED}


def _record(
    document: Document, schema: Schema[M], policy: Policy, attempts: tuple[Attempt, ...], verdict: _Verdict[M]
) -> Extraction[M]:
    valid = verdict.kind is _Kind.VALID
    return Extraction(
        document=document,
        schema_name=schema.name,
        schema_id=schema.id,
        model=policy.model,
        outcome=_REACHED[attempts[-1].rung] if valid else _OUTCOMES.get(verdict.kind, Outcome.FAILED),
        has_value=valid,
        result=verdict.value,
        data=schema.dump(verdict.value) if valid else None,  # type: ignore[arg-type]  # valid says it is an M
        invalid=None if valid else verdict.read,
        confidence=verdict.confidence,
        attempts=attempts,
        cost_usd=_total(attempts),
        error=verdict.failure,
    )


def _total(attempts: tuple[Attempt, ...]) -> Decimal | None:
    total = Decimal(0)
    for attempt in attempts:
        price = catalogue.cost(attempt.model, attempt.usage)
        if price is None:
            return None
        total += price
    return total
