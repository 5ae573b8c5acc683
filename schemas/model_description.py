"""What a model says of itself to those who are to fill it: a name, instructions, a JSON Schema with its marks."""

from __future__ import annotations

import inspect
import re

from pydantic import BaseModel

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.json_values.json_types import JSONObject
from slotfill.schemas.marks.comparison import check_comparisons
from slotfill.schemas.marks.confidence import CONFIDENCE_MARK, check_confidences
from slotfill.schemas.marks.evidence import EVIDENCE_MARK, check_evidence
from slotfill.schemas.marks.free_text import check_free_texts
from slotfill.schemas.marks.merge_policy import check_merges, has_keys, name_merge_keys
from slotfill.schemas.validation.model_schema import reply_schema

__all__ = ["instructions_of", "json_schema_of", "snake_case"]

_WORD_START = re.compile(
    r"""
    (?<=[a-z0-9])(?=[A-Z])        # lineItem -> line_item
  | (?<=[A-Z])(?=[A-Z][a-z])      # PDFPage  -> pdf_page
    """,
    re.VERBOSE,
)
_PARAMETER = re.compile(r"\{(\w+)\}")


def snake_case(name: str) -> str:
    """Return a class's name as files are called: `LineItem` is `line_item`."""
    return _WORD_START.sub("_", name).lower()


def instructions_of(model: type[BaseModel], name: str, parameters: BaseModel | None) -> str:
    """Return a model's docstring, its parameters filled in; a sentence that names the schema where it has none."""
    text = inspect.cleandoc(model.__doc__ or f"Extract {name.replace('_', ' ')} from the document.")
    return _filled(text, parameters)


def json_schema_of(model: type[BaseModel], name: str, parameters: BaseModel | None) -> JSONObject:
    """Return the JSON Schema of a reply, its marks under the keys of JSON and checked. Raises SchemaError."""
    try:
        json_schema = _with_keys(model)
    except Exception as error:
        reason = " ".join(str(getattr(error, "message", error)).split())
        raise SchemaError(f"schema {name!r} has no JSON Schema: {reason}") from error
    check_confidences(json_schema)
    check_evidence(json_schema)
    check_merges(json_schema)
    check_comparisons(json_schema)
    check_free_texts(json_schema)
    if parameters and "description" in json_schema:
        json_schema["description"] = _filled(json_schema["description"], parameters)
    return json_schema


def _with_keys(model: type[BaseModel]) -> JSONObject:
    """Write the keys of properties where marks hold the names of a model's fields."""
    json_schema = reply_schema(model)
    for mark in (CONFIDENCE_MARK, EVIDENCE_MARK):
        if mark.is_in(json_schema):
            mark.name_keys(json_schema, reply_schema(model, by_alias=False))
    if has_keys(json_schema):
        name_merge_keys(json_schema, reply_schema(model, by_alias=False))
    return json_schema


def _filled(text: str, parameters: BaseModel | None) -> str:
    """Put the parameters' values where `{name}` stands, once: a value's own braces stay."""
    values = parameters.model_dump() if parameters else {}
    return _PARAMETER.sub(lambda match: str(values.get(match[1], match[0])), text)
