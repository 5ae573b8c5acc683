"""What OpenAPI says of each route: the value of each schema exactly as its JSON Schema has it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from slotfill.extractors.record.parts import Outcome
from slotfill.extractors.serving.http.request_bodies import ExtractBody
from slotfill.extractors.serving.problem import PROBLEM_TYPE

__all__ = ["IDEMPOTENCY", "described_extract", "described_stream", "problems"]

_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Names the kind of problem for programs."},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
        "record": {"type": "object", "description": "What was extracted, and paid for, all the same."},
    },
}

_MEANINGS = {
    400: "The request cannot be read.",
    401: "No valid key.",
    403: "The key may not do that.",
    404: "There is no such thing.",
    408: "The body came too slowly.",
    409: "The request of this Idempotency-Key is still at work, or the run does not stand so that it can be done.",
    413: "The body is too large.",
    415: "The body is of another type.",
    422: "The body says something that cannot be used.",
    429: "The key has used what it may; Retry-After says until when.",
    500: "A fault of the service.",
    502: "The model's service failed.",
    503: "No model can be asked now; Retry-After says when to try again.",
    504: "The model did not answer in time.",
}


IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Names the request: sent again with the same name it gets the same reply, and is not paid again.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}
"""The header by which a request may be sent again."""


def problems(*statuses: int) -> dict[str, Any]:
    """Describe responses that are problems."""
    content = {PROBLEM_TYPE: {"schema": _PROBLEM}}
    return {str(status): {"description": _MEANINGS[status], "content": content} for status in statuses}


def described_extract(name: str | None, json_schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """Describe the route that extracts one document."""
    content = {"application/json": {"schema": _record(json_schema)}}
    described = _described(f"The record of one document, by {_named(name)}.", content)
    return {**described, "parameters": [IDEMPOTENCY]}


def described_stream(name: str | None, json_schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """Describe the route that does so as the value grows."""
    event = {
        "type": "string",
        "description": (
            "Events: `partial` (`rung`, and `value` or `patch`), and last `record`, or `problem` in place of it."
        ),
    }
    content = {"text/event-stream": {"schema": event, "x-record": _record(json_schema)}}
    return _described(f"The value of one document as it grows, by {_named(name)}.", content)


def _named(name: str | None) -> str:
    return f"the schema {name!r}" if name else "a schema of the request"


def _described(summary: str, content: dict[str, Any]) -> dict[str, Any]:
    form = {
        "type": "object",
        "required": ["file"],
        "properties": {
            "file": {"type": "string", "format": "binary", "description": "Read by the reader of its kind."},
            "model": {"type": "string"},
            "labels": {"type": "string", "description": "As JSON."},
            "schema": {"type": "string", "description": "As JSON."},
        },
    }
    bodies = {"application/json": {"schema": ExtractBody.json_schema()}, "multipart/form-data": {"schema": form}}
    answers = {"200": {"description": summary, "content": content}}
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": bodies},
        "responses": {**answers, **problems(*_MEANINGS)},
        "security": [{"key": []}],
    }


def _record(json_schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """Describe a record. Its value is a schema resource of its own, in which `$ref` is what it is there."""
    value: dict[str, Any] = {} if json_schema is None else copy.deepcopy(dict(json_schema))
    if json_schema is not None:
        value.setdefault("$id", f"urn:slotfill:value:{value.get('title', 'value')}")
    return {
        "type": "object",
        "required": ["slotfill", "document", "schema", "model", "outcome", "value", "usage", "cost_usd"],
        "properties": {
            "slotfill": {"const": 1},
            "document": {"type": "object"},
            "schema": {"type": "object"},
            "model": {"type": "string"},
            "outcome": {"enum": [outcome.value for outcome in Outcome]},
            "value": {"anyOf": [value, {"type": "null"}]},
            "invalid": {},
            "spans": {"type": "object"},
            "edits": {"type": "array", "items": {"type": "object"}},
            "attempts": {"type": "array", "items": {"type": "object"}},
            "usage": {"type": "object"},
            "cost_usd": {"type": ["string", "null"]},
            "error": {"type": ["object", "null"]},
        },
    }
