"""Comparators of plug-ins: how alike one finds two values, checked."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from slotfill.schemas.entry_points.plugin_group import Named
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.marks.comparison import COMPARATORS

__all__ = ["Comparator", "plugged_likeness"]


class Comparator(Protocol):
    """Says how alike two values of a field are: what `Compare("NAME")` names by an entry point's name."""

    def __call__(self, one: JSON, other: JSON, /) -> float:
        """Compare two values, neither of them null, nor equal.

        Returns:
            1 for what is the same, 0 for what has nothing in common; what is at least the field's `at_least` is the
            same. Both orders give the same number: gold and prediction may change places.
        """


def plugged_likeness(name: str, one: JSON, other: JSON) -> float:
    """Return how alike a plug-in's comparator finds two values, 0 to 1. Raises PluginError where it fails."""
    comparator = _loaded(name)
    with comparator.named("compared two values"):
        alike = float(comparator.value(one, other))
        if not 0 <= alike <= 1:
            raise ValueError(f"it returned {alike}, which is not from 0 to 1")
    return alike


@lru_cache(maxsize=64)
def _loaded(name: str) -> Named[Comparator]:
    return COMPARATORS.load(name)
