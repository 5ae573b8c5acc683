"""Thresholds: what is read as one, and when it is fallen below."""

import pytest

from slotfill.extractors.errors import SettingsError
from slotfill.extractors.evaluation.evaluation import evaluate_pairs
from slotfill.extractors.evaluation.report.thresholds import Threshold
from slotfill.extractors.gold.gold_document import GoldDocument


def evaluation():
    pairs = [
        (GoldDocument.of({"a": 1, "b=c": 2}, source="x"), {"source": "x", "value": {"a": 1, "b=c": 2}}),
        (GoldDocument.of({"a": 1, "b=c": 2}, source="y"), {"source": "y", "value": {"a": 1, "b=c": 3}}),
    ]
    return evaluate_pairs(pairs, resamples=0)


@pytest.mark.parametrize(
    ("text", "least"),
    [("F1={}", 0.75), ("f1:/a={}", 1), ("precision:/b=c={}", 0.5), ("Recall={}", 0.75), ("right={}", 0.5)],
)
def test_a_figure_may_be_as_large_and_not_smaller(text, least):
    assert Threshold.parse(text.format(least)).failure(evaluation()) is None
    if least < 1:
        assert "it must be at least" in Threshold.parse(text.format(least + 0.001)).failure(evaluation())


def test_a_figure_that_is_not_defined_is_below_all():
    nothing = evaluate_pairs([(GoldDocument.of({}, source="x"), {"source": "x", "value": {}})])
    assert "nothing to judge" in Threshold.parse("F1=0").failure(nothing)


@pytest.mark.parametrize("text", ["", "F1", "F1=", "F1=x", "F1=-1", "F1=inf", "right:/a=1", "F1:/a", "recal=0.5"])
def test_what_is_none_is_refused(text):
    with pytest.raises(SettingsError, match=r"form|number from 0 to 1"):
        Threshold.parse(text)
