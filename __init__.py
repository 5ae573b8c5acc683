"""slotfill: text files in, validated JSON out.

    from slotfill import Extractor
    from slotfill.schemas import Feedback

    with Extractor(Feedback) as extractor:
        extraction = extractor.extract("The app logs me out every hour.")
        extraction.value.urgency

Each name is loaded when it is first used: importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slotfill.extractors.errors import (
        ExtractionError,
        FieldError,
        InputError,
        InvalidError,
        LedgerError,
        MissingExtraError,
        MissingModelExtraError,
        ModelError,
        OutputError,
        SchemaError,
        SettingsError,
        SlotfillError,
        StoppedError,
    )
    from slotfill.extractors.extractor import (
        EntityExtractor,
        Extractor,
        FeedbackExtractor,
        SentimentExtractor,
        SummaryExtractor,
    )
    from slotfill.extractors.streaming.partial_value import Part
    from slotfill.extractors.streaming.events import Partial
    from slotfill.extractors.record.extraction import (
        Attempt,
        Conflict,
        Document,
        Edit,
        Exchange,
        Extraction,
        Failure,
        Found,
        Outcome,
        Reading,
        Refiner,
        Rung,
        Span,
        Usage,
    )
    from slotfill.schemas.schema import Example, Schema

__version__ = "0.1.0"

_HOMES = {
    "extractors.errors": (
        "ExtractionError",
        "FieldError",
        "InputError",
        "InvalidError",
        "LedgerError",
        "MissingExtraError",
        "MissingModelExtraError",
        "ModelError",
        "OutputError",
        "SchemaError",
        "SettingsError",
        "SlotfillError",
        "StoppedError",
    ),
    "extractors.extractor": (
        "EntityExtractor",
        "Extractor",
        "FeedbackExtractor",
        "SentimentExtractor",
        "SummaryExtractor",
    ),
    "extractors.growing": ("Part",),
    "extractors.partial": ("Partial",),
    "extractors.record": (
        "Attempt",
        "Conflict",
        "Document",
        "Edit",
        "Exchange",
        "Extraction",
        "Failure",
        "Found",
        "Outcome",
        "Reading",
        "Refiner",
        "Rung",
        "Span",
        "Usage",
    ),
    "schemas.schema": ("Example", "Schema"),
}
_HOME = {name: f"slotfill.{module}" for module, names in _HOMES.items() for name in names}

__all__ = [
    "Attempt",
    "Conflict",
    "Document",
    "Edit",
    "EntityExtractor",
    "Example",
    "Exchange",
    "Extraction",
    "ExtractionError",
    "Extractor",
    "Failure",
    "FeedbackExtractor",
    "FieldError",
    "Found",
    "InputError",
    "InvalidError",
    "LedgerError",
    "MissingExtraError",
    "MissingModelExtraError",
    "ModelError",
    "Outcome",
    "OutputError",
    "Part",
    "Partial",
    "Reading",
    "Refiner",
    "Rung",
    "Schema",
    "SchemaError",
    "SentimentExtractor",
    "SettingsError",
    "SlotfillError",
    "Span",
    "StoppedError",
    "SummaryExtractor",
    "Usage",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
