"""What the service refuses of a conversation: roles in disorder, empty content, broken files, calls without results.

https://platform.claude.com/docs/en/api/messages, …/build-with-claude/mid-conversation-system-messages
"""

from __future__ import annotations

from collections.abc import Mapping

from slotfill.extractors.messages_api.api_error import invalid
from slotfill.extractors.testing.rules.document_rules import check_document, check_pages
from slotfill.extractors.testing.rules.model_rules import ModelRules
from slotfill.schemas.json_values.json_types import JSON, JSONMapping

__all__ = ["check_turns"]

_DIRECTIVE = "; the directive-only form (content: [] with output_config) is accepted at any position"


def check_turns(data: JSONMapping, model: ModelRules, *, counting: bool = False) -> None:
    """Refuse what a model does not take of a request's instructions and messages. Raises ApiError.

    counting: whether tokens are counted alone.
    """
    if not isinstance(system := data.get("system", ""), str):
        _check_blocks(system, "system", "system", counting=counting)
    messages = data.get("messages")
    if not isinstance(messages, list) or not messages:
        raise invalid("messages: at least one message is required")
    for number, message in enumerate(messages):
        _check_message(message, number, model, counting=counting)
    roles = [message["role"] for message in messages]
    if "system" in roles:
        _check_system_turns(roles)
    if roles[0] != "user":
        raise invalid("messages.0.role: the first message must use the user role")
    _check_prefill(messages[-1], model)
    _check_results(messages)
    check_pages(messages)


def _check_message(message: JSON, number: int, model: ModelRules, *, counting: bool) -> None:
    if not isinstance(message, dict) or message.get("role") not in ("user", "assistant", "system"):
        raise invalid(f"messages.{number}.role: Input should be 'user' or 'assistant'")
    if message["role"] == "system" and not model.system_turns:
        raise invalid("role 'system' is not supported on this model")
    content = message.get("content")
    if not content:
        raise invalid(f"messages.{number}: all messages must have non-empty content")
    if not isinstance(content, str):
        _check_blocks(content, f"messages.{number}.content", message["role"], counting=counting)
    elif content.isspace():
        raise invalid(f"messages.{number}: text content blocks must contain non-whitespace text")


def _check_system_turns(roles: list[str]) -> None:
    """Check where system messages stand, several in a row as one: after a user's, before an answer or at the end."""
    for number, (before, role, after) in enumerate(zip(["", *roles], roles, [*roles[1:], ""], strict=False)):
        if role != "system":
            continue
        if not before:
            text = "use the top-level 'system' parameter for the initial system prompt"
        elif before == "assistant":
            text = "role 'system' must follow a 'user' message or an 'assistant' message ending in a server tool result"
        elif after == "user":
            text = "role 'system' must precede an 'assistant' message or end the array"
        else:
            continue
        raise invalid(f"messages.{number}: {text}{_DIRECTIVE}")


def _check_prefill(last: JSONMapping, model: ModelRules) -> None:
    if last["role"] != "assistant":
        return
    if not model.prefill:
        raise invalid(
            "This model does not support assistant message prefill. The conversation must end with a user message."
        )
    *_, end = [{"type": "text", "text": last["content"]}] if isinstance(last["content"], str) else last["content"]
    if end["type"] == "text" and end["text"] != end["text"].rstrip():
        raise invalid("messages: final assistant content cannot end with trailing whitespace")


def _check_results(messages: list[JSONMapping]) -> None:
    """Check that each call of a tool has its result in the next turn, and each result its call in the one before."""
    calls: dict[str, int] = {}
    before = ""
    for number, message in enumerate(messages):
        role, content = message["role"], message["content"]
        if role == "assistant" and before == "user":
            _check_answered(calls)
        before = role if role != "system" else before
        for at, block in enumerate(content) if isinstance(content, list) else ():
            if role == "assistant" and block["type"] == "tool_use":
                calls[str(block.get("id"))] = number
            elif role == "user" and block["type"] == "tool_result" and not calls.pop(str(block.get("tool_use_id")), 0):
                raise invalid(
                    f"messages.{number}.content.{at}: unexpected `tool_use_id` found in `tool_result` blocks: "
                    f"{block.get('tool_use_id')}. Each `tool_result` block must have a corresponding `tool_use` block "
                    "in the previous message."
                )
    _check_answered(calls)


def _check_answered(left: Mapping[str, int]) -> None:
    if left:
        raise invalid(
            f"messages.{min(left.values())}: `tool_use` ids were found without `tool_result` blocks immediately "
            f"after: {', '.join(left)}. Each `tool_use` block must have a corresponding `tool_result` block in the "
            "next message."
        )


def _check_blocks(blocks: JSON, place: str, role: str, *, counting: bool) -> None:
    if not isinstance(blocks, list):
        raise invalid(f"{place}: Input should be a valid list")
    for number, block in enumerate(blocks):
        if not isinstance(block, dict) or not isinstance(block.get("type"), str):
            raise invalid(f"{place}.{number}.type: Field required")
        if block["type"] == "text" and not str(block.get("text") or "").strip():
            raise invalid(f"{place}.{number}.text: text content blocks must be non-empty")
        if block["type"] == "document":
            if role != "user":  # the SDK's types have no other place for it; the service's words are not known
                raise invalid(f"{place}.{number}: `document` blocks can only be in `user` messages")
            check_document(block, f"{place}.{number}", counting=counting)
        if block["type"] == "tool_result" and isinstance(block.get("content"), list):
            _check_blocks(block["content"], f"{place}.{number}.content", role, counting=counting)
