"""What the service refuses: the checks of a request before any model sees it, with the service's own kinds of error.

https://platform.claude.com/docs/en/api/errors, …/build-with-claude/structured-outputs, …/api/messages
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from functools import lru_cache

from pydantic_core import to_json

from slotfill.extractors.messages_api.api_error import ApiError, invalid
from slotfill.extractors.testing.rules.model_rules import ModelRules, rules_of
from slotfill.extractors.testing.rules.model_settings import check_settings
from slotfill.extractors.testing.rules.turns import check_turns
from slotfill.schemas.json_schema.subschemas import subschemas
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject

__all__ = ["check_batch", "check_length", "check_request"]

REQUEST_BYTES = 32 << 20
BATCH_BYTES = 256 << 20
BATCH_REQUESTS = 100_000

OPTIONAL, UNIONS, STRICT_TOOLS = 24, 16, 20
"""The most of a request's schemas together that is made to grammars: properties that may be left out, and those of
several types; and tools. The product's own limits stand elsewhere, so that a mistake of either is found.

https://platform.claude.com/docs/en/build-with-claude/structured-outputs#schema-complexity-limits
"""

_COUNTED = frozenset(
    (
        *("model", "messages", "system", "tools", "tool_choice", "thinking", "output_config", "output_format"),
        *("cache_control", "context_management", "mcp_servers", "speed", "user_profile_id", "betas"),
    )
)
_KNOWN = _COUNTED | frozenset(
    (
        *("max_tokens", "metadata", "stop_sequences", "stream", "temperature", "top_p", "top_k", "service_tier"),
        *("container", "diagnostics", "inference_geo", "workspace_id"),
    )
)
_PROPERTY_KEY = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
_CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_SUPPORTED = frozenset(
    (
        *("type", "anyOf", "allOf", "enum", "const", "$ref", "$defs", "definitions", "properties", "required"),
        *(
            "additionalProperties",
            "items",
            "minItems",
            "format",
            "pattern",
            "title",
            "description",
            "default",
            "$schema",
        ),
    )
)
_BEYOND_GRAMMARS = re.compile(r"(?<!\\)(?:\\\\)*(?:\(\?<?[=!]|\\[1-9bB])")
"""Finds what no pattern may hold: looking ahead or behind, back-references, the edges of words."""

_FORMATS = frozenset(["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"])


def check_request(
    data: JSON, *, also: Collection[str] = (), counting: bool = False, batched: bool = False
) -> ModelRules:
    """Refuse what the service refuses of `POST /v1/messages`, else give the model. Raises ApiError, 400 or 404.

    also: names of further models. counting: of `…/count_tokens`. batched: of one request of a batch.
    """
    if not isinstance(data, dict):
        raise invalid("The request body is not valid JSON: an object is required")
    for key in data:
        if key not in (_COUNTED if counting else _KNOWN):
            raise invalid(f"{key}: Extra inputs are not permitted")
    model = _check_model(data.get("model"), also)
    check_settings(data, model, counting=counting, batched=batched)
    check_turns(data, model, counting=counting)
    compiled = _check_tools(data)
    match data.get("output_config"):
        case None | {"format": None}:
            pass
        case {"format": {"type": "json_schema", "schema": dict(schema)}}:
            compiled["output_config.format.schema"] = schema
            _check_no_citations(data["messages"])
        case {"format": _}:
            raise invalid("output_config.format: Input should be of type 'json_schema', with a schema")
    _check_grammars(compiled)
    return model


def check_batch(requests: JSON, most: int) -> None:
    """Refuse what the service refuses of a batch as a whole, of so many requests at most; each is checked later."""
    if not isinstance(requests, list) or not requests:
        raise invalid("requests: List should have at least 1 item")
    if len(requests) > most:
        raise invalid(f"requests: List should have at most {most} items, not {len(requests)}")
    names = set()
    for number, request in enumerate(requests):
        place = f"requests.{number}"
        if not isinstance(request, dict) or not isinstance(request.get("params"), dict):
            raise invalid(f"{place}.params: Field required")
        name = request.get("custom_id")
        if not isinstance(name, str) or not _CUSTOM_ID.fullmatch(name):
            raise invalid(f"{place}.custom_id: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'")
        if name in names:
            raise invalid(f"{place}.custom_id: {name!r} is not unique")
        names.add(name)


def _check_model(name: JSON, also: Collection[str]) -> ModelRules:
    if not isinstance(name, str) or not name:
        raise invalid("model: Field required")
    if (model := rules_of(name, also)) is None:
        raise ApiError(404, "not_found_error", f"model: {name}")
    return model


def _check_no_citations(messages: JSON) -> None:
    """Citations stand between blocks of text, which the grammar of a structured output does not let through."""
    rest = [(f"messages.{number}.content", message["content"]) for number, message in enumerate(messages)]
    for around, content in rest:
        for at, block in enumerate(content) if isinstance(content, list) else ():
            if block["type"] == "tool_result":
                rest.append((f"{around}.{at}.content", block.get("content")))
            elif block["type"] in ("document", "search_result") and (block.get("citations") or {}).get("enabled"):
                place = f"{around}.{at}.citations"
                raise invalid(f"{place}: citations are not supported together with output_config.format")


def _check_tools(data: JSONMapping) -> JSONObject:
    """Check the tools; give the schemas of the strict ones by where they stand."""
    names, strict = set(), {}
    for number, tool in enumerate(data.get("tools") or ()):
        place = f"tools.{number}.custom"
        if not isinstance(tool, dict) or not _TOOL_NAME.fullmatch(str(tool.get("name", ""))):
            raise invalid(f"{place}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")
        names.add(tool["name"])
        if tool.get("type", "custom") == "custom":
            _check_tool_schema(_canonical(tool.get("input_schema")), f"{place}.input_schema")
            if tool.get("strict"):
                strict[f"{place}.input_schema"] = tool["input_schema"]
    if len(strict) > STRICT_TOOLS:
        raise invalid(
            f"Too many strict tools ({len(strict)}). The maximum number of strict tools supported is {STRICT_TOOLS}. "
            "Try reducing the number of tools marked as strict."
        )
    choice = data.get("tool_choice") or {}
    if choice.get("type") == "tool" and choice.get("name") not in names:
        raise invalid(f"tool_choice: Tool {choice.get('name')!r} not found in provided tools")
    return strict


def _canonical(schema: JSON) -> bytes:
    """Write a schema down, so that what was found of it is kept: tests send the same one again and again."""
    return to_json(schema)


@lru_cache(maxsize=256)
def _check_tool_schema(written: bytes, place: str) -> None:
    schema = json.loads(written)
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise invalid(f"{place}.type: Input should be 'object'")
    for keyword in ("oneOf", "allOf", "anyOf"):
        if keyword in schema:
            raise invalid(f"{place}: input_schema does not support oneOf, allOf, or anyOf at the top level")
    _check_keys(schema, place)


def _check_keys(schema: JSONObject, place: str) -> None:
    for _, part in subschemas(schema):
        properties = part.get("properties")
        for key in properties if isinstance(properties, dict) else ():
            if not _PROPERTY_KEY.fullmatch(key):
                raise invalid(f"{place}.properties: Property keys should match pattern '^[a-zA-Z0-9_.-]{{1,64}}$'")


def _check_grammars(schemas: JSONMapping) -> None:
    """Check the schemas that are made to grammars: each by itself, and how much there is of all of them."""
    counts = [_check_structured(_canonical(schema), place) for place, schema in schemas.items()]
    optional, unions = (sum(count) for count in zip((0, 0), *counts, strict=True))
    if optional > OPTIONAL:
        raise invalid(
            f"Schemas contains too many optional parameters ({optional}), which would make grammar compilation "
            f"inefficient. Reduce the number of optional parameters in your tool schemas (limit: {OPTIONAL})."
        )
    if unions > UNIONS:
        raise invalid(
            f"Schemas contains too many parameters with union types ({unions} parameters with type arrays or anyOf). "
            f"Reduce the number of nullable or union-typed parameters (limit: {UNIONS} parameters with unions)."
        )


@lru_cache(maxsize=256)
def _check_structured(written: bytes, place: str) -> tuple[int, int]:
    """Check the keywords of a schema, and that its objects are closed; count its optional properties and its unions."""
    schema = json.loads(written)
    _check_keys(schema, place)
    optional = unions = 0
    for _, part in subschemas(schema):
        for problem in _unsupported(part):
            raise invalid(f"{place}: {problem}")
        optional += len(set(part.get("properties", ())) - set(part.get("required", ())))
        unions += len(part.get("anyOf", ())) > 1
    return optional, unions


def _unsupported(part: JSONMapping) -> Iterator[str]:
    kind = part.get("type")
    for keyword in part:
        if keyword not in _SUPPORTED:
            yield f"For '{kind}' type, property '{keyword}' is not supported"
    if isinstance(kind, list):
        yield "'type' must be a string: use 'anyOf' for several types"
    if kind == "object" and part.get("additionalProperties") is not False:
        yield "For 'object' type, 'additionalProperties' must be explicitly set to false"
    if part.get("format", "uuid") not in _FORMATS:
        yield f"For 'string' type, format '{part['format']}' is not supported"
    if _BEYOND_GRAMMARS.search(str(part.get("pattern", ""))):
        yield f"For 'string' type, pattern {part['pattern']!r} is not supported"
    if part.get("minItems", 0) not in (0, 1):
        yield "For 'array' type, 'minItems' values other than 0 or 1 are not supported"
    if not part.keys() & {"type", "anyOf", "allOf", "enum", "const", "$ref", "$defs"}:
        yield "Schema type is missing"


def check_length(tokens: int, model: ModelRules) -> None:
    """Refuse a prompt that the model's context does not hold."""
    if tokens > model.context:
        raise invalid(f"prompt is too long: {tokens} tokens > {model.context} maximum")
