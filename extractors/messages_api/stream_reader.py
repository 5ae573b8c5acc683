"""A message that arrives as a stream of events, put together in one pass.

The SDK's own helper reads a tool call's whole input again at every event, which takes quadratic time.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections import defaultdict
from typing import Any

from anthropic.types import Message, MessageDeltaUsage
from anthropic.types import Usage as SDKUsage
from pydantic_core import from_json

from slotfill.extractors.messages_api.inbound import keep_input_text, usage_of
from slotfill.extractors.record.stop_reasons import BROKEN_STREAM, CUT_OFF
from slotfill.extractors.record.usage import Usage
from slotfill.schemas.json_values.json_types import JSON, JSONObject

__all__ = ["StreamReader"]


class StreamReader:
    """A message of which more and more arrives. `request_id` is the service's, once it has answered."""

    def __init__(self) -> None:
        self.request_id: str | None = None
        self.ended = False
        self._whole: JSONObject = {}
        self._places: dict[object, int] = {}
        self._pieces: defaultdict[int, list[str]] = defaultdict(list)
        self._counts: JSONObject = {}
        # A character that is written as two escapes may come in two pieces.
        self._characters = getincrementaldecoder("utf-16-le")("replace")
        self._half = False

    @property
    def begun(self) -> bool:
        """Whether anything of the message has arrived."""
        return bool(self._whole)

    @property
    def usage(self) -> Usage:
        """What the service has counted so far: what it wrote is unknown until the totals arrive."""
        return usage_of(SDKUsage.construct(**self._counts), self._whole.get("content", ()))

    def take(self, event: Any) -> str:
        """Take one of the SDK's raw events; return what it adds to the text, or to the tool's input.

        What comes behind a whole message is not looked at.

        Raises ValueError for what is no event, as the SDK builds them without validating them, and for a second message
        within the first, as a gateway makes of two streams.
        """
        try:
            return "" if self.ended else self._take(event)
        except Exception as error:
            raise ValueError(f"the stream cannot be read: {error}") from error

    def _take(self, event: Any) -> str:
        match event.type:
            case "message_start":
                self._start(event.message)
            case "content_block_start":
                return self._begin(event.index, event.content_block.to_dict(warnings=False))
            case "content_block_delta":
                return self._add(event.index, event.delta)
            case "message_delta":
                delta = event.delta.to_dict(warnings=False)
                self._whole |= {name: value for name, value in delta.items() if value is not None}
                self._count(event)
            case "message_stop":
                self.ended = True
        return ""

    def _start(self, message: Any) -> None:
        if self.begun:
            raise ValueError("a second message begins in it")
        self._whole = message.to_dict(warnings=False)
        self._count(message)
        for name in ("output_tokens", "output_tokens_details"):  # of what is still to be written
            self._counts.pop(name, None)

    def _count(self, event: Any) -> None:
        """Take the totals: what is not told stays as it was. What a gateway streams may not tell any."""
        usage = getattr(event, "usage", None)
        counts = usage.to_dict(warnings=False) if isinstance(usage, SDKUsage | MessageDeltaUsage) else {}
        self._counts |= {name: count for name, count in counts.items() if count is not None}

    def message(self) -> Message:
        """Return the message; of one that broke off what has arrived, with the stop reason `BROKEN_STREAM`."""
        if not self.ended:
            self._whole["stop_reason"] = BROKEN_STREAM
        return self._built()

    def _begin(self, index: object, block: JSONObject) -> str:
        """Take a block by its number, which need not be its place: of a gateway that drops thoughts it is a later one.

        Two may have one number; what follows is of the second. A text may begin with some of itself.
        """
        blocks = self._whole["content"]
        self._places[len(blocks) if index is None else index] = len(blocks)
        blocks.append(block)
        return self._put(len(blocks) - 1, block["text"]) if block["type"] == "text" and block["text"] else ""

    def _add(self, index: object, delta: Any) -> str:
        match delta.type:
            case "text_delta":
                piece: str = delta.text
            case "input_json_delta":
                piece = delta.partial_json
            case _:
                return ""
        place = self._places.get(index)
        if place is None:
            raise ValueError(f"the stream goes on with block {index}, which has not begun")
        return self._put(place, piece)

    def _put(self, place: int, piece: str) -> str:
        text = self._whole_characters(piece)
        self._pieces[place].append(piece)
        return text

    def _whole_characters(self, piece: str) -> str:
        """Return a piece's whole characters: half a surrogate pair waits for its other half."""
        if piece.isascii() and not self._half:
            return piece
        text = self._characters.decode(piece.encode("utf-16-le", "surrogatepass"))
        self._half = bool(self._characters.getstate()[0])
        return text

    def _built(self) -> Message:
        texts = {place: "".join(pieces) for place, pieces in self._pieces.items()}
        for place, text in texts.items():
            block = self._whole["content"][place]
            block.update({"text": text} if block["type"] == "text" else {"input": _readable(text)})
        message = Message.construct(**self._whole | {"usage": self._counts})
        message._request_id = self.request_id  # noqa: SLF001 - where the SDK keeps it
        for place, text in texts.items():
            if message.stop_reason not in CUT_OFF:
                keep_input_text(message.content[place], text)
        return message


def _readable(text: str) -> JSON:
    """Read a tool call's input as far as it goes."""
    try:
        return from_json(text or "{}", allow_partial="trailing-strings")
    except ValueError:
        return text
