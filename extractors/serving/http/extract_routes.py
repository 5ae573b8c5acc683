"""Routes that extract: one document, whole or as its value grows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import AsyncExitStack, aclosing
from http import HTTPStatus
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from fastapi.sse import EventSourceResponse

from slotfill.extractors.record.json_text import json_text
from slotfill.extractors.serving.http.api_description import described_extract, described_stream
from slotfill.extractors.serving.http.extraction_events import extraction_events
from slotfill.extractors.serving.http.requests.idempotent_replies import IDEMPOTENCY_KEY, idempotency_key, reply_once
from slotfill.extractors.serving.http.requests.problem_responses import REQUEST_ID
from slotfill.extractors.serving.http.requests.request_bodies import read_body
from slotfill.extractors.serving.http.requests.route_keys import presented_key, service_of
from slotfill.extractors.serving.problem import ProblemError
from slotfill.extractors.serving.service import Service, ServiceRequest
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.schema import Schema

__all__ = ["extract_routes"]

T = TypeVar("T")


def extract_routes(service: Service) -> APIRouter:
    """Make the routes for each schema, so that each is described by itself."""
    router = APIRouter(tags=["extract"])
    for name, schema in service.schemas.named.items():
        _add(router, f"/v1/extract/{name}", name, schema)
    if service.schemas.allow_schemas:
        _add(router, "/v1/extract", None, None)
    return router


def _add(router: APIRouter, path: str, name: str | None, schema_of_name: Schema[Any] | None) -> None:
    async def request_of(request: Request) -> tuple[ServiceRequest, str]:
        key = presented_key(request)
        body = await read_body(request, with_schema=name is None)
        schema = name or body.schema or {}
        wanted = ServiceRequest(key, schema, body.document, body.model, body.labels, body.params)
        return wanted, f"{path} {body.digest}"

    async def extract(request: Request, asked: tuple[ServiceRequest, str] = Depends(request_of)) -> Response:
        service, (wanted, digest) = service_of(request), asked
        if idempotency_key(request) is None:
            return await _while_there(request, _answer(service, wanted))
        # A client that leaves comes back for the reply: what has begun is finished.
        service.schemas.check(wanted.key, wanted.schema, wanted.model, wanted.params)
        return await reply_once(request, service.replies, wanted.key.name, digest, lambda: _answer(service, wanted))

    async def events_of(
        request: Request,
        asked: tuple[ServiceRequest, str] = Depends(request_of),
        partials: Annotated[
            Literal["values", "patches"], Query(description="Whole values as they grow, or what has changed of them.")
        ] = "values",
    ) -> AsyncGenerator[AsyncGenerator[bytes]]:
        if idempotency_key(request) is not None:
            detail = f"a stream cannot be sent again: an {IDEMPOTENCY_KEY} is for the address without /stream"
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency_of_stream", detail)
        # Before the answer begins, so that a refusal is a status; the place is given back when it has been sent.
        async with AsyncExitStack() as held:
            work = await _while_there(request, held.enter_async_context(service_of(request).at_work(asked[0])))
            events = extraction_events(work, request.scope[REQUEST_ID], as_patches=partials == "patches")
            yield await held.enter_async_context(aclosing(events))

    async def stream(events: AsyncGenerator[bytes] = Depends(events_of)) -> EventSourceResponse:
        # Given to it as bytes: events that a route yields go through two queues of the framework, and the first waits.
        return EventSourceResponse(events, headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})

    of = name or "a schema of the request"
    router.add_api_route(
        path,
        extract,
        methods=["POST"],
        name=f"extract {of}",
        response_model=None,
        openapi_extra=described_extract(name, schema_of_name),
    )
    router.add_api_route(
        f"{path}/stream",
        stream,
        methods=["POST"],
        name=f"stream {of}",
        response_class=Response,  # of whose type nothing is described but what is said here
        openapi_extra=described_stream(name, schema_of_name),
    )


async def _answer(service: Service, wanted: ServiceRequest) -> JSONResponse:
    async with service.at_work(wanted) as work:
        extraction = await work.extract()
    return _RecordResponse(extraction.to_json())


class _RecordResponse(JSONResponse):
    """A record with all digits of its numbers, which the framework's own response rounds."""

    def render(self, content: JSON) -> bytes:
        return json_text(content).encode()


async def _while_there(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Do something for a client, and end it where that leaves: nobody is to pay for what nobody reads."""
    task = asyncio.create_task(work)
    gone = asyncio.create_task(_left(request))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ProblemError(HTTPStatus.BAD_REQUEST, "gone", "the client has left")
        return task.result()
    finally:
        for one in (task, gone):
            one.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _left(request: Request) -> None:
    """Wait until the client leaves: the body has been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
