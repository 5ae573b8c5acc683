"""What every comparator of a plug-in keeps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from slotfill.extractors.evaluation.judging.plugged_comparators import Comparator
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["ComparatorConformance"]

_TEXTS: tuple[JSON, ...] = ("", "a", "A", "Ada Lovelace", "1,234.50", "2026-03-02", "\u202e\0", "x" * 10_000)
_VALUES: tuple[JSON, ...] = (*_TEXTS, 0, -1, 2.5, 1e308, True, False, [], ["a", 1], {}, {"a": [1]})
"""A field may hold any JSON: gold and predictions come from elsewhere."""


class ComparatorConformance:
    """Tests of a comparator: `class TestIban(ComparatorConformance): comparator = staticmethod(same_iban); …`.

    Attributes:
        comparator: What the entry point loads, as a `staticmethod` where it is a function.
        alike: Pairs of values that are the same to it, and not equal.
        different: Pairs of values that are not.
        at_least: What fields say with it; without a word it is this.
    """

    comparator: Comparator
    alike: Sequence[tuple[JSON, JSON]]
    different: Sequence[tuple[JSON, JSON]]
    at_least = 0.9

    def test_what_is_the_same_is_told_from_what_is_not(self) -> None:
        """Pairs that are alike reach `at_least`, and the others do not."""
        for pairs, is_alike in ((self.alike, True), (self.different, False)):
            if not pairs:
                raise AssertionError("name pairs that are alike, and pairs that are not")
            for one, other in pairs:
                if (self.comparator(one, other) >= self.at_least) is not is_alike:
                    raise AssertionError(f"{one!r} and {other!r} are {'not ' if is_alike else ''}the same to it")

    def test_it_takes_any_json_and_gives_a_share(self) -> None:
        """It raises nothing, and returns a number from 0 to 1."""
        for one, other in self._pairs():
            try:
                alike = float(self.comparator(one, other))
            except Exception as error:
                raise AssertionError(f"{_shown(one, other)} raise {type(error).__name__}") from error
            if not 0 <= alike <= 1:
                raise AssertionError(f"{_shown(one, other)} are alike by {alike}, which is not from 0 to 1")

    def test_gold_and_prediction_may_change_places(self) -> None:
        """Both orders give the same."""
        for one, other in self._pairs():
            if self.comparator(one, other) != self.comparator(other, one):
                raise AssertionError(f"{_shown(one, other)} are alike by another number in the other order")

    def test_it_says_the_same_each_time(self) -> None:
        """A figure can be had again."""
        for one, other in self._pairs():
            if self.comparator(one, other) != self.comparator(one, other):
                raise AssertionError(f"{_shown(one, other)} are alike by another number the second time")

    def _pairs(self) -> list[tuple[JSON, JSON]]:
        return [*self.alike, *self.different, *product(_VALUES, repeat=2)]


def _shown(one: JSON, other: JSON) -> str:
    return f"{one!r:.80} and {other!r:.80}"
