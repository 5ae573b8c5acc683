"""Evaluations: what scores say, that they are the field's own figures, and what changes nothing."""

import json
import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_score, recall_score

from slotfill.extractors.evaluation.evaluation import Evaluation, evaluate_pairs
from slotfill.extractors.evaluation.intervals import Resampling, Score, intervals
from slotfill.extractors.evaluation.judging import alignment
from slotfill.extractors.evaluation.report.text_tables import evaluation_lines


@dataclass
class Gold:
    value: Any
    id: str | None = None
    source: str | None = None
    spans: dict[str, Any] | None = None
    labels: dict[str, str] = field(default_factory=dict)


def held(*pairs: tuple[Any, Any], schema: Any = None, **options: Any) -> Evaluation:
    """Evaluate pairs of values."""
    golds = [(Gold(gold, id=str(at)), {"source": "s", "value": got}) for at, (gold, got) in enumerate(pairs)]
    return evaluate_pairs(golds, schema, **{"resamples": 0, **options})


part = st.none() | st.sampled_from(["a", "b", "alpha beta", "alpha betas", 1, 2, True])
documents = st.fixed_dictionaries({"x": part, "y": st.lists(part, max_size=3), "z": st.fixed_dictionaries({"w": part})})
pairs = st.lists(st.tuples(documents, documents), min_size=1, max_size=8)


def test_each_kind_of_verdict_counts_as_it_should() -> None:
    gold = {"a": "right", "b": "alpha beta", "c": "one", "d": "omitted", "e": None}
    got = {"a": "right", "b": "Alpha beta", "c": "two", "d": None, "e": "too much"}
    evaluation = held((gold, got))
    micro = evaluation.scores.micro
    assert micro.counts.row == (1, 1, 1, 1, 1)
    assert (micro.exact.precision.value, micro.exact.recall.value) == (1 / 4, 1 / 4)
    assert (micro.tolerant.precision.value, micro.tolerant.recall.value, micro.tolerant.f1.value) == (0.5, 0.5, 0.5)
    assert evaluation.scores.fields["/e"].exact.recall.value is None
    assert evaluation.scores.fields["/d"].exact.precision.value is None
    assert evaluation.scores.fields["/d"].exact.f1.value == 0
    assert evaluation.scores.fields["/b"].compared_as == "text"
    assert [one.path for one in evaluation.documents[0].mistakes] == ["/b", "/c", "/d", "/e"]
    assert evaluation.scores.macro_exact.f1.value == pytest.approx((1 + 0 + 0 + 0 + 0) / 5)
    assert evaluation.scores.macro_exact.precision.value == pytest.approx(
        (1 + 0 + 0 + 0) / 4
    )  # of /d it is not defined


def test_a_document_without_a_prediction_omits_all_and_is_counted() -> None:
    gold = Gold({"a": "x", "b": None}, id="1")
    for data in (None, {"source": "s"}, {"slotfill": 1, "outcome": "failed", "value": None, "error": {"type": "x"}}):
        evaluation = evaluate_pairs([(gold, data)], resamples=0)
        assert evaluation.scores.failed == 1
        assert evaluation.documents[0].failed
        assert evaluation.scores.micro.counts.row == (0, 0, 0, 1, 0)
    evaluation = evaluate_pairs([(Gold(None), None)], resamples=0)
    assert evaluation.scores.right.value == 0  # there was nothing to extract, but nobody said so


def test_a_partial_record_is_judged_by_the_value_that_it_has() -> None:
    record = {"slotfill": 1, "outcome": "partial", "value": {"a": "x"}, "error": {"type": "max_tokens"}}
    evaluation = evaluate_pairs([(Gold({"a": "x", "b": 1}), record)], resamples=0)
    assert (evaluation.scores.failed, evaluation.scores.micro.counts.row) == (0, (1, 0, 0, 1, 0))


def test_a_whole_document_is_right_where_all_of_it_is() -> None:
    evaluation = held(({"a": "x"}, {"a": "x"}), ({"a": "alpha"}, {"a": "Alpha"}), ({"a": "x"}, {"a": "y"}))
    assert evaluation.scores.right.value == pytest.approx(1 / 3)
    assert evaluation.scores.tolerated.value == pytest.approx(2 / 3)


