"""The reading that is nearest to the others: what stands where the vote gives a value that breaks a rule of the whole.

With 1 + 2 = 3, 1 + 3 = 4 and 2 + 2 = 4 most readings say 1, 2 and 4, which no reading said, and which do not add up.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from slotfill.extractors.chunks.chunk_values import ChunkValue, comparison_key, subvalues
from slotfill.extractors.chunks.merging import MergedValue
from slotfill.extractors.record.parts import Conflict, ConflictValue
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.json_values.pointer import follow

__all__ = ["nearest_reading"]

NEAREST = "nearest"
"""The policy by which a whole reading is kept."""


def nearest_reading(
    readings: Sequence[ChunkValue], valid: Collection[int], leaving_out: Collection[str]
) -> MergedValue:
    """Keep, of the readings that are valid by themselves, the one whose values the others share most; else the first.

    valid: the numbers of those that are. leaving_out: JSON Pointers to what is no value of its own.
    """
    candidates = [reading for reading in readings if reading.chunk.index in valid]
    shared = {reading.chunk.index: _shared(reading.data, readings, leaving_out) for reading in candidates}
    best = max(candidates, key=lambda reading: _share(shared[reading.chunk.index]))
    kept = comparison_key(best.data)
    others = [ConflictValue(one.data, one.chunk.index) for one in readings if comparison_key(one.data) != kept]
    conflicts = (Conflict("", NEAREST, best.data, tuple(others)),) if others else ()
    return MergedValue(best.data, best.spans, shared[best.chunk.index], conflicts)


def _shared(data: JSON, readings: Sequence[ChunkValue], leaving_out: Collection[str]) -> Mapping[str, tuple[int, ...]]:
    """Return, for what a vote would tell of, the numbers of the readings that have the same there."""
    paths = [path for path, part, is_item in subvalues(data) if is_item or not isinstance(part, dict)]
    return {
        path: tuple(
            one.chunk.index
            for one in readings
            if comparison_key(follow(path, one.data)) == comparison_key(follow(path, data))
        )
        for path in paths
        if path not in leaving_out
    }


def _share(shared: Mapping[str, tuple[int, ...]]) -> float:
    return sum(map(len, shared.values())) / max(len(shared), 1)
