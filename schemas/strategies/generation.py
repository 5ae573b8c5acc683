"""Values that a JSON Schema of any draft probably accepts, as Hypothesis strategies.

No constraint is solved: what the schemas of one place say together is gathered, and what they say by `not`, `oneOf` and
the like is left to the validator, which judges each part's values where they stand.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from functools import partial

from hypothesis import strategies as st

from slotfill.schemas.json_values.json_types import JSONMapping
from slotfill.schemas.strategies.combinators import (
    Subvalidator,
    Subvalidators,
    at_item,
    at_key,
    branches,
    is_valid,
    part_of,
    prefix_length,
    schema_identity,
)
from slotfill.schemas.strategies.containers import ObjectMembers, RequiredItems, SizeRange, lists, objects
from slotfill.schemas.strategies.filtering import Values, drawn_by, filtered
from slotfill.schemas.strategies.scalars import (
    ANY_TEXT,
    JSON_VALUES,
    matching,
    numbers,
    strings,
    values_of,
    whole_numbers,
)

__all__ = ["Generation"]

Schemas = list[JSONMapping]

DEEPEST = 24
"""How deep a value may go before it must have ended."""

_WIDTHS = (40, 12, 6, 4, 2, 1, 1, 1)
"""By depth: how many optional keys a value has beyond those it needs, at most. Recursion ends by it."""

_LONGEST = 5
"""How many items or unknown keys there are beyond those needed, at most."""

_TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")

_UNCERTAIN = frozenset(
    {
        *("not", "oneOf", "if", "contains", "minContains", "maxContains", "uniqueItems", "unevaluatedItems"),
        *("minProperties", "maxProperties", "propertyNames", "patternProperties", "unevaluatedProperties"),
        *("dependencies", "dependentRequired", "dependentSchemas"),
    },
)
"""Keywords that what is drawn need not satisfy, so that the validator has to see to it."""

_KEYWORDS_OF_TYPE: Mapping[str, frozenset[str]] = {
    "null": frozenset(),
    "boolean": frozenset(),
    "integer": frozenset(),
    "number": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
    "string": frozenset({"minLength", "maxLength", "pattern", "format"}),
    "array": frozenset(
        {
            *("items", "prefixItems", "additionalItems", "unevaluatedItems"),
            *("minItems", "maxItems", "uniqueItems", "contains"),
        }
    ),
    "object": frozenset(
        {
            *("properties", "patternProperties", "additionalProperties", "unevaluatedProperties", "propertyNames"),
            *("required", "minProperties", "maxProperties"),
        }
    ),
}
"""By type: the keywords that constrain it alone."""

_OF_OTHERS = frozenset({"additionalProperties", "patternProperties", "unevaluatedProperties"})
"""Keywords that speak of keys with no name in the schema."""

_UNNAMED_KEY = "\ue000 a key that no schema speaks of"


class Generation:
    """The values that one schema probably accepts.

    validator: of the whole schema.
    document: what `format: verbatim` quotes, if any.
    """

    def __init__(self, validator: Subvalidator, document: str | None) -> None:
        self._root = validator
        self._document = document
        self._known: dict[object, Values] = {}
        self._types: Mapping[str, Callable[[Subvalidators, Schemas, int], Values]] = {
            "null": lambda *_: st.none(),
            "boolean": lambda *_: st.booleans(),
            "integer": lambda _, schemas, __: whole_numbers(schemas),
            "number": lambda _, schemas, __: numbers(schemas),
            "string": lambda _, schemas, __: strings(schemas, self._document, self._conforms),
            "array": self._lists,
            "object": self._objects,
        }

    def _conforms(self, name: str, text: str) -> bool:
        """Whether the validator lets a string pass for a format: where it does not check formats, any."""
        checker = self._root.format_checker
        return checker is None or checker.conforms(text, name)

    def values(self) -> Values:
        """Return the strategy; it is empty where the schema can be seen to accept nothing."""
        return self._of((self._root,), 0)

    def smallest(self) -> float:
        """Return how many parts the smallest value holds, at least: more than any value does where there is none."""
        return self._smallest((self._root,), frozenset(), {})

    def _smallest(self, parts: Subvalidators, within: frozenset[object], known: dict[object, float]) -> float:
        key = frozenset(map(schema_identity, parts))
        if key in within:
            return math.inf
        if key not in known:
            known[key] = min(
                (self._least(branch, within | {key}, known) for branch in branches(parts)), default=math.inf
            )
        return known[key]

    def _least(self, parts: Subvalidators, within: frozenset[object], known: dict[object, float]) -> float:
        """Count what a value must hold: nothing that is needed of objects counts where it may be something else."""
        schemas = [part.schema for part in parts]
        types = {name for name in self._types if _allow(name, schemas)}
        if types == {"object"}:
            required_keys = {key for keys in values_of(schemas, "required") for key in keys}
            required = sum(self._smallest(at_key(parts, key), within, known) for key in required_keys)
            return 1 + max(required, _limits(schemas, "Properties")[0])
        if types == {"array"} and (least := _limits(schemas, "Items")[0]):
            first = max(map(prefix_length, schemas), default=0)
            begun = sum(self._smallest(at_item(parts, at, None), within, known) for at in range(min(least, first)))
            if least <= first:
                return 1 + begun
            return 1 + begun + (least - first) * self._smallest(at_item(parts, first, None), within, known)
        if types == {"string"}:  # a character is drawn as an item is
            return 1 + _limits(schemas, "Length")[0]
        return 1

    def _of(self, parts: Subvalidators, depth: int) -> Values:
        if not parts:
            return JSON_VALUES if depth < len(_WIDTHS) else st.none()
        if depth > DEEPEST:
            return st.nothing()
        key = (frozenset(map(schema_identity, parts)), depth)
        if key not in self._known:
            # It keeps the schemas alive, which are known by their addresses.
            self._known[key] = st.deferred(lambda: self._union(parts, depth))
        return self._known[key]

    def _union(self, parts: Subvalidators, depth: int) -> Values:
        choices = branches(parts)
        values = st.one_of([self._typed(branch, depth) for branch in choices])
        if len(choices) == 1 and not any(_UNCERTAIN & part.schema.keys() for part in choices[0]):
            return values
        return filtered(values, lambda value: all(is_valid(part, value) for part in parts))

    def _typed(self, parts: Subvalidators, depth: int) -> Values:
        schemas = [part.schema for part in parts]
        listed = values_of(schemas, "enum") + [[value] for value in values_of(schemas, "const")]
        if listed:
            valid = [value for value in min(listed, key=len) if all(is_valid(part, value) for part in parts)]
            return st.sampled_from(valid).map(copy.deepcopy) if valid else st.nothing()
        by_type = {name: of(parts, schemas, depth) for name, of in self._types.items() if _allow(name, schemas)}
        every = st.one_of([*by_type.values()])
        likely = st.one_of(
            [by_type[name] for name in by_type if any(_KEYWORDS_OF_TYPE[name] & schema.keys() for schema in schemas)]
        )
        if likely.is_empty:
            return every
        # Where a schema names no type but speaks of objects, say, half of the values are objects.
        return st.booleans().flatmap(lambda other: every if other else likely) if len(by_type) > 1 else every

    def _lists(self, parts: Subvalidators, schemas: Schemas, depth: int) -> Values:
        def item(at: int, contained: Subvalidator = None) -> Values:
            return self._of(at_item(parts, at, contained), depth + 1)

        def filler(at: int) -> Values:
            # Where `unevaluatedItems` lets nothing else be, what `contains` wants still may.
            return st.one_of([one.values(at) for one in required]) if item(at).is_empty else item(at)

        required = [
            RequiredItems(
                partial(item, contained=part_of(part, part.schema["contains"])), int(part.schema.get("minContains", 1))
            )
            for part in parts
            if "contains" in part.schema
        ]
        first = max(map(prefix_length, schemas), default=0)
        least, most = _limits(schemas, "Items")
        unique = any(values_of(schemas, "uniqueItems"))

        def of_length() -> Values:
            ends = next((at for at in range(first + 1) if filler(at).is_empty), math.inf)
            sizes = SizeRange(least, min(most, ends), max(min(_LONGEST, _width(depth)), first))
            return lists(filler, required, sizes, unique) if sizes.is_possible else st.nothing()

        # Whether there are items takes a walk over all that they refer to: where none are needed it can wait.
        return of_length() if least or required else drawn_by(lambda draw: draw(of_length()))

    def _objects(self, parts: Subvalidators, schemas: Schemas, depth: int) -> Values:
        required_keys = {key for keys in values_of(schemas, "required") for key in keys}
        named = dict.fromkeys(key for properties in values_of(schemas, "properties") for key in properties)
        known = {key: self._at(parts, key, depth) for key in [*named, *sorted(required_keys - named.keys())]}
        if any(known[key].is_empty for key in required_keys):
            return st.nothing()
        width = _width(depth)
        known = {key: values for key, values in known.items() if key in required_keys or width}
        names_others = any(_OF_OTHERS & schema.keys() for schema in schemas)
        sizes = SizeRange(*_limits(schemas, "Properties"), width)
        others = partial(self._at, parts, depth=depth)
        spare = min(width, _LONGEST) if names_others or not named else 0
        other_keys = st.deferred(lambda: self._other_keys(parts, schemas, depth))
        members = ObjectMembers(known, required_keys, other_keys, others, spare)
        return objects(members, sizes) if sizes.is_possible else st.nothing()

    def _at(self, parts: Subvalidators, key: str, depth: int) -> Values:
        return self._of(at_key(parts, key), depth + 1)

    def _other_keys(self, parts: Subvalidators, schemas: Schemas, depth: int) -> st.SearchStrategy[str]:
        keys = [matching(pattern) for patterns in values_of(schemas, "patternProperties") for pattern in patterns]
        if not self._at(parts, _UNNAMED_KEY, depth).is_empty:
            keys.append(self._names(parts, depth))
        return st.one_of(keys)

    def _names(self, parts: Subvalidators, depth: int) -> st.SearchStrategy[str]:
        rules = [part_of(part, part.schema["propertyNames"]) for part in parts if "propertyNames" in part.schema]
        return self._of((*rules, part_of(parts[0], {"type": "string"})), depth + 1) if rules else ANY_TEXT


def _allow(name: str, schemas: Schemas) -> bool:
    declared = [types if isinstance(types, list) else [types] for types in values_of(schemas, "type")]
    return all(name in types or (name == "integer" and "number" in types) for types in declared)


def _width(depth: int) -> int:
    return _WIDTHS[depth] if depth < len(_WIDTHS) else 0


def _limits(schemas: Schemas, what: str) -> tuple[int, float]:
    least = max((0, *values_of(schemas, f"min{what}")))
    return math.ceil(least), min((math.inf, *values_of(schemas, f"max{what}")))
