"""A vote: what several readings of a whole document gave, field by field what most of them say.

It is the merging of chunks (`chunks.merging`), which finds what belongs together, with other rules of what is kept.
Every reading saw all there is to see, so that null, [] and "N/A" are votes like any other, a key or an item that most
readings lack is none, and no policy of the schema applies. A tie goes to the earliest reading.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from slotfill.extractors.chunks.choosing import Group, equal_groups, is_chosen, split_by_shape
from slotfill.extractors.chunks.chunk_values import PlacedValue, canonical, chunks_of
from slotfill.extractors.chunks.list_merging import (
    RULES_OF_READINGS,
    MergedItem,
    in_document_order,
    split_surplus,
    united,
)
from slotfill.extractors.chunks.merged_nodes import MergedNode, kept_whole, merged_list
from slotfill.extractors.chunks.merging import Merger, has_parts, is_set, limits_of
from slotfill.schemas.json_schema.value_walk import ApplicableSchemas
from slotfill.schemas.marks.merge_policy import list_key_of

__all__ = ["MAJORITY", "VotingMerger"]

MAJORITY = "majority"
"""The policy by which readings are decided."""


class VotingMerger(Merger):
    """Merges readings, each a "chunk" that holds the whole document, and has the number of the reading.

    Attributes:
        margin: How many further readings it would take, at least, to change what any field is; 0 before the vote.
    """

    def __init__(self) -> None:
        self.margin = 0

    def value(self, values: Sequence[PlacedValue], schemas: ApplicableSchemas) -> MergedNode:
        """Keep what most readings say: first of which kind it is, then, of objects and lists, what is in it."""
        alike, others = split_by_shape(values, schemas)
        self._decide(alike, [others] if others else [])
        if not has_parts(alike[0], schemas):
            return self._elected(alike, schemas).with_conflict(MAJORITY, others)
        by_parts = self.object if isinstance(alike[0].data, dict) else self.list
        return by_parts(alike, schemas).with_conflict(MAJORITY, others)

    def holders(self, values: Sequence[PlacedValue], schemas: ApplicableSchemas) -> Mapping[str, Sequence[PlacedValue]]:
        """Leave out the keys that most readings do."""
        holders = super().holders(values, schemas)
        return {key: those for key, those in holders.items() if self._is_elected(those, values)}

    def confidence(self, values: Sequence[PlacedValue], _: ApplicableSchemas) -> MergedNode:
        """Keep the place of a confidence, which is no vote: it becomes what the readings agree."""
        return MergedNode(values[0].data)

    def list(self, values: Sequence[PlacedValue], schemas: ApplicableSchemas) -> MergedNode:
        """Keep the items that most readings have; those that gave these and no others are in `found_in` of the list."""
        entries = united(values, list_key_of(schemas), is_set=is_set(schemas), rules=RULES_OF_READINGS)
        kept = [entry for entry in entries if self._is_elected(entry.values, values)]
        kept, surplus = split_surplus(_ordered(kept), limits_of(schemas))
        dropped = [entry for entry in entries if entry not in kept]
        node = merged_list([self.item(entry, schemas.at(0)) for entry in kept])
        node = replace(node, found_in={"": _exact(values, kept, dropped)})
        others = [value for entry in dropped if entry not in surplus for value in entry.values]
        return node.with_conflict(MAJORITY, others).with_conflict(
            "maxItems", (value for entry in surplus for value in entry.values)
        )

    def item(self, item: MergedItem, schemas: ApplicableSchemas) -> MergedNode:
        """Merge an item that several readings have: of a text, too, most of them say how it is written."""
        return self.value(item.values, schemas).as_item(chunks_of(item.values))

    def _elected(self, values: Sequence[PlacedValue], schemas: ApplicableSchemas) -> MergedNode:
        groups = equal_groups(values, exact=is_chosen(schemas))
        best = max(groups, key=_votes)
        others = [group for group in groups if group is not best]
        self._decide(best, others)
        return kept_whole(_commonest_first(best)).with_conflict(MAJORITY, (group[0] for group in others))

    def _is_elected(self, holders: Sequence[PlacedValue], values: Sequence[PlacedValue]) -> bool:
        """Decide whether something is there that some of the readings have."""
        having = set(chunks_of(holders))
        lacking = [value for value in values if value.chunk.index not in having]
        present, absent = len(having), _votes(lacking)
        elected = present > absent or (present == absent and values[0].chunk.index in having)
        self._decide(*((holders, [lacking]) if elected else (lacking, [holders])))
        return elected

    def _decide(self, winner: Sequence[PlacedValue], others: Sequence[Sequence[PlacedValue]]) -> None:
        """Remember by how much it was decided: a rival must draw level, and one that came later must get ahead."""
        first = winner[0].chunk.index
        needed = [_votes(winner) + 1]  # something that none of them has said
        for other in filter(None, others):
            is_earlier = min(chunks_of(other)) < first
            needed.append(_votes(winner) - _votes(other) + (not is_earlier))
        self.margin = min((self.margin, *needed) if self.margin else needed)


def _votes(values: Iterable[PlacedValue]) -> int:
    return len(chunks_of(values))


def _commonest_first(group: Group) -> Group:
    """Put the way of writing first that most readings have: of "Ann", "ANN" and "Ann" the first."""
    times = Counter(canonical(value.data) for value in group)
    return sorted(group, key=lambda value: -times[canonical(value.data)])


def _exact(
    values: Sequence[PlacedValue], elected: Iterable[MergedItem], dropped: Iterable[MergedItem]
) -> tuple[int, ...]:
    """Return the numbers of the readings that gave all that is elected, and nothing else."""
    exact = set(chunks_of(values)).intersection(*(chunks_of(entry.values) for entry in elected))
    return tuple(sorted(exact.difference(*(chunks_of(entry.values) for entry in dropped))))


def _ordered(entries: list[MergedItem]) -> list[MergedItem]:
    """Put items in the document's order, unless the earliest reading has them in another."""
    placed = in_document_order(entries)
    first = min((number for entry in entries for number in chunks_of(entry.values)), default=0)
    own, moved = ([one for one in several if first in chunks_of(one.values)] for several in (entries, placed))
    return placed if own == moved else entries
