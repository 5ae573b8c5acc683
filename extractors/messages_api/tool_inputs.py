"""Tool inputs as the model wrote them: the SDK reads a reply's JSON, and with it the input of each tool call.

What it reads has lost digits of a number past the seventeenth, and all but the last of the keys that stand twice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from anthropic.types import Message

from slotfill.extractors.messages_api.inbound import keep_input_text

__all__ = ["keep_input_texts"]

_read = json.JSONDecoder().raw_decode
_SPACE = re.compile(r"[ \t\n\r]*")


def keep_input_texts(message: object, body: bytes, *, within: Sequence[str] = ()) -> None:
    """Have each tool call of a message carry its input's text.

    body: the JSON that the message was read from. within: the keys that lead to the message in it.
    """
    blocks = message.content if isinstance(message, Message) and isinstance(message.content, list) else []
    if not any(map(_is_call, blocks)):
        return
    text = body.decode(json.detect_encoding(body), "surrogatepass")
    at = _next(text, 0)
    for key in within:
        at, _ = dict(_members(text, at))[key]
    for block, (start, end) in zip(blocks, _inputs(text, at), strict=True):
        if _is_call(block) and end:
            keep_input_text(block, text[start:end])


def _is_call(block: object) -> bool:
    return getattr(block, "type", None) == "tool_use"  # the SDK builds its types without validating them


def _inputs(text: str, at: int) -> Iterator[tuple[int, int]]:
    """Return where the input of each block of a message stands that begins there, (0, 0) for one that has none."""
    places = dict(_members(text, at))
    start, _ = places.get("content", (0, 0))
    for block, _ in _items(text, start):
        yield dict(_members(text, block)).get("input", (0, 0))


def _members(text: str, at: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """Return the members of the object that begins at a place of a JSON text, each with the place of its value."""
    if text[at] != "{":
        return
    at = _next(text, at + 1)
    while text[at] != "}":
        key, at = _read(text, at)
        start = _next(text, _next(text, at) + 1)  # behind the colon
        _, end = _read(text, start)
        yield key, (start, end)
        at = _behind(text, end)


def _items(text: str, at: int) -> Iterator[tuple[int, int]]:
    """Return the places of the items of the list that begins there."""
    if text[at] != "[":
        return
    at = _next(text, at + 1)
    while text[at] != "]":
        _, end = _read(text, at)
        yield at, end
        at = _behind(text, end)


def _behind(text: str, end: int) -> int:
    """Return where the next one begins, or the container ends."""
    at = _next(text, end)
    return _next(text, at + 1) if text[at] == "," else at


def _next(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]  # it matches anywhere