def test_unlabelled_fields_are_named_and_not_judged() -> None:
    evaluation = held(({"a": "x"}, {"a": "x", "b": 1}), ({"a": "x"}, {"a": "x"}))
    assert evaluation.unlabelled == ("/b",)
    assert evaluation.scores.micro.counts.row == (2, 0, 0, 0, 0)
    labelled = held(({"a": "x"}, {"a": "x", "b": 1}), ({"a": "x", "b": None}, {"a": "x"}))
    assert labelled.unlabelled == ()
    assert labelled.scores.fields["/b"].counts.hallucinated == 1


def test_slices_are_the_scores_of_those_documents_alone() -> None:
    golds = [(Gold({"a": "x"}, labels={"language": name}), {"value": {"a": got}}) for name, got in ("ax", "bx", "by")]
    golds.append((Gold({"a": "x"}), {"value": {"a": "x"}}))
    evaluation = evaluate_pairs(golds, resamples=0, by="language")
    assert {name: slice_.right.value for name, slice_ in evaluation.slices.items()} == {"": 1, "a": 1, "b": 0.5}
    assert evaluation.by == "language"


def test_slices_stand_in_the_order_of_their_numbers() -> None:
    names = ["", "007", "10,000", "500 a", "500 b", "1" * 4_999 + "2", "1" * 4_999 + "3", "a", "٣"]
    golds = [(Gold({"a": "x"}, labels={"size": name}), {"value": {"a": "x"}}) for name in reversed(names)]
    assert [*evaluate_pairs(golds, resamples=0, by="size").slices] == [
        "",
        "007",
        "500 a",
        "500 b",
        *names[2:3],
        *names[5:],
    ]


def test_it_is_plain_json_of_mistakes_alone() -> None:
    text = json.dumps(held(({"a": "x", "b": "y"}, {"a": "x", "b": "z"}), resamples=10).to_json(), allow_nan=False)
    (document,) = json.loads(text)["documents"]
    assert document["fields"] == {"/b": {"wrong": 1}}
    assert document["mistakes"][0]["expected"] == "y"


@examples(25)
@given(pairs)
def test_flat_labels_score_as_scikit_learn_has_it(cases: list[tuple[Any, Any]]) -> None:
    """One label a document, or none: micro precision, recall and F1 of the labels that there are."""
    labels = [str(gold["x"]) for gold, _ in cases], [str(got["x"]) for _, got in cases]
    schema = {"properties": {"label": {"enum": sorted({*labels[0], *labels[1]})}}}
    values = [tuple({"label": None if one == "None" else one} for one in both) for both in zip(*labels, strict=True)]
    scores = held(*values, schema=schema).scores.fields.get("/label")
    known = sorted({*labels[0], *labels[1]} - {"None"})
    if scores is None:
        assert not known
        return
    for figure, function in (("precision", precision_score), ("recall", recall_score), ("f1", f1_score)):
        expected = function(*labels, labels=known, average="micro", zero_division=0)
        assert (getattr(scores.exact, figure).value or 0) == pytest.approx(expected, abs=1e-12)


@examples(30)
@given(pairs, st.randoms(use_true_random=False))
def test_the_order_of_documents_changes_nothing(cases: list[tuple[Any, Any]], seed: random.Random) -> None:
    there = held(*cases, resamples=20)
    back = held(*seed.sample(cases, len(cases)), resamples=20)
    assert there.scores == back.scores


@examples(30)
@given(pairs)
def test_gold_scores_one_in_everything(cases: list[tuple[Any, Any]]) -> None:
    scores = held(*((gold, gold) for gold, _ in cases), resamples=5).scores
    assert scores.right == scores.tolerated
    assert scores.right.value == 1
    for rates in (scores.micro.exact, scores.micro.tolerant, scores.macro_exact, scores.macro_tolerant):
        assert {rates.precision.value, rates.recall.value, rates.f1.value} <= {1, None}
    assert not any(one.mistakes for one in held(*((gold, gold) for gold, _ in cases)).documents)


