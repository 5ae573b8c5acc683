"""What is known of a value that does not fit: what its schemas ask it to be, where it stands, what was read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from slotfill.extractors.record.parts import Risk
from slotfill.schemas.json_schema.subschemas import properties_of
from slotfill.schemas.json_values.exact_json import is_same
from slotfill.schemas.json_values.json_types import JSON, JSONMapping

__all__ = ["Context", "ExpectedForms", "PlainMeaning", "Schemas", "accepts_value", "listed_in", "types_of"]

Schemas = Sequence[JSONMapping]
"""All that may speak of a value; of a union, every alternative."""

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
    "array": (list,),
    "object": (dict,),
}


@dataclass(frozen=True, slots=True)
class Context:
    """Where a value stands.

    name: its key or index. digits: gives a number as it was written.
    item_keys: gives the keys that the items of a list may have, where one is asked for.
    document: the text that it was read from. day_first: whether dates name the day before the month, if that is known.
    """

    name: str | int
    digits: Callable[[], str]
    item_keys: Callable[[], frozenset[str]]
    document: str | None = None
    day_first: bool | None = None


@dataclass(frozen=True, slots=True)
class PlainMeaning:
    """What a value was meant to be. kind: that of the edit."""

    kind: str
    value: JSON
    risk: Risk


class ExpectedForms:
    """What is asked for where a value stands, by all schemas that may speak of it."""

    def __init__(self, schemas: Schemas) -> None:
        self.schemas = schemas

    @cached_property
    def types(self) -> frozenset[str]:
        """The types that are spoken of."""
        return types_of(self.schemas)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The strings that are listed."""
        return tuple(one for one in listed_in(self.schemas) if isinstance(one, str))

    @cached_property
    def formats(self) -> frozenset[str]:
        """The formats that strings are to have."""
        return frozenset(schema["format"] for schema in self.schemas if isinstance(schema.get("format"), str))

    @cached_property
    def has_pattern(self) -> bool:
        """Whether strings are to match a pattern."""
        return any("pattern" in schema for schema in self.schemas)

    @cached_property
    def is_map(self) -> bool:
        """Whether an object is asked for whose keys are not known."""
        return "object" in self.types and not any(properties_of(schema) for schema in self.schemas)

    @cached_property
    def is_json_text(self) -> bool:
        """Whether a string is asked for that is JSON itself."""
        return any(schema.get("contentMediaType") == "application/json" for schema in self.schemas)

    def accepts(self, value: JSON) -> bool:
        """Whether an alternative takes a value, by type and by what it lists."""
        return accepts_value(self.schemas, value)

    def takes_any(self, kind: str) -> bool:
        """Whether any value of a type will do: of `Literal[True]`, what is not quite true is another answer."""
        return any(kind in types_of([schema]) and not listed_in([schema]) for schema in self.schemas)


def accepts_value(schemas: Schemas, value: JSON) -> bool:
    """Whether an alternative takes a value, by type and by what it lists."""
    return any(_takes(schema, value) for schema in schemas)


def types_of(schemas: Schemas) -> frozenset[str]:
    """Return the types that schemas speak of, those of the values that they list included."""
    return frozenset(_types(schemas)).union(kind for one in listed_in(schemas) for kind in _TYPES if _is(one, kind))


def listed_in(schemas: Schemas) -> list[JSON]:
    """Return the values that schemas list, one by one."""
    listed = [value for schema in schemas if isinstance(schema.get("enum"), list) for value in schema["enum"]]
    return listed + [schema["const"] for schema in schemas if "const" in schema]


def _takes(schema: JSONMapping, value: JSON) -> bool:
    if listed := listed_in((schema,)):
        return any(is_same(one, value) for one in listed)
    return any(_is(value, kind) for kind in _types((schema,)))


def _is(value: JSON, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES.get(kind, ())) or (
        kind == "integer" and isinstance(value, float) and value.is_integer()
    )


def _types(schemas: Schemas) -> list[str]:
    named = [schema["type"] for schema in schemas if "type" in schema]
    return [kind for name in named for kind in (name if isinstance(name, list) else [name])]
