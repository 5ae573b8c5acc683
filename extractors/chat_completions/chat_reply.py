"""A chat completion, written as a message of the Messages API."""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING, NamedTuple

from slotfill.extractors.chat_completions.token_scores import scored_text
from slotfill.extractors.messages_api.inbound import token_count
from slotfill.extractors.messages_api.message import text_block, write_message

if TYPE_CHECKING:
    from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject

__all__ = ["Ending", "counts_of", "identity_of", "message_body", "stop_reason_of", "thought_in"]

_STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}

_UNNAMED = re.compile(r"[^A-Za-z0-9]+")


class Ending(NamedTuple):
    """Why a reply ended: in the Messages API's words, with what a refusal says."""

    stop_reason: str
    details: JSONMapping | None = None


def message_body(completion: JSON, model: str, schema: JSONObject | None) -> bytes | None:
    """Write a chat completion as the body of a message; None where it is none.

    The inputs of tool calls stand in it as the model wrote them: no digit is lost.

    model: as it was asked for. schema: that of the text, where confidences in it are to be computed.
    """
    choice = _first_choice(completion)
    if choice is None:
        return None
    try:
        return _body(completion, choice, model, schema)
    except (TypeError, ValueError, AttributeError, RecursionError):  # parts of it are not what they are called
        return None


def _body(completion: JSONMapping, choice: JSONMapping, model: str, schema: JSONObject | None) -> bytes:
    answer: JSONObject = choice["message"]
    text, scored = _content(answer.get("content")), tuple[str, ...]()
    if schema is not None and text:
        text, scored = scored_text(text, schema, choice.get("logprobs"))
    content: list[JSONMapping] = []
    if thought := thought_in(answer):
        content.append({"type": "thinking", "thinking": thought, "signature": ""})
    mark = secrets.token_hex(12)
    calls, inputs = _calls(answer.get("tool_calls"), mark)
    if text or not calls:
        content.append(text_block(text))
    ending = stop_reason_of(choice.get("finish_reason") or "stop", answer.get("refusal"))
    if all(map(_is_object, inputs)):
        content += calls
    else:  # no tool's input: it is a text then, in which the value is looked for
        content += map(text_block, inputs)
        ending = Ending("end_turn") if ending.stop_reason == "tool_use" else ending
        inputs = []
    message = {
        **write_message(
            content,
            number=identity_of(completion.get("id")),
            model=model,
            stop_reason=ending.stop_reason,
            stop_details=ending.details,
            usage=counts_of(completion.get("usage")),
        ),
        "scored": [*scored],
    }
    written = json.dumps(message, ensure_ascii=False)
    for number, own in enumerate(inputs):
        written = written.replace(f'"{mark}-{number}"', own, 1)
    return written.encode("utf-8", "surrogatepass")


def identity_of(name: JSON) -> str:
    """Return what tells a reply from all others, by the server's name for it."""
    return _UNNAMED.sub("", str(name or ""))[:64] or secrets.token_hex(12)


def stop_reason_of(finish_reason: str, refusal: JSON = None) -> Ending:
    """Say why a reply ended. refusal: what a model says that refuses; a reason that is not known keeps its name."""
    if isinstance(refusal, str) and refusal:
        return Ending("refusal", {"type": "refusal", "category": None, "explanation": refusal})
    return Ending(_STOP_REASONS.get(finish_reason, finish_reason))


def counts_of(usage: JSON) -> JSONObject:
    """Write what was counted; what is not told is null. The Messages API counts cached tokens beside the others."""
    counted: JSONMapping = usage if isinstance(usage, dict) else {}
    read, wrote = token_count(counted.get("prompt_tokens")), token_count(counted.get("completion_tokens"))
    cached = token_count(_within(counted, "prompt_tokens_details", "cached_tokens")) or 0
    counts: JSONObject = {
        "input_tokens": None if read is None else max(0, read - cached),
        "output_tokens": wrote,
        "cache_read_input_tokens": min(cached, read or 0),
        "cache_creation_input_tokens": 0,
    }
    thought = token_count(_within(counted, "completion_tokens_details", "reasoning_tokens"))
    return counts if thought is None else {**counts, "output_tokens_details": {"thinking_tokens": thought}}


def thought_in(answer: JSONMapping) -> str:
    """Return what a model thought before it answered, by the names that servers have for it."""
    texts = (answer.get(name) for name in ("reasoning_content", "reasoning"))
    return next((text for text in texts if isinstance(text, str) and text), "")


def _within(usage: JSONMapping, part: str, name: str) -> JSON:
    details = usage.get(part)
    return details.get(name) if isinstance(details, dict) else None


def _first_choice(completion: JSON) -> JSONObject | None:
    match completion:
        case {"choices": [{"message": dict()} as choice, *_]}:
            return {**choice}
    return None


def _content(content: JSON) -> str:
    if isinstance(content, list):
        return "".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
    return content if isinstance(content, str) else ""


def _calls(calls: JSON, mark: str) -> tuple[list[JSONObject], list[str]]:
    """Return the blocks of tool calls, with a mark in place of each input, and the inputs as the model wrote them."""
    blocks: list[JSONObject] = []
    inputs: list[str] = []
    for call in calls if isinstance(calls, list) else ():
        match call:
            case {"function": {"name": str(name), "arguments": str(arguments)}}:
                own = str(call.get("id") or secrets.token_hex(12))
                blocks.append({"type": "tool_use", "id": own, "name": name, "input": f"{mark}-{len(blocks)}"})
                inputs.append(arguments or "{}")
    return blocks, inputs


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
