"""What a record is made of: steps, edits, spans, and what came of the parts of a long document.

JSON paths are JSON Pointers into the value; spans are code-point offsets into the decoded document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from slotfill.extractors.record.failure_kinds import Failure
from slotfill.extractors.record.json_writer import JSONForm, OmittedIf, WrittenBy
from slotfill.extractors.record.usage import Usage
from slotfill.schemas.errors import FieldError
from slotfill.schemas.json_values.exact_json import with_digits
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.wire.losses import Mode

__all__ = [
    "Attempt",
    "BatchPlace",
    "ChunkRecord",
    "Conflict",
    "ConflictValue",
    "Edit",
    "EvidencePassage",
    "Match",
    "Origin",
    "Outcome",
    "Risk",
    "Rung",
    "Span",
    "TakenOver",
    "Turn",
]

Match = Literal["exact", "normalised", "fuzzy", "absent"]
Risk = Literal["none", "low", "high"]

Origin = Literal["scored", "stated", "agreed"]
"""Where a `Confidence` field's number comes from: the model's log-probabilities, its own word, or several readings."""

_ChunkNumber = Annotated[int | None, OmittedIf(None)]
"""It stands only in records of documents that were read in parts."""

_ReadingNumber = Annotated[int | None, OmittedIf(None)]
"""It stands only in records of documents that were read several times, and there for what is not of the first one."""

_Original = Annotated[JSON, WrittenBy(with_digits)]
"""What a model wrote, letter for letter, also where no float holds it."""


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
class Span(JSONForm):
    """Where a value stands in its document.

    Attributes:
        start: The code point that it begins at, from 0; None when `match` is `absent`.
        end: The one behind its last; None likewise.
        match: How it stands there: `exact`, `normalised`, `fuzzy` or `absent`.
        place: Where that is in the file that the text was read from: `{"page": 3, "box": [149.0, 754.2, 179.5, 761.0]}`
            (points from the page's top left corner), `{"sheet": "Q1", "cell": "B7"}`, `{"part": "body"}`; None where
            the text is all that the file holds.
        reason: Why it is `absent` where it may stand there all the same; None for any other.
    """

    start: int | None
    end: int | None
    match: Match
    place: Annotated[Mapping[str, JSON] | None, OmittedIf(None)] = None
    reason: Annotated[str | None, OmittedIf(None)] = None


@dataclass(frozen=True, slots=True)
class EvidencePassage(JSONForm):
    """A passage of the document on which a judged value rests.

    Attributes:
        text: The passage, as the model copied it.
        start: The code point that it begins at, from 0; None when `match` is `absent`.
        end: The one behind its last; None likewise.
        match: How it stands there, as in `Span`.
        place: Where that is in the file that the text was read from, as in `Span`.
        reason: Why it is `absent` where it may stand there all the same; None for any other.
    """

    text: str
    start: int | None
    end: int | None
    match: Match
    place: Annotated[Mapping[str, JSON] | None, OmittedIf(None)] = None
    reason: Annotated[str | None, OmittedIf(None)] = None


@dataclass(frozen=True, slots=True)
class Edit(JSONForm):
    """One local change to what the model sent.

    Attributes:
        path: JSON Pointer to what was changed.
        kind: What was done, such as `number` or `unwrapped`; docs/python.md lists the kinds.
        before: What the model sent, plain JSON.
        after: What it was taken for, plain JSON.
        risk: How likely that is another meaning: `none`, `low` or `high`.
        chunk: The number of the chunk that the reply was about, from 0; None where the document was read whole.
        reading: The number of the reading that the reply was for, from 2; None for the first, or the only one.
    """

    path: str
    kind: str
    before: _Original
    after: _Original
    risk: Risk
    chunk: _ChunkNumber = None
    reading: _ReadingNumber = None


@dataclass(frozen=True, slots=True)
class BatchPlace(JSONForm):
    """Where among the service's message batches a request was answered.

    Attributes:
        id: The service's id of the batch.
        custom_id: The request's own within it.
    """

    id: str
    custom_id: str


@dataclass(frozen=True, slots=True)
class Attempt(JSONForm):
    """One step, and what came of it.

    Attributes:
        chunk: The number of the chunk that it was about, from 0; None for the whole document.
        rung: Which step it was.
        model: The id of the model that was asked.
        mode: How it was asked for JSON.
        ok: Whether there was a reply, and it was valid.
        stop_reason: Why the reply ended, in the service's words; None where there was none.
        errors: What was wrong, by JSON Pointer.
        usage: The tokens that it took.
        ms: Its whole time in milliseconds, tries included.
        request_id: The service's id of the request; those of a batch have none.
        reading: The number of the reading that it was for, from 2; None for the first, or the only one.
        escalated: JSON Pointers to what a stronger model was to read again in it, as it was not sure.
        batch: The batch that answered it; None for a request of its own.
    """

    chunk: _ChunkNumber = field(default=None, kw_only=True)  # it stands first in the record
    reading: _ReadingNumber = field(default=None, kw_only=True)
    rung: Rung
    model: str
    mode: Mode
    ok: bool
    stop_reason: str | None = None
    errors: tuple[FieldError, ...] = ()
    usage: Usage = Usage()
    ms: int = 0
    request_id: str | None = None
    escalated: Annotated[tuple[str, ...], OmittedIf(())] = ()
    batch: Annotated[BatchPlace | None, OmittedIf(None)] = None


@dataclass(frozen=True, slots=True)
class ConflictValue(JSONForm):
    """A value that a chunk, or a reading, gave.

    Attributes:
        value: The value, plain JSON.
        chunk: The number of the chunk, from 0; None where it is of a reading.
        reading: The number of the reading, from 1; None where it is of a chunk.
    """

    value: JSON
    chunk: _ChunkNumber = None
    reading: _ReadingNumber = None


@dataclass(frozen=True, slots=True)
class Conflict(JSONForm):
    """A place where chunks, or readings, said different things.

    Attributes:
        path: JSON Pointer to the place in the value.
        policy: How it was decided: by a merge policy, or, between readings, by `majority`.
        kept: The value that counts, plain JSON.
        others: Those that do not, each with its chunk or its reading.
        reading: The number of the reading whose chunks said them, from 2; the path then leads into its own value.
    """

    path: str
    policy: str
    kept: JSON
    others: tuple[ConflictValue, ...]
    reading: _ReadingNumber = None


@dataclass(frozen=True, slots=True)
class ChunkRecord(JSONForm):
    """What came of one part of a document that was read in parts.

    Attributes:
        chunk: Its number, from 0.
        start: The code point of the document that it begins at.
        end: The one behind its last.
        pages: The numbers of the pages of a PDF that were sent as they are; their text is within the part's, if known.
        number: Which pass over it this was, from 1.
        fields: The properties that were asked for; None for all.
        reading: The number of the independent reading that it was for, from 2; None for the first, or the only one.
        outcome: How it ended.
        error: Why there is no value, as in `Extraction`.
        invalid: What was read but did not validate, as in `Extraction`.
        id: Of one of several parts of a document, the SHA-256 of its text, as `Document.id`, in hex.
        anchor: The CRC-32 of its text's beginning, by which it is sought in the document as it is later.
        value: What was read of it, plain JSON; None where that is nothing.
    """

    chunk: int
    start: int
    end: int
    pages: Annotated[tuple[int, ...], OmittedIf(())] = field(default=(), kw_only=True)
    number: int = field(default=1, kw_only=True)
    fields: tuple[str, ...] | None = field(default=None, kw_only=True)
    reading: _ReadingNumber = field(default=None, kw_only=True)
    outcome: Outcome
    error: Failure | None = None
    invalid: JSON = None
    id: Annotated[str | None, OmittedIf(None)] = field(default=None, kw_only=True)
    anchor: Annotated[int | None, OmittedIf(None)] = field(default=None, kw_only=True)
    value: Annotated[JSON, OmittedIf(None)] = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class TakenOver(JSONForm):
    """What of a record was not asked for, as an earlier record of the document held it.

    Attributes:
        schema: The id of the earlier record's schema.
        model: The model that gave the earlier value.
        fields: JSON Pointers to what was asked for of no part of the document; "" for all of the value.
        chunks: The numbers of the chunks of which not everything was asked for, where it was read in several.
        cost_usd: What had been paid for the earlier value, in US dollars; None when a price is unknown.
    """

    schema: str
    model: str
    fields: tuple[str, ...]
    chunks: Annotated[tuple[int, ...], OmittedIf(())] = ()
    cost_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Turn(JSONForm):
    """One turn of a conversation about a document.

    Attributes:
        value: The value as it was, plain JSON.
        correction: What was said of it.
    """

    value: JSON
    correction: str
