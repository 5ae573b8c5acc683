"""The keys under which a model's fields are read: the one that is asked for, its other names, and paths to it.

A field with no alias but a path, `AliasPath("address", "street")`, is called by its own name in JSON Schema, and
Pydantic does not read it there. On the way of a path it reads nothing else, and drops the rest without a word. Here
each field is read by the key that is asked for; what stands at a path is a key that nobody knows, and a mend can move.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from slotfill.schemas.validation.core_walk import Node

__all__ = [
    "FIELDS",
    "KeyPath",
    "fields_of",
    "key_of",
    "keys_of",
    "names_of",
    "paths_of",
    "read_by_key",
    "read_by_paths_too",
    "with_fields",
]

KeyPath = tuple[str | int, ...]
"""The way to a value: keys and indices."""

FIELDS = frozenset({"model-fields", "typed-dict", "dataclass-args"})
"""The types of the core schemas that have fields."""


def fields_of(node: Node) -> Iterator[tuple[str, Node]]:
    """Yield the fields of a core schema by their names; of one that has none, nothing."""
    if node["type"] in FIELDS:
        fields = node["fields"]
        yield from fields.items() if isinstance(fields, Mapping) else ((field["name"], field) for field in fields)


def with_fields(node: Node, change: Callable[[str, Node], Node]) -> dict[str, Any]:
    """Return a copy of a core schema with each of its fields changed."""
    changed = {name: change(name, field) for name, field in fields_of(node)}
    return {**node, "fields": changed if isinstance(node["fields"], Mapping) else [*changed.values()]}


def keys_of(name: str, field: Node) -> list[str]:
    """Return the keys by which a field is read: its aliases that are one key, else its name."""
    return [str(path[0]) for path in _aliases(field) if len(path) == 1] or [name]


def key_of(name: str, field: Node) -> str:
    """Return the key by which a field is asked for: the first of those by which it is read."""
    return keys_of(name, field)[0]


def names_of(name: str, field: Node) -> frozenset[str]:
    """Return the other names by which a model knows a field: `items` of `items: … = Field(alias="lineItems")`."""
    key = key_of(name, field)
    return frozenset({*keys_of(name, field), name, field.get("serialization_alias", key)} - {key})


def paths_of(field: Node) -> tuple[KeyPath, ...]:
    """Return the ways into other values by which a model reads a field."""
    return tuple(path for path in _aliases(field) if len(path) > 1)


def read_by_key(name: str, field: Node) -> Node:
    """Have a field read by its keys alone."""
    if not paths_of(field):
        return field
    return {**field, "validation_alias": [[key] for key in keys_of(name, field)]}


def read_by_paths_too(name: str, field: Node) -> Node:
    """Have a field read by its key, and by its paths where the key is missing."""
    if not paths_of(field):
        return field
    return {**field, "validation_alias": [[key_of(name, field)], *map(list, _aliases(field))]}


def _aliases(field: Node) -> list[KeyPath]:
    alias = field.get("validation_alias", [])
    if isinstance(alias, str):
        return [(alias,)]
    return [tuple(path) for path in (alias if alias and isinstance(alias[0], list) else [alias]) if path]
