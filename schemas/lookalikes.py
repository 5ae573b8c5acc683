"""What is handed over for a JSON Schema and is none: an example of a value, and what services wrap a schema in.

JSON Schema ignores keywords that it does not know, so either would pass for a schema that allows everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.pointer import join

__all__ = ["refuse_lookalikes"]

_TYPES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object", "any"})

_DECISIVE = frozenset(
    {
        *("$schema", "$ref", "$dynamicRef", "$recursiveRef", "$defs", "definitions", "type", "enum", "const"),
        *("anyOf", "oneOf", "allOf", "not", "if", "extends", "disallow"),
        *("properties", "patternProperties", "additionalProperties", "required"),
    }
)
"""Keywords that make a schema of whatever stands beside them."""

_KEYWORDS = _DECISIVE | {
    *("title", "description", "default", "example", "examples", "deprecated", "readOnly", "writeOnly", "id"),
    *("then", "else", "dependencies", "dependentRequired", "dependentSchemas", "discriminator", "nullable", "xml"),
    *("items", "prefixItems", "additionalItems", "unevaluatedItems", "contains", "minContains", "maxContains"),
    *("minItems", "maxItems", "uniqueItems", "propertyNames", "minProperties", "maxProperties"),
    *("unevaluatedProperties", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("divisibleBy", "minLength", "maxLength", "pattern", "format", "contentEncoding", "contentMediaType"),
    *("contentSchema", "externalDocs"),
}
"""The keywords of all drafts, and OpenAPI's."""

_WRAPPERS = (
    *("tools", "function", "parameters", "input_schema", "inputSchema", "output_schema", "outputSchema"),
    *("response_format", "output_format", "output_config", "format", "json_schema", "responseSchema", "schema"),
)
"""Keys under which services, and their clients, take a schema."""

_LISTED = 4
"""How many keys an error names."""


def refuse_lookalikes(document: Mapping[str, Any]) -> None:
    """Raise SchemaError, which says what to pass instead, for a mapping that only passes for a JSON Schema.

    One keyword of JSON Schema that decides something makes a schema, as does having nothing but keywords, names that
    begin with `$` or `x-`, or no key at all.
    """
    if _is_decided(document):
        return
    if path := next(_wrapped(document), None):
        raise SchemaError(f"no JSON Schema, but what wraps one for a service: pass what stands at {join(path)} of it")
    foreign = [key for key in map(str, document) if not (key in _KEYWORDS or key.startswith(("$", "x-")))]
    if foreign:
        listed = ", ".join(map(repr, foreign[:_LISTED])) + (", …" if len(foreign) > _LISTED else "")
        raise SchemaError(
            f"no JSON Schema: it says nothing of what a value has to be, and knows no {listed}. An example of a value "
            "is no schema: say its fields in one line ('name, age int'), or as "
            '{"type": "object", "properties": {…}}'
        )


def _is_decided(document: Mapping[str, Any]) -> bool:
    return any(key in _DECISIVE and (key != "type" or _is_type(value)) for key, value in document.items())


def _is_type(value: object) -> bool:
    """Tell whether a value can stand under `type`: "function" is a service's, "customer" a person's."""
    return value in _TYPES if isinstance(value, str) else isinstance(value, list | Mapping)


def _wrapped(document: object) -> Iterator[tuple[str | int, ...]]:
    """Give where schemas stand within what wraps them."""
    if isinstance(document, list):
        yield from ((at, *path) for at, item in enumerate(document) for path in _wrapped(item))
    if not isinstance(document, Mapping):
        return
    for key in _WRAPPERS:
        inner = document.get(key)
        if isinstance(inner, Mapping) and _is_decided(inner):
            yield (key,)
        else:
            yield from ((key, *path) for path in _wrapped(inner))
