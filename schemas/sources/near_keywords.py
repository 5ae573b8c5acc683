"""What a JSON Schema says under a word that is no keyword of it: `fields` or `props` for `properties`, `choices`.

JSON Schema ignores keywords that it does not know, so that such an object would allow everything. What stands beside
the keyword that was meant is an extension, as `x-…`, `markdownDescription` and `propertyOrdering` are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.json_values.pointer import join

__all__ = ["JSON_SCHEMA_TYPES", "KEYWORDS", "foreign_keys", "refuse_near_keywords"]

JSON_SCHEMA_TYPES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object", "any"})

KEYWORDS = frozenset(
    {
        *("$schema", "$ref", "$dynamicRef", "$recursiveRef", "$defs", "definitions", "type", "enum", "const"),
        *("anyOf", "oneOf", "allOf", "not", "if", "extends", "disallow"),
        *("properties", "patternProperties", "additionalProperties", "required"),
        *("title", "description", "default", "example", "examples", "deprecated", "readOnly", "writeOnly", "id"),
        *("then", "else", "dependencies", "dependentRequired", "dependentSchemas", "discriminator", "nullable", "xml"),
        *("items", "prefixItems", "additionalItems", "unevaluatedItems", "contains", "minContains", "maxContains"),
        *("minItems", "maxItems", "uniqueItems", "propertyNames", "minProperties", "maxProperties"),
        *("unevaluatedProperties", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("divisibleBy", "minLength", "maxLength", "pattern", "format", "contentEncoding", "contentMediaType"),
        *("contentSchema", "externalDocs"),
    }
)
"""The keywords of all drafts, and OpenAPI's."""

_SAYS_ALL = frozenset(
    {"$ref", "$dynamicRef", "$recursiveRef", "enum", "const", "anyOf", "oneOf", "allOf", "not", "if", "extends"}
)
"""Keywords that say what a value of any type has to be."""

_MAPS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_LISTS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems", "items", "extends"})
_SINGLE = frozenset({"items", "additionalItems", "unevaluatedItems", "contains", "not", "if", "then", "else"})
_SINGLE |= {"additionalProperties", "unevaluatedProperties", "propertyNames"}
"""Keywords under which schemas stand: by name, in a list, one alone."""

_OTHER_TYPES = frozenset({"str", "int", "float", "double", "bool", "dict", "list", "date", "datetime"})
_UNTYPED = ""
"""Stands for the type that a schema does not name."""

_MISSPELT = 0.85
"""How alike two words are of which one is the other misspelt: `propertys`."""


@dataclass(frozen=True, slots=True)
class _Meant:
    """A keyword, and how to tell that it was meant.

    of: the types that it speaks of. instead: the keywords of which any says it. names: what others call it, as a
    pattern of small letters. holds: whether a value may stand under it. lost, example: for the message.
    """

    keyword: str
    of: frozenset[str]
    instead: frozenset[str]
    names: str
    holds: Callable[[JSON], bool]
    lost: str
    example: str

    def is_called(self, key: str) -> bool:
        letters, own = re.sub(r"[\W_]+", "", key).casefold(), self.keyword.casefold()
        is_other = re.fullmatch(self.names, letters, re.VERBOSE) is not None
        return is_other or letters == own or SequenceMatcher(None, letters, own).ratio() > _MISSPELT

    def is_missing(self, schema: JSONMapping) -> bool:
        kinds = schema.get("type", [*self.of])
        stated = any(isinstance(schema.get(key), dict | list) and schema[key] for key in self.instead)
        return not stated and not self.of.isdisjoint(kinds if isinstance(kinds, list) else [kinds])


def _is_type(value: object) -> bool:
    return isinstance(value, str) and value.lower() in JSON_SCHEMA_TYPES | _OTHER_TYPES


def _is_schema(value: object) -> bool:
    """Whether a value is a schema by itself, and not a field's name with its schema."""
    if not isinstance(value, Mapping):
        return False
    return _is_type(value.get("type")) or any(isinstance(value.get(key), dict | list) for key in _SAYS_ALL | _MAPS)


def _is_filled(value: object) -> bool:
    return isinstance(value, dict | list) and bool(value)


def _are_labels(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str | int | float) for one in value)


