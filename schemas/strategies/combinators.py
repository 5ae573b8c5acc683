"""The branches of a schema's combiners, and what schemas say of one part of a value.

A validator of `jsonschema` stands for a subschema: it holds the schema, and how its references resolve.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping

from referencing.jsonschema import lookup_recursive_ref, specification_with

from slotfill.schemas.json_schema.dialects import validation
from slotfill.schemas.json_schema.patterns import OutOfTimeError, matches_somewhere
from slotfill.schemas.json_values.json_types import JSON, JSONMapping

__all__ = [
    "Subvalidator",
    "Subvalidators",
    "at_item",
    "at_key",
    "branches",
    "is_valid",
    "part_of",
    "prefix_length",
    "schema_identity",
]

Subvalidator = JSON
"""A validator of one subschema. The library names no public type for it."""

Subvalidators = tuple[Subvalidator, ...]
"""Validators that all speak of one value."""

BranchCache = dict[object, tuple[Subvalidator, list[Subvalidators]]]
"""By identity: a part, which is kept alive as its address is its identity, and its branches."""

MOST_BRANCHES = 64
"""How many branches of the combiners of one place are looked at."""

_IN_PLACE = ("anyOf", "oneOf")


def is_valid(part: Subvalidator, value: object) -> bool:
    """Ask a validator, within the deadline of a validation."""
    try:
        with validation():
            return bool(part.is_valid(value))
    except (OutOfTimeError, RecursionError):
        return False


def schema_identity(part: Subvalidator) -> object:
    """Return what is equal for validators that say the same: the schema's address and its dynamic scope."""
    scope = dict.fromkeys(uri for uri, _ in part._resolver.dynamic_scope())  # noqa: SLF001 - has no public name
    return part.schema if isinstance(part.schema, bool) else id(part.schema), tuple(scope)


def part_of(part: Subvalidator, schema: JSON) -> Subvalidator:
    """Return the validator of a subschema."""
    if isinstance(schema, bool):  # draft 4, which has them for `additionalProperties`, knows no such schema
        return part.evolve(schema=schema)
    specification = specification_with(part.META_SCHEMA["$schema"])
    resolver = part._resolver.in_subresource(specification.create_resource(schema))  # noqa: SLF001 - likewise
    return part.evolve(schema=schema, _resolver=resolver)


def branches(parts: Subvalidators) -> list[Subvalidators]:
    """Return the ways in which a value can satisfy all parts, each as parts whose combiners need not be looked at."""
    known: BranchCache = {}
    return _combinations([_branches_of(part, frozenset(), known) for part in parts])


def _combinations(choices: list[list[Subvalidators]]) -> list[Subvalidators]:
    """Combine one of each of the choices."""
    combined = itertools.islice(itertools.product(*choices), MOST_BRANCHES)
    return _distinct_branches(_without_repeats(itertools.chain.from_iterable(branch)) for branch in combined)


def _without_repeats(parts: Iterable[Subvalidator]) -> Subvalidators:
    """Return each part once: definitions that refer to others twice each would have a branch hold 2^n."""
    return tuple({schema_identity(part): part for part in parts}.values())


def _distinct_branches(choices: Iterable[Subvalidators]) -> list[Subvalidators]:
    return [*{tuple(map(schema_identity, branch)): branch for branch in choices}.values()]


def _branches_of(part: Subvalidator, seen: frozenset[object], known: BranchCache) -> list[Subvalidators]:
    """Return the branches through one part; a reference back to where it stands adds nothing."""
    if isinstance(part.schema, bool):
        return [()] if part.schema else []
    key = schema_identity(part)
    if key in seen:
        return [()]
    if key not in known:
        known[key] = part, _branches_through(part, seen | {key}, known)
    return known[key][1]


def _branches_through(part: Subvalidator, seen: frozenset[object], known: BranchCache) -> list[Subvalidators]:
    targets = [_branches_of(target, seen, known) for target in _targets(part)]
    if targets and "$recursiveRef" not in part.VALIDATORS and "$dynamicRef" not in part.VALIDATORS:
        return _combinations(targets)  # until draft 7 a reference stands alone
    return _combinations([[(part,)], *targets, *_of_combiners(part, seen, known)])


