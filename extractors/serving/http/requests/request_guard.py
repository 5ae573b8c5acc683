"""The guard before the app: a request has a name and a bounded body, and is refused where its head is enough for that.

What is refused here passes no route, no dependency and no span: it costs a fraction of what is answered, so that who is
refused a thousand times a second holds up nobody.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slotfill.extractors.serving.http.requests.held_bodies import HELD, HeldBodies, HeldBody
from slotfill.extractors.serving.http.requests.idempotent_replies import IDEMPOTENCY_KEY
from slotfill.extractors.serving.http.requests.problem_responses import REQUEST_ID, problem_response
from slotfill.extractors.serving.http.requests.route_keys import KeyedAddresses, key_in_scope
from slotfill.extractors.serving.problem import ProblemError
from slotfill.extractors.serving.service import Service

__all__ = ["RequestGuard"]

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


class RequestGuard:
    """Stands before the app, and before all that the framework does for a request.

    Args:
        app: What answers.
        service: What it is of.
        keyed: The addresses that take a key.
        most_bytes: Of a body.
        uploads: Of the files that are sent to an address, by that. They go to the disk as they come.
        held: What bodies hold at once.
    """

    def __init__(
        self,
        app: ASGIApp,
        service: Service,
        keyed: KeyedAddresses,
        *,
        most_bytes: int,
        uploads: Mapping[str, int],
        held: HeldBodies,
    ) -> None:
        self._app, self._service, self._keyed = app, service, keyed
        self._most_bytes, self._uploads, self._held = most_bytes, dict(uploads), held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope[REQUEST_ID] = f"req_{secrets.token_hex(12)}"

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        headers = Headers(scope=scope)
        is_upload = self._is_upload(scope, headers)
        most, seconds = self._bounds(scope, is_upload=is_upload)
        try:
            length = _check_head(headers, most)
            key = self._check_key(scope, headers)
            (self._held.disk if is_upload else self._held.memory).check(key, length)
        except ProblemError as problem:
            await problem_response(problem, request_id)(scope, receive, send_named)
        else:
            with self._held.holding(key) as held:
                scope[HELD] = held
                await self._app(scope, _Body(receive, most, seconds, held).receive, send_named)

    def _is_upload(self, scope: Scope, headers: Headers) -> bool:
        """Whether a request brings files that go to the disk."""
        is_form = headers.get("content-type", "").lower().startswith("multipart/form-data")
        return is_form and scope["path"] in self._uploads

    def _bounds(self, scope: Scope, *, is_upload: bool) -> tuple[int, float]:
        """Return the most bytes that a body may have, and the seconds that it may take."""
        return (self._uploads[scope["path"]], UPLOAD_SECONDS) if is_upload else (self._most_bytes, BODY_SECONDS)

    def _check_key(self, scope: Scope, headers: Headers) -> str:
        """Refuse who has no key, and whose key has used what it may ask a minute. A reply that is kept takes none.

        Returns its name, "" for a request that takes none, of whose body nothing is read.
        """
        if scope not in self._keyed:
            return ""
        key = key_in_scope(scope, self._service)
        if self._keyed.counts(scope) and IDEMPOTENCY_KEY not in headers:
            self._service.check_limits(key)
        return key.name


def _check_head(headers: Headers, most: int) -> int:
    """Refuse what two servers in a row may read as different requests, and what is too large before it comes.

    Returns how long the body is, as far as that is told.
    """
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        detail = "send the body as it is: one that is compressed is not unpacked here"
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_encoding", detail)
    lengths = headers.getlist("content-length")
    if "transfer-encoding" in headers and lengths:
        raise _AmbiguousLengthError(
            HTTPStatus.BAD_REQUEST, "ambiguous_length", "a request has a Content-Length or a Transfer-Encoding"
        )
    length = int(lengths[0]) if lengths else 0
    if length > most:
        raise _too_large(most)
    return length


class _AmbiguousLengthError(ProblemError):
    """Nobody knows where the next request begins on that connection (RFC 9112, 6.1)."""

    @property
    def headers(self) -> dict[str, str]:
        return {**super().headers, "Connection": "close"}


class _Body:
    """Counts what arrives of a body, and how long it takes."""

    def __init__(self, receive: Receive, most_bytes: int, seconds: float, held: HeldBody) -> None:
        self._receive, self._most_bytes, self._seconds, self._held = receive, most_bytes, seconds, held
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
            size = len(message.get("body", b""))
            self._read += size
            if self._read > self._most_bytes:
                raise _too_large(self._most_bytes)
            self._held.arrive(size)
            if not message.get("more_body"):
                self._until = 0
        return message


def _too_large(most: int) -> ProblemError:
    detail = f"a body may have {most:,} bytes: send a smaller document, or start the service with a higher --max-body"
    return ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", detail)
