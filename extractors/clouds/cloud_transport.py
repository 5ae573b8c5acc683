"""An httpx2 transport that answers the Messages API from a cloud's, by the SDK's own client for it.

Each cloud has addresses, credentials and streams of its own: that client knows them, and does one HTTP try. The SDK's
ordinary client stands above, with its retries, and all that slotfill has there: pace, budget, deadline, tape.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, NamedTuple, NoReturn

import anthropic
import httpx2
from anthropic import AsyncStream, Stream
from anthropic.types import RawMessageStreamEvent
from pydantic_core import from_json

from slotfill.extractors.http.redaction import Redaction
from slotfill.extractors.messages_api.api_error import ApiError, error_kind, invalid
from slotfill.extractors.messages_api.request import load_body
from slotfill.extractors.messages_api.sse import STREAM
from slotfill.schemas.json_values.json_types import JSON, JSONObject

__all__ = ["CloudTransport"]

_MESSAGES, _MODELS = "/v1/messages", "/v1/models"

_REQUEST_IDS = ("request-id", "x-amzn-requestid", "apim-request-id", "x-request-id")
_KEPT = ("retry-after", "retry-after-ms", "x-should-retry")

_TOO_LONG = ("input is too long", "too many input tokens")
"""How Bedrock says that a prompt is."""

CloudClient = Any
"""One of the SDK's clients for a cloud: they have no class of their own in common."""


class _Call(NamedTuple):
    """What a request asks of the cloud: a message, or whether a model answers at all."""

    body: JSONObject
    model: str | None

    @property
    def stream(self) -> bool:
        return self.body.get("stream") is True


