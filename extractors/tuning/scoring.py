"""How good what was extracted is: micro F1 over all fields that gold has, with what comparisons tolerate.

The untuned and the tuned schema are compared on the same documents, drawn again in pairs: most are as hard for
the one as for the other, so that the interval of the difference is narrower than those of the scores say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from slotfill.extractors.evaluation.evaluation import DocumentScore, Evaluation, evaluate_pairs
from slotfill.extractors.evaluation.intervals import Resampling, Score, Summands, intervals
from slotfill.extractors.evaluation.scores import f1_of
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.record.json_writer import JSONForm
from slotfill.extractors.record.money import add_money
from slotfill.extractors.tuning.variants import Mistake, Trial
from slotfill.schemas.json_values.json_types import JSONMapping
from slotfill.schemas.schema import Schema

__all__ = ["METRIC", "PartComparison", "compare_parts", "trial_of"]

METRIC = "micro F1 over all fields of gold, tolerant"
"""What variants are chosen by."""


def trial_of(schema: Schema[Any], documents: Sequence[GoldDocument], records: Sequence[JSONMapping]) -> Trial:
    """Hold records against gold, in the same order."""
    evaluation = evaluate_pairs(zip(documents, records, strict=True), schema.output_schema, resamples=0)
    score = evaluation.scores.micro.tolerant.f1.value
    return Trial(
        score=1.0 if score is None else score,  # there was nothing to be found, and nothing was
        documents=len(documents),
        cost_usd=_cost_of(records),
        values={one.id or "": record["value"] for one, record in zip(documents, records, strict=True)},
        mistakes=_mistakes(evaluation),
    )


def _cost_of(records: Sequence[JSONMapping]) -> Decimal | None:
    """Add up what records have cost; None where that of one is unknown."""
    total: Decimal | None = Decimal(0)
    for record in records:
        cost = record.get("cost_usd")
        total = add_money(total, None if cost is None else Decimal(cost))
    return total


def _mistakes(evaluation: Evaluation) -> Mapping[str, tuple[Mistake, ...]]:
    found = {}
    for document in evaluation.documents:
        wrong = [one for one in document.mistakes if one.verdict.is_mistake]
        if wrong:
            found[document.id or ""] = tuple(Mistake(one.path, one.expected, one.got) for one in wrong)
    return found


TuningVerdict = Literal["better", "no difference shown", "worse", "nothing better found"]


@dataclass(frozen=True, slots=True)
class PartComparison(JSONForm):
    """How good both are on documents that nothing was chosen by. tuned, difference: None where there is no other."""

    documents: int
    untuned: Score
    tuned: Score | None
    difference: Score | None

    @property
    def verdict(self) -> TuningVerdict:
        """What is shown: a difference is, where its interval does not hold 0."""
        if self.difference is None:
            return "nothing better found"
        low, high = self.difference.low, self.difference.high
        if low is not None and low > 0:
            return "better"
        return "worse" if high is not None and high < 0 else "no difference shown"


def compare_parts(
    schema: Schema[Any],
    documents: Sequence[GoldDocument],
    untuned: Sequence[JSONMapping],
    tuned: Sequence[JSONMapping] | None,
    *,
    seed: int = 0,
) -> PartComparison:
    """Hold the records of both against gold, all in one order. tuned: None where there is nothing to compare."""
    before = _counts(schema, documents, untuned)
    after = before if tuned is None else _counts(schema, documents, tuned)
    rows = [(*one, *other) for one, other in zip(before, after, strict=True)]
    first, second, difference = intervals(rows, _figures, Resampling(seed=seed))
    if tuned is None:
        return PartComparison(len(documents), first, None, None)
    return PartComparison(len(documents), first, second, difference)


def _counts(
    schema: Schema[Any], documents: Sequence[GoldDocument], records: Sequence[JSONMapping]
) -> list[tuple[int, int, int]]:
    evaluation = evaluate_pairs(zip(documents, records, strict=True), schema.output_schema, resamples=0)
    return [_count(one) for one in evaluation.documents]


def _count(document: DocumentScore) -> tuple[int, int, int]:
    """Count what is right or tolerated, what is too much, and what is missing."""
    counts = [*document.fields.values()]
    right = sum(one.right + one.tolerated for one in counts)
    wrong = sum(one.wrong for one in counts)
    return right, wrong + sum(one.hallucinated for one in counts), wrong + sum(one.omitted for one in counts)


def _figures(totals: Summands) -> list[float | None]:
    before, after = f1_of(*totals[:3]), f1_of(*totals[3:])
    return [before, after, None if before is None or after is None else after - before]
