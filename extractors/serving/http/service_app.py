"""The app: the routes of a service, and how what goes wrong is said."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Match
from starlette.types import ASGIApp

from slotfill import __version__
from slotfill.extractors.errors import LedgerError
from slotfill.extractors.serving.http.api_description import described_parts
from slotfill.extractors.serving.http.extract_routes import extract_routes
from slotfill.extractors.serving.http.feedback_routes import feedback_router
from slotfill.extractors.serving.http.playground_routes import playground_router
from slotfill.extractors.serving.http.requests.held_bodies import HeldBodies
from slotfill.extractors.serving.http.requests.problem_responses import REQUEST_ID, FaultAnswers, problem_response
from slotfill.extractors.serving.http.requests.request_guard import RequestGuard
from slotfill.extractors.serving.http.requests.route_keys import KeyedAddresses
from slotfill.extractors.serving.http.runs.run_description import describe_run_params
from slotfill.extractors.serving.http.runs.run_routes import runs_router
from slotfill.extractors.serving.http.state_routes import state_router
from slotfill.extractors.serving.problem import ProblemError
from slotfill.extractors.serving.runs.run_queue import RunQueue
from slotfill.extractors.serving.runs.run_view import RUNS
from slotfill.extractors.serving.service import Service

__all__ = ["service_app"]

_DROP_SECONDS = 600.0
"""So often what is to be kept no longer is dropped."""

_BODIES_AT_ONCE, _UPLOADS_AT_ONCE = 32, 4
"""So many of the largest bodies may be held in memory at once, and files of runs on the disk: most are far smaller."""

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

_logger = logging.getLogger("slotfill")


def service_app(service: Service, runs: RunQueue, *, most_bytes: int, origins: tuple[str, ...] = ()) -> ASGIApp:
    """Make the app of a service.

    Args:
        service: What answers.
        runs: Its runs.
        most_bytes: Of a body.
        origins: The origins whose pages may call it from a browser.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        dropping = asyncio.create_task(_drop_expired(service, runs))
        runs.start()
        try:
            yield
        finally:
            dropping.cancel()
            await runs.aclose()
            await service.aclose()

    routers = (state_router, extract_routes(service), feedback_router, runs_router, playground_router)
    keyed = KeyedAddresses(routers)
    app = FastAPI(
        title="slotfill",
        version=__version__,
        summary="Documents in, validated JSON out.",
        docs_url=None,  # its pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,  # it would send clients, and their keys, to whatever host the request names
        lifespan=lifespan,
        telemetry={
            "logs": False,  # the messages of exceptions may quote a text
            "operation_spans": False,
            "auto_configure": False,  # that is --otel's
            "exclude": keyed.is_untraced,
        },
    )
    handlers: dict[Any, Any] = {ProblemError: _on_problem, RequestValidationError: _on_invalid, HTTPException: _on_http}
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
    app.state.service, app.state.runs = service, runs
    for router in routers:
        app.include_router(router)
    app.add_middleware(FaultAnswers)
    _describe(app, service)
    upload = max(most_bytes, runs.limits.size)
    held = HeldBodies(memory=_BODIES_AT_ONCE * most_bytes, disk=_UPLOADS_AT_ONCE * upload)
    guarded = RequestGuard(app, service, keyed, most_bytes=most_bytes, uploads={RUNS: upload}, held=held)
    if not origins:
        return guarded
    return CORSMiddleware(
        guarded,
        allow_origins=origins,
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key"],
        expose_headers=[
            *("X-Request-Id", "Retry-After", "Idempotency-Replayed"),
            *("Location", "X-Run-Status", "X-Run-Over"),
        ],
    )


async def _drop_expired(service: Service, runs: RunQueue) -> None:
    """Drop what has been kept for its time, also where nobody asks."""
    while True:
        for drop in (service.replies.drop_expired, runs.drop_expired, service.accounts.drop_old):
            try:
                await asyncio.to_thread(drop)
            except LedgerError as error:
                _logger.error("%s", error)  # noqa: TRY400 - all is said
        await asyncio.sleep(_DROP_SECONDS)


def _describe(app: FastAPI, service: Service) -> None:
    """Have its OpenAPI say how a key is sent, and what records of each schema are."""
    whole = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is not None:
            return app.openapi_schema
        described = whole()
        _leave_out(described, "HTTPValidationError", "ValidationError")
        parts = described.setdefault("components", {})
        schemas = service.schemas.named
        parts.setdefault("schemas", {}).update(described_parts(schemas))
        describe_run_params(described["paths"][RUNS]["post"], schemas)
        parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        return described

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend it


def _leave_out(described: Any, *names: str) -> None:
    """Take out what FastAPI says by itself of errors, which are problems here."""
    for name, part in [*described.items()]:
        refers = isinstance(part, dict) and part.get("schema", {}).get("$ref", "").rpartition("/")[2] in names
        if name in names or refers:
            del described[name]
        elif isinstance(part, dict):
            _leave_out(part, *names)


async def _on_problem(request: Request, error: ProblemError) -> Response:
    return problem_response(error, request.scope[REQUEST_ID])


async def _on_invalid(request: Request, error: RequestValidationError) -> Response:
    """Say what is wrong with a query. What was sent is not told again."""
    first = error.errors()[0]
    detail = f"{'/'.join(map(str, first['loc']))}: {first['msg']}"
    return await _on_problem(request, ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_request", detail))


async def _on_http(request: Request, error: HTTPException) -> Response:
    status = HTTPStatus(error.status_code)
    unknown = "there is no such address: GET /openapi.json lists them"
    detail = unknown if status == HTTPStatus.NOT_FOUND else status.phrase
    response = await _on_problem(request, ProblemError(status, status.phrase.lower().replace(" ", "_"), detail))
    response.headers.update(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        response.headers["Allow"] = _allowed(request)
    return response


def _allowed(request: Request) -> str:
    """List the methods of an address: it may be of several routes, and what refuses one is the first of them."""
    routes, scopes = request.app.routes, ({**request.scope, "method": method} for method in _METHODS)
    return ", ".join(
        scope["method"] for scope in scopes if any(route.matches(scope)[0] is Match.FULL for route in routes)
    )
