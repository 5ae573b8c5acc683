"""JSON Pointers (RFC 6901): written, taken apart, followed, and made from the locations that validators report."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from slotfill.schemas.json_values.json_types import JSON

__all__ = ["ANY_INDEX", "field_path", "follow", "is_within", "join", "list_index", "pointer_to", "steps_to", "tokens"]

ANY_INDEX = "*"
"""What stands for the index of a list in the path of a field."""

_INDEX = re.compile("0|[1-9][0-9]{0,17}")
"""No list is longer, and Python reads no number of some thousand digits, which anybody may write into a path."""


def join(parts: Iterable[str | int]) -> str:
    """Return the parts as one JSON Pointer; no parts give "", the whole document."""
    return "".join([f"/{_escaped(part) if isinstance(part, str) else part}" for part in parts])


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1") if "~" in key or "/" in key else key


def tokens(pointer: str) -> list[str]:
    """Return the keys, and the indices as texts, that a JSON Pointer leads by: "/a~1b/0" gives "a/b" and "0"."""
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def follow(pointer: str, document: object) -> JSON:
    """Return what a JSON Pointer leads to, None when that is nothing."""
    for key in tokens(pointer):
        if isinstance(document, Mapping) and key in document:
            document = document[key]
        elif isinstance(document, list) and (index := list_index(key)) is not None and index < len(document):
            document = document[index]
        else:
            return None
    return document


def list_index(token: str) -> int | None:
    """Return the index that a part of a JSON Pointer is, None where it is none: "01" and "-1" are none."""
    return int(token) if _INDEX.fullmatch(token) else None


def is_within(pointer: str, places: Iterable[str]) -> bool:
    """Whether a JSON Pointer leads to one of some places, or to a part of one."""
    return any(pointer == place or pointer.startswith(f"{place}/") for place in places)


def field_path(pointer: str, document: object) -> str:
    """Return a JSON Pointer into a document with `*` for each index of a list: "/items/3/price" gives "/items/*/price".

    A key "3" of an object stays as it is.
    """
    path: list[str] = []
    for token in tokens(pointer):
        path.append(ANY_INDEX if isinstance(document, list) else token)
        document = follow(join((token,)), document)
    return join(path)


def steps_to(pointer: str, document: object) -> tuple[str | int, ...]:
    """Return the keys and indices that a JSON Pointer leads by into a document."""
    steps: list[str | int] = []
    for token in tokens(pointer):
        index = list_index(token) if isinstance(document, list) else None
        steps.append(token if index is None else index)
        document = follow(join((token,)), document)
    return tuple(steps)


def pointer_to(location: tuple[str | int, ...], data: object, *, missing: bool = False) -> str:
    """Turn Pydantic's location of an error into a JSON Pointer into `data`.

    Pydantic mixes union tags and function names into its locations; only what leads somewhere in the data is
    kept.

    missing: whether the last part names a key that should be there; it is kept too.
    """
    parts: list[str | int] = []
    for number, part in enumerate(location, 1):
        if (isinstance(data, dict) and part in data) or _is_item(part, data):
            data = data[part]  # type: ignore[index]  # what was just looked at
        elif not (missing and number == len(location)):
            continue
        parts.append(part)
    return join(parts)


def _is_item(part: str | int, data: object) -> bool:
    return isinstance(data, list) and isinstance(part, int) and 0 <= part < len(data)
