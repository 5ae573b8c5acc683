"""A value beside its JSON Schema: each part of it, with all the schemas that may speak of that part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self, TypeVar

from slotfill.schemas.json_schema.subschemas import parts_at, properties_of, resolved
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.json_values.places import PathStep, ValuePath, steps_of
from slotfill.schemas.json_values.pointer import join

__all__ = ["ApplicableSchemas", "ValueNode", "applicable_schemas", "walk"]

T = TypeVar("T")


class ApplicableSchemas(tuple[JSONObject, ...]):  # noqa: SLOT001 - a tuple can have no slots, but attributes
    """The schemas that may speak of a value; of a union, every branch may.

    Those of its parts are worked out when they are first asked for, and kept: a run walks thousands of values beside
    one schema.
    """

    _root: _Root
    _names: frozenset[str]
    _firsts: int
    _parts: dict[PathStep | None, ApplicableSchemas]
    _remembered: dict[Callable[[ApplicableSchemas], Any], Any]

    def __new__(cls, schemas: Iterable[JSONObject], root: _Root) -> Self:
        """Read which parts the schemas tell apart."""
        new = super().__new__(cls, schemas)
        firsts = [schema.get(keyword) for schema in new for keyword in ("prefixItems", "items")]
        new._root, new._parts, new._remembered = root, {}, {}
        new._names = frozenset(name for schema in new for name in properties_of(schema))
        new._firsts = max((len(first) for first in firsts if isinstance(first, list)), default=0)
        return new

    def at(self, step: PathStep) -> ApplicableSchemas:
        """Return what may speak of a key's value, or of an item."""
        # All keys that no schema names are alike, and so are all items behind those that have a schema each.
        alike = (step if step in self._names else None) if isinstance(step, str) else min(step, self._firsts)
        if alike not in self._parts:
            parts = (part for schema in self for part in parts_at(schema, step))
            self._parts[alike] = self._root.applicable(parts)
        return self._parts[alike]

    def remember(self, reading: Callable[[ApplicableSchemas], T]) -> T:
        """Return what a function reads in them, which it is asked once: they never change."""
        if reading not in self._remembered:
            self._remembered[reading] = reading(self)
        known: T = self._remembered[reading]
        return known

    def branches(self) -> list[ApplicableSchemas]:
        """Return what each member of the unions among them says by itself."""
        unions = (schema.get(keyword) for schema in self for keyword in ("anyOf", "oneOf"))
        return [self._root.applicable([member]) for union in unions if isinstance(union, list) for member in union]


class _Root:
    """A whole JSON Schema, told from others by its identity: to compare by what it holds would take longer."""

    def __init__(self, schema: JSONMapping) -> None:
        self.schema = schema
        self._known: dict[tuple[int, ...], ApplicableSchemas] = {}

    def applicable(self, schemas: Iterable[JSON]) -> ApplicableSchemas:
        """Return schemas with all that they refer to and combine, the same object each time."""
        new = ApplicableSchemas(resolved(schemas, self.schema), self)
        # A schema that refers to itself comes back to the same few sets, however deep a value is.
        return self._known.setdefault(tuple(map(id, new)), new)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Root) and self.schema is other.schema

    def __hash__(self) -> int:
        return id(self.schema)


def applicable_schemas(json_schema: JSONMapping) -> ApplicableSchemas:
    """Return what a JSON Schema, which must not change any more, says of the whole value."""
    return _of_whole(_Root(json_schema))


@lru_cache(maxsize=64)
def _of_whole(root: _Root) -> ApplicableSchemas:
    return root.applicable([root.schema])


@dataclass(slots=True, eq=False)
class ValueNode:
    """A value or a part of one, where it stands, and the schemas that may speak of it; the whole has no parent."""

    value: JSON
    path: ValuePath
    schemas: ApplicableSchemas
    parent: ValueNode | None = None

    @property
    def pointer(self) -> str:
        """The path as a JSON Pointer."""
        return join(self.path)

    def at(self, step: PathStep) -> ValueNode:
        """Return a member or an item."""
        return ValueNode(self.value[step], (*self.path, step), self.schemas.at(step), self)


def walk(value: JSON, json_schema: JSONMapping) -> Iterator[ValueNode]:
    """Yield a value and all its parts, each before its own parts, in the order of the value."""
    rest = [ValueNode(value, (), applicable_schemas(json_schema))]
    while rest:
        node = rest.pop()
        yield node
        if steps := steps_of(node.value):
            rest += [node.at(step) for step in reversed(steps)]
