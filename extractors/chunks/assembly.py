"""Joining: one value, and one account, of what the parts of a document gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from slotfill.extractors.chunks.chunk_values import ChunkValue
from slotfill.extractors.chunks.chunking import Chunk
from slotfill.extractors.chunks.merging import MergedValue, merge
from slotfill.extractors.chunks.reading import ChunkResult
from slotfill.extractors.grounding.grounding import ground
from slotfill.extractors.record.extraction import Attempt, ChunkRecord, Origin, Span
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.rungs.ladder import Ladder, Result, Status, outcome_of
from slotfill.schemas.confidence import confidence_paths

__all__ = ["Assembly", "assemble"]

M = TypeVar("M")

TOLD = 3
"""So many failing parts are named in a message."""

_NOTHING = MergedValue(None, {}, {}, ())


@dataclass(frozen=True, slots=True)
class Assembly(Generic[M]):
    """What all parts of a document gave.

    verdict: on the value as a whole. merged: the value as it was put together, empty where no part gave one.
    readings, attempts, edits: of all parts, each with the number of its chunk. lost: why parts are missing.
    """

    verdict: Result[M]
    merged: MergedValue
    readings: tuple[ChunkRecord, ...]
    attempts: tuple[Attempt, ...]
    lost: Failure | None = None

    @property
    def chunks(self) -> int:
        """How many chunks there are."""
        return self.readings[-1].chunk + 1

    def spans_of(self, verdict: Result[M]) -> Mapping[str, Span] | None:
        """Give where the values stood in their chunks; None where what is written is not what was put together."""
        return self.merged.spans if verdict.output == self.merged.data else None


def assemble(ladder: Ladder[M], found: Sequence[ChunkResult]) -> Assembly[M]:
    """Put together what was read; the ladder, that of the whole, says what it is worth."""
    numbers = {start: number for number, start in enumerate(sorted({read.start for read in found}))}
    chunks = [Chunk(numbers[read.start], read.start, read.text) for read in found]
    readings = tuple(map(_reading, found, chunks))
    attempts = tuple(
        replace(attempt, chunk=chunk.index)
        for read, chunk in zip(found, chunks, strict=True)
        for attempt in read.attempts
    )
    good = [(read, chunk) for read, chunk in zip(found, chunks, strict=True) if read.verdict.kind is Status.VALID]
    lost = _lost(readings)
    if not good:
        return Assembly(replace(found[0].verdict, failure=lost), _NOTHING, readings, attempts, lost)
    json_schema = ladder.schema.json_schema
    parts = [
        ChunkValue(chunk, read.verdict.data, ground(read.verdict.data, read.text, json_schema)) for read, chunk in good
    ]
    merged = merge(json_schema, parts)
    edits = tuple(replace(edit, chunk=chunk.index) for read, chunk in good for edit in read.verdict.edits)
    verdict = replace(ladder.worth(merged.data), edits=edits)
    if verdict.kind is Status.VALID:
        origin = _origin([read.verdict for read, _ in good])
        verdict = replace(verdict, confidence=dict.fromkeys(confidence_paths(json_schema, verdict.data), origin))
    return Assembly(verdict, merged, readings, attempts, lost)


def _reading(read: ChunkResult, chunk: Chunk) -> ChunkRecord:
    valid = read.verdict.kind is Status.VALID
    return ChunkRecord(
        chunk=chunk.index,
        start=chunk.start,
        end=chunk.end,
        outcome=outcome_of(read.verdict, read.attempts),
        number=read.number,
        fields=read.task.fields,
        error=read.verdict.failure,
        invalid=None if valid else read.data,
    )


def _origin(verdicts: Sequence[Result[Any]]) -> Origin:
    """Tell where the confidences of a joined value come from: no better than the worst of them."""
    scored = all(origin == "scored" for verdict in verdicts for origin in verdict.confidence.values())
    return "scored" if scored else "stated"


def _lost(readings: Sequence[ChunkRecord]) -> Failure | None:
    """Say which parts are missing, and why."""
    failed = [(reading, reading.error) for reading in readings if reading.error is not None]
    if not failed:
        return None
    told = [f"{_named(reading)}: {error.message}" for reading, error in failed[:TOLD]]
    more = [f"and {len(failed) - TOLD} more"] if len(failed) > TOLD else []
    # What stops one document may stop the run that it is part of.
    kind = next((error.type for _, error in failed if error.type.ends_fallbacks), FailureKind.INCOMPLETE)
    return Failure(kind, f"{len(failed)} of {len(readings)} parts could not be read: {'; '.join([*told, *more])}")


def _named(reading: ChunkRecord) -> str:
    fields = f", fields {reading.fields[0]!r} to {reading.fields[-1]!r}" if reading.fields else ""
    again = f", reading {reading.number}" if reading.number > 1 else ""
    return f"chunk {reading.chunk} (characters {reading.start} to {reading.end}{fields}{again})"
