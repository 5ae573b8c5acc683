"""Uniting lists: which items of different parts are one, each compared with those only that it may be one with."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from slotfill.extractors.chunks.chunk_values import (
    PlacedValue,
    canonical,
    chunks_of,
    comparison_key,
    length_of,
    subvalues,
)
from slotfill.extractors.chunks.chunking import Chunk
from slotfill.schemas.passages.folding import Where

__all__ = ["ChunkItem", "ListUnion", "MergedItem", "distinct", "most_given"]

LOOKED_AT = 100
"""So many of the objects that are equal to one are looked at, whose place is not the same."""

BLOCK = 256
"""Items are sought near each other by stretches of so many code points."""


@dataclass(slots=True, eq=False)
class ChunkItem:
    """An item of a part's list.

    leaves: where its values stand in the document, by JSON Pointer below it.
    own: those of them that stand where no other item of the part has the same value.
    place: where it starts, or what comes before it does.
    """

    said: PlacedValue
    leaves: Mapping[str, Where]
    own: frozenset[str]
    place: int

    def is_within(self, start: int, end: int) -> bool:
        """Tell whether it stands in a stretch of the document, as far as is known."""
        return all(start <= first and last <= end for first, last in self.leaves.values())

    def is_at(self, other: ChunkItem) -> bool:
        """Tell whether it stands where another one does."""
        both = self.leaves.keys() & other.leaves.keys()
        return bool(self.own & other.own & both) and all(
            _overlap(self.leaves[below], other.leaves[below]) for below in both
        )


@dataclass(slots=True, eq=False)
class MergedItem:
    """One item of the merged list: the items of the parts that it is made of.

    name: what the longest of those that go by something goes by, and `length` that one's length.
    """

    items: list[ChunkItem] = field(default_factory=list)
    name: Hashable | None = None
    length: int = -1

    def is_at(self, item: ChunkItem, found: ChunkItem) -> bool:
        """Tell whether it stands where an item of another part does; one scalar may stand in several places."""
        others = [found] if isinstance(item.said.value, dict | list) else self.items
        return all(item.is_at(other) for other in others)

    @property
    def place(self) -> int:
        """Where it starts, or what comes before it does."""
        return next((item.place for item in self.items if item.leaves), self.items[0].place)


class ListUnion:
    """Lists united, part by part, into `entries`; each item is compared with those only that it may be one with.

    key: what tells objects apart, if anything does.
    """

    def __init__(self, key: tuple[str, ...]) -> None:
        self.entries: list[MergedItem] = []
        self._key = key
        self._tried: Counter[Hashable] = Counter()
        self._by_name: defaultdict[Hashable, list[MergedItem]] = defaultdict(list)
        self._equal: defaultdict[Hashable, list[tuple[MergedItem, ChunkItem]]] = defaultdict(list)
        self._near: defaultdict[tuple[str, int], list[tuple[MergedItem, ChunkItem]]] = defaultdict(list)

    def add(self, said: PlacedValue) -> None:
        """Add the list of a part."""
        met: dict[ChunkItem, MergedItem] = {}
        taken: set[MergedItem] = set()
        items = _items(said)
        self._tried.clear()
        for rule in (self._of_that_name, self._at_that_place, self._equal_nearby, self._equal_somewhere):
            for item in items:
                if item not in met and (entry := rule(item, taken)) is not None:
                    met[item] = entry
                    taken.add(entry)
        for item in items:
            self._index(item, met.get(item))

    def _index(self, item: ChunkItem, entry: MergedItem | None) -> None:
        name = self._name(item)
        if entry is None:
            entry = MergedItem()
            self.entries.append(entry)
        if name is not None and (length := length_of(item.said.value)) > entry.length:
            self._rename(entry, name)
            entry.length = length
        entry.items.append(item)
        if name is None or not self._key:
            self._equal[comparison_key(item.said.value)].append((entry, item))
            for near in _blocks(item):
                self._near[near].append((entry, item))

    def _rename(self, entry: MergedItem, name: Hashable) -> None:
        """Let an entry go by its longest value: what is cut elsewhere is another one."""
        if entry.name != name:
            if entry.name is not None:
                self._by_name[entry.name].remove(entry)
            self._by_name[name].append(entry)
            entry.name = name

    def _name(self, item: ChunkItem) -> Hashable | None:
        """Give what an item goes by: a scalar by itself, an object by the values of its key."""
        value = item.said.value
        if not isinstance(value, dict | list):
            return comparison_key(value)
        parts = [value.get(key) for key in self._key] if isinstance(value, dict) else []
        return tuple(map(comparison_key, parts)) if parts and None not in parts else None

    def _of_that_name(self, item: ChunkItem, taken: set[MergedItem]) -> MergedItem | None:
        if (name := self._name(item)) is None:
            return None
        entries = self._by_name[name]
        while self._tried[name] < len(entries) and entries[self._tried[name]] in taken:
            self._tried[name] += 1
        return entries[self._tried[name]] if self._tried[name] < len(entries) else None

    def _at_that_place(self, item: ChunkItem, taken: set[MergedItem]) -> MergedItem | None:
        if self._key and self._name(item) is not None:
            return None
        candidates = (found for near in _blocks(item) for found in self._near.get(near, ()))
        return next((entry for entry, other in candidates if entry not in taken and entry.is_at(item, other)), None)

    def _equal_nearby(self, item: ChunkItem, taken: set[MergedItem]) -> MergedItem | None:
        """Find an equal object that was said of a chunk that shares the passage."""
        if self._name(item) is not None:
            return None
        value, chunk = comparison_key(item.said.value), item.said.chunk
        found = self._equal.get(value, [])
        while self._tried[value] < len(found) and _is_past(*found[self._tried[value]], chunk, taken):
            self._tried[value] += 1
        rest = islice(found, self._tried[value], None)
        return next((entry for entry, other in rest if entry not in taken and _share(item, other)), None)

    def _equal_somewhere(self, item: ChunkItem, taken: set[MergedItem]) -> MergedItem | None:
        """Find an equal object of another chunk that may be the same mention.

        A chunk that tells of a lamp once, and holds the word twice, means either place: one of them is where the other
        chunk found its lamp. A lamp that stands nowhere in its chunk is none that no other chunk has.
        """
        if self._name(item) is not None:
            return None
        equal = islice(self._equal.get(comparison_key(item.said.value), ()), LOOKED_AT)
        return next((entry for entry, other in equal if entry not in taken and _may_be_one(item, other)), None)


def _may_be_one(one: ChunkItem, other: ChunkItem) -> bool:
    if not (one.leaves and other.leaves):
        return bool(one.leaves or other.leaves)
    start, end = _shared(one.said.chunk, other.said.chunk)
    return one.said.order != other.said.order and (one.is_within(start, end) or other.is_within(start, end))


def _is_past(entry: MergedItem, other: ChunkItem, chunk: Chunk, taken: set[MergedItem]) -> bool:
    theirs = other.said.chunk
    return entry in taken or (theirs.end <= chunk.start and theirs.index != chunk.index)


def _share(one: ChunkItem, other: ChunkItem) -> bool:
    """Tell whether two items stand, as far as is known, in a stretch that both chunks hold."""
    start, end = _shared(one.said.chunk, other.said.chunk)
    met = start < end or one.said.chunk.index == other.said.chunk.index
    return met and one.is_within(start, end) and other.is_within(start, end)


def _shared(one: Chunk, other: Chunk) -> Where:
    """Give the stretch that two chunks hold both."""
    return max(one.start, other.start), min(one.end, other.end)


def _items(said: PlacedValue) -> list[ChunkItem]:
    """Give the items of a part's list."""
    ones = [said.at(step) for step in range(len(said.value))]
    placed = [{below: where for below, _, _ in subvalues(one.value) if (where := one.where(below))} for one in ones]
    times = Counter(leaf for leaves in placed for leaf in leaves.items())
    items, place = [], said.chunk.start
    for one, leaves in zip(ones, placed, strict=True):
        place = min((start for start, _ in leaves.values()), default=place)
        own = frozenset(below for below, where in leaves.items() if times[below, where] == 1)
        items.append(ChunkItem(one, leaves, own, place))
    return items


def _blocks(item: ChunkItem) -> Iterator[tuple[str, int]]:
    for below in sorted(item.own):
        start, end = item.leaves[below]
        yield from ((below, block) for block in range(start // BLOCK, end // BLOCK + 1))


def distinct(entries: Iterable[MergedItem]) -> list[MergedItem]:
    """Make one of those that are equal, wherever they stand."""
    found: dict[str, MergedItem] = {}
    for entry in entries:
        first = found.setdefault(canonical(entry.items[0].said.value), entry)
        if first is not entry:
            first.items.extend(entry.items)
    return [*found.values()]


def most_given(entries: list[MergedItem], limits: list[int]) -> tuple[list[MergedItem], list[MergedItem]]:
    """Part the items from those that are too many: the ones that fewer chunks gave, the last ones first."""
    most = min(limits, default=len(entries))
    ranked = sorted(entries, key=lambda entry: -len(chunks_of(item.said for item in entry.items)))
    kept = {*ranked[:most]}
    return [entry for entry in entries if entry in kept], [entry for entry in entries if entry not in kept]


def _overlap(one: Where, other: Where) -> bool:
    return one[0] < other[1] and other[0] < one[1]
