"""The curve: it rises, stays within 0 and 1, is what was seen where much was, and what is claimed where nothing was."""

from random import Random

import pytest
from examples import examples
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.extractors.calibrating.probability_curve import (
    MOST_LEVELS,
    CurveLevel,
    ProbabilityCurve,
    fit_curve,
    unlearnt,
)

SHARES = st.floats(0, 1)
POINTS = st.lists(st.tuples(SHARES | st.sampled_from([1 / 3, 2 / 3, 1.0]), st.booleans()), max_size=60)


@examples(60)
@given(POINTS, st.lists(SHARES, min_size=2))
@example([(1.0, False), (0.3, True), (0.3, True)], [0.0, 0.3, 0.9, 1.0])
def test_what_is_surer_is_no_less_likely(points: list[tuple[float, bool]], confidences: list[float]) -> None:
    curve = fit_curve(points)
    probabilities = [curve.at(confidence) for confidence in sorted(confidences)]
    assert probabilities == sorted(probabilities)
    assert all(0 <= probability <= 1 for probability in probabilities)
    assert len(curve.levels) <= MOST_LEVELS + 1
    assert sum(level.points for level in curve.levels) == len(points)


@examples(30)
@given(POINTS, SHARES)
def test_the_order_of_points_is_nothing(points: list[tuple[float, bool]], confidence: float) -> None:
    assert fit_curve(points).at(confidence) == pytest.approx(fit_curve(points[::-1]).at(confidence), abs=1e-4)


def test_nothing_learnt_is_nothing_changed() -> None:
    assert fit_curve([]).at(0.37) == 0.37


def test_a_level_of_many_points_is_what_was_seen() -> None:
    seen = [(2 / 3, at % 10 < 7) for at in range(1000)] + [(1.0, at % 10 < 9) for at in range(1000)]
    curve = fit_curve(seen)
    assert curve.at(2 / 3) == pytest.approx(0.7, abs=0.005)
    assert curve.at(1.0) == pytest.approx(0.9, abs=0.005)
    assert curve.at(5 / 6) == pytest.approx(0.8, abs=0.005)
    assert curve.at(0.1) == curve.at(2 / 3)


def test_what_is_all_right_is_not_certain_for_that() -> None:
    curve = fit_curve([(0.2, False)] * 5 + [(1.0, True)] * 5)
    assert 0 < curve.at(0.2) < 0.2
    assert 0.9 < curve.at(1.0) < 1


def test_a_level_that_falls_is_pooled_with_the_one_before() -> None:
    curve = fit_curve([(0.5, True)] * 10 + [(0.9, False)] * 10)
    assert curve.at(0.5) == curve.at(0.9) == pytest.approx(0.5, abs=0.05)


def test_levels_that_are_pooled_count_by_their_points() -> None:
    curve = fit_curve([(0.5, True)] * 30 + [(0.9, False)] * 10, weight=0)
    assert curve.at(0.5) == curve.at(0.9) == 0.75


def test_few_points_are_held_near_the_prior_by_its_weight() -> None:
    (level,) = fit_curve([(1.0, False)], lambda _: 0.9, weight=9).levels
    assert level == CurveLevel(1.0, 0.81, 1)
    assert unlearnt(1.0) == 0.75


def test_scores_that_are_all_different_are_put_into_groups() -> None:
    chance = Random(1)
    scores = [chance.random() for _ in range(2_000)]
    curve = fit_curve((score, chance.random() < score**2) for score in scores)
    assert len(curve.levels) == MOST_LEVELS
    assert max(abs(curve.at(level.confidence) - level.confidence**2) for level in curve.levels) < 0.08


def test_a_curve_that_falls_is_none() -> None:
    with pytest.raises(ValueError, match="rise"):
        ProbabilityCurve((CurveLevel(0.5, 0.9, 1), CurveLevel(0.8, 0.7, 1)))
    with pytest.raises(ValueError, match="rise"):
        ProbabilityCurve((CurveLevel(0.5, 0.5, 1), CurveLevel(0.5, 0.7, 1)))
