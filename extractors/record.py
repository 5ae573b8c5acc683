"""The record: everything that is known of one document's extraction, and its JSON.

JSON paths are JSON Pointers into the value; spans are code-point offsets into the decoded document.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Generic, Literal, TypeVar

from slotfill.extractors.errors import ExtractionError
from slotfill.schemas.errors import FieldError
from slotfill.schemas.subset import Mode

__all__ = [
    "EMPTY",
    "Attempt",
    "Document",
    "Edit",
    "Extraction",
    "Failure",
    "Match",
    "Mode",
    "Origin",
    "Outcome",
    "Risk",
    "Rung",
    "Span",
    "Usage",
]

M = TypeVar("M")

VERSION = 1
"""The version of the record's JSON."""

_HALF_A_PAIR = re.compile("[\ud800-\udfff]")

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


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no (whole) value. `type` is one of the kinds that docs/python.md lists."""

    type: str
    message: str
    path: str = ""

    def to_json(self) -> dict[str, str]:
        """Give the failure as plain JSON data."""
        return {"type": self.type, "message": self.message, "path": self.path}


EMPTY = Failure("empty_document", "holds no text")
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
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        if not text.strip():
            return cls("", digest, source, EMPTY)
        if (half := _HALF_A_PAIR.search(text)) is None:
            return cls(text, digest, source)
        message = f"holds half a surrogate pair at character {half.start()}: it is no valid Unicode text"
        return cls("", digest, source, Failure("undecodable_document", message))

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
    """One local change to what the model sent."""

    path: str
    kind: str
    before: Any
    after: Any
    risk: Risk


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the service counts them: `input_tokens` excludes what was read from or written to the cache."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
        )

    def to_json(self) -> dict[str, int]:
        """Give the counts as plain JSON data."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One step, and what came of it. `ms` is its whole time in milliseconds, tries included."""

    rung: Rung
    model: str
    mode: Mode
    ok: bool
    stop_reason: str | None = None
    errors: tuple[FieldError, ...] = ()
    usage: Usage = Usage()
    ms: int = 0
    request_id: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Give the attempt as plain JSON data; its request id stands in the record's own list."""
        return {
            "rung": self.rung.value,
            "model": self.model,
            "mode": self.mode,
            "ok": self.ok,
            "stop_reason": self.stop_reason,
            "errors": [{"path": error.path, "message": error.message} for error in self.errors],
            "usage": self.usage.to_json(),
            "ms": self.ms,
        }


@dataclass(frozen=True, slots=True)
class Extraction(Generic[M]):
    """What came of one document.

    has_value: whether there is a value; `result` is that value, which may be None where the schema allows null.
    data: the value as plain JSON.
    invalid: what was read but did not validate.
    spans: by JSON Pointer, where each value stands.
    confidence: by JSON Pointer, where the number of each `Confidence` field comes from.
    usage: the sum over `attempts`.
    cost_usd: None when a price is unknown.
    """

    document: Document
    schema_name: str
    schema_id: str
    model: str
    outcome: Outcome
    has_value: bool = False
    result: M | None = None
    data: Any = None
    invalid: Any = None
    spans: Mapping[str, Span] = field(default_factory=dict)
    confidence: Mapping[str, Origin] = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    cost_usd: Decimal | None = None
    error: Failure | None = None

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
        """Give the versioned record as plain JSON data."""
        return {
            "slotfill": VERSION,
            "document": self.document.to_json(),
            "schema": {"name": self.schema_name, "id": self.schema_id},
            "model": self.model,
            "outcome": self.outcome.value,
            "value": self.data if self.has_value else None,
            "invalid": self.invalid,
            "spans": {
                path: {"start": span.start, "end": span.end, "match": span.match} for path, span in self.spans.items()
            },
            "confidence": dict(self.confidence),
            "edits": [
                {"path": e.path, "kind": e.kind, "before": e.before, "after": e.after, "risk": e.risk}
                for e in self.edits
            ],
            "attempts": [attempt.to_json() for attempt in self.attempts],
            "usage": self.usage.to_json(),
            "cost_usd": None if self.cost_usd is None else format(self.cost_usd, "f"),
            "ms": self.ms,
            "error": self.error.to_json() if self.error else None,
            "request_ids": list(self.request_ids),
        }
