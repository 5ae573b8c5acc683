"""What became of one value when several requests gave it: a node, of which the merged value is put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from slotfill.extractors.chunks.chunk_values import PlacedValue, canonical, chunks_of, subvalues
from slotfill.extractors.record.parts import Conflict, ConflictValue, Span
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.json_values.pointer import join

__all__ = ["MergedNode", "kept_whole", "merged_list", "merged_object"]


@dataclass(frozen=True, slots=True)
class MergedNode:
    """A merged value that does not know where it will stand: all JSON Pointers start at the value itself.

    spans: where the value and what it holds stand in the document.
    found_in: the numbers of the chunks that gave it.
    conflicts: about the value itself, of path "".
    parts: the nodes that it was put together of, by key or index; what they say is theirs alone.
    """

    data: JSON
    spans: Mapping[str, Span] = field(default_factory=dict)
    found_in: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()
    parts: Mapping[str, MergedNode] | Mapping[int, MergedNode] = field(default_factory=dict)

    def with_conflict(self, policy: str, others: Iterable[PlacedValue]) -> MergedNode:
        """Return the node with what a policy did not keep, each value once and of the chunk that gave it first."""
        distinct: dict[str, ConflictValue] = {}
        for other in others:
            distinct.setdefault(canonical(other.data), ConflictValue(other.data, other.chunk.index))
        if not distinct:
            return self
        conflict = Conflict("", policy, self.data, tuple(distinct.values()))
        return replace(self, conflicts=(*self.conflicts, conflict))

    def as_item(self, chunks: tuple[int, ...]) -> MergedNode:
        """Return the node as that of a list's item: of one that is an object or a list, too, it is told who gave it."""
        return replace(self, found_in={"": chunks, **self.found_in})

    def walk(self, path: str = "") -> Iterator[tuple[str, MergedNode]]:
        """Iterate over all nodes with their JSON Pointers, each after its parts."""
        for step, part in self.parts.items():
            yield from part.walk(path + join((step,)))
        yield path, self


def kept_whole(group: Sequence[PlacedValue]) -> MergedNode:
    """Return the node of the first of equal values, as it is, with where it stands."""
    first, chunks = group[0], chunks_of(group)
    spans: dict[str, Span] = {}
    found_in: dict[str, tuple[int, ...]] = {}
    for below, part, is_item in subvalues(first.data):
        if is_item or not isinstance(part, dict | list):
            found_in[below] = chunks
        if span := first.span(below):
            spans[below] = span
    return MergedNode(first.data, spans, found_in)


def merged_object(members: Mapping[str, MergedNode]) -> MergedNode:
    """Return the node of an object whose members were merged one by one."""
    return MergedNode({key: part.data for key, part in members.items()}, parts=members)


def merged_list(items: Sequence[MergedNode]) -> MergedNode:
    """Return the node of a list whose items were merged one by one."""
    return MergedNode([part.data for part in items], parts=dict(enumerate(items)))
