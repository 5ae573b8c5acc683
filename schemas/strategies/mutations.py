"""Changes of one place in a value that may break what its schema says of that place."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slotfill.schemas.json_schema.subschemas import parts_at, properties_of, resolved
from slotfill.schemas.strategies.scalars import values_of

__all__ = ["Mutation", "mutable_places", "mutations"]

Path = tuple[str | int, ...]

Schemas = Sequence[Mapping[str, Any]]

ABSENT = object()
"""What replaces a key or item that is taken out."""

LONGEST = 10_000
"""The longest string or list that a break makes: a limit beyond it is not broken."""

_OF_ANY_TYPE: tuple[Any, ...] = (None, True, 7, 2.5, "seven", [], {}, [None], {"unexpected key": None})


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a value, with the schemas that may speak of it."""

    path: Path
    value: Any
    schemas: Schemas


@dataclass(frozen=True, slots=True)
class Mutation:
    """A change that may break one constraint. keyword: the one it is aimed at."""

    keyword: str
    path: Path
    replacement: Any

    def of(self, value: Any) -> Any:
        """Give the value so changed; the one given stays as it is."""
        return _put(value, self.path, self.replacement)


def mutations(value: object, json_schema: dict[str, Any]) -> Iterator[Mutation]:
    """Give the changes worth trying. Only trying tells which of them the schema refuses, and why."""
    for place in mutable_places(value, json_schema):
        for keyword, replacement in _replacements(place):
            yield Mutation(keyword, place.path, replacement)
        if isinstance(place.value, dict):
            yield from _of_keys(place.path, place.value, place.schemas)


def _of_keys(path: Path, value: dict[str, Any], schemas: Schemas) -> Iterator[Mutation]:
    named = {key: None for schema in schemas for key in properties_of(schema) if key not in value}
    yield from (Mutation("required", (*path, key), ABSENT) for key in value)
    yield from (Mutation("properties", (*path, key), other) for key in named for other in (None, 7, "seven"))
    yield from (Mutation("additionalProperties", (*path, "unexpected key"), other) for other in (None, "seven"))


def mutable_places(value: object, json_schema: dict[str, Any]) -> Iterator[Place]:
    """Give a value and all its parts, each with the schemas that may speak of it; of a union, every branch may."""
    rest: list[tuple[Path, Any, list[Any]]] = [((), value, [json_schema])]
    while rest:
        path, node, schemas = rest.pop()
        spoken = [*resolved(schemas, json_schema)]
        yield Place(path, node, spoken)
        steps = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        rest += [
            ((*path, step), child, [part for one in spoken for part in parts_at(one, step)]) for step, child in steps
        ]


def _replacements(place: Place) -> Iterator[tuple[str, Any]]:
    value, schemas = place.value, place.schemas
    yield from (("type", other) for other in _OF_ANY_TYPE if type(other) is not type(value))
    match value:
        case bool() | None:
            return
        case int() | float():
            yield from _numbers(schemas)
        case str():
            yield from _strings(value, schemas)
        case list():
            yield from _lists(value, schemas)
        case dict():
            yield from _objects(value, schemas)


def _numbers(schemas: Schemas) -> Iterator[tuple[str, Any]]:
    for keyword, beyond in (("minimum", -1), ("maximum", 1), ("exclusiveMinimum", 0), ("exclusiveMaximum", 0)):
        yield from ((keyword, limit + beyond) for limit in values_of(schemas, keyword) if not isinstance(limit, bool))
    yield from (("multipleOf", factor / 2) for factor in values_of(schemas, "multipleOf"))
    yield from ((keyword, 987654321) for keyword in ("enum", "const") if values_of(schemas, keyword))


def _strings(value: str, schemas: Schemas) -> Iterator[tuple[str, Any]]:
    for keyword, length in _lengths(schemas, "Length"):
        yield keyword, _long(value or "x", length)
    for keyword in ("enum", "const"):
        if values_of(schemas, keyword):
            yield from ((keyword, other) for other in (value.swapcase(), f"{value}s", value[:-1]))
    if values_of(schemas, "pattern"):
        yield from (("pattern", other) for other in (f"{value}~", f" {value}", "", "~"))
    yield from (("format", other) for name in values_of(schemas, "format") for other in (f"no {name}", "("))


def _lists(value: list[Any], schemas: Schemas) -> Iterator[tuple[str, Any]]:
    for keyword, length in _lengths(schemas, "Items"):
        yield keyword, _long(value or [None], length)
    if value:
        yield "uniqueItems", [*value, value[0]]
        yield "contains", []
    yield "items", [*value, None]


def _objects(value: dict[str, Any], schemas: Schemas) -> Iterator[tuple[str, Any]]:
    keys, filler = [*value], next(iter(value.values()), None)
    for keyword, length in _lengths(schemas, "Properties"):
        wanted = [*keys, *(f"key {at}" for at in range(length))][:length]
        yield keyword, {key: value.get(key, filler) for key in wanted}
    yield "propertyNames", {**value, "!": filler}


def _lengths(schemas: Schemas, what: str) -> Iterator[tuple[str, int]]:
    """Give the keywords that bound a length, each with the nearest length that it forbids."""
    yield from ((f"min{what}", int(limit) - 1) for limit in values_of(schemas, f"min{what}") if limit > 0)
    yield from ((f"max{what}", int(limit) + 1) for limit in values_of(schemas, f"max{what}") if limit < LONGEST)


def _long(value: Any, length: int) -> Any:
    """Repeat or cut a text or list, which is not empty, to a length."""
    return (value * math.ceil(length / len(value)))[:length]


def _put(value: Any, path: Path, replacement: Any) -> Any:
    if not path:
        return replacement
    step, *rest = path
    changed: Any = {**value} if isinstance(value, dict) else [*value]
    if rest:
        changed[step] = _put(value[step], tuple(rest), replacement)
    elif replacement is ABSENT:
        del changed[step]
    else:
        changed[step] = replacement
    return changed
