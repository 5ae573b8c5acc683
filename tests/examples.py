"""How many examples a property test looks at: what it says, and as many times more as the profile says."""

from __future__ import annotations

from typing import Any

from hypothesis import settings

__all__ = ["examples"]

USUAL = 100
"""Hypothesis's own number, which the profile of the suite leaves as it is."""


def examples(count: int = USUAL, **others: Any) -> settings:
    """Settings with so many examples in the suite, and in proportion under `--hypothesis-profile`."""
    return settings(max_examples=count * settings.default.max_examples // USUAL, **others)
