"""An httpx2 transport that answers the Messages API from a server of the Chat Completions API.

    server = ChatServer("qwen3", "http://127.0.0.1:8080/v1")
    transport = ChatTransport(server, httpx2.Client())
    client = Anthropic(http_client=httpx2.Client(transport=transport), base_url="http://127.0.0.1:8080", api_key="none")

The unchanged SDK stands above it, with its retries, and all that slotfill has there: pace, budget, deadline, tape.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import httpx2
from pydantic_core import from_json, to_json

from slotfill.extractors.chat_completions.chat_dialect import Dialect
from slotfill.extractors.chat_completions.chat_errors import ServerError, read_error, refusal_of
from slotfill.extractors.chat_completions.chat_reply import message_body
from slotfill.extractors.chat_completions.chat_request import asks_for_scores, chat_request
from slotfill.extractors.chat_completions.chat_stream import ChatStream
from slotfill.extractors.http.redaction import Redaction
from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.extractors.messages_api.inbound import redirect_target
from slotfill.extractors.messages_api.request import load_body, parse_request
from slotfill.extractors.messages_api.sse import STREAM, events

if TYPE_CHECKING:
    from slotfill.schemas.json_values.json_types import JSON, JSONObject

__all__ = ["ChatServer", "ChatTransport"]

_MESSAGES, _MODELS = "/v1/messages", "/v1/models"

_KEPT = ("retry-after", "retry-after-ms", "x-should-retry")
"""The headers of a reply that mean the same in both."""

_REFUSED = (400, 422)
"""How a server answers a request that it does not take."""

_REDIRECTS = range(300, 400)

_OPENAI = "api.openai.com"

Inner = httpx2.Client | httpx2.AsyncClient
Exchange = Generator[httpx2.Request, httpx2.Response, httpx2.Response]


@dataclass(frozen=True, slots=True)
class ChatServer:
    """A model, and where it is served.

    model: its name there. base_url: what stands before `/chat/completions`. key: sent as a bearer's, None for none.
    """

    model: str
    base_url: str
    key: str | None = None


class ChatTransport(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """Answers `POST /v1/messages` and `GET /v1/models` from a server of the Chat Completions API.

    server: which model is asked, and where. inner: the client that reaches it, of the kind that is used above, sync or
        async; it is closed with this one.

    Nothing of a request's headers is handed on: a credential of another service stays here. The server's own key is
    hidden in what it says.
    """

    def __init__(self, server: ChatServer, inner: Inner) -> None:
        self._server, self._inner = server, inner
        newer = urlsplit(server.base_url).hostname == _OPENAI
        self._dialect = Dialect(room="max_completion_tokens" if newer else "max_tokens")
        self._redaction = Redaction((server.key,) if server.key else (), words=True)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Ask the server, as often as it refuses a parameter that can be done without."""
        inner = cast("httpx2.Client", self._inner)
        request.read()
        exchange = self._exchange(request)
        try:
            sent = next(exchange)
            while True:
                reply = inner.send(sent, stream=True)
                if not _is_stream(reply):
                    reply.read()
                sent = exchange.send(reply)
        except StopIteration as ended:
            return cast("httpx2.Response", ended.value)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Do so without blocking."""
        inner = cast("httpx2.AsyncClient", self._inner)
        await request.aread()
        exchange = self._exchange(request)
        try:
            sent = next(exchange)
            while True:
                reply = await inner.send(sent, stream=True)
                if not _is_stream(reply):
                    await reply.aread()
                sent = exchange.send(reply)
        except StopIteration as ended:
            return cast("httpx2.Response", ended.value)

    def close(self) -> None:
        """Close what is below."""
        cast("httpx2.Client", self._inner).close()

    async def aclose(self) -> None:
        """Close what is below."""
        await cast("httpx2.AsyncClient", self._inner).aclose()

    def _exchange(self, request: httpx2.Request) -> Exchange:
        """Say what is sent, given each reply, and return the last one translated: the logic of both kinds of client."""
        path = request.url.path
        try:
            if request.method == "POST" and path.endswith(_MESSAGES):
                return (yield from self._message(request, load_body(request.content)))
            if request.method == "GET" and _MODELS in path:
                return (yield from self._models(request, named=not path.endswith(_MODELS)))
        except ApiError as error:
            return _refused(error)
        return _refused(
            ApiError(404, "not_found_error", f"servers of Chat Completions have no {request.method} {path}")
        )

    def _message(self, request: httpx2.Request, body: JSON) -> Exchange:
        parse_request(body)
        while True:
            dialect = self._dialect
            written = to_json(chat_request(body, self._server.model, dialect))
            reply = yield self._request("POST", "/chat/completions", request, written)
            if _is_stream(reply):
                stream = _MessageStream(reply, ChatStream(body["model"], self._redaction))
                return httpx2.Response(200, headers=_headers(reply) | STREAM, stream=stream)
            content = self._read(reply)
            error = read_error(content)
            lesser = self._dialect.after(error.message) if error and reply.status_code in _REFUSED else None
            if lesser is None:
                return _whole(reply, content, error, body, self._redaction)
            self._dialect = lesser

    def _models(self, request: httpx2.Request, *, named: bool) -> Exchange:
        """List the models, or describe the one that is asked."""
        reply = yield self._request("GET", "/models", request)
        content = self._read(reply)
        listed = content.get("data") if isinstance(content, dict) and reply.is_success else None
        if not isinstance(listed, list):
            return _failed(reply, read_error(content), self._redaction)
        names = [str(entry["id"]) for entry in listed if isinstance(entry, dict) and "id" in entry]
        if named and self._server.model not in names:
            others = ", ".join(names[:8]) or "none"
            raise ApiError(404, "not_found_error", f"the server lists no model {self._server.model!r}; it has {others}")
        if named:
            return httpx2.Response(200, headers=_headers(reply), json=_model(self._server.model))
        ends = {"first_id": names[0], "last_id": names[-1]} if names else {"first_id": None, "last_id": None}
        listing = {"data": [*map(_model, names)], "has_more": False, **ends}
        return httpx2.Response(200, headers=_headers(reply), json=listing)

    def _read(self, reply: httpx2.Response) -> JSON:
        """Read the JSON of a reply, None where it has none. Whoever is above knows nothing of the key in it."""
        try:
            content = from_json(reply.content)
        except ValueError:
            return None
        return self._redaction.hide_within(content) if self._redaction.finds(reply.text) else content

    def _request(self, method: str, path: str, request: httpx2.Request, content: bytes | None = None) -> httpx2.Request:
        """Write what is sent: it has the time-outs of what it is sent for."""
        headers = {"accept": "application/json, text/event-stream"}
        if content is not None:
            headers["content-type"] = "application/json"
        if self._server.key:
            headers["authorization"] = f"Bearer {self._server.key}"
        limits: Mapping[str, float | None] = request.extensions.get("timeout", {})
        return self._inner.build_request(
            method,
            self._server.base_url + path,
            content=content,
            headers=headers,
            extensions={"timeout": dict(limits)},
        )


class _MessageStream(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """The body of a streamed reply, translated as it comes."""

    def __init__(self, reply: httpx2.Response, stream: ChatStream) -> None:
        self._reply, self._stream = reply, stream

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._reply.iter_bytes():
            yield b"".join(self._stream.take(piece))
        yield b"".join(self._stream.end())

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._reply.aiter_bytes():
            yield b"".join(self._stream.take(piece))
        yield b"".join(self._stream.end())

    def close(self) -> None:
        self._reply.close()

    async def aclose(self) -> None:
        await self._reply.aclose()


def _is_stream(reply: httpx2.Response) -> bool:
    return reply.is_success and reply.headers.get("content-type", "").startswith("text/event-stream")


def _whole(
    reply: httpx2.Response, content: JSON, error: ServerError | None, body: JSONObject, redaction: Redaction
) -> httpx2.Response:
    """Translate a reply that has come as a whole; what is none of the API's goes as it is, and is unreadable above."""
    if error is not None or not reply.is_success:
        return _failed(reply, error, redaction)
    schema = body["output_config"]["format"]["schema"] if asks_for_scores(body) else None
    message = message_body(content, body["model"], schema)
    if message is None:
        return _as_it_is(reply, redaction)
    if body.get("stream"):  # which the server has not heeded
        return httpx2.Response(200, headers=_headers(reply) | STREAM, content=b"".join(events(json.loads(message))))
    return httpx2.Response(200, headers=_headers(reply) | {"content-type": "application/json"}, content=message)


