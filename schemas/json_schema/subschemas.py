"""The parts of a JSON Schema of any draft: all there are, and those that speak of one part of a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from slotfill.schemas.json_schema.response_model import resolve_local
from slotfill.schemas.json_values.pointer import join

__all__ = ["Forms", "parts_at", "properties_of", "resolved", "subschemas"]

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


class Forms:
    """All that a JSON Schema says of its values and their parts, each worked out once.

    `of_whole` is what speaks of the whole value, `at` gives what speaks of a part of what was given before.
    """

    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root
        self._known: dict[tuple[int, str | int | None], tuple[dict[str, Any], ...]] = {}
        self.of_whole = tuple(resolved([root], root))
        # Tuples are told apart by their identity, so that they must last.
        self._named = {id(self.of_whole): _names(self.of_whole)}

    def at(self, forms: tuple[dict[str, Any], ...], step: str | int) -> tuple[dict[str, Any], ...]:
        """Give what speaks of a key's value, or of an item. All keys that no form names are alike."""
        names, first = self._named[id(forms)]
        about = (id(forms), (step if step in names else None) if isinstance(step, str) else min(step, first))
        if about not in self._known:
            parts = [part for form in forms for part in parts_at(form, step)]
            self._known[about] = found = tuple(resolved(parts, self._root))
            self._named[id(found)] = _names(found)
        return self._known[about]


def _names(forms: tuple[dict[str, Any], ...]) -> tuple[frozenset[str], int]:
    """Give the keys that forms name, and how many first items they may tell apart."""
    firsts = [form.get(keyword) for form in forms for keyword in ("prefixItems", "items")]
    names = frozenset(name for form in forms for name in properties_of(form))
    return names, max((len(first) for first in firsts if isinstance(first, list)), default=0)


def properties_of(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the schemas of an object's properties."""
    return _map(schema, "properties")


def _map(schema: Mapping[str, Any], keyword: str) -> Mapping[str, Any]:
    parts = schema.get(keyword)
    return parts if isinstance(parts, dict) else {}
