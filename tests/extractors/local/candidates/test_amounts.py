"""Sums, shares and dates, whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.local.candidates.amounts import amount_candidates, amount_kind


def amounts(text: str) -> list[str]:
    return [text[start:end] for start, end in amount_candidates(text)]


@pytest.mark.parametrize(
    ("text", "sums"),
    [
        ("for $3.5m, then $3.5bn", ["$3.5m", "$3.5bn"]),
        ("\u00a31.2bn, EUR 21.00 or CHF 640.00", ["\u00a31.2bn", "EUR 21.00", "CHF 640.00"]),
        ("$1,250.00, 20 000 \u20ac and 3 million euros", ["$1,250.00", "20 000 \u20ac", "3 million euros"]),
        ("$5-10 million, or 5 to 6 EUR", ["$5-10 million", "5 to 6 EUR"]),
        ("US$ 3m; 118 pence; two hundred pounds", ["US$ 3m", "118 pence", "two hundred pounds"]),
        ("EUR 1.234,50 and \u20ac 12,-", ["EUR 1.234,50", "\u20ac 12,-"]),
        ("900 bucks, 50 usd", ["900 bucks", "50 usd"]),
    ],
)
def test_sums_are_whole(text: str, sums: list[str]) -> None:
    assert amounts(text) == sums
    assert {*map(amount_kind, sums)} == {"money"}


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("by March 2027 or in Q3 2026", ["March 2027", "Q3 2026"]),
        ("on 4 March 2019, May 3rd", ["4 March 2019", "May 3rd"]),
        ("2019-03-04 or 3.5.24", ["2019-03-04", "3.5.24"]),
        ("Sun, 19 Jul 2026 21:33", ["Sun, 19 Jul 2026"]),
        ("May 3 to 5, 2024; the 1990s", ["May 3 to 5, 2024", "1990s"]),
        ("last Tuesday, le 3 septembre 2025", ["last Tuesday", "3 septembre 2025"]),
        ("from 2019-2021", ["2019-2021"]),
    ],
)
def test_dates_are_whole(text: str, dates: list[str]) -> None:
    assert amounts(text) == dates
    assert {*map(amount_kind, dates)} == {"date"}


@pytest.mark.parametrize(
    ("text", "found"), [("in 2024", "2024"), ("on 12/06", "12/06"), ("since May", "May"), ("15 % off", "15 %")]
)
def test_what_may_be_something_else_has_no_kind(text: str, found: str) -> None:
    assert amounts(text) == [found]
    assert amount_kind(found) is None


@pytest.mark.parametrize(
    "text",
    [
        "try 5 times",
        "the pen 2 won",
        "v2.1.24",
        "10.2.3.4",
        "555-1234-22",
        "order PP-55190",
        "5 pounds of sugar",
        "at 4:30",
        "Tern 600",
    ],
)
def test_other_figures_are_none(text: str) -> None:
    assert amounts(text) == []


PIECES = st.sampled_from(
    ["$", "\u20ac", "3", "1,000", ".5", "m", " ", "million", "EUR", "May", "2024", "-", "to", "/", "%"]
)


@given(st.text() | st.lists(PIECES).map("".join) | st.lists(PIECES).map(" ".join))
def test_a_passage_with_a_kind_is_found_whole(text: str) -> None:
    """What the grammar takes for a sum or a date it finds as one, unless a longer one holds it."""
    for start, end in amount_candidates(text):
        passage = text[start:end]
        if amount_kind(passage):
            assert amount_candidates(passage) == [(0, len(passage))]
