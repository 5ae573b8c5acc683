"""A request that bears an `Idempotency-Key`: its reply is kept, and sent again to who asks again."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from slotfill.extractors.errors import LedgerError
from slotfill.extractors.serving.http.requests.problem_responses import REQUEST_ID
from slotfill.extractors.serving.problem import PROBLEM_TYPE, ProblemError
from slotfill.extractors.serving.reply_store import ReplyStore, StoredReply

__all__ = ["IDEMPOTENCY_KEY", "idempotency_key", "reply_once"]

IDEMPOTENCY_KEY = "Idempotency-Key"
"""The header."""

REPLAYED = {"Idempotency-Replayed": "true"}

_NAME = re.compile(r"[\x21-\x7e]{1,255}")

_STORE_AGAIN = 10.0
"""Seconds after which to ask again where replies cannot be kept now."""

_logger = logging.getLogger("slotfill")


def idempotency_key(request: Request) -> str | None:
    """Return what a request is called by who sends it, if it is.

    Raises:
        ProblemError: That is no name (422).
    """
    name: str | None = request.headers.get(IDEMPOTENCY_KEY)
    if name is not None and not _NAME.fullmatch(name):
        detail = f"an {IDEMPOTENCY_KEY} has 1 to 255 visible characters of ASCII: a UUID is one"
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_idempotency_key", detail)
    return name


async def reply_once(
    request: Request, store: ReplyStore, key: str, digest: str, answer: Callable[[], Awaitable[JSONResponse]]
) -> Response:
    """Answer a request that bears the header, or send again what was answered.

    What is kept is a record, and a problem that something was paid for. All else may be asked again.

    Args:
        request: The request.
        store: Where replies are kept.
        key: The name of the key that asks.
        digest: Of all that the request says.
        answer: Answers it.

    Raises:
        ProblemError: As `answer` and `ReplyStore.claim` do; replies cannot be kept (503).
    """
    name = idempotency_key(request) or ""
    try:
        stored = await asyncio.to_thread(store.claim, key, name, digest)
    except LedgerError as error:
        _logger.error("%s", error)  # noqa: TRY400 - all is said
        detail = "replies cannot be kept now: the log says why. Without an Idempotency-Key the request is answered"
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "no_reply_store", detail, retry_after=_STORE_AGAIN) from None
    if stored is not None:
        return Response(stored.body, stored.status, REPLAYED, stored.media_type)
    reply = None
    try:
        response = await answer()
        reply = StoredReply(response.status_code, "application/json", bytes(response.body))
    except ProblemError as problem:
        if problem.is_paid:
            body = JSONResponse(problem.to_json(request.scope[REQUEST_ID])).body
            reply = StoredReply(problem.status, PROBLEM_TYPE, bytes(body))
        raise
    finally:
        await _settle(store, key, name, reply)
    return response


async def _settle(store: ReplyStore, key: str, name: str, reply: StoredReply | None) -> None:
    """Keep a reply, or give up the claim. The client gets its answer, whatever comes of that: it is paid for."""
    try:
        if reply is None:
            await asyncio.to_thread(store.release, key, name)
        else:
            await asyncio.to_thread(store.keep, key, name, reply)
    except LedgerError as error:
        _logger.error("%s", error)  # noqa: TRY400 - all is said
