"""The drafts of JSON Schema as validators: the `jsonschema` library's own, with what it leaves open closed.

Patterns are ECMA-262's and cannot hang, decimals are decimal, surplus and missing keys are reported one by one. All of
a document is checked so, whatever drafts its parts name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction
from functools import cache
from typing import Any, TypeAlias

import jsonschema
from jsonschema import FormatChecker
from jsonschema.exceptions import FormatError
from jsonschema.exceptions import ValidationError as Finding
from jsonschema.validators import extend, validator_for
from referencing.jsonschema import lookup_recursive_ref

from slotfill.schemas.json_schema.patterns import check_time, deadline, matches_somewhere
from slotfill.schemas.json_values.json_types import JSON, JSONMapping

__all__ = ["DRAFTS", "DraftValidator", "KeywordCheck", "dialect", "draft_of", "validation"]

DraftValidator: TypeAlias = Any
"""A validator of `jsonschema`, or the class of a draft's. The library names no public type for one that evolves."""

KeywordCheck = Callable[[DraftValidator, JSON, JSON, JSON], Iterable[Finding]]
"""How jsonschema calls a keyword: the validator, the keyword's value, the instance, the schema around."""

DRAFTS: tuple[DraftValidator, ...] = (
    jsonschema.Draft202012Validator,
    jsonschema.Draft201909Validator,
    jsonschema.Draft7Validator,
    jsonschema.Draft6Validator,
    jsonschema.Draft4Validator,
)
"""The library's validators of the drafts that are supported, the newest first."""


def draft_of(schema: JSON, default: DraftValidator = None) -> DraftValidator:
    """Return the library's validator of the draft that a schema names, else the default."""
    draft = validator_for(schema, default=default)
    return draft if draft in DRAFTS else default


@cache
def dialect(draft: DraftValidator, ignored: frozenset[str] = frozenset()) -> DraftValidator:
    """Make the class that validates a draft, without the keywords that are to be ignored."""
    keywords = {keyword: check for keyword, check in _CHECKS.items() if keyword in draft.VALIDATORS}
    kind: DraftValidator = extend(draft, keywords | dict.fromkeys(ignored, _nothing))  # type: ignore[no-untyped-call]  # partly typed
    # The library's own would go back to its stock class wherever a `$schema` stands, be it by way of "#".
    kind.evolve = _evolve
    return kind


def _evolve(validator: DraftValidator, **changes: Any) -> DraftValidator:
    """Make a validator of another schema: this is called for each subschema and instance, so it watches the time."""
    check_time()
    schema = changes.get("schema", validator.schema)
    draft = draft_of(schema)
    kind = dialect(draft) if draft else type(validator)
    kept = {
        "format_checker": validator.format_checker,
        "registry": validator._registry,  # noqa: SLF001 - the library has no public name for it
        "_resolver": validator._resolver,  # noqa: SLF001 - likewise
    }
    return kind(**{**kept, **changes, "schema": schema})


_passed: ContextVar[set[tuple[int, int]] | None] = ContextVar("passed", default=None)


@contextmanager
def validation() -> Iterator[None]:
    """Bound the time of what is validated within, and remember which parts have passed which definitions."""
    token = _passed.set(set())
    try:
        with deadline():
            yield
    finally:
        _passed.reset(token)


def _reference(validator: DraftValidator, reference: str, instance: JSON, _: JSON) -> Iterator[Finding]:
    """Check a part by a definition, once: definitions that refer to others twice each would be walked 2^n times."""
    found_there = validator._resolver.lookup(reference)  # noqa: SLF001 - the library has no public name for it
    # What a dynamic reference means depends on the way that leads there.
    plain = next(iter(validator._resolver.dynamic_scope()), None) is None  # noqa: SLF001 - likewise
    passed = _passed.get() if plain else None
    key = (id(found_there.contents), id(instance))
    if passed is not None and key in passed:
        return
    fails = False
    for finding in validator.descend(instance, found_there.contents, resolver=found_there.resolver):
        fails = True
        yield finding
    if passed is not None and not fails:
        passed.add(key)


def _nothing(*_: JSON) -> Iterator[Finding]:
    return iter(())


