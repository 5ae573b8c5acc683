"""Values that stand deeper than they are asked for, at a path by which the model reads the field, too.

`street: str = Field(validation_alias=AliasPath("address", "street"))` is asked for as `street`, and a model may well
answer `{"address": {"street": …}}`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from slotfill.schemas.json_values import exact_json
from slotfill.schemas.validation.field_keys import KeyPath

__all__ = ["contradicted", "move_up"]


def move_up(
    value: dict[str, Any], asked: Collection[str], paths: Mapping[str, Sequence[KeyPath]]
) -> dict[str, KeyPath]:
    """Put what stands at such a path under its key, in place, where that is missing; give the paths by key.

    asked: the keys that are asked for. What stands under one of them stays where it is, too.
    paths: by key, where else its value may stand.
    """
    moved: dict[str, KeyPath] = {}
    for key in (key for key in sorted(paths) if key in asked and key not in value):
        if ways := [way for path in paths[key] if (way := _way(value, path))]:
            moved[key] = ways[0]
    value |= {key: _at(value, way) for key, way in moved.items()}
    for way in sorted({way for way in moved.values() if way[0] not in asked}, key=_last_first, reverse=True):
        _take_out(value, way)
    return moved


def contradicted(value: Mapping[str, Any], paths: Mapping[str, Sequence[KeyPath]]) -> set[str]:
    """Give the keys within which a path to another key's value leads to something else than stands there."""
    known = [key for key in paths if key in value]
    ways = [(key, way) for key in known for path in paths[key] if (way := _way(value, path))]
    return {str(way[0]) for key, way in ways if not exact_json.is_same(_at(value, way), value[key])}


def _take_out(value: Any, path: KeyPath) -> None:
    """Take out what stands at a path, and what holds nothing then."""
    for end in range(len(path), 0, -1):
        holder = _at(value, path[: end - 1])
        if end == len(path) or not holder[path[end - 1]]:
            del holder[path[end - 1]]


def _at(value: Any, path: KeyPath) -> Any:
    for step in path:
        value = value[step]
    return value


def _last_first(path: KeyPath) -> list[tuple[str, int]]:
    """Order paths so that, backwards, the later of two items of a list comes first."""
    return [(step, 0) if isinstance(step, str) else ("", step) for step in path]


def _way(value: Any, path: KeyPath) -> KeyPath | None:
    """Give the path as it leads through a value, indices counted from the start; None where it leads nowhere."""
    way: list[str | int] = []
    for step in path:
        if isinstance(step, str) and isinstance(value, dict) and step in value:
            way.append(step)
        elif isinstance(step, int) and isinstance(value, list) and -len(value) <= step < len(value):
            way.append(step % len(value))
        else:
            return None
        value = value[way[-1]]
    return tuple(way)
