"""Successive halving: rungs of variants and documents."""

from itertools import pairwise

from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.tuning.halving import LEAST_DOCUMENTS, halving, ranked, rungs_of
from slotfill.extractors.tuning.variants import Variant

sizes = st.integers(1, 60)


def variants(count):
    return tuple(Variant(str(number), f"instructions {number}") for number in range(count))


def play(contenders, documents, score, always=None):
    """Answer each rung by a score; give the rungs and the ranking at the end."""
    steps, rungs = halving(contenders, documents, always=always), []
    rung = next(steps)
    while True:
        rungs.append(rung)
        try:
            rung = steps.send([score(variant, rung.documents) for variant in rung.variants])
        except StopIteration as end:
            return rungs, end.value


@examples(100)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.integers(1, 500))
def test_without_noise_the_best_is_found(scores, documents):
    contenders = variants(len(scores))
    _, ranking = play(contenders, documents, lambda one, _: scores[int(one.name)])
    assert ranking[0] == contenders[scores.index(max(scores))]


@examples(50)
@given(sizes, st.integers(1, 500), st.randoms(use_true_random=False))
def test_rungs_have_fewer_variants_and_more_documents_each(count, documents, random):
    rungs, ranking = play(variants(count), documents, lambda *_: random.random())
    assert rungs[0].variants == variants(count)
    assert rungs[-1].documents == documents
    for before, after in pairwise(rungs):
        assert len(after.variants) == -(-len(before.variants) // 2)
        assert set(after.variants) < set(before.variants)
        assert before.documents <= after.documents <= max(2 * before.documents, LEAST_DOCUMENTS)
    assert set(ranking) == set(rungs[-1].variants)
    assert len(ranking) <= 2


@examples(50)
@given(st.integers(2, 60), st.integers(8, 500))
def test_what_is_compared_with_is_in_every_rung(count, documents):
    contenders = variants(count)
    rungs, ranking = play(contenders, documents, lambda one, _: int(one.name), always=contenders[0])
    assert all(contenders[0] in rung.variants for rung in rungs)
    assert ranking[0] == contenders[-1]


def test_equal_scores_leave_the_order():
    assert [one.name for one in ranked(variants(4), [0.5, 0.7, 0.5, 0.7])] == ["1", "3", "0", "2"]


def test_sixteen_variants_on_64_documents():
    assert rungs_of(16, 64) == [(16, 8), (8, 16), (4, 32), (2, 64)]
    assert rungs_of(17, 20) == [(17, 8), (9, 8), (5, 8), (3, 10), (2, 20)]
    assert rungs_of(1, 5) == [(1, 5)]
