"""Editors: how a person types the value of a field, by what its schema allows, and what the typed text means.

A page shows what `ValueEditor.to_json` says; the text comes back as it was typed, and is read here, so that a number
keeps all its digits and a date is written as the schema has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from slotfill.extractors.record.json_writer import JSONForm, OmittedIf
from slotfill.schemas.json_schema.subschemas import properties_of
from slotfill.schemas.json_schema.value_walk import ApplicableSchemas, applicable_schemas
from slotfill.schemas.json_values.exact_json import dumps, loads
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.json_values.places import ValuePath

__all__ = ["ValueEditor", "empty_value", "schemas_at", "typed_value", "value_editor"]

_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength")
_TEMPORAL = {"date": "date", "date-time": "datetime", "time": "time"}
_OF_TYPE = {"integer": "integer", "number": "number", "string": "text", "array": "list"}
_DEEPEST = 6
"""How many levels of a new item are laid out: a schema may hold itself."""


@dataclass(frozen=True, slots=True)
class ValueEditor(JSONForm):
    """How a value is typed.

    Attributes:
        kind: `choice` (one of `options`), `integer`, `number`, `date`, `datetime`, `time`, `text`, `list`, `object`, or
            `json` for whatever else.
        options: The values that are allowed, as JSON texts, in the schema's order; null is none of them.
        nullable: Whether null is allowed.
        bounds: The schema's bounds by its keywords: `minimum`, `maxLength`, …
        description: What the schema says of the field.
    """

    kind: str
    options: Annotated[tuple[str, ...], OmittedIf(())] = ()
    nullable: bool = False
    bounds: Annotated[JSON, OmittedIf(None)] = None
    description: Annotated[str | None, OmittedIf(None)] = None


def schemas_at(json_schema: JSONMapping, steps: ValuePath) -> ApplicableSchemas:
    """Return the schemas that may speak of the part of a value to which steps lead."""
    schemas = applicable_schemas(json_schema)
    for step in steps:
        schemas = schemas.at(step)
    return schemas


def value_editor(schemas: ApplicableSchemas) -> ValueEditor:
    """Return how a value is typed of which these schemas speak."""
    types = {name for schema in schemas for name in _types(schema)}
    options = [option for schema in schemas for option in _options(schema)]
    bounds = {name: schema[name] for schema in schemas for name in _BOUNDS if _is_number(schema.get(name))}
    description = next((text for schema in schemas if isinstance(text := schema.get("description"), str)), None)
    return ValueEditor(
        kind=_kind(types - {"null"}, schemas),
        options=tuple(dumps(option) for option in options if option is not None),
        nullable="null" in types or any(option is None for option in options),
        bounds=bounds or None,
        description=description,
    )


def typed_value(text: str, editor: ValueEditor) -> JSON:
    """Read what was typed into an editor, as plain JSON data; validation says whether it is any good.

    What is no number in an editor of numbers stays the text that it is, and the schema says what is wrong with it.
    """
    if editor.kind in ("choice", "integer", "number", "json", "list", "object"):
        try:
            return loads(text)
        except ValueError:
            return text
    return text


def empty_value(json_schema: JSONMapping, schemas: ApplicableSchemas) -> JSON:
    """Return what a new item starts as: an object has what is required, and null, or what is least, stands there."""
    return _empty(json_schema, schemas, 0)


def _empty(root: JSONMapping, schemas: ApplicableSchemas, depth: int) -> JSON:
    editor = value_editor(schemas)
    if editor.kind == "object" and depth < _DEEPEST:
        members = (name for schema in schemas for name in properties_of(schema))
        return {name: _empty(root, schemas.at(name), depth + 1) for name in dict.fromkeys(members)}
    if editor.kind == "list":
        return []
    return None if editor.nullable or editor.kind not in ("text", "json") else ""


def _kind(types: set[str], schemas: ApplicableSchemas) -> str:
    told = [schema for schema in schemas if set(_types(schema)) - {"null"} or [*_options(schema)]]
    if told and all([*_options(schema)] for schema in told):
        return "choice"
    if types in ({"number", "string"}, {"integer", "string"}, {"integer", "number"}):  # such as a Decimal's
        return "number"
    if len(types) != 1:
        return "object" if not types and any(properties_of(schema) for schema in schemas) else "json"
    (name,) = types
    formats = [_TEMPORAL[form] for schema in schemas if (form := schema.get("format")) in _TEMPORAL]
    if name == "string" and formats:
        return formats[0]
    return "object" if name == "object" else _OF_TYPE.get(name, "json")


def _types(schema: JSONMapping) -> Iterator[str]:
    types = schema.get("type")
    yield from (name for name in (types if isinstance(types, list) else [types]) if isinstance(name, str))


def _options(schema: JSONMapping) -> Iterator[JSON]:
    if "const" in schema:
        yield schema["const"]
    elif isinstance(schema.get("enum"), list):
        yield from schema["enum"]
    elif {*_types(schema)} - {"null"} == {"boolean"}:
        yield from (True, False)


def _is_number(bound: JSON) -> bool:
    return isinstance(bound, int | float) and not isinstance(bound, bool)
