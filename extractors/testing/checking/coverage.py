"""The properties that a JSON Schema names, and which of them occur in its values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from slotfill.extractors.testing.checking.search import Search
from slotfill.schemas.errors import SchemaError
from slotfill.schemas.json_schema.subschemas import properties_of, resolved, subschemas
from slotfill.schemas.json_schema.value_walk import ValueNode, walk
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.json_values.places import replaced
from slotfill.schemas.json_values.pointer import join
from slotfill.schemas.schema import Schema
from slotfill.schemas.strategies.combinators import part_of
from slotfill.schemas.strategies.generation import Generation
from slotfill.schemas.strategies.instances import accepts, json_model

__all__ = ["Property", "has_values", "is_constant", "properties", "unreached", "values_for"]

_ONE = ("items", "additionalItems", "unevaluatedItems", "contains", "additionalProperties", "unevaluatedProperties")


@dataclass(frozen=True, slots=True, eq=False)
class Property:
    """A property as one schema names it.

    path: a JSON Pointer to the property's own schema. holder: the schema that names it.
    """

    path: str
    key: str
    schema: JSON
    holder: JSONMapping

    @property
    def is_required(self) -> bool:
        """Whether the holder requires it."""
        return self.key in self.holder.get("required", ())

    def is_in(self, value: object, schemas: Iterable[JSON]) -> bool:
        """Whether an object that such schemas speak of holds the property, as something other than null."""
        if not (isinstance(value, dict) and any(schema is self.holder for schema in schemas)):
            return False
        return value.get(self.key) is not None or (self.key in value and _is_null(self.schema))


def properties(json_schema: JSONObject) -> Iterator[Property]:
    """Yield the properties that values of a schema may have, outer ones first."""
    pointers = {id(schema): path for path, schema in subschemas(json_schema)}
    rest: list[JSON] = [json_schema]
    visited: set[int] = set()
    while rest:
        for schema in resolved([rest.pop(0)], json_schema):
            if id(schema) not in visited:
                visited.add(id(schema))
                for key, part in properties_of(schema).items():
                    path = pointers.get(id(schema), "") + join(("properties", key))
                    yield Property(path, key, part, schema)
                rest += _inner(schema)


def _inner(schema: JSONMapping) -> Iterator[JSON]:
    yield from properties_of(schema).values()
    for keyword in ("prefixItems", *_ONE):
        part = schema.get(keyword)
        yield from part if isinstance(part, list) else [part]
    patterns = schema.get("patternProperties")
    yield from patterns.values() if isinstance(patterns, dict) else ()


def is_constant(schema: JSON, root: JSONObject) -> bool:
    """Whether a schema allows one value only, as the tag of a union does."""
    return any("const" in part or len(part.get("enum", ())) == 1 for part in resolved([schema], root))


def _is_null(schema: JSON) -> bool:
    return isinstance(schema, Mapping) and (schema.get("type") == "null" or schema.get("const", ...) is None)


def values_for(schema: Schema[Any], part: JSON) -> st.SearchStrategy[JSON]:
    """Return values of a part of the JSON Schema, but null; none where its patterns are not those of JSON Schema."""
    try:
        validator = json_model(schema).validator
        return Generation(part_of(validator, part), None).values().filter(lambda value: value is not None)
    except SchemaError:
        return st.nothing()


def has_values(schema: Schema[Any], part: JSON, search: Search) -> bool:
    """Whether some value other than null fits a part of the JSON Schema."""
    return search.has(values_for(schema, part))


def unreached(schema: Schema[Any], values: st.SearchStrategy[JSON], search: Search) -> Iterator[Property]:
    """Yield the properties that occur in no valid value, though the object that would hold them does.

    Where chance does not show a property, it is put into values that lack it.
    """
    pool = search.sample(values)
    for prop in properties(schema.json_schema):
        if search.clock.is_over:
            return
        if any(_holds(value, prop, schema) for value in pool):
            continue
        if not (holders := [value for value in pool if any(_holders(value, prop, schema))]):
            continue
        grafted = [*_valid_grafts(holders, prop, schema, search)]
        if not grafted and not _is_null(prop.schema):
            yield prop
        pool += grafted


def _valid_grafts(holders: list[JSON], prop: Property, schema: Schema[Any], search: Search) -> Iterator[JSON]:
    if not has_values(schema, prop.schema, search):
        return
    grafts = _grafts(holders, prop, schema)
    yield from (value for value in search.sample(grafts) if accepts(schema, value) and _holds(value, prop, schema))


@st.composite
def _grafts(draw: st.DrawFn, holders: list[JSON], prop: Property, schema: Schema[Any]) -> JSON:
    """Return values with the property put into one of its objects, or into a new one of the schema that names it."""
    value = draw(st.sampled_from(holders))
    place = draw(st.sampled_from([*_holders(value, prop, schema)]))
    new = draw(st.none() | values_for(schema, prop.holder).filter(lambda other: isinstance(other, dict)))
    held = {**(place.value if new is None else new), prop.key: draw(values_for(schema, prop.schema))}
    return replaced(value, place.path, held)


def _holds(value: object, prop: Property, schema: Schema[Any]) -> bool:
    return any(prop.is_in(node.value, node.schemas) for node in walk(value, schema.json_schema))


def _holders(value: object, prop: Property, schema: Schema[Any]) -> Iterator[ValueNode]:
    """Yield the objects within a value that the schema which names the property may speak of."""
    for node in walk(value, schema.json_schema):
        if isinstance(node.value, dict) and any(one is prop.holder for one in node.schemas):
            yield node
