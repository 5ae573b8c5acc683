"""Rows by their repeated shape."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.local.candidates.rows import find_rows


def cells(text: str) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in find_rows(text)]


BILL = """Invoice no. 4471
Due: 30/09/2026

2 x Oak shelf   EUR 21.00  EUR 42.00
1 x Oak table   EUR 90.00  EUR 90.00
Express delivery           CHF   8.00

Subtotal EUR 42.00
VAT 19% EUR 7.98
Total due: EUR 1,049.98
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (BILL, [["2", "Oak shelf", "EUR 21.00", "EUR 42.00"], ["1", "Oak table", "EUR 90.00", "EUR 90.00"]]),
        ("Oak shelf 21.00\nChair 40.00\nTotal 61.00", [["Oak shelf", "21.00"], ["Chair", "40.00"]]),
        ("- 3 shelves at EUR 21\n- 12 chairs at EUR 4", [["3", "shelves", "EUR 21"], ["12", "chairs", "EUR 4"]]),
        (
            "Please send two shelves at EUR 21, three chairs at EUR 40 and one lamp for EUR 12. Thanks!",
            [["two", "shelves", "EUR 21"], ["three", "chairs", "EUR 40"], ["one", "lamp", "EUR 12"]],
        ),
        ("- Anna: minutes by Friday\n- Bo: book a room", [["Anna", "minutes by Friday"], ["Bo", "book a room"]]),
        ("Oak shelf x2   21.00\nChair x1  40.00", [["Oak shelf", "2", "21.00"], ["Chair", "1", "40.00"]]),
        ("Oak shelf  2  21.00\nDelivery  1  5.00", [["Oak shelf", "2", "21.00"], ["Delivery", "1", "5.00"]]),
        ("Oak shelf  21.00\nChair  40.00\nDelivery  5.00", [["Oak shelf", "21.00"], ["Chair", "40.00"]]),
        ("Name: Ada\nAge: 36\nCity: Oslo", []),
        ("Nothing here.\nHello there", []),
        ("I paid 5 euros for it.", []),
        ("", []),
    ],
)
def test_rows_repeat_a_shape(text: str, found: list[list[str]]) -> None:
    assert cells(text) == found


def test_a_table_tells_its_heads_and_may_have_one_row() -> None:
    rows = find_rows("Item | Qty | Price\n--- | --- | ---\nTern 600 | 2 | 21.00\nTotal | | 42.00")
    assert [row.heads for row in rows] == [("Item", "Qty", "Price")]
    assert [cell.text for cell in rows[0].cells] == ["Tern 600", "2", "21.00"]
    assert [row.heads for row in find_rows("Name\tCity\nAda\tOslo\nBo\tParis")] == [("Name", "City")] * 2


PIECES = st.sampled_from(["Oak", "2", "x", "EUR 5", "\n", "  ", "|", "\t", "- ", ", ", " and ", ":", "Total", "May 3"])


@given(st.text() | st.lists(PIECES).map("".join) | st.lists(PIECES).map(" ".join))
def test_rows_lie_apart_and_hold_their_cells(text: str) -> None:
    rows = find_rows(text)
    assert len(rows) != 1 or rows[0].heads
    assert all(one.end <= other.start for one, other in pairwise(rows))
    for row in rows:
        line = " ".join(text[row.start : row.end].split())
        assert all(" ".join(cell.text.split()) in line and cell.text.strip() for cell in row.cells)
