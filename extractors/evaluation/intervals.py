"""Intervals: how far a figure may be off, as another sample of documents would have given another one.

By the percentile bootstrap over documents (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13):
documents are drawn again, with replacement, and the figure is computed of each draw. A document is drawn whole, as the
fields of one are right or wrong together. The same documents give the same interval, in whatever order they come.
"""

from __future__ import annotations

import math
import random
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

from slotfill.extractors.record.json_writer import JSONForm

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Resampling", "Score", "Summands", "intervals", "percentile", "resampled_totals"]

Summands: TypeAlias = Sequence[float]
"""What one document adds to the sums that figures are made of."""

Figures: TypeAlias = Callable[[Summands], Sequence[float | None]]
"""What makes figures of sums; None where one is not defined."""

MOST_WITHOUT_NUMPY = 200
"""So many draws are made in plain Python: a thousand would take a minute for what numpy does in a second."""

_BLOCK = 2_000_000
"""So many documents are drawn at a time: 16 MB."""


@dataclass(frozen=True, slots=True)
class Score(JSONForm):
    """A figure, and the interval that it lies in.

    Attributes:
        value: The figure; None where it is not defined, as the precision of no predictions.
        low: The lower end of the interval; None where there is none: of one document, or without resamples.
        high: The upper end; None likewise.
        error: The standard error: how far the figures of the draws lie apart, as a standard deviation; None likewise.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    error: float | None = None


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals are made.

    resamples: how often the documents are drawn again; 0 for no intervals. level: the share that lies within.
    """

    resamples: int = 1000
    seed: int = 0
    level: float = 0.95

    @property
    def possible(self) -> int:
        """How many draws are made here: fewer where numpy is not installed."""
        return self.resamples if find_spec("numpy") else min(self.resamples, MOST_WITHOUT_NUMPY)


def intervals(rows: Sequence[Summands], figures: Figures, resampling: Resampling) -> list[Score]:
    """Return the figures of the sum of all rows, each with its interval.

    Args:
        rows: What each document adds, of one length.
        figures: Makes the figures, always the same number, of sums.
        resampling: How often, with which seed, at which level.
    """
    width = len(rows[0]) if rows else 0
    values = figures([math.fsum(column) for column in zip(*rows, strict=True)] if rows else [0.0] * width)
    if len(rows) < 2 or not resampling.possible:  # noqa: PLR2004 - of one document nothing can be drawn
        return [Score(value) for value in values]
    drawn = zip(*(figures(totals) for totals in resampled_totals(rows, resampling)), strict=True)
    return [_score(value, sample, resampling.level) for value, sample in zip(values, drawn, strict=True)]


def _score(value: float | None, sample: Sequence[float | None], level: float) -> Score:
    known = sorted(one for one in sample if one is not None)
    if value is None or not known:
        return Score(value)
    tail = (1 - level) / 2
    return Score(value, percentile(known, tail), percentile(known, 1 - tail), _deviation(known))


def _deviation(sample: Sequence[float]) -> float:
    mean = math.fsum(sample) / len(sample)
    return math.sqrt(math.fsum((one - mean) ** 2 for one in sample) / len(sample))


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return what a share of sorted numbers lies below, between two of them in proportion."""
    at = share * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (at - below) * (ordered[above] - ordered[below])


def resampled_totals(rows: Sequence[Summands], resampling: Resampling) -> Iterator[Summands]:
    """Yield the sums of the rows of each draw; the order of the rows changes nothing."""
    try:
        import numpy as np
    except ImportError:
        yield from _totals_in_python(rows, resampling)
        return
    matrix = np.array(rows, dtype=np.float64)
    matrix = matrix[np.lexsort(matrix.T[::-1])]
    yield from _totals(matrix, resampling)


def _totals(matrix: np.ndarray, resampling: Resampling) -> Iterator[Summands]:
    import numpy as np

    count = len(matrix)
    generator = np.random.default_rng(resampling.seed)
    size = max(1, _BLOCK // count)
    for start in range(0, resampling.resamples, size):
        draws = min(size, resampling.resamples - start)
        drawn = generator.integers(0, count, size=(draws, count)) + np.arange(draws)[:, None] * count
        times = np.bincount(drawn.ravel(), minlength=draws * count).reshape(draws, count)
        yield from (times.astype(np.float64) @ matrix).tolist()


def _totals_in_python(rows: Sequence[Summands], resampling: Resampling) -> Iterator[Summands]:
    """Draw among the kinds of rows, as often as each occurs: most documents are alike in their counts."""
    kinds = sorted(Counter(map(tuple, rows)).items())
    edges = [*accumulate(times for _, times in kinds)]
    parts = [[(at, value) for at, value in enumerate(row) if value] for row, _ in kinds]
    generator = random.Random(resampling.seed)  # noqa: S311 - statistics
    for _ in range(resampling.possible):
        totals = [0.0] * len(rows[0])
        drawn = Counter(bisect(edges, int(generator.random() * len(rows))) for _ in rows)
        for kind, times in drawn.items():
            for at, value in parts[kind]:
                totals[at] += times * value
        yield totals
