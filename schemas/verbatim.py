"""Verbatim: a string that must stand in the document, word for word.

Case, Unicode form, white space, the kind of quotes and dashes, and punctuation at its ends may differ from the
document's. That is handed to validation as `context={"document": text}`. Without one any string passes, so that stored
values load again; with an `IncompleteText`, too, as nobody can tell what else the document says.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from slotfill.schemas.passages.passages import nearest
from slotfill.schemas.passages.quotable import is_quotable

__all__ = ["FORMAT", "Verbatim", "misquoted"]

_LONGEST = 60
"""How much of a near passage an error message shows."""

FORMAT = "verbatim"
"""The `format` that marks such a string in JSON Schema: an annotation to all other readers."""


def misquoted(quote: str, document: str) -> str:
    """Say that a quote does not stand in the document, and what does that is most like it."""
    passages = ", ".join(map(_shown, nearest(quote, document)))
    hint = f"; the nearest are: {passages}" if passages else ""
    return f"does not stand in the document: copy a passage word for word{hint}"


def _shown(passage: str) -> str:
    """Write a passage with its control characters escaped, not too long."""
    return repr(passage if len(passage) <= _LONGEST else passage[: _LONGEST - 1] + "…")


class _StandsInDocument:
    """The marker behind `Verbatim`: the check, and its trace in JSON Schema."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "format": FORMAT}

    @staticmethod
    def _check(quote: str, info: ValidationInfo) -> str:
        document = (info.context or {}).get("document")
        if document is None or is_quotable(quote, document):
            return quote
        # The message is no template: its braces are the document's own.
        raise PydanticCustomError("verbatim", "{message}", {"message": misquoted(quote, document)})


Verbatim = Annotated[str, _StandsInDocument()]
"""A string that must stand in the document, word for word.

Case, Unicode form, white space, the kind of quotes and dashes, and punctuation at its ends may differ. A field `quote:
Verbatim` is checked where a document is at hand; without one any string passes, so that stored values load again.
"""
