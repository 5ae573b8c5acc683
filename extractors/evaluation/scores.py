"""Scores: precision, recall and F1 of fields, of all fields together, and the share of documents that are right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from slotfill.extractors.evaluation.intervals import Resampling, Score, Summands, intervals
from slotfill.extractors.evaluation.judging.verdicts import Verdict, VerdictCounts
from slotfill.extractors.record.json_writer import JSONForm

__all__ = ["DocumentCounts", "FieldScores", "Quality", "Rates", "Scores", "f1_of", "figures_of", "rows_of", "scores_of"]

_WIDTH = len(Verdict)
_HEAD = 3
"""What a row begins with: the document, whether it is right, whether it is with what is tolerated."""

_RATES = 3


@dataclass(frozen=True, slots=True)
class Rates(JSONForm):
    """Precision, recall and F1.

    Attributes:
        precision: Of what was predicted, the share that is right.
        recall: Of what gold has, the share that was predicted right.
        f1: Their harmonic mean, 2·TP / (2·TP + FP + FN).
    """

    precision: Score
    recall: Score
    f1: Score


@dataclass(frozen=True, slots=True)
class Quality(JSONForm):
    """How good something is, counted strictly and with what its comparison tolerates.

    Attributes:
        counts: How many verdicts of each kind there were.
        exact: What is tolerated counts as wrong.
        tolerant: It counts as right.
    """

    counts: VerdictCounts
    exact: Rates
    tolerant: Rates


@dataclass(frozen=True, slots=True)
class FieldScores(Quality):
    """How good one field is.

    Attributes:
        path: The field's path.
        compared_as: The kind of its comparison.
    """

    path: str
    compared_as: str


@dataclass(frozen=True, slots=True)
class Scores(JSONForm):
    """How good the predictions for some documents are.

    Attributes:
        documents: How many there are.
        failed: For how many of them there is no prediction: all that gold has was omitted there.
        right: The share of documents that are right as a whole, strictly.
        tolerated: The share of those that are with what is tolerated.
        micro: All fields of all documents together.
        macro_exact: The mean of the fields, each counted alike however often it occurs; of those where it is defined.
        macro_tolerant: The same, with what is tolerated.
        fields: By path, those that gold or a prediction has.
    """

    documents: int
    failed: int
    right: Score
    tolerated: Score
    micro: Quality
    macro_exact: Rates
    macro_tolerant: Rates
    fields: Mapping[str, FieldScores]


@dataclass(frozen=True, slots=True)
class DocumentCounts:
    """What of a document scores are made of. fields: its verdicts by path, where there are any."""

    failed: bool
    fields: Mapping[str, VerdictCounts]

    @property
    def is_right(self) -> bool:
        """Whether all of it is equal to gold."""
        return self.is_tolerated and not any(counts.tolerated for counts in self.fields.values())

    @property
    def is_tolerated(self) -> bool:
        """Whether all of it is right or tolerated."""
        return not self.failed and not any(counts.mistakes for counts in self.fields.values())


def scores_of(documents: Sequence[DocumentCounts], compared_as: Mapping[str, str], resampling: Resampling) -> Scores:
    """Return the scores of some documents.

    Args:
        documents: Their counts.
        compared_as: By path, the kind of comparison.
        resampling: How intervals are made.
    """
    paths = sorted({path for document in documents for path in document.fields})
    scores = iter(intervals(rows_of(documents, paths), figures_of, resampling))
    right, tolerated = next(scores), next(scores)
    totals = {path: _total(document.fields.get(path) for document in documents) for path in paths}
    micro = Quality(_total(totals.values()), _rates(scores), _rates(scores))
    macro = _rates(scores), _rates(scores)
    fields = {
        path: FieldScores(totals[path], _rates(scores), _rates(scores), path, compared_as.get(path, ""))
        for path in paths
    }
    failed = sum(document.failed for document in documents)
    return Scores(len(documents), failed, right, tolerated, micro, *macro, fields)


def rows_of(documents: Sequence[DocumentCounts], paths: Sequence[str]) -> list[Summands]:
    """Return what each document adds: itself, whether it is right and tolerated, and its counts, field by field."""
    nothing = VerdictCounts().row
    rows: list[Summands] = []
    for document in documents:
        row: list[float] = [1, document.is_right, document.is_tolerated]
        for path in paths:
            row += document.fields[path].row if path in document.fields else nothing
        rows.append(row)
    return rows


def figures_of(totals: Summands) -> list[float | None]:
    """Return the figures of summed rows: documents, all fields, the fields' mean, then each field.

    Of documents two shares; of each of the rest precision, recall and F1, strictly and then with what is tolerated.
    """
    if not totals:
        return [None] * (2 + 4 * _RATES)
    fields = [totals[at : at + _WIDTH] for at in range(_HEAD, len(totals), _WIDTH)]
    by_field = [_figures(field) for field in fields]
    micro = _figures([sum(column) for column in zip(*fields, strict=True)]) if fields else [None] * (2 * _RATES)
    macro = [_mean(column) for column in zip(*by_field, strict=True)] if fields else [None] * (2 * _RATES)
    shares = [_share(right, totals[0]) for right in totals[1:_HEAD]]
    return [*shares, *micro, *macro, *(figure for figures in by_field for figure in figures)]


def f1_of(true: float, too_many: float, too_few: float) -> float | None:
    """Return 2·TP / (2·TP + FP + FN): the harmonic mean, which also is one where precision is not defined."""
    return _share(2 * true, 2 * true + too_many + too_few)


def _figures(counts: Sequence[float]) -> list[float | None]:
    right, tolerated, wrong, omitted, hallucinated = counts
    return [
        *_figures_of_one(right, tolerated + wrong + hallucinated, tolerated + wrong + omitted),
        *_figures_of_one(right + tolerated, wrong + hallucinated, wrong + omitted),
    ]


def _figures_of_one(true: float, too_many: float, too_few: float) -> tuple[float | None, ...]:
    return _share(true, true + too_many), _share(true, true + too_few), f1_of(true, too_many, too_few)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _rates(scores: Iterator[Score]) -> Rates:
    return Rates(next(scores), next(scores), next(scores))


def _total(counts: Iterable[VerdictCounts | None]) -> VerdictCounts:
    rows = [one.row for one in counts if one is not None]
    return VerdictCounts(*(sum(column) for column in zip(*rows, strict=True))) if rows else VerdictCounts()
