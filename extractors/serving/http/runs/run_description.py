"""What OpenAPI says of the routes of runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slotfill.extractors.serving.http.api_description import IDEMPOTENCY, described_params, problems
from slotfill.extractors.serving.http.runs.run_bodies import RunBody
from slotfill.extractors.serving.runs.run_order import RunStatus
from slotfill.schemas.parameters import lacking
from slotfill.schemas.schema import Schema

__all__ = ["describe_run_params", "described_run", "described_run_results", "described_runs", "described_start"]

_TIME: dict[str, Any] = {"type": ["string", "null"], "format": "date-time"}
_TEXT: dict[str, Any] = {"type": ["string", "null"]}

_LISTED: dict[str, Any] = {
    "id": {"type": "string"},
    "status": {"enum": [status.value for status in RunStatus]},
    "code": {**_TEXT, "description": "Why it was stopped or failed, for programs."},
    "detail": {**_TEXT, "description": "The same for people, and what to do."},
    "schema": {"type": "object"},
    "model": _TEXT,
    "batch": {"type": "boolean"},
    "labels": {"type": "object"},
    "params": {"type": ["object", "null"]},
    "created": {"type": "string", "format": "date-time"},
    "started": _TIME,
    "ended": _TIME,
    "address": {"type": "string"},
    "results": {"type": "string"},
}

_PROGRESS: dict[str, Any] = {
    "documents": {
        "type": "object",
        "properties": {
            "read": {"type": "integer"},
            "ended": {"type": "integer"},
            "extracted": {"type": "integer"},
            "outcomes": {"type": "object", "additionalProperties": {"type": "integer"}},
        },
    },
    "usage": {"type": "object"},
    "cost_usd": _TEXT,
    "batches": {"type": "array", "items": {"type": "object"}},
}

_FORM: dict[str, Any] = {
    "type": "object",
    "required": ["file", "schema"],
    "properties": {
        "file": {
            "type": "array",
            "items": {"type": "string", "format": "binary"},
            "description": "One file or several. Of tables (.jsonl, .csv, .parquet and others) each row is a document.",
        },
        "schema": {"type": "string", "description": "Its name, or a JSON Schema."},
        "model": {"type": "string"},
        "labels": {"type": "string", "description": "As JSON."},
        "params": {"type": "string", "description": "The schema's parameters, as JSON."},
        "text_field": {"type": "string", "description": "The field of a row's text."},
        "id_field": {"type": "string", "description": "The field of a row's name."},
        "keep": {"type": "array", "items": {"type": "string"}, "description": "Fields of rows to carry along."},
    },
}


def described_start() -> dict[str, Any]:
    """Describe how a run is begun."""
    bodies = {"application/json": {"schema": RunBody.json_schema()}, "multipart/form-data": {"schema": _FORM}}
    answer = _answer("The run, which is on the disk.", _run())
    answer["headers"] = {"Location": {"schema": {"type": "string"}}}
    return {
        "requestBody": {"required": True, "content": bodies},
        "parameters": [IDEMPOTENCY],
        "responses": {"202": answer, **problems(400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 503)},
        "security": [{"key": []}],
    }


def describe_run_params(start: dict[str, Any], schemas: Mapping[str, Schema[Any]]) -> None:
    """Have what says how a run is begun say also which parameters each schema takes, and which must have some."""
    with_parameters = {name: schema for name, schema in schemas.items() if schema.parameters is not None}
    body = start["requestBody"]["content"]["application/json"]["schema"]
    if not with_parameters:
        return
    body["properties"]["params"] = {"type": "object", "description": "The schema's parameters, by name."}
    body["allOf"] = [
        {
            "if": _of_schema({"const": name}),
            "then": {
                "properties": {"params": described_params(name)},
                "required": ["params"] if lacking(schema.parameters) else [],
            },
        }
        for name, schema in with_parameters.items()
    ]
    body["allOf"].append(
        {"if": _of_schema({"not": {"enum": [*with_parameters]}}), "then": {"not": {"required": ["params"]}}}
    )


def _of_schema(which: dict[str, Any]) -> dict[str, Any]:
    return {"properties": {"schema": which}, "required": ["schema"]}


def described_runs() -> dict[str, Any]:
    """Describe the list of runs."""
    runs = {"type": "array", "items": {"type": "object", "properties": _LISTED}}
    answer = _answer("The runs of the key.", {"type": "object", "properties": {"runs": runs}})
    return {"responses": {"200": answer, **problems(401, 503)}, "security": [{"key": []}]}


def described_run(summary: str, status: int = 200, *others: int) -> dict[str, Any]:
    """Describe a route of one run."""
    answer = {"description": summary} if status == 204 else _answer(summary, _run())  # noqa: PLR2004 - HTTP's own
    answers = {str(status): answer, **problems(401, 404, *others, 503)}
    return {"responses": answers, "security": [{"key": []}]}


def described_run_results() -> dict[str, Any]:
    """Describe the records of a run."""
    content = {"application/x-ndjson": {"schema": {"type": "string", "description": "A record a line."}}}
    headers = {
        "X-Run-Status": {"schema": {"type": "string"}, "description": "How it stood when this began."},
        "X-Run-Over": {"schema": {"type": "string"}, "description": "Whether no more will come: `true` or `false`."},
    }
    answer = {"description": "The records of what has ended.", "content": content, "headers": headers}
    return {"responses": {"200": answer, **problems(401, 404, 503)}, "security": [{"key": []}]}


def _run() -> dict[str, Any]:
    return {"type": "object", "properties": {**_LISTED, **_PROGRESS}}


def _answer(summary: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": summary, "content": {"application/json": {"schema": schema}}}
