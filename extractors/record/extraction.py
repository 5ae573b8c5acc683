"""The record: everything that is known of one document's extraction, and its JSON.

JSON paths are JSON Pointers into the value; spans are code-point offsets into the decoded document.
"""

from __future__ import annotations

import hashlib
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Generic, Literal, Protocol, TypeVar

from pydantic import NonNegativeInt

from slotfill.extractors.errors import SettingsError
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.schemas.errors import FieldError, SlotfillError
from slotfill.schemas.json_values.exact_json import with_digits
from slotfill.schemas.wire.subset import Mode

__all__ = [
    "EMPTY",
    "Attempt",
    "ChunkRecord",
    "Conflict",
    "ConflictValue",
    "Document",
    "Edit",
    "Extraction",
    "ExtractionError",
    "Match",
    "Origin",
    "Outcome",
    "Risk",
    "Rung",
    "Span",
    "Turn",
    "Usage",
    "count_text",
    "usd",
]

M = TypeVar("M")

VERSION = 1
"""The version of the record's JSON."""

Match = Literal["exact", "normalised", "fuzzy", "absent"]
Risk = Literal["none", "low", "high"]

Origin = Literal["scored", "stated"]
"""Where a `Confidence` field's number comes from: the model's log-probabilities, or its own word."""


class Rung(StrEnum):
    """The steps of an extraction, cheapest first; all but `mend` call a model."""

    ASK = "ask"
    MEND = "mend"
    PATCH = "patch"
    REASK = "reask"
    FALLBACK = "fallback"


class Outcome(StrEnum):
    """How an extraction ended: the highest rung it took, or why there is no whole value."""

    VALID = "valid"
    MENDED = "mended"
    PATCHED = "patched"
    REASKED = "reasked"
    FALLBACK = "fallback"
    PARTIAL = "partial"
    REFUSED = "refused"
    FAILED = "failed"

    @property
    def ok(self) -> bool:
        """Whether the value is whole and valid."""
        return self not in (Outcome.PARTIAL, Outcome.REFUSED, Outcome.FAILED)


EMPTY = Failure(FailureKind.EMPTY_DOCUMENT, "holds no text")
"""Why a text that says nothing is not asked about."""


@dataclass(frozen=True, slots=True)
class Document:
    """One text to extract from.

    id: SHA-256 of the text in UTF-8, hex; of the bytes where they are no text.
    source: where it was read, `reviews/17.txt` or `reviews.jsonl#12`; None for a text from memory.
    failure: why it cannot be read; its text is then "".
    """

    text: str
    id: str
    source: str | None = None
    failure: Failure | None = None

    @classmethod
    def of(cls, text: str, source: str | None = None) -> Document:
        """Make a document of a text, its id being the text's hash.

        A text that is empty or white space alone, or that no encoding can carry (half a surrogate pair), makes a
        document that failed.
        """
        try:
            data = text.encode()
        except UnicodeEncodeError as error:
            message = f"holds half a surrogate pair at character {error.start}: it is no valid Unicode text"
            digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
            return cls("", digest, source, Failure(FailureKind.UNDECODABLE_DOCUMENT, message))
        digest = hashlib.sha256(data).hexdigest()
        return cls(text, digest, source) if text.strip() else cls("", digest, source, EMPTY)

    def to_json(self) -> dict[str, Any]:
        """Give id, source and length; never the text."""
        return {"id": self.id, "source": self.source, "chars": len(self.text)}


@dataclass(frozen=True, slots=True)
class Span:
    """Where a value stands: code points `start` to `end` of the document, both None when `match` is absent."""

    start: int | None
    end: int | None
    match: Match


