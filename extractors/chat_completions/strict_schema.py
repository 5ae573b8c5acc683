"""The JSON Schema that a server of the Chat Completions API is given for structured output.

OpenAI's own models decode by a subset that is near the one of the Messages API, and in which every property is
required: one that may be left out may be null instead, which is mended in the reply. Servers that hold models of one's
own (vLLM, llama.cpp, Ollama) take more, and are content with this.

https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
"""

from __future__ import annotations

import re

from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.wire.losses import STRUCTURED
from slotfill.schemas.wire.subset import Reduction

__all__ = ["response_format"]

_NAME = re.compile(r"[^a-zA-Z0-9_-]+")
_LONGEST_NAME = 64

_UNKNOWN_FORMATS = frozenset({"uri"})
"""What the Messages API knows beyond."""

_NULL = {"type": "null"}

_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),  # before the integers, which booleans are to Python
    (int, "integer"),
    (float, "number"),
    (str, "string"),
    (type(None), "null"),
)


def response_format(schema: JSONMapping, *, strict: bool = True) -> JSONObject:
    """Write the `response_format` that asks for JSON of a schema.

    strict: whether the server knows that word, by which OpenAI's models keep to the schema. A schema that is beyond the
        subset goes as it is, without it: servers that decode by grammars of their own do so by what they know of it.
    """
    reduced = _strict_form(schema)
    name = _NAME.sub("_", str(schema.get("title") or "reply"))[:_LONGEST_NAME]
    form: JSONObject = {"name": name, "schema": reduced or dict(schema)}
    if strict and reduced is not None:
        form["strict"] = True
    return {"type": "json_schema", "json_schema": form}


def _strict_form(schema: JSONMapping) -> JSONObject | None:
    """Reduce a schema to the subset; None where it is beyond it."""
    reduction = Reduction(dict(schema))
    root = reduction.root()
    if any(set(STRUCTURED) & set(loss.forbids) for loss in reduction.losses) or root.get("type") != "object":
        return None
    return _narrowed({**root, **reduction.shared()})


def _narrowed(schema: JSONObject) -> JSONObject:
    """Have each object hold all its properties, and each literal name its type."""
    narrowed = {**schema}
    for keyword in ("properties", "$defs"):
        if keyword in schema:
            narrowed[keyword] = {key: _narrowed(part) for key, part in schema[keyword].items()}
    if "items" in schema:
        narrowed["items"] = _narrowed(schema["items"])
    if "anyOf" in schema:
        narrowed["anyOf"] = [*map(_narrowed, schema["anyOf"])]
    if schema.get("type") == "object":
        required = schema.get("required", ())
        parts = narrowed["properties"].items()
        narrowed["properties"] = {key: part if key in required else _nullable(part) for key, part in parts}
        narrowed["required"] = [*narrowed["properties"]]
    if schema.get("format") in _UNKNOWN_FORMATS:
        del narrowed["format"]
    if "enum" in schema or "const" in schema:
        literals = schema.get("enum", [schema.get("const")])
        types = list(dict.fromkeys(map(_type_of, literals)))
        narrowed["type"] = types[0] if len(types) == 1 else types
    return narrowed


def _type_of(literal: JSON) -> str:
    return next(name for kind, name in _TYPES if isinstance(literal, kind))


def _nullable(schema: JSONObject) -> JSONObject:
    """Allow null beside what a property may be."""
    branches = schema.get("anyOf", ())
    if _NULL in branches or schema.get("type") == "null" or None in schema.get("enum", ()):
        return schema
    if branches:
        return {**schema, "anyOf": [*branches, _NULL]}
    notes = {key: part for key, part in schema.items() if key in ("title", "description")}
    return {"anyOf": [{key: part for key, part in schema.items() if key not in notes}, _NULL], **notes}
