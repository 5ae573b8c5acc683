"""What is handed over for a JSON Schema and is none: an example, a service's wrapper, definitions that none refers to.

JSON Schema ignores keywords that it does not know, so each would pass for a schema that allows everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.json_values.json_types import JSONMapping
from slotfill.schemas.json_values.pointer import join
from slotfill.schemas.sources.near_keywords import JSON_SCHEMA_TYPES, KEYWORDS, foreign_keys

__all__ = ["refuse_lookalikes"]

_DECISIVE = frozenset(
    {
        *("$schema", "$ref", "$dynamicRef", "$recursiveRef", "$defs", "definitions", "type", "enum", "const"),
        *("anyOf", "oneOf", "allOf", "not", "if", "extends", "disallow"),
        *("properties", "patternProperties", "additionalProperties", "required"),
    }
)
"""Keywords that make a schema of whatever stands beside them."""

_DEFINITIONS = ("$defs", "definitions")
_SAY_NOTHING = {"$schema", "id", "title", "description", "default", "example", "examples", *_DEFINITIONS}
"""Keywords beside which definitions stand alone."""

_WRAPPERS = (
    *("tools", "function", "functions", "functionDeclarations", "function_declarations", "toolSpec", "parameters"),
    *("input_schema", "inputSchema", "output_schema", "outputSchema", "args_schema", "response_format", "text"),
    *("output_format", "output_config", "format", "json_schema", "jsonSchema", "json", "responseSchema"),
    *("response_schema", "config", "generationConfig", "generation_config", "schema"),
)
"""Keys under which services, and their clients, take a schema."""

_LISTED = 4
"""How many keys an error names."""


def refuse_lookalikes(document: JSONMapping) -> None:
    """Raise SchemaError, which says what to pass instead, for a mapping that only passes for a JSON Schema.

    One keyword of JSON Schema that decides something makes a schema, as does having nothing but keywords, names that
    begin with `$` or `x-`, or no key at all.
    """
    parts = [(key, part) for key in _DEFINITIONS if isinstance(part := document.get(key), Mapping)]
    defined = next((join((key, name)) for key, part in parts for name in part), None)
    if defined and KEYWORDS.intersection(document) <= _SAY_NOTHING:
        raise SchemaError(
            f'no JSON Schema, but definitions alone: say which one is meant, as in "$ref": "#{defined}" beside them'
        )
    if _is_decided(document):
        return
    if path := next(_wrapped(document), None):
        raise SchemaError(f"no JSON Schema, but what wraps one for a service: pass what stands at {join(path)} of it")
    if foreign := foreign_keys(document):
        listed = ", ".join(map(repr, foreign[:_LISTED])) + (", …" if len(foreign) > _LISTED else "")
        raise SchemaError(
            f"no JSON Schema: it says nothing of what a value has to be, and knows no {listed}. An example of a value "
            "is no schema: say its fields in one line ('name, age int'), or as "
            '{"type": "object", "properties": {…}}'
        )


def _is_decided(document: JSONMapping) -> bool:
    return any(key in _DECISIVE and (key != "type" or _is_type(value)) for key, value in document.items())


def _is_type(value: object) -> bool:
    """Whether a value can stand under `type`: "function" is a service's, "customer" a person's."""
    return value in JSON_SCHEMA_TYPES if isinstance(value, str) else isinstance(value, list | Mapping)


def _wrapped(document: object) -> Iterator[tuple[str | int, ...]]:
    """Yield where schemas stand within what wraps them."""
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
