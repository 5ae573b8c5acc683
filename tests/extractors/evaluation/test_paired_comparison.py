"""Two evaluations of the same documents: what is shown, what is not, and how many documents would show it."""

import json
import random

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chi2

from slotfill.extractors.evaluation.evaluation import Evaluation, evaluate_pairs
from slotfill.extractors.evaluation.paired_comparison import compare, mcnemar
from slotfill.extractors.gold.gold_document import GoldDocument


def evaluation(rights: list[bool], *, start: int = 0) -> Evaluation:
    """Evaluate documents of one field, right or wrong."""
    golds = [GoldDocument.of({"a": "x"}, source=str(start + at)) for at in range(len(rights))]
    return evaluate_pairs(
        zip(golds, ({"value": {"a": "x" if one else "y"}} for one in rights), strict=True), resamples=0
    )


def test_a_difference_is_shown_where_the_interval_does_not_hold_0() -> None:
    worse, better = [at % 2 == 0 for at in range(100)], [at % 5 != 0 for at in range(100)]
    comparison = compare(evaluation(worse), evaluation(better))
    assert (comparison.right.first, comparison.right.second) == (0.5, 0.8)
    assert comparison.right.finding == comparison.micro.exact.f1.finding == "better"
    assert comparison.right.difference.value == pytest.approx(0.3)
    assert comparison.right.documents_needed is None
    assert compare(evaluation(better), evaluation(worse)).fields["/a"].tolerant.recall.finding == "worse"
    assert (comparison.whole_documents.first_only, comparison.whole_documents.second_only) == (10, 40)


def test_no_difference_shown_is_an_answer_and_says_how_many_documents_would_show_it() -> None:
    first = [at % 4 != 0 for at in range(40)]
    second = [right if at not in (0, 4, 5) else not right for at, right in enumerate(first)]
    difference = compare(evaluation(first), evaluation(second)).right
    assert difference.finding == "no difference shown"
    assert difference.difference.value == pytest.approx(1 / 40)
    # Of the differences 2 of 40 are 1, and 1 is -1: their variance, and the formula, by hand.
    variance = 3 / 40 - (1 / 40) ** 2
    assert difference.documents_needed == pytest.approx((1.959964 + 0.841621) ** 2 * variance / (1 / 40) ** 2, rel=0.1)


def test_the_same_twice_differs_in_nothing() -> None:
    one = evaluation([True, False, True])
    comparison = compare(one, one)
    assert comparison.right.difference.value == 0
    assert comparison.right.finding == "no difference shown"
    assert comparison.right.documents_needed is None
    assert comparison.whole_documents.p_value == 1
    json.dumps(comparison.to_json(), allow_nan=False)


def test_documents_that_are_in_one_alone_are_counted_and_not_compared() -> None:
    comparison = compare(evaluation([True] * 5), evaluation([False] * 4, start=3))
    assert (comparison.documents, comparison.first_only, comparison.second_only) == (2, 3, 2)
    assert (comparison.right.first, comparison.right.second) == (1, 0)
    nothing = compare(evaluation([True]), evaluation([True], start=7))
    assert (nothing.documents, nothing.right.finding) == (0, "no difference shown")


def test_documents_that_nothing_tells_apart_are_paired_in_their_order() -> None:
    golds = [GoldDocument.of({"a": "x"}, text="the same text") for _ in range(3)]
    lines = [{"value": {"a": "x"}}, {"value": {"a": "y"}}, {"value": {"a": "x"}}]
    first = evaluate_pairs(zip(golds, lines, strict=True), resamples=0)
    second = evaluate_pairs(zip(golds[:2], lines[:2], strict=True), resamples=0)
    comparison = compare(first, second)
    assert (comparison.documents, comparison.first_only, comparison.second_only) == (2, 1, 0)
    assert (comparison.whole_documents.first_only, comparison.whole_documents.second_only) == (0, 0)


@examples(30)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_documents_changes_nothing_and_sides_may_be_changed(
    pairs: list[tuple[bool, bool]], seed: random.Random
) -> None:
    firsts, seconds = evaluation([one for one, _ in pairs]), evaluation([other for _, other in pairs])
    there, back = compare(firsts, seconds, resamples=20), compare(seconds, firsts, resamples=20)
    assert there.right.difference.value == -(back.right.difference.value or 0)
    assert there.whole_documents.p_value == back.whole_documents.p_value
    shuffled = seed.sample(pairs, len(pairs))
    other = compare(evaluation([a for a, _ in shuffled]), evaluation([b for _, b in shuffled]), resamples=20)
    assert other == there


@examples(50)
@given(st.integers(0, 700), st.integers(0, 700))
def test_mcnemar_is_scipys(first: int, second: int) -> None:
    test = mcnemar(first, second)
    if test.method == "binomial":
        expected = binomtest(first, first + second).pvalue if first + second else 1
    else:
        expected = chi2.sf(max(0, abs(first - second) - 1) ** 2 / (first + second), 1)
    assert test.p_value == pytest.approx(expected, abs=1e-9)
    assert (test.method == "binomial") == (first + second <= 1000)
