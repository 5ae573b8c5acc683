"""The definitions of a JSON Schema, which its parts need when they are to be schemas by themselves."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import quote

from slotfill.schemas.json_schema.subschemas import subschemas
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.json_values.pointer import follow, join
from slotfill.schemas.wire.subset import local_pointer

__all__ = [
    "BRANCHES",
    "CONDITIONS",
    "DEFINITIONS",
    "OF_WHOLE_OBJECTS",
    "inlined",
    "outside_definitions",
    "reached_from",
    "referring_to_definitions",
    "with_definitions",
    "without",
]

DEFINITIONS = ("$defs", "definitions")
_HOISTED = frozenset({"$schema", "$id", "id", *DEFINITIONS})
_NOTES = frozenset({"title", "description", "$comment", "examples", "default", *_HOISTED})
_NAMES = ("$anchor", "$dynamicAnchor", "$recursiveAnchor", "$dynamicRef", "$recursiveRef")

OF_WHOLE_OBJECTS = frozenset({"required", "minProperties", "dependentRequired", "dependentSchemas", "dependencies"})
"""Keywords that say of an object what no part of it can keep."""

CONDITIONS = frozenset({"if", "then", "else", "not"})
"""Keywords that hold schemas which a value need not fit."""

BRANCHES = ("anyOf", "oneOf")


def without(schema: JSONMapping, keywords: Collection[str]) -> JSONObject:
    """Leave keywords out, and what only makes sense with them."""
    left = {keyword: value for keyword, value in schema.items() if keyword not in keywords}
    if left.keys() != schema.keys() and not {"then", "else", "dependentSchemas", *BRANCHES}.isdisjoint(
        schema.keys() - left.keys()
    ):
        left.pop("unevaluatedProperties", None)  # those that went may be what evaluates a property
    return left


def inlined(schema: JSONObject, document: JSONObject) -> JSONObject:
    """Put in place of a reference what it leads to."""
    visited: set[str] = set()
    while (pointer := local_pointer(schema.get("$ref"), document)) is not None and pointer not in visited:
        visited.add(pointer)
        target, around = follow(pointer, document), without(schema, ("$ref",))
        if not isinstance(target, dict):
            break
        if target.keys() & around.keys() <= _NOTES:
            schema = {**target, **around}
        else:
            schema = {**around, "allOf": [target, *around.get("allOf", ())]}
    return schema


def outside_definitions(document: JSONObject) -> list[tuple[JSONObject, str]]:
    """Return what refers to a part of a schema that is none of its definitions, and the pointer to it."""
    references = ((schema, local_pointer(schema.get("$ref"), document)) for _, schema in subschemas(document))
    return [(schema, to) for schema, to in references if to is not None and _definition(to) is None]


def referring_to_definitions(document: JSONObject) -> JSONObject:
    """Let all references lead to definitions, of which the whole schema becomes one where need be. Changes its own."""
    if referring := outside_definitions(document):
        name = "whole"
        while name in document.get("$defs", {}):
            name += "-"
        for schema, pointer in referring:
            schema["$ref"] = f"#{quote(join(('$defs', name)) + pointer, safe='/$~')}"
        document["$defs"] = {**document.get("$defs", {}), name: without(document, _HOISTED)}
    return document


def _definition(pointer: str) -> str | None:
    """Return the pointer to the definition that a pointer leads to or into."""
    parts = pointer.split("/")
    return "/".join(parts[:3]) if len(parts) > 2 and parts[1] in DEFINITIONS else None  # noqa: PLR2004 - "", keyword, name


def reached_from(schema: JSON, document: JSONObject) -> set[str]:
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


def with_definitions(schema: JSONObject, document: JSONObject) -> JSONObject:
    """Return a schema with those of a document's definitions that it leads to; with all where they go by names."""
    bare = without(schema, DEFINITIONS)
    by_name = any(not part.keys().isdisjoint(_NAMES) for _, part in subschemas(document))
    reached = reached_from(bare, document)
    for keyword in DEFINITIONS:
        definitions = document.get(keyword, {})
        used = {name: part for name, part in definitions.items() if by_name or join((keyword, name)) in reached}
        if used:
            bare[keyword] = used
    return bare
