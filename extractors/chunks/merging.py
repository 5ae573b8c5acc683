"""Merging: what several requests said of the chunks of one document, as one value, with where each part of it stands.

Objects are merged property by property, lists are united, and of other values one is kept: what most chunks say, unless
the schema names another policy (`slotfill.schemas.merge_policy`). What was said and not kept is a conflict.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from slotfill.extractors.chunks.chunk_values import (
    ChunkValue,
    PlacedValue,
    canonical,
    chunks_of,
    comparison_key,
    length_of,
    subvalues,
)
from slotfill.extractors.chunks.list_merging import ListUnion, MergedItem, distinct, most_given
from slotfill.extractors.forms.vocabulary import is_nothing
from slotfill.extractors.record.extraction import Conflict, ConflictValue, Span
from slotfill.schemas.confidence import CONFIDENCE_KEYWORD
from slotfill.schemas.json_schema.subschemas import parts_at, properties_of, resolved
from slotfill.schemas.json_values.pointer import join
from slotfill.schemas.merge_policy import MergePolicy, list_key_of, policy_of
from slotfill.schemas.passages.folding import fold

__all__ = ["MergedValue", "merge"]

DEEPEST = 100
"""What is nested more deeply is kept whole."""

Tag = TypeVar("Tag", bound=Hashable)

_ABSENT = Span(None, None, "absent")


@dataclass(frozen=True, slots=True)
class MergedValue:
    """What all parts say together.

    spans: by JSON Pointer into `data`; their offsets are into the whole document.
    found_in: for each item of a list and each value that is no object or list, the numbers of the chunks that gave it.
    conflicts: what was said and not kept, texts that differ in no more than case, white space and the like being one.
    """

    data: Any
    spans: Mapping[str, Span]
    found_in: Mapping[str, tuple[int, ...]]
    conflicts: tuple[Conflict, ...]


def merge(json_schema: Mapping[str, Any], parts: Sequence[ChunkValue]) -> MergedValue:
    """Merge the parts of a document, of which several may be about one chunk: further passes, or groups of fields.

    Null, an empty list, an empty object, and a word for nothing where it is no label, lose to any other value, and are
    no conflict. Of the numbers of a `Confidence`, the least is kept of those that stand beside the value that won.

    Items of different parts are one where they agree in the key that the schema names. Without one, scalars are one
    where they are equal, or overlap in the document: then one was cut, and the longer is kept. Objects are one where
    their values stand at the same place, or where they are equal and both chunks saw that place. Items of one part
    always stay apart. A list that comes from one part keeps its order; else items are in the document's. No parts give
    null.
    """
    ordered = sorted(parts, key=lambda part: part.chunk.index)
    if not ordered:
        return MergedValue(None, {}, {}, ())
    merging = _Merging(dict(json_schema))
    data = merging.value("", [PlacedValue(at, part, part.data, "") for at, part in enumerate(ordered)], [merging.root])
    return MergedValue(data, merging.spans, merging.found_in, tuple(merging.conflicts))


class _Merging:
    """One merge: `spans`, `found_in` and `conflicts` fill as values are merged."""

    def __init__(self, root: dict[str, Any]) -> None:
        self.root = root
        self.spans: dict[str, Span] = {}
        self.found_in: dict[str, tuple[int, ...]] = {}
        self.conflicts: list[Conflict] = []

    def value(self, path: str, said: Sequence[PlacedValue], schemas: list[Any]) -> Any:
        """Merge what was said of one value."""
        forms = [*resolved(schemas, self.root)]
        telling = [one for one in said if _tells(one.value, forms)]
        telling = telling or [one for one in said if one.value is not None] or [*said]
        if (policy := policy_of(forms)) is not None:
            return self._one(path, telling, forms, policy)
        alike, others = _of_most_shape(telling, forms)
        if not _has_parts(alike[0].value, forms) or path.count("/") >= DEEPEST:
            return self._one(path, alike, forms, "most", others)
        merged = (self._object if isinstance(alike[0].value, dict) else self._list)(path, alike, forms)
        self._conflict(path, "most", merged, others)
        return merged

    def _one(
        self,
        path: str,
        said: Sequence[PlacedValue],
        forms: list[Any],
        policy: MergePolicy,
        others: Sequence[PlacedValue] = (),
    ) -> Any:
        """Keep one of several values."""
        groups = _groups(said, exact=_is_chosen(forms))
        if policy in ("most", "longest", "join"):
            groups = _uncut(groups)
        if policy == "join" and len(groups) > 1 and all(isinstance(one.value, str) for one in said):
            return self._joined(path, groups)
        kept = _kept(groups, policy)
        value = self._take(path, kept)
        self._conflict(path, policy, value, [*(group[0] for group in groups if group is not kept), *others])
        return value

    def _joined(self, path: str, groups: Sequence[Sequence[PlacedValue]]) -> str:
        if any(group[0].span() for group in groups):
            self.spans[path] = _ABSENT  # it stands in pieces
        self.found_in[path] = chunks_of(one for group in groups for one in group)
        return " ".join(group[0].value for group in groups)

    def _take(self, path: str, group: Sequence[PlacedValue]) -> Any:
        """Take the first of equal values as it is, with where it stands."""
        for below, part, is_item in subvalues(group[0].value):
            if is_item or not isinstance(part, dict | list):
                self.found_in[path + below] = chunks_of(group)
            if span := group[0].span(below):
                self.spans[path + below] = span
        return group[0].value

    def _conflict(self, path: str, policy: str, kept: Any, others: Iterable[PlacedValue]) -> None:
        first = {canonical(one.value): one for one in reversed([*others])}
        if first:
            found = tuple(ConflictValue(one.value, one.chunk.index) for one in reversed(first.values()))
            self.conflicts.append(Conflict(path, policy, kept, found))

    def _object(self, path: str, said: Sequence[PlacedValue], forms: list[Any]) -> dict[str, Any]:
        giving: dict[str, list[PlacedValue]] = {key: [] for form in _in_order(forms) for key in properties_of(form)}
        for one in said:
            for key in one.value:
                giving.setdefault(key, []).append(one)
        about = {key: [part for form in forms for part in parts_at(form, key)] for key, ones in giving.items() if ones}
        of = {key: self._confidence_of(schemas) for key, schemas in about.items()}
        merged: dict[str, Any] = {}
        for key in sorted(about, key=lambda key: of[key] is not None):  # what a confidence is of comes first
            within = path + join((key,))
            if (subject := of[key]) is None:
                merged[key] = self.value(within, [one.at(key) for one in giving[key]], about[key])
            elif beside := [one.at(key) for one in giving[key] if _agrees(one.value, merged, subject)]:
                merged[key] = self._confidence(within, beside, about[key])
        return {key: merged[key] for key in about if key in merged}

    def _confidence_of(self, schemas: list[Any]) -> str | None:
        return next(
            (form[CONFIDENCE_KEYWORD] for form in resolved(schemas, self.root) if CONFIDENCE_KEYWORD in form), None
        )

    def _confidence(self, path: str, said: Sequence[PlacedValue], schemas: list[Any]) -> Any:
        """Keep the least number of those that speak of one value: they do not contradict each other."""
        telling = [one for one in said if one.value is not None] or said
        policy = policy_of(resolved(schemas, self.root)) or "least"
        return self._take(path, _kept(_groups(telling, exact=True), policy))

    def _list(self, path: str, said: Sequence[PlacedValue], forms: list[Any]) -> list[Any]:
        union = ListUnion(list_key_of(forms))
        for one in said:
            union.add(one)
        entries = union.entries
        if any(form.get("uniqueItems") is True for form in forms):
            entries = distinct(entries)
        if len({one.order for one in said}) > 1:
            entries.sort(key=lambda entry: entry.place)
        schemas = [part for form in forms for part in parts_at(form, 0)]
        entries, surplus = most_given(entries, [form["maxItems"] for form in forms if "maxItems" in form])
        merged = [self._item(path + join((at,)), entry, schemas) for at, entry in enumerate(entries)]
        self._conflict(path, "maxItems", merged, [item.said for entry in surplus for item in entry.items])
        return merged

    def _item(self, path: str, entry: MergedItem, schemas: list[Any]) -> Any:
        said = [item.said for item in entry.items]
        if isinstance(said[0].value, dict | list):
            self.found_in[path] = chunks_of(said)
            return self.value(path, said, schemas)
        return self._one(path, said, [*resolved(schemas, self.root)], "longest")


def _tells(value: Any, forms: list[Any]) -> bool:
    """Tell whether a part says anything of a value: "N/A" is no title, but may be a label."""
    if isinstance(value, str):
        return _is_chosen(forms) or is_nothing(value) is None
    return value not in (None, [], {})


def _of_most_shape(said: Sequence[PlacedValue], forms: list[Any]) -> tuple[list[PlacedValue], list[PlacedValue]]:
    """Part what can be merged with each other from the rest: what most chunks have, or else the first ones."""
    kind = _commonest(said, lambda one: _kind(one.value))
    tags = {key for form in forms for key, part in properties_of(form).items() if _is_constant(part)}
    tagged = [one for one in said if _kind(one.value) == kind == "object" and not tags.isdisjoint(one.value)]
    meant = _commonest(tagged, lambda one: _tags(one.value, tags)) if tagged else ()
    alike = [one for one in said if _kind(one.value) == kind and _may_be(one.value, dict(meant))]
    kept = {*alike}
    return alike, [one for one in said if one not in kept]


def _commonest(said: Sequence[PlacedValue], of: Callable[[PlacedValue], Tag]) -> Tag:
    groups: dict[Tag, list[PlacedValue]] = {}
    for one in said:
        groups.setdefault(of(one), []).append(one)
    return max(groups, key=lambda tag: len(chunks_of(groups[tag])))


def _kind(value: Any) -> str:
    return "object" if isinstance(value, dict) else "list" if isinstance(value, list) else "scalar"


def _tags(value: Mapping[str, Any], tags: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Give the constants that tell an alternative from others."""
    return tuple((tag, canonical(value[tag])) for tag in sorted(tags) if tag in value)


