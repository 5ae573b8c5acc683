"""Tool inputs as the model wrote them: the SDK reads a reply's JSON, and with it the input of each tool call.

What it reads has lost digits of a number past the seventeenth, and all but the last of the keys that stand twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from anthropic.types import Message

from slotfill.extractors.messages_api.inbound import keep_input_text
from slotfill.schemas.json_values.json_places import items, members, next_place

__all__ = ["keep_input_texts"]


def keep_input_texts(message: object, body: bytes, *, within: Sequence[str] = ()) -> None:
    """Have each tool call of a message carry its input's text.

    body: the JSON that the message was read from. within: the keys that lead to the message in it.
    """
    blocks = message.content if isinstance(message, Message) and isinstance(message.content, list) else []
    if not any(map(_is_call, blocks)):
        return
    text = body.decode(json.detect_encoding(body), "surrogatepass")
    at = next_place(text, 0)
    for key in within:
        at, _ = dict(members(text, at))[key]
    for block, (start, end) in zip(blocks, _inputs(text, at), strict=True):
        if _is_call(block) and end:
            keep_input_text(block, text[start:end])


def _is_call(block: object) -> bool:
    return getattr(block, "type", None) == "tool_use"  # the SDK builds its types without validating them


def _inputs(text: str, at: int) -> Iterator[tuple[int, int]]:
    """Return where the input of each block of a message stands that begins there, (0, 0) for one that has none."""
    places = dict(members(text, at))
    start, _ = places.get("content", (0, 0))
    for block, _ in items(text, start):
        yield dict(members(text, block)).get("input", (0, 0))
