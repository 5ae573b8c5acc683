"""Spans: how much of where gold's values stand the prediction's spans hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from slotfill.extractors.evaluation.intervals import Resampling, Score, Summands, intervals
from slotfill.extractors.evaluation.judging.verdicts import FieldVerdict
from slotfill.extractors.record.json_writer import JSONForm
from slotfill.schemas.passages.folding import Where

__all__ = ["ALL_FIELDS", "SpanScores", "SpanSums", "overlap_share", "span_scores", "span_sums"]

SpanSums: TypeAlias = Mapping[str, tuple[float, float, float]]
"""Of one document, by field path: how many values of gold have a span, the sum of overlaps, and how many are equal."""

ALL_FIELDS = "*"
"""What stands for all fields together."""


@dataclass(frozen=True, slots=True)
class SpanScores(JSONForm):
    """Where values stand, held against gold.

    Attributes:
        spans: How many values of gold have a span.
        overlap: The mean of intersection over union with the span of the value that was predicted for it; 0 where there
            is none, as where the value was omitted.
        equal: The share of spans that are found to the letter.
    """

    spans: int
    overlap: Score
    equal: Score


def overlap_share(one: Where, other: Where) -> float:
    """Return the intersection over the union of two passages."""
    both = min(one[1], other[1]) - max(one[0], other[0])
    return both / (max(one[1], other[1]) - min(one[0], other[0])) if both > 0 else 0.0


def span_sums(verdicts: Iterable[FieldVerdict], gold: Mapping[str, Where], predicted: Mapping[str, Where]) -> SpanSums:
    """Hold the spans of a document's values against those of gold, value by value as they were judged.

    Args:
        verdicts: What came of its fields, which tells which value is which.
        gold: By JSON Pointer into gold's value.
        predicted: By JSON Pointer into the predicted value.
    """
    sums: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for one in verdicts if gold else ():
        expected = gold.get(one.gold_pointer) if one.gold_pointer is not None else None
        if expected is None:
            continue
        span = predicted.get(one.pointer) if one.pointer is not None else None
        share = overlap_share(expected, span) if span else 0.0
        for path in (one.path, ALL_FIELDS):
            for at, value in enumerate((1.0, share, float(share == 1))):
                sums[path][at] += value
    return {path: (row[0], row[1], row[2]) for path, row in sums.items()}


def span_scores(documents: Sequence[SpanSums], resampling: Resampling) -> dict[str, SpanScores]:
    """Return the scores by field path, and under `*` those of all fields together; none where gold has no spans."""
    paths = sorted({path for document in documents for path in document})
    scores = {}
    for path in paths:
        rows = [document.get(path, (0.0, 0.0, 0.0)) for document in documents]
        scores[path] = SpanScores(round(sum(row[0] for row in rows)), *intervals(rows, _means, resampling))
    return scores


def _means(totals: Summands) -> tuple[float | None, float | None]:
    spans, overlap, equal = totals
    return (overlap / spans, equal / spans) if spans else (None, None)
