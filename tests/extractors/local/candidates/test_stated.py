"""What a text states, and which of it a field means."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.grounding.surface_forms import numbers_in
from slotfill.extractors.local.candidates.stated import likely_values, stated_values, without_labels

BILL = """Invoice no. 4471
Invoice date: 9 September 2026
Due: 30/09/2026
2 x Oak shelf   EUR 21.00  EUR 42.00
Subtotal EUR 42.00
VAT 19% EUR 7.98
Total due: EUR 1,049.98
"""


def anything(_: Any) -> bool:
    return True


def values(text: str, kind: str = "number", **options: Any) -> list[Any]:
    return [stated.value for stated in stated_values(text, kind, anything, **options)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("It costs $1,250.50 in 12 shops", [1250.5, 12]),
        ("from 0.5 to -3", [0.5, -3]),
        ("$3.5m, 2 million euros and 5 m of rope", [3_500_000, 2_000_000, 5]),
        ("1.234,50 \u20ac or three of \u20ac 1.234", [1234.5, 3, 1234]),
        ("a share of 15 %", [15]),
        ("none", []),
    ],
)
def test_numbers_are_read_in_any_form(text: str, numbers: list[float]) -> None:
    assert values(text) == numbers


def test_decimals_keep_their_digits() -> None:
    assert values("EUR 21.00", as_text=True) == ["21.00"]


def test_a_share_is_what_the_schema_takes_of_it() -> None:
    assert [one.value for one in stated_values("15 %", "number", lambda value: value <= 1)] == [0.15]


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        ("date", "on 9 September 2026, 30/09/2026 or 2026-10-01", ["2026-09-09", "2026-09-30", "2026-10-01"]),
        ("date", "on 03/04/2026", []),
        ("date", "on 03/04/2026, not on 25/04/2026", ["2026-04-03", "2026-04-25"]),
        ("date", "vom 03.04.2026", ["2026-04-03"]),
        ("date-time", "3 June 2026 at 4:30 pm", ["2026-06-03T16:30:00"]),
        ("time", "from 9:30 to 5 pm", ["09:30:00", "17:00:00"]),
    ],
)
def test_dates_are_those_that_can_be_read_in_one_way(kind: str, text: str, found: list[str]) -> None:
    assert values(text, kind) == found


@pytest.mark.parametrize(
    ("kind", "name", "found", "named"),
    [
        ("number", "Total", [1049.98], True),
        ("number", "Subtotal", [42], True),
        ("number", "Vat", [7.98], True),
        ("number", "Vat rate", [19], True),
        ("number", "Invoice no", [4471], True),
        ("number", "Quantity", [4471, 2], False),
        ("date", "Due date", ["2026-09-30"], True),
        ("date", "Invoice date", ["2026-09-09"], True),
        ("date", "Paid on", ["2026-09-09", "2026-09-30"], False),
    ],
)
def test_a_field_means_what_stands_behind_its_name_or_is_of_its_kind(
    kind: str, name: str, found: list[Any], named: bool
) -> None:
    likely, is_named = likely_values(BILL, stated_values(BILL, kind, anything), name, kind=kind)
    assert ([one.value for one in likely], is_named) == (found, named)


@pytest.mark.parametrize(
    ("kind", "name", "text", "found", "sure"),
    [
        ("number", "Total", "Shelf 40.00\nLamp 20.50\nIn all 60.50", [60.5], True),
        ("number", "Total", "A 1.00\nB 2.00\nSo far 3.00\nPostage 4.00\nGesamt 7.00\nPaid 9.00", [7], True),
        ("number", "Total", "Shelf 40.00\nAgain 40.00", [40, 40], False),
        ("number", "Total", "For 2 cats. Balance: GBP 73.00", [73], True),
        ("number", "Price", "Please send me a new one.", [], False),
        ("number", "Quantity", "one for EUR 5.00", [1], False),
        ("date", "Date", "Signed on 3 May 2026. Please pay by 4 June 2026.", ["2026-05-03"], True),
        ("date", "Date", "Due: 4 June 2026", ["2026-06-04"], False),
        ("date", "Due date", "Signed on 3 May 2026.", ["2026-05-03"], False),
        ("date", "Date", "A note: the firm that we know left it here on 3 May 2026.", ["2026-05-03"], True),
    ],
)
def test_what_a_field_surely_means(kind: str, name: str, text: str, found: list[Any], sure: bool) -> None:
    likely, is_sure = likely_values(text, stated_values(text, kind, anything), name, kind=kind)
    assert ([one.value for one in likely], is_sure) == (found, sure)


def test_what_has_a_label_of_its_own_is_no_other_value() -> None:
    assert without_labels(BILL, stated_values(BILL, "date", anything)) == []
    assert len(without_labels("Hello,\nsee you on 3 May 2026", stated_values("3 May 2026", "date", anything))) == 1


PIECES = st.sampled_from(["$", "3", "1,000", ".5", "m", " ", "%", "(", ")", "two", "May", "2024", "-", "Total:", "\n"])


@given(st.text() | st.lists(PIECES).map("".join) | st.lists(PIECES).map(" ".join))
def test_every_number_stands_in_the_text(text: str) -> None:
    stated = stated_values(text, "number", anything)
    there = {(float(number), where) for number, where in numbers_in(text)}
    assert all((float(one.value), (one.start, one.end)) in there for one in stated)
    likely, _ = likely_values(text, stated, "Total price")
    assert {*likely} <= {*stated}
    assert bool(likely) == any(any(map(str.isdigit, text[one.start : one.end])) for one in stated), "no sum is `one`"
