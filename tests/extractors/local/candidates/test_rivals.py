"""Which of several overlapping candidates is taken."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.local.candidates.rivals import without_rivals

SPANS = st.tuples(st.integers(0, 30), st.integers(1, 9)).map(lambda at: (at[0], at[0] + at[1]))
SCORED = st.lists(st.tuples(SPANS, st.floats(0.1, 1)))


def test_the_likelier_goes_first_and_the_longer_of_two_alike() -> None:
    assert without_rivals([(0, 8), (4, 8)], [0.9, 0.9]) == [0]
    assert without_rivals([(0, 8), (4, 8)], [0.3, 0.9]) == [1]
    assert without_rivals([(4, 8), (0, 3)], [0.9, 0.2]) == [1, 0]


@given(SCORED)
def test_what_is_left_lies_apart_and_what_went_has_a_rival(scored: list[tuple[tuple[int, int], float]]) -> None:
    spans = [span for span, _ in scored]
    chosen = without_rivals(spans, [chance for _, chance in scored])
    assert all(spans[one][1] <= spans[other][0] for one, other in pairwise(chosen))
    for at in {*range(len(spans))} - {*chosen}:
        assert any(spans[at][0] < spans[one][1] and spans[one][0] < spans[at][1] for one in chosen)
