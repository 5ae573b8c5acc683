"""A message as the service streams it: server-sent events, written for those who stand in for the service."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from slotfill.extractors.messages_api.message import written_in
from slotfill.schemas.json_values.json_types import JSONMapping, JSONObject

__all__ = ["STREAM", "events"]

STREAM = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
"""The headers of a stream."""

_COUNTED = (
    *("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),
    *("output_tokens", "output_tokens_details"),
)
"""What the end of a stream tells of the usage."""

PIECE = 24
"""Characters of one delta."""


def events(
    message: JSONMapping, *, begun: int = 1, late_ping: bool = False, citable: bool = False
) -> tuple[bytes, ...]:
    """Write a message as the service streams it, an event in each piece.

    begun: the output tokens that the start tells, and that are not yet all. late_ping: the ping comes after the first
    delta, not the first start of a block. citable: a text starts with an empty list of citations.
    """
    sequence = [*_events(message, begun, {"citations": []} if citable else {})]
    if message["content"]:
        sequence.insert(3 if late_ping else 2, {"type": "ping"})
    return tuple(
        f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode("utf-8", "surrogatepass")
        for event in sequence
    )


def _events(message: JSONMapping, begun: int, of_text: JSONMapping) -> Iterator[JSONObject]:
    yield {"type": "message_start", "message": _begun(message, begun)}
    for index, block in enumerate(message["content"]):
        start, kind, key = _form(block, of_text)
        yield {"type": "content_block_start", "index": index, "content_block": start}
        for piece in _pieces(written_in(block)):
            yield {"type": "content_block_delta", "index": index, "delta": {"type": kind, key: piece}}
        if block["type"] == "thinking":
            signed = {"type": "signature_delta", "signature": block["signature"]}
            yield {"type": "content_block_delta", "index": index, "delta": signed}
        yield {"type": "content_block_stop", "index": index}
    ended = {name: message.get(name) for name in ("stop_reason", "stop_sequence", "stop_details")}
    yield {
        "type": "message_delta",
        "delta": ended,
        "usage": {name: message["usage"][name] for name in _COUNTED if name in message["usage"]},
    }
    yield {"type": "message_stop"}


def _begun(message: JSONMapping, output_tokens: int) -> JSONObject:
    """Return a message of which nothing has been written yet."""
    usage = {**message["usage"], "output_tokens": output_tokens}
    usage.pop("output_tokens_details", None)
    return {**message, "content": [], "stop_reason": None, "stop_details": None, "usage": usage}


def _form(block: JSONMapping, of_text: JSONMapping) -> tuple[JSONObject, str, str]:
    """Return how a block begins in a stream, and the type and the key of the deltas that follow."""
    match block["type"]:
        case "tool_use":
            return {**block, "input": {}}, "input_json_delta", "partial_json"
        case "thinking":
            return {"type": "thinking", "thinking": "", "signature": ""}, "thinking_delta", "thinking"
    return {**block, **of_text, "text": ""}, "text_delta", "text"


def _pieces(text: str) -> Sequence[str]:
    return [text[at : at + PIECE] for at in range(0, len(text), PIECE)]