def _may_be(value: Any, tags: Mapping[str, str]) -> bool:
    """Tell whether a value has no other constants than these."""
    return all(tag not in value or canonical(value[tag]) == constant for tag, constant in tags.items())


def _has_parts(value: Any, forms: list[Any]) -> bool:
    """Tell whether a value is merged by its parts: a tuple is not."""
    return isinstance(value, dict) or (
        isinstance(value, list)
        and not any(form.get("prefixItems") or isinstance(form.get("items"), list) for form in forms)
    )


def _is_constant(schema: Any) -> bool:
    return isinstance(schema, dict) and "const" in schema


def _is_chosen(forms: Iterable[Mapping[str, Any]]) -> bool:
    return any("enum" in form or "const" in form for form in forms)


def _groups(said: Iterable[PlacedValue], *, exact: bool) -> list[list[PlacedValue]]:
    """Put equal values together, in order; the first of each that has a place comes first."""
    groups: dict[Hashable, list[PlacedValue]] = {}
    for one in said:
        groups.setdefault(canonical(one.value) if exact else comparison_key(one.value), []).append(one)
    return [sorted(group, key=lambda one: one.where() is None) for group in groups.values()]


def _uncut(groups: list[list[PlacedValue]]) -> list[list[PlacedValue]]:
    """Count a text with the longer one at its place that holds it: it was cut where a chunk ends."""
    placed = [(where, at) for at, group in enumerate(groups) if (where := group[0].where())]
    cut: set[int] = set()
    whole = -1
    for _, at in sorted(placed, key=lambda found: (found[0][0], -found[0][1], found[1])):
        if whole >= 0 and all(_holds(groups[whole][0], one) for one in groups[at]):
            groups[whole].extend(groups[at])
            cut.add(at)
        else:
            whole = at
    return [group for at, group in enumerate(groups) if at not in cut]