@dataclass(frozen=True, slots=True)
class Edit:
    """One local change to what the model sent; of a document read in parts, to what it sent of a chunk."""

    path: str
    kind: str
    before: Any
    after: Any
    risk: Risk
    chunk: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Give the edit as plain JSON data."""
        before, after = with_digits(self.before), with_digits(self.after)  # what was written, where no float holds it
        edit = {"path": self.path, "kind": self.kind, "before": before, "after": after, "risk": self.risk}
        return edit if self.chunk is None else {**edit, "chunk": self.chunk}


@dataclass(frozen=True, slots=True)
class ConflictValue:
    """A value, and the number of the chunk (from 0) that it was found in."""

    value: Any
    chunk: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """A place where chunks said different things: what was kept, by which policy, and what was not."""

    path: str
    policy: str
    kept: Any
    others: tuple[ConflictValue, ...]

    def to_json(self) -> dict[str, Any]:
        """Give the conflict as plain JSON data."""
        others = [{"value": found.value, "chunk": found.chunk} for found in self.others]
        return {"path": self.path, "policy": self.policy, "kept": self.kept, "others": others}


@dataclass(frozen=True, slots=True)
class ChunkRecord:
    """What came of one part of a document that was read in parts.

    chunk: its number, from 0, and the code points from `start` to `end` of the document.
    number: which reading of it, from 1. fields: the properties that were asked for, None for all.
    error, invalid: as in `Extraction`.
    """

    chunk: int
    start: int
    end: int
    outcome: Outcome
    number: int = 1
    fields: tuple[str, ...] | None = None
    error: Failure | None = None
    invalid: Any = None

    def to_json(self) -> dict[str, Any]:
        """Give the reading as plain JSON data."""
        return {
            "chunk": self.chunk,
            "start": self.start,
            "end": self.end,
            "number": self.number,
            "fields": None if self.fields is None else list(self.fields),
            "outcome": self.outcome.value,
            "error": self.error.to_json() if self.error else None,
            "invalid": self.invalid,
        }


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the service counts them: `input_tokens` excludes what was read from or written to the cache.

    thinking_tokens: those of `output_tokens` that the model thought.

    None is a count that is unknown: the service did not tell it, or told what is none. A sum with it is unknown, too.
    """

    input_tokens: NonNegativeInt | None = 0
    output_tokens: NonNegativeInt | None = 0
    cache_read_tokens: NonNegativeInt | None = 0
    cache_write_tokens: NonNegativeInt | None = 0
    thinking_tokens: NonNegativeInt | None = 0

    @property
    def counts(self) -> tuple[int, int, int, int] | None:
        """The first four, which are billed, as they stand above; None where one of them is unknown."""
        read, written, cached, kept = (
            self.input_tokens,
            self.output_tokens,
            self.cache_read_tokens,
            self.cache_write_tokens,
        )
        return (
            None if read is None or written is None or cached is None or kept is None else (read, written, cached, kept)
        )

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            _sum(self.input_tokens, other.input_tokens),
            _sum(self.output_tokens, other.output_tokens),
            _sum(self.cache_read_tokens, other.cache_read_tokens),
            _sum(self.cache_write_tokens, other.cache_write_tokens),
            _sum(self.thinking_tokens, other.thinking_tokens),
        )

    def to_json(self) -> dict[str, int | None]:
        """Give the counts as plain JSON data."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One step, and what came of it.

    ms: its whole time in milliseconds, tries included. chunk: what it was about, None for the whole document.
    """

    rung: Rung
    model: str
    mode: Mode
    ok: bool
    stop_reason: str | None = None
    errors: tuple[FieldError, ...] = ()
    usage: Usage = Usage()
    ms: int = 0
    request_id: str | None = None
    chunk: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Give the attempt as plain JSON data."""
        about = {} if self.chunk is None else {"chunk": self.chunk}
        return about | {
            "rung": self.rung.value,
            "model": self.model,
            "mode": self.mode,
            "ok": self.ok,
            "stop_reason": self.stop_reason,
            "errors": [{"path": error.path, "message": error.message} for error in self.errors],
            "usage": self.usage.to_json(),
            "ms": self.ms,
            "request_id": self.request_id,
        }


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a conversation about a document: the value as it was, plain JSON, and what was said of it."""

    value: Any
    correction: str


class _Refiner(Protocol[M]):
    """What can ask about a document again."""

    def refine(self, extraction: Extraction[M], correction: str) -> Extraction[M]:
        """Take a further turn."""

    def arefine(self, extraction: Extraction[M], correction: str) -> Coroutine[Any, Any, Extraction[M]]:
        """Do so without blocking."""


