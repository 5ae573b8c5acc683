"""Agreement: how often reviewers say the same, and how much of that is more than chance."""

import warnings

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from slotfill.extractors.record.json_writer import NO_MEMBER
from slotfill.extractors.review.decisions import Decision, ReviewAction
from slotfill.extractors.review.reviewer_agreement import DoubleDecision, double_decisions, reviewer_agreement

LABELS = st.sampled_from(["pos", "neg", True, None])


def doubles(pairs, path="/label"):
    return [DoubleDecision(f"d{n}", path, path, {"a": one, "b": two}) for n, (one, two) in enumerate(pairs)]


@examples(60)
@given(st.lists(st.tuples(LABELS, LABELS), min_size=8, max_size=30))
def test_kappa_is_cohens(pairs):
    (field,) = reviewer_agreement(doubles(pairs)).fields
    names = [[repr(one) for one in side] for side in zip(*pairs, strict=True)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = cohen_kappa_score(*names)
    assert field.pairs == len(pairs)
    assert field.equal == sum(one is two for one, two in pairs)
    assert (field.kappa is None) if expected != expected else (field.kappa == pytest.approx(expected))  # noqa: PLR0124


def test_of_few_values_and_of_free_text_no_kappa_is_told():
    labels = [("a", "a"), ("a", "a"), ("b", "b"), ("a", "b"), ("b", "b")]
    assert reviewer_agreement(doubles(labels[:4])).fields[0].kappa is None
    assert reviewer_agreement(doubles(labels)).fields[0].kappa == pytest.approx(0.615, abs=1e-3)
    texts = [(f"text {n}", f"text {n}") for n in range(200)]
    assert reviewer_agreement(doubles(texts)).fields[0].kappa is None


def test_one_number_is_one_number_and_nothing_is_not_null():
    agreement = reviewer_agreement(doubles([(1, 1.0), (True, 1), (NO_MEMBER, None), (NO_MEMBER, NO_MEMBER)]))
    assert [one.document for one in agreement.disagreements] == ["d1", "d2"]
    assert (agreement.whole.equal, agreement.whole.pairs, agreement.whole.share) == (2, 4, 0.5)
    assert agreement.disagreements[1].without == ("a",)


def test_three_reviewers_are_three_pairs():
    one = DoubleDecision("d", "/a", "/a", {"a": 1, "b": 1, "c": 2})
    agreement = reviewer_agreement([one])
    assert (agreement.whole.equal, agreement.whole.pairs) == (1, 3)
    assert [*agreement.lines()] == ["reviewers agree on 1 of 3 decisions (33%)", "  /a: 1 of 3"]
    assert [*reviewer_agreement([]).lines()] == []
    of_all = reviewer_agreement([DoubleDecision("d", "", "", {"a": 1, "b": 1})])
    assert [*of_all.lines()][1] == "  the value: 1 of 1"


def row(who, path, after, action=ReviewAction.CORRECT):
    return Decision(who=who, document="0" * 64, path=path, action=action, after=after)


def test_fields_are_those_that_several_have_decided_by_their_paths_without_indexes():
    base = {"items": [{"a": 1, "3": 2}, {"a": 3}], "note": "x", "gone": 1}
    rows = [
        *(row(who, "/gone", NO_MEMBER, ReviewAction.REJECT) for who in ("ada", "bob")),
        *(row(who, "/pair", {"x": 1}) for who in ("ada", "bob")),
        row("ada", "/items/0/3", 2),
        row("ada", "/items/1", NO_MEMBER, ReviewAction.REJECT),
        row("ada", "/extra", NO_MEMBER, ReviewAction.ACCEPT),
        row("bob", "/items/0", {"a": 1, "3": 5}),
        row("bob", "/items/1/a", 3, ReviewAction.ACCEPT),
        row("bob", "/extra", "y"),
        row("bob", "/note", "x", ReviewAction.ACCEPT),
        row("app", "/note", "z", ReviewAction.FLAG),
    ]
    found = {one.path: (one.field, one.values) for one in double_decisions("d", base, rows)}
    assert found == {
        "/items/0/3": ("/items/*/3", {"ada": 2, "bob": 5}),
        "/extra": ("/extra", {"ada": NO_MEMBER, "bob": "y"}),
        "/items/1/a": ("/items/*/a", {"ada": NO_MEMBER, "bob": 3}),
        "/gone": ("/gone", {"ada": NO_MEMBER, "bob": NO_MEMBER}),
        "/pair/x": ("/pair/x", {"ada": 1, "bob": 1}),
    }
