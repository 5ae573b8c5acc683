"""What scores are worth."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.local.by_field import calibration
from slotfill.extractors.local.by_field.calibration import Calibration, keep, recall


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


SCORES = st.lists(st.floats(-20, 0), min_size=2, max_size=5)


@given(SCORES)
def test_probabilities_add_up_and_keep_the_order(scores: list[float]) -> None:
    chances = Calibration.none(len(scores)).probabilities(scores)
    assert sum(chances) == pytest.approx(1)
    assert chances[scores.index(max(scores))] == max(chances)


LEANING = [((-3.0 - gap, 0.0), 0 if gap < 0 else 1) for gap in (-2, -1.5, -1, 1, 1.5, 2)]
"""Scores of a model that favours label 1 by 3, whatever the text says: the difference alone tells."""


def test_a_model_that_leans_is_set_right() -> None:
    scored = LEANING
    raw, fitted = Calibration.none(2), Calibration.fit(scored)

    def right(found: Calibration) -> int:
        return sum((found.probabilities(scores)[0] > 0.5) == (label == 0) for scores, label in scored)

    assert (right(raw), right(fitted)) == (3, 6)
    assert fitted.bias[0] > fitted.bias[1]


def test_a_fit_goes_on_until_the_likelihood_is_highest() -> None:
    """Where that is, ten times the steps tell; after half of them the sharpness is off by a thousandth."""
    fitted = Calibration.fit(LEANING)
    assert fitted.sharpness == pytest.approx(2.507685, abs=1e-4)
    assert fitted.bias == pytest.approx((3.099529, -3.099529), abs=1e-4)


def test_scores_that_are_often_wrong_are_trusted_less() -> None:
    sure = [((0.0, -4.0), 0), ((-4.0, 0.0), 1)] * 10
    unsure = [(scores, label if number % 3 else 1 - label) for number, (scores, label) in enumerate(sure)]
    assert Calibration.fit(unsure).sharpness < Calibration.fit(sure).sharpness


def test_texts_that_say_nothing_make_labels_alike() -> None:
    found = Calibration.content_free([(-1.0, -5.0, -3.0), (-2.0, -6.0, -4.0)])
    assert found.probabilities((-1.5, -5.5, -3.5)) == pytest.approx((1 / 3,) * 3)


def test_what_is_kept_is_found_again() -> None:
    kept = {"/a/b": Calibration(1.5, (0.0, -2.25)), "": Calibration(1.0, ())}
    assert recall("key") == {}
    keep("key", kept)
    assert recall("key") == kept
    assert recall("other") == {}


@pytest.mark.parametrize("damage", ["", "[]", '{"/a": {}}', "\xff", '{"/a": {"sharpness": 1}}'])
def test_what_is_damaged_is_not_there(damage: str) -> None:
    keep("key", {})
    calibration._file("key").write_bytes(damage.encode("latin-1"))
    assert recall("key") == {}


def test_a_folder_that_cannot_be_written_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    keep("key", {"/a": Calibration(1.0, (0.0,))})
    assert recall("key") == {}


def test_the_logarithm_of_nothing_is_not_asked_for() -> None:
    assert math.isfinite(sum(Calibration.fit([((-20.7, 0.0), 0)]).probabilities((-20.7, -0.0))))
