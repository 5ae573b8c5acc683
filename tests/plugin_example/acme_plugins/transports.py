"""`slotfill extract … -m echo:1`: a transport answers the Messages API in the place of Anthropic's service."""

import json
import re
from typing import Any

import httpx2

from slotfill.plugins import TransportFacts

_NAME = re.compile(r"[A-Z]\w+ [A-Z]\w+")


class EchoModel(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """A model in this process, which answers with the first name of two words that it finds."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return _answer(json.loads(request.read()))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return _answer(json.loads(await request.aread()))


class EchoTransport:
    """Opens it, for every model's name."""

    def facts(self, model: str) -> TransportFacts:
        return TransportFacts(address="http://echo.invalid", max_output=1_000, in_process=True)

    def open(self, model: str, settings: Any) -> EchoModel:
        return EchoModel()

    def open_async(self, model: str, settings: Any) -> EchoModel:
        return EchoModel()


ECHO = EchoTransport()


def _answer(body: dict[str, Any]) -> httpx2.Response:
    if "messages" not in body:
        error = {"type": "invalid_request_error", "message": "messages: Field required"}
        return httpx2.Response(400, json={"type": "error", "error": error})
    found = _NAME.search(json.dumps(body["messages"][-1]["content"], ensure_ascii=False))
    text = json.dumps({"name": found[0] if found else ""})
    start: dict[str, Any] = {
        "id": "msg_echo",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": len(str(body)), "output_tokens": 1},
    }
    if not body.get("stream"):
        whole = {**start, "content": [{"type": "text", "text": text}], "stop_reason": "end_turn"}
        return httpx2.Response(200, json=whole)
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 1},
        },
        {"type": "message_stop"},
    ]
    lines = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=lines.encode())
