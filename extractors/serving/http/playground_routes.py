"""Routes of the playground: its page, and the view of a record, which nothing but the page asks for."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from slotfill.extractors.errors import InputError
from slotfill.extractors.record.json_text import json_text
from slotfill.extractors.serving.http.requests.request_bodies import json_body
from slotfill.extractors.serving.http.requests.route_keys import presented_key, service_of
from slotfill.extractors.serving.playground.playground_page import playground_page
from slotfill.extractors.serving.playground.playground_view import playground_view
from slotfill.extractors.serving.problem import ProblemError

__all__ = ["playground_router"]

playground_router = APIRouter(include_in_schema=False)  # for the page alone


@playground_router.get("/")
async def playground() -> Response:
    """Send the page, to anybody: it holds nothing, and without a key it can ask for nothing."""
    return playground_page()


@playground_router.post("/v1/view", openapi_extra={"security": [{"key": []}]})
async def view(request: Request) -> Response:
    """Turn a record and its text into what the page shows of them. Nothing of it is kept."""
    await service_of(request).admit(presented_key(request))
    body = await request.body()
    return Response(await asyncio.to_thread(_viewed, body), media_type="application/json")


def _viewed(body: bytes) -> str:
    asked = json_body(body)
    record, text = (asked.get("record"), asked.get("text")) if isinstance(asked, dict) else (None, None)
    if not isinstance(record, dict) or not isinstance(text, str):
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_body", 'send a "record" and the "text" that it is of')
    try:
        return json_text(playground_view(record, text))
    except InputError as error:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_record", str(error)) from None
