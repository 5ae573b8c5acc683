"""Verdicts: what came of one field of one document, and how many of each there were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from slotfill.extractors.record.json_writer import JSONForm
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["FieldVerdict", "Verdict", "VerdictCounts"]


class Verdict(StrEnum):
    """What came of a field that gold or the prediction has; where both have nothing there is nothing to judge."""

    RIGHT = "right"
    """Equal to gold, as JSON is."""

    TOLERATED = "tolerated"
    """Not equal, but the same by the field's comparison."""

    WRONG = "wrong"
    """Another value than gold's: one too many and one too few."""

    OMITTED = "omitted"
    """Gold has a value, the prediction has none."""

    HALLUCINATED = "hallucinated"
    """The prediction has a value, gold has none."""

    @property
    def is_mistake(self) -> bool:
        """Whether it is neither right nor tolerated."""
        return self not in (Verdict.RIGHT, Verdict.TOLERATED)


_KINDS = tuple(Verdict)
"""In the order in which they are counted."""


@dataclass(frozen=True, slots=True)
class FieldVerdict(JSONForm):
    """What came of one field of one document.

    Attributes:
        path: The field's path: a JSON Pointer with `*` for each index of a list.
        verdict: What came of it.
        expected: Gold's value, None where it has none.
        got: The prediction's value, None where it has none.
        gold_pointer: JSON Pointer to gold's value; None where it has none.
        pointer: JSON Pointer to the prediction's value; None where it has none. In a list the indexes may differ.
    """

    path: str
    verdict: Verdict
    expected: JSON
    got: JSON
    gold_pointer: str | None
    pointer: str | None


@dataclass(frozen=True, slots=True)
class VerdictCounts(JSONForm):
    """How many verdicts of each kind there were."""

    right: int = 0
    tolerated: int = 0
    wrong: int = 0
    omitted: int = 0
    hallucinated: int = 0

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> Self:
        """Count verdicts."""
        counts = Counter(verdicts)
        return cls(*map(counts.__getitem__, _KINDS))

    @property
    def row(self) -> tuple[int, ...]:
        """The counts, in the order of `Verdict`."""
        return (self.right, self.tolerated, self.wrong, self.omitted, self.hallucinated)

    @property
    def in_gold(self) -> int:
        """How many values gold has."""
        return self.right + self.tolerated + self.wrong + self.omitted

    @property
    def predicted(self) -> int:
        """How many values the predictions have."""
        return self.right + self.tolerated + self.wrong + self.hallucinated

    @property
    def mistakes(self) -> int:
        """How many are neither right nor tolerated."""
        return self.wrong + self.omitted + self.hallucinated

    def __add__(self, other: VerdictCounts) -> VerdictCounts:
        return VerdictCounts(*(mine + its for mine, its in zip(self.row, other.row, strict=True)))