def _pattern(validator: DraftValidator, pattern: str, instance: JSON, _: JSON) -> Iterator[Finding]:
    if validator.is_type(instance, "string") and not matches_somewhere(pattern, instance):
        yield Finding(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(validator: DraftValidator, patterns: JSONMapping, instance: JSON, _: JSON) -> Iterator[Finding]:
    if not validator.is_type(instance, "object"):
        return
    for pattern, schema in patterns.items():
        for key, value in instance.items():
            if matches_somewhere(pattern, key):
                yield from validator.descend(value, schema, path=key, schema_path=pattern)


def _additional_properties(
    validator: DraftValidator, rule: JSON, instance: JSON, schema: JSONMapping
) -> Iterator[Finding]:
    if validator.is_type(instance, "object"):
        yield from _surplus(validator, rule, instance, _named(instance, schema))


def _unevaluated_properties(
    validator: DraftValidator, rule: JSON, instance: JSON, schema: JSONMapping
) -> Iterator[Finding]:
    if not validator.is_type(instance, "object"):
        return
    known = set(instance) if "additionalProperties" in schema else _seen(validator, instance, schema)
    yield from _surplus(validator, rule, instance, known)


def _surplus(validator: DraftValidator, rule: JSON, instance: JSONMapping, known: Collection[str]) -> Iterator[Finding]:
    for key, value in instance.items():
        if key in known:
            continue
        if rule is False:
            yield Finding("is not a property of the schema", path=[key])
        else:
            yield from validator.descend(value, rule, path=key)


def _named(instance: JSONMapping, schema: JSONMapping) -> set[str]:
    """Return the keys that `properties` and `patternProperties` of a schema speak of."""
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    return {key for key in instance if key in named or any(matches_somewhere(pattern, key) for pattern in patterns)}


def _seen(validator: DraftValidator, instance: JSONMapping, schema: JSONMapping) -> set[str]:
    """Return the keys that a schema, its own `unevaluatedProperties` apart, has evaluated (2020-12, core, 11.3)."""
    keys = _named(instance, schema)
    for part in _in_place(validator, instance, schema):
        if isinstance(part.schema, Mapping) and part.is_valid(instance):
            rest = {"additionalProperties", "unevaluatedProperties"}.intersection(part.schema)
            keys |= set(instance) if rest else _seen(part, instance, part.schema)
    return keys


def _in_place(validator: DraftValidator, instance: JSONMapping, schema: JSONMapping) -> Iterator[JSON]:
    """Yield a validator for each subschema that applies to the same instance."""
    resolver = validator._resolver  # noqa: SLF001 - the library has no public name for it
    targets = [resolver.lookup(schema[keyword]) for keyword in ("$ref", "$dynamicRef") if keyword in schema]
    targets += [lookup_recursive_ref(resolver)] if "$recursiveRef" in schema else []
    for target in targets:
        yield validator.evolve(schema=target.contents, _resolver=target.resolver)
    for keyword in ("allOf", "anyOf", "oneOf"):
        yield from (validator.evolve(schema=part) for part in schema.get(keyword, ()))
    for key, part in schema.get("dependentSchemas", {}).items():
        if key in instance:
            yield validator.evolve(schema=part)
    if "if" in schema:
        condition = validator.evolve(schema=schema["if"])
        yield condition
        yield validator.evolve(schema=schema.get("then" if condition.is_valid(instance) else "else", True))


def _required(validator: DraftValidator, keys: list[str], instance: JSON, _: JSON) -> Iterator[Finding]:
    if validator.is_type(instance, "object"):
        yield from (Finding("is required", path=[key]) for key in keys if key not in instance)


def _multiple_of(validator: DraftValidator, factor: float, instance: JSON, _: JSON) -> Iterator[Finding]:
    """Divide the numbers as they are written: 19.99 is a multiple of 0.01, though no binary fraction is."""
    if validator.is_type(instance, "number") and (_written(instance) / _written(factor)).denominator != 1:
        yield Finding(f"{instance!r} is not a multiple of {factor!r}")


def _written(number: float) -> Fraction:
    return Fraction(number) if isinstance(number, int) else Fraction(repr(number))


def _unique_items(validator: DraftValidator, rule: bool, instance: JSON, _: JSON) -> Iterator[Finding]:
    """Find equal items by their hash: the library compares each two of them."""
    seen: set[Hashable] = set()
    for at, item in enumerate(instance if rule and validator.is_type(instance, "array") else ()):
        if (identity := _identity(item)) in seen:
            yield Finding("is there twice", path=[at])
        seen.add(identity)


def _identity(value: JSON) -> Hashable:
    """Return what is equal for equal JSON values: 1 and 1.0 are equal, 1 and true are not."""
    if isinstance(value, dict):
        return "object", frozenset((key, _identity(part)) for key, part in value.items())
    return ("array", *map(_identity, value)) if isinstance(value, list) else (isinstance(value, bool), value)


def _format(validator: DraftValidator, name: str, instance: JSON, _: JSON) -> Iterator[Finding]:
    """Check a format where the validator has a check of it: every other one is an annotation."""
    checker: FormatChecker | None = validator.format_checker
    if checker is not None:
        try:
            checker.check(instance, name)
        except FormatError as error:
            yield Finding(str(error.cause))


_CHECKS: dict[str, KeywordCheck] = {
    "$ref": _reference,
    "additionalProperties": _additional_properties,
    "format": _format,
    "multipleOf": _multiple_of,
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "required": _required,
    "unevaluatedProperties": _unevaluated_properties,
    "uniqueItems": _unique_items,
}
