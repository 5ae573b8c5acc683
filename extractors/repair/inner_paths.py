"""Values that stand deeper than they are asked for, at a path by which the model reads the field, too.

`street: str = Field(validation_alias=AliasPath("address", "street"))` is asked for as `street`, and a model may well
answer `{"address": {"street": …}}`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from slotfill.schemas.json_values import exact_json
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.validation.field_keys import KeyPath

__all__ = ["contradicted", "move_up"]


def move_up(value: JSONObject, keys: Collection[str], paths: Mapping[str, Sequence[KeyPath]]) -> dict[str, KeyPath]:
    """Put what stands at such a path under its key, in place, where that is missing; give the paths by key.

    keys: the keys that are asked for. What stands under one of them stays where it is, too.
    paths: by key, where else its value may stand.
    """
    moved: dict[str, KeyPath] = {}
    for key in (key for key in sorted(paths) if key in keys and key not in value):
        if routes := [route for path in paths[key] if (route := _route(value, path))]:
            moved[key] = routes[0]
    value |= {key: _at(value, route) for key, route in moved.items()}
    for route in sorted({route for route in moved.values() if route[0] not in keys}, key=_last_first, reverse=True):
        _take_out(value, route)
    return moved


def contradicted(value: JSONMapping, paths: Mapping[str, Sequence[KeyPath]]) -> set[str]:
    """Return the keys within which a path to another key's value leads to something else than stands there."""
    known = [key for key in paths if key in value]
    routes = [(key, route) for key in known for path in paths[key] if (route := _route(value, path))]
    return {str(route[0]) for key, route in routes if not exact_json.is_same(_at(value, route), value[key])}


def _take_out(value: JSON, path: KeyPath) -> None:
    """Take out what stands at a path, and what holds nothing then."""
    for end in range(len(path), 0, -1):
        holder = _at(value, path[: end - 1])
        if end == len(path) or not holder[path[end - 1]]:
            del holder[path[end - 1]]


def _at(value: JSON, path: KeyPath) -> JSON:
    for step in path:
        value = value[step]
    return value


def _last_first(path: KeyPath) -> list[tuple[str, int]]:
    """Order paths so that, backwards, the later of two items of a list comes first."""
    return [(step, 0) if isinstance(step, str) else ("", step) for step in path]


def _route(value: JSON, path: KeyPath) -> KeyPath | None:
    """Return the path as it leads through a value, indices counted from the start; None where it leads nowhere."""
    route: list[str | int] = []
    for step in path:
        if isinstance(step, str) and isinstance(value, dict) and step in value:
            route.append(step)
        elif isinstance(step, int) and isinstance(value, list) and -len(value) <= step < len(value):
            route.append(step % len(value))
        else:
            return None
        value = value[route[-1]]
    return tuple(route)
