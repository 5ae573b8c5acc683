"""Taking over: what an earlier record answers of a document, and the questions that are left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Generic, TypeVar

from slotfill.extractors.chunks.chunking import Chunk
from slotfill.extractors.chunks.reading import ChunkReader, ChunkResult
from slotfill.extractors.chunks.schema_relaxing import relax_for_chunk
from slotfill.extractors.chunks.schema_splitting import field_units, select_fields
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.extractors.record.money import add_money
from slotfill.extractors.record.parts import Edit, Origin, TakenOver
from slotfill.extractors.rungs.prompt import Prompt
from slotfill.extractors.rungs.questions import Question
from slotfill.extractors.rungs.results import Result, Status
from slotfill.extractors.rungs.validation import validate_data
from slotfill.extractors.updating.changed_fields import changed_fields, whole_units, without_dropped
from slotfill.extractors.updating.earlier_record import EarlierChunk, EarlierRecord
from slotfill.extractors.updating.relocation import relocate
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.json_values.pointer import is_within, join, tokens
from slotfill.schemas.part_schema import PartSchema
from slotfill.schemas.schema import Schema

__all__ = ["TakeOver", "take_over"]

M = TypeVar("M")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TakeOver(Generic[M]):
    """What stands already of a document, and what is to be asked.

    earlier: the record that it stands in; None where nothing is taken over. asked: by chunk, the fields that are asked
    for; None for all of them.
    """

    questions: list[Question[Any]]
    results: list[ChunkResult[Any]] = field(default_factory=list)
    earlier: EarlierRecord | None = None
    asked: tuple[frozenset[str] | None, ...] = ()

    def join(self, results: Sequence[ChunkResult[Any]]) -> list[ChunkResult[Any]]:
        """Return what stands already with what was read, in the document's order."""
        return sorted((*self.results, *results), key=lambda one: one.question.position) if self.results else [*results]

    def note_in(self, extraction: Extraction[M]) -> Extraction[M]:
        """Say in an extraction what of it was taken over."""
        earlier = self.earlier
        if earlier is None or not extraction.ok:
            return extraction
        chunks = [number for number, asked in enumerate(self.asked) if asked is not None]
        fields = tuple(self._fields(extraction.reply))
        agreed = {path: share for path, share in earlier.agreement.items() if is_within(path, fields)}
        note = TakenOver(
            earlier.schema_id,
            earlier.model,
            fields=fields,
            chunks=tuple(chunks) if len(self.asked) > 1 else (),
            cost_usd=earlier.cost_usd,
        )
        return replace(
            extraction,
            taken_over=note,
            model=extraction.model if extraction.attempts else earlier.model,
            agreement={**agreed, **extraction.agreement},
        )

    def newly_read(self, by_pointer: Mapping[str, T]) -> dict[str, T]:
        """Leave, of what is told of places of the value, what is of fields that were asked for somewhere."""
        everything = self.earlier is None or None in self.asked
        asked = frozenset[str]().union(*filter(None, self.asked))
        return {path: one for path, one in by_pointer.items() if everything or not asked.isdisjoint(tokens(path)[:1])}

    def is_refused_in(self, extraction: Extraction[M]) -> bool:
        """Whether what stands already does not go with what was read of the same text, and no patch has mended it."""
        error = extraction.error
        return (
            bool(self.results) and len(self.asked) == 1 and error is not None and error.type is FailureKind.VALIDATION
        )

    def paid_for(self, extraction: Extraction[M], refused: Extraction[M]) -> Extraction[M]:
        """Return an extraction with what was paid before for one that was refused."""
        return replace(
            extraction,
            attempts=(*refused.attempts, *extraction.attempts),
            cost_usd=add_money(refused.cost_usd, extraction.cost_usd),
            saved_usd=add_money(refused.saved_usd, extraction.saved_usd),
            surcharge_usd=add_money(refused.surcharge_usd, extraction.surcharge_usd),
        )

    def _fields(self, data: JSON) -> Iterator[str]:
        """Yield the pointers to what was asked for nowhere, and is as it was."""
        if None in self.asked:
            return
        if not isinstance(data, dict):
            yield ""
            return
        asked = frozenset[str]().union(*filter(None, self.asked))
        known = [one.result.data for one in self.results]
        several = len(self.asked) > 1
        yield from (
            join((key,))
            for key, part in data.items()
            if key not in asked and (several or any(key in one and one[key] == part for one in known))
        )