@examples(30)
@given(pairs)
def test_gold_and_prediction_may_change_places(cases: list[tuple[Any, Any]]) -> None:
    there, back = held(*cases).scores, held(*((got, gold) for gold, got in cases)).scores
    assert there.micro.exact.precision == back.micro.exact.recall
    assert there.micro.tolerant.recall == back.micro.tolerant.precision
    assert there.micro.exact.f1 == back.micro.exact.f1
    assert there.fields.keys() == back.fields.keys()
    for path, scores in there.fields.items():
        assert scores.exact.precision == back.fields[path].exact.recall


@examples(30)
@given(pairs)
def test_what_is_hallucinated_too_never_raises_precision(cases: list[tuple[Any, Any]]) -> None:
    more = [(gold, {**got, "y": [*got["y"], "nowhere in gold"]}) for gold, got in cases]
    before, after = held(*cases).scores.micro, held(*more).scores.micro
    assert (after.exact.precision.value or 0) <= (before.exact.precision.value or 0)
    assert after.exact.recall == before.exact.recall
    assert after.counts.hallucinated == before.counts.hallucinated + len(cases)


@examples(30)
@given(pairs)
def test_the_fields_add_up_to_the_whole(cases: list[tuple[Any, Any]]) -> None:
    evaluation = held(*cases)
    columns = zip(*(scores.counts.row for scores in evaluation.scores.fields.values()), strict=True)
    assert evaluation.scores.micro.counts.row == tuple(map(sum, columns) or ()) or not evaluation.scores.fields
    by_document = [counts for one in evaluation.documents for counts in one.fields.values()]
    assert sum(sum(counts.row) for counts in by_document) == sum(evaluation.scores.micro.counts.row)


def test_an_interval_holds_the_figure_and_shrinks_with_more_documents() -> None:
    few = [({"a": "x"}, {"a": "x" if at % 4 else "y"}) for at in range(100)]
    small, large = held(*few, resamples=300).scores.right, held(*few * 9, resamples=300).scores.right
    for score in (small, large):
        assert score.low is not None
        assert score.high is not None
        assert score.low <= 0.75 <= score.high
    assert (small.high or 0) - (small.low or 0) == pytest.approx(2 * 1.96 * (0.75 * 0.25 / 100) ** 0.5, rel=0.2)
    assert (large.high or 0) - (large.low or 0) == pytest.approx(((small.high or 0) - (small.low or 0)) / 3, rel=0.3)


def test_of_one_document_there_is_no_interval() -> None:
    assert held(({"a": "x"}, {"a": "x"}), resamples=100).scores.right == Score(1)
    assert held().scores.right == Score(None)
    assert held().scores.documents == 0


def test_without_the_extra_the_same_is_done_more_simply_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [({"a": "x", "l": ["alpha", "beta"]}, {"a": "x" if at % 3 else "y", "l": ["beta"]}) for at in range(30)]
    with_it = held(*cases, resamples=1000)
    assert (with_it.alignment, with_it.resamples) == ("assignment", 1000)
    for name in ("numpy", "scipy", "scipy.optimize"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    monkeypatch.setattr("slotfill.extractors.evaluation.intervals.find_spec", lambda _: None)
    without = held(*cases, resamples=1000)
    assert (without.alignment, without.resamples) == ("greedy", 200)
    assert alignment.alignment_method() == "greedy"
    assert [line for line in evaluation_lines(without) if "paired greedily" in line]
    no_lists = held(*[({"a": "x"}, {"a": "y"})])
    assert no_lists.alignment == "greedy"
    assert not [line for line in evaluation_lines(no_lists) if "paired greedily" in line]
    assert without.scores.micro.counts == with_it.scores.micro.counts
    assert without.scores.right.value == with_it.scores.right.value
    for mine, its in (
        (without.scores.right, with_it.scores.right),
        (without.scores.micro.exact.f1, with_it.scores.micro.exact.f1),
    ):
        assert mine.low == pytest.approx(its.low, abs=0.07)
        assert mine.high == pytest.approx(its.high, abs=0.07)


def test_a_figure_that_is_often_undefined_has_an_interval_of_the_draws_where_it_is_not() -> None:
    (score,) = intervals([(1, 0), (0, 0), (0, 0)], lambda row: [row[0] / row[0] if row[0] else None], Resampling(50))
    assert score == Score(1, 1, 1, 0)
