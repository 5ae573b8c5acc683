"""The route by which users say that a value is wrong."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from slotfill.extractors.record.json_writer import NO_MEMBER
from slotfill.extractors.serving.feedback_log import FieldFeedback
from slotfill.extractors.serving.http.api_description import problems
from slotfill.extractors.serving.http.requests.request_bodies import checked_body, media_type
from slotfill.extractors.serving.http.requests.route_keys import presented_key, service_of
from slotfill.extractors.serving.problem import ProblemError

__all__ = ["feedback_router"]

feedback_router = APIRouter(tags=["feedback"])


class _FeedbackBody(BaseModel):
    """What somebody says of one field of a record."""

    model_config = ConfigDict(extra="forbid", strict=True)

    record: Annotated[dict[str, Any], Field(description="The record, as it was answered.")]
    field: Annotated[str, Field(max_length=1_000, description="JSON Pointer to the field in its value.")]
    value: Annotated[Any, Field(description="What should stand there, if that is known.")] = None
    text: Annotated[str | None, Field(description="The document's text, for rules that look at it.")] = None
    note: Annotated[str | None, Field(max_length=2_000, description="What else is to be said.")] = None


_DESCRIBED: dict[str, Any] = {
    "security": [{"key": []}],
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": _FeedbackBody.model_json_schema()}},
    },
    "responses": problems(400, 401, 404, 408, 413, 415, 422, 429, 503),
}


@feedback_router.post("/v1/feedback", status_code=HTTPStatus.NO_CONTENT, openapi_extra=_DESCRIBED)
async def feedback(request: Request) -> Response:
    """Take down that a value is wrong, for those who review."""
    service, key = service_of(request), presented_key(request)
    if service.feedback is None:
        detail = "this service takes no feedback: it was started without --feedback"
        raise ProblemError(HTTPStatus.NOT_FOUND, "no_feedback", detail)
    if media_type(request) != "application/json":
        detail = 'send application/json with a "record" and a "field"'
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_type", detail)
    body = checked_body(_FeedbackBody, await request.body())
    await service.admit(key)
    said = FieldFeedback(
        record=body.record,
        field=body.field,
        value=body.value if "value" in body.model_fields_set else NO_MEMBER,
        text=body.text,
        note=body.note,
    )
    await asyncio.to_thread(service.feedback.add, key, service.schemas.for_key(key), said)
    return Response(status_code=HTTPStatus.NO_CONTENT)
