"""Places in plain JSON data: the steps that lead to them, and values changed in one place."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeAlias

from slotfill.schemas.json_values.json_types import JSON

__all__ = ["NO_VALUE", "PathStep", "ValuePath", "replaced", "steps_of", "without_keys"]

PathStep: TypeAlias = str | int
"""A key of an object, or an index of a list."""

ValuePath: TypeAlias = tuple[PathStep, ...]
"""The steps from a whole value to a part of it; none lead to the whole."""

NO_VALUE = object()
"""What replaces a member or an item that is taken out."""


def steps_of(value: JSON) -> Sequence[PathStep]:
    """Return the keys of an object or the indexes of a list, none of any other value."""
    if isinstance(value, dict):
        return [*value]
    return range(len(value)) if isinstance(value, list) else ()


def replaced(value: JSON, path: ValuePath, replacement: JSON) -> JSON:
    """Return a value changed in one place; what is not changed is shared with the one given, which stays as it is."""
    if not path:
        return replacement
    step, *rest = path
    changed: JSON = {**value} if isinstance(value, dict) else [*value]
    if rest:
        changed[step] = replaced(value[step], tuple(rest), replacement)
    elif replacement is NO_VALUE:
        del changed[step]
    else:
        changed[step] = replacement
    return changed


def without_keys(value: JSON, keys: Collection[str]) -> JSON:
    """Return a value without the members that have one of some keys, at any depth."""
    if isinstance(value, dict):
        return {key: without_keys(part, keys) for key, part in value.items() if key not in keys}
    return [without_keys(part, keys) for part in value] if isinstance(value, list) else value
