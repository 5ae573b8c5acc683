"""The Messages API as the embedded model speaks it: what it refuses of a request, and how its reply is written."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import jsonschema
from pydantic_core import from_json

from slotfill.extractors.messages_api.api_error import ApiError, invalid
from slotfill.extractors.messages_api.message import (
    TextBlock,
    ToolUseBlock,
    WrittenMessage,
    text_block,
    tool_call,
    write_message,
)
from slotfill.extractors.messages_api.request import load_body, parse_request
from slotfill.extractors.record.stop_reasons import MAX_TOKENS, NOT_STATED

if TYPE_CHECKING:
    from slotfill.extractors.messages_api.request import MessageRequest, RequestTurn
    from slotfill.schemas.json_values.json_types import JSON

__all__ = ["EngineReply", "ScoredMessage", "message", "read_engine_request"]

MAX_BYTES = 4 << 20
"""Far beyond what fits into the context; what is longer is not even counted."""


@dataclass(frozen=True, slots=True)
class EngineReply:
    """What there is to answer.

    cut: it stopped for want of room. scored: JSON Pointers to the numbers that were computed from the model's scores.
    missing: JSON Pointers to what the schema requires and the text does not hold: the answer lacks it, as it must.
    """

    text: str
    prompt_tokens: int
    completion_tokens: int
    cut: bool
    scored: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class ScoredMessage(WrittenMessage):
    """A message with a field that is no part of the API: pointers to its numbers that were computed from scores."""

    scored: list[str]


def read_engine_request(body: bytes) -> MessageRequest:
    """Read the body of POST /v1/messages. Raises ApiError, 400 or 413."""
    if len(body) > MAX_BYTES:
        raise ApiError(413, "request_too_large", f"the request has {len(body)} bytes > {MAX_BYTES} maximum")
    request = parse_request(load_body(body))
    if not request.max_tokens:
        raise invalid("max_tokens: a positive integer is required")
    for number, turn in enumerate(request.turns):
        _check_turn(turn, f"messages.{number}")
    if request.turns[-1].role == "assistant":
        raise invalid("messages: the last one must be the user's; an answer cannot be prefilled")
    if request.schema is not None or request.tool is not None:
        _check_schema(request.schema, request.schema_place)
    return request


def message(request: MessageRequest, reply: EngineReply) -> ScoredMessage:
    """Write the message that answers a request."""
    number = secrets.token_hex(12)
    stop_reason = "end_turn" if request.tool is None else "tool_use"
    if reply.cut or reply.missing:
        stop_reason = MAX_TOKENS if reply.cut else NOT_STATED
    usage = {"input_tokens": reply.prompt_tokens, "output_tokens": reply.completion_tokens}
    content = [_block(request.tool, reply, number)]
    written = write_message(content, number=number, model=request.model, stop_reason=stop_reason, usage=usage)
    return {**written, "scored": [*reply.scored]}


def _block(tool: str | None, reply: EngineReply, number: str) -> TextBlock | ToolUseBlock:
    if tool is None:
        return text_block(reply.text)
    # The service, too, gives what there is of an input that was cut off.
    value = from_json(reply.text, allow_partial=reply.cut) if reply.text else {}
    return tool_call(tool, value, number=number)


def _check_turn(turn: RequestTurn, place: str) -> None:
    if turn.role == "system":
        raise invalid(f"{place}.role: the embedded model takes instructions in `system` alone")
    if turn.unread:
        raise invalid(f"{place}: the embedded model reads text only, no block of type {turn.unread[0]!r}")


def _check_schema(schema: JSON, place: str) -> None:
    if not isinstance(schema, dict):
        raise invalid(f"{place}: a JSON Schema object is required")
    try:
        jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator).check_schema(schema)
    except jsonschema.SchemaError as error:
        raise invalid(f"{place}: {error.json_path}: {error.message}") from None
