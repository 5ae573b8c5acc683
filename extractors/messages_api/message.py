"""A message, written as the service writes it: for those who stand in for the service, and for turns that quote one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal, TypedDict

from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject

__all__ = [
    "TextBlock",
    "ToolUseBlock",
    "WrittenMessage",
    "pdf_block",
    "text_block",
    "tool_call",
    "write_message",
    "written_in",
]


class TextBlock(TypedDict):
    """A content block that is a text."""

    type: Literal["text"]
    text: str


class ToolUseBlock(TypedDict):
    """A content block that calls a tool."""

    type: Literal["tool_use"]
    id: str
    name: str
    input: JSON


class WrittenMessage(TypedDict):
    """A whole message."""

    id: str
    type: Literal["message"]
    role: Literal["assistant"]
    model: str
    content: list[JSONMapping]
    stop_reason: str
    stop_sequence: None
    stop_details: JSONMapping | None
    usage: JSONMapping


def text_block(text: str) -> TextBlock:
    """Write a text."""
    return {"type": "text", "text": text}


def pdf_block(base64: str) -> JSONObject:
    """Write a PDF. It has no citations: the service refuses them together with structured output."""
    return {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": base64}}


def tool_call(name: str, value: JSON, *, number: str) -> ToolUseBlock:
    """Write a call of a tool. number: what tells it from all others."""
    return {"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": value}


def write_message(
    content: Sequence[JSONMapping],
    *,
    number: str,
    model: str,
    stop_reason: str,
    usage: JSONMapping,
    stop_details: JSONMapping | None = None,
) -> WrittenMessage:
    """Write a message. number: what tells it from all others."""
    return {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [*content],
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "stop_details": stop_details,
        "usage": usage,
    }


def written_in(block: JSONMapping) -> str:
    """Return the text of a content block as it is streamed: of a tool call, its input as JSON."""
    match block["type"]:
        case "tool_use":
            return json.dumps(block["input"], ensure_ascii=False)
        case "thinking":
            return str(block["thinking"])
    return str(block["text"])