def _targets(part: Subvalidator) -> Iterator[Subvalidator]:
    """Yield what a schema refers to."""
    resolver = part._resolver  # noqa: SLF001 - has no public name
    targets = [resolver.lookup(part.schema[word]) for word in ("$ref", "$dynamicRef") if word in part.schema]
    targets += [lookup_recursive_ref(resolver)] if "$recursiveRef" in part.schema else []
    for target in targets:
        yield part.evolve(schema=target.contents, _resolver=target.resolver)


def _of_combiners(part: Subvalidator, seen: frozenset[object], known: BranchCache) -> Iterator[list[Subvalidators]]:
    """Yield, for each combiner of a schema, the branches through it."""
    schema = part.schema

    def through(*subschemas: JSON) -> list[Subvalidators]:
        return _combinations([_branches_of(part_of(part, subschema), seen, known) for subschema in subschemas])

    yield from (through(subschema) for subschema in schema.get("allOf", ()))
    for keyword in _IN_PLACE:
        if keyword in schema:
            yield _distinct_branches(branch for subschema in schema[keyword] for branch in through(subschema))
    if "if" in schema:
        yield through(schema["if"], schema.get("then", True)) + through(schema.get("else", True))
    for key, dependent in _dependents(schema):
        yield through({"properties": {key: False}}) + through({"required": [key]}, dependent)
    denied = schema.get("not", False)
    if denied in (True, {}):
        yield []
    elif isinstance(denied, Mapping) and "not" in denied:
        yield through(denied["not"])


def _dependents(schema: JSONMapping) -> Iterator[tuple[str, JSON]]:
    """Yield what a key that is there demands of its object, as a schema."""
    for keyword in ("dependencies", "dependentRequired", "dependentSchemas"):
        for key, demand in schema.get(keyword, {}).items():
            keys = [demand] if isinstance(demand, str) else demand  # draft 3 had one name here
            yield key, {"required": keys} if isinstance(keys, list) else demand


def at_key(parts: Subvalidators, key: str) -> Subvalidators:
    """Return the parts that speak of the value of a key."""
    schemas_of_parts = [_of_key(part.schema, key) for part in parts]
    own = [part_of(part, schema) for part, schemas in zip(parts, schemas_of_parts, strict=True) for schema in schemas]
    if not any(schemas_of_parts):
        rest = (
            part_of(part, part.schema["unevaluatedProperties"])
            for part in parts
            if "unevaluatedProperties" in part.schema
        )
        own.extend(rest)
    return _constraining(own)


def _of_key(schema: JSONMapping, key: str) -> list[JSON]:
    properties, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    named = [properties[key]] if key in properties else []
    named += [subschema for pattern, subschema in patterns.items() if matches_somewhere(pattern, key)]
    return named or ([schema["additionalProperties"]] if "additionalProperties" in schema else [])


def at_item(parts: Subvalidators, at: int, contained: Subvalidator) -> Subvalidators:
    """Return the parts that speak of an item. contained: what it is to be for `contains`, if anything."""
    schemas_of_parts = [_of_item(part.schema, at) for part in parts]
    own = [part_of(part, schema) for part, schemas in zip(parts, schemas_of_parts, strict=True) for schema in schemas]
    if contained is not None:
        own.append(contained)
    elif not any(schemas_of_parts):
        own.extend(
            part_of(part, part.schema["unevaluatedItems"]) for part in parts if "unevaluatedItems" in part.schema
        )
    return _constraining(own)


def _of_item(schema: JSONMapping, at: int) -> list[JSON]:
    if at < prefix_length(schema):
        return [(schema["items"] if isinstance(schema.get("items"), list) else schema["prefixItems"])[at]]
    rest = "additionalItems" if isinstance(schema.get("items"), list) else "items"
    return [schema[rest]] if rest in schema else []


def prefix_length(schema: JSONMapping) -> int:
    """Return the number of first items that have a schema each; until 2019-09 `items` may be a list of them."""
    items = schema.get("items")
    return len(items if isinstance(items, list) else schema.get("prefixItems", ()))


def _constraining(parts: list[Subvalidator]) -> Subvalidators:
    return tuple(part for part in parts if part.schema is not True)