class CloudTransport(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """Answers `POST /v1/messages` from a cloud, and `GET /v1/models/{id}` by a message of one token.

    name: what a model's id begins with, which is no part of its id there. client: the SDK's for the cloud, of the kind
    that is used above, sync or async, without retries; it is closed with this one. way_out: what to set where no
    credential is found. Its key, where it sends one, is hidden in what the cloud says.
    """

    def __init__(self, name: str, client: CloudClient, way_out: str) -> None:
        self._prefix, self._client, self._way_out = f"{name}:", client, way_out
        key = getattr(client, "api_key", None)
        self._redaction = Redaction((key,) if isinstance(key, str) else (), words=True)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Ask the cloud, once."""
        request.read()
        try:
            call = self._read(request)
            reply = self._client.post(_MESSAGES, **_arguments(call, request, Stream))
        except ApiError as error:
            return _refused(error)
        except Exception as error:  # noqa: BLE001 - what looks for credentials raises anything
            return self._failed(error)
        return self._stream(reply) if call.stream else self._whole(reply, call)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Do so without blocking."""
        await request.aread()
        try:
            call = self._read(request)
            reply = await self._client.post(_MESSAGES, **_arguments(call, request, AsyncStream))
        except ApiError as error:
            return _refused(error)
        except Exception as error:  # noqa: BLE001 - as above
            return self._failed(error)
        return self._stream(reply) if call.stream else self._whole(reply, call)

    def close(self) -> None:
        """Close what is below."""
        self._client.close()

    async def aclose(self) -> None:
        """Close what is below."""
        await self._client.close()

    def _read(self, request: httpx2.Request) -> _Call:
        """Read what is asked. Raises ApiError for what clouds do not have."""
        path = request.url.path
        if request.method == "POST" and path == _MESSAGES:
            body = load_body(request.content)
            if not isinstance(body, dict) or not isinstance(body.get("model"), str):
                raise invalid("model: a string is required")
            return _Call({**body, "model": self._name(body["model"])}, None)
        if request.method == "GET" and path.startswith(f"{_MODELS}/"):
            model = self._name(path.removeprefix(f"{_MODELS}/"))
            probe = {"model": model, "max_tokens": 1, "messages": [{"role": "user", "content": "."}]}
            return _Call(probe, model)
        raise ApiError(404, "not_found_error", f"{self._prefix[:-1]} has no {request.method} {path}")

    def _name(self, model: str) -> str:
        return model.removeprefix(self._prefix)

    def _whole(self, reply: httpx2.Response, call: _Call) -> httpx2.Response:
        if call.model is not None:
            return httpx2.Response(200, headers=_headers(reply), json=_model(call.model))
        content = self._redaction.hide(reply.text).encode() if self._redaction.finds(reply.text) else reply.content
        return httpx2.Response(200, headers=_headers(reply) | {"content-type": "application/json"}, content=content)

    def _stream(self, events: Any) -> httpx2.Response:
        stream = _EventStream(events, self._redaction)
        return httpx2.Response(200, headers=_headers(events.response) | STREAM, stream=stream)

    def _failed(self, error: Exception) -> httpx2.Response:
        """Write what the SDK gave up on as the service would, or raise what the network did."""
        if isinstance(error, anthropic.APIStatusError):
            return self._status(error.response)
        if isinstance(error, anthropic.APIConnectionError):
            _raise_network(error)
        reason = " ".join(str(error).split()) or type(error).__name__
        return _refused(ApiError(401, "authentication_error", f"{self._redaction.hide(reason)}: {self._way_out}"))

    def _status(self, reply: httpx2.Response) -> httpx2.Response:
        try:
            body = from_json(reply.content)
        except ValueError:  # a page of a proxy
            content_type = {"content-type": reply.headers.get("content-type", "application/octet-stream")}
            content = self._redaction.hide(reply.text).encode()
            return httpx2.Response(reply.status_code, headers=_headers(reply) | content_type, content=content)
        kind, text = _words(body)
        default = error_kind(reply.status_code)
        opening = "prompt is too long: " if any(words in text.lower() for words in _TOO_LONG) else ""
        text = self._redaction.hide(opening + text)
        return _refused(ApiError(reply.status_code, kind or default, text, _headers(reply)))


class _EventStream(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """The events of a message, which the SDK has read of whatever the cloud sends, as the service writes them."""

    def __init__(self, events: Any, redaction: Redaction) -> None:
        self._events, self._redaction = events, redaction

    def __iter__(self) -> Iterator[bytes]:
        try:
            for event in self._events:
                yield self._written(event)
        except anthropic.APIStatusError as error:
            yield self._error(error)
        except anthropic.APIConnectionError as error:
            _raise_network(error)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for event in self._events:
                yield self._written(event)
        except anthropic.APIStatusError as error:
            yield self._error(error)
        except anthropic.APIConnectionError as error:
            _raise_network(error)

    def close(self) -> None:
        self._events.close()

    async def aclose(self) -> None:
        await self._events.close()

    def _written(self, event: Any) -> bytes:
        return self._event(event.type, event.to_dict(warnings=False))

    def _error(self, error: anthropic.APIStatusError) -> bytes:
        kind, text = _words(error.body)
        return self._event("error", ApiError(0, kind or "api_error", text).to_json())

    def _event(self, kind: str, data: JSONObject) -> bytes:
        text = self._redaction.hide(json.dumps(data, ensure_ascii=False))
        return f"event: {kind}\ndata: {text}\n\n".encode("utf-8", "surrogatepass")


def _arguments(call: _Call, request: httpx2.Request, stream_cls: Any) -> dict[str, Any]:
    limits: Mapping[str, float | None] = request.extensions.get("timeout", {})
    options = {"timeout": httpx2.Timeout(**limits)} if limits else {}
    if call.stream:
        event: Any = RawMessageStreamEvent
        return {
            "cast_to": event,
            "body": call.body,
            "options": options,
            "stream": True,
            "stream_cls": stream_cls[event],
        }
    return {"cast_to": httpx2.Response, "body": call.body, "options": options}


def _raise_network(error: anthropic.APIConnectionError) -> NoReturn:
    """Raise the error of the network below the SDK's, so that the one above can tell it."""
    cause = error.__cause__
    if isinstance(cause, httpx2.HTTPError):
        raise cause
    raise httpx2.ConnectError(str(cause or error))


def _words(body: JSON) -> tuple[str | None, str]:
    """Return the Messages API's name for an error, and what it says: AWS and Google have forms of their own."""
    match body:
        case {"type": "error", "error": {"type": str(kind), "message": str(text)}}:
            return kind, text
        case {"error": {"message": str(text)}} | {"message": str(text)} | {"Message": str(text)}:
            return None, text
    return None, "the service says no more"


def _headers(reply: httpx2.Response) -> dict[str, str]:
    kept = {name: reply.headers[name] for name in _KEPT if name in reply.headers}
    named = next((reply.headers[name] for name in _REQUEST_IDS if name in reply.headers), None)
    return {**kept, "request-id": named} if named else kept


def _refused(error: ApiError) -> httpx2.Response:
    return httpx2.Response(error.status, headers=error.headers, json=error.to_json())


def _model(name: str) -> JSONObject:
    return {"type": "model", "id": name, "display_name": name, "created_at": "1970-01-01T00:00:00Z"}
