"""Walks over Pydantic's core schemas: which parts of a node are schemas, and which are data of the user's.

Pydantic has no public walk of its own. A core schema is a dictionary with a `type`; a default of the user's may be one,
too, so that the places where a schema stands are listed here
(https://docs.pydantic.dev/latest/api/pydantic_core_schema/).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

__all__ = ["Config", "Node", "bare", "definitions_of", "nodes_of", "with_children"]

Node = Mapping[str, Any]
"""A core schema, or a field of one."""

Config = Mapping[str, Any] | None
"""What a model's configuration says to the validators of its fields."""

_SCHEMAS = frozenset(
    {"schema", "keys_schema", "values_schema", "extras_schema", "extras_keys_schema", "lax_schema", "strict_schema"}
    | {"json_schema", "python_schema", "arguments_schema", "var_args_schema", "var_kwargs_schema", "cls_schema"}
    | {"items_schema", "choices", "fields", "steps"}
)
"""The keys under which schemas stand: one, a list of them, or a mapping to them."""


def nodes_of(node: Node) -> Iterator[Node]:
    """Yield a core schema and all within it, fields included, each once; what it refers to is not followed."""
    rest, seen = [node], set()
    while rest:
        part = rest.pop()
        if id(part) not in seen:
            seen.add(id(part))
            yield part
            rest.extend(child for key, value in part.items() if key in _SCHEMAS for child in _schemas_in(value))


def with_children(node: Node, change: Callable[[Node], Node]) -> dict[str, Any]:
    """Return a copy of a core schema, or of a field, with each schema that stands in it changed."""
    return {key: _changed(value, change) if key in _SCHEMAS else value for key, value in node.items()}


def definitions_of(schema: Node) -> Mapping[str, Node]:
    """Return the definitions of a whole core schema, by the name that references call them by."""
    return {part["ref"]: part for part in schema["definitions"]} if schema["type"] == "definitions" else {}


def bare(node: Node, definitions: Mapping[str, Node], around: Collection[str]) -> Node:
    """Return what a core schema is about: behind references, and behind the kinds that may stand around it."""
    while (is_reference := node["type"] == "definition-ref") or node["type"] in around:
        node = definitions[node["schema_ref"]] if is_reference else node["schema"]
    return node


def _schemas_in(value: Any) -> Iterator[Node]:
    if _is_schema(value):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _schemas_in(part)


def _is_schema(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("type"), str)


def _changed(value: Any, change: Callable[[Node], Node]) -> Any:
    """Change what stands under a key: a union's choice may be a pair, its schema and its label."""
    if _is_schema(value):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _changed(part, change) for key, part in value.items()}
    if isinstance(value, list):
        return [_changed(part, change) for part in value]
    return (_changed(value[0], change), *value[1:]) if isinstance(value, tuple) else value
