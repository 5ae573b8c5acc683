"""A probability curve: how often values of a confidence were right, and so how likely others of it are.

It is isotonic regression with a prior. There are few points, as each was labelled by hand, and few levels of
confidence: three readings agree by 1/3, 2/3 or 1. A free curve over them needs no form that might be the wrong one (the
logistic one of Platt scaling is, where readings share an error, so that 1 means 0.9); the prior keeps a level of three
points sane; and what is surer is never less likely.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Annotated

from pydantic import Field, PositiveInt, with_config

from slotfill.extractors.record.json_writer import JSONForm

__all__ = ["CurveLevel", "ProbabilityCurve", "fit_curve", "unlearnt"]

MOST_LEVELS = 10
"""Confidences of more distinct values are put into so many groups of about one size."""

DIGITS = 4
"""A probability is told to so many decimal places: gold does not hold more."""

Share = Annotated[float, Field(ge=0, le=1)]
"""A number from 0 to 1."""


@with_config(extra="forbid")
@dataclass(frozen=True, slots=True)
class CurveLevel(JSONForm):
    """A point of the curve.

    Attributes:
        confidence: 0 to 1; of a group the mean.
        probability: How likely a value of it is right, 0 to 1.
        points: How many labelled values that was learnt from.
    """

    confidence: Share
    probability: Share
    points: PositiveInt


@dataclass(frozen=True, slots=True)
class ProbabilityCurve:
    """How likely values are right, by how sure they are: straight lines between levels, and level beyond them.

    Attributes:
        levels: By rising confidence; none where nothing was learnt.
    """

    levels: tuple[CurveLevel, ...] = ()

    def __post_init__(self) -> None:
        for one, other in pairwise(self.levels):
            if one.confidence >= other.confidence or one.probability > other.probability:
                raise ValueError("the levels of a curve rise: each has more confidence, and no less probability")

    def at(self, confidence: float) -> float:
        """Return the probability of a confidence; the confidence itself where nothing was learnt."""
        if not self.levels:
            return confidence
        at = bisect_left(self.levels, confidence, key=lambda level: level.confidence)
        below, above = self.levels[max(at - 1, 0)], self.levels[min(at, len(self.levels) - 1)]
        if above.confidence <= confidence or below is above:
            return above.probability
        share = (confidence - below.confidence) / (above.confidence - below.confidence)
        between = below.probability + share * (above.probability - below.probability)
        return round(min(max(between, below.probability), above.probability), DIGITS)


def unlearnt(confidence: float) -> float:
    """Return how likely a value is right before anything was learnt: halfway between what is claimed, and a coin."""
    return (confidence + 0.5) / 2


def fit_curve(
    points: Iterable[tuple[float, bool]], prior: Callable[[float], float] = unlearnt, *, weight: float = 2.0
) -> ProbabilityCurve:
    """Learn a curve.

    Args:
        points: Of each labelled value its confidence, and whether it was right.
        prior: How likely values are right where there are no points; it must not fall.
        weight: So many points, at each level, the prior counts as.
    """
    levels = _levels(sorted(points))
    smoothed = [
        ((right + weight * prior(confidence)) / (count + weight), count + weight) for confidence, right, count in levels
    ]
    rising = _rising(smoothed)
    return ProbabilityCurve(
        tuple(
            CurveLevel(round(confidence, DIGITS), round(probability, DIGITS), count)
            for (confidence, _, count), probability in zip(levels, rising, strict=True)
        )
    )


def _levels(points: Sequence[tuple[float, bool]]) -> list[tuple[float, int, int]]:
    """Put points, in order, into levels: the mean confidence of each, how many were right, and how many there are."""
    equal = [[*group] for _, group in groupby(points, key=lambda point: round(point[0], DIGITS))]
    least = len(points) / MOST_LEVELS if len(equal) > MOST_LEVELS else 1
    groups: list[list[tuple[float, bool]]] = []
    for group in equal:
        if groups and len(groups[-1]) < least:
            groups[-1] += group
        else:
            groups.append(group)
    return [
        (sum(map(itemgetter(0), group)) / len(group), sum(map(itemgetter(1), group)), len(group)) for group in groups
    ]


def _rising(rates: Iterable[tuple[float, float]]) -> list[float]:
    """Pool adjacent rates, each with its weight, until none is less than the one before it."""
    pools: list[tuple[float, float, int]] = []  # rate, weight, and how many it is made of
    for rate, weight in rates:
        pool = (rate, weight, 1)
        while pools and pools[-1][0] >= pool[0]:
            before = pools.pop()
            total = before[1] + pool[1]
            pool = ((before[0] * before[1] + pool[0] * pool[1]) / total, total, before[2] + pool[2])
        pools.append(pool)
    return [rate for rate, _, count in pools for _ in range(count)]
