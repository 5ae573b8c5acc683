"""A scripted service, to fake the transport with: what it replies, and what it saw."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import anthropic
import httpx2


def message(
    text: str | None = None,
    *,
    tool: dict[str, Any] | None = None,
    name: str = "sentiment",
    stop_reason: str = "end_turn",
    usage: dict[str, int] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """Write a message as the service does: with one text block, one tool call, or no content."""
    content: list[dict[str, Any]] = []
    if text is not None:
        content.append({"type": "text", "text": text})
    if tool is not None:
        content.append({"type": "tool_use", "id": "toolu_1", "name": name, "input": tool})
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-5-5",
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": usage or {"input_tokens": 100, "output_tokens": 20},
        **fields,
    }


def refusal(kind: str, text: str, status: int = 400) -> tuple[int, dict[str, Any]]:
    """Write an error as the service does."""
    return status, {"type": "error", "error": {"type": kind, "message": text}}


Reply = Any
"""A message or other JSON (200), (status, JSON), raw bytes (200), an exception, or a function of the request."""


@dataclass
class Service:
    """A scripted service: it gives its replies in turn, the last one for ever, and keeps the requests it saw."""

    replies: list[Reply] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    base_url: str = ""

    def script(self, *replies: Reply) -> Service:
        """Say what to reply from here on."""
        self.replies = list(replies)
        return self

    def answer(self, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Take a request, and give status and body of the reply."""
        request = json.loads(body) if body else {}
        self.requests.append(request)
        self.headers.append(headers)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, BaseException):
            raise reply
        if callable(reply):
            reply = reply(request)
        status, value = reply if isinstance(reply, tuple) else (200, reply)
        return status, value if isinstance(value, bytes) else json.dumps(value).encode()

    def client(self, **options: Any) -> anthropic.Anthropic:
        """Make the SDK's sync client on this service, in process."""
        transport = httpx2.MockTransport(self._respond)
        return anthropic.Anthropic(
            **{"api_key": "sk-test", "max_retries": 0, "http_client": httpx2.Client(transport=transport)} | options
        )

    def async_client(self, **options: Any) -> anthropic.AsyncAnthropic:
        """Make the SDK's async client on this service, in process."""
        transport = httpx2.MockTransport(self._respond)
        return anthropic.AsyncAnthropic(
            **{"api_key": "sk-test", "max_retries": 0, "http_client": httpx2.AsyncClient(transport=transport)} | options
        )

    def _respond(self, request: httpx2.Request) -> httpx2.Response:
        status, body = self.answer(dict(request.headers), request.content)
        number = len(self.requests)
        headers = {"content-type": "application/json", "request-id": f"req_{number}"}
        return httpx2.Response(status, content=body, headers=headers)
