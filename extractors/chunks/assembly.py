"""Assembly: one value, and one account, of what the parts of a document gave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from slotfill.extractors.chunks.chunk_values import ChunkValue, canonical
from slotfill.extractors.chunks.chunking import Chunk
from slotfill.extractors.chunks.merging import MergedValue, merge
from slotfill.extractors.chunks.reading import ChunkReader, ChunkResult
from slotfill.extractors.documents.pdf_pages import page_list
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.grounding.grounding import ground
from slotfill.extractors.record.anchors import anchor_of
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.record.parts import ChunkRecord, Conflict, ConflictValue, Origin, Outcome, Span
from slotfill.extractors.rungs.results import Result
from slotfill.extractors.rungs.settling import without_misquotes
from slotfill.extractors.rungs.validation import validate_data
from slotfill.schemas.json_values.json_types import JSONMapping
from slotfill.schemas.json_values.places import without_keys
from slotfill.schemas.json_values.pointer import tokens
from slotfill.schemas.marks.confidence import confidence_paths
from slotfill.schemas.schema import Schema

__all__ = ["Assembly", "assemble"]

M = TypeVar("M")
K = TypeVar("K")

NAMED_IN_MESSAGE = 3
"""So many failing parts are named in a message."""


@dataclass(frozen=True, slots=True)
class Assembly(Generic[M]):
    """What all parts of a document gave together.

    Attributes:
        schema: What was asked for of the whole document.
        result: What the value is worth as a whole; its attempts are those of all parts.
        merged: The value as it was put together; None where no part gave one, or one gave all.
        chunks: What came of each part; none where one result was taken as it is.
        missing: Why parts are missing; None where none is.
        agreement: By JSON Pointer, the share of the readings that gave each value, where there were several.
    """

    schema: Schema[M]
    result: Result[M]
    merged: MergedValue | None = None
    chunks: tuple[ChunkRecord, ...] = ()
    missing: Failure | None = None
    agreement: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_of_one_text(self) -> bool:
        """Whether it was merged, its parts are all of one text, and none is missing: a patch can see what it mends."""
        in_chunks = bool(self.chunks) and self.chunks[-1].chunk > 0
        return (self.merged is not None or bool(self.chunks)) and not in_chunks and self.missing is None

    def spans_of(self, result: Result[M]) -> Mapping[str, Span] | None:
        """Return where the values stood in their chunks; None where what is written is not what was put together."""
        if not result.is_valid:
            return {}
        if self.merged is None or result.output != self.schema.plain(self.merged.data):
            return None
        return self._of_value(self.merged.spans)

    def passage_spans(self, result: Result[M]) -> Mapping[str, Span]:
        """Return where in their chunks the passages stood that were asked for; none where that is not known."""
        return self.merged.spans if self.merged and result.data == self.merged.data else {}

    def _of_value(self, known: Mapping[str, K]) -> Mapping[str, K]:
        """Leave of what is known by JSON Pointer what is of the value itself."""
        return {path: one for path, one in known.items() if not self.schema.is_beside(path)}

    def add_to(self, extraction: Extraction[M]) -> Extraction[M]:
        """Add what each part gave, and which is missing: a value that lacks a part of the document is not whole."""
        if self.merged is not None:
            found_in = self._of_value(self.merged.found_in)
            conflicts, beside = self.merged.conflicts, self.schema.added_keys
            conflicts = tuple(_without(beside, conflicts)) if beside else conflicts
            extraction = replace(extraction, found_in=found_in, conflicts=conflicts)
        if self.missing is None:
            return replace(extraction, chunks=self.chunks) if self.chunks else extraction
        outcome = extraction.outcome if self.merged is None else Outcome.PARTIAL
        return replace(extraction, chunks=self.chunks, outcome=outcome, error=self.missing)


def assemble(reader: ChunkReader[M], results: Sequence[ChunkResult[Any]]) -> Assembly[M]:
    """Merge what was read, and validate it as a whole; one result of the whole document is taken as it is."""
    if len(results) == 1 and results[0].is_whole:
        return Assembly(reader.schema, results[0].result)
    positions = {one.question.position for one in results}
    numbers = {position: number for number, position in enumerate(sorted(positions))}
    placed = [(one, _chunk_of(one, numbers)) for one in results]
    chunks = tuple(_record_of(one, chunk) for one, chunk in placed)
    attempts = tuple(replace(attempt, chunk=chunk.index) for one, chunk in placed for attempt in one.result.attempts)
    missing = _missing(chunks)
    valid = [(one, chunk) for one, chunk in placed if one.result.is_valid]
    if not valid:
        nothing = replace(results[0].result, failure=missing, attempts=attempts, last_read=None)
        return Assembly(reader.schema, nothing, None, chunks, missing)
    json_schema = reader.schema.json_schema
    merged = merge(json_schema, [_value_of(one, chunk, json_schema) for one, chunk in valid])
    edits = tuple(replace(edit, chunk=chunk.index) for one, chunk in valid for edit in one.result.edits)
    whole = without_misquotes(reader.whole, validate_data(reader.whole, merged.data))
    result = replace(whole, edits=(*edits, *whole.edits), attempts=attempts, last_read=merged.data)
    if result.is_valid:
        origin = _origin_of([one.result for one, _ in valid])
        result = replace(result, confidence=dict.fromkeys(confidence_paths(json_schema, result.data), origin))
    return Assembly(reader.schema, result, merged, chunks, missing)


def _chunk_of(one: ChunkResult[M], numbers: Mapping[tuple[int, float], int]) -> Chunk:
    question = one.question
    return Chunk(numbers[question.position], question.start, question.document.text, question.document.pages)


def _value_of(one: ChunkResult[M], chunk: Chunk, json_schema: JSONMapping) -> ChunkValue:
    return ChunkValue(chunk, one.result.data, ground(one.result.data, chunk.text, json_schema))


def _record_of(one: ChunkResult[M], chunk: Chunk) -> ChunkRecord:
    several = one.question.chunked  # of a part of the document the merged value does not tell what it gave
    return ChunkRecord(
        chunk=chunk.index,
        start=chunk.start,
        end=chunk.end,
        pages=tuple(number for pages in chunk.pages for number in pages.numbers),
        outcome=one.result.outcome,
        number=one.question.reading,
        fields=one.question.fields,
        error=one.result.failure,
        invalid=None if one.result.is_valid else one.question.schema.plain(one.result.last_read),
        id=one.question.document.id if several else None,
        anchor=anchor_of(chunk.text) if several else None,
        value=one.question.schema.plain(one.result.data) if several and one.result.is_valid else None,
    )


def _without(beside: frozenset[str], conflicts: Iterable[Conflict]) -> Iterator[Conflict]:
    """Leave of conflicts what is about the value itself: an object that was kept whole holds what stood beside it."""
    for conflict in conflicts:
        kept = without_keys(conflict.kept, beside)
        others: dict[str, ConflictValue] = {}
        for other in conflict.others:
            value = without_keys(other.value, beside)
            others.setdefault(canonical(value), replace(other, value=value))
        differing = tuple(one for key, one in others.items() if key != canonical(kept))
        if differing and beside.isdisjoint(tokens(conflict.path)):
            yield replace(conflict, kept=kept, others=differing)


def _origin_of(results: Sequence[Result[M]]) -> Origin:
    """Tell where the confidences of a merged value come from: no better than the worst of them."""
    scored = all(origin == "scored" for result in results for origin in result.confidence.values())
    return "scored" if scored else "stated"


def _missing(chunks: Sequence[ChunkRecord]) -> Failure | None:
    """Say which parts are missing, and why."""
    failed = [(chunk, chunk.error) for chunk in chunks if chunk.error is not None]
    if not failed:
        return None
    reasons = [f"{_name_of(chunk)}: {error.message}" for chunk, error in failed[:NAMED_IN_MESSAGE]]
    more = [f"and {len(failed) - NAMED_IN_MESSAGE} more"] if len(failed) > NAMED_IN_MESSAGE else []
    # What stops one document may stop the run that it is part of.
    kind = next((error.type for _, error in failed if error.type.ends_fallbacks), FailureKind.INCOMPLETE)
    return Failure(kind, f"{len(failed)} of {len(chunks)} parts could not be read: {'; '.join([*reasons, *more])}")


def _name_of(chunk: ChunkRecord) -> str:
    fields = f", fields {chunk.fields[0]!r} to {chunk.fields[-1]!r}" if chunk.fields else ""
    again = f", reading {chunk.number}" if chunk.number > 1 else ""
    pages = f", {page_list(chunk.pages)}" if chunk.pages else ""
    return f"chunk {chunk.chunk} (characters {chunk.start} to {chunk.end}{pages}{fields}{again})"
