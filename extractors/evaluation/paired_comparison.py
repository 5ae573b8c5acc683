"""Comparison of two evaluations of the same documents: which is better, if that is shown at all.

It is paired: what is hard in one document is hard for both, so the differences document by document say more than the
two figures do. Each difference has an interval of the percentile bootstrap over documents, and is shown where that does
not hold 0. Whole documents are compared by McNemar's test (Psychometrika 12, 1947): of those that are right in one
evaluation alone, half would be in each if both were as good.

The number of documents that would show a difference d of the size observed, with a power of 80 %, is (z + y)² s² / d²,
of paired samples (Chow, Shao and Wang, Sample Size Calculations in Clinical Research, 2nd edition, 2008, section 3.1).
There z is 1.96 for a level of 95 %, y 0.84 for the power, and s² what the bootstrap found for one document.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, TypeAlias

from slotfill.extractors.evaluation.evaluation import DocumentScore, Evaluation
from slotfill.extractors.evaluation.intervals import Resampling, Score, Summands, intervals
from slotfill.extractors.evaluation.scores import DocumentCounts, figures_of, rows_of
from slotfill.extractors.record.json_writer import JSONForm

__all__ = ["Comparison", "Difference", "McNemar", "QualityDifference", "RateDifferences", "compare", "mcnemar"]

Finding: TypeAlias = Literal["better", "worse", "no difference shown"]
"""What is shown of the second of two evaluations."""

POWER = 0.8

MOST_EXACT = 1000
"""So many documents that only one evaluation has right are counted exactly; beyond, the approximation is as good."""


@dataclass(frozen=True, slots=True)
class Difference(JSONForm):
    """A figure of two evaluations.

    Attributes:
        first: The first one's; None where it is not defined.
        second: The second one's.
        difference: The second less the first, with its interval.
        finding: Whether the second is better or worse, or neither is shown: the interval holds 0.
        documents_needed: How many documents would show a difference of this size four times in five; None where one is
            shown, where there is none at all, and where nothing is known of how documents differ.
    """

    first: float | None
    second: float | None
    difference: Score
    finding: Finding
    documents_needed: int | None


@dataclass(frozen=True, slots=True)
class RateDifferences(JSONForm):
    """The differences of precision, recall and F1."""

    precision: Difference
    recall: Difference
    f1: Difference


@dataclass(frozen=True, slots=True)
class QualityDifference(JSONForm):
    """The differences of something counted strictly, and with what is tolerated."""

    exact: RateDifferences
    tolerant: RateDifferences


@dataclass(frozen=True, slots=True)
class McNemar(JSONForm):
    """Whole documents, right in one of two evaluations.

    Attributes:
        first_only: How many are right in the first alone.
        second_only: How many are right in the second alone.
        p_value: How likely so uneven a share is, or one more uneven, if both were as good.
        method: `binomial`, exactly, or `chi-square` with continuity correction, where there are many.
    """

    first_only: int
    second_only: int
    p_value: float
    method: Literal["binomial", "chi-square"]


@dataclass(frozen=True, slots=True)
class Comparison(JSONForm):
    """Two evaluations of the same documents.

    Attributes:
        documents: How many documents are in both: these alone are compared.
        first_only: How many are in the first alone.
        second_only: How many are in the second alone.
        right: The share of documents that are right as a whole.
        tolerated: The share of those that are with what is tolerated.
        micro: All fields together.
        macro: The mean of the fields.
        fields: By path. Of twenty fields that do not differ one will be shown to, at a level of 95 %.
        whole_documents: McNemar's test of documents that are right as a whole.
        whole_tolerated: The same, of those that are with what is tolerated.
        resamples: How often documents were drawn again.
        level: The share of draws that lies within an interval.
    """

    documents: int
    first_only: int
    second_only: int
    right: Difference
    tolerated: Difference
    micro: QualityDifference
    macro: QualityDifference
    fields: Mapping[str, QualityDifference]
    whole_documents: McNemar
    whole_tolerated: McNemar
    resamples: int
    level: float


def compare(first: Evaluation, second: Evaluation, *, resamples: int = 1000, seed: int = 0) -> Comparison:
    """Compare two evaluations, document by document.

    Args:
        first: What was there before.
        second: What is to be better.
        resamples: How often documents are drawn again.
        seed: Of what is drawn.

    Returns:
        The differences, those of the second as it is against the first.
    """
    pairs = [*_paired(first.documents, second.documents)]
    counts = [one.counts for one, _ in pairs], [other.counts for _, other in pairs]
    paths = sorted({path for side in counts for document in side for path in document.fields})
    resampling = Resampling(resamples, seed)
    differences = iter(_differences(*counts, paths, resampling))
    right, tolerated = next(differences), next(differences)
    return Comparison(
        documents=len(pairs),
        first_only=len(first.documents) - len(pairs),
        second_only=len(second.documents) - len(pairs),
        right=right,
        tolerated=tolerated,
        micro=_quality(differences),
        macro=_quality(differences),
        fields={path: _quality(differences) for path in paths},
        whole_documents=_whole([(one.is_right, other.is_right) for one, other in zip(*counts, strict=True)]),
        whole_tolerated=_whole([(one.is_tolerated, other.is_tolerated) for one, other in zip(*counts, strict=True)]),
        resamples=resampling.possible,
        level=resampling.level,
    )


def mcnemar(first_only: int, second_only: int) -> McNemar:
    """Test whether whole documents are right more often in one of two evaluations."""
    unequal = first_only + second_only
    if unequal <= MOST_EXACT:
        fewer = sum(math.comb(unequal, count) for count in range(min(first_only, second_only) + 1))
        return McNemar(first_only, second_only, min(1.0, 2 * fewer / 2**unequal), "binomial")
    statistic = max(0, abs(first_only - second_only) - 1) ** 2 / unequal
    return McNemar(first_only, second_only, math.erfc(math.sqrt(statistic / 2)), "chi-square")


def _paired(
    first: Sequence[DocumentScore], second: Sequence[DocumentScore]
) -> Iterator[tuple[DocumentScore, DocumentScore]]:
    """Yield the documents that are in both, by what tells them apart; of several that are alike each has its own."""
    others: defaultdict[str | None, deque[DocumentScore]] = defaultdict(deque)
    for document in second:
        others[document.id].append(document)
    for document in first:
        if others[document.id]:
            yield document, others[document.id].popleft()


def _differences(
    first: Sequence[DocumentCounts], second: Sequence[DocumentCounts], paths: Sequence[str], resampling: Resampling
) -> list[Difference]:
    """Return the differences of all figures, in the order of `figures_of`."""
    rows = [[*mine, *its] for mine, its in zip(rows_of(first, paths), rows_of(second, paths), strict=True)]
    half = len(rows[0]) // 2 if rows else 0

    def figures(totals: Summands) -> list[float | None]:
        return [*map(_less, figures_of(totals[:half]), figures_of(totals[half:]))]

    totals = [sum(column) for column in zip(*rows, strict=True)]
    both = figures_of(totals[:half]), figures_of(totals[half:])
    scores = intervals(rows, figures, resampling)
    return [_difference(*one, len(rows), resampling.level) for one in zip(*both, scores, strict=True)]


def _less(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else second - first


def _difference(first: float | None, second: float | None, score: Score, documents: int, level: float) -> Difference:
    is_shown = score.low is not None and score.high is not None and not score.low <= 0 <= score.high
    finding: Finding = ("better" if (score.value or 0) > 0 else "worse") if is_shown else "no difference shown"
    needed = None if is_shown else _documents_needed(score, documents, level)
    return Difference(first, second, score, finding, needed)


def _documents_needed(score: Score, documents: int, level: float) -> int | None:
    if not score.value or not score.error:
        return None
    normal = NormalDist()
    distance = normal.inv_cdf((1 + level) / 2) + normal.inv_cdf(POWER)
    return math.ceil(documents * (distance * score.error / score.value) ** 2)


def _quality(differences: Iterator[Difference]) -> QualityDifference:
    return QualityDifference(_rates(differences), _rates(differences))


def _rates(differences: Iterator[Difference]) -> RateDifferences:
    return RateDifferences(next(differences), next(differences), next(differences))


def _whole(pairs: Sequence[tuple[bool, bool]]) -> McNemar:
    return mcnemar(pairs.count((True, False)), pairs.count((False, True)))