@dataclass(frozen=True, slots=True)
class Extraction(Generic[M]):
    """What came of one document.

    has_value: whether there is a value; `result` is that value, which may be None where the schema allows null.
    data: the value as plain JSON, as the model writes it: for output alone.
    reply: what the model said, its edits made: plain JSON that the value is read of. The paths of `found_in` and of
        `conflicts` lead into it.
    invalid: what was read but did not validate.
    chunks: what came of each part, where the document was read in parts.
    found_in: by JSON Pointer, the numbers of the chunks that gave each value and each item of a list.
    conflicts: what different parts said, and was not kept.
    history: the turns that led to it, oldest first; none for a first extraction.
    refiner: the extractor that it came from.
    spans: by JSON Pointer, where each value stands.
    confidence: by JSON Pointer, where the number of each `Confidence` field comes from.
    usage: the sum over `attempts`.
    cost_usd: None when a price is unknown. saved_usd: what the service's cache made it cheaper by; negative where more
    was written to it than read. surcharge_usd: what of the cost is for long prompts, for which some
    models have higher rates.
    """

    document: Document
    schema_name: str
    schema_id: str
    model: str
    outcome: Outcome
    has_value: bool = False
    result: M | None = None
    data: Any = None
    reply: Any = None
    invalid: Any = None
    spans: Mapping[str, Span] = field(default_factory=dict)
    confidence: Mapping[str, Origin] = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    cost_usd: Decimal | None = None
    saved_usd: Decimal | None = None
    surcharge_usd: Decimal | None = None
    error: Failure | None = None
    chunks: tuple[ChunkRecord, ...] = ()
    found_in: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()
    history: tuple[Turn, ...] = ()
    refiner: _Refiner[M] | None = field(default=None, repr=False, compare=False)

    @property
    def ok(self) -> bool:
        """Whether there is a whole and valid value."""
        return self.outcome.ok

    @property
    def value(self) -> M:
        """The validated value. Raises ExtractionError, with the reason, when there is none."""
        if not self.has_value:
            raise ExtractionError(self)
        return self.result  # type: ignore[return-value]  # has_value says it is an M

    def refine(self, correction: str) -> Extraction[M]:
        """Ask again, with what is wrong or missing said in words: "urgency is 5, the brakes failed".

        Raises SettingsError where the extractor is not at hand, as for an extraction that was stored:
        `Extractor.refine` does the same.
        """
        return self._refiner().refine(self, correction)

    async def arefine(self, correction: str) -> Extraction[M]:
        """Do what `refine` does, without blocking."""
        return await self._refiner().arefine(self, correction)

    def _refiner(self) -> _Refiner[M]:
        if self.refiner is None:
            raise SettingsError(
                "this extraction has no extractor at hand: call Extractor.refine(extraction, correction)"
            )
        return self.refiner

    def __getstate__(self) -> list[Any]:
        # An extractor holds connections, and does not travel.
        return [None if name == "refiner" else getattr(self, name) for name in self.__slots__]

    def __setstate__(self, state: Iterable[Any]) -> None:
        for name, value in zip(self.__slots__, state, strict=True):
            object.__setattr__(self, name, value)

    @property
    def usage(self) -> Usage:
        """The tokens of all attempts together."""
        return sum((attempt.usage for attempt in self.attempts), Usage())

    @property
    def ms(self) -> int:
        """The wall-clock milliseconds that all attempts took, one after the other."""
        return sum(attempt.ms for attempt in self.attempts)

    @property
    def request_ids(self) -> tuple[str, ...]:
        """The service's ids of the requests, in order."""
        return tuple(attempt.request_id for attempt in self.attempts if attempt.request_id)

    def to_json(self) -> dict[str, Any]:
        """Give the versioned record as plain JSON data; `reply` stands in it where it is not the value."""
        said = {} if not self.has_value or self.reply == self.data else {"reply": self.reply}
        return {
            "slotfill": VERSION,
            "document": self.document.to_json(),
            "schema": {"name": self.schema_name, "id": self.schema_id},
            "model": self.model,
            "outcome": self.outcome.value,
            "value": self.data if self.has_value else None,
            **said,
            "invalid": self.invalid,
            "spans": {
                path: {"start": span.start, "end": span.end, "match": span.match} for path, span in self.spans.items()
            },
            "confidence": dict(self.confidence),
            "edits": [edit.to_json() for edit in self.edits],
            "attempts": [attempt.to_json() for attempt in self.attempts],
            "usage": self.usage.to_json(),
            "cost_usd": usd(self.cost_usd),
            "saved_usd": usd(self.saved_usd),
            "surcharge_usd": usd(self.surcharge_usd),
            "ms": self.ms,
            "error": self.error.to_json() if self.error else None,
            "chunks": [reading.to_json() for reading in self.chunks],
            "found_in": {path: list(chunks) for path, chunks in self.found_in.items()},
            "conflicts": [conflict.to_json() for conflict in self.conflicts],
            "history": [{"value": turn.value, "correction": turn.correction} for turn in self.history],
            "request_ids": list(self.request_ids),
        }


class ExtractionError(SlotfillError):
    """An extraction that holds no value.

    `extraction` is the whole record: its outcome, its error, every attempt.
    """

    def __init__(self, extraction: Extraction[Any]) -> None:
        reason = extraction.error.message if extraction.error else "no reason was recorded"
        super().__init__(f"{extraction.document.source or 'the text'}: {extraction.outcome}: {reason}")
        self.extraction = extraction


def _sum(count: int | None, other: int | None) -> int | None:
    return None if count is None or other is None else count + other


def count_text(count: int | None) -> str:
    """Write a count for people: "1,204", "unknown"."""
    return "unknown" if count is None else f"{count:,}"


def usd(amount: Decimal | None) -> str | None:
    """Write an amount of money as JSON has it: a decimal number in a string, null when it is unknown."""
    return None if amount is None else format(amount, "f")
