"""What the simulated model says, and how the service writes it as a message."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pydantic_core import from_json

from slotfill.extractors.messages_api.message import WrittenMessage, text_block, tool_call, write_message, written_in
from slotfill.extractors.testing.simulator.simulated_request import BYTES_A_TOKEN, SimulatedRequest, size
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject

__all__ = ["SimulatedReply", "count", "make_reply", "shorten", "think", "thoughts", "usage_block", "write_reply"]

_THOUGHT = {"type": "thinking", "thinking": "", "signature": "c2ltdWxhdGVk"}
"""What a message holds of thinking: the models that think by default leave the text out."""


@dataclass(frozen=True, slots=True)
class SimulatedReply:
    """A whole reply of the simulated model, for a script to give.

    Attributes:
        content: The content blocks, as they stand in a message.
        stop_reason: Why the model stopped.
        stop_details: What a message says beside it, of a refusal for one.
        thinking_tokens: What it thought before, beside the tokens of the blocks.
    """

    content: tuple[JSONMapping, ...]
    stop_reason: str = "end_turn"
    stop_details: JSONMapping | None = None
    thinking_tokens: int = 0


def make_reply(request: SimulatedRequest, text: str, value: JSON) -> SimulatedReply:
    """Say a text, or call the tool that was asked for with its value; a text that is none is said as it is.

    A text that the request has begun is gone on with.
    """
    if request.tool is None or (value is None and text.strip() != "null"):
        text = text.removeprefix(request.prefill)
        return SimulatedReply((text_block(text),) if text else ())
    return SimulatedReply((call(request.tool, value),), "tool_use")


def call(tool: str, value: JSON, number: int = 1) -> JSONMapping:
    """Write a tool call, with what the service tells of its caller."""
    return {**tool_call(tool, value, number=f"{number:024d}"), "caller": {"type": "direct"}}


def think(reply: SimulatedReply, tokens: int) -> SimulatedReply:
    """Have the model think so many tokens before a reply."""
    return replace(reply, content=(_THOUGHT, *reply.content), thinking_tokens=tokens) if tokens else reply


def count(reply: SimulatedReply) -> int:
    """Count the tokens written, thoughts included, as simulated."""
    return reply.thinking_tokens + sum(size(written_in(block)) for block in reply.content)


def thoughts(reply: SimulatedReply) -> int:
    """Count those tokens of a reply that were thought."""
    blocks = (block for block in reply.content if block["type"] == "thinking")
    return reply.thinking_tokens + sum(size(written_in(block)) for block in blocks)


def shorten(reply: SimulatedReply, tokens: int) -> SimulatedReply:
    """Cut a reply after so many tokens, if it is longer."""
    if count(reply) <= tokens:
        return reply
    thinking = min(reply.thinking_tokens, tokens)
    room, content = (tokens - thinking) * BYTES_A_TOKEN, []
    for block in reply.content:
        written = written_in(block).encode("utf-8", "surrogatepass")[: max(0, room)].decode("utf-8", "ignore")
        room -= len(written.encode("utf-8", "surrogatepass"))
        if written or block is _THOUGHT:
            content.append(_cut(block, written))
    return replace(reply, content=tuple(content), stop_reason="max_tokens", thinking_tokens=thinking)


def write_reply(request: SimulatedRequest, reply: SimulatedReply, number: int, usage: JSONMapping) -> WrittenMessage:
    """Write the message that answers a request."""
    return write_message(
        reply.content,
        number=f"{number:024d}",
        model=request.rules.id,
        stop_reason=reply.stop_reason,
        usage=usage,
        stop_details=reply.stop_details,
    )


def usage_block(request: SimulatedRequest, reply: SimulatedReply, read: JSONMapping) -> JSONObject:
    """Write the usage of a reply. read: that of the prompt, from the cache and beside it."""
    details = {"output_tokens_details": {"thinking_tokens": thoughts(reply)}} if request.rules.counts_thinking else {}
    written = {"output_tokens": count(reply), **details}
    return {**read, **written, "service_tier": "standard", "inference_geo": request.rules.geo}


def _cut(block: JSONMapping, written: str) -> JSONObject:
    """Return a block of which only the beginning was written; the service completes a tool's input to JSON."""
    match block["type"]:
        case "tool_use":
            return {**block, "input": from_json(written, allow_partial=True)}
        case "thinking":
            return {**block, "thinking": written}
    return {**block, "text": written}
