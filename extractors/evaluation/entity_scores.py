"""Entities: spans with a label, held against gold in the four ways of SemEval 2013 (task 9.1), as nervaluate does.

- strict: the same span and the same label.
- exact: the same span, whatever the label.
- partial: the same span is right, one that overlaps is half right, whatever the label.
- type: a span that overlaps, with the same label.

An entity of gold is met by one prediction at most. A prediction that meets none of its own kind, but overlaps one, is
incorrect (or partial); one that overlaps none is spurious; an entity of gold that nothing meets is missed. One
hundredth of gold's span is the least that counts as an overlap. Both sides are taken in the order of the document,
whatever order they are listed in: nervaluate takes them as they come, so that with spans that overlap each other, or
stand twice, its figures depend on that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from slotfill.extractors.evaluation.intervals import Resampling, Score, Summands, intervals
from slotfill.extractors.record.json_writer import JSONForm

__all__ = [
    "DocumentEntities",
    "EntityCounts",
    "EntityScheme",
    "EntityScores",
    "SchemeScores",
    "TypedSpan",
    "entity_counts",
    "entity_scores",
]

EntityScheme = Literal["strict", "exact", "partial", "type"]
"""What makes an entity right."""

_SCHEMES: tuple[EntityScheme, ...] = get_args(EntityScheme)

TypedSpan: TypeAlias = tuple[int, int, str]
"""The code points from the first offset up to the second, and a label."""

LEAST_OVERLAP = 0.01
"""The share of gold's span that must be met."""


@dataclass(frozen=True, slots=True)
class EntityCounts(JSONForm):
    """How many entities there are of each kind.

    Attributes:
        correct: Those that are right.
        incorrect: Those that meet one of gold, and are not right.
        partial: Those that overlap one of gold; in the scheme `partial` alone.
        missed: Those of gold that nothing meets.
        spurious: Those that meet none of gold.
    """

    correct: int = 0
    incorrect: int = 0
    partial: int = 0
    missed: int = 0
    spurious: int = 0

    @property
    def summands(self) -> tuple[int, ...]:
        """The counts in their order."""
        return (self.correct, self.incorrect, self.partial, self.missed, self.spurious)

    def __add__(self, other: EntityCounts) -> EntityCounts:
        return EntityCounts(*(mine + its for mine, its in zip(self.summands, other.summands, strict=True)))


@dataclass(frozen=True, slots=True)
class SchemeScores(JSONForm):
    """The scores of one scheme.

    Attributes:
        counts: How many entities there are of each kind.
        precision: Right ones, and half of the partial ones, of those predicted.
        recall: The same, of those in gold.
        f1: The harmonic mean of both.
    """

    counts: EntityCounts
    precision: Score
    recall: Score
    f1: Score


@dataclass(frozen=True, slots=True)
class EntityScores(JSONForm):
    """The entities of one list, held against gold.

    Attributes:
        schemes: By scheme, all labels together.
        labels: By label, the scores of its entities alone, by scheme; without intervals.
        unplaced: How many predicted entities stand nowhere in the document: they are spurious.
        gold_unplaced: How many of gold have no span: they are missed.
    """

    schemes: Mapping[str, SchemeScores]
    labels: Mapping[str, Mapping[str, SchemeScores]]
    unplaced: int
    gold_unplaced: int


@dataclass(frozen=True, slots=True)
class DocumentEntities:
    """The entities of one document: those that have a span, and how many have none, by label."""

    gold: Sequence[TypedSpan]
    predicted: Sequence[TypedSpan]
    gold_unplaced: Sequence[str] = ()
    unplaced: Sequence[str] = ()

    def of_label(self, label: str) -> DocumentEntities:
        """Return those of one label."""
        gold, predicted = ([one for one in side if one[2] == label] for side in (self.gold, self.predicted))
        return DocumentEntities(
            gold,
            predicted,
            [one for one in self.gold_unplaced if one == label],
            [one for one in self.unplaced if one == label],
        )

    def counts(self) -> dict[EntityScheme, EntityCounts]:
        """Count them by scheme."""
        more = EntityCounts(missed=len(self.gold_unplaced), spurious=len(self.unplaced))
        return {scheme: counts + more for scheme, counts in entity_counts(self.gold, self.predicted).items()}

    @property
    def labels(self) -> set[str]:
        """All labels that occur."""
        return {one[2] for one in (*self.gold, *self.predicted)} | {*self.gold_unplaced, *self.unplaced}


