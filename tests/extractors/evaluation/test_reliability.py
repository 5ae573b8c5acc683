"""Reliability: where confidences come from, and what they are worth."""

import random
from typing import Any

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from slotfill.extractors.evaluation.evaluation import evaluate_pairs
from slotfill.extractors.evaluation.intervals import Resampling
from slotfill.extractors.evaluation.reliability import SurePoint, reliability_of
from slotfill.extractors.gold.gold_document import GoldDocument

points = st.lists(
    st.tuples(st.sampled_from([0.0, 1 / 3, 0.5, 2 / 3, 0.9, 1.0]) | st.floats(0, 1), st.booleans()),
    min_size=1,
    max_size=60,
)


def record(value: Any, **members: Any) -> dict[str, Any]:
    return {
        "slotfill": 1,
        "outcome": "valid",
        "value": value,
        "error": None,
        "attempts": [],
        "confidence": {},
        **members,
    }


def test_probability_counts_else_agreement_else_the_values_own_confidences() -> None:
    schema = {
        "properties": {
            "a": {"type": "string"},
            "sure": {"type": "number", "minimum": 0, "maximum": 1, "x-confidence-of": "a"},
        }
    }
    value = {"a": "x", "sure": 0.5}
    own = record(value, confidence={"/sure": "stated"})
    agreed = {**own, "agreement": {"/a": 0.75}, "confidence": {}}
    for data, expected in ((own, 0.5), (agreed, 0.75), ({**agreed, "probability": {"/a": 0.25}}, 0.25)):
        measured = evaluate_pairs([(GoldDocument.of({"a": "x"}, source="s"), data)], schema, resamples=0).reliability
        assert (measured["/a"].confidence, measured["/a"].right, measured["*"].count) == (expected, 1, 1)
    assert (
        evaluate_pairs([(GoldDocument.of({"a": "x"}, source="s"), {"value": value})], schema, resamples=0).reliability
        == {}
    )


def test_what_is_tolerated_is_right_and_what_is_hallucinated_is_not() -> None:
    data = record({"a": "ALPHA", "b": "x", "c": "y"}, agreement={"/a": 1, "/b": 0.5, "/c": 0.5, "/d": 1})
    gold = GoldDocument.of({"a": "alpha", "b": None, "c": "z", "d": "w"}, source="s")
    evaluation = evaluate_pairs([(gold, data)], resamples=0)
    assert {path: one.right for path, one in evaluation.reliability.items()} == {
        "*": pytest.approx(1 / 3),
        "/a": 1,
        "/b": 0,
        "/c": 0,
    }
    assert evaluation.documents[0].judged == {"/a": True, "/b": False, "/c": False}


@examples(80)
@given(points)
def test_the_figures_are_what_their_definitions_say(sure: list[SurePoint]) -> None:
    measured = reliability_of([sure], Resampling(0))
    assert measured.brier.value == pytest.approx(sum((one - right) ** 2 for one, right in sure) / len(sure))
    if len({right for _, right in sure}) == 2:
        theirs = brier_score_loss([right for _, right in sure], [one for one, _ in sure])
        assert measured.brier.value == pytest.approx(theirs, abs=1e-12)
    by_width = 0.0
    for at in range(10):
        inside = [point for point in sure if min(int(point[0] * 10), 9) == at]
        by_width += abs(sum(one - right for one, right in inside)) / len(sure)
    assert measured.error_by_width == pytest.approx(by_width)
    by_mass = sum(one.count * abs(one.confidence - (one.right.value or 0)) for one in measured.bins) / len(sure)
    assert measured.error == pytest.approx(by_mass)
    assert sum(one.count for one in measured.bins) == measured.count == len(sure)
    assert measured.error >= abs(measured.confidence - measured.right) - 1e-12


def test_bins_have_equal_mass_and_do_not_part_points_of_one_confidence() -> None:
    spread = [(at / 1000, at % 2 == 0) for at in range(1000)]
    assert {one.count for one in reliability_of([spread], Resampling(0)).bins} == {100}
    crowded = [(0.5, at > 4) for at in range(10)] + [(1.0, at % 3 > 0) for at in range(90)]
    assert [one.count for one in reliability_of([crowded], Resampling(0)).bins] == [10, 90]


def test_what_is_calibrated_has_little_error_and_what_is_not_has_much() -> None:
    seed = random.Random(3)
    drawn = [seed.random() for _ in range(4000)]
    good = reliability_of([[(one, seed.random() < one)] for one in drawn], Resampling(200))
    bad = reliability_of([[(one, seed.random() < one / 2)] for one in drawn], Resampling(0))
    assert good.error < 0.03
    assert bad.error == pytest.approx(0.25, abs=0.03)
    assert good.brier.low is not None
    assert good.brier.low < 1 / 6 < (good.brier.high or 0)
    inside = sum((one.right.low or 0) <= one.confidence <= (one.right.high or 0) for one in good.bins)
    assert inside >= 8


@examples(30)
@given(points, st.randoms(use_true_random=False))
def test_the_order_of_documents_changes_nothing(sure: list[SurePoint], seed: random.Random) -> None:
    documents = [[point] for point in sure]
    assert reliability_of(documents, Resampling(20)) == reliability_of(
        seed.sample(documents, len(documents)), Resampling(20)
    )
