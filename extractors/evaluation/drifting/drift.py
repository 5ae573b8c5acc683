"""Drift: what has moved between two sets of records, without gold: last week's and this week's, say.

Of each field several aspects are compared: how often it has a value, how many items a list has, which labels it takes,
how its numbers and the lengths of its texts are distributed; of records also how they ended. Numbers and lengths are
put into the tenths of both sets together. So each aspect is a table of categories by set, and is compared by the
statistic of the chi-square test.

Values of one document are not independent, as the test would have it. So documents are dealt out to the two sets at
random, time and again, which shows how the statistic spreads where nothing has moved; a gamma distribution of that mean
and variance gives the probability of what was observed (Winkler et al., Faster permutation inference in brain imaging,
NeuroImage 141, 2016). Without numpy it is the chi-square test as it is, and that is said.

Of many aspects some would seem to move by chance: the probabilities are corrected by Holm's method (Scandinavian
Journal of Statistics 6, 1979).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import accumulate, pairwise
from typing import Literal, TypeAlias

from slotfill.extractors.evaluation.drifting.drift_tables import AspectTable, DriftAspect, aspect_tables, observed
from slotfill.extractors.evaluation.judging.field_rules import FieldRules
from slotfill.extractors.evaluation.predictions import prediction_of
from slotfill.extractors.record.json_writer import JSONForm
from slotfill.schemas.json_values.json_types import JSONMapping

__all__ = ["AspectDrift", "Drift", "drift", "gamma_tail"]

DEALS = 200
"""How often documents are dealt out: the mean and the variance of the statistic are then known to a tenth."""

LEVEL = 0.05

MOST_SHOWN = 20
"""So many categories are told of an aspect."""

PRECISION, MOST_TERMS = 1e-12, 10_000


@dataclass(frozen=True, slots=True)
class AspectDrift(JSONForm):
    """One aspect of one field in two sets.

    Attributes:
        path: The field's path.
        aspect: What of it is compared.
        first: The share of each category in the first set, the most frequent categories first.
        second: The same in the second set.
        distance: How much has moved: the share that would have to change its category (total variation distance).
        p_value: How likely a statistic as large is where nothing has moved.
        adjusted: The same, corrected for the number of aspects.
        moved: Whether that is below the level.
    """

    path: str
    aspect: DriftAspect
    first: Mapping[str, float]
    second: Mapping[str, float]
    distance: float
    p_value: float
    adjusted: float
    moved: bool


@dataclass(frozen=True, slots=True)
class Drift(JSONForm):
    """What has moved between two sets of records.

    Attributes:
        first: How many documents the first set has.
        second: How many the second set has.
        moved: The paths of fields of which any aspect has moved.
        aspects: All that was compared: what has moved first, then by how far.
        level: Below which probability an aspect counts as moved, over all aspects together.
        method: `dealt` where documents were dealt out anew, `chi-square` where numpy is not installed.
    """

    first: int
    second: int
    moved: tuple[str, ...]
    aspects: tuple[AspectDrift, ...]
    level: float
    method: Literal["dealt", "chi-square"]


def drift(
    first: Iterable[JSONMapping],
    second: Iterable[JSONMapping],
    json_schema: JSONMapping | None = None,
    *,
    seed: int = 0,
) -> Drift:
    """Compare two sets of records, field by field, without gold.

    Args:
        first: Records, or lines of an output, as plain JSON data: those from before.
        second: Those of now.
        json_schema: The JSON Schema of their values, which tells labels from texts; without it their number does.
        seed: Of how documents are dealt out.

    Returns:
        All that was compared, and what has moved.
    """
    rules = FieldRules(json_schema)
    sides = [[observed(rules, prediction_of(data)) for data in side] for side in (first, second)]
    sizes = len(sides[0]), len(sides[1])
    tables = [*aspect_tables([*sides[0], *sides[1]])] if all(sizes) else []
    tests = [_observed_test(table, sizes[0]) for table in tables]
    dealt = _dealt(tables, sizes, seed)
    chances = [_chance(test.statistic, test.freedom, spread) for test, spread in zip(tests, dealt, strict=True)]
    adjusted = _holm(chances)
    aspects = [
        AspectDrift(one.path, one.aspect, *test.shares(one.names), test.distance, chance, corrected, corrected < LEVEL)
        for one, test, chance, corrected in zip(tables, tests, chances, adjusted, strict=True)
    ]
    aspects.sort(key=lambda one: (not one.moved, -one.distance, one.path, one.aspect))
    moved = tuple(dict.fromkeys(one.path for one in aspects if one.moved))
    return Drift(*sizes, moved, tuple(aspects), LEVEL, "dealt" if _numpy_is_there() else "chi-square")


@dataclass(frozen=True, slots=True)
class _Test:
    """The counts of two sets by category, and how unlike they are."""

    first: Sequence[float]
    second: Sequence[float]

    @property
    def freedom(self) -> int:
        """The degrees of freedom."""
        return len(self.first) - 1

    @property
    def statistic(self) -> float:
        """Pearson's statistic of a table of two rows."""
        return _statistic(self.first, self.second)

    @property
    def distance(self) -> float:
        """The total variation distance."""
        mine, its = _normed(self.first), _normed(self.second)
        return sum(abs(one - other) for one, other in zip(mine, its, strict=True)) / 2

    def shares(self, names: Sequence[str]) -> tuple[dict[str, float], dict[str, float]]:
        """Return the share of each category in both sets, of the first ones where there are many."""
        sides = (zip(names[:MOST_SHOWN], _normed(side), strict=False) for side in (self.first, self.second))
        one, other = map(dict, sides)
        return one, other