def _failed(reply: httpx2.Response, error: ServerError | None, redaction: Redaction) -> httpx2.Response:
    if reply.status_code in _REDIRECTS:
        target = redirect_target(reply.headers) or "another address"
        error = ServerError(f"the server redirects to {target}: put it into the model's id if you trust it")
        return httpx2.Response(reply.status_code, json=ApiError(0, "api_error", error.message).to_json())
    if error is None:
        return _as_it_is(reply, redaction)
    return _refused(refusal_of(reply.status_code, error, _headers(reply)))


def _refused(error: ApiError) -> httpx2.Response:
    return httpx2.Response(error.status, headers=error.headers, json=error.to_json())


def _as_it_is(reply: httpx2.Response, redaction: Redaction) -> httpx2.Response:
    """Hand on what no server of this API says: a page of a gateway's, half a body."""
    kind = {"content-type": reply.headers.get("content-type", "application/octet-stream")}
    content = redaction.hide(reply.text).encode() if redaction.finds(reply.text) else reply.content
    return httpx2.Response(reply.status_code, headers=_headers(reply) | kind, content=content)


def _headers(reply: httpx2.Response) -> dict[str, str]:
    kept = {name: reply.headers[name] for name in _KEPT if name in reply.headers}
    named = reply.headers.get("x-request-id")
    return {**kept, "request-id": named} if named else kept


def _model(name: str) -> JSONObject:
    return {
        "type": "model",
        "id": name,
        "display_name": name,
        "created_at": "1970-01-01T00:00:00Z",  # unknown, in the API's words
    }
