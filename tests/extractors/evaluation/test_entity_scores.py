"""Entities: equal to nervaluate on random sets, and the same whatever order they are listed in."""

import random

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from nervaluate.evaluator import Evaluator

from slotfill.extractors.evaluation.entity_scores import (
    DocumentEntities,
    EntityScores,
    TypedSpan,
    entity_counts,
    entity_scores,
)
from slotfill.extractors.evaluation.intervals import Resampling

LABELS = ["person", "place", "date"]
NAMES = {"strict": "strict", "exact": "exact", "partial": "partial", "type": "ent_type"}

spans = st.tuples(st.integers(0, 40), st.integers(1, 9), st.sampled_from(LABELS)).map(
    lambda one: (one[0], one[0] + one[1], one[2])
)


def random_spans(seed: random.Random, *, overlapping: bool) -> list[TypedSpan]:
    """Draw the entities of a document: apart from each other, or anyhow, some of them twice."""
    drawn: list[TypedSpan] = []
    at = 0
    for _ in range(seed.randrange(7)):
        at = seed.randrange(60) if overlapping else at + seed.randrange(4)
        end = at + seed.choice([1, 2, 3, 5, 8, 150])
        drawn.append((at, end, seed.choice(LABELS)))
        at = end
    return drawn + drawn[: overlapping * seed.randrange(2)]


def changed(gold: list[TypedSpan], seed: random.Random) -> list[TypedSpan]:
    """Move, relabel and leave out some."""
    moved = [
        (
            max(0, start + seed.choice([0, 0, 0, -1, 1])),
            end + seed.choice([0, 0, 0, 1]),
            seed.choice([label, label, "date"]),
        )
        for start, end, label in gold
        if seed.random() < 0.8
    ]
    return [one for one in moved if one[0] < one[1]]


def theirs(documents: list[tuple[list[TypedSpan], list[TypedSpan]]]) -> dict[str, object]:
    """Score with nervaluate, whose ends are inclusive, in the order of the documents."""
    sides = [
        [
            [{"label": label, "start": start, "end": end - 1} for start, end, label in sorted(one[side])]
            for one in documents
        ]
        for side in (0, 1)
    ]
    result: dict[str, object] = Evaluator(*sides, tags=LABELS, loader="dict").evaluate()
    return result


def ours(documents: list[tuple[list[TypedSpan], list[TypedSpan]]], resamples: int = 0) -> EntityScores:
    return entity_scores([DocumentEntities(*one) for one in documents], Resampling(resamples))


@pytest.mark.parametrize("overlapping", [False, True])
def test_it_is_nervaluate_on_a_thousand_random_sets(overlapping: bool) -> None:
    seed = random.Random(7)
    documents = []
    for _ in range(500):
        gold = random_spans(seed, overlapping=overlapping)
        documents.append((gold, changed(gold, seed) + random_spans(seed, overlapping=overlapping)[:2]))
    for group in [[one] for one in documents] + [documents]:
        expected, scores = theirs(group), ours(group)
        for scheme, name in NAMES.items():
            pairs = [(expected["overall"][name], scores.schemes[scheme])]  # type: ignore[index]  # a dict of dicts
            pairs += [(expected["entities"][label][name], by[scheme]) for label, by in scores.labels.items()]  # type: ignore[index]  # likewise
            for their, own in pairs:
                counts = (their.correct, their.incorrect, their.partial, their.missed, their.spurious)
                assert own.counts.summands == counts
                for figure in ("precision", "recall", "f1"):
                    assert (getattr(own, figure).value or 0) == pytest.approx(getattr(their, figure), abs=1e-12)


def test_each_scheme_by_hand() -> None:
    gold = [(0, 3, "person"), (10, 14, "place"), (20, 24, "date"), (30, 33, "person")]
    predicted = [(0, 3, "person"), (10, 14, "date"), (21, 24, "date"), (40, 44, "place")]
    counts = entity_counts(gold, predicted)
    assert {scheme: one.summands for scheme, one in counts.items()} == {
        "strict": (1, 2, 0, 1, 1),
        "exact": (2, 1, 0, 1, 1),
        "partial": (2, 0, 1, 1, 1),
        "type": (2, 1, 0, 1, 1),
    }


def test_what_has_no_span_is_missed_or_spurious() -> None:
    scores = entity_scores([DocumentEntities([], [(0, 1, "a")], ["a", "b"], ["b"])], Resampling(0))
    assert scores.schemes["type"].counts.summands == (0, 0, 0, 2, 2)
    assert scores.labels["b"]["strict"].counts.summands == (0, 0, 0, 1, 1)
    assert (scores.gold_unplaced, scores.unplaced) == (2, 1)


@examples(60)
@given(st.lists(spans, max_size=7), st.lists(spans, max_size=7), st.randoms(use_true_random=False))
def test_the_order_of_a_list_changes_nothing(
    gold: list[TypedSpan], predicted: list[TypedSpan], seed: random.Random
) -> None:
    there = entity_counts(gold, predicted)
    assert there == entity_counts(seed.sample(gold, len(gold)), seed.sample(predicted, len(predicted)))
    for counts in there.values():
        assert counts.correct + counts.incorrect + counts.partial + counts.missed == len(gold)
        assert counts.correct + counts.incorrect + counts.partial + counts.spurious == len(predicted)
    assert all(counts.summands == (len(gold), 0, 0, 0, 0) for counts in entity_counts(gold, gold).values())


def test_intervals_are_over_documents() -> None:
    gold = [(0, 3, "person")]
    score = ours([(gold, gold), (gold, [])] * 30, resamples=200).schemes["strict"].recall
    assert score.low is not None
    assert score.high is not None
    assert 0.3 < score.low < 0.5 < score.high < 0.7
