"""Scores of variants and of reports: those of an evaluation, whatever they are made of."""

from typing import Any

from slotfill.extractors.evaluation.evaluation import evaluate_pairs
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.tuning.scoring import compare_parts, trial_of
from slotfill.schemas.sources.schema_sources import resolve

SCHEMA: Any = resolve("team str, urgency int, place str")
GOLD = [
    GoldDocument.of({"team": "brakes", "urgency": 3, "place": None}, text="one"),
    GoldDocument.of({"team": "doors", "urgency": 4, "place": "Oslo"}, text="two"),
    GoldDocument.of({"team": "roof", "urgency": 5, "place": "Accra"}, text="three"),
]
# Wrong and hallucinated, omitted, tolerated and wrong.
VALUES: list[dict[str, Any]] = [
    {"team": "lamps", "urgency": 3, "place": "Oslo"},
    {"team": "doors", "urgency": 4, "place": None},
    {"team": "Roof", "urgency": 1, "place": "Accra"},
]
RECORDS: list[Any] = [{"slotfill": 1, "value": value, "outcome": "valid", "cost_usd": "0.01"} for value in VALUES]


def test_the_figure_of_a_report_is_that_of_an_evaluation() -> None:
    f1 = evaluate_pairs(
        zip(GOLD, RECORDS, strict=True), SCHEMA.output_schema, resamples=0
    ).scores.micro.tolerant.f1.value
    assert f1 == 2 * 5 / (8 + 8)
    assert trial_of(SCHEMA, GOLD, RECORDS).score == f1
    assert compare_parts(SCHEMA, GOLD, RECORDS, None).untuned.value == f1
    both = compare_parts(SCHEMA, GOLD, RECORDS, RECORDS)
    assert (both.tuned and both.tuned.value, both.difference and both.difference.value) == (f1, 0.0)
