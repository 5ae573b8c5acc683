"""What OpenAPI says of each route: the value of each schema as its JSON Schema has it."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from slotfill.extractors.record.parts import Outcome
from slotfill.extractors.serving.http.requests.request_bodies import ExtractBody
from slotfill.extractors.serving.problem import PROBLEM_TYPE
from slotfill.schemas.json_schema.subschemas import subschemas
from slotfill.schemas.parameters import lacking, parameters_schema
from slotfill.schemas.schema import Schema

__all__ = [
    "IDEMPOTENCY",
    "answers",
    "described_extract",
    "described_params",
    "described_parts",
    "described_stream",
    "described_text",
    "problems",
]

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
    501: "The service lacks what that takes.",
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


_OF_EXTRACT = tuple(status for status in _MEANINGS if status != HTTPStatus.NOT_IMPLEMENTED)

_TEXT = {"type": "string"}

_EVENTS = "Events: `partial` (`rung`, and `value` or `patch`), and last `record`, or `problem` in place of it."

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")


def problems(*statuses: int) -> dict[str, Any]:
    """Describe responses that are problems."""
    content = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/problem"}}}
    return {str(status): {"description": _MEANINGS[status], "content": content} for status in statuses}


def described_parts(schemas: Mapping[str, Schema[Any]]) -> dict[str, Any]:
    """Describe once, by name, what several routes take and answer with: parameters and records of schemas, problems."""
    values = {_part("value", name): _placed("value", name, schema.output_schema) for name, schema in schemas.items()}
    records = {_part("record", name): _record({"$ref": _place("value", name)}) for name in schemas}
    params = {
        _part("params", name): _placed("params", name, json_schema)
        for name, schema in schemas.items()
        if (json_schema := parameters_schema(schema.parameters)) is not None
    }
    return {**values, **records, **params, _part("record", None): _record({}), "problem": _PROBLEM}


def answers(meaning: str, *, media_type: str = "application/json", **properties: Any) -> dict[str, Any]:
    """Describe what a route answers with where all is well: an object with these properties, or a text without."""
    schema = {"type": "object", "required": [*properties], "properties": properties}
    return {"200": {"description": meaning, "content": {media_type: {"schema": schema if properties else _TEXT}}}}


def described_text() -> dict[str, Any]:
    """Describe the route that gives the text of a file."""
    file = {"type": "string", "format": "binary", "description": "Read by the reader of its kind."}
    form = {"type": "object", "required": ["file"], "properties": {"file": file}, "additionalProperties": False}
    return {
        "security": [{"key": []}],
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": form}}},
        "responses": {**answers("The text.", text=_TEXT), **problems(400, 401, 408, 413, 415, 422, 429, 500, 503)},
    }


def described_params(name: str) -> dict[str, Any]:
    """Describe the parameters of a schema that has some."""
    return {"$ref": _place("params", name)}


def described_extract(name: str | None, schema: Schema[Any] | None) -> dict[str, Any]:
    """Describe the route that extracts one document, by a schema of that name, or by one of the request."""
    content = {"application/json": {"schema": _reference(name)}}
    described = _described(name, schema, f"The record of one document, by {_named(name)}.", content)
    return {**described, "parameters": [IDEMPOTENCY]}


def described_stream(name: str | None, schema: Schema[Any] | None) -> dict[str, Any]:
    """Describe the route that does so as the value grows."""
    content = {"text/event-stream": {"x-record": _reference(name)}}
    return _described(name, schema, f"The value of one document as it grows, by {_named(name)}. {_EVENTS}", content)


def _named(name: str | None) -> str:
    return f"the schema {name!r}" if name else "a schema of the request"


def _described(name: str | None, schema: Schema[Any] | None, summary: str, content: dict[str, Any]) -> dict[str, Any]:
    parameters = None if schema is None else schema.parameters
    bodies = ExtractBody.media_types(
        with_schema=name is None,
        params=None if name is None or parameters is None else described_params(name),
        must_have=bool(lacking(parameters)),
    )
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": bodies},
        "responses": {"200": {"description": summary, "content": content}, **problems(*_OF_EXTRACT)},
        "security": [{"key": []}],
    }


def _reference(name: str | None) -> dict[str, Any]:
    return {"$ref": _place("record", name)}


def _place(kind: str, name: str | None) -> str:
    return f"#/components/schemas/{_part(kind, name)}"


def _part(kind: str, name: str | None) -> str:
    """Name what describes a schema, as OpenAPI takes it: letters, digits, and `.20.` for what else stands there."""
    return kind if name is None else f"{kind}-" + _UNSAFE.sub(lambda match: f".{ord(match[0]):x}.", name)


def _placed(kind: str, name: str, json_schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON Schema whose references lead to the same parts from where it stands here."""
    value = copy.deepcopy(dict(json_schema))
    nodes = [node for _, node in subschemas(value)]
    if any("$id" in node for node in nodes):  # references are read from there on
        return {"$id": f"urn:slotfill:{kind}:{quote(name, safe='')}", **value}
    for node in nodes:
        reference = node.get("$ref")
        if isinstance(reference, str) and (reference == "#" or reference.startswith("#/")):
            node["$ref"] = _place(kind, name) + reference[1:]
    return value


def _record(value: dict[str, Any]) -> dict[str, Any]:
    """Describe a record."""
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
