"""An evaluation as a table of text: a line a field, then what holds of documents as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from slotfill.extractors.evaluation.drawing.figures import align, percent, score_text
from slotfill.extractors.evaluation.evaluation import Evaluation
from slotfill.extractors.evaluation.intervals import Score
from slotfill.extractors.evaluation.report.measure_tables import (
    entity_rows,
    reliability_rows,
    span_rows,
    spending_lines,
)
from slotfill.extractors.evaluation.scores import Quality, Scores
from slotfill.schemas.json_values.pointer import ANY_INDEX

__all__ = ["evaluation_lines", "evaluation_parts"]

_ALL_FIELDS = "all fields"
"""What stands for the path of all fields together."""

_HEADER = ("field", "F1 (95 %)", "precision", "recall", "right", "wrong", "omitted", "hallucinated", "in gold")


TextTable = Sequence[Sequence[str]]
"""A header and rows, as cells."""


def evaluation_lines(evaluation: Evaluation) -> Iterator[str]:
    """Write an evaluation as lines of text; paths and labels stand in them as they are.

    Args:
        evaluation: What is to be shown. Figures are those with what comparisons tolerate.
    """
    for part in evaluation_parts(evaluation):
        yield from (part,) if isinstance(part, str) else align(part)


def evaluation_parts(evaluation: Evaluation) -> Iterator[str | TextTable]:
    """Yield the same as it comes: a line, empty between two parts, or a table, whose header is its first row."""
    yield [_header(evaluation), *_fields(evaluation.scores.fields), _row(_ALL_FIELDS, evaluation.scores.micro)]
    yield ""
    yield from _documents(evaluation.scores)
    if evaluation.slices:
        yield ""
        yield [
            (f"by {evaluation.by}", "documents", "F1", "documents right"),
            *(_slice(name, scores) for name, scores in evaluation.slices.items()),
        ]
    for rows in ([*table(evaluation)] for table in (entity_rows, span_rows, reliability_rows)):
        yield from ("", rows) if rows else ()
    if evaluation.spending:
        yield from ("", *spending_lines(evaluation.spending))
    if evaluation.unlabelled:
        yield f"not judged, as no gold has them: {', '.join(evaluation.unlabelled)}"
    if evaluation.alignment == "greedy" and any(ANY_INDEX in path.split("/") for path in evaluation.scores.fields):
        yield "items of lists are paired greedily; slotfill[eval] finds the best pairs: pip install 'slotfill[eval]'"


def _header(evaluation: Evaluation) -> tuple[str, ...]:
    return tuple(name.replace("95 %", f"{100 * evaluation.level:.0f} %") for name in _HEADER)


def _fields(fields: Mapping[str, Quality]) -> Iterator[tuple[str, ...]]:
    return (_row(path or "(value)", quality) for path, quality in fields.items())


def _row(name: str, quality: Quality) -> tuple[str, ...]:
    counts, rates = quality.counts, quality.tolerant
    cells = (counts.right + counts.tolerated, counts.wrong, counts.omitted, counts.hallucinated, counts.in_gold)
    shares = (percent(rates.precision.value), percent(rates.recall.value))
    return (name, score_text(rates.f1), *shares, *(f"{count:,}" for count in cells))


def _documents(scores: Scores) -> Iterator[str]:
    yield f"documents right as a whole: {score_text(scores.tolerated)} of {scores.documents:,}"
    if _differs(scores.tolerated, scores.right):
        yield f"  letter for letter: {score_text(scores.right)}"
    if _differs(scores.micro.tolerant.f1, scores.micro.exact.f1):
        yield f"F1 of all fields, letter for letter: {score_text(scores.micro.exact.f1)}"
    if scores.failed:
        yield f"without a value: {scores.failed:,} documents, of which all counts as omitted"


def _differs(one: Score, other: Score) -> bool:
    return one.value != other.value


def _slice(name: str, scores: Scores) -> tuple[str, ...]:
    f1, right = scores.micro.tolerant.f1, scores.tolerated
    return (name or "(none)", f"{scores.documents:,}", score_text(f1), score_text(right))
