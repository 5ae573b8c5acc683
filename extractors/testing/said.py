"""What the simulated model says, and how the service writes it: as a message, or as a stream of events."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic_core import from_json

from slotfill.extractors.testing.asked import BYTES_A_TOKEN, Asked, size

__all__ = ["Said", "count", "events", "say", "shorten", "write"]

PIECE = 24
"""Characters of one delta of a stream."""


@dataclass(frozen=True, slots=True)
class Said:
    """A reply's content blocks, as they stand in a message, and why the model stopped."""

    content: tuple[Mapping[str, Any], ...]
    stop_reason: str = "end_turn"
    stop_details: Mapping[str, Any] | None = None


def say(asked: Asked, text: str, value: Any) -> Said:
    """Say a text, or call the tool that was asked for with its value."""
    if asked.tool is None:
        return Said(({"type": "text", "text": text},) if text else ())
    return Said((call(asked.tool, value),), "tool_use")


def call(tool: str, value: Any, number: int = 1) -> dict[str, Any]:
    """Write a tool call."""
    return {"type": "tool_use", "id": f"toolu_{number:024d}", "name": tool, "input": value}


def count(said: Said) -> int:
    """Count the tokens written, as simulated."""
    return sum(size(_written(block)) for block in said.content)


def shorten(said: Said, tokens: int) -> Said:
    """Cut what is said after so many tokens, if it is longer."""
    if count(said) <= tokens:
        return said
    room, kept = tokens * BYTES_A_TOKEN, []
    for block in said.content:
        written = _written(block).encode("utf-8", "surrogatepass")[: max(0, room)].decode("utf-8", "ignore")
        room -= len(written.encode("utf-8", "surrogatepass"))
        if written:
            kept.append(_cut(block, written))
    return replace(said, content=tuple(kept), stop_reason="max_tokens")


def write(asked: Asked, said: Said, number: int, usage: Mapping[str, int]) -> dict[str, Any]:
    """Write the message that answers a request."""
    return {
        "id": f"msg_{number:024d}",
        "type": "message",
        "role": "assistant",
        "model": asked.model,
        "content": list(said.content),
        "stop_reason": said.stop_reason,
        "stop_sequence": None,
        "stop_details": said.stop_details,
        "usage": {**usage, "service_tier": "standard"},
    }


def events(message: Mapping[str, Any]) -> tuple[bytes, ...]:
    """Write a message as the service streams it."""
    return tuple(
        f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode("utf-8", "surrogatepass")
        for event in _events(message)
    )


def _events(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    begun = {**message, "content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 1}}
    yield {"type": "message_start", "message": begun}
    yield {"type": "ping"}
    for index, block in enumerate(message["content"]):
        start, kind, key = _form(block)
        yield {"type": "content_block_start", "index": index, "content_block": start}
        for piece in _pieces(_written(block)):
            yield {"type": "content_block_delta", "index": index, "delta": {"type": kind, key: piece}}
        if block["type"] == "thinking":
            signed = {"type": "signature_delta", "signature": block["signature"]}
            yield {"type": "content_block_delta", "index": index, "delta": signed}
        yield {"type": "content_block_stop", "index": index}
    ended = {name: message[name] for name in ("stop_reason", "stop_sequence", "stop_details")}
    yield {
        "type": "message_delta",
        "delta": ended,
        "usage": {"output_tokens": message["usage"]["output_tokens"]},
    }
    yield {"type": "message_stop"}


def _form(block: Mapping[str, Any]) -> tuple[dict[str, Any], str, str]:
    """Give how a block begins in a stream, and the kind and the key of what follows."""
    match block["type"]:
        case "tool_use":
            return {**block, "input": {}}, "input_json_delta", "partial_json"
        case "thinking":
            return {"type": "thinking", "thinking": "", "signature": ""}, "thinking_delta", "thinking"
    return {**block, "text": ""}, "text_delta", "text"


def _pieces(text: str) -> Sequence[str]:
    return [text[at : at + PIECE] for at in range(0, len(text), PIECE)]


def _written(block: Mapping[str, Any]) -> str:
    match block["type"]:
        case "tool_use":
            return json.dumps(block["input"], ensure_ascii=False)
        case "thinking":
            return str(block["thinking"])
    return str(block["text"])


def _cut(block: Mapping[str, Any], written: str) -> dict[str, Any]:
    """Give a block of which only the beginning was written; the service completes a tool's input to JSON."""
    match block["type"]:
        case "tool_use":
            return {**block, "input": from_json(written, allow_partial=True)}
        case "thinking":
            return {**block, "thinking": written}
    return {**block, "text": written}
