"""What is measured beside the fields, as tables of text: entities, spans, confidences, and what predictions took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from slotfill.extractors.evaluation.drawing.figures import percent, score_text
from slotfill.extractors.evaluation.evaluation import Evaluation
from slotfill.extractors.evaluation.span_scores import ALL_FIELDS
from slotfill.extractors.evaluation.spending import Spending
from slotfill.extractors.record.money import money_text

__all__ = ["entity_rows", "reliability_rows", "span_rows", "spending_lines"]

T = TypeVar("T")

Row = tuple[str, ...]
"""The cells of a line of a table."""

_ENTITIES = (
    "entities",
    "right by",
    "F1",
    "precision",
    "recall",
    "correct",
    "incorrect",
    "partial",
    "missed",
    "spurious",
)
_SPANS = ("where values stand", "overlap", "to the letter", "spans")
_CONFIDENCES = ("confidence", "mean", "right", "calibration error", "Brier", "values")


def entity_rows(evaluation: Evaluation) -> Iterator[Row]:
    """Yield a header and a row for each scheme of each list of entities; nothing where there are none."""
    if evaluation.entities:
        yield _ENTITIES
    for path, scores in evaluation.entities.items():
        for scheme, one in scores.schemes.items():
            shares = (score_text(one.f1), percent(one.precision.value), percent(one.recall.value))
            yield (path or "(value)", scheme, *shares, *(f"{count:,}" for count in one.counts.summands))


def span_rows(evaluation: Evaluation) -> Iterator[Row]:
    """Yield a header and a row for each field whose gold has spans; nothing where none has."""
    if evaluation.spans:
        yield _SPANS
    for path, one in _with_all_last(evaluation.spans):
        yield (path, score_text(one.overlap), score_text(one.equal), f"{one.spans:,}")


def reliability_rows(evaluation: Evaluation) -> Iterator[Row]:
    """Yield a header and a row for each field that has confidences; nothing where none has."""
    if evaluation.reliability:
        yield _CONFIDENCES
    for path, one in _with_all_last(evaluation.reliability):
        brier = "-" if one.brier.value is None else f"{one.brier.value:.3f}"
        yield (path, percent(one.confidence), percent(one.right), percent(one.error), brier, f"{one.count:,}")


def spending_lines(spending: Spending) -> Iterator[str]:
    """Yield what the predictions took, in two lines."""
    tokens, ms = spending.tokens, spending.ms
    median, ninth = (f"{ms[share] / 1000:,.1f} s" for share in ("p50", "p90"))
    records = f"{spending.records:,} record" + ("" if spending.records == 1 else "s")
    yield (
        f"{records} cost {money_text(spending.cost_usd)}: {tokens['input_tokens']:,} tokens in, "
        f"{tokens['output_tokens']:,} out; {median} a document in the median, at most {ninth} in nine of ten"
    )
    outcomes = ", ".join(f"{count:,} {name}" for name, count in spending.outcomes.items())
    edits = ", ".join(f"{count:,} of risk {name}" for name, count in spending.edits.items())
    yield f"outcomes: {outcomes}" + (f"; edits: {edits}" if edits else "")


def _with_all_last(by_path: Mapping[str, T]) -> Iterator[tuple[str, T]]:
    """Yield what there is by field path, that of all fields together last."""
    yield from ((path or "(value)", one) for path, one in by_path.items() if path != ALL_FIELDS)
    if ALL_FIELDS in by_path:
        yield "all fields", by_path[ALL_FIELDS]
