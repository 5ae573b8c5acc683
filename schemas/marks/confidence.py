"""Confidence: the probability that another field of the same object is right.

A model that shows its log-probabilities has the number computed from them; any other states it. In JSON Schema the
keyword `x-confidence-of` marks such a number, and holds the key of the property that it is about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.json_schema.subschemas import properties_of, resolved, subschemas
from slotfill.schemas.json_schema.value_walk import walk
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.json_values.pointer import join

__all__ = [
    "CONFIDENCE_KEYWORD",
    "Confidence",
    "check_confidences",
    "confidence_paths",
    "confidence_subjects",
    "is_marked",
    "name_keys",
]

CONFIDENCE_KEYWORD = "x-confidence-of"
"""The keyword that marks such a number in JSON Schema: an annotation to all other readers."""


@dataclass(frozen=True, slots=True)
class Confidence:
    """Marks a number, 0 to 1, as the probability that another field of the same object is right.

    `Confidence["sentiment"]` is short for `Annotated[float, Confidence("sentiment")]`, which type checkers read too.

    Attributes:
        of: The name of that field.
    """

    of: str

    def __class_getitem__(cls, of: str) -> JSON:
        return Annotated[float, cls(of)]

    def __get_pydantic_core_schema__(self, source: JSON, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler(Annotated[source, Field(ge=0, le=1)])

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"description": _description(self.of), **handler(schema), CONFIDENCE_KEYWORD: self.of}


def is_marked(json_schema: JSONMapping) -> bool:
    """Whether a JSON Schema holds any mark."""
    return any(_has_mark(schema) for _, schema in subschemas(json_schema))


def name_keys(json_schema: JSONObject, by_name: JSONMapping) -> None:
    """Write the keys of properties where a model's `Confidence` marks hold the names of its fields.

    by_name: the same JSON Schema, its properties under the names of fields.
    """
    for (_, keyed), (_, named) in zip(subschemas(json_schema), subschemas(by_name), strict=True):
        names, keys = [*properties_of(named)], [*properties_of(keyed)]
        for _, mark in _marks(keyed, json_schema):
            name = mark[CONFIDENCE_KEYWORD]
            mark[CONFIDENCE_KEYWORD] = key = keys[names.index(name)] if name in names else name
            if mark.get("description") == _description(name):
                mark["description"] = _description(key)


def check_confidences(json_schema: JSONObject) -> None:
    """Raise SchemaError, with a JSON Pointer, for a mark on no property, or of none that could be right."""
    on_properties = set()
    for path, schema in subschemas(json_schema):
        marks = [*_marks(schema, json_schema)]
        others = [key for key in properties_of(schema) if key not in dict(marks)]
        for key, mark in marks:
            on_properties.add(id(mark))
            if mark[CONFIDENCE_KEYWORD] not in others:
                choice = f"name one of {', '.join(map(repr, others))}" if others else "add the field that it is about"
                message = f"{mark[CONFIDENCE_KEYWORD]!r} is no property to be confident of: {choice}"
                raise SchemaError(f"{path}{join(('properties', key))}: {CONFIDENCE_KEYWORD}: {message}")
    for path, schema in subschemas(json_schema):
        if _has_mark(schema) and id(schema) not in on_properties:
            raise SchemaError(f"{path or '/'}: {CONFIDENCE_KEYWORD}: marks no property of an object: move it to one")


def confidence_paths(json_schema: JSONObject, value: object) -> tuple[str, ...]:
    """Return the JSON Pointers of all marked numbers in a valid value, in its order; of a union every branch counts."""
    return tuple(confidence_subjects(json_schema, value))


def confidence_subjects(json_schema: JSONObject, value: object) -> dict[str, str]:
    """Return by the JSON Pointer of each marked number in a valid value the one of what it is about, in its order."""
    nodes = walk(value, json_schema) if is_marked(json_schema) else ()
    return {
        node.pointer: join((*node.path[:-1], subject))
        for node in nodes
        if _is_number(node.value)
        and (subject := next((form[CONFIDENCE_KEYWORD] for form in node.schemas if _has_mark(form)), None)) is not None
    }


def _is_number(value: JSON) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _has_mark(schema: JSONMapping) -> bool:
    return CONFIDENCE_KEYWORD in schema


def _description(of: str) -> str:
    return f"Probability, 0 to 1, that `{of}` is right."


def _marks(schema: JSONMapping, root: JSONObject) -> Iterator[tuple[str, JSONObject]]:
    """Yield the marks on an object's properties, each with its property's key."""
    for key, part in properties_of(schema).items():
        yield from ((key, form) for form in resolved([part], root) if _has_mark(form))
