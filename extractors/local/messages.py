"""The Messages API as the embedded model speaks it: requests in, messages and errors out. No model here."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jsonschema
from pydantic_core import from_json

from slotfill.extractors.local.layout import Conversation, SpokenTurn
from slotfill.extractors.messages_api.api_error import ApiError, invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EngineReply", "EngineRequest", "message", "read_engine_request"]

MAX_BYTES = 4 << 20
"""Far beyond what fits into the context; what is longer is not even counted."""


@dataclass(frozen=True, slots=True)
class EngineRequest:
    """What a request asks for.

    schema: what the answer must be valid for; None asks for free text.
    tool: the tool to call with the answer; None asks for text.
    """

    model: str
    max_tokens: int
    conversation: Conversation
    schema: Mapping[str, Any] | None = None
    tool: str | None = None
    stream: bool = False


@dataclass(frozen=True, slots=True)
class EngineReply:
    """What there is to answer.

    cut: it stopped for want of room. scored: JSON Pointers to the numbers that were computed from the model's scores.
    """

    text: str
    prompt_tokens: int
    completion_tokens: int
    cut: bool
    scored: tuple[str, ...] = ()


def read_engine_request(body: bytes) -> EngineRequest:
    """Read the body of POST /v1/messages. Raises ApiError, 400 or 413."""
    if len(body) > MAX_BYTES:
        raise ApiError(413, "request_too_large", f"the request has {len(body)} bytes > {MAX_BYTES} maximum")
    try:
        data = json.loads(body)
    except ValueError as error:
        raise invalid(f"the body is no JSON: {error}") from None
    if not isinstance(data, dict):
        raise invalid("the body is no JSON object")
    model, max_tokens = data.get("model"), data.get("max_tokens")
    if not isinstance(model, str):
        raise invalid("model: a string is required")
    if not isinstance(max_tokens, int) or isinstance(max_tokens, bool) or max_tokens < 1:
        raise invalid("max_tokens: a positive integer is required")
    conversation = Conversation(_text(data.get("system", ""), "system"), _turns(data.get("messages")))
    schema, tool = _form(data)
    return EngineRequest(model, max_tokens, conversation, schema, tool, stream=data.get("stream") is True)


def message(request: EngineRequest, reply: EngineReply) -> dict[str, Any]:
    """Write the Message that answers a request. `scored` is no part of the API: what the reply says of its numbers."""
    block: dict[str, Any] = {"type": "text", "text": reply.text}
    stop_reason = "max_tokens" if reply.cut else "end_turn"
    if request.tool is not None:
        block = {"type": "tool_use", "id": f"toolu_{secrets.token_hex(12)}", "name": request.tool}
        block["input"] = _tool_input(reply)
        stop_reason = "max_tokens" if reply.cut else "tool_use"
    return {
        "id": f"msg_{secrets.token_hex(12)}",
        "type": "message",
        "role": "assistant",
        "model": request.model,
        "content": [block],
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {"input_tokens": reply.prompt_tokens, "output_tokens": reply.completion_tokens},
        "scored": list(reply.scored),
    }


def _turns(messages: Any) -> tuple[SpokenTurn, ...]:
    if not isinstance(messages, list) or not messages:
        raise invalid("messages: at least one message is required")
    turns = []
    for number, entry in enumerate(messages):
        if not isinstance(entry, dict) or entry.get("role") not in ("user", "assistant"):
            raise invalid(f"messages.{number}: a role, user or assistant, is required")
        turns.append(SpokenTurn(entry["role"], _text(entry.get("content"), f"messages.{number}.content")))
    if turns[-1].role != "user":
        raise invalid("messages: the last one must be the user's; an answer cannot be prefilled")
    return tuple(turns)


def _text(content: Any, place: str) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise invalid(f"{place}: a string or a list of content blocks is required")
    return "\n".join(_block(block, f"{place}.{number}") for number, block in enumerate(content))


def _block(block: Any, place: str) -> str:
    match block:
        case {"type": "text", "text": str(text)}:
            return text
        case {"type": "tool_use", "input": value}:
            return json.dumps(value, ensure_ascii=False)
        case {"type": "tool_result"}:
            return ""
    raise invalid(f"{place}: the embedded model reads text only")


def _form(data: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, str | None]:
    """Find the schema to answer by, and the tool to call with it."""
    choice = data.get("tool_choice") or {}
    tools = {} if choice.get("type") == "none" else {tool["name"]: tool for tool in data.get("tools") or ()}
    if tools:
        name = choice.get("name") or next(iter(tools))
        if name not in tools:
            raise invalid(f"tool_choice.name: no tool is called {name!r}")
        return _schema(tools[name].get("input_schema"), f"tools.{name}.input_schema"), name
    match data.get("output_config"):
        case {"format": {"type": "json_schema", "schema": schema}}:
            return _schema(schema, "output_config.format.schema"), None
        case {"format": dict()}:
            raise invalid("output_config.format: only type json_schema is known, with its schema")
    return None, None


def _schema(schema: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(schema, dict):
        raise invalid(f"{place}: a JSON Schema object is required")
    try:
        jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator).check_schema(schema)
    except jsonschema.SchemaError as error:
        raise invalid(f"{place}: {error.json_path}: {error.message}") from None
    return schema


def _tool_input(reply: EngineReply) -> Any:
    # The service, too, gives what there is of an input that was cut off.
    return from_json(reply.text, allow_partial=reply.cut) if reply.text else {}
