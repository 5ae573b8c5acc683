"""JSON Patch (RFC 6902): what has changed from one value to the next."""

from __future__ import annotations

from collections.abc import Iterator

from slotfill.schemas.json_values.json_types import JSON, JSONObject
from slotfill.schemas.json_values.pointer import join

__all__ = ["patch_between"]


def patch_between(before: JSON, after: JSON) -> list[JSONObject]:
    """Return the operations that make one value of another; none where they are the same."""
    return [*_operations(before, after, "")]


def _operations(before: JSON, after: JSON, path: str) -> Iterator[JSONObject]:
    match before, after:
        case dict(), dict():
            for key in before.keys() - after.keys():
                yield {"op": "remove", "path": path + join([key])}
            for key, value in after.items():
                place = path + join([key])
                if key in before:
                    yield from _operations(before[key], value, place)
                else:
                    yield {"op": "add", "path": place, "value": value}
        case list(), list():
            for number, (one, other) in enumerate(zip(before, after, strict=False)):
                yield from _operations(one, other, f"{path}/{number}")
            for number in range(len(before) - 1, len(after) - 1, -1):  # from the end: each moves those behind it
                yield {"op": "remove", "path": f"{path}/{number}"}
            for value in after[len(before) :]:
                yield {"op": "add", "path": f"{path}/-", "value": value}
        case _ if type(before) is not type(after) or before != after:
            yield {"op": "replace", "path": path, "value": after}
