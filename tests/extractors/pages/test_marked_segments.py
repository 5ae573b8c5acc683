"""Marks that nest and cross, cut flat: segments are the whole stretch, each with just the marks that cover it."""

from __future__ import annotations

from examples import examples
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.extractors.pages.marked_segments import marked_segments

MARKS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8)


def test_crossing_marks_lie_flat() -> None:
    assert [*marked_segments(0, 8, [(0, 4), (2, 6)])] == [(0, 2, (0,)), (2, 4, (0, 1)), (4, 6, (1,)), (6, 8, ())]


@given(marks=MARKS, start=st.integers(0, 20), length=st.integers(0, 20))
@example(marks=[(3, 3), (5, 4)], start=0, length=8)  # neither covers anything
@example(marks=[(0, 30)], start=5, length=10)  # it begins before and ends behind
@examples(300)
def test_each_character_has_just_the_marks_that_cover_it(marks: list[tuple[int, int]], start: int, length: int) -> None:
    segments = [*marked_segments(start, start + length, marks)]
    over = {at: numbers for first, last, numbers in segments for at in range(first, last)}
    assert over == {
        at: tuple(number for number, (first, last) in enumerate(marks) if first <= at < last)
        for at in range(start, start + length)
    }
    assert [first for first, _, _ in segments] == [start, *(last for _, last, _ in segments)][: len(segments)]
