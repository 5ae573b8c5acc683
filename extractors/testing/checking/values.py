"""Validated values taken apart, compared and searched through."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from slotfill.schemas.errors import InvalidError
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.json_values.pointer import follow, join
from slotfill.schemas.schema import Schema

__all__ = ["difference", "excess", "first_difference", "holds_nothing", "leading", "recorded", "unpacked"]

Path = tuple[str | int, ...]

_IDENTITY: Any = object.__eq__
"""The equality of classes that define none."""


def unpacked(value: object) -> Any:
    """Turn models into dicts of their fields by name, without any serializer, and iterators into lists."""
    if isinstance(value, BaseModel):
        fields = {**value.__dict__, **(value.__pydantic_extra__ or {})}
        return unpacked(fields["root"]) if type(value).__pydantic_root_model__ else unpacked(fields)
    if isinstance(value, Mapping):
        return {key: unpacked(part) for key, part in value.items()}
    return [*map(unpacked, value)] if isinstance(value, list | Iterator) else value


def difference(one: Any, other: Any) -> str | None:
    """Return the JSON Pointer of the first part in which two values differ, None when there is none: true is no 1."""
    steps = first_difference(one, other)
    return None if steps is None else join(steps)


def first_difference(one: Any, other: Any) -> Path | None:
    """Return the steps to the first part in which two values differ, None when there is none."""
    return next(_differences(one, other, ()), None)


def _differences(one: Any, other: Any, path: Path) -> Iterator[Path]:
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for key, part in one.items():
            yield from _differences(part, other[key], (*path, key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for at, part in enumerate(one):
            yield from _differences(part, other[at], (*path, at))
    elif not _is_equal(one, other):
        yield path


def _is_equal(one: Any, other: Any) -> bool:
    """Compare two parts; objects of a class that defines no equality, by what they hold."""
    if type(one) is not type(other) or type(one).__eq__ is not _IDENTITY:
        return type(one) is type(other) and bool(one == other)
    return getattr(one, "__dict__", None) == getattr(other, "__dict__", None)


def excess(value: JSON, whole: Any) -> str | None:
    """Return the JSON Pointer of the first part of a value that is no part of a whole one, None when all of it is.

    An object may lack keys, a list items: what is left of it has its order.
    """
    return next((join(path) for path in _excesses(value, whole, ())), None)


def _excesses(value: JSON, whole: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, dict) and isinstance(whole, dict):
        for key, part in value.items():
            yield from _excesses(part, whole[key], (*path, key)) if key in whole else [(*path, key)]
    elif isinstance(value, list) and isinstance(whole, list):
        rest = iter(whole)
        for at, part in enumerate(value):
            if all(difference(part, item) is not None for item in rest):
                yield (*path, at)
    elif type(value) is not type(whole) or value != whole:
        yield path


def leading(path: str, value: object) -> str:
    """Shorten a JSON Pointer until it leads somewhere in a value, or is missing from an object there."""
    while path and follow(path, value) is None and not isinstance(follow(path.rpartition("/")[0], value), dict):
        path = path.rpartition("/")[0]
    return path


def holds_nothing(value: object) -> bool:
    """Whether JSON data is null, empty, or made of nothing else."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return value in (None, "") if parts is None else all(map(holds_nothing, parts))


def recorded(schema: Schema[Any], value: object, document: str | None = None) -> JSON:
    """Return a value as its record would hold it, None when it is refused, or no serializer can write it."""
    try:
        return schema.dump(schema.validate(json.dumps(schema.wrap(value)), document=document))
    except InvalidError:
        return None
