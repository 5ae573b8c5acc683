"""Parting a schema: that of one part of a document, and a wide one in groups of its fields."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from urllib.parse import quote

from slotfill.schemas.confidence import CONFIDENCE_KEYWORD
from slotfill.schemas.json_schema.subschemas import properties_of, resolved, subschemas
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.json_values.pointer import follow, join
from slotfill.schemas.wire.subset import local_pointer

__all__ = ["relax_for_chunk", "split_by_fields"]

_DEFINITIONS = ("$defs", "definitions")
_HOISTED = frozenset({"$schema", "$id", "id", *_DEFINITIONS})
_NOTES = frozenset({"title", "description", "$comment", "examples", "default", *_HOISTED})
_NAMES = ("$anchor", "$dynamicAnchor", "$recursiveAnchor", "$dynamicRef", "$recursiveRef")

_OF_WHOLE_OBJECTS = frozenset({"required", "minProperties", "dependentRequired", "dependentSchemas", "dependencies"})
_OF_WHOLE_LISTS = frozenset({"minItems", "contains", "minContains", "maxContains"})
_CONDITIONS = frozenset({"if", "then", "else", "not"})
_BRANCHES = ("anyOf", "oneOf")


def relax_for_chunk(json_schema: JSONMapping) -> JSONObject:
    """Return the schema of what one of several chunks says: what the whole requires, a part may lack.

    In the root, and in single objects within it, no property is required but lists, which may be short or empty: of a
    list that is left out nobody could tell whether it was forgotten. Conditions on the whole go. The items of lists
    stay as strict as they are, and so do tuples, values of free keys, and objects that have alternatives.
    """
    document = _by_definitions(json.loads(json.dumps(json_schema)))
    relaxing = _Relaxing(document)
    root = relaxing.schema(_inlined(document, document), is_root=True)
    return _with_reached(root, {**document, "$defs": {**document.get("$defs", {}), **relaxing.made}})


class _Relaxing:
    """One walk over a schema: `made` collects the definitions that are laxer than those they are made of."""

    def __init__(self, document: JSONObject) -> None:
        self.made: JSONObject = {}
        self._document = document
        self._names: dict[str, str] = {}

    def schema(self, schema: JSON, *, is_root: bool = False) -> JSON:
        """Return a schema, its parts and what it refers to without what a part may lack."""
        if not isinstance(schema, dict) or _is_tuple(schema):
            return schema
        lax = _without(schema, _OF_WHOLE_OBJECTS | _OF_WHOLE_LISTS | (_CONDITIONS if _holds_others(schema) else set()))
        if lists := [key for key in schema.get("required", ()) if self._is_list(properties_of(schema).get(key))]:
            lax["required"] = lists
        if properties_of(schema):
            lax["properties"] = {key: self.schema(part) for key, part in properties_of(schema).items()}
        if isinstance(schema.get("allOf"), list):
            lax["allOf"] = [self.schema(part, is_root=is_root) for part in schema["allOf"]]
        for keyword in _BRANCHES:
            if isinstance(schema.get(keyword), list):
                self._relax_branches(lax, keyword, is_root=is_root)
        if "$ref" in schema:
            lax["$ref"] = self._reference(schema["$ref"])
        return lax

    def _relax_branches(self, lax: JSONObject, keyword: str, *, is_root: bool) -> None:
        """Relax alternatives, if one of them at most is an object: what is lax does not tell objects apart."""
        branches = lax[keyword]
        if not is_root and sum(map(self._is_object, branches)) > 1:
            return
        relaxed = [self.schema(branch, is_root=is_root) for branch in branches]
        if relaxed != branches:
            del lax[keyword]
            # Several alternatives may hold now.
            lax["allOf"] = [*lax.get("allOf", ()), {"anyOf": relaxed}]
            if len(lax["allOf"]) == 1 and "anyOf" not in lax:
                lax["anyOf"] = lax.pop("allOf")[0]["anyOf"]

    def _is_list(self, part: JSON) -> bool:
        return any(form.get("type") == "array" for form in resolved([part], self._document))

    def _is_object(self, branch: JSON) -> bool:
        return any("properties" in form or form.get("type") == "object" for form in resolved([branch], self._document))

    def _reference(self, reference: JSON) -> JSON:
        """Refer to the lax form of a definition, if that is another one."""
        pointer = local_pointer(reference, self._document)
        target = None if pointer is None else follow(pointer, self._document)
        if pointer is None or target is None:
            return reference
        if pointer not in self._names:
            self._names[pointer] = name = self._free_name(pointer)
            self.made[name] = self.schema(target)
            if self.made[name] == target:
                self._names[pointer] = ""
                del self.made[name]
        name = self._names[pointer]
        return f"#{quote(join(('$defs', name)), safe='/$~')}" if name else reference

    def _free_name(self, pointer: str) -> str:
        name = f"{pointer.rsplit('/', 1)[-1]}-part"
        while name in self.made or name in self._document.get("$defs", {}):
            name += "-"
        return name


def split_by_fields(json_schema: JSONMapping, at_most: int) -> tuple[JSONObject, ...]:
    """Part a schema of an object by its properties into schemas of at most `at_most` properties each, in their order.

    Properties are counted at every depth, those of each definition that is reached once. One property that is too large
    by itself is a group of its own, and a `Confidence` stays with what it is about. Conditions on the whole are in no
    group: they are for the joined value. Keys that the schema does not name are asked for in the first group.

    A schema that is small enough is given alone, and so is one that cannot be parted: no object's, one with
    alternatives for the whole that have properties of their own, one that refers to itself by other means than its
    definitions.
    """
    document: JSONObject = json.loads(json.dumps(json_schema))
    fields = _Fields(document)
    if _size(_with_reached(_without(document, _DEFINITIONS), document)) <= at_most or not fields.can_be_parted():
        return (document,)
    return tuple(fields.group(keys, is_first=not at) for at, keys in enumerate(fields.packed(at_most)))


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
            *(form[keyword] for form in self._spine for keyword in _CONDITIONS if isinstance(form.get(keyword), dict)),
        ]
        named = {key for form in forms for key in properties_of(form)}
        return named == self._parts.keys() and len(named) > 1 and not _outside_definitions(self._document)

    def packed(self, at_most: int) -> list[set[str]]:
        """Put the properties into groups, in order, each filled as far as it goes."""
        groups: list[set[str]] = []
        rest = _size(self.group(set(), is_first=True))
        size, reached = rest, set[str]()
        for unit in self._units():
            own = sum(1 + _size(part) for key in unit for part in self._parts[key])
            more = {name for key in unit for part in self._parts[key] for name in _reached(part, self._document)}
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
        return _with_reached(self._only(self._document, keys, is_first=is_first), self._document)

    def _holding(self, schema: JSON) -> Iterator[JSONObject]:
        """Yield the schemas that speak of the object, whatever it holds."""
        if isinstance(schema, dict):
            schema = _inlined(schema, self._document)
            yield schema
            for part in schema.get("allOf", ()):
                yield from self._holding(part)

    def _units(self) -> list[set[str]]:
        """Return the properties that belong together: one, and the confidences of it."""
        units: dict[str, set[str]] = {}
        for key, parts in self._parts.items():
            of = next(
                (form[CONFIDENCE_KEYWORD] for form in resolved(parts, self._document) if CONFIDENCE_KEYWORD in form),
                key,
            )
            units.setdefault(of if of in self._parts else key, set()).add(key)
        return [*units.values()]

    def _sizes(self, pointers: set[str]) -> int:
        return sum(_size(follow(pointer, self._document)) for pointer in pointers)

    def _only(self, schema: JSON, keys: set[str], *, is_first: bool) -> JSON:
        if not isinstance(schema, dict):
            return schema
        schema = _inlined(schema, self._document)
        left = _without(schema, {*_OF_WHOLE_OBJECTS, *_CONDITIONS, *_BRANCHES, "maxProperties", "default", "examples"})
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


def _is_tuple(schema: JSONMapping) -> bool:
    return bool(schema.get("prefixItems")) or isinstance(schema.get("items"), list)


def _holds_others(schema: JSONMapping) -> bool:
    """Whether a schema is an object's or a list's."""
    return schema.get("type") in ("object", "array") or not schema.keys().isdisjoint(("properties", "items", "allOf"))


def _without(schema: JSONMapping, keywords: Collection[str]) -> JSONObject:
    """Leave keywords out, and what only makes sense with them."""
    left = {keyword: value for keyword, value in schema.items() if keyword not in keywords}
    if left.keys() != schema.keys() and not {"then", "else", "dependentSchemas", *_BRANCHES}.isdisjoint(
        schema.keys() - left.keys()
    ):
        left.pop("unevaluatedProperties", None)  # those that went may be what evaluates a property
    return left


def _inlined(schema: JSONObject, document: JSONObject) -> JSONObject:
    """Put in place of a reference what it leads to."""
    visited: set[str] = set()
    while (pointer := local_pointer(schema.get("$ref"), document)) is not None and pointer not in visited:
        visited.add(pointer)
        target, around = follow(pointer, document), _without(schema, ("$ref",))
        if not isinstance(target, dict):
            break
        if target.keys() & around.keys() <= _NOTES:
            schema = {**target, **around}
        else:
            schema = {**around, "allOf": [target, *around.get("allOf", ())]}
    return schema


def _outside_definitions(document: JSONObject) -> list[tuple[JSONObject, str]]:
    """Return what refers to a part of a schema that is none of its definitions, and the pointer to it."""
    references = ((schema, local_pointer(schema.get("$ref"), document)) for _, schema in subschemas(document))
    return [(schema, to) for schema, to in references if to is not None and _definition(to) is None]


def _by_definitions(document: JSONObject) -> JSONObject:
    """Let all references lead to definitions, of which the whole schema becomes one where need be. Changes its own."""
    if referring := _outside_definitions(document):
        name = "whole"
        while name in document.get("$defs", {}):
            name += "-"
        for schema, pointer in referring:
            schema["$ref"] = f"#{quote(join(('$defs', name)) + pointer, safe='/$~')}"
        document["$defs"] = {**document.get("$defs", {}), name: _without(document, _HOISTED)}
    return document


def _definition(pointer: str) -> str | None:
    """Return the pointer to the definition that a pointer leads to or into."""
    parts = pointer.split("/")
    return "/".join(parts[:3]) if len(parts) > 2 and parts[1] in _DEFINITIONS else None  # noqa: PLR2004 - "", keyword, name


def _reached(schema: JSON, document: JSONObject) -> set[str]:
    """Return the pointers to the definitions that a schema leads to, by others too."""
    reached: set[str] = set()
    rest = [schema]
    while rest:
        for _, part in subschemas(rest.pop()):
            pointer = _definition(local_pointer(part.get("$ref"), document) or "")
            if pointer is not None and pointer not in reached:
                reached.add(pointer)
                rest.append(follow(pointer, document))
    return reached


def _with_reached(schema: JSONObject, document: JSONObject) -> JSONObject:
    """Return a schema with those of a document's definitions that it leads to; with all where they go by names."""
    bare = _without(schema, _DEFINITIONS)
    by_name = any(not part.keys().isdisjoint(_NAMES) for _, part in subschemas(document))
    reached = _reached(bare, document)
    for keyword in _DEFINITIONS:
        definitions = document.get(keyword, {})
        used = {name: part for name, part in definitions.items() if by_name or join((keyword, name)) in reached}
        if used:
            bare[keyword] = used
    return bare


def _size(schema: JSON) -> int:
    """Count the properties in a schema, at every depth."""
    return sum(len(properties_of(part)) for _, part in subschemas(schema))
