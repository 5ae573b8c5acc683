"""A schema too wide for one request, in groups of its fields."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator

from slotfill.extractors.chunks.schema_definitions import (
    BRANCHES,
    CONDITIONS,
    DEFINITIONS,
    OF_WHOLE_OBJECTS,
    inlined,
    outside_definitions,
    reached_from,
    with_definitions,
    without,
)
from slotfill.schemas.json_schema.subschemas import properties_of, resolved, subschemas
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.json_values.pointer import follow
from slotfill.schemas.marks.confidence import CONFIDENCE_MARK
from slotfill.schemas.marks.evidence import EVIDENCE_MARK

__all__ = ["field_units", "select_fields", "split_by_fields"]


def split_by_fields(json_schema: JSONMapping, at_most: int) -> tuple[JSONObject, ...]:
    """Part a schema of an object by its properties into schemas of at most `at_most` properties each, in their order.

    Properties are counted at every depth, those of each definition that is reached once. One property that is too large
    by itself is a group of its own, and a `Confidence` or an `Evidence` stays with what it is about. Conditions on the
    whole are in no group: they are for the joined value. Keys that the schema does not name are asked for in the first
    group.

    A schema that is small enough is given alone, and so is one that cannot be parted: no object's, one with
    alternatives for the whole that have properties of their own, one that refers to itself by other means than its
    definitions.
    """
    document: JSONObject = json.loads(json.dumps(json_schema))
    fields = _Fields(document)
    if _size(with_definitions(without(document, DEFINITIONS), document)) <= at_most or not fields.can_be_parted():
        return (document,)
    return tuple(fields.group(keys, is_first=not at) for at, keys in enumerate(fields.packed(at_most)))


def field_units(json_schema: JSONMapping) -> tuple[frozenset[str], ...]:
    """Return which properties of an object's schema belong together, in their order; none where it cannot be parted."""
    fields = _Fields(json.loads(json.dumps(json_schema)))
    return tuple(map(frozenset, fields.units())) if fields.can_be_parted() else ()


def select_fields(json_schema: JSONMapping, keys: Collection[str], *, with_rest: bool) -> JSONObject:
    """Return the schema of some of an object's properties, and of keys that no property names where `with_rest`."""
    return _Fields(json.loads(json.dumps(json_schema))).group({*keys}, is_first=with_rest)


class _Fields:
    """The properties of an object's schema."""

    def __init__(self, document: JSONObject) -> None:
        self._document = document
        self._spine = [*self._holding(document)]
        self._parts: dict[str, list[JSON]] = {}
        for form in self._spine:
            for key, part in properties_of(form).items():
                self._parts.setdefault(key, []).append(part)

    def can_be_parted(self) -> bool:
        forms = [
            *resolved([self._document], self._document),
            *(form[keyword] for form in self._spine for keyword in CONDITIONS if isinstance(form.get(keyword), dict)),
        ]
        named = {key for form in forms for key in properties_of(form)}
        return named == self._parts.keys() and len(named) > 1 and not outside_definitions(self._document)

    def packed(self, at_most: int) -> list[set[str]]:
        """Put the properties into groups, in order, each filled as far as it goes."""
        groups: list[set[str]] = []
        rest = _size(self.group(set(), is_first=True))
        size, reached = rest, set[str]()
        for unit in self.units():
            own = sum(1 + _size(part) for key in unit for part in self._parts[key])
            more = {name for key in unit for part in self._parts[key] for name in reached_from(part, self._document)}
            added = own + self._sizes(more - reached)
            if not groups or (size + added > at_most and groups[-1]):
                groups.append(set())
                size, reached = (0, set()) if len(groups) > 1 else (rest, set())
                added = own + self._sizes(more)
            groups[-1] |= unit
            size, reached = size + added, reached | more
        return groups

    def group(self, keys: set[str], *, is_first: bool) -> JSONObject:
        """Return the schema of some of the properties."""
        return with_definitions(self._only(self._document, keys, is_first=is_first), self._document)

    def units(self) -> list[set[str]]:
        """Return the properties that belong together: one, and the confidences and the evidence of it."""
        units: dict[str, set[str]] = {}
        for key, parts in self._parts.items():
            forms = [*resolved(parts, self._document)]
            of = CONFIDENCE_MARK.subject_of(forms) or EVIDENCE_MARK.subject_of(forms)
            units.setdefault(of if of in self._parts else key, set()).add(key)
        return [*units.values()]

    def _holding(self, schema: JSON) -> Iterator[JSONObject]:
        """Yield the schemas that speak of the object, whatever it holds."""
        if isinstance(schema, dict):
            schema = inlined(schema, self._document)
            yield schema
            for part in schema.get("allOf", ()):
                yield from self._holding(part)

    def _sizes(self, pointers: set[str]) -> int:
        return sum(_size(follow(pointer, self._document)) for pointer in pointers)

    def _only(self, schema: JSON, keys: set[str], *, is_first: bool) -> JSON:
        if not isinstance(schema, dict):
            return schema
        schema = inlined(schema, self._document)
        left = without(schema, {*OF_WHOLE_OBJECTS, *CONDITIONS, *BRANCHES, "maxProperties", "default", "examples"})
        if "properties" in schema:
            left["properties"] = {key: part for key, part in properties_of(schema).items() if key in keys}
        names = {*keys, *(schema.get("required", ()) if is_first else ())} - (self._parts.keys() - keys)
        if required := [key for key in schema.get("required", ()) if key in names]:
            left["required"] = required
        if "allOf" in schema:
            left["allOf"] = [self._only(part, keys, is_first=is_first) for part in schema["allOf"]]
        if not is_first:
            left.pop("patternProperties", None)
            if len(self._spine) == 1:
                left["additionalProperties"] = False
        return left


def _size(schema: JSON) -> int:
    """Count the properties in a schema, at every depth."""
    return sum(len(properties_of(part)) for _, part in subschemas(schema))
