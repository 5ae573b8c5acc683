"""Changes of one place in a value that may break what its schema says of that place."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slotfill.schemas.json_schema.subschemas import properties_of
from slotfill.schemas.json_schema.value_walk import walk
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.json_values.places import NO_VALUE, ValuePath, replaced
from slotfill.schemas.strategies.scalars import values_of

__all__ = ["Mutation", "mutations"]

Schemas = Sequence[JSONMapping]

LONGEST = 10_000
"""The longest string or list that a break makes: a limit beyond it is not broken."""

_OF_ANY_TYPE: tuple[JSON, ...] = (None, True, 7, 2.5, "seven", [], {}, [None], {"unexpected key": None})


@dataclass(frozen=True, slots=True)
class Mutation:
    """A change that may break one constraint. keyword: the one it is aimed at."""

    keyword: str
    path: ValuePath
    replacement: JSON

    def of(self, value: JSON) -> JSON:
        """Return the value so changed; the one given stays as it is."""
        return replaced(value, self.path, self.replacement)


def mutations(value: JSON, json_schema: JSONMapping) -> Iterator[Mutation]:
    """Yield the changes to try. Only trying tells which of them the schema refuses, and why."""
    for node in walk(value, json_schema):
        for keyword, replacement in _replacements(node.value, node.schemas):
            yield Mutation(keyword, node.path, replacement)
        if isinstance(node.value, dict):
            yield from _of_keys(node.path, node.value, node.schemas)


def _of_keys(path: ValuePath, value: JSONObject, schemas: Schemas) -> Iterator[Mutation]:
    named = {key: None for schema in schemas for key in properties_of(schema) if key not in value}
    yield from (Mutation("required", (*path, key), NO_VALUE) for key in value)
    yield from (Mutation("properties", (*path, key), other) for key in named for other in (None, 7, "seven"))
    yield from (Mutation("additionalProperties", (*path, "unexpected key"), other) for other in (None, "seven"))


def _replacements(value: JSON, schemas: Schemas) -> Iterator[tuple[str, JSON]]:
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


def _numbers(schemas: Schemas) -> Iterator[tuple[str, JSON]]:
    for keyword, beyond in (("minimum", -1), ("maximum", 1), ("exclusiveMinimum", 0), ("exclusiveMaximum", 0)):
        yield from ((keyword, limit + beyond) for limit in values_of(schemas, keyword) if not isinstance(limit, bool))
    yield from (("multipleOf", factor / 2) for factor in values_of(schemas, "multipleOf"))
    yield from ((keyword, 987654321) for keyword in ("enum", "const") if values_of(schemas, keyword))


def _strings(value: str, schemas: Schemas) -> Iterator[tuple[str, JSON]]:
    for keyword, length in _lengths(schemas, "Length"):
        yield keyword, _long(value or "x", length)
    for keyword in ("enum", "const"):
        if values_of(schemas, keyword):
            yield from ((keyword, other) for other in (value.swapcase(), f"{value}s", value[:-1]))
    if values_of(schemas, "pattern"):
        yield from (("pattern", other) for other in (f"{value}~", f" {value}", "", "~"))
    yield from (("format", other) for name in values_of(schemas, "format") for other in (f"no {name}", "("))


def _lists(value: list[JSON], schemas: Schemas) -> Iterator[tuple[str, JSON]]:
    for keyword, length in _lengths(schemas, "Items"):
        yield keyword, _long(value or [None], length)
    if value:
        yield "uniqueItems", [*value, value[0]]
        yield "contains", []
    yield "items", [*value, None]


def _objects(value: JSONObject, schemas: Schemas) -> Iterator[tuple[str, JSON]]:
    keys, filler = [*value], next(iter(value.values()), None)
    for keyword, length in _lengths(schemas, "Properties"):
        wanted = [*keys, *(f"key {at}" for at in range(length))][:length]
        yield keyword, {key: value.get(key, filler) for key in wanted}
    yield "propertyNames", {**value, "!": filler}


def _lengths(schemas: Schemas, what: str) -> Iterator[tuple[str, int]]:
    """Yield the keywords that bound a length, each with the nearest length that it forbids."""
    yield from ((f"min{what}", int(limit) - 1) for limit in values_of(schemas, f"min{what}") if limit > 0)
    yield from ((f"max{what}", int(limit) + 1) for limit in values_of(schemas, f"max{what}") if limit < LONGEST)


def _long(value: JSON, length: int) -> JSON:
    """Repeat or cut a text or list, which is not empty, to a length."""
    return (value * math.ceil(length / len(value)))[:length]
