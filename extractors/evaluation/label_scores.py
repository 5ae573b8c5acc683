"""Labels: how good a field is that has one of a few values, label by label, and which are taken for which."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from slotfill.extractors.evaluation.judging.verdicts import FieldVerdict
from slotfill.extractors.evaluation.scores import f1_of
from slotfill.extractors.record.json_writer import JSONForm
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["LabelCounter", "LabelScores", "LabelledField", "label_text"]

MOST_LABELS = 200
"""A field of more is no choice of a few, whatever its schema says."""

_Pair: TypeAlias = tuple[str | None, str | None]
"""The label of gold and that of the prediction; None for none."""


@dataclass(frozen=True, slots=True)
class LabelScores(JSONForm):
    """How good one label is.

    Attributes:
        in_gold: How often gold has it.
        predicted: How often it was predicted.
        right: How often both have it.
        precision: Of those predicted, the share that is right; None where there are none.
        recall: Of those in gold, the share that was predicted.
        f1: The harmonic mean of both.
    """

    in_gold: int
    predicted: int
    right: int
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True, slots=True)
class LabelledField(JSONForm):
    """A field that has one of a few values.

    Attributes:
        labels: By label, how good it is; of a truth the labels are `true` and `false`.
        macro_f1: The mean of the labels' F1.
        confusion: By gold's label, how often each was predicted; "" for none.
    """

    labels: Mapping[str, LabelScores]
    macro_f1: float | None
    confusion: Mapping[str, Mapping[str, int]]


class LabelCounter:
    """Counts which labels were predicted for which, by field path."""

    def __init__(self) -> None:
        self._pairs: defaultdict[str, Counter[_Pair]] = defaultdict(Counter)

    def add(self, verdicts: Iterable[FieldVerdict], closed: Iterable[str]) -> None:
        """Count the verdicts on fields at these paths."""
        for one in verdicts:
            if one.path in closed:
                self._pairs[one.path][label_text(one.expected), label_text(one.got)] += 1

    def fields(self) -> dict[str, LabelledField]:
        """Return how good each field is, label by label."""
        fields = {path: _field(pairs) for path, pairs in sorted(self._pairs.items())}
        return {path: one for path, one in fields.items() if len(one.labels) <= MOST_LABELS}


def label_text(value: JSON) -> str | None:
    """Write a label: a text as it is, anything else as JSON."""
    return value if value is None or isinstance(value, str) else json.dumps(value, sort_keys=True)


def _field(pairs: Counter[_Pair]) -> LabelledField:
    known = sorted({label for pair in pairs for label in pair if label is not None})
    labels = {label: _label(label, pairs) for label in known}
    confusion: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for (expected, got), count in sorted(pairs.items(), key=str):
        confusion[expected or ""][got or ""] = count
    figures = [one.f1 for one in labels.values() if one.f1 is not None]
    return LabelledField(labels, sum(figures) / len(figures) if figures else None, dict(confusion))


def _label(label: str, pairs: Counter[_Pair]) -> LabelScores:
    in_gold = sum(count for (expected, _), count in pairs.items() if expected == label)
    predicted = sum(count for (_, got), count in pairs.items() if got == label)
    right = pairs[label, label]
    return LabelScores(
        in_gold,
        predicted,
        right,
        right / predicted if predicted else None,
        right / in_gold if in_gold else None,
        f1_of(right, predicted - right, in_gold - right),
    )
