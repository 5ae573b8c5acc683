"""Verbatim: a string that must stand in the document, word for word.

The document is handed to validation as `context={"document": text}`. Without one any string passes, so that
stored values load again.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

__all__ = ["FORMAT", "Verbatim", "stands_in"]

FORMAT = "verbatim"
"""The `format` that marks such a string in JSON Schema: an annotation to all other readers."""


def stands_in(quote: str, document: str) -> bool:
    """Tell whether `quote` stands in `document`, code point for code point, and says anything at all."""
    return bool(quote.strip()) and quote in document


class _StandsInDocument:
    """The marker behind `Verbatim`: the check, and its trace in JSON Schema."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "format": FORMAT}

    @staticmethod
    def _check(quote: str, info: ValidationInfo) -> str:
        document = (info.context or {}).get("document")
        if document is None or stands_in(quote, document):
            return quote
        raise PydanticCustomError("verbatim", "does not stand in the document: copy a passage word for word")


Verbatim = Annotated[str, _StandsInDocument()]
