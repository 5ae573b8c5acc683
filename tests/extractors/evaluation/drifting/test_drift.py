"""Drift: what has moved is named, what has not is not, whatever order documents come in."""

import json
import random
import sys
from typing import Any

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, gamma

from slotfill.extractors.evaluation.drifting.drift import Drift, drift, gamma_tail


def documents(count: int, seed: int, **changes: Any) -> list[dict[str, Any]]:
    """Draw output lines, some of whose fields may be drawn otherwise."""
    dice = random.Random(seed)
    drawn = []
    for _ in range(count):
        value = {
            "mood": dice.choices(["good", "bad", "mixed"], changes.get("mood", (5, 3, 2)))[0],
            "price": dice.gauss(changes.get("price", 100), 20),
            "note": "x" * int(dice.gauss(changes.get("note", 40), 8)),
            "tags": dice.choices("abcdef", k=dice.randrange(changes.get("tags", 4))),
            "name": None if dice.random() < changes.get("name", 0.1) else f"name {dice.random()}",
        }
        drawn.append({"source": "s", "value": value})
    return drawn


def moved(result: Drift) -> set[tuple[str, str]]:
    return {(one.path, one.aspect) for one in result.aspects if one.moved}


@pytest.mark.parametrize(
    ("change", "aspect"),
    [
        ({"mood": (3, 5, 2)}, ("/mood", "labels")),
        ({"price": 110}, ("/price", "numbers")),
        ({"note": 44}, ("/note", "lengths")),
        ({"tags": 7}, ("/tags", "items")),
        ({"name": 0.3}, ("/name", "present")),
    ],
)
def test_what_has_moved_is_named_and_nothing_else(change: dict[str, Any], aspect: tuple[str, str]) -> None:
    result = drift(documents(400, 1), documents(400, 2, **change))
    assert moved(result) == {aspect}
    assert result.moved == (aspect[0],)
    assert (result.aspects[0].path, result.aspects[0].aspect) == aspect
    assert result.aspects[0].distance > 0.1
    json.dumps(result.to_json(), allow_nan=False)


def test_the_shares_say_how_it_has_moved() -> None:
    first = [{"value": {"a": "x"}}] * 30 + [{"value": {"a": "y"}}] * 10
    second = [{"value": {"a": "x"}}] * 10 + [{"value": {"a": "y"}}] * 30
    (aspect,) = drift(first, second).aspects
    assert (aspect.first, aspect.second, aspect.distance) == ({"x": 0.75, "y": 0.25}, {"x": 0.25, "y": 0.75}, 0.5)
    assert aspect.moved


def test_where_nothing_has_moved_little_is_found() -> None:
    found = [bool(drift(documents(120, 2 * at), documents(120, 2 * at + 1)).moved) for at in range(20)]
    assert sum(found) <= 4  # one in twenty is the promise


def test_equal_chances_are_corrected_alike() -> None:
    first, second = ([{"value": {"a": text, "b": text}} for text in texts] for texts in ("xxxxy" * 8, "xy" * 20))
    one, other = drift(first, second).aspects
    assert one.p_value == other.p_value < 0.1
    assert one.adjusted == other.adjusted == pytest.approx(2 * one.p_value)


def test_values_of_one_document_count_as_one_document() -> None:
    """Twenty items that are alike say no more than one: by the items alone this would have moved."""
    dice = random.Random(5)

    def side() -> list[dict[str, Any]]:
        return [{"value": {"l": [dice.choice("ab")] * 20}} for _ in range(40)]

    found = [bool(drift(side(), side()).moved) for _ in range(20)]
    assert sum(found) <= 4


def test_a_key_that_is_not_there_has_no_value() -> None:
    first, second = [{"value": {"a": 1, "b": 2}}] * 40, [{"value": {"a": 1, "b": 2}}] * 10 + [{"value": {"a": 1}}] * 30
    (aspect,) = drift(first, second).aspects
    assert (aspect.path, aspect.aspect, aspect.moved) == ("/b", "present", True)
    assert (aspect.first, aspect.second) == ({"true": 1, "false": 0}, {"true": 0.25, "false": 0.75})


def test_how_records_end_is_compared_too() -> None:
    def records(failed: int) -> list[dict[str, Any]]:
        ends = [{"slotfill": 1, "outcome": "failed", "value": None, "error": {}}] * failed
        return ends + [{"slotfill": 1, "outcome": "valid", "value": {"a": "x"}, "error": None}] * (60 - failed)

    result = drift(records(2), records(30))
    assert ("", "outcome") in moved(result)
    assert drift(records(2), records(2)).moved == ()


def test_the_schema_tells_labels_from_texts() -> None:
    first, second = (
        [{"value": {"a": f"v{at}"}} for at in range(25)],
        [{"value": {"a": f"v{at}"}} for at in range(5)] * 5,
    )
    assert {one.aspect for one in drift(first, second).aspects} <= {"lengths"}
    schema = {"properties": {"a": {"enum": [f"v{at}" for at in range(25)]}}}
    assert {one.aspect for one in drift(first, second, schema).aspects} == {"labels"}


@pytest.mark.parametrize("sides", [([], []), ([{"value": {"a": 1}}], []), ([{}], [{"value": None}]), ([None], [None])])
def test_too_little_has_not_moved(sides: Any) -> None:
    result = drift(*sides)
    assert result.moved == ()


@examples(20)
@given(st.randoms(use_true_random=False))
def test_the_order_of_documents_changes_nothing(seed: random.Random) -> None:
    first, second = documents(30, 1), documents(30, 2, mood=(1, 9, 0))
    there = drift(first, second)
    assert drift(seed.sample(first, 30), seed.sample(second, 30)) == there
    back = drift(second, first)
    assert {(one.path, one.aspect): one.distance for one in there.aspects} == pytest.approx(
        {(one.path, one.aspect): one.distance for one in back.aspects}
    )


def test_without_numpy_it_is_the_chi_square_test_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slotfill.extractors.evaluation.drifting.drift.find_spec", lambda _: None)
    monkeypatch.setitem(sys.modules, "numpy", None)
    first = [{"value": {"a": "x"}}] * 30 + [{"value": {"a": "y"}}] * 20
    second = [{"value": {"a": "x"}}] * 18 + [{"value": {"a": "y"}}] * 32
    result = drift(first, second)
    assert result.method == "chi-square"
    monkeypatch.undo()
    assert result.aspects[0].p_value == pytest.approx(chi2_contingency([[30, 20], [18, 32]], correction=False).pvalue)


@examples(100)
@given(st.floats(0, 300), st.floats(0.1, 200))
def test_the_tail_is_scipys(x: float, shape: float) -> None:
    assert gamma_tail(x, shape) == pytest.approx(gamma.sf(x, shape), rel=1e-7, abs=1e-12)
