"""Labels: equal to scikit-learn, label by label."""

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_fscore_support

from slotfill.extractors.evaluation.evaluation import evaluate_pairs
from slotfill.extractors.evaluation.label_scores import LabelledField
from slotfill.extractors.gold.gold_document import GoldDocument

LABELS = ["a", "b", "c", "d"]
SCHEMA = {"properties": {"label": {"enum": LABELS}, "is": {"type": "boolean"}}}

pairs = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1, max_size=30)


def labelled(cases: list[tuple[object, object]], key: str = "label") -> LabelledField:
    golds = [(GoldDocument.of({key: gold}, source="s"), {"value": {key: got}}) for gold, got in cases]
    return evaluate_pairs(golds, SCHEMA, resamples=0).labels[f"/{key}"]


@examples(30)
@given(pairs)
def test_it_is_scikit_learn(cases: list[tuple[str, str]]) -> None:
    golds, gots = [gold for gold, _ in cases], [got for _, got in cases]
    known = sorted({*golds, *gots})
    field = labelled([*cases])
    assert [*field.labels] == known
    columns = precision_recall_fscore_support(golds, gots, labels=known, zero_division=0)
    for own, precision, recall, f1, support in zip(field.labels.values(), *columns, strict=True):
        assert (own.precision or 0) == pytest.approx(precision, abs=1e-12)
        assert (own.recall or 0) == pytest.approx(recall, abs=1e-12)
        assert own.f1 == pytest.approx(f1, abs=1e-12)
        assert own.in_gold == support
    assert field.macro_f1 == pytest.approx(f1_score(golds, gots, average="macro", zero_division=0), abs=1e-12)
    matrix = confusion_matrix(golds, gots, labels=LABELS)
    own_matrix = [[field.confusion.get(gold, {}).get(got, 0) for got in LABELS] for gold in LABELS]
    assert own_matrix == matrix.tolist()


def test_a_label_that_is_not_there_is_none() -> None:
    field = labelled([("a", None), (None, "a"), ("b", "b"), (None, None)])
    assert field.confusion == {"": {"a": 1}, "a": {"": 1}, "b": {"b": 1}}
    assert (field.labels["a"].in_gold, field.labels["a"].predicted, field.labels["a"].f1) == (1, 1, 0)


def test_truths_are_labels_and_texts_are_none() -> None:
    assert labelled([(True, False), (True, True)], "is").labels["true"].recall == 0.5
    golds = [(GoldDocument.of({"label": "free", "other": "x"}, source="s"), {"value": {"label": "a", "other": "x"}})]
    assert [*evaluate_pairs(golds, {"properties": {"label": {"type": "string"}}}, resamples=0).labels] == []