def entity_counts(gold: Iterable[TypedSpan], predicted: Iterable[TypedSpan]) -> dict[EntityScheme, EntityCounts]:
    """Hold the entities of one document against gold.

    Args:
        gold: Those that are right, in any order.
        predicted: Those that were extracted, in any order.

    Returns:
        The counts by scheme.
    """
    mine, its = sorted(gold), sorted(predicted)
    return {scheme: _counts(mine, its, scheme) for scheme in _SCHEMES}


def entity_scores(documents: Sequence[DocumentEntities], resampling: Resampling) -> EntityScores:
    """Return the scores of the entities of some documents."""
    counts = [document.counts() for document in documents]
    labels = sorted({label for document in documents for label in document.labels})
    return EntityScores(
        schemes={scheme: _scores([one[scheme] for one in counts], resampling) for scheme in _SCHEMES},
        labels={label: _of_label(documents, label) for label in labels},
        unplaced=sum(len(document.unplaced) for document in documents),
        gold_unplaced=sum(len(document.gold_unplaced) for document in documents),
    )


def _of_label(documents: Iterable[DocumentEntities], label: str) -> dict[str, SchemeScores]:
    counts = [document.of_label(label).counts() for document in documents if label in document.labels]
    return {scheme: _scores([one[scheme] for one in counts], Resampling(0)) for scheme in _SCHEMES}


def _scores(counts: Sequence[EntityCounts], resampling: Resampling) -> SchemeScores:
    rows = [one.summands for one in counts]
    total = EntityCounts(*(sum(column) for column in zip(*rows, strict=True)))
    return SchemeScores(total, *intervals(rows, _figures, resampling))


def _figures(totals: Summands) -> tuple[float | None, ...]:
    correct, incorrect, partial, missed, spurious = totals or (0,) * 5
    true = correct + partial / 2
    predicted, in_gold = correct + incorrect + partial + spurious, correct + incorrect + partial + missed
    precision = true / predicted if predicted else None
    recall = true / in_gold if in_gold else None
    return precision, recall, 2 * true / (predicted + in_gold) if predicted + in_gold else None


_Choice: TypeAlias = Callable[[TypedSpan, Mapping[int, TypedSpan]], int | None]


def _counts(gold: Sequence[TypedSpan], predicted: Sequence[TypedSpan], scheme: EntityScheme) -> EntityCounts:
    """Let each prediction, in order, meet what it is right with, else the first that it overlaps."""
    left = dict(enumerate(gold))
    counts: defaultdict[str, int] = defaultdict(int)
    for one in predicted:
        match, kind = _RIGHT[scheme](one, left), "correct"
        if match is None:
            match = next((at for at, other in left.items() if _overlaps(one, other)), None)
            kind = "spurious" if match is None else "partial" if scheme == "partial" else "incorrect"
        counts[kind] += 1
        if match is not None:
            del left[match]
    return EntityCounts(**counts, missed=len(left))


def _same(one: TypedSpan, left: Mapping[int, TypedSpan]) -> int | None:
    return next((at for at, other in left.items() if other == one), None)


def _same_span(one: TypedSpan, left: Mapping[int, TypedSpan]) -> int | None:
    return next((at for at, other in left.items() if other[:2] == one[:2]), None)


def _same_label(one: TypedSpan, left: Mapping[int, TypedSpan]) -> int | None:
    """Return the one of its label whose ends are nearest, among those that it overlaps."""
    alike = [at for at, other in left.items() if other[2] == one[2] and _overlaps(one, other)]
    return min(alike, key=lambda at: abs(left[at][0] - one[0]) + abs(left[at][1] - one[1]), default=None)


_RIGHT: Mapping[EntityScheme, _Choice] = {
    "strict": _same,
    "exact": _same_span,
    "partial": _same_span,
    "type": _same_label,
}


def _overlaps(one: TypedSpan, gold: TypedSpan) -> bool:
    return min(one[1], gold[1]) - max(one[0], gold[0]) >= LEAST_OVERLAP * (gold[1] - gold[0]) > 0
