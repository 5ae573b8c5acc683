"""A scripted server of the Chat Completions API on a loopback port: what it answers, and what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

JSONObject = dict[str, Any]


@dataclass
class Reply:
    """What is answered: a completion, an error, or a body of any kind."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    """What a server was asked."""

    path: str
    headers: dict[str, str]
    body: JSONObject


def completion(text: str | None, *, finish_reason: str = "stop", **fields: Any) -> JSONObject:
    """Write a chat completion as servers do. fields: of its message, or `usage` and `logprobs`."""
    usage = fields.pop("usage", {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120})
    logprobs = fields.pop("logprobs", None)
    message = {"role": "assistant", "content": text, "refusal": None, **fields}
    choice = {"index": 0, "message": message, "finish_reason": finish_reason, "logprobs": logprobs}
    head = {"id": "chatcmpl-7", "object": "chat.completion", "created": 1_796_000_000, "model": "qwen3"}
    return {**head, "choices": [choice], "usage": usage}


def tool_call(arguments: str, name: str = "feedback") -> JSONObject:
    """Write a call of a tool, with its arguments as a model has written them."""
    return {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}


def token(written: str, chance: float, **others: float) -> JSONObject:
    """Write what a server tells of a token; `others` could have stood there."""
    from math import log

    def entry(text: str, likely: float) -> JSONObject:
        return {"token": text, "bytes": list(text.encode()), "logprob": log(likely)}

    likeliest = [entry(text, likely) for text, likely in {written: chance, **others}.items()]
    return {**entry(written, chance), "top_logprobs": likeliest}


def error(status: int, message: str, *, headers: dict[str, str] | None = None, **names: Any) -> Reply:
    """Write an error as OpenAI does."""
    body = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None, **names}}
    return Reply(body, status, headers or {})


def chunks(
    *deltas: JSONObject, finish_reason: str | None = "stop", usage: JSONObject | None = None
) -> list[JSONObject]:
    """Write the chunks of a streamed completion."""
    head = {"id": "chatcmpl-7", "object": "chat.completion.chunk", "created": 1_796_000_000, "model": "qwen3"}

    def chunk(delta: JSONObject, finish: str | None = None) -> JSONObject:
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}]}

    last = [chunk({}, finish_reason)] if finish_reason else []
    counted = [{**head, "choices": [], "usage": usage}] if usage else []
    return [chunk({"role": "assistant", "content": ""}), *map(chunk, deltas), *last, *counted]


def streamed(sequence: Iterable[JSONObject], *, done: bool = True) -> Reply:
    """Write chunks as server-sent events."""
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in sequence] + (["data: [DONE]\n\n"] if done else [])
    return Reply("".join(lines).encode(), headers={"content-type": "text/event-stream"})


Script = Callable[[Asked], Any]


class ScriptedServer:
    """Answers each request by a script: a list of replies, the last one for ever, or a function."""

    def __init__(self, script: Script | list[Any]) -> None:
        self._script, self._replies = script if callable(script) else None, [] if callable(script) else [*script]
        self.asked: list[Asked] = []
        self.models = ["qwen3"]
        self.url = ""

    def answer(self, asked: Asked) -> Reply:
        if asked.path.endswith("/models"):
            return Reply({"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]})
        self.asked.append(asked)
        if self._script:
            said = self._script(asked)
        else:
            said = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        return said if isinstance(said, Reply) else Reply(said)


@contextmanager
def serving(script: Script | list[Any]) -> Iterator[ScriptedServer]:
    """Have a scripted server answer on a port; its `url` is what stands before `/chat/completions`."""
    server = ScriptedServer(script)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            is_json = "json" in self.headers["content-type"]
            self._answer(json.loads(content) if is_json else {"content": content.decode()})

        def _answer(self, body: JSONObject) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = server.answer(Asked(self.path, headers, body))
            content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in {"content-type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        server.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
