"""Faults of a value: each changes one place of a valid one so that it no longer is what the schema asks for."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from slotfill.schemas.json_schema.value_walk import walk
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.json_values.places import NO_VALUE, ValuePath, replaced
from slotfill.schemas.verbatim import FORMAT
from slotfill.schemas.wire.constraint_text import out_of_words

__all__ = ["VALUE_FAULTS", "FaultPlace", "faultable_places", "spoil"]

INVENTED = "a passage that nobody wrote, zyx"
EXTRA = "remark"


Change: TypeAlias = tuple[ValuePath, JSON]
"""A place of a value, and what replaces it: `NO_VALUE` where it is taken out."""


@dataclass(frozen=True, slots=True)
class FaultPlace:
    """One part of a value: the steps that lead there, and all that the schema says of it."""

    path: ValuePath
    value: JSON
    schemas: tuple[JSONMapping, ...]

    def stated(self, keyword: str) -> list[JSON]:
        """Return what the schemas say by a keyword."""
        return [schema[keyword] for schema in self.schemas if keyword in schema]

    @property
    def types(self) -> set[str]:
        """The types that any of the schemas names."""
        named = [kind for kind in self.stated("type") for kind in (kind if isinstance(kind, list) else [kind])]
        literals = [value for values in self.stated("enum") for value in values] + self.stated("const")
        return {*named, *(["null"] if None in literals else [])}

    @property
    def labels(self) -> list[str]:
        """The strings of the enums that the value is one of."""
        listed = [value for values in self.stated("enum") for value in values] + self.stated("const")
        return [value for value in listed if isinstance(value, str)] if self.value in listed else []

    @property
    def required(self) -> list[str]:
        """The keys that the value, an object, has and must have."""
        return [key for keys in self.stated("required") for key in keys if key in self.value]


def spoil(name: str, value: JSON, schema: JSONMapping, chance: Random) -> JSON:
    """Return a copy of a value with one place spoilt. Raises LookupError where the fault does not apply."""
    changes = [change for place in faultable_places(value, schema) for change in VALUE_FAULTS[name](place)]
    if not changes:
        raise LookupError(name)
    return replaced(copy.deepcopy(value), *chance.choice(changes))


def faultable_places(value: JSON, schema: JSONMapping) -> Iterator[FaultPlace]:
    """Yield a value and all its parts, parents first."""
    for node in walk(value, schema):
        yield FaultPlace(node.path, node.value, tuple(map(_with_words, node.schemas)))


def _with_words(schema: JSONMapping) -> JSONMapping:
    """Add what the description says in words."""
    description = schema.get("description")
    return {**out_of_words(description), **schema} if isinstance(description, str) else schema


def _missing_field(place: FaultPlace) -> Iterator[Change]:
    if isinstance(place.value, dict):
        for key in place.required:
            yield (*place.path, key), NO_VALUE


def _null(place: FaultPlace) -> Iterator[Change]:
    if place.path and place.types and "null" not in place.types:
        yield place.path, None


def _wrong_type(place: FaultPlace) -> Iterator[Change]:
    kinds = place.types
    if place.path and kinds:
        if "object" not in kinds:
            yield place.path, {"answer": place.value}
        elif "string" not in kinds:
            yield place.path, "see above"


def _number_as_string(place: FaultPlace) -> Iterator[Change]:
    is_number = isinstance(place.value, int | float) and not isinstance(place.value, bool)
    if is_number and "string" not in place.types:
        yield place.path, str(place.value)


def _out_of_range(place: FaultPlace) -> Iterator[Change]:
    if isinstance(place.value, int | float) and not isinstance(place.value, bool):
        for keyword, step in (("minimum", -1), ("exclusiveMinimum", 0), ("maximum", 1), ("exclusiveMaximum", 0)):
            for bound in place.stated(keyword):
                if isinstance(bound, int | float) and not isinstance(bound, bool):
                    yield place.path, bound + step


def _unknown_label(place: FaultPlace) -> Iterator[Change]:
    if place.labels:
        yield place.path, f"{place.value}-ish"


def _wrong_case(place: FaultPlace) -> Iterator[Change]:
    for other in (str(place.value).upper(), str(place.value).title()):
        if place.labels and other not in place.labels:
            yield place.path, other


def _extra_field(place: FaultPlace) -> Iterator[Change]:
    known = any(EXTRA in properties for properties in place.stated("properties"))
    if isinstance(place.value, dict) and False in place.stated("additionalProperties") and not known:
        yield (*place.path, EXTRA), "as requested"


def _invented_quote(place: FaultPlace) -> Iterator[Change]:
    if isinstance(place.value, str) and FORMAT in place.stated("format"):
        longest = min((limit for limit in place.stated("maxLength") if isinstance(limit, int)), default=len(INVENTED))
        yield place.path, INVENTED[: max(1, longest)]


VALUE_FAULTS: Mapping[str, Callable[[FaultPlace], Iterator[Change]]] = {
    "missing_field": _missing_field,
    "null": _null,
    "wrong_type": _wrong_type,
    "number_as_string": _number_as_string,
    "out_of_range": _out_of_range,
    "unknown_enum": _unknown_label,
    "wrong_case": _wrong_case,
    "extra_field": _extra_field,
    "invented_quote": _invented_quote,
}
"""By name: the changes that a fault may make at a place."""
