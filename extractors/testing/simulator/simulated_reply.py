"""What the simulated model says, and how the service writes it as a message."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pydantic_core import from_json

from slotfill.extractors.messages_api.message import WrittenMessage, text_block, tool_call, write_message, written_in
from slotfill.extractors.testing.simulator.simulated_request import BYTES_A_TOKEN, SimulatedRequest, size
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject

__all__ = ["SimulatedReply", "count", "make_reply", "shorten", "think", "thoughts", "usage_block", "write_reply"]

_THOUGHT = {"type": "thinking", "thinking": "", "signature": "c2ltdWxhdGVk"}
"""What is told of thinking: the models that think by default leave the text out."""


@dataclass(frozen=True, slots=True)
class SimulatedReply:
    """A reply's content blocks, as they stand in a message, and why the model stopped.

    thought: tokens that it thought before, beside those of the blocks.
    """

    content: tuple[JSONMapping, ...]
    stop_reason: str = "end_turn"
    stop_details: JSONMapping | None = None
    thought: int = 0


def make_reply(asked: SimulatedRequest, text: str, value: JSON) -> SimulatedReply:
    """Say a text, or call the tool that was asked for with its value; a text that is none is said as it is.

    A text that the request has begun is gone on with.
    """
    if asked.tool is None or (value is None and text.strip() != "null"):
        text = text.removeprefix(asked.prefill)
        return SimulatedReply((text_block(text),) if text else ())
    return SimulatedReply((call(asked.tool, value),), "tool_use")


def call(tool: str, value: JSON, number: int = 1) -> JSONMapping:
    """Write a tool call, with what the service tells of its caller."""
    return {**tool_call(tool, value, number=f"{number:024d}"), "caller": {"type": "direct"}}


def think(said: SimulatedReply, tokens: int) -> SimulatedReply:
    """Have the model think so many tokens before it says it."""
    return SimulatedReply((_THOUGHT, *said.content), said.stop_reason, said.stop_details, tokens) if tokens else said


def count(said: SimulatedReply) -> int:
    """Count the tokens written, thoughts included, as simulated."""
    return said.thought + sum(size(written_in(block)) for block in said.content)


def thoughts(said: SimulatedReply) -> int:
    """Count those of them that were thought."""
    return said.thought + sum(size(written_in(block)) for block in said.content if block["type"] == "thinking")


def shorten(said: SimulatedReply, tokens: int) -> SimulatedReply:
    """Cut what is said after so many tokens, if it is longer."""
    if count(said) <= tokens:
        return said
    thought = min(said.thought, tokens)
    room, kept = (tokens - thought) * BYTES_A_TOKEN, []
    for block in said.content:
        written = written_in(block).encode("utf-8", "surrogatepass")[: max(0, room)].decode("utf-8", "ignore")
        room -= len(written.encode("utf-8", "surrogatepass"))
        if written or block is _THOUGHT:
            kept.append(_cut(block, written))
    return replace(said, content=tuple(kept), stop_reason="max_tokens", thought=thought)


def write_reply(asked: SimulatedRequest, said: SimulatedReply, number: int, usage: JSONMapping) -> WrittenMessage:
    """Write the message that answers a request."""
    return write_message(
        said.content,
        number=f"{number:024d}",
        model=asked.rules.id,
        stop_reason=said.stop_reason,
        usage=usage,
        stop_details=said.stop_details,
    )


def usage_block(asked: SimulatedRequest, said: SimulatedReply, read: JSONMapping) -> JSONObject:
    """Tell what a reply took. read: what the prompt did, from the cache and beside it."""
    details = {"output_tokens_details": {"thinking_tokens": thoughts(said)}} if asked.rules.counts_thinking else {}
    written = {"output_tokens": count(said), **details}
    return {**read, **written, "service_tier": "standard", "inference_geo": asked.rules.geo}


def _cut(block: JSONMapping, written: str) -> JSONObject:
    """Give a block of which only the beginning was written; the service completes a tool's input to JSON."""
    match block["type"]:
        case "tool_use":
            return {**block, "input": from_json(written, allow_partial=True)}
        case "thinking":
            return {**block, "thinking": written}
    return {**block, "text": written}