def _holds(longer: PlacedValue, shorter: PlacedValue) -> bool:
    outer, inner = longer.where(), shorter.where()
    if outer is None or inner is None or outer[1] < inner[1]:
        return False
    texts = isinstance(longer.value, str) and isinstance(shorter.value, str)
    return texts and fold(shorter.value).strip() in fold(longer.value)


def _kept(groups: Sequence[list[PlacedValue]], policy: MergePolicy) -> list[PlacedValue]:
    """Give the group that a policy keeps; of several, the first."""
    match policy:
        case "first":
            return groups[0]
        case "last":
            return max(groups, key=lambda group: max(one.order for one in group))
        case "least":
            return min(groups, key=lambda group: _size(group[0].value))
        case "greatest":
            return max(groups, key=lambda group: _size(group[0].value))
        case "longest":
            return max(groups, key=lambda group: length_of(group[0].value))
        case "most" | "join":
            return max(groups, key=lambda group: len(chunks_of(group)))


def _size(value: Any) -> tuple[int, Any]:
    """Order numbers by size, texts by code points, and all else by how it is written."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return 0, value
    return (1, value) if isinstance(value, str) else (2, canonical(value))


def _agrees(value: Mapping[str, Any], merged: Mapping[str, Any], key: str) -> bool:
    """Tell whether an object holds the value that was kept; of what is merged by its parts, every one does."""
    kept = merged.get(key)
    return isinstance(kept, dict | list) or comparison_key(value.get(key)) == comparison_key(kept)


def _in_order(forms: list[Any]) -> list[Any]:
    """Give schemas in the order in which they are written: `resolved` gives what is combined from the end."""
    return [*forms[:1], *reversed(forms[1:])]
