"""An httpx2 transport that answers the Messages API in this process, for the unchanged Anthropic SDK.

transport = LocalTransport(path)
client = Anthropic(http_client=httpx2.Client(transport=transport), base_url="http://slotfill.local",
                   api_key="local", max_retries=0)
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote

import httpx2

from slotfill.extractors.local.answer import answer
from slotfill.extractors.local.llama import shared_engine
from slotfill.extractors.local.messages import message, read_engine_request
from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.extractors.messages_api.sse import STREAM, events

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path

    from slotfill.extractors.local.llama_server import EngineOptions
    from slotfill.schemas.json_values.json_types import JSONMapping

__all__ = ["LocalTransport"]

_log = logging.getLogger(__name__)


class LocalTransport(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """Answers `POST /v1/messages` and `GET /v1/models` from a model file; one object serves sync and asyncio clients.

    path: a .gguf file, loaded once a process however many transports name it.
    options: how to run it.

    A request's read timeout counts from the moment it is made, waiting for others included. One that is cancelled,
    interrupted or timed out stops at the model's next token.
    Raises ModelError or MissingModelExtraError when the model cannot be loaded.
    """

    def __init__(self, path: Path, options: EngineOptions | None = None) -> None:
        self._engine = shared_engine(path, options)
        self._name = path.stem

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer, from one of the engine's threads."""
        cancelled = threading.Event()
        future = self._submit(request, request.read(), cancelled)
        try:
            return future.result(_timeout(request))
        except TimeoutError as error:
            raise httpx2.ReadTimeout(_too_slow(request), request=request) from error
        finally:
            _abandon(future, cancelled)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer without blocking the event loop."""
        cancelled = threading.Event()
        future = self._submit(request, await request.aread(), cancelled)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), _timeout(request))
        except TimeoutError as error:
            raise httpx2.ReadTimeout(_too_slow(request), request=request) from error
        finally:
            _abandon(future, cancelled)

    def close(self) -> None:
        """Do nothing: the engine is shared, and stays loaded for the next transport."""

    async def aclose(self) -> None:
        """Do nothing, as `close`."""

    def _submit(self, request: httpx2.Request, body: bytes, cancelled: threading.Event) -> Future[httpx2.Response]:
        return self._engine.submit(partial(_respond, partial(self._route, request, body, cancelled)))

    def _route(self, request: httpx2.Request, body: bytes, cancelled: threading.Event) -> JSONMapping | _Events:
        match request.method, unquote(request.url.path).strip("/").split("/"):
            case "POST", ["v1", "messages"]:
                message_request = read_engine_request(body)
                written = message(message_request, answer(self._engine, message_request, cancelled))
                return _Events(events(written)) if message_request.stream else written
            case "GET", ["v1", "models"]:
                return {
                    "data": [self._model(self._name)],
                    "has_more": False,
                    "first_id": self._name,
                    "last_id": self._name,
                }
            case "GET", ["v1", "models", name]:
                return self._model(name)
        raise ApiError(404, "not_found_error", f"the embedded model has no {request.method} {request.url.path}")

    def _model(self, name: str) -> JSONMapping:
        return {
            "type": "model",
            "id": name,
            "display_name": self._name,
            "created_at": "1970-01-01T00:00:00Z",  # unknown, in the API's words
            "lifecycle": "active",
            "max_input_tokens": self._engine.context,
            "max_tokens": self._engine.context,
        }


class _Events(tuple[bytes, ...]):
    """A message as a stream. Its events come all at once: the model is asked by field, not read as it writes."""

    __slots__ = ()


def _respond(work: Callable[[], JSONMapping | _Events]) -> httpx2.Response:
    headers = {"request-id": f"req_{secrets.token_hex(12)}"}
    try:
        done = work()
        if isinstance(done, _Events):
            return httpx2.Response(200, headers=headers | STREAM, content=b"".join(done))
        return httpx2.Response(200, headers=headers, json=done)
    except ApiError as error:
        failed = error
    except Exception as error:  # noqa: BLE001 - whatever breaks, the client gets an answer
        _log.debug("the embedded model failed", exc_info=True)
        failed = ApiError(500, "api_error", f"the embedded model failed: {type(error).__name__}: {error}")
    return httpx2.Response(failed.status, headers=headers, json=failed.to_json())


def _timeout(request: httpx2.Request) -> float | None:
    limits: dict[str, float | None] = request.extensions.get("timeout", {})
    return limits.get("read")


def _too_slow(request: httpx2.Request) -> str:
    return f"the embedded model did not answer within {_timeout(request)} seconds"


def _abandon(future: Future[httpx2.Response], cancelled: threading.Event) -> None:
    """Free the engine where nobody waits for the answer any more; harmless after it."""
    cancelled.set()
    future.cancel()
