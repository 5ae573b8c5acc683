"""Predictions: what was extracted from a document, as plain JSON data: a record, or a line of an output."""

from __future__ import annotations

from dataclasses import dataclass

from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.passages.folding import Where

__all__ = ["Prediction", "prediction_of"]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What was extracted from a document.

    value: plain JSON data; None where there is none.
    is_missing: whether there is none, which is not to say that null was extracted.
    record: what more is known of it, nothing of a bare line.
    """

    value: JSON
    is_missing: bool
    record: JSONMapping

    @property
    def spans(self) -> dict[str, Where]:
        """By JSON Pointer, the code points in which values stand, as far as the record says so."""
        spans = self.record.get("spans")
        found = {at: _where(span) for at, span in spans.items()} if isinstance(spans, dict) else {}
        return {at: where for at, where in found.items() if where is not None}


def _where(span: JSON) -> Where | None:
    start, end = (span.get("start"), span.get("end")) if isinstance(span, dict) else (None, None)
    return (start, end) if isinstance(start, int) and isinstance(end, int) and start < end else None


def prediction_of(data: JSONMapping | None) -> Prediction:
    """Read a prediction: a record, `{"source": …, "value": …}`, or None for a document that has none.

    A record that ended without a value is none; one that is partial, and has a value, is one.
    """
    if data is None:
        return Prediction(None, is_missing=True, record={})
    value, record = data.get("value"), data if "slotfill" in data else {}
    has_failed = record.get("error") is not None or record.get("outcome") in ("partial", "refused", "failed")
    return Prediction(value, is_missing="value" not in data or (value is None and has_failed), record=record)
