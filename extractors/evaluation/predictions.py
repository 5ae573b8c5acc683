"""Predictions: what was extracted from a document, as plain JSON data: a record, or a line of an output."""

from __future__ import annotations

from dataclasses import dataclass

from slotfill.schemas.json_values.json_types import JSON, JSONMapping

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

    def by_pointer(self, member: str) -> JSONMapping:
        """Return a member of the record that holds something by JSON Pointer, nothing where it is not there."""
        part = self.record.get(member)
        return part if isinstance(part, dict) else {}


def prediction_of(data: JSONMapping | None) -> Prediction:
    """Read a prediction: a record, `{"source": …, "value": …}`, or None for a document that has none.

    A record that ended without a value is none; one that is partial, and has a value, is one.
    """
    if data is None:
        return Prediction(None, is_missing=True, record={})
    value, record = data.get("value"), data if "slotfill" in data else {}
    has_failed = record.get("error") is not None or record.get("outcome") in ("partial", "refused", "failed")
    return Prediction(value, is_missing="value" not in data or (value is None and has_failed), record=record)
