"""A request for a message, read from its body: for those who stand in for the service.

What a body must be to be taken at all is checked here; what one model or another refuses of it is that model's own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from slotfill.extractors.messages_api.api_error import invalid
from slotfill.schemas.json_values.json_types import JSON, JSONMapping

__all__ = ["MessageRequest", "RequestTurn", "load_body", "parse_request"]

Role = Literal["user", "assistant", "system"]


@dataclass(frozen=True, slots=True)
class RequestTurn:
    """One turn of a conversation.

    text: its texts, and the inputs of its tool calls as JSON, a line each; what a tool gave back is no text.
    unread: the types of its blocks that hold none of these, such as `image`.
    """

    role: Role
    text: str
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageRequest:
    """What the body of a request for a message asks for.

    max_tokens: the most that the reply may have; 0 for none, as where tokens are counted alone.
    schema: the JSON Schema that the answer must be valid for; None asks for free text.
    tool: the name of the tool to call with the answer; None asks for text.
    thinking: how to think, as it stands in the body; None leaves that to the model.
    """

    model: str
    max_tokens: int
    system: str
    turns: tuple[RequestTurn, ...]
    schema: JSONMapping | None = None
    tool: str | None = None
    thinking: JSONMapping | None = None
    stream: bool = False

    @property
    def prefill(self) -> str:
        """How the answer begins already, as a text."""
        last = self.turns[-1]
        return last.text if last.role == "assistant" else ""

    @property
    def schema_place(self) -> str:
        """Where the schema stands in the body."""
        return f"tools.{self.tool}.input_schema" if self.tool else "output_config.format.schema"


def load_body(body: bytes) -> JSON:
    """Parse the body of a request. Raises ApiError 400."""
    try:
        return json.loads(body)
    except ValueError as error:
        raise invalid(f"The request body is not valid JSON: {error}") from None


def parse_request(data: JSON) -> MessageRequest:
    """Read the body of a request for a message, or for a count of its tokens. Raises ApiError 400, which says where."""
    if not isinstance(data, dict):
        raise invalid("The request body is not valid JSON: an object is required")
    model, max_tokens, thinking = data.get("model"), data.get("max_tokens", 0), data.get("thinking")
    if not isinstance(model, str):
        raise invalid("model: a string is required")
    if type(max_tokens) is not int or max_tokens < 0:
        raise invalid("max_tokens: a positive integer is required")
    system, turns, answer = _system(data), _turns(data.get("messages")), _answer_form(data)
    return MessageRequest(
        model, max_tokens, system, turns, answer.schema, answer.tool, thinking, stream=data.get("stream") is True
    )


def _system(data: JSONMapping) -> str:
    text, unread = _content(data.get("system", ""), "system")
    if unread:
        raise invalid(f"system: text blocks are required, not {unread[0]!r}")
    return text


def _turns(messages: JSON) -> tuple[RequestTurn, ...]:
    if not isinstance(messages, list) or not messages:
        raise invalid("messages: at least one message is required")
    return tuple(_turn(message, f"messages.{number}") for number, message in enumerate(messages))


def _turn(message: JSON, place: str) -> RequestTurn:
    role = message.get("role") if isinstance(message, dict) else None
    if role not in ("user", "assistant", "system"):
        raise invalid(f"{place}.role: Input should be 'user' or 'assistant'")
    return RequestTurn(role, *_content(message.get("content"), f"{place}.content"))


def _content(content: JSON, place: str) -> tuple[str, tuple[str, ...]]:
    """Return the text of some content, and the types of its blocks that hold none."""
    if isinstance(content, str):
        return content, ()
    if not isinstance(content, list):
        raise invalid(f"{place}: a string or a list of content blocks is required")
    texts = [(block, _block_text(block, f"{place}.{number}")) for number, block in enumerate(content)]
    unread = tuple(str(block["type"]) for block, text in texts if text is None)
    return "\n".join(text or "" for _, text in texts), unread


def _block_text(block: JSON, place: str) -> str | None:
    match block:
        case {"type": "text", "text": str(text)}:
            return text
        case {"type": "tool_use", "input": value}:
            return json.dumps(value, ensure_ascii=False)
        case {"type": "tool_result"}:
            return ""
        case {"type": "text"}:
            raise invalid(f"{place}.text: a string is required")
        case {"type": str()}:
            return None
    raise invalid(f"{place}.type: Field required")


class _AnswerForm(NamedTuple):
    schema: JSONMapping | None
    tool: str | None


def _answer_form(data: JSONMapping) -> _AnswerForm:
    """Find the form of the answer: a call of the tool that is named, or else of the first, before structured output."""
    choice = data.get("tool_choice") or {}
    tools = {} if choice.get("type") == "none" else _tools_by_name(data.get("tools") or ())
    if tools:
        name = choice.get("name") or next(iter(tools))
        if name not in tools:
            raise invalid(f"tool_choice.name: no tool is called {name!r}")
        return _AnswerForm(tools[name].get("input_schema"), name)
    match data.get("output_config"):
        case {"format": {"type": "json_schema", "schema": schema}}:
            return _AnswerForm(schema, None)
        case {"format": dict()}:
            raise invalid("output_config.format: only type json_schema is known, with its schema")
    return _AnswerForm(None, None)


def _tools_by_name(tools: JSON) -> Mapping[str, JSONMapping]:
    for number, tool in enumerate(tools):
        if not isinstance(tool, dict) or not isinstance(tool.get("name"), str):
            raise invalid(f"tools.{number}.name: a string is required")
    return {tool["name"]: tool for tool in tools}
