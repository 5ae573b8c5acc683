"""One value's way up the rungs: what an answer is worth, and the cheapest step that may still help.

The rungs, cheapest first: `ask`; `mend`, with no call; `patch`, a re-ask for the failing parts alone; `reask`, for the
whole value; `fallback`, the same on the next model. Each is taken only when the one before did not serve. A reply that
was cut off or refused is told apart before anything in it is read.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Any, Generic, TypeVar

from slotfill.extractors.record.extraction import Attempt, Document, Edit, Origin, Outcome, Rung
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.record.stop_reasons import BROKEN_STREAM, CONTEXT_FULL, CUT_OFF, MAX_TOKENS
from slotfill.extractors.repair.keys import has_twin_keys
from slotfill.extractors.repair.repair import mend
from slotfill.extractors.rungs.asks import Answer, Ask, Policy, attempt_of
from slotfill.extractors.rungs.patch import Patch, patch_for
from slotfill.extractors.rungs.prompt import Prompt, correct
from slotfill.schemas.confidence import confidence_paths
from slotfill.schemas.errors import FieldError, InvalidError, SchemaCodeError
from slotfill.schemas.json_schema.response_model import formats_of, response_model
from slotfill.schemas.json_values.exact_json import DuplicateKeyError, dumps, loads
from slotfill.schemas.json_values.pointer import join
from slotfill.schemas.schema import WRAPPER, Schema
from slotfill.schemas.wire.wire import Wire

__all__ = ["Climb", "Ladder", "Result", "Status", "outcome_of"]

M = TypeVar("M")

Climb = Generator[tuple[Ask, ...], tuple[Answer, ...], "Result[M]"]


class Status(Enum):
    """What an answer turned out to be."""

    VALID = auto()
    INVALID = auto()
    TRUNCATED = auto()
    REFUSED = auto()
    UNREADABLE = auto()
    UNSUPPORTED = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class Result(Generic[M]):
    """What an answer is worth: its value, or why there is none and whatever could be read.

    data: what the model said of it as plain JSON, valid or not, None where nothing could be read; `edits` made it what
        it is. output: the valid value as it is written; None of a part, which is merged.
    said: what the model is shown of it, should it be asked again.
    scored: as in `Answer`, into the value as it travels.
    """

    kind: Status
    value: M | None = None
    data: Any = None
    output: Any = None
    edits: tuple[Edit, ...] = ()
    confidence: Mapping[str, Origin] = field(default_factory=dict)
    errors: tuple[FieldError, ...] = ()
    failure: Failure | None = None
    said: str = ""
    scored: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Sent:
    """One value as it travels, with what made it what it is; None where a reply holds none. errors: why, if known."""

    text: str | None
    edits: tuple[Edit, ...] = ()
    scored: frozenset[str] = frozenset()
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class _Pending:
    """A patch that was asked for, and the verdict on the value that it is for."""

    patch: Patch
    verdict: Result[Any]


_OUTCOMES = {Status.TRUNCATED: Outcome.PARTIAL, Status.REFUSED: Outcome.REFUSED}
_HEIGHTS = (Rung.ASK, Rung.MEND, Rung.PATCH, Rung.REASK, Rung.FALLBACK)
_REACHED = dict(
    zip(_HEIGHTS, (Outcome.VALID, Outcome.MENDED, Outcome.PATCHED, Outcome.REASKED, Outcome.FALLBACK), strict=True)
)


def outcome_of(verdict: Result[Any], attempts: Collection[Attempt]) -> Outcome:
    """Give the highest rung that a value took, or why there is none."""
    if verdict.kind is not Status.VALID:
        return _OUTCOMES.get(verdict.kind, Outcome.FAILED)
    return _REACHED[max((attempt.rung for attempt in attempts), key=_HEIGHTS.index)]


class Ladder(Generic[M]):
    """The way up to one value of one text: what was tried so far, and what was read of it.

    schema: the value's, whole or in part. wire: what a part is answered by.
    """

    def __init__(self, document: Document, schema: Schema[M], prompt: Prompt, wire: Wire | None = None) -> None:
        self.document = document
        self.schema = schema
        self.attempts: list[Attempt] = []
        self.read: Any = None
        self._prompt, self._wire = prompt, wire

    def climb(self, policy: Policy) -> Climb[M]:
        """Ask the first model, and those to fall back to while they may help."""
        verdict = yield from self._climb(policy, self._first(policy, Rung.ASK))
        for other in policy.fallbacks:
            if verdict.kind is Status.VALID or (verdict.failure and verdict.failure.type.ends_fallbacks):
                break
            verdict = yield from self._climb(other, self._first(other, Rung.FALLBACK))
        return verdict

    def patched(self, verdict: Result[M], policy: Policy) -> Climb[M]:
        """Ask for the failing parts alone of a value that was put together; it stays where they are unclear."""
        ask, pending = self._again(self._first(policy, Rung.ASK), verdict, policy, patched=False)
        if pending is None or not policy.retries:
            return verdict
        return (yield from self._climb(replace(policy, retries=0), ask, pending))

    def worth(self, data: Any) -> Result[M]:
        """Judge a value, as plain JSON data, that was put together."""
        return self._validated(_Sent(dumps(self.schema.wrap(data))), Answer())

    def _first(self, policy: Policy, rung: Rung) -> Ask:
        modes = [mode for mode in policy.modes if self._wire is None or mode in self._wire.modes]
        return Ask(rung, policy.model, modes[0], self._prompt, policy.max_tokens, self._wire)

    def _climb(self, policy: Policy, ask: Ask, pending: _Pending | None = None) -> Climb[M]:
        """Ask one model, from the first ask to the last re-ask that its policy allows."""
        retries = policy.retries
        while True:
            (answer,) = yield (ask,)
            verdict = self._judge(ask, answer, pending, policy)
            if verdict.data is not None:
                self.read = verdict.data
            following = self._next(ask, answer, verdict, pending, policy, retries=retries)
            if following is None:
                return verdict
            retries -= verdict.kind is not Status.UNSUPPORTED
            ask, pending = following

    def _judge(self, ask: Ask, answer: Answer, pending: _Pending | None, policy: Policy) -> Result[M]:
        """Tell failure, refusal and truncation apart before anything is validated; mend what does not validate."""
        verdict: Result[M] | None = _unread(answer)
        if verdict is not None:
            self._note(ask, answer, verdict)
            return verdict
        sent = _whole(ask, answer) if pending is None else self._merged(ask, answer, pending, policy)
        verdict = self._validated(sent, answer)
        self._note(ask, answer, verdict)
        # A patch that cannot be read is no value, and a call of a wrong tool, or of two, is no answer to mend; one that
        # is made twice over is.
        miscalled = answer.stop_reason == "tool_use" and bool(answer.errors)
        hopeless = sent.text is None and (pending is not None or miscalled)
        valid = verdict.kind is Status.VALID
        # A key of an open object may be another name of one that is missing, and be dropped by nobody else.
        mendable = has_twin_keys(verdict.data, self.schema) if valid else verdict.kind is Status.INVALID
        mended = self._mended(sent, answer, policy) if mendable and not hopeless else None
        if mended is None or (valid and mended.kind is not Status.VALID):
            return verdict
        self._note(replace(ask, rung=Rung.MEND), Answer(), mended)
        return mended

    def _merged(self, ask: Ask, answer: Answer, pending: _Pending, policy: Policy) -> _Sent:
        """Put a patch into the value that it is for."""
        before, patch = pending.verdict, pending.patch
        try:
            parts, made = self._parts(ask, answer, pending, policy)
        except DuplicateKeyError as error:
            return _Sent(None, errors=(FieldError("", str(error)),))
        except ValueError:
            return _Sent(None)
        merged = self.schema.wrap(patch.merge(before.data, parts))
        wrapper = join((WRAPPER,)) if self.schema.wrapped else ""
        replaced = patch.answered(before.data, parts)
        edits = [edit for edit in before.edits if not _is_within(edit.path, replaced)]  # what they made is no more
        kept = {path for path in before.scored if not _is_within(path, [wrapper + place for place in replaced])}
        scored = frozenset(kept | {wrapper + path for path in answer.scored})
        # What stands beside the parts that were asked for is not looked at: nothing goes with it.
        made = tuple(edit for edit in made if edit.kind != "extra" or _is_within(edit.path, replaced))
        return _Sent(dumps(merged), (*edits, *made), scored)

    def _parts(self, ask: Ask, answer: Answer, pending: _Pending, policy: Policy) -> tuple[Any, tuple[Edit, ...]]:
        """Read a patch's reply: as it is where it holds all that was asked for, else mended by the patch's own schema.

        Raises ValueError where nothing can be read.
        """
        text, patch, data = _whole(ask, answer).text or "", pending.patch, pending.verdict.data
        plain = loads(text) if _is_json(text) else None
        answered = patch.answered(data, plain)
        if len(answered) < len(patch.places):
            asked = response_model(patch.wire.full, name=self.schema.name, formats=formats_of(self.schema.model))
            mended = mend(answer.said, Schema(asked), policy.mending)
            if mended and (plain is None or len(patch.answered(data, mended.data)) > len(answered)):
                return mended.data, mended.edits
        return loads(text), ()

    def _mended(self, sent: _Sent, answer: Answer, policy: Policy) -> Result[M] | None:
        """Make the local edits that the policy allows; None where there are none to make."""
        mended = mend(sent.text or answer.said, self.schema, policy.mending, document=self.document.text)
        if mended is None or not mended.edits:
            return None
        verdict = self._validated(_Sent(dumps(mended.data), (*sent.edits, *mended.edits), sent.scored), answer)
        return replace(verdict, said=sent.text or answer.said)

    def _validated(self, sent: _Sent, answer: Answer) -> Result[M]:
        if sent.text is None:
            errors = sent.errors or answer.errors or (FieldError("", "the reply holds more than the JSON value"),)
            return _invalid(errors, None, sent, answer.said)
        data: Any = None
        try:
            value, data = self.schema.read(sent.text, document=self.document.text)
            output = self.schema.dump(value)
        except SchemaCodeError as error:
            return _broken_schema(error, error.data if data is None else data, sent)
        except InvalidError as error:
            data = None if isinstance(error.data, str) and error.data == sent.text else error.data
            return _invalid(error.errors, data, sent, sent.text)
        confidence = _origins(data, sent.scored, self.schema)
        return Result(Status.VALID, value, data, output, sent.edits, confidence)

    def _note(self, ask: Ask, answer: Answer, verdict: Result[M]) -> None:
        ok = verdict.kind is Status.VALID
        self.attempts.append(replace(attempt_of(ask, answer), ok=ok, errors=verdict.errors))

    def _next(
        self,
        ask: Ask,
        answer: Answer,
        verdict: Result[M],
        pending: _Pending | None,
        policy: Policy,
        *,
        retries: int,
    ) -> tuple[Ask, _Pending | None] | None:
        """Choose the cheapest step that may still help; None ends the way up with this model."""
        if verdict.kind is Status.UNSUPPORTED:
            rest = [mode for mode in policy.modes if ask.wire is None or mode in ask.wire.modes]
            rest = rest[rest.index(ask.mode) + 1 :]
            return (replace(ask, mode=rest[0]), pending) if rest else None
        if retries <= 0:
            return None
        if verdict.kind is Status.UNREADABLE or answer.stop_reason == BROKEN_STREAM:
            return ask, pending
        if verdict.kind is Status.TRUNCATED and ask.max_tokens < policy.ceiling and answer.stop_reason == MAX_TOKENS:
            rung = ask.rung if pending else Rung.REASK
            return replace(ask, rung=rung, max_tokens=policy.ceiling), pending
        if verdict.kind is not Status.INVALID:
            return None
        return self._again(ask, verdict, policy, patched=pending is not None)

    def _again(self, ask: Ask, verdict: Result[M], policy: Policy, *, patched: bool) -> tuple[Ask, _Pending | None]:
        """Ask for the failing parts alone; for the whole where these cannot be told, or have just been asked for."""
        patch = None
        if verdict.data is not None and not patched:
            patch = patch_for(self.schema.json_schema, verdict.data, verdict.errors)
        if patch is None or ask.mode not in patch.wire.modes:
            wish = correct(self._prompt, verdict.said, verdict.errors)
            room = max(ask.max_tokens, policy.max_tokens)
            return replace(ask, rung=Rung.REASK, prompt=wish, max_tokens=room, wire=self._wire), None
        wish = correct(self._prompt, verdict.said, verdict.errors, parts=True)
        less = replace(ask, rung=Rung.PATCH, prompt=wish, max_tokens=policy.max_tokens, wire=patch.wire)
        return less, _Pending(patch, verdict)


_FAILURES = {
    FailureKind.UNREADABLE_REPLY: Status.UNREADABLE,
    FailureKind.SCHEMA_REFUSED: Status.UNSUPPORTED,
    FailureKind.MODE_REFUSED: Status.UNSUPPORTED,
    FailureKind.REFUSAL: Status.REFUSED,
}


def _unread(answer: Answer) -> Result[Any] | None:
    """Judge an answer that is not to be read; None for one that is."""
    if answer.failure:
        errors = (FieldError("", answer.failure.message),)
        return Result(_FAILURES.get(answer.failure.type, Status.FAILED), errors=errors, failure=answer.failure)
    if answer.stop_reason == "refusal":
        reason = answer.errors[0].message if answer.errors else "the model gave no reason"
        refusal = Failure(FailureKind.REFUSAL, f"the model refused: {reason}")
        return Result(Status.REFUSED, errors=(FieldError("", refusal.message),), failure=refusal)
    if answer.stop_reason in CUT_OFF:
        cut = Failure(FailureKind.TRUNCATED, _cut_message(answer))
        read = answer.json or answer.said or None
        return Result(Status.TRUNCATED, errors=(FieldError("", cut.message),), data=read, failure=cut)
    return None


def _is_within(path: str, places: Iterable[str]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)


def _whole(ask: Ask, answer: Answer) -> _Sent:
    """Give the JSON of a reply that holds nothing else: what stands beside it may hold another one."""
    alone = ask.mode == "tool" or (answer.json or "").strip() == answer.said.strip()
    text = answer.json if alone else None
    if text is None and answer.stop_reason != "tool_use" and _is_json(answer.said):
        text = answer.said  # said as a text where a tool was to be called
    return _Sent(text, scored=frozenset(answer.scored))


def _is_json(text: str) -> bool:
    try:
        loads(text)
    except ValueError:
        return False
    return True


def _origins(data: Any, scored: Collection[str], schema: Schema[Any]) -> dict[str, Origin]:
    """Tell where each confidence comes from that was sent: one that a default gives is neither scored nor stated."""
    if not schema.has_confidences:
        return {}
    wrapper = join((WRAPPER,)) if schema.wrapped else ""
    paths = confidence_paths(schema.json_schema, data)
    return {path: "scored" if wrapper + path in scored else "stated" for path in paths}


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


def _broken_schema(error: SchemaCodeError, data: Any, sent: _Sent) -> Result[Any]:
    """Give up over code of the schema's own: no model can mend it."""
    first = error.errors[0]
    failure = Failure(FailureKind.SCHEMA_CODE, first.message, first.path)
    return Result(Status.FAILED, data=data, edits=sent.edits, errors=error.errors, failure=failure)


def _invalid(errors: tuple[FieldError, ...], data: Any, sent: _Sent, said: str) -> Result[Any]:
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    failure = Failure(FailureKind.VALIDATION, first.message + more, first.path)
    return Result(
        Status.INVALID, data=data, edits=sent.edits, errors=errors, failure=failure, said=said, scored=sent.scored
    )
