"""A message that arrives as a stream of events, put together in one pass.

The SDK's own helper reads a tool call's whole input again at every event, which takes quadratic time.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from anthropic.types import Message, MessageDeltaUsage, Usage
from pydantic_core import from_json

__all__ = ["Arriving"]


class Arriving:
    """A message of which more and more arrives. `request_id` is the service's, once it has answered."""

    def __init__(self) -> None:
        self.request_id: str | None = None
        self._whole: dict[str, Any] = {}
        self._pieces: defaultdict[int, list[str]] = defaultdict(list)
        self._counted = self._ended = False

    @property
    def begun(self) -> bool:
        """Whether anything of the message has arrived."""
        return bool(self._whole)

    @property
    def usage(self) -> Usage | None:
        """What the service counted, None unless all of the message has arrived: until then it has not told all."""
        return Usage.construct(**self._whole["usage"]) if self._counted and self._ended else None

    def take(self, event: Any) -> str:
        """Take one of the SDK's raw events; give what it adds to the text, or to the tool's input."""
        try:
            return self._take(event)
        except (AttributeError, LookupError, TypeError):  # the SDK builds its events without validating them
            raise ValueError("the stream holds what is no event") from None

    def _take(self, event: Any) -> str:
        match event.type:
            case "message_start":
                self._whole = event.message.to_dict()
            case "content_block_start":
                self._whole["content"].append(event.content_block.to_dict())
            case "content_block_delta":
                return self._add(event.index, event.delta)
            case "message_delta":
                self._whole |= {name: value for name, value in event.delta.to_dict().items() if value is not None}
                self._count(event.usage)
            case "message_stop":
                self._ended = True
        return ""

    def _count(self, told: object) -> None:
        """Take the totals: what is not told stays as it was. What a gateway streams may not tell any."""
        counts = told.to_dict() if isinstance(told, MessageDeltaUsage) else {}
        self._whole["usage"] = (self._whole.get("usage") or {}) | {
            name: count for name, count in counts.items() if count is not None
        }
        self._counted = "output_tokens" in counts

    def message(self) -> Message | None:
        """Give the message, None unless all of it has arrived. Raises ValueError for a tool's input that is no JSON."""
        return self._built() if self._ended else None

    def cut(self, stop_reason: str) -> Message:
        """Give what has arrived of a message that breaks off, with this stop reason."""
        self._whole["stop_reason"] = stop_reason
        return self._built()

    def _add(self, index: int, delta: Any) -> str:
        match delta.type:
            case "text_delta":
                piece: str = delta.text
            case "input_json_delta":
                piece = delta.partial_json
            case _:
                return ""
        if index not in range(len(self._whole.get("content", ()))):
            raise ValueError(f"the stream goes on with block {index}, which has not begun")
        self._pieces[index].append(piece)
        return piece

    def _built(self) -> Message:
        for index, pieces in self._pieces.items():
            block, text = self._whole["content"][index], "".join(pieces)
            if block["type"] == "text":
                block["text"] = text
            else:
                block["input"] = _input(text, cut=self._whole.get("stop_reason") not in ("tool_use", "end_turn"))
        message = Message.construct(**self._whole)
        message._request_id = self.request_id  # noqa: SLF001 - where the SDK keeps it
        return message


def _input(text: str, *, cut: bool) -> Any:
    """Read a tool call's input, as far as it goes where it was cut off."""
    if not cut:
        return json.loads(text or "{}")
    try:
        return from_json(text, allow_partial="trailing-strings")
    except ValueError:
        return text
