"""The parts of a JSON Schema of any draft: all there are, and those that speak of one part of a value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.json_values.pointer import follow, join

__all__ = ["parts_at", "properties_of", "resolve_local", "resolved", "subschemas"]

_MAPS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"})
_DATA = frozenset({"const", "enum", "default", "examples", "example"})
_COMBINERS = ("anyOf", "oneOf", "allOf")


def subschemas(node: JSON, path: str = "") -> Iterator[tuple[str, JSONObject]]:
    """Yield all subschemas with their JSON Pointers. Keywords of others count as such: references may lead there."""
    if isinstance(node, list):
        for at, item in enumerate(node):
            yield from subschemas(item, path + join((at,)))
    elif isinstance(node, dict):
        yield path, node
        for keyword, value in node.items():
            if keyword in _MAPS and isinstance(value, dict):
                for name, part in value.items():
                    yield from subschemas(part, path + join((keyword, name)))
            elif keyword not in _DATA:
                yield from subschemas(value, path + join((keyword,)))


def resolved(schemas: Iterable[JSON], root: JSONMapping) -> Iterator[JSONObject]:
    """Yield schemas with what they refer to and what they combine, each once, in the order of writing."""
    rest, seen = [*reversed([*schemas])], set()
    while rest:
        schema = rest.pop()
        if not isinstance(schema, dict) or id(schema) in seen:
            continue
        seen.add(id(schema))
        yield schema
        combined = [schema[keyword] for keyword in _COMBINERS if isinstance(schema.get(keyword), list)]
        rest += reversed([resolve_local(schema, root), *(part for parts in combined for part in parts)])


def resolve_local(schema: JSON, root: JSON) -> JSONObject:
    """Follow a chain of local `#/…` references from `schema` within `root`.

    Returns the schema at the end, and an empty dict when the chain leads nowhere, in a circle or to a boolean.
    """
    seen: set[str] = set()
    while isinstance(schema, dict) and isinstance(reference := schema.get("$ref"), str):
        if reference in seen or not (reference == "#" or reference.startswith("#/")):
            return {}
        seen.add(reference)
        schema = follow(unquote(reference[1:]), root)
    return schema if isinstance(schema, dict) else {}


def parts_at(schema: JSONMapping, step: str | int) -> list[JSON]:
    """Return what a schema says of a key's value, or of an item. Each pattern may speak of any key: none is matched."""
    if isinstance(step, str):
        others = [*_map(schema, "patternProperties").values(), schema.get("additionalProperties")]
        return [properties[step]] if step in (properties := properties_of(schema)) else others
    first, items = schema.get("prefixItems", []), schema.get("items")
    if isinstance(items, list):  # as it was before 2020-12
        first, items = items, schema.get("additionalItems")
    return [first[step] if step < len(first) else items]


def properties_of(schema: JSONMapping) -> JSONMapping:
    """Return the schemas of an object's properties."""
    return _map(schema, "properties")


def _map(schema: JSONMapping, keyword: str) -> JSONMapping:
    parts = schema.get(keyword)
    return parts if isinstance(parts, dict) else {}
