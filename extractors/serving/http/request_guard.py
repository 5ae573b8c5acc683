"""The guard before the routes: a request has a name and a bounded body, an answer says no more than it must."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slotfill.extractors.serving.problem import PROBLEM_TYPE, ProblemError
from slotfill.extractors.unforeseen import unexpected

__all__ = ["REQUEST_ID", "RequestGuard", "problem_response"]

REQUEST_ID = "slotfill_request_id"
"""Where in a request's scope its name stands."""

BODY_SECONDS = 30.0
"""So long a body may take to arrive, from the first look at it: slower clients hold a place for nothing."""

UPLOAD_SECONDS = 600.0
"""So long files may take where they may be large."""

_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""What each response says that does not say otherwise: none is a page, and none is to be kept on the way."""

_logger = logging.getLogger("slotfill")


def problem_response(problem: ProblemError, request_id: str) -> JSONResponse:
    """Answer with a problem."""
    data = problem.to_json(request_id)
    return JSONResponse(data, problem.status, headers=problem.headers, media_type=PROBLEM_TYPE)


class RequestGuard:
    """Middleware.

    Args:
        app: What answers.
        most_bytes: Of a body.
        uploads: Of the files that are sent to an address, by that. They go to the disk as they come.
    """

    def __init__(self, app: ASGIApp, *, most_bytes: int, uploads: Mapping[str, int] | None = None) -> None:
        self._app, self._most_bytes, self._uploads = app, most_bytes, dict(uploads or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope[REQUEST_ID] = f"req_{secrets.token_hex(12)}"
        is_begun = False

        async def send_named(message: Message) -> None:
            nonlocal is_begun
            if message["type"] == "http.response.start":
                is_begun = True
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            headers = Headers(scope=scope)
            most, seconds = self._bounds(scope, headers)
            self._check_head(headers, most)
            await self._app(scope, _Body(receive, most, seconds).receive, send_named)
        except ProblemError as problem:
            if is_begun:
                raise
            await problem_response(problem, request_id)(scope, receive, send_named)
        except ClientDisconnect:
            return  # in the middle of its body: nobody is there to be answered
        except Exception as error:
            if is_begun:
                raise
            _logger.error("%s: %s", request_id, unexpected(error))  # noqa: TRY400 - a traceback may quote a text
            fault = ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "this is a fault of the service")
            await problem_response(fault, request_id)(scope, receive, send_named)

    def _bounds(self, scope: Scope, headers: Headers) -> tuple[int, float]:
        """Return the most bytes that a body may have, and the seconds that it may take."""
        most = self._uploads.get(scope["path"])
        if most is None or not headers.get("content-type", "").lower().startswith("multipart/form-data"):
            return self._most_bytes, BODY_SECONDS
        return most, UPLOAD_SECONDS

    def _check_head(self, headers: Headers, most: int) -> None:
        """Refuse what two servers in a row may read as different requests, and what is too large before it comes."""
        if headers.get("content-encoding", "identity").strip().lower() != "identity":
            detail = "send the body as it is: one that is compressed is not unpacked here"
            raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_encoding", detail)
        lengths = headers.getlist("content-length")
        if "transfer-encoding" in headers and lengths:
            raise _AmbiguousLengthError(
                HTTPStatus.BAD_REQUEST, "ambiguous_length", "a request has a Content-Length or a Transfer-Encoding"
            )
        if lengths and int(lengths[0]) > most:
            raise _too_large(most)


class _AmbiguousLengthError(ProblemError):
    """Nobody knows where the next request begins on that connection (RFC 9112, 6.1)."""

    @property
    def headers(self) -> dict[str, str]:
        return {**super().headers, "Connection": "close"}


class _Body:
    """Counts what arrives of a body, and how long it takes."""

    def __init__(self, receive: Receive, most_bytes: int, seconds: float) -> None:
        self._receive, self._most_bytes, self._seconds = receive, most_bytes, seconds
        self._read = 0
        self._until: float | None = None

    async def receive(self) -> Any:
        if self._until == 0:  # it is here: what comes now is that the client has gone
            return await self._receive()
        self._until = self._until or asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            detail = f"the body did not arrive within {self._seconds:.0f} s"
            raise ProblemError(HTTPStatus.REQUEST_TIMEOUT, "slow_body", detail) from None
        if message["type"] == "http.request":
            self._read += len(message.get("body", b""))
            if self._read > self._most_bytes:
                raise _too_large(self._most_bytes)
            if not message.get("more_body"):
                self._until = 0
        return message


def _too_large(most: int) -> ProblemError:
    detail = f"a body may have {most:,} bytes: send a smaller document, or start the service with a higher --max-body"
    return ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", detail)
