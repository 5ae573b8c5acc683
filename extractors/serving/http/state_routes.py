"""Routes that say what there is: schemas, and whether the service is alive, ready, and how it does."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from slotfill.extractors.serving.http.api_description import answers, described_text, problems
from slotfill.extractors.serving.http.requests.request_bodies import file_text
from slotfill.extractors.serving.http.requests.route_keys import presented_key, service_of
from slotfill.extractors.serving.problem import ProblemError
from slotfill.extractors.serving.runs.run_queue import RunQueue
from slotfill.extractors.telemetry.prometheus_page import PROMETHEUS_TYPE, prometheus_text
from slotfill.schemas.errors import MissingExtraError
from slotfill.schemas.parameters import parameters_schema

__all__ = ["state_router"]

_SECURITY: list[Any] = [{"key": []}]

_SCHEMA = {
    "type": "object",
    "required": ["name", "id", "description", "json_schema", "output_schema", "parameters"],
    "properties": {
        "name": {"type": "string"},
        "id": {"type": "string"},
        "description": {"type": ["string", "null"]},
        "json_schema": {"type": "object", "description": "What a model is asked for."},
        "output_schema": {"type": "object", "description": "What the value of a record is, as it is described here."},
        "parameters": {"type": ["object", "null"], "description": "What its params are."},
    },
}

_SCHEMAS = answers(
    "What the key may use.",
    schemas={"type": "array", "items": _SCHEMA},
    models={"type": "array", "items": {"type": "string"}},
    allow_schemas={"type": "boolean"},
    feedback={"type": "boolean"},
    retention={"type": "object"},
)
_STATUS = answers("It does.", status={"type": "string"})
_METRICS = answers("The metrics.", media_type="text/plain")

state_router = APIRouter(tags=["service"])


@state_router.get("/v1/schemas", openapi_extra={"security": _SECURITY, "responses": {**_SCHEMAS, **problems(401)}})
async def schemas(request: Request) -> JSONResponse:
    """List the schemas and models that the key may use."""
    service = service_of(request)
    key, served = presented_key(request), service.schemas
    listed = [
        {
            "name": name,
            "id": schema.id,
            "description": schema.json_schema.get("description"),
            "json_schema": schema.json_schema,
            "output_schema": schema.output_schema,
            "parameters": parameters_schema(schema.parameters),
        }
        for name, schema in served.for_key(key).items()
    ]
    flagged = ["the fields that are flagged, with their values"] if service.feedback is not None else []
    runs: RunQueue = request.app.state.runs
    longest = runs.limits.retention
    kept = {
        "keeps": ["usage and cost, by key, label, schema and model", *flagged],
        "texts": False,
        "values": False,
        "runs": {
            "keeps": ["documents", "records"],
            "until": "DELETE /v1/runs/{name}",
            "seconds": None if longest is None else longest.total_seconds(),
        },
        "with_idempotency_key": {
            "keeps": ["the reply, with its record"],
            "seconds": service.replies.retention.total_seconds(),
        },
    }
    return JSONResponse(
        {
            "schemas": listed,
            "models": served.models_for(key),
            "allow_schemas": served.takes_schemas_of(key),
            "feedback": service.feedback is not None,
            "retention": kept,
        }
    )


@state_router.post("/v1/text", openapi_extra=described_text())
async def text(request: Request) -> JSONResponse:
    """Return the text of a file, as it is read to extract from it: spans count its code points."""
    await service_of(request).admit(presented_key(request))
    return JSONResponse({"text": await file_text(request)})


@state_router.get("/healthz", openapi_extra={"responses": _STATUS})
async def healthz() -> JSONResponse:
    """Say that the process answers."""
    return JSONResponse({"status": "ok"})


@state_router.get("/readyz", openapi_extra={"responses": {**_STATUS, **problems(503)}})
async def readyz(request: Request) -> JSONResponse:
    """Say whether a model can be asked: its credential is taken, and its service answers."""
    reason = service_of(request).breaker.reason
    if reason is not None:
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "not_ready", reason, retry_after=5)
    return JSONResponse({"status": "ready"})


@state_router.get(
    "/metrics",
    response_class=Response,
    openapi_extra={"security": _SECURITY, "responses": {**_METRICS, **problems(401, 501)}},
)
async def metrics(request: Request) -> Response:
    """Write the metrics of this process for Prometheus, which bears a key as its `authorization`."""
    presented_key(request)
    try:
        page = prometheus_text()
    except MissingExtraError as error:
        raise ProblemError(HTTPStatus.NOT_IMPLEMENTED, "no_metrics", str(error)) from None
    return Response(page, media_type=PROMETHEUS_TYPE)
