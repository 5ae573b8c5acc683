"""A request of the Messages API, written as one of the Chat Completions API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from slotfill.extractors.chat_completions.strict_schema import response_format
from slotfill.extractors.messages_api.api_error import invalid
from slotfill.schemas.marks.confidence import CONFIDENCE_MARK

if TYPE_CHECKING:
    from slotfill.extractors.chat_completions.chat_dialect import Dialect
    from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject

__all__ = ["asks_for_scores", "chat_request"]

_ALTERNATIVES = 5
"""How many tokens a server tells beside each that it chose: of labels, the few likeliest count."""

_TAKEN = frozenset({"model", "max_tokens", "system", "messages", "output_config", "tools", "tool_choice", "stream"})
"""What of a request is written here."""

_AS_IT_IS = {"temperature": "temperature", "top_p": "top_p", "stop_sequences": "stop"}
"""What goes by itself, under this name."""

_EFFORTS = {"max": "xhigh"}
"""The efforts that have another name; https://platform.openai.com/docs/guides/reasoning."""


def chat_request(body: JSONMapping, model: str, dialect: Dialect) -> JSONObject:
    """Write the body of `POST /chat/completions`.

    body: of `POST /v1/messages`, one that `messages_api.request.parse_request` takes. model: as the server calls it.

    Raises ApiError 400 for what Chat Completions has no form for.
    """
    unknown = [name for name in body if name not in _TAKEN and name not in _AS_IT_IS and not _is_off(name, body[name])]
    if unknown:
        raise invalid(f"{unknown[0]}: a server of Chat Completions takes no such parameter")
    request: JSONObject = {
        "model": model,
        "messages": [*_system(body.get("system")), *_turns(body["messages"])],
        dialect.room: body["max_tokens"],
        **{name: body[own] for own, name in _AS_IT_IS.items() if own in body},
        **_output(body.get("output_config") or {}, dialect),
        **_tools(body),
    }
    if body.get("stream"):
        request["stream"] = True
        if dialect.counts_stream:
            request["stream_options"] = {"include_usage": True}
    elif dialect.logprobs and asks_for_scores(body):
        request |= {"logprobs": True, "top_logprobs": _ALTERNATIVES}
    return request


def asks_for_scores(body: JSONMapping) -> bool:
    """Whether a reply holds probabilities that can be computed from those of its tokens."""
    schema = ((body.get("output_config") or {}).get("format") or {}).get("schema")
    return schema is not None and CONFIDENCE_MARK.is_in(schema)


def _is_off(name: str, value: JSON) -> bool:
    return name == "thinking" and value == {"type": "disabled"}


def _system(system: JSON) -> Iterator[JSONObject]:
    if text := _text(system or "", "system"):
        yield {"role": "system", "content": text}


def _turns(messages: list[JSONObject]) -> Iterator[JSONObject]:
    for number, message in enumerate(messages):
        place = f"messages.{number}.content"
        if message["role"] == "assistant":
            yield _assistant(message["content"], place)
        else:
            yield from _user(message, place)


def _assistant(content: JSON, place: str) -> JSONObject:
    blocks = content if isinstance(content, list) else []
    calls = [
        {
            "id": block["id"],
            "type": "function",
            "function": {"name": block["name"], "arguments": json.dumps(block["input"], ensure_ascii=False)},
        }
        for block in blocks
        if block["type"] == "tool_use"
    ]
    text = _text(content, place)
    return {"role": "assistant", "content": text or None, "tool_calls": calls} if calls else _message("assistant", text)


def _user(message: JSONObject, place: str) -> Iterator[JSONObject]:
    """Write a turn: what tools gave back has messages of its own, before what is said beside."""
    content = message["content"]
    results = [block for block in content if block["type"] == "tool_result"] if isinstance(content, list) else []
    for result in results:
        yield {
            "role": "tool",
            "tool_call_id": result["tool_use_id"],
            "content": _text(result.get("content", ""), place),
        }
    if (text := _text(content, place)) or not results:
        yield _message(message["role"], text)


def _message(role: str, text: str) -> JSONObject:
    return {"role": role, "content": text}


def _text(content: JSON, place: str) -> str:
    """Return what a content says in words. Raises ApiError for a block that is to be looked at."""
    if isinstance(content, str):
        return content
    texts = []
    for number, block in enumerate(content):
        if block["type"] == "text":
            texts.append(block["text"])
        elif block["type"] not in ("tool_use", "tool_result", "thinking", "redacted_thinking"):
            raise invalid(
                f"{place}.{number}: servers of Chat Completions are sent text only, no block of type {block['type']!r}"
            )
    return "\n\n".join(texts)


def _output(config: JSONMapping, dialect: Dialect) -> JSONObject:
    """Write what the reply shall be like: JSON of a schema, and how much is to be done for it."""
    output: JSONObject = {}
    if "format" in config:
        output["response_format"] = response_format(config["format"]["schema"], strict=dialect.strict)
    if "effort" in config:
        output["reasoning_effort"] = _EFFORTS.get(config["effort"], config["effort"])
    return output


def _tools(body: JSONMapping) -> JSONObject:
    tools = body.get("tools") or []
    choice: JSONMapping = body.get("tool_choice") or {"type": "auto"}
    if not tools or choice["type"] == "none":
        return {}
    return {"tools": [*map(_function, tools)], "tool_choice": _choice(choice, alone=len(tools) == 1)}


def _function(tool: JSONMapping) -> JSONObject:
    described = {"description": tool["description"]} if tool.get("description") else {}
    return {"type": "function", "function": {"name": tool["name"], **described, "parameters": tool["input_schema"]}}


def _choice(choice: JSONMapping, *, alone: bool) -> JSON:
    """Write which tool is to be called. Where there is one, it need not be named: not all servers read a name."""
    match choice["type"]:
        case "auto":
            return "auto"
        case "tool" if not alone:
            return {"type": "function", "function": {"name": choice["name"]}}
    return "required"
