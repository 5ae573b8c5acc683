"""Reliability: how often what is so sure is right.

Each value that a record says a confidence of, and that was judged, is a point: the confidence, and whether the value is
right or tolerated. Points are put into bins, and in each the mean confidence should be the share that is right. The
expected calibration error is the mean difference, each bin weighed by its points (Naeini, Cooper and Hauskrecht, AAAI
2015). Confidences crowd near 1, so that bins of equal width are mostly empty and one holds nearly all: the headline is
that of bins of equal mass (Nixon et al., Measuring Calibration in Deep Learning, 2019). Points of one confidence are in
one bin, whatever its mass, so that the order of documents changes nothing.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import NormalDist
from typing import TypeAlias

from slotfill.extractors.calibrating.confidence_points import ConfidencePoint, points_of
from slotfill.extractors.evaluation.intervals import Resampling, Score, Summands, intervals
from slotfill.extractors.record.json_writer import JSONForm
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.json_values.pointer import field_path

__all__ = ["Reliability", "ReliabilityBin", "SurePoint", "reliability_of", "sure_points"]

BINS = 10

SurePoint: TypeAlias = tuple[float, bool]
"""A confidence, 0 to 1, and whether what it is about is right."""


@dataclass(frozen=True, slots=True)
class ReliabilityBin(JSONForm):
    """Values of about one confidence.

    Attributes:
        count: How many there are.
        confidence: Their mean confidence.
        right: The share of them that is right, with its interval (Wilson, JASA 22, 1927).
    """

    count: int
    confidence: float
    right: Score


@dataclass(frozen=True, slots=True)
class Reliability(JSONForm):
    """What confidences are worth.

    Attributes:
        count: How many values have one.
        confidence: Their mean confidence.
        right: The share of the values that is right.
        error: The expected calibration error by bins of equal mass: the headline.
        error_by_width: The same by bins of equal width, as most papers have it.
        brier: The mean of (confidence - right)², with its interval over documents.
        bins: Those of equal mass, the least sure first.
    """

    count: int
    confidence: float
    right: float
    error: float
    error_by_width: float
    brier: Score
    bins: tuple[ReliabilityBin, ...]


def sure_points(
    record: JSONMapping, json_schema: JSONMapping | None, rights: Mapping[str, bool]
) -> list[tuple[str, SurePoint]]:
    """Return the points of a record, each with its field's path.

    Args:
        record: A record as plain JSON data. Its `probability` counts, else its `agreement`, else its `Confidence`
            fields.
        json_schema: The JSON Schema of its value, which tells of `Confidence` fields.
        rights: By JSON Pointer into its value, what was judged and whether it is right.
    """
    probability = record.get("probability")
    if isinstance(probability, dict) and probability:
        value = record.get("value")
        known = ((at, sure) for at, sure in probability.items() if at in rights and _is_share(sure))
        return [(field_path(at, value), (sure, rights[at])) for at, sure in known]
    if not {"value", "attempts", "confidence"} <= record.keys() or record["value"] is None:
        return []
    return [_point(one) for one in points_of(record, dict(json_schema or {}), rights)]


def _is_share(number: JSON) -> bool:
    """Say whether a number is a probability: a record may be anybody's."""
    return isinstance(number, int | float) and not isinstance(number, bool) and 0 <= number <= 1


def _point(one: ConfidencePoint) -> tuple[str, SurePoint]:
    return one.path, (one.confidence, one.is_right)


def reliability_of(documents: Sequence[Sequence[SurePoint]], resampling: Resampling) -> Reliability:
    """Return what the confidences of some documents are worth.

    Args:
        documents: The points of each document that has any, at least one.
        resampling: How the interval of the Brier score is made.
    """
    points = sorted(point for document in documents for point in document)
    count = len(points)
    rows = [
        (float(len(document)), math.fsum((sure - right) ** 2 for sure, right in sorted(document)))
        for document in documents
    ]
    (brier,) = intervals(rows, _mean, resampling)
    by_mass, by_width = _by_mass(points), _by_width(points)
    return Reliability(
        count=count,
        confidence=math.fsum(sure for sure, _ in points) / count,
        right=sum(right for _, right in points) / count,
        error=_error(by_mass, count),
        error_by_width=_error(by_width, count),
        brier=brier,
        bins=tuple(_bin(one, resampling.level) for one in by_mass),
    )


def _mean(totals: Summands) -> tuple[float | None]:
    return (totals[1] / totals[0] if totals[0] else None,)


def _by_mass(points: Sequence[SurePoint]) -> list[list[SurePoint]]:
    """Part sorted points so that each bin has a tenth of them, and none parts points of one confidence."""
    bins: list[list[SurePoint]] = [[]]
    done = 0
    for _, group in groupby(points, key=lambda point: point[0]):
        alike = [*group]
        if bins[-1] and done + len(alike) / 2 > len(bins) * len(points) / BINS:
            bins.append([])
        bins[-1] += alike
        done += len(alike)
    return bins


def _by_width(points: Iterable[SurePoint]) -> list[list[SurePoint]]:
    bins: defaultdict[int, list[SurePoint]] = defaultdict(list)
    for sure, right in points:
        bins[min(int(sure * BINS), BINS - 1)].append((sure, right))
    return [bins[at] for at in sorted(bins)]


def _error(bins: Iterable[Sequence[SurePoint]], count: int) -> float:
    return sum(abs(math.fsum(sure - right for sure, right in one)) for one in bins) / count


def _bin(points: Sequence[SurePoint], level: float) -> ReliabilityBin:
    count, right = len(points), sum(right for _, right in points)
    return ReliabilityBin(count, math.fsum(sure for sure, _ in points) / count, _wilson(right, count, level))


def _wilson(right: int, count: int, level: float) -> Score:
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = right / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return Score(share, max(0.0, middle - half), min(1.0, middle + half))