def _observed_test(table: AspectTable, first: int) -> _Test:
    sums = [[0.0] * len(table.names) for _ in range(2)]
    for number, row in enumerate(table.rows):
        for category, count in row.items():
            sums[number >= first][category] += count
    return _Test(*sums)


def _normed(counts: Sequence[float]) -> list[float]:
    total = sum(counts)
    return [count / total if total else 0.0 for count in counts]


def _statistic(first: Sequence[float], second: Sequence[float]) -> float:
    one, other = sum(first), sum(second)
    if not one or not other:
        return 0.0
    ratio = math.sqrt(other / one)
    both = zip(first, second, strict=True)
    return math.fsum((mine * ratio - its / ratio) ** 2 / (mine + its) for mine, its in both if mine + its)


_Spread: TypeAlias = tuple[float, float]
"""The mean and the variance of a statistic where nothing has moved."""


def _numpy_is_there() -> bool:
    return find_spec("numpy") is not None


def _dealt(tables: Sequence[AspectTable], sizes: tuple[int, int], seed: int) -> list[_Spread | None]:
    """Deal the documents out anew, time and again; None where that is not possible here."""
    if not tables or not _numpy_is_there():
        return [None] * len(tables)
    import numpy as np

    matrix = np.zeros((sum(sizes), sum(len(table.names) for table in tables)))
    starts = [0, *accumulate(len(table.names) for table in tables)]
    for table, start in zip(tables, starts, strict=False):
        for number, row in enumerate(table.rows):
            for category, count in row.items():
                matrix[number, start + category] = count
    matrix = matrix[np.lexsort(matrix.T[::-1])]  # whatever order they come in
    generator = np.random.default_rng(seed)
    masks = np.zeros((DEALS, len(matrix)))
    for mask in masks:
        mask[generator.permutation(len(matrix))[: sizes[0]]] = 1
    sums = masks @ matrix
    rest = matrix.sum(axis=0) - sums
    statistics = np.empty((DEALS, len(tables)))
    for deal, (mine, its) in enumerate(zip(sums.tolist(), rest.tolist(), strict=True)):
        statistics[deal] = [_statistic(mine[start:end], its[start:end]) for start, end in pairwise(starts)]
    return [*zip(statistics.mean(axis=0).tolist(), statistics.var(axis=0).tolist(), strict=True)]


def _chance(statistic: float, freedom: int, spread: _Spread | None) -> float:
    """Return how likely a statistic as large is where nothing has moved."""
    mean, variance = spread or (float(freedom), 2.0 * freedom)
    if mean <= 0 or variance <= 0:
        return 1.0 if statistic <= mean else 0.0
    return gamma_tail(statistic * mean / variance, mean * mean / variance)


def gamma_tail(x: float, shape: float) -> float:
    """Return the upper tail of the gamma distribution of scale 1 (Abramowitz and Stegun, 6.5.29 and 6.5.31)."""
    if x <= 0:
        return 1.0
    weight = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1:
        term = total = 1 / shape
        for step in range(1, MOST_TERMS):
            term *= x / (shape + step)
            total += term
            if term < total * PRECISION:
                break
        return max(0.0, 1 - weight * total)
    # The continued fraction, by Lentz's method.
    denominator = x + 1 - shape
    c, d = math.inf, 1 / denominator
    fraction = d
    for step in range(1, MOST_TERMS):
        numerator = -step * (step - shape)
        denominator += 2
        d = 1 / (denominator + numerator * d)
        c = denominator + numerator / c
        fraction *= c * d
        if abs(c * d - 1) < PRECISION:
            break
    return min(1.0, weight * fraction)


def _holm(chances: Sequence[float]) -> list[float]:
    adjusted, greatest = [1.0] * len(chances), 0.0
    for rank, at in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        greatest = max(greatest, min(1.0, chances[at] * (len(chances) - rank)))
        adjusted[at] = greatest
    return adjusted