def take_over(reader: ChunkReader[M], earlier: EarlierRecord | None) -> TakeOver[M]:
    """Take over what an earlier record says of a document, and leave the questions for the rest.

    Nothing is believed: each value is validated by the schema as it is now, with its text, and what is refused is asked
    for. A text that was read less often than is asked for now is read anew, and so is one of which several readings
    are to agree and of which there was but one.
    """
    policy = reader.policy
    if earlier is None or earlier.readings < policy.passes or (policy.votes > 1 and not earlier.agreement):
        return TakeOver(reader.split())
    asked = changed_fields(earlier, reader.schema)
    placed = [] if asked is None else _placed(reader, earlier, whole=not asked)
    chunked = len(placed) > 1
    parts = [part for chunk, one in placed if (part := _part(reader, earlier, chunk, one, asked, chunked=chunked))]
    too_long = not chunked and any(part.questions for part in parts) and len(reader.chunks) > 1
    if too_long or not any(part.results for part in parts):
        return TakeOver(reader.split())
    return TakeOver(
        [question for part in parts for question in part.questions],
        [one for part in parts for one in part.results],
        earlier,
        tuple(part.asked for part in parts),
    )


Placed = tuple[Chunk, EarlierChunk | None]
"""A part of the document as it is now, and what it was."""


def _placed(reader: ChunkReader[Any], earlier: EarlierRecord, *, whole: bool) -> list[Placed]:
    """Find the parts that a document had before; none where it has none of them any more.

    whole: whether nothing is to be asked for, so that no part is too long.
    """
    document, chunks = reader.document, earlier.chunks
    same = document.id == earlier.document_id
    if len(chunks) == 1:
        return [(Chunk(0, 0, document.text, document.pages), chunks[0])] if same else []
    if document.pages:
        by_extent, now = {chunk.extent: chunk for chunk in chunks}, reader.chunks
        return [(chunk, by_extent.get(_extent_of(chunk))) for chunk in now] if same and len(now) > 1 else []
    limit = reader.policy.chunk_chars
    usable = [one if whole or _fits(one, limit) else replace(one, readings=()) for one in chunks]
    stretches = relocate(usable, document.text, chars=earlier.chars, limit=limit)
    return [
        (Chunk(number, one.start, document.text[one.start : one.end]), one.earlier)
        for number, one in enumerate(stretches)
    ]


def _extent_of(chunk: Chunk) -> tuple[int, int, tuple[int, ...]]:
    return chunk.start, chunk.end, tuple(number for pages in chunk.pages for number in pages.numbers)


