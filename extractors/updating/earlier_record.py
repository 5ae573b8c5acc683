"""An earlier record: what it holds of a document, text by text, as plain data that may be anybody's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from typing import Any, Self

from slotfill.extractors.extractions.loading import check_record
from slotfill.extractors.extractions.stored_record import StoredRecord
from slotfill.extractors.record.money import add_money
from slotfill.extractors.record.parts import ChunkRecord, Edit, Origin
from slotfill.schemas.field_digests import FieldDigests
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.schema import Schema

__all__ = ["EarlierChunk", "EarlierRecord"]

Extent = tuple[int, int, tuple[int, ...]]
"""Where a chunk stands in its document: its first code point, the one behind its last, and its pages."""


@dataclass(frozen=True, slots=True)
class EarlierChunk:
    """What was read of one text: a chunk, or the whole document.

    index: its place among the chunks; number: the same as the record counts them. readings: a value a reading, plain
    JSON; none where it was lost, or the record does not hold it.
    """

    index: int
    number: int
    extent: Extent
    id: str | None
    anchor: int | None
    readings: tuple[JSON, ...]

    @property
    def start(self) -> int:
        """Where it begins in its document."""
        return self.extent[0]

    @property
    def end(self) -> int:
        """Where it ends there."""
        return self.extent[1]


@dataclass(frozen=True, slots=True)
class EarlierRecord:
    """What an earlier record says of a document, as far as it may be taken over.

    ok: whether it holds a whole value. readings: how often each text was read. chunks: one for a document that was read
    at once. confidence: where the numbers of confidences come from. agreement: of independent readings; none where
    there was but one. cost_usd: what was paid for all of it, for records before it too. reworded: whether other
    instructions say the same in other words.
    """

    document_id: str
    source: str | None
    chars: int
    schema_name: str
    schema_id: str
    digests: FieldDigests | None
    model: str
    ok: bool
    readings: int
    chunks: tuple[EarlierChunk, ...]
    edits: tuple[Edit, ...]
    confidence: Mapping[str, Origin]
    agreement: Mapping[str, float]
    cost_usd: Decimal | None
    reworded: bool = False

    @classmethod
    def of(cls, record: JSONMapping, *, reworded: bool = False) -> Self:
        """Read plain JSON data that should be a record. Raises InputError for what is none."""
        stored = check_record(record)
        before = stored.taken_over.cost_usd if stored.taken_over else Decimal(0)
        return cls(
            document_id=stored.document.id,
            source=stored.document.source,
            chars=stored.document.chars,
            schema_name=stored.schema.name,
            schema_id=stored.schema.id,
            digests=stored.schema.digests,
            model=stored.taken_over.model if stored.taken_over and not stored.attempts else stored.model,
            ok=stored.outcome.ok,
            readings=max((chunk.number for chunk in stored.chunks), default=1),
            chunks=_chunks_of(stored, record),
            edits=stored.edits,
            confidence=stored.confidence,
            agreement=record.get("agreement", {}),
            cost_usd=add_money(before, stored.cost_usd),
            reworded=reworded,
        )

    def asked_by(self, schema: Schema[Any]) -> Self:
        """Return it with what its fields were asked by, which a record of an earlier slotfill does not say."""
        return replace(self, digests=schema.digests)


def _chunks_of(stored: StoredRecord, record: JSONMapping) -> tuple[EarlierChunk, ...]:
    extents = {_extent(chunk): None for chunk in stored.chunks}
    # Passes of one text, and groups of its fields, gave the value together, and so did several readings.
    if len(extents) <= 1 or any(chunk.reading for chunk in stored.chunks):
        extent = next(iter(extents)) if len(extents) == 1 else (0, stored.document.chars, ())
        return (EarlierChunk(0, 0, extent, None, None, (record.get("reply", record["value"]),)),)
    # Values stand as they do in the JSON, with all digits of their numbers.
    placed = sorted(zip(stored.chunks, record["chunks"], strict=True), key=lambda pair: _extent(pair[0]))
    groups = groupby(placed, key=lambda pair: _extent(pair[0]))
    return tuple(_chunk(index, [*pairs]) for index, (_, pairs) in enumerate(groups))


def _extent(chunk: ChunkRecord) -> Extent:
    return chunk.start, chunk.end, chunk.pages


def _chunk(index: int, pairs: list[tuple[ChunkRecord, JSONObject]]) -> EarlierChunk:
    """Put together what groups of fields gave of one chunk, a value a reading."""
    first, numbers = pairs[0][0], sorted({chunk.number for chunk, _ in pairs})
    values = [_joined(data.get("value") for chunk, data in pairs if chunk.number == number) for number in numbers]
    lost = any(not chunk.outcome.ok for chunk, _ in pairs) or None in values
    return EarlierChunk(index, first.chunk, _extent(first), first.id, first.anchor, () if lost else tuple(values))


def _joined(parts: Iterable[JSON]) -> JSON:
    """Return one object of several that share no key; None where they do, or are none."""
    first, *others = parts
    for other in others:
        if not (isinstance(first, dict) and isinstance(other, dict)) or first.keys() & other.keys():
            return None
        first = {**first, **other}
    return first
