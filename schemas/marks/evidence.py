"""Evidence: the passages of the document on which the value of another field of the same object rests.

A label, a score or a summary stands nowhere in a text, so no span can show where it comes from; the passages that it
was judged by do, and are checked as `Verbatim` is. In JSON Schema the keyword `x-evidence-of` marks such a list, and
holds the key of the property that it is about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from slotfill.schemas.json_schema.subschemas import resolved
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.marks.subject_marks import SubjectMark
from slotfill.schemas.verbatim import FORMAT, Verbatim

__all__ = ["EVIDENCE_KEYWORD", "EVIDENCE_MARK", "Evidence", "check_evidence"]

EVIDENCE_KEYWORD = "x-evidence-of"
"""The keyword that marks such a list in JSON Schema: an annotation to all other readers."""

EVIDENCE_MARK = SubjectMark(
    EVIDENCE_KEYWORD,
    "Passages of the document, word for word, on which `{of}` rests: the shortest that show it, the most telling "
    "first; none where nothing shows it.",
    "to show evidence of",
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Marks a list of `Verbatim` strings as the passages on which another field of the same object rests.

    `Evidence["urgency"]` is short for `Annotated[list[Verbatim], Evidence("urgency")]`, which type checkers read too.

    Attributes:
        of: The name of that field.
    """

    of: str

    def __class_getitem__(cls, of: str) -> JSON:
        return Annotated[list[Verbatim], cls(of)]

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"description": EVIDENCE_MARK.describe(self.of), **handler(schema), EVIDENCE_KEYWORD: self.of}


def check_evidence(json_schema: JSONObject) -> None:
    """Raise SchemaError, with a JSON Pointer, for a mark on no property, of none that is there, or on no such list."""
    EVIDENCE_MARK.check(json_schema, _misshapen)


def _misshapen(mark: JSONMapping, root: JSONObject) -> str | None:
    """Say what is wrong with a marked property that is no list of passages."""
    items = [part for form in resolved([mark], root) if form.get("type") == "array" for part in [form.get("items")]]
    if any(form.get("format") == FORMAT for form in resolved(items, root)):
        return None
    return f"marks no list of passages: make it a list of strings of format {FORMAT!r}"
