"""Strategies for lists and objects, of the strategies for what they hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from hypothesis import reject
from hypothesis import strategies as st

from slotfill.schemas.json_values.json_types import JSON, JSONObject
from slotfill.schemas.strategies.filtering import TRIES, Values, filtered

__all__ = ["ObjectMembers", "RequiredItems", "SizeRange", "lists", "objects"]


@dataclass(frozen=True, slots=True)
class SizeRange:
    """How many items or keys there may be: what the schema says, and how many are drawn beyond those needed."""

    least: int
    most: float
    width: int

    @property
    def is_possible(self) -> bool:
        """Whether any number will do."""
        return self.least <= self.most

    def beyond(self, needed: int) -> int:
        """Return the most there are to be, when so many are needed."""
        return int(min(self.most, max(needed, self.least) + self.width))


@dataclass(frozen=True, slots=True, repr=False)
class ObjectMembers:
    """What an object holds.

    known: by key, in the schema's order. Nobody asks whether there are any of a key before it is drawn: the answer
    takes a walk over all that its schema refers to.
    needed: the keys that are always there.
    other_keys: what other keys may look like.
    others: by such a key, its values; none for one that cannot be there.
    spare: how many others are there at most where nothing needs them.
    """

    known: Mapping[str, Values]
    needed: AbstractSet[str]
    other_keys: st.SearchStrategy[str]
    others: Callable[[str], Values]
    spare: int


@dataclass(frozen=True, slots=True, repr=False)
class RequiredItems:
    """What has to stand somewhere in a list: by position, the values; and how many of them."""

    values: Callable[[int], Values]
    count: int


@st.composite
def objects(draw: st.DrawFn, members: ObjectMembers, sizes: SizeRange) -> JSONObject:
    """Draw an object, its known keys in the schema's order."""
    optional = [key for key in members.known if key not in members.needed]
    most = min(sizes.beyond(len(members.needed)) - len(members.needed), len(optional))
    chosen = {*members.needed}
    if most > 0:
        least = min(max(sizes.least - len(members.needed), 0), most)
        picked = draw(st.sets(st.sampled_from(optional), min_size=least, max_size=most))
        chosen |= {key for key in picked if not members.known[key].is_empty}
    drawn = {key: draw(values) for key, values in members.known.items() if key in chosen}
    lacking = max(0, sizes.least - len(drawn))
    spare = int(max(lacking, min(members.spare, sizes.most - len(drawn))))
    if spare > 0 and not members.other_keys.is_empty:
        _add_others(draw, drawn, members, len(drawn) + draw(st.integers(lacking, spare)))
    return drawn


def _add_others(draw: st.DrawFn, drawn: JSONObject, members: ObjectMembers, size: int) -> None:
    """Add keys that are not known, as many as are found, up to a size."""
    for _ in range(TRIES + size):
        if len(drawn) >= size:
            break
        key = draw(members.other_keys)
        if key not in drawn and key not in members.known and not members.others(key).is_empty:
            drawn[key] = draw(members.others(key))


@st.composite
def lists(
    draw: st.DrawFn, item: Callable[[int], Values], required: Sequence[RequiredItems], sizes: SizeRange, unique: bool
) -> list[JSON]:
    """Draw a list. item: by position, what may stand there."""
    needed = sum(items.count for items in required)
    size = draw(st.integers(max(sizes.least, needed), max(sizes.beyond(needed), needed)))
    places = _places(draw, required, size)
    drawn: JSONObject = {}
    for at in range(size):
        values = places.get(at, item)(at)
        value = draw(filtered(values, lambda value: _text(value) not in drawn) if unique else values)
        drawn[_text(value) if unique else str(at)] = value
    return [*drawn.values()]


def _places(draw: st.DrawFn, required: Sequence[RequiredItems], size: int) -> dict[int, Callable[[int], Values]]:
    """Draw where those items stand that have to be there."""
    places: dict[int, Callable[[int], Values]] = {}
    for items in required:
        for _ in range(items.count):
            free = [at for at in range(size) if at not in places and not items.values(at).is_empty]
            if not free:
                reject()
            places[draw(st.sampled_from(free))] = items.values
    return places


def _text(value: JSON) -> str:
    return json.dumps(value, sort_keys=True)
