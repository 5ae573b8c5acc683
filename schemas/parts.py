"""The parts of a JSON Schema of any draft: all there are, and those that speak of one part of a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from slotfill.schemas.json_schema import resolve_local
from slotfill.schemas.pointer import join

__all__ = ["parts_at", "properties_of", "resolved", "subschemas"]

_MAPS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"})
_DATA = frozenset({"const", "enum", "default", "examples", "example"})
_COMBINERS = ("anyOf", "oneOf", "allOf")


def subschemas(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Give all subschemas with their JSON Pointers. Keywords of others count as such: references may lead there."""
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


def resolved(schemas: list[Any], root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give schemas with what they refer to and what they combine: all that may speak of a value, each once."""
    rest, seen = [*schemas], set()
    while rest:
        schema = rest.pop()
        if not isinstance(schema, dict) or id(schema) in seen:
            continue
        seen.add(id(schema))
        yield schema
        combined = [schema[keyword] for keyword in _COMBINERS if isinstance(schema.get(keyword), list)]
        rest += [resolve_local(schema, root), *(part for parts in combined for part in parts)]


def parts_at(schema: Mapping[str, Any], step: str | int) -> list[Any]:
    """Give what a schema says of a key's value, or of an item. Patterns are not matched: each may speak of any key."""
    if isinstance(step, str):
        others = [*_map(schema, "patternProperties").values(), schema.get("additionalProperties")]
        return [properties[step]] if step in (properties := properties_of(schema)) else others
    first, items = schema.get("prefixItems", []), schema.get("items")
    if isinstance(items, list):  # as it was before 2020-12
        first, items = items, schema.get("additionalItems")
    return [first[step] if step < len(first) else items]


def properties_of(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the schemas of an object's properties."""
    return _map(schema, "properties")


def _map(schema: Mapping[str, Any], keyword: str) -> Mapping[str, Any]:
    parts = schema.get(keyword)
    return parts if isinstance(parts, dict) else {}
