"""Tries: what holds of each HTTP try of the SDK's clients that are built here.

It ends in time. It goes to the address it was sent to and no other: a redirect would take the document to a host that
nobody has named. And what it brings is kept as it was written, where the SDK's reading loses something.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import httpx2
from anthropic import APITimeoutError, Middleware

from slotfill.extractors.http.deadlines import bound_stream, until
from slotfill.extractors.messages_api.tool_inputs import keep_input_texts

if TYPE_CHECKING:
    from anthropic import APIRequest, APIResponse, AsyncAPIResponse

__all__ = ["Tries"]


class Tries(Middleware):
    """Middleware for a client of the Anthropic SDK: each HTTP try ends in time, and follows no redirect.

        client = Anthropic(middleware=[Tries(60)])

    A tool's input is kept as the model wrote it, with all its digits and keys, for the `Extractor` that reads it.

    Args:
        seconds: The longest that a whole try may take; of a stream, that may pass until its first event and between
            two. None for as long as it takes. A sync client keeps to it where it streams.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds

    def handle(self, request: APIRequest, call_next: Callable[[APIRequest], APIResponse[Any]]) -> APIResponse[Any]:
        """Let a try go, and see to its reply."""
        request.options.follow_redirects = False
        if self._seconds is None:
            response = call_next(request)
        else:
            with until(time.monotonic() + self._seconds):
                response = call_next(request)
        if _may_call(request) and response.http_response.is_success:
            keep_input_texts(response.parse(), response.http_response.content)
        self._bound(request, response.http_response)
        return response

    async def handle_async(
        self, request: APIRequest, call_next: Callable[[APIRequest], Awaitable[AsyncAPIResponse[Any]]]
    ) -> AsyncAPIResponse[Any]:
        """Do so without blocking."""
        request.options.follow_redirects = False
        try:
            async with asyncio.timeout(self._seconds):
                response = await call_next(request)
        except TimeoutError as error:
            raise APITimeoutError(httpx2.Request(request.method, request.url)) from error
        if _may_call(request) and response.http_response.is_success:
            keep_input_texts(await response.parse(), response.http_response.content)
        self._bound(request, response.http_response)
        return response

    def _bound(self, request: APIRequest, reply: httpx2.Response) -> None:
        if reply.has_redirect_location:
            reply.headers["x-should-retry"] = "false"  # whatever it says itself: it would be answered alike
        if request.stream and request.method.lower() == "post" and self._seconds is not None:  # of events
            bound_stream(reply, self._seconds)


def _may_call(request: APIRequest) -> bool:
    """Whether a reply may call a tool, and is read by the SDK at once; a stream is put together by ourselves."""
    body = request.json
    return not request.stream and isinstance(body, Mapping) and "tools" in body
