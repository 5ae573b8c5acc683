"""Free text: a string that a model writes in its own words, as a summary or an answer is.

That it stands nowhere in the document is no sign of a mistake. So it gets a span where it was copied, and none where it
was not, as what is judged gets none; any other string that stands nowhere is `absent`. In JSON Schema the keyword
`x-free-text` marks such a string. It changes nothing of what is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.json_schema.subschemas import resolved, subschemas
from slotfill.schemas.json_values.json_types import JSONMapping, JSONObject

__all__ = ["FREE_TEXT_KEYWORD", "FreeText", "check_free_texts", "is_free_text"]

FREE_TEXT_KEYWORD = "x-free-text"
"""The keyword that marks such a string in JSON Schema: an annotation to all other readers."""


class _InOwnWords:
    """The marker behind `FreeText`: its trace in JSON Schema."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), FREE_TEXT_KEYWORD: True}


FreeText = Annotated[str, _InOwnWords()]
"""A string in the model's own words: a summary, an answer, a piece of advice.

A field `summary: FreeText` is asked for and checked as a `str` is. Where it stands nowhere in the document it has no
span, where any other string is `absent`.
"""


def is_free_text(forms: Iterable[JSONMapping]) -> bool:
    """Whether the schemas of a value mark it as written in the model's own words."""
    return any(form.get(FREE_TEXT_KEYWORD) is True for form in forms)


def check_free_texts(json_schema: JSONObject) -> None:
    """Raise SchemaError, with a JSON Pointer, for a mark that is no truth, or on what is no string."""
    for path, schema in subschemas(json_schema):
        if FREE_TEXT_KEYWORD not in schema:
            continue
        mark = schema[FREE_TEXT_KEYWORD]
        if not isinstance(mark, bool):
            raise SchemaError(f"{path or '/'}: {FREE_TEXT_KEYWORD}: {mark!r} is neither true nor false")
        if mark and not any(_may_be_string(form) for form in resolved([schema], json_schema)):
            raise SchemaError(f"{path or '/'}: {FREE_TEXT_KEYWORD}: marks no string: of a list, mark its items")


def _may_be_string(form: JSONMapping) -> bool:
    told = form.get("type")
    return told == "string" or (isinstance(told, list) and "string" in told)
