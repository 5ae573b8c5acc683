"""Marks that are read once an answer is there: no model sees them, and a schema's fingerprint is the same without."""

from __future__ import annotations

import copy

from slotfill.schemas.json_schema.subschemas import subschemas
from slotfill.schemas.json_values.json_types import JSONObject
from slotfill.schemas.marks.comparison import COMPARE_KEYWORD
from slotfill.schemas.marks.free_text import FREE_TEXT_KEYWORD

__all__ = ["SILENT_KEYWORDS", "without_silent_marks"]

SILENT_KEYWORDS = (COMPARE_KEYWORD, FREE_TEXT_KEYWORD)
"""How a value is held against gold, and whether it is expected to stand in the document."""


def without_silent_marks(json_schema: JSONObject) -> JSONObject:
    """Return a JSON Schema without these keywords: the same object where it has none."""
    if not any(keyword in schema for _, schema in subschemas(json_schema) for keyword in SILENT_KEYWORDS):
        return json_schema
    bare = copy.deepcopy(json_schema)
    for _, schema in [*subschemas(bare)]:
        for keyword in SILENT_KEYWORDS:
            schema.pop(keyword, None)
    return bare
