"""A poll: the readings of one document, which further ones are needed, and what they say together.

The first reading is alone, as it writes the service's cache for the others. Then come as many as could decide, and one
by one those that may still change a field. What a document costs grows with how much its readings differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Generic, TypeVar

from slotfill.extractors.chunks.assembly import Assembly
from slotfill.extractors.chunks.chunk_values import ChunkValue
from slotfill.extractors.chunks.chunking import Chunk
from slotfill.extractors.chunks.merging import MergedValue, merge
from slotfill.extractors.chunks.reading import ChunkReader
from slotfill.extractors.grounding.grounding import ground
from slotfill.extractors.readings.certainty import probabilities, with_confidences
from slotfill.extractors.readings.nearest_reading import nearest_reading
from slotfill.extractors.readings.variations import Variation
from slotfill.extractors.readings.voting_merger import VotingMerger
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.record.parts import Attempt, ChunkRecord, Conflict, ConflictValue, Edit
from slotfill.extractors.rungs.validation import validate_data
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.marks.confidence import confidence_paths

__all__ = ["Poll"]

M = TypeVar("M")
Part = TypeVar("Part", Attempt, ChunkRecord, Conflict, Edit)

DIGITS = 4
"""A share is told to so many decimal places."""

_MAY_DIFFER = frozenset({FailureKind.VALIDATION, FailureKind.INCOMPLETE})
"""Failures that another reading may not meet, beside those on the way to the service. A refusal is none of them."""


@dataclass(frozen=True)
class Poll(Generic[M]):
    """The readings of a document so far.

    A reading that gave no whole value has no vote. It counts among those that might have agreed: where one of three
    readings failed, nothing has an agreement of more than 2/3.

    Attributes:
        reader: Says by which questions the document is read.
        readings: What came of each, by number, from 1.
    """

    reader: ChunkReader[M]
    readings: tuple[Assembly[M], ...]

    def with_further(self, readings: Iterable[Assembly[M]]) -> Poll[M]:
        """Return the poll with what came of the further readings."""
        return replace(self, readings=(*self.readings, *readings))

    @property
    def further(self) -> Sequence[ChunkReader[M]]:
        """Who reads next, side by side; nobody where all is decided."""
        asked, votes = len(self.readings), self.reader.policy.votes
        if asked >= votes or any(map(_meets_others, self._failures)):
            return ()
        if asked == 1:
            return [self._reader(number) for number in range(2, votes // 2 + 2)]
        if len(self._voters) > votes // 2 and votes - asked < self._vote[1]:
            return ()
        return [self._reader(asked + 1)]

    def elected(self) -> Assembly[M]:
        """Return what most readings say, validated as a whole; the first reading as it is where none has a vote."""
        attempts = tuple(self._numbered(lambda reading: reading.result.attempts))
        chunks = tuple(self._numbered(lambda reading: reading.chunks))
        if not self._voters:
            best = next((one for one in self.readings if one.result.is_valid), self.readings[0])
            return replace(best, result=replace(best.result, attempts=attempts), chunks=chunks)
        elected = self._elected(self._vote[0])
        valid = [number for number, one in self._voters.items() if one.result.is_valid]
        if valid and not elected.result.is_valid:  # what nobody said breaks a rule of the whole
            elected = self._elected(
                nearest_reading([*self._ballots.values()], valid, self._confidences(self._vote[0].data))
            )
        edits = tuple(self._numbered(lambda reading: reading.result.edits))
        return replace(elected, result=replace(elected.result, edits=edits, attempts=attempts), chunks=chunks)

    def _elected(self, merged: MergedValue) -> Assembly[M]:
        """Validate what was elected, with what the readings agree in place of its confidences."""
        confidences = self._confidences(merged.data)
        agreement = {
            path: round(len(numbers) / len(self.readings), DIGITS)
            for path, numbers in merged.found_in.items()
            if path not in confidences
        }
        sure = probabilities(agreement, merged.data, self.reader.policy.calibration) or agreement
        data = with_confidences(merged.data, self.reader.schema.json_schema, sure)
        result = replace(validate_data(self.reader.whole, data), last_read=data)
        if result.is_valid:
            result = replace(result, confidence=dict.fromkeys(self._confidences(result.data), "agreed"))
        within = self._numbered(lambda reading: reading.merged.conflicts if reading.merged else ())
        conflicts = (*map(_of_readings, merged.conflicts), *within)
        merged = replace(merged, data=data, conflicts=conflicts)
        return Assembly(self.reader.schema, result, merged, agreement=agreement)

    def _confidences(self, data: JSON) -> Sequence[str]:
        return confidence_paths(self.reader.schema.json_schema, data)

    def _reader(self, number: int) -> ChunkReader[M]:
        reader = self.reader
        return replace(reader, variation=Variation(number, reader.document.id, reader.policy.least_cached))

    @property
    def _failures(self) -> list[Failure]:
        failures = (one.missing or one.result.failure for one in self.readings)
        return [failure for failure in failures if failure is not None]

    @cached_property
    def _voters(self) -> Mapping[int, Assembly[M]]:
        """By number, the readings that gave a whole value: one that merging chunks broke is mended after the vote."""
        return {
            number: one
            for number, one in enumerate(self.readings, 1)
            if one.missing is None and (one.result.is_valid or one.merged is not None)
        }

    @cached_property
    def _ballots(self) -> Mapping[int, ChunkValue]:
        """What those say: each is a "chunk" of the whole document, which has the number of the reading."""
        document, json_schema = self.reader.document, self.reader.schema.json_schema
        ballots: dict[int, ChunkValue] = {}
        for number, one in self._voters.items():
            data = one.result.data if one.merged is None else one.merged.data
            spans = ground(data, document.text, json_schema) if one.merged is None else one.merged.spans
            ballots[number] = ChunkValue(Chunk(number, 0, document.text, document.pages), data, spans)
        return ballots

    @cached_property
    def _vote(self) -> tuple[MergedValue, int]:
        """What most of them say, and how many further readings could change it."""
        merger = VotingMerger()
        merged = merge(self.reader.schema.json_schema, [*self._ballots.values()], merger)
        return merged, merger.margin

    def _numbered(self, parts_of: Callable[[Assembly[M]], Iterable[Part]]) -> Iterator[Part]:
        """Yield what the readings have of a kind, with their numbers; the first one's as it is."""
        for number, reading in enumerate(self.readings, 1):
            for part in parts_of(reading):
                yield part if number == 1 else replace(part, reading=number)


def _meets_others(failure: Failure) -> bool:
    """Whether another reading would fail alike, or must not be asked: the same model is not asked after a refusal."""
    return not (failure.type in _MAY_DIFFER or failure.type.retry_later)


def _of_readings(conflict: Conflict) -> Conflict:
    """Name the readings, where merging has named the "chunks" that they were for it."""
    others = tuple(ConflictValue(other.value, reading=other.chunk) for other in conflict.others)
    return replace(conflict, others=others)
