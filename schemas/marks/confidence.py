"""Confidence: the probability that another field of the same object is right.

A model that shows its log-probabilities has the number computed from them; any other states it. In JSON Schema the
keyword `x-confidence-of` marks such a number, and holds the key of the property that it is about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from slotfill.schemas.json_schema.value_walk import walk
from slotfill.schemas.json_values.json_types import JSON, JSONObject
from slotfill.schemas.json_values.pointer import join
from slotfill.schemas.marks.subject_marks import SubjectMark

__all__ = [
    "CONFIDENCE_KEYWORD",
    "CONFIDENCE_MARK",
    "Confidence",
    "check_confidences",
    "confidence_paths",
    "confidence_subjects",
]

CONFIDENCE_KEYWORD = "x-confidence-of"
"""The keyword that marks such a number in JSON Schema: an annotation to all other readers."""

CONFIDENCE_MARK = SubjectMark(CONFIDENCE_KEYWORD, "Probability, 0 to 1, that `{of}` is right.", "to be confident of")


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
        return {"description": CONFIDENCE_MARK.describe(self.of), **handler(schema), CONFIDENCE_KEYWORD: self.of}


def check_confidences(json_schema: JSONObject) -> None:
    """Raise SchemaError, with a JSON Pointer, for a mark on no property, or of none that could be right."""
    CONFIDENCE_MARK.check(json_schema, lambda *_: None)


def confidence_paths(json_schema: JSONObject, value: object) -> tuple[str, ...]:
    """Return the JSON Pointers of all marked numbers in a valid value, in its order; of a union every branch counts."""
    return tuple(confidence_subjects(json_schema, value))


def confidence_subjects(json_schema: JSONObject, value: object) -> dict[str, str]:
    """Return by the JSON Pointer of each marked number in a valid value the one of what it is about, in its order."""
    nodes = walk(value, json_schema) if CONFIDENCE_MARK.is_in(json_schema) else ()
    return {
        node.pointer: join((*node.path[:-1], subject))
        for node in nodes
        if _is_number(node.value) and (subject := CONFIDENCE_MARK.subject_of(node.schemas)) is not None
    }


def _is_number(value: JSON) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
