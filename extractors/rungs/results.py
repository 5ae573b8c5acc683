"""What came of an answer: a valid value, or why there is none and whatever could be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Generic, TypeVar

from slotfill.extractors.record.failure_kinds import Failure
from slotfill.extractors.record.parts import Attempt, Edit, Origin, Outcome, Rung
from slotfill.extractors.rungs.asks import Answer
from slotfill.schemas.errors import FieldError
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["Result", "Status"]

M = TypeVar("M")

_NO_ANSWER = Answer()


class Status(Enum):
    """What an answer turned out to be."""

    VALID = auto()
    INVALID = auto()
    CUT_OFF = auto()
    """The reply took all the room it was given."""
    CONTEXT_FULL = auto()
    BROKEN_OFF = auto()
    """The reply's stream broke off."""
    REFUSED = auto()
    UNREADABLE = auto()
    """A 200 that is no message."""
    UNSUPPORTED = auto()
    """The service does not take the schema in this mode, or the model does not answer in it."""
    FAILED = auto()


_HEIGHTS = {
    Rung.ASK: Outcome.VALID,
    Rung.MEND: Outcome.MENDED,
    Rung.PATCH: Outcome.PATCHED,
    Rung.REASK: Outcome.REASKED,
    Rung.FALLBACK: Outcome.FALLBACK,
}
"""How a value ends whose highest rung it was; the lowest comes first."""

_WITHOUT_VALUE = {
    Status.CUT_OFF: Outcome.PARTIAL,
    Status.CONTEXT_FULL: Outcome.PARTIAL,
    Status.BROKEN_OFF: Outcome.PARTIAL,
    Status.REFUSED: Outcome.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Result(Generic[M]):
    """What came of an answer, and of those before it.

    Attributes:
        status: What the answer turned out to be.
        value: The validated value.
        data: What the model said of it as plain JSON, valid or not; None where nothing could be read. `edits` made it
            what it is.
        output: The valid value as it is written; None of a part, which is merged.
        edits: Local changes to what the model said.
        confidence: By JSON Pointer, where the number of each confidence comes from.
        errors: What is wrong with the value, if it does not validate.
        failure: Why there is no value.
        reply: What the model is shown of its answer, should it be asked again.
        scored: As in `Answer`, into the value as it travels.
        answer: The answer itself.
        attempts: All that led to it, one for each request and each repair.
        last_read: The data of this answer, else of the last one before it that could be read.
    """

    status: Status
    value: M | None = None
    data: JSON = None
    output: JSON = None
    edits: tuple[Edit, ...] = ()
    confidence: Mapping[str, Origin] = field(default_factory=dict)
    errors: tuple[FieldError, ...] = ()
    failure: Failure | None = None
    reply: str = ""
    scored: frozenset[str] = frozenset()
    answer: Answer = _NO_ANSWER
    attempts: tuple[Attempt, ...] = ()
    last_read: JSON = None

    @property
    def is_valid(self) -> bool:
        """Whether there is a value."""
        return self.status is Status.VALID

    @property
    def ends_fallbacks(self) -> bool:
        """Whether another model would not help: there is a value, or that model would fail alike."""
        return self.is_valid or (self.failure is not None and self.failure.type.ends_fallbacks)

    @property
    def text_is_too_long(self) -> bool:
        """Whether a shorter text may have a value."""
        return self.failure is not None and self.failure.type.a_shorter_text_may_help

    @property
    def outcome(self) -> Outcome:
        """The highest rung that the value took, or why there is none; a value that nobody was asked for is valid."""
        if not self.is_valid:
            return _WITHOUT_VALUE.get(self.status, Outcome.FAILED)
        rungs = {attempt.rung for attempt in self.attempts}
        return next((outcome for rung, outcome in reversed(_HEIGHTS.items()) if rung in rungs), Outcome.VALID)

    def after(self, earlier: Result[M] | None) -> Result[M]:
        """Return it with what led to it: the attempts of the answers before, and what could be read of them."""
        if earlier is None:  # most are the first
            return self if self.last_read is self.data else replace(self, last_read=self.data)
        last_read = earlier.last_read if self.data is None else self.data
        return replace(self, attempts=(*earlier.attempts, *self.attempts), last_read=last_read)
