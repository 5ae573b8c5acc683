"""The tools as clients list them: what each is for, and the exact JSON Schemas of what it takes and answers. Pure."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import PydanticJsonSchemaWarning

from slotfill.extractors.extractions.stored_record import StoredRecord
from slotfill.extractors.tool_server.tool_calls import (
    CheckArguments,
    ExtractArguments,
    SchemasArguments,
    ViewArguments,
)
from slotfill.schemas.json_values.json_types import JSON, JSONObject

__all__ = ["ToolDescription", "tool_descriptions"]

_STRING = {"type": "string"}

_SCHEMAS: JSONObject = {
    "type": "object",
    "additionalProperties": False,
    "required": ["schemas"],
    "properties": {
        "schemas": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name", "summary"],
                "properties": {
                    "name": _STRING,
                    "summary": _STRING,
                    "parameters": {"type": "object", "description": "JSON Schema of `params`, where it takes some."},
                    "instructions": {"type": "string", "description": "What a model is told; of one schema alone."},
                    "json_schema": {"type": "object", "description": "Of one schema alone."},
                },
            },
        }
    },
}

_FINDINGS: JSONObject = {
    "type": "object",
    "additionalProperties": False,
    "required": ["schema", "sound", "summary", "findings"],
    "properties": {
        "schema": _STRING,
        "sound": {"type": "boolean", "description": "Whether no law is broken."},
        "summary": _STRING,
        "findings": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["kind", "law", "path", "message", "counterexample"],
                "properties": {
                    "kind": {"enum": ["broken", "not decided", "advice"]},
                    "law": _STRING,
                    "path": _STRING,
                    "message": _STRING,
                    "counterexample": {},
                },
            },
        },
    },
}

_PAGE: JSONObject = {
    "type": "object",
    "additionalProperties": False,
    "required": ["documents", "path", "url"],
    "properties": {
        "documents": {"type": "integer", "minimum": 1},
        "path": {"type": ["string", "null"], "description": "Below the root; null where the page is returned."},
        "url": {"type": ["string", "null"], "description": "The file's address, for a browser of this machine."},
    },
}


@dataclass(frozen=True, slots=True)
class ToolDescription:
    """One tool, as a client sees it.

    Attributes:
        name: What it is called by.
        title: What people call it.
        text: What it is for, for a model.
        takes, answers: JSON Schemas.
        costs: Whether a model is asked, which may cost money.
        writes: Whether it may write a file.
    """

    name: str
    title: str
    text: str
    takes: JSONObject
    answers: JSONObject
    costs: bool = False
    writes: bool = False


def tool_descriptions() -> tuple[ToolDescription, ...]:
    """Return all tools."""
    return (
        ToolDescription(
            "extract",
            "Extract data from a document",
            "Turn one document into JSON that a schema validates. Answers with the record: `value` is the data, "
            "`spans` says where in the text each value stands, `outcome` how it went, `cost_usd` what it cost. Give "
            "the text, or the path of a file (mail, HTML, PDF, Office, plain text) that the server may read.",
            _arguments(ExtractArguments),
            _record(),
            costs=True,
        ),
        ToolDescription(
            "schemas",
            "List schemas",
            "List what can be extracted by name, or show one schema as JSON Schema: also what a line of fields means.",
            _arguments(SchemasArguments),
            _SCHEMAS,
        ),
        ToolDescription(
            "check",
            "Check a schema",
            "Property-test a schema before it is used: says what is wrong with it, with the smallest counterexample. "
            "Asks no model and costs nothing. It takes some seconds.",
            _arguments(CheckArguments),
            _FINDINGS,
        ),
        ToolDescription(
            "view",
            "Show extractions as a page",
            "Make one HTML page of what was extracted: the texts with each value marked where it stands. Writes it to "
            "a new file, and says its address; or returns it.",
            _arguments(ViewArguments),
            _PAGE,
            writes=True,
        ),
    )


def _arguments(form: type[BaseModel]) -> JSONObject:
    schema: JSONObject = form.model_json_schema()
    return {**_plain(schema), "type": "object"}


def _record() -> JSONObject:
    """Describe a record by the form that records are written and read in."""
    with warnings.catch_warnings():
        # Members that are left out have a marker for a default, which is no JSON.
        warnings.simplefilter("ignore", PydanticJsonSchemaWarning)
        return _plain(TypeAdapter(StoredRecord).json_schema(mode="serialization"))


def _plain(schema: JSONObject) -> JSONObject:
    """Leave out what names and docstrings of classes say: a client shows it to a model, which pays for each word."""
    return dict(_members(schema))


def _members(schema: JSONObject) -> Iterator[tuple[str, JSON]]:
    for keyword, value in schema.items():
        if keyword in ("title", "default") or (keyword == "description" and "properties" in schema):
            continue
        if keyword in ("properties", "$defs"):
            yield keyword, {name: _plain(part) for name, part in value.items()}
        elif isinstance(value, dict):
            yield keyword, _plain(value)
        elif isinstance(value, list):
            yield keyword, [_plain(part) if isinstance(part, dict) else part for part in value]
        else:
            yield keyword, value
