"""Those values of a strategy that fit."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import reject
from hypothesis import strategies as st

from slotfill.schemas.json_values.json_types import JSON

__all__ = ["TRIES", "Values", "drawn_by", "filtered"]

Values = st.SearchStrategy[JSON]

TRIES = 10
"""How many values are drawn to find one that fits."""


def filtered(values: Values, fits: Callable[[JSON], bool]) -> Values:
    """Return those values that fit, trying harder than `filter` does.

    Whoever draws can catch that none is found. And the strategy does not show what it is made of, which may be huge, as
    that of `filter` does.
    """

    def one_that_fits(draw: st.DrawFn) -> JSON:
        for _ in range(TRIES):
            if fits(value := draw(values)):
                return value
        return reject()

    return st.nothing() if values.is_empty else drawn_by(one_that_fits)


@st.composite
def drawn_by(draw: st.DrawFn, draw_one: Callable[[st.DrawFn], JSON]) -> JSON:
    """Draw what a function draws: to decorate one with `composite` takes longer than to draw from it."""
    return draw_one(draw)
