"""Which types each keyword of JSON Schema constrains: one that says nothing of a value's type is not lost."""

from __future__ import annotations

from collections.abc import Mapping

from slotfill.schemas.json_schema.decimals import DECIMAL
from slotfill.schemas.json_values.json_types import JSON, JSONMapping

__all__ = ["ANY_TYPE", "IN_WORDS", "RULED_OUT", "constrains", "declared_types", "says_nothing", "types_of_value"]

_STRING = ("string",)
_NUMBER = ("integer", "number")
_ARRAY = ("array",)
_OBJECT = ("object",)
ANY_TYPE = ("null", "boolean", *_STRING, *_NUMBER, *_ARRAY, *_OBJECT)

IN_WORDS: Mapping[str, tuple[str, ...]] = {
    "oneOf": ANY_TYPE,
    "format": (*_STRING, *_NUMBER),
    **dict.fromkeys(("pattern", "minLength", "maxLength"), _STRING),
    **dict.fromkeys(("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"), _NUMBER),
    **dict.fromkeys(("minItems", "maxItems", "uniqueItems"), _ARRAY),
    **dict.fromkeys(("minProperties", "maxProperties"), _OBJECT),
    DECIMAL: _NUMBER,
}
"""By keyword that a description can stand in for: the types that it constrains."""

RULED_OUT: Mapping[str, tuple[str, ...]] = {
    "not": ANY_TYPE,
    "if": ANY_TYPE,
    "extends": ANY_TYPE,
    "disallow": ANY_TYPE,
    "prefixItems": _ARRAY,
    "contains": _ARRAY,
    "unevaluatedItems": _ARRAY,
    "patternProperties": _OBJECT,
    "propertyNames": _OBJECT,
    "dependencies": _OBJECT,
    "dependentRequired": _OBJECT,
    "dependentSchemas": _OBJECT,
    "unevaluatedProperties": _OBJECT,
}
"""By keyword that structured output has no equivalent of: the types that it constrains."""


def declared_types(schema: JSONMapping) -> tuple[str, ...]:
    """Return the types that a schema allows, all of them when it names none."""
    declared = schema.get("type", [*ANY_TYPE])
    return tuple(name for name in ANY_TYPE if name == declared or (isinstance(declared, list) and name in declared))


def constrains(types: tuple[str, ...], schema: JSONMapping) -> bool:
    """Whether a schema allows any of the types."""
    return any(name in types for name in declared_types(schema))


def types_of_value(value: JSON) -> set[str]:
    """Return the types by which a scalar fits: 1.0 is an integer, too."""
    if value is None:
        return {"null"}
    if isinstance(value, bool):
        return {"boolean"}
    if isinstance(value, int | float):
        return {*_NUMBER} if value == value // 1 else {"number"}
    return {"string"} if isinstance(value, str) else set()


def says_nothing(keyword: str, schema: JSONMapping) -> bool:
    """Whether a keyword's value constrains nothing."""
    value = schema[keyword]
    if keyword == "oneOf":
        # A discriminator tells the alternatives apart: no value is valid under two of them.
        return "discriminator" in schema or not isinstance(value, list) or len(value) == 1
    return value is False or value == {} or (value == 0 and keyword in ("minLength", "minItems", "minProperties"))
