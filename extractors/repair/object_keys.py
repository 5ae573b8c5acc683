"""The keys of an object: which one another one is meant to be, which nobody asked for, and what object has them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from slotfill.extractors.forms.value_types import Schemas, listed_in, types_of
from slotfill.extractors.record.parts import Risk
from slotfill.schemas.json_schema.patterns import OutOfTimeError, deadline, matches_somewhere
from slotfill.schemas.json_schema.subschemas import properties_of, subschemas
from slotfill.schemas.json_schema.value_walk import walk
from slotfill.schemas.json_values import exact_json
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.schema import Schema

__all__ = [
    "Synonyms",
    "closest_member",
    "contradicts",
    "has_twin_keys",
    "known_as",
    "known_keys",
    "likely_key",
    "twin_keys",
    "unknown_keys",
]

S = TypeVar("S", bound=Schemas)

Synonyms = Mapping[str, Iterable[str]]
"""By key, the other names by which a model knows the field."""

_ALIKE = 0.8
"""How alike two names must be, as difflib has it, for one to be a misspelling of the other."""


def known_keys(schemas: Schemas) -> frozenset[str]:
    """Return the keys that schemas name."""
    return frozenset(name for schema in schemas for name in properties_of(schema))


def known_as(key: str, schemas: Schemas, synonyms: Synonyms) -> str:
    """Return the name by which schemas know a key: a model may read a field by another one, too."""
    known = known_keys(schemas)
    return key if key in known else next((name for name in known if key in synonyms.get(name, ())), key)


def unknown_keys(value: JSONMapping, schemas: Schemas) -> Iterator[str]:
    """Yield the keys that no alternative knows, where further ones are forbidden."""
    if _is_open(schemas):
        return
    known = known_keys(schemas)
    patterns = {pattern for schema in schemas for pattern in schema.get("patternProperties", ())}
    yield from (key for key in value if key not in known and not _matches(key, patterns))


def twin_keys(value: JSONMapping, schemas: Schemas, synonyms: Synonyms) -> Iterator[str]:
    """Yield the keys that may stand in an object, and mean one that is asked for and missing: `phoneNo`, `phone_no`."""
    known = known_keys(schemas)
    if known and _is_open(schemas):
        yield from (key for key in value if key not in known and _twin(key, value, known, synonyms))


def has_twin_keys(data: JSON, schema: Schema[Any]) -> bool:
    """Whether a value, valid or not, has any such key in it."""
    return _may_have_twins(schema) and any(
        any(True for _ in twin_keys(node.value, node.schemas, schema.synonyms))
        for node in walk(data, schema.json_schema)
        if isinstance(node.value, dict)
    )


@lru_cache(maxsize=64)
def _may_have_twins(schema: Schema[Any]) -> bool:
    """Whether any object of a schema is open: those of most are all closed."""
    objects = [part for _, part in subschemas(schema.json_schema) if "properties" in part]
    return any(part.get("additionalProperties", part.get("unevaluatedProperties")) is not False for part in objects)


def _is_open(schemas: Schemas) -> bool:
    """Whether an object may have keys that no alternative names."""
    others = [
        schema[name]
        for schema in schemas
        for name in ("additionalProperties", "unevaluatedProperties")
        if name in schema
    ]
    return not others or any(other is not False for other in others)


def _twin(key: str, value: JSONMapping, known: Iterable[str], synonyms: Synonyms) -> str | None:
    """Return the one known key, missing in a value, that is the same as another but for case and signs."""
    twins = [name for name in known if name not in value and _is_same(key, name, synonyms)]
    return twins[0] if len(twins) == 1 else None


def likely_key(key: str, value: JSONMapping, known: Iterable[str], synonyms: Synonyms) -> tuple[str, Risk] | None:
    """Return the known key, missing in a value, that is nearly this one: `dueDate` for `due_date`, or `due_dat`."""
    if twin := _twin(key, value, known, synonyms):
        return twin, "low"
    absent = sorted(name for name in {*known} if name not in value)
    alike = difflib.get_close_matches(key, absent, n=1, cutoff=_ALIKE)
    return (alike[0], "high") if alike else None


def contradicts(key: str, value: JSONMapping, known: Iterable[str], synonyms: Synonyms) -> bool:
    """Whether a known key stands in a value, too, that means the same as this one and holds something else."""
    twins = [name for name in known if name in value and _is_same(key, name, synonyms)]
    return any(not exact_json.is_same(value[key], value[name]) for name in twins)


def closest_member(value: JSONMapping, members: Sequence[S]) -> S | None:
    """Return the member of a union that loses least of an object's keys.

    None where none has all that it needs, or two lose as much.

    A key that is null loses nothing when it goes; of members that lose nothing, the first one counts.
    members: of each, all schemas that may speak of it.
    """
    losses = sorted(
        (sum(value[key] is not None for key in unknown_keys(value, member)), number)
        for number, member in enumerate(members)
        if _has_all(value, member)
    )
    if not losses or (len(losses) > 1 and 0 < losses[0][0] == losses[1][0]):
        return None
    return members[losses[0][1]]


def _has_all(value: JSONMapping, member: Schemas) -> bool:
    """Whether an object has what a member needs, and no other tag: a constant that tells it from others."""
    needed = {key for schema in member for key in schema.get("required", ())}
    tags = [
        (key, listed)
        for key in known_keys(member)
        for schema in member
        if key in value and (listed := listed_in([schema.get("properties", {}).get(key, {})]))
    ]
    return "object" in types_of(member) and needed <= {*value} and all(value[key] in listed for key, listed in tags)


def _letters(name: str) -> str:
    """Return letters and digits in one case: those of `lineItems`, `line_items` and `Line items` are the same."""
    return re.sub(r"[\W_]+", "", name).casefold()


def _is_same(key: str, known: str, synonyms: Synonyms) -> bool:
    return _letters(key) in {_letters(name) for name in (known, *synonyms.get(known, ()))}


def _matches(key: str, patterns: Iterable[str]) -> bool:
    """Whether a pattern knows a key; one that takes too long to say so might."""
    try:
        with deadline():
            return any(matches_somewhere(pattern, key) for pattern in patterns)
    except OutOfTimeError:
        return True
