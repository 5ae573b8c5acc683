"""JSON Pointers (RFC 6901) from the locations that validators report."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["join", "pointer_to"]


def join(parts: Iterable[str | int]) -> str:
    """Write the parts as one JSON Pointer; no parts give "", the whole document."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def pointer_to(location: tuple[str | int, ...], data: object) -> str:
    """Turn Pydantic's location of an error into a JSON Pointer into `data`.

    Pydantic mixes union tags and function names into its locations; only what leads somewhere in the data is kept,
    and the last part where it names a key that is missing.
    """
    parts: list[str | int] = []
    for part in location:
        if isinstance(data, dict) and part in data:
            data = data[part]
        elif isinstance(data, list) and isinstance(part, int) and 0 <= part < len(data):
            data = data[part]
        elif not (isinstance(data, dict) and part == location[-1]):
            continue
        parts.append(part)
    return join(parts)
