"""What of a record was sure how far, and was right or not: the points that curves are learnt from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slotfill.extractors.record.parts import Origin
from slotfill.schemas.json_values.json_types import JSONMapping, JSONObject
from slotfill.schemas.json_values.pointer import field_path, follow, is_within
from slotfill.schemas.marks.confidence import confidence_subjects

__all__ = ["ConfidencePoint", "points_of", "stated_confidences"]


@dataclass(frozen=True, slots=True)
class ConfidencePoint:
    """One labelled value.

    Attributes:
        path: The path of its field, such as `/items/*/price`.
        confidence: How sure it was, 0 to 1.
        is_right: Whether it was right.
        origin: Where the confidence came from.
        readings: How many readings its document had.
    """

    path: str
    confidence: float
    is_right: bool
    origin: Origin
    readings: int = 1


def points_of(record: JSONMapping, json_schema: JSONObject, verdicts: Mapping[str, bool]) -> list[ConfidencePoint]:
    """Return the points of a record, as plain JSON data; `verdicts` say by JSON Pointer what is right.

    What a stronger model gave in place of what the readings agreed on is none.
    """
    value = record.get("reply", record["value"])
    agreement: Mapping[str, float] = record.get("agreement", {})
    if agreement:
        readings = max((attempt.get("reading", 1) for attempt in record["attempts"]), default=1)
        escalated = {path for attempt in record["attempts"] for path in attempt.get("escalated", ())}
        sure: Mapping[str, tuple[float, Origin]] = {
            path: (share, "agreed") for path, share in agreement.items() if not is_within(path, escalated)
        }
    else:
        readings = 1
        sure = stated_confidences(value, json_schema, record["confidence"])
    return [
        ConfidencePoint(field_path(path, value), confidence, verdicts[path], origin, readings)
        for path, (confidence, origin) in sure.items()
        if path in verdicts
    ]


def stated_confidences(
    value: object, json_schema: JSONObject, origins: Mapping[str, Origin]
) -> dict[str, tuple[float, Origin]]:
    """Return by JSON Pointer how sure the values are that a `Confidence` speaks of, and where that comes from.

    Of several confidences of one value the least counts. origins: those of the record, by the confidence's own pointer.
    """
    sure: dict[str, tuple[float, Origin]] = {}
    if not origins:  # most schemas: the value need not be walked
        return sure
    for path, subject in confidence_subjects(json_schema, value).items():
        number = float(follow(path, value))
        if path in origins and (subject not in sure or number < sure[subject][0]):
            sure[subject] = (number, origins[path])
    return sure