def _fits(chunk: EarlierChunk, limit: int | None) -> bool:
    return limit is None or chunk.end - chunk.start <= limit


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the document: the fields that are asked for of it, None for all; the questions; what stands already."""

    asked: frozenset[str] | None
    questions: list[Question[Any]]
    results: list[ChunkResult[Any]] = field(default_factory=list)


def _part(
    reader: ChunkReader[Any],
    earlier: EarlierRecord,
    chunk: Chunk,
    one: EarlierChunk | None,
    asked: frozenset[str] | None,
    *,
    chunked: bool,
) -> _Part | None:
    """Say what of a part stands already, and what is asked; None where it holds nothing to be read."""
    if asked and one is not None and not all(isinstance(reading, dict) for reading in one.readings):
        asked = None  # what is no object has no fields that could stand
    while one is not None and one.readings and asked is not None:
        known = [*_known(reader, earlier, chunk, one, asked, chunked=chunked)]
        refused = [result.result for result in known if not result.result.is_valid]
        questions = [*reader.questions([chunk], chunked=chunked, only=asked)] if asked else []
        if not refused and (questions or not asked):
            return _Part(asked, questions, known)
        asked = _widened(reader, asked, refused)
    questions = [*reader.questions([chunk], chunked=chunked)]
    return _Part(None, questions) if questions else None


def _widened(reader: ChunkReader[Any], asked: frozenset[str], refused: Sequence[Result[Any]]) -> frozenset[str] | None:
    """Return what is asked for, and with it the fields whose earlier values were refused; None for all of them."""
    places = [tokens(error.path)[:1] for result in refused for error in result.errors]
    wrong = {key for place in places for key in place} - asked
    if not wrong or [] in places or any(result.status is not Status.INVALID for result in refused):
        return None  # it is the whole that was refused, or by code that would refuse any value
    return whole_units(reader.schema, {*asked, *wrong})


def _known(
    reader: ChunkReader[Any],
    earlier: EarlierRecord,
    chunk: Chunk,
    one: EarlierChunk,
    asked: frozenset[str],
    *,
    chunked: bool,
) -> Iterator[ChunkResult[Any]]:
    """Validate what an earlier record gave of a part, but for what is asked for, reading by reading."""
    document = reader.document.excerpt(chunk.start, chunk.end, chunk.pages) if chunked else reader.document
    schema, fields = _schema_of_known(reader.schema, asked, chunked=chunked)
    question = Question(document, schema, _NO_PROMPT, None, chunk.start, chunked, fields)
    for number, reading in enumerate(one.readings, 1):
        data = without_dropped(earlier, reader.schema, reading)
        if asked:
            data = {key: part for key, part in data.items() if key not in asked}
        result = validate_data(question, data)
        edits = _edits_of(earlier, one, asked, chunked=chunked) if number == 1 else ()
        confidence = _confidence_of(result, earlier, chunked=chunked)
        yield ChunkResult(replace(question, reading=number), replace(result, edits=edits, confidence=confidence))


_NO_PROMPT = Prompt("", ())
"""What is known already is not asked."""


@lru_cache(maxsize=64)
def _schema_of_known(
    schema: Schema[Any], asked: frozenset[str], *, chunked: bool
) -> tuple[Schema[Any], tuple[str, ...] | None]:
    """Return the schema of what is not asked for, and its fields; None for all of them."""
    if not (asked or chunked):
        return schema, None
    json_schema = relax_for_chunk(schema.json_schema) if chunked else schema.json_schema
    if not asked:
        return PartSchema(schema, json_schema, nested=chunked), None
    fields = tuple(key for unit in field_units(schema.json_schema) for key in sorted(unit) if key not in asked)
    return PartSchema(schema, select_fields(json_schema, fields, with_rest=True), nested=chunked), fields


def _edits_of(earlier: EarlierRecord, one: EarlierChunk, asked: frozenset[str], *, chunked: bool) -> tuple[Edit, ...]:
    """Return the edits that were made of what still counts."""
    return tuple(
        replace(edit, chunk=None)
        for edit in earlier.edits
        if (not chunked or edit.chunk == one.number) and asked.isdisjoint(tokens(edit.path)[:1])
    )


def _confidence_of(result: Result[Any], earlier: EarlierRecord, *, chunked: bool) -> dict[str, Origin]:
    """Tell where the numbers of confidences come from: of a chunk, as the record says of all together."""
    if not chunked:
        return {path: origin for path, origin in earlier.confidence.items() if path in result.confidence}
    origins = {*earlier.confidence.values()}
    return dict.fromkeys(result.confidence, "scored" if origins == {"scored"} else "stated")
