"""What to extract: schemas, the built-in ones, and where schemas come from.

The public names load on first use, so that listing the built-ins loads neither pydantic nor jsonschema.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slotfill.schemas.built_in.built_ins import built_ins
    from slotfill.schemas.confidence import Confidence
    from slotfill.schemas.built_in.entities import Entities, Entity
    from slotfill.schemas.errors import (
        FieldError,
        InvalidError,
        MissingExtraError,
        SchemaCodeError,
        SchemaError,
        SlotfillError,
    )
    from slotfill.schemas.built_in.feedback import Feedback
    from slotfill.schemas.merge_policy import Merge
    from slotfill.schemas.parameters import Parameters
    from slotfill.schemas.schema import Example, Schema
    from slotfill.schemas.built_in.sentiment import Sentiment
    from slotfill.schemas.sources.schema_sources import resolve
    from slotfill.schemas.built_in.summary import Summary
    from slotfill.schemas.verbatim import Verbatim

__all__ = [
    "Confidence",
    "Entities",
    "Entity",
    "Example",
    "Feedback",
    "FieldError",
    "InvalidError",
    "Merge",
    "MissingExtraError",
    "Parameters",
    "Schema",
    "SchemaCodeError",
    "SchemaError",
    "Sentiment",
    "SlotfillError",
    "Summary",
    "Verbatim",
    "built_ins",
    "resolve",
]

_HOMES = {
    "Confidence": "confidence",
    "Entities": "entities",
    "Entity": "entities",
    "Example": "schema",
    "Feedback": "feedback",
    "FieldError": "errors",
    "InvalidError": "errors",
    "Merge": "merging",
    "MissingExtraError": "errors",
    "Parameters": "parameters",
    "Schema": "schema",
    "SchemaCodeError": "errors",
    "SchemaError": "errors",
    "Sentiment": "sentiment",
    "SlotfillError": "errors",
    "Summary": "summary",
    "Verbatim": "verbatim",
    "built_ins": "builtin",
    "resolve": "sources",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
