"""Fields that hold one of a few labels: which they are, and what their labels are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from slotfill.schemas.json_schema.subschemas import resolve_local
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.json_values.pointer import ANY_INDEX, join

__all__ = ["closed_fields"]

_DEEPEST = 8
"""So deep closed fields are looked for: a schema may refer to itself."""

_OPEN_TYPES = frozenset({"string", "number", "integer"})
"""Beside labels they allow any other value."""


def closed_fields(json_schema: JSONMapping) -> Iterator[tuple[str, JSONMapping, tuple[JSON, ...]]]:
    """Yield the fields that hold one of a few labels: their paths, schemas and labels; those of nested objects too."""
    yield from _closed("", json_schema, json_schema, depth=0)


def _closed(
    path: str, node: JSONMapping, root: JSONMapping, *, depth: int
) -> Iterator[tuple[str, JSONMapping, tuple[JSON, ...]]]:
    whole = resolve_local(node, root)
    if depth > _DEEPEST or not isinstance(whole, Mapping):
        return
    options = [resolve_local(one, root) for one in whole.get("anyOf", ())]
    parts = [whole, *(one for one in options if isinstance(one, Mapping))]
    labels = tuple(label for part in parts for label in _labels(part))
    if labels:
        if not any(_is_open(part) for part in parts):
            yield path, {**whole, **node}, labels
        return
    for part in parts:
        for key, member in part.get("properties", {}).items():
            yield from _closed(path + join((key,)), member, root, depth=depth + 1)
        if isinstance(items := part.get("items"), Mapping):
            yield from _closed(path + join((ANY_INDEX,)), items, root, depth=depth + 1)


def _labels(schema: JSONMapping) -> list[JSON]:
    return [*schema.get("enum", ()), *([schema["const"]] if "const" in schema else [])]


def _is_open(schema: JSONMapping) -> bool:
    types = schema.get("type")
    return not _labels(schema) and not _OPEN_TYPES.isdisjoint([types] if isinstance(types, str) else types or ())
