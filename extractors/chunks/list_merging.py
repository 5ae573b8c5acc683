"""Lists of several chunks as one: which of their items are the same, each compared with those only that it may be.

Chunks overlap, so that what stands in an overlap is given by both. An item becomes one with an entry of the merged list
by the first of four rules that holds: they have one name (`_same_name`), they stand at one place (`_same_place`), or
they are equal, and stand where both chunks saw them (`_equal_in_overlap`) or might have (`_equal_where_unsure`).

Items of one list never become one: who says a thing twice means two. So no entry is taken by two items of a list, and a
rule goes through all of them before the next one does: what is surer must not find its entry taken.

Cost: dictionaries lead from a name, a place or a value to the entries that may be the same, and entries that are taken
are passed once for each list. So n items take some n steps, as long as few entries share a place; of equal objects
whose place is not the same, `LOOKED_AT` are compared at most.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
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

__all__ = ["RULES_OF_READINGS", "MergedItem", "in_document_order", "split_surplus", "united"]

LOOKED_AT = 100
"""So many of the objects that are equal to one are looked at, whose place is not the same."""

BLOCK = 256
"""Items are sought near each other by stretches of so many code points."""


@dataclass(slots=True, eq=False)
class ChunkItem:
    """An item of the list that one request gave.

    name: what it goes by, if anything: a scalar by itself, an object by the values of its key.
    places: where its values stand in the document, by JSON Pointer below it.
    own: those of them that stand where no other item of the list has the same value.
    place: where it starts, or what comes before it does.
    """

    value: PlacedValue
    name: Hashable | None
    places: Mapping[str, Where]
    own: frozenset[str]
    place: int

    @property
    def blocks(self) -> Iterator[tuple[str, int]]:
        """Where it is sought by its place: its own values, and the stretches that they lie in."""
        for below in sorted(self.own):
            start, end = self.places[below]
            yield from ((below, block) for block in range(start // BLOCK, end // BLOCK + 1))

    def is_within(self, start: int, end: int) -> bool:
        """Whether it stands in a stretch of the document, as far as is known."""
        return all(start <= first and last <= end for first, last in self.places.values())

    def overlaps(self, other: ChunkItem) -> bool:
        """Whether it stands where another one does, by all values that both have."""
        both = self.places.keys() & other.places.keys()
        return bool(self.own & other.own & both) and all(
            _overlap(self.places[below], other.places[below]) for below in both
        )


@dataclass(slots=True, eq=False)
class MergedItem:
    """An entry of the merged list: the items of the chunks that it is made of.

    name: what the longest of those that go by something goes by, and `length` that one's length.
    """

    items: list[ChunkItem] = field(default_factory=list)
    name: Hashable | None = None
    length: int = -1

    @property
    def values(self) -> list[PlacedValue]:
        """What the chunks gave."""
        return [item.value for item in self.items]

    @property
    def place(self) -> int:
        """Where it starts, or what comes before it does."""
        return next((item.place for item in self.items if item.places), self.items[0].place)


Match = tuple[ChunkItem, MergedItem]
"""An item, and the entry that it is one with, or belongs to."""


@dataclass(slots=True)
class _Index:
    """The entries that there are, by what a rule seeks them by.

    has_key: whether objects go by the values of a key.
    """

    has_key: bool
    by_name: defaultdict[Hashable, list[MergedItem]] = field(default_factory=lambda: defaultdict(list))
    by_place: defaultdict[tuple[str, int], list[Match]] = field(default_factory=lambda: defaultdict(list))
    by_value: defaultdict[Hashable, list[Match]] = field(default_factory=lambda: defaultdict(list))

    def add(self, item: ChunkItem, entry: MergedItem) -> None:
        """Let an item be found, and with it its entry."""
        entry.items.append(item)
        if item.name is not None and (length := length_of(item.value.data)) > entry.length:
            self._rename(entry, item.name)
            entry.length = length
        if item.name is None:
            self.by_value[comparison_key(item.value.data)].append((item, entry))
        if not self.is_keyed(item):
            for block in item.blocks:
                self.by_place[block].append((item, entry))

    def is_keyed(self, item: ChunkItem) -> bool:
        """Whether an item goes by its name alone: of different names are different things, even at one place."""
        return self.has_key and item.name is not None

    def _rename(self, entry: MergedItem, name: Hashable) -> None:
        """Let an entry go by its longest value: `Paris`, cut of `Paris Inn`, is no other Paris."""
        if entry.name != name:
            if entry.name is not None:
                self.by_name[entry.name].remove(entry)
            self.by_name[name].append(entry)
            entry.name = name


def _same_name(items: Iterable[ChunkItem], index: _Index, taken: AbstractSet[MergedItem]) -> Iterator[Match]:
    """Pair items with entries of their name, in order, wherever they stand: "Ann" and "ANN ".

    Objects go by the values of the key that the schema names: with `sku`, `{"sku": "A1", …}` and `{"sku": "a1", …}`.
    """
    rest: dict[Hashable, Iterator[MergedItem]] = {}
    for item in items:
        if item.name in index.by_name:
            entries = rest.setdefault(item.name, iter(index.by_name[item.name]))
            if entry := next((entry for entry in entries if entry not in taken), None):
                yield item, entry


def _same_place(items: Iterable[ChunkItem], index: _Index, taken: AbstractSet[MergedItem]) -> Iterator[Match]:
    """Pair items with entries that stand where they do: "Univers" and "University", of which one was cut at 23.

    Objects do if all values do that have a place in both, and one of them is its own: rows that share a heading, which
    each holds as its `group`, are not one. A scalar's entry may hold items of several places: it must overlap all.
    """
    for item in items:
        if index.is_keyed(item):
            continue
        for other, entry in (near for block in item.blocks for near in index.by_place.get(block, ())):
            others = [other] if isinstance(item.value.data, dict | list) else entry.items
            if entry not in taken and all(map(item.overlaps, others)):
                yield item, entry
                break


def _equal_in_overlap(items: Iterable[ChunkItem], index: _Index, taken: AbstractSet[MergedItem]) -> Iterator[Match]:
    """Pair objects with equal ones, where both stand, as far as is known, in a stretch that both chunks hold.

    Two chunks that overlap give `{"kind": "lamp"}`, and the word stands in neither: it is one lamp. Of chunks that
    share nothing, it would be two.
    """
    rest: dict[Hashable, deque[Match]] = {}
    for item in items:
        equal = comparison_key(item.value.data) if item.name is None else None
        if equal not in index.by_value:
            continue
        if equal not in rest:
            rest[equal] = _not_before(item.value.chunk, index.by_value[equal])
        nearby = rest[equal]
        while nearby and nearby[0][1] in taken:
            nearby.popleft()
        if entry := next((entry for other, entry in nearby if entry not in taken and _share(item, other)), None):
            yield item, entry


def _equal_where_unsure(items: Iterable[ChunkItem], index: _Index, taken: AbstractSet[MergedItem]) -> Iterator[Match]:
    """Pair objects with equal ones that may be the same mention.

    A chunk that tells of a lamp once, and holds the word twice, means either place: one of them is where the other
    chunk found its lamp. A lamp that stands nowhere in its chunk is none that no other chunk has.
    """
    for item in items:
        equal = index.by_value.get(comparison_key(item.value.data), ()) if item.name is None else ()
        near = islice(equal, LOOKED_AT)
        if entry := next((entry for other, entry in near if entry not in taken and _may_be_one(item, other)), None):
            yield item, entry


def _equal_anywhere(items: Iterable[ChunkItem], index: _Index, taken: AbstractSet[MergedItem]) -> Iterator[Match]:
    """Pair objects with equal ones, wherever they stand: of readings, all saw the whole document."""
    rest: dict[Hashable, Iterator[Match]] = {}
    for item in items:
        equal = comparison_key(item.value.data) if item.name is None else None
        if equal in index.by_value:
            matches = rest.setdefault(equal, iter(index.by_value[equal]))
            if entry := next((entry for _, entry in matches if entry not in taken), None):
                yield item, entry


def _mostly_equal(items: Iterable[ChunkItem], index: _Index, taken: AbstractSet[MergedItem]) -> Iterator[Match]:
    """Pair objects with those that have most of their values in common, and none at another place.

    `{"topic": "brakes", "severity": 4, "quote": null}` and the same of severity 5 are one, read twice.
    """
    unnamed = [match for matches in index.by_value.values() for match in matches][:LOOKED_AT]
    taken_here: set[MergedItem] = set()
    for item in items:
        if item.name is not None or not isinstance(item.value.data, dict):
            continue
        shares = {entry: _share_of(item, other) for other, entry in unnamed if entry not in taken | taken_here}
        best = max(shares, key=lambda entry: shares[entry], default=None)
        if best is not None and shares[best] > 1 / 2:
            taken_here.add(best)
            yield item, best


def _share_of(one: ChunkItem, other: ChunkItem) -> float:
    """Return which share of the values of two items are equal at their places in them; 0 where they stand apart."""
    both = one.places.keys() & other.places.keys()
    if not all(_overlap(one.places[below], other.places[below]) for below in both):
        return 0
    values, others = (
        {below: comparison_key(part) for below, part, _ in subvalues(item.value.data) if not isinstance(part, dict)}
        for item in (one, other)
    )
    equal = sum(values[below] == others[below] for below in values.keys() & others.keys())
    return equal / max(len(values), len(others), 1)


_Rule = Callable[[Iterable[ChunkItem], _Index, AbstractSet[MergedItem]], Iterator[Match]]

_RULES_OF_PARTS: tuple[_Rule, ...] = (_same_name, _same_place, _equal_in_overlap, _equal_where_unsure)
"""By which an item of a chunk finds its entry, the surest first."""

RULES_OF_READINGS: tuple[_Rule, ...] = (_same_name, _equal_anywhere, _same_place, _mostly_equal)
"""By which an item of a reading of the whole document does."""


def united(
    values: Sequence[PlacedValue], key: Sequence[str], *, is_set: bool, rules: Sequence[_Rule] = _RULES_OF_PARTS
) -> list[MergedItem]:
    """Unite lists: the items of the first one, then those that further ones have beside.

    key: what tells objects apart, if anything does.
    is_set: whether equal items are one wherever they stand.
    rules: by which an item finds its entry, the surest first.
    """
    index, entries = _Index(has_key=bool(key)), list[MergedItem]()
    for value in values:
        items = _items_of(value, key)
        matches = _matched(items, index, rules)
        for item in items:
            if item not in matches:
                entries.append(matches.setdefault(item, MergedItem()))
            index.add(item, matches[item])
    return _distinct(entries) if is_set else entries


def in_document_order(entries: list[MergedItem]) -> list[MergedItem]:
    """Sort the entries of several lists by where they stand; a list that is the only one keeps its order."""
    orders = {value.order for entry in entries for value in entry.values}
    return sorted(entries, key=lambda entry: entry.place) if len(orders) > 1 else entries


def _matched(items: Sequence[ChunkItem], index: _Index, rules: Sequence[_Rule]) -> dict[ChunkItem, MergedItem]:
    """Find the entries that the items of one list are one with."""
    matches: dict[ChunkItem, MergedItem] = {}
    taken: set[MergedItem] = set()
    for rule in rules:
        for item, entry in rule([item for item in items if item not in matches], index, taken):
            matches[item] = entry
            taken.add(entry)
    return matches


def _items_of(values: PlacedValue, key: Sequence[str]) -> list[ChunkItem]:
    """Return the items of a list, with where they stand."""
    ones = [values.at(step) for step in range(len(values.data))]
    placed = [{below: where for below, _, _ in subvalues(one.data) if (where := one.where(below))} for one in ones]
    times = Counter(one for places in placed for one in places.items())
    items, place = [], values.chunk.start
    for one, places in zip(ones, placed, strict=True):
        place = min((start for start, _ in places.values()), default=place)
        own = frozenset(below for below, where in places.items() if times[below, where] == 1)
        items.append(ChunkItem(one, _name_of(one, key), places, own, place))
    return items


def _name_of(value: PlacedValue, key: Sequence[str]) -> Hashable | None:
    if not isinstance(value.data, dict | list):
        return comparison_key(value.data)
    parts = [value.data.get(name) for name in key] if isinstance(value.data, dict) else []
    return tuple(map(comparison_key, parts)) if parts and None not in parts else None


def _not_before(chunk: Chunk, equal: Iterable[Match]) -> deque[Match]:
    """Leave out what stands in chunks that end before this one begins."""
    return deque(
        (item, entry)
        for item, entry in equal
        if item.value.chunk.end > chunk.start or item.value.chunk.index == chunk.index
    )


def _share(one: ChunkItem, other: ChunkItem) -> bool:
    start, end = _shared(one.value.chunk, other.value.chunk)
    met = start < end or one.value.chunk.index == other.value.chunk.index
    return met and one.is_within(start, end) and other.is_within(start, end)


def _may_be_one(one: ChunkItem, other: ChunkItem) -> bool:
    if not (one.places and other.places):
        return bool(one.places or other.places)
    start, end = _shared(one.value.chunk, other.value.chunk)
    return one.value.order != other.value.order and (one.is_within(start, end) or other.is_within(start, end))


def _shared(one: Chunk, other: Chunk) -> Where:
    """Return the stretch that two chunks hold both."""
    return max(one.start, other.start), min(one.end, other.end)


def _overlap(one: Where, other: Where) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _distinct(entries: Iterable[MergedItem]) -> list[MergedItem]:
    """Make one of those that are equal, wherever they stand."""
    by_value: dict[str, MergedItem] = {}
    for entry in entries:
        first = by_value.setdefault(canonical(entry.items[0].value.data), entry)
        if first is not entry:
            first.items.extend(entry.items)
    return [*by_value.values()]


def split_surplus(entries: list[MergedItem], limits: Iterable[int]) -> tuple[list[MergedItem], list[MergedItem]]:
    """Split the entries from those that are too many: the ones that fewer chunks gave, the last ones first."""
    most = min(limits, default=len(entries))
    ranked = sorted(entries, key=lambda entry: -len(chunks_of(entry.values)))
    kept = {*ranked[:most]}
    return [entry for entry in entries if entry in kept], [entry for entry in entries if entry not in kept]