def _are_branches(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _are_fields(value: object) -> bool:
    return _is_filled(value) or (isinstance(value, str) and "," in value)


def _is_part(value: object) -> bool:
    return _is_schema(value) or _is_type(value)


_OF_OBJECTS = frozenset({"properties", "patternProperties", "additionalProperties"})
_OF_LISTS = frozenset({"items", "prefixItems", "contains"})
_SCALARS = frozenset({"string", "integer", "number"})
_PROPERTIES = _Meant(
    "properties",
    frozenset({"object"}),
    _OF_OBJECTS,
    r"""
    (?:arg|attr|attribute|col|column|field|param|parameter|prop|property)s?(?:names?|list|defs?)?
    | arguments|(?:optional|required)properties|entries|function|(?:input|json|output|response)?schema|keys|members
    | shape|slots|struct
    """,
    _are_fields,
    "any object",
    '"properties": {"name": {"type": "string"}}',
)
_MEANT = (
    _Meant(
        "additionalProperties",
        frozenset({"object"}),
        _OF_OBJECTS,
        "additional|values?|valuetype",
        _is_part,
        "any object",
        '"additionalProperties": {"type": "string"}',
    ),
    _PROPERTIES,
    _Meant(
        "items",
        frozenset({"array"}),
        _OF_LISTS,
        "child(?:ren)?|contents?|each|elements?|elementtype|entries|entry|fields|itemschema|itemtype|members|of|properties"
        "|rows|schema|subtype",
        lambda value: _is_part(value) or _is_fields(value),
        "any list",
        '"items": {"type": "string"}',
    ),
    _Meant(
        "enum",
        _SCALARS,
        _OF_OBJECTS | _OF_LISTS,
        "(?:accepted|allowed|possible|permitted|valid)?(?:values|options)|allowed|choices|enums|enumeration|literals?|oneof"
        "|symbols",
        _are_labels,
        "any text",
        '"enum": ["a", "b"]',
    ),
    *(
        _Meant(
            name, _SCALARS | {"object", "array", _UNTYPED}, frozenset(), "", _are_branches, "anything", f'"{name}": […]'
        )
        for name in ("anyOf", "oneOf", "allOf")
    ),
    _Meant(
        "type",
        frozenset({_UNTYPED}),
        _OF_OBJECTS | _OF_LISTS,
        "bsontype|datatype|dtype|fieldtype|kind|types|valuetype",
        _is_type,
        "anything",
        '"type": "string"',
    ),
)

_HINTS = frozenset({"component", "control", "display", "editor", "input", "kind", "view", "widget"})
"""Keys that say how a form shows a value, be it by the name of a type."""


def foreign_keys(schema: JSONMapping) -> list[str]:
    """Return the keys of a mapping that are no keyword of JSON Schema, and no extension of the forms `x-…` and `$…`."""
    return [key for key in map(str, schema) if not (key in KEYWORDS or key.startswith(("$", "x-")))]


def refuse_near_keywords(document: JSONMapping) -> None:
    """Raise SchemaError, which says where and what to write, where a schema asks for something under another word."""
    for path, schema in _schemas(document):
        if _SAYS_ALL.isdisjoint(schema):
            _refuse(path, schema)


def _refuse(path: tuple[str | int, ...], schema: JSONMapping) -> None:
    place = f" at {join(path)}" if path else ""
    foreign = foreign_keys(schema)
    for meant in _MEANT:
        for key in _candidates(schema, foreign) if meant.is_missing(schema) else ():
            if meant.is_called(key) and meant.holds(schema[key]):
                knows = f"JSON Schema knows no {key!r}{place}" if key in foreign else f"{key!r}{place} is not of lists"
                said = f"{knows}, so that {meant.lost} would do"
                if meant.keyword == "properties" and _is_schema(schema[key]):
                    raise SchemaError(f"{said}: put what stands at {join((*path, key))} in place of what is around it")
                raise SchemaError(f"{said}: write {meant.keyword!r}, as in {meant.example}")
    is_namespace = path[-2:-1] in (("$defs",), ("definitions",)) and "type" not in schema
    fields = [] if is_namespace else [key for key in foreign if _is_field(key, schema[key])]
    if fields and _PROPERTIES.is_missing(schema):
        listed = ", ".join(map(repr, fields))
        raise SchemaError(
            f"fields stand{place} where JSON Schema has its keywords, so that any object would do: put {listed} under "
            '\'properties\', as in "properties": {"name": {"type": "string"}}'
        )


def _candidates(schema: JSONMapping, foreign: list[str]) -> list[str]:
    """Return the keys that may stand for a keyword: of a list's schema, those of an object are none of its own."""
    return [*foreign, "properties"] if schema.get("type") == "array" and "properties" in schema else foreign


def _is_field(key: str, value: JSON) -> bool:
    """Whether a key with its value is a field: by its schema, by its type, or by fields of its own."""
    is_hint = key.lower().endswith("type") or key.lower() in _HINTS
    return _is_schema(value) or _is_fields(value) or (_is_type(value) and not is_hint)


def _is_fields(value: object) -> bool:
    """Whether an object holds nothing but fields, each by its schema or its type."""
    return isinstance(value, Mapping) and bool(value) and all(map(_is_part, value.values()))


def _schemas(document: JSONMapping) -> Iterator[tuple[tuple[str | int, ...], JSONMapping]]:
    """Yield a schema and those within it, where keywords hold them, however deep."""
    rest: list[tuple[tuple[str | int, ...], JSON]] = [((), document)]
    while rest:
        path, node = rest.pop()
        if isinstance(node, Mapping):
            yield path, node
            rest += [((*path, *step), part) for step, part in reversed([*_parts(node)])]


def _parts(schema: JSONMapping) -> Iterator[tuple[tuple[str | int, ...], JSON]]:
    for keyword, value in schema.items():
        if keyword in _MAPS and isinstance(value, Mapping):
            yield from (((keyword, name), part) for name, part in value.items())
        elif keyword in _LISTS and isinstance(value, list):
            yield from (((keyword, at), part) for at, part in enumerate(value))
        elif keyword in _SINGLE:
            yield (keyword,), value
