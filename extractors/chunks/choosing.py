"""Choosing one of several values: equal ones are a group, and a policy says which group is kept.

Of `Ghana`, `ghana` and `Togo`, from three chunks, the first two are a group, and "most" keeps it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from slotfill.extractors.chunks.chunk_values import PlacedValue, canonical, chunks_of, comparison_key, length_of
from slotfill.extractors.chunks.merged_nodes import MergedNode, kept_whole
from slotfill.extractors.forms.value_types import Schemas
from slotfill.extractors.forms.vocabulary import is_nothing
from slotfill.extractors.record.parts import Span
from slotfill.schemas.json_schema.subschemas import properties_of
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.marks.free_text import is_free_text
from slotfill.schemas.marks.merge_policy import MergePolicy
from slotfill.schemas.passages.folding import fold

__all__ = ["Group", "choose", "equal_groups", "is_chosen", "least_of", "says_something", "split_by_shape"]

Group = list[PlacedValue]
"""Values that count as one, what has a place before what has none."""

Tag = TypeVar("Tag", bound=Hashable)

_ABSENT = Span(None, None, "absent")


def choose(
    values: Sequence[PlacedValue], schemas: Schemas, policy: MergePolicy, others: Iterable[PlacedValue] = ()
) -> MergedNode:
    """Keep one of several values by a policy, or join them; the rest, and others that cannot be meant, conflict."""
    groups = equal_groups(values, exact=is_chosen(schemas))
    if policy in ("most", "longest", "join"):
        groups = _with_cut_texts(groups)
    if policy == "join" and len(groups) > 1 and all(isinstance(value.data, str) for value in values):
        return _joined(groups, schemas)
    best = _best(groups, policy)
    rest = [group[0] for group in groups if group is not best]
    return kept_whole(best).with_conflict(policy, [*rest, *others])


def least_of(values: Sequence[PlacedValue], policy: MergePolicy | None) -> MergedNode:
    """Keep the least number, or what a policy says: numbers that speak of one value do not contradict each other."""
    some = [value for value in values if value.data is not None] or values
    return kept_whole(_best(equal_groups(some, exact=True), policy or "least"))


def says_something(data: JSON, schemas: Schemas) -> bool:
    """Whether a value says anything: "N/A" is no title, but may be a label."""
    if isinstance(data, str):
        return is_chosen(schemas) or is_nothing(data) is None
    return data not in (None, [], {})


def split_by_shape(values: Sequence[PlacedValue], schemas: Schemas) -> tuple[Group, Group]:
    """Split what can be merged with each other from the rest: what most chunks have, or else the first ones.

    An object and a text cannot, and neither can the alternatives of a union that a constant tells apart:
    `{"kind": "card", "digits": "1"}` and `{"kind": "cash"}`. What has no such constant may be either.
    """
    shape = _commonest(values, lambda value: _shape_of(value.data))
    tags = {key for schema in schemas for key, part in properties_of(schema).items() if _is_constant(part)}
    tagged = [
        value for value in values if shape == _shape_of(value.data) == "object" and not tags.isdisjoint(value.data)
    ]
    common = dict(_commonest(tagged, lambda value: _tags_of(value.data, tags)) if tagged else ())
    alike = [value for value in values if _shape_of(value.data) == shape and _may_be(value.data, common)]
    kept = {*alike}
    return alike, [value for value in values if value not in kept]


def _commonest(values: Sequence[PlacedValue], tag_of: Callable[[PlacedValue], Tag]) -> Tag:
    groups: dict[Tag, Group] = {}
    for value in values:
        groups.setdefault(tag_of(value), []).append(value)
    return max(groups, key=lambda tag: len(chunks_of(groups[tag])))


def _shape_of(data: JSON) -> str:
    return "object" if isinstance(data, dict) else "list" if isinstance(data, list) else "scalar"


def _tags_of(data: JSONMapping, tags: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return the constants that tell an alternative from others."""
    return tuple((tag, canonical(data[tag])) for tag in sorted(tags) if tag in data)


def _may_be(data: JSONMapping, tags: Mapping[str, str]) -> bool:
    """Whether a value has no other constants than these."""
    return all(tag not in data or canonical(data[tag]) == constant for tag, constant in tags.items())


def _is_constant(schema: JSON) -> bool:
    return isinstance(schema, dict) and "const" in schema


def is_chosen(schemas: Schemas) -> bool:
    """Whether a value is one of several that its schema names."""
    return any("enum" in schema or "const" in schema for schema in schemas)


def equal_groups(values: Iterable[PlacedValue], *, exact: bool) -> list[Group]:
    """Return the groups of values that count as one, in the order in which they came."""
    groups: dict[Hashable, Group] = {}
    for value in values:
        groups.setdefault(canonical(value.data) if exact else comparison_key(value.data), []).append(value)
    return [sorted(group, key=lambda value: value.where() is None) for group in groups.values()]


def _with_cut_texts(groups: list[Group]) -> list[Group]:
    """Count a text with the longer one at its place that holds it: it was cut where its chunk ends.

    A chunk that ends within `University of Ghana` gives `University of Gha`, the next one gives it whole.
    """
    placed = [(where, at) for at, group in enumerate(groups) if (where := group[0].where())]
    cut: set[int] = set()
    whole = -1
    # By their starts, the longer first: what holds a text comes before it, with none but other parts of it between.
    for _, at in sorted(placed, key=lambda place: (place[0][0], -place[0][1], place[1])):
        if whole >= 0 and all(_holds(groups[whole][0], value) for value in groups[at]):
            groups[whole].extend(groups[at])
            cut.add(at)
        else:
            whole = at
    return [group for at, group in enumerate(groups) if at not in cut]


def _holds(longer: PlacedValue, shorter: PlacedValue) -> bool:
    outer, inner = longer.where(), shorter.where()
    if outer is None or inner is None or outer[1] < inner[1]:
        return False
    texts = isinstance(longer.data, str) and isinstance(shorter.data, str)
    return texts and fold(shorter.data).strip() in fold(longer.data)


def _joined(groups: Sequence[Group], schemas: Schemas) -> MergedNode:
    in_pieces = any(group[0].span() for group in groups)  # no span can say where
    is_sought = in_pieces and not is_free_text(schemas)
    chunks = chunks_of(value for group in groups for value in group)
    text = " ".join(group[0].data for group in groups)
    return MergedNode(text, {"": _ABSENT} if is_sought else {}, {"": chunks})


def _best(groups: Sequence[Group], policy: MergePolicy) -> Group:
    """Return the group that a policy keeps; of several, the first."""
    match policy:
        case "first":
            return groups[0]
        case "last":
            return max(groups, key=lambda group: max(value.order for value in group))
        case "least":
            return min(groups, key=lambda group: _rank(group[0].data))
        case "greatest":
            return max(groups, key=lambda group: _rank(group[0].data))
        case "longest":
            return max(groups, key=lambda group: length_of(group[0].data))
        case "most" | "join":
            return max(groups, key=lambda group: len(chunks_of(group)))


def _rank(data: JSON) -> tuple[int, JSON]:
    """Order numbers by size, texts by code points, and all else by how it is written."""
    if isinstance(data, int | float) and not isinstance(data, bool):
        return 0, data
    return (1, data) if isinstance(data, str) else (2, canonical(data))
