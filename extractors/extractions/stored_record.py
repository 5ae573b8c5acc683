"""The form that a record has as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import Field, NonNegativeInt, with_config

from slotfill.extractors.record.failure_kinds import Failure
from slotfill.extractors.record.joined_inputs import JoinedInput
from slotfill.extractors.record.json_writer import NO_MEMBER, JSONForm, OmittedIf
from slotfill.extractors.record.parts import (
    Attempt,
    ChunkRecord,
    Conflict,
    Edit,
    EvidencePassage,
    Origin,
    Outcome,
    Span,
    TakenOver,
    Turn,
)
from slotfill.extractors.record.usage import Usage
from slotfill.schemas.field_digests import FieldDigests
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["NO_AMOUNT", "VERSION", "DocumentNote", "SchemaNote", "StoredRecord"]

NO_AMOUNT: Final = Decimal()
"""What a sum of money that is not there has for a value: this very object, where None is an amount that is unknown."""

_Reply = Annotated[JSON, OmittedIf(NO_MEMBER)]
"""Plain JSON data, or NO_MEMBER where it is the record's value."""

_Share = Annotated[float, Field(ge=0, le=1)]

_Shares = Annotated[Mapping[str, _Share] | None, OmittedIf(None)]
"""By JSON Pointer a number from 0 to 1."""

VERSION: Literal[1] = 1
"""The version of the record's JSON."""


@with_config(extra="forbid")
@dataclass(slots=True)
class DocumentNote(JSONForm):
    """What a record says of its document: never the text.

    columns: what of its row is carried along. places: the hash of where its text stands in its file: by it
    and the id a run knows the document. inputs: what it was joined of.
    """

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    source: str | None
    chars: NonNegativeInt
    columns: Annotated[Mapping[str, JSON] | None, OmittedIf(None)] = None
    places: Annotated[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None, OmittedIf(None)] = None
    inputs: Annotated[tuple[JoinedInput, ...], OmittedIf(())] = ()


@with_config(extra="forbid")
@dataclass(slots=True)
class SchemaNote(JSONForm):
    """What a record says of its schema; `digests` of what each field was asked by.

    parameters: as they were set, none where it has none.
    """

    name: str
    id: str
    parameters: Annotated[Mapping[str, JSON] | None, OmittedIf(None)] = None
    digests: Annotated[FieldDigests | None, OmittedIf(None)] = None


@with_config(extra="forbid")
@dataclass(slots=True, kw_only=True)
class StoredRecord(JSONForm):
    """A record; `docs/python.md` says what its members hold."""

    slotfill: Literal[1] = VERSION
    document: DocumentNote
    schema: SchemaNote
    model: str
    outcome: Outcome
    value: JSON
    reply: _Reply = NO_MEMBER
    invalid: JSON
    spans: Mapping[str, Span]
    confidence: Mapping[str, Origin]
    agreement: _Shares = None
    probability: _Shares = None
    evidence: Annotated[Mapping[str, tuple[EvidencePassage, ...]] | None, OmittedIf(None)] = None
    evidence_usd: Annotated[Decimal | None, OmittedIf(NO_AMOUNT)] = NO_AMOUNT
    edits: tuple[Edit, ...]
    attempts: tuple[Attempt, ...]
    usage: Usage
    cost_usd: Decimal | None
    saved_usd: Decimal | None
    surcharge_usd: Decimal | None = None
    ms: NonNegativeInt
    error: Failure | None
    chunks: tuple[ChunkRecord, ...]
    found_in: Mapping[str, tuple[NonNegativeInt, ...]]
    conflicts: tuple[Conflict, ...]
    history: tuple[Turn, ...]
    taken_over: Annotated[TakenOver | None, OmittedIf(None)] = None
    request_ids: tuple[str, ...]
