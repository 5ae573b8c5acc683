"""How sure the parts of a value are: what readings agreed on or a model states, and how likely that is right.

All of it is by JSON Pointer into what the model said (`Extraction.reply`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from slotfill.extractors.calibrating.confidence_points import stated_confidences
from slotfill.extractors.calibrating.field_curves import FieldCurves
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.rungs.asks import Policy
from slotfill.extractors.rungs.results import Result
from slotfill.schemas.json_values.json_types import JSON, JSONObject
from slotfill.schemas.json_values.places import replaced
from slotfill.schemas.json_values.pointer import field_path, follow, is_within, steps_to
from slotfill.schemas.marks.confidence import confidence_subjects

__all__ = ["Certainty", "certainty_of", "probabilities", "with_confidences"]

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Certainty:
    """How sure the parts of one value are.

    Attributes:
        data: The value.
        agreement: The share of the readings that gave each part; empty where there were no several.
        probability: How likely each part is right; empty without a calibration.
        stated: What confidences say of parts, where there is no agreement.
    """

    data: JSON
    agreement: Mapping[str, float] = field(default_factory=dict)
    probability: Mapping[str, float] = field(default_factory=dict)
    stated: Mapping[str, float] = field(default_factory=dict)

    @property
    def numbers(self) -> Mapping[str, float]:
        """What each part goes by."""
        return self.probability or self.agreement or self.stated

    def add_to(self, extraction: Extraction[M]) -> Extraction[M]:
        """Add what still holds of a value that may have been patched since.

        Of what was read again it is told how much the readings had agreed, and no probability: that was of their value.
        """
        if not self.numbers:
            return extraction
        escalated = {path for attempt in extraction.attempts for path in attempt.escalated}
        same = {path for path in self.numbers if follow(path, self.data) == follow(path, extraction.reply)}
        return replace(
            extraction,
            agreement={path: share for path, share in self.agreement.items() if path in same | escalated},
            probability={
                path: share
                for path, share in self.probability.items()
                if path in same and not is_within(path, escalated)
            },
        )


def certainty_of(
    result: Result[M], agreement: Mapping[str, float], json_schema: JSONObject, policy: Policy
) -> Certainty:
    """Return how sure a valid value is; nothing of what is none."""
    if not result.is_valid:
        return Certainty(None)
    sure = stated_confidences(result.data, json_schema, result.confidence) if not agreement else {}
    stated = {path: number for path, (number, _) in sure.items()}
    likely = probabilities(agreement or stated, result.data, policy.calibration)
    return Certainty(result.data, agreement, likely, stated)


def probabilities(sure: Mapping[str, float], data: JSON, curves: FieldCurves | None) -> dict[str, float]:
    """Return how likely parts of a value are right; nothing where no calibration says it."""
    if curves is None:
        return {}
    return {path: curves.probability(field_path(path, data), number) for path, number in sure.items()}


def with_confidences(data: JSON, json_schema: JSONObject, sure: Mapping[str, float]) -> JSON:
    """Put into each `Confidence` of a value how sure its subject is; what has parts is as sure as its least part."""
    for path, subject in confidence_subjects(json_schema, data).items():
        within = [number for of, number in sure.items() if of == subject or of.startswith(f"{subject}/")]
        data = replaced(data, steps_to(path, data), min(within, default=1.0))
    return data
