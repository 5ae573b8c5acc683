"""One document's extraction as a plan: asks out, answers in, no I/O.

A plan is a generator. It yields a tuple of independent asks, is sent their answers in the same order, and returns
the `Extraction`. The same document and the same answers give the same asks, so a plan can be rebuilt by replay.

The rungs, cheapest first: `ask`; `mend`, with no call; `patch`, a re-ask for the failing parts alone; `reask`, for the
whole value; `fallback`, the same on the next model. Each is taken only when the one before did not serve. A reply that
was cut off or refused is told apart before anything in it is read.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Generator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import Enum, auto
from typing import Any, Generic, TypeVar

from slotfill.extractors import catalogue
from slotfill.extractors.grounding import ground
from slotfill.extractors.mend import Mode as Mending
from slotfill.extractors.mend import mend
from slotfill.extractors.patch import Patch, patch_for
from slotfill.extractors.prompt import Prompt, correct, write
from slotfill.extractors.record import (
    Attempt,
    Document,
    Edit,
    Extraction,
    Failure,
    Mode,
    Origin,
    Outcome,
    Rung,
    Usage,
)
from slotfill.schemas.confidence import confidence_paths
from slotfill.schemas.errors import FieldError, InvalidError
from slotfill.schemas.json_schema import response_model
from slotfill.schemas.pointer import join, look_up
from slotfill.schemas.schema import WRAPPER, Schema
from slotfill.schemas.wire import Wire

__all__ = ["CUT", "SCHEMA_REFUSED", "UNREADABLE", "Answer", "Ask", "Mending", "Plan", "Policy", "plan"]

M = TypeVar("M")

SCHEMA_REFUSED = "schema_refused"
"""The failure of a service that does not take the schema in this mode."""

UNREADABLE = "unreadable_reply"
"""The failure of a 200 whose body is no message."""

CUT = ("max_tokens", "model_context_window_exceeded")
"""The stop reasons of a reply that was cut off: more room may help against the first alone."""

FINAL = frozenset({"authentication", "permission", "billing", "bad_request", "cassette"})
"""The failures that another model of the same service would meet too."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request to a model. `max_tokens` bounds its reply; `wire` is what a patch is answered by."""

    rung: Rung
    model: str
    mode: Mode
    prompt: Prompt
    max_tokens: int
    wire: Wire | None = None


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
    mending: which local edits are made: `off`, `safe` (of no or low risk), `bold`.
    fallbacks: the models to turn to, in this order, each with its own policy.
    """

    model: str
    modes: tuple[Mode, ...]
    max_tokens: int
    ceiling: int
    retries: int = 2
    mending: Mending = "safe"
    fallbacks: tuple[Policy, ...] = ()


Plan = Generator[tuple[Ask, ...], tuple[Answer, ...], Extraction[M]]


def plan(document: Document, schema: Schema[M], policy: Policy) -> Plan[M]:
    """Extract a schema's value from one document.

    A document that could not be read ends as `failed` without a single ask.
    """
    ladder = _Ladder(document, schema)
    if document.failure:
        return ladder.record(policy, _Verdict(_Kind.FAILED, failure=document.failure))
    verdict = yield from ladder.climb(policy, Rung.ASK)
    for other in policy.fallbacks:
        if verdict.kind is _Kind.VALID or (verdict.failure and verdict.failure.type in FINAL):
            break
        verdict = yield from ladder.climb(other, Rung.FALLBACK)
    return ladder.record(policy, verdict)


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
    """What an answer is worth: its value, or why there is none and whatever could be read.

    data: the value as plain JSON, valid or not, None where nothing could be read; `edits` made it what it is.
    said: what the model is shown of it, should it be asked again.
    scored: as in `Answer`, into the value as it travels.
    """

    kind: _Kind
    value: M | None = None
    data: Any = None
    edits: tuple[Edit, ...] = ()
    confidence: Mapping[str, Origin] = field(default_factory=dict)
    errors: tuple[FieldError, ...] = ()
    failure: Failure | None = None
    said: str = ""
    scored: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Sent:
    """One value as it travels, with what made it what it is; None where a reply holds none."""

    text: str | None
    edits: tuple[Edit, ...] = ()
    scored: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Pending:
    """A patch that was asked for, and the verdict on the value that it is for."""

    patch: Patch
    verdict: _Verdict[Any]


_OUTCOMES = {_Kind.TRUNCATED: Outcome.PARTIAL, _Kind.REFUSED: Outcome.REFUSED}
_HEIGHTS = (Rung.ASK, Rung.MEND, Rung.PATCH, Rung.REASK, Rung.FALLBACK)
_REACHED = dict(
    zip(_HEIGHTS, (Outcome.VALID, Outcome.MENDED, Outcome.PATCHED, Outcome.REASKED, Outcome.FALLBACK), strict=True)
)


class _Ladder(Generic[M]):
    """One document's way up the rungs: what was tried so far, and how high it went."""

    def __init__(self, document: Document, schema: Schema[M]) -> None:
        self.document = document
        self.schema = schema
        self.attempts: list[Attempt] = []
        self.read: Any = None

    def climb(self, policy: Policy, rung: Rung) -> Generator[tuple[Ask, ...], tuple[Answer, ...], _Verdict[M]]:
        """Ask one model, from the first ask to the last re-ask that its policy allows."""
        prompt, retries = write(self.schema, self.document), policy.retries
        ask, pending = Ask(rung, policy.model, policy.modes[0], prompt, policy.max_tokens), None
        while True:
            (answer,) = yield (ask,)
            verdict = self._judge(ask, answer, pending, policy)
            if verdict.data is not None:
                self.read = verdict.data
            following = self._next(ask, answer, verdict, pending, policy, retries=retries)
            if following is None:
                return verdict
            retries -= verdict.kind is not _Kind.SCHEMA_REFUSED
            ask, pending = following

    def record(self, policy: Policy, verdict: _Verdict[M]) -> Extraction[M]:
        """Write down what came of it all."""
        valid = verdict.kind is _Kind.VALID
        highest = max((attempt.rung for attempt in self.attempts), key=_HEIGHTS.index, default=Rung.ASK)
        return Extraction(
            document=self.document,
            schema_name=self.schema.name,
            schema_id=self.schema.id,
            model=self.attempts[-1].model if valid else policy.model,
            outcome=_REACHED[highest] if valid else _OUTCOMES.get(verdict.kind, Outcome.FAILED),
            has_value=valid,
            result=verdict.value,
            data=verdict.data if valid else None,
            invalid=None if valid else self.read,
            spans=ground(verdict.data, self.document.text, self.schema.json_schema) if valid else {},
            confidence=verdict.confidence,
            edits=verdict.edits,
            attempts=tuple(self.attempts),
            cost_usd=_total(self.attempts),
            error=verdict.failure,
        )

    def _judge(self, ask: Ask, answer: Answer, pending: _Pending | None, policy: Policy) -> _Verdict[M]:
        """Tell failure, refusal and truncation apart before anything is validated; mend what does not validate."""
        verdict: _Verdict[M] | None = _unread(answer)
        if verdict is not None:
            self._note(ask, answer, verdict)
            return verdict
        sent = _whole(ask, answer) if pending is None else self._merged(ask, answer, pending, policy)
        verdict = self._validated(sent, answer)
        self._note(ask, answer, verdict)
        # A patch that cannot be read is no value, and a call of a wrong tool, or of two, is no answer to mend.
        hopeless = sent.text is None and (pending is not None or answer.stop_reason == "tool_use")
        if verdict.kind is _Kind.VALID or hopeless:
            return verdict
        return self._mended(ask, sent, answer, policy) or verdict

    def _merged(self, ask: Ask, answer: Answer, pending: _Pending, policy: Policy) -> _Sent:
        """Put a patch into the value that it is for."""
        before, patch, edits = pending.verdict, pending.patch, pending.verdict.edits
        try:
            parts = json.loads(_whole(ask, answer).text or "")
        except ValueError:
            asked = Schema(response_model(patch.wire.full, name=self.schema.name))
            mended = mend(answer.said, asked, policy.mending)
            if mended is None:
                return _Sent(None)
            parts, edits = mended.data, (*edits, *mended.edits)
        merged = self.schema.wrap(patch.merge(before.data, parts))
        wrapper = join((WRAPPER,)) if self.schema.wrapped else ""
        replaced = tuple(wrapper + join(place) for place in patch.places)
        kept = {path for path in before.scored if not path.startswith(replaced)}
        scored = frozenset(kept | {wrapper + path for path in answer.scored})
        return _Sent(json.dumps(merged, ensure_ascii=False), edits, scored)

    def _mended(self, ask: Ask, sent: _Sent, answer: Answer, policy: Policy) -> _Verdict[M] | None:
        """Make the local edits that the policy allows; None where there are none to make."""
        mended = mend(sent.text or answer.said, self.schema, policy.mending, document=self.document.text)
        if mended is None or not mended.edits:
            return None
        whole = json.dumps(mended.data, ensure_ascii=False)
        verdict = self._validated(_Sent(whole, (*sent.edits, *mended.edits), sent.scored), answer)
        self._note(replace(ask, rung=Rung.MEND), Answer(), verdict)
        return replace(verdict, said=sent.text or answer.said)

    def _validated(self, sent: _Sent, answer: Answer) -> _Verdict[M]:
        if sent.text is None:
            errors = answer.errors or (FieldError("", "the reply holds more than the JSON value"),)
            return _invalid(errors, None, sent, answer.said)
        try:
            value = self.schema.validate(sent.text, document=self.document.text)
        except InvalidError as error:
            data = None if isinstance(error.data, str) and error.data == sent.text else error.data
            return _invalid(error.errors, data, sent, sent.text)
        confidence = _origins(json.loads(sent.text), sent.scored, self.schema)
        return _Verdict(_Kind.VALID, value, self.schema.dump(value), sent.edits, confidence)

    def _note(self, ask: Ask, answer: Answer, verdict: _Verdict[M]) -> None:
        self.attempts.append(
            Attempt(
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
        )

    def _next(
        self,
        ask: Ask,
        answer: Answer,
        verdict: _Verdict[M],
        pending: _Pending | None,
        policy: Policy,
        *,
        retries: int,
    ) -> tuple[Ask, _Pending | None] | None:
        """Choose the cheapest step that may still help; None ends the way up with this model."""
        if verdict.kind is _Kind.SCHEMA_REFUSED:
            rest = policy.modes[policy.modes.index(ask.mode) + 1 :]
            return (replace(ask, mode=rest[0]), pending) if rest else None
        if retries <= 0:
            return None
        if verdict.kind is _Kind.UNREADABLE:
            return ask, pending
        if verdict.kind is _Kind.TRUNCATED and ask.max_tokens < policy.ceiling and answer.stop_reason == CUT[0]:
            rung = ask.rung if pending else Rung.REASK
            return replace(ask, rung=rung, max_tokens=policy.ceiling), pending
        if verdict.kind is not _Kind.INVALID:
            return None
        return self._again(ask, verdict, policy, patched=pending is not None)

    def _again(self, ask: Ask, verdict: _Verdict[M], policy: Policy, *, patched: bool) -> tuple[Ask, _Pending | None]:
        """Ask for the failing parts alone; for the whole where these cannot be told, or have just been asked for."""
        prompt = write(self.schema, self.document)
        patch = None
        if verdict.data is not None and not patched:
            patch = patch_for(self.schema.json_schema, verdict.data, verdict.errors)
        if patch is None or ask.mode not in patch.wire.modes:
            wish = correct(prompt, verdict.said, verdict.errors)
            return Ask(Rung.REASK, ask.model, ask.mode, wish, max(ask.max_tokens, policy.max_tokens)), None
        wish = correct(prompt, verdict.said, verdict.errors, parts=True)
        return Ask(Rung.PATCH, ask.model, ask.mode, wish, policy.max_tokens, patch.wire), _Pending(patch, verdict)


_FAILURES = {UNREADABLE: _Kind.UNREADABLE, SCHEMA_REFUSED: _Kind.SCHEMA_REFUSED}


def _unread(answer: Answer) -> _Verdict[Any] | None:
    """Judge an answer that is not to be read; None for one that is."""
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
        return _Verdict(_Kind.TRUNCATED, errors=(FieldError("", cut.message),), data=read, failure=cut)
    return None


def _whole(ask: Ask, answer: Answer) -> _Sent:
    """Give the JSON of a reply that holds nothing else: what stands beside it may hold another one."""
    alone = ask.mode == "tool" or (answer.json or "").strip() == answer.said.strip()
    return _Sent(answer.json if alone else None, scored=frozenset(answer.scored))


def _origins(sent: object, scored: Collection[str], schema: Schema[Any]) -> dict[str, Origin]:
    """Tell where each confidence comes from that was sent: one that a default gives is neither scored nor stated."""
    wrapper = join((WRAPPER,)) if schema.wrapped else ""
    paths = confidence_paths(schema.json_schema, look_up(wrapper, sent))
    return {path: "scored" if wrapper + path in scored else "stated" for path in paths}


def _cut_message(answer: Answer) -> str:
    limit = "the model's context is full" if answer.stop_reason == CUT[1] else "max_tokens was reached"
    return f"the reply was cut off after {answer.usage.output_tokens} tokens: {limit}; split the document or allow more"


def _invalid(errors: tuple[FieldError, ...], data: Any, sent: _Sent, said: str) -> _Verdict[Any]:
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    failure = Failure("validation", first.message + more, first.path)
    return _Verdict(
        _Kind.INVALID, data=data, edits=sent.edits, errors=errors, failure=failure, said=said, scored=sent.scored
    )


def _total(attempts: Iterable[Attempt]) -> Decimal | None:
    total = Decimal(0)
    for attempt in attempts:
        price = catalogue.cost(attempt.model, attempt.usage)
        if price is None:
            return None
        total += price
    return total
