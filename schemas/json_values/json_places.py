"""Places in a JSON text: where the members of an object stand in it, and the items of a list."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

__all__ = ["items", "members", "next_place", "place_at"]

_read = json.JSONDecoder().raw_decode
_SPACE = re.compile(r"[ \t\n\r]*")


def members(text: str, at: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """Return the members of the object that begins at a place of a JSON text, each with the place of its value."""
    if text[at] != "{":
        return
    at = next_place(text, at + 1)
    while text[at] != "}":
        key, at = _read(text, at)
        start = next_place(text, next_place(text, at) + 1)  # behind the colon
        _, end = _read(text, start)
        yield key, (start, end)
        at = _behind(text, end)


def items(text: str, at: int) -> Iterator[tuple[int, int]]:
    """Return the places of the items of the list that begins there."""
    if text[at] != "[":
        return
    at = next_place(text, at + 1)
    while text[at] != "]":
        _, end = _read(text, at)
        yield at, end
        at = _behind(text, end)


def next_place(text: str, at: int) -> int:
    """Return where the next thing stands behind white space."""
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]  # it matches anywhere


def place_at(text: str, path: Sequence[str | int]) -> tuple[int, int]:
    """Return where the value stands that a path of keys and indexes leads to; of keys that stand twice the last.

    Raises LookupError where there is none, ValueError where the text is no JSON.
    """
    start = next_place(text, 0)
    _, end = _read(text, start)
    for step in path:
        start, end = [*items(text, start)][step] if isinstance(step, int) else dict(members(text, start))[step]
    return start, end


def _behind(text: str, end: int) -> int:
    """Return where the next one begins, or the container ends."""
    at = next_place(text, end)
    return next_place(text, at + 1) if text[at] == "," else at
