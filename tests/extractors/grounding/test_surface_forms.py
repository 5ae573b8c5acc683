from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.extractors.grounding.surface_forms import date_places, number_places

# ruff: noqa: RUF001 - look-alikes are what it is about


@pytest.mark.parametrize(
    ("number", "text", "form"),
    [
        ("1250", "Total $1,250.00 due", "1,250.00"),
        ("1250.5", "Summe 1.250,50 €", "1.250,50"),
        ("20000", "pour 20\u00a0000 €", "20\u00a0000"),
        ("1250000", "CHF 1'250'000", "1'250'000"),
        ("100000", "Rs 1,00,000 only", "1,00,000"),
        ("40", "EUR40 paid", "40"),
        ("0.15", "up 15 % now", "15 %"),
        ("15", "up 15 % now", "15"),
        ("3000000", "about 3 million people", "3 million"),
        ("2500", "2.5k views", "2.5k"),
        ("3", "Three lamps", "Three"),
        ("-5", "it was -5 degrees", "-5"),
        ("5", "pages 3-5", "5"),
        ("-5", "it was –5 degrees", "–5"),
        ("-5", "a loss of -$5", "-$5"),
        ("-1234", "a loss of (1,234)", "(1,234)"),
        ("-5", "a loss of (EUR 5)", "(EUR 5)"),
        ("1234", "a loss of (1,234)", "1,234"),
        ("-1234", "balance 1,234.00-", "1,234.00-"),
        ("2", "1,2,3", "2"),
        ("1500000", "1.5e6 of them", "1.5e6"),
        ("2026", "on 2026-03-03", "2026"),
        ("10", "10kg", "10"),
        ("0.5", "only .5 left", ".5"),
        ("34", "العدد ٣٤", "٣٤"),
        ("2031", "在2031年", "2031"),
        ("0", "nil: 0.00", "0.00"),
        ("1.250", "both 1.250", "1.250"),
        ("1250", "both 1.250", "1.250"),
    ],
)
def test_a_number_is_found_as_it_is_written(number, text, form):
    start = text.index(form)
    assert number_places(text, {Decimal(number)}) == {Decimal(number): [(start, start + len(form))]}


def test_a_count_behind_a_thing_stands_with_its_sign() -> None:
    text = "Oak shelf x2, a BMW X5, fax2, x2.5"
    assert number_places(text, {Decimal(2), Decimal(5)}) == {Decimal(2): [(10, 12)]}


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("1", "21, 12, 1.5, 1,5"),
        ("17", "A17 v17 x_17"),
        ("5", "A1.5"),
        ("5", "0.5 and 50"),
        ("125", "1250"),
        ("3", "threefold"),
        ("5", "-5 and -$5"),
        ("3", "2026-03-03"),
        ("1.2", "1.2.3"),
        ("30", "15:30"),
        ("-10", "5-10"),
        ("10", "10² and 10^6"),
        ("1", "1½, twenty-one"),
        ("2", "two hundred"),
        ("0", "20 000"),
        ("3", "H3O, 9f3a"),
        ("4", ""),
    ],
)
def test_a_part_of_a_number_or_of_a_word_is_none(number, text):
    assert number_places(text, {Decimal(number)}) == {}


@pytest.mark.parametrize(
    "form",
    [
        *(
            "2026-11-21",
            "21 November 2026",
            "21st of November, 2026",
            "Nov 21, 2026",
            "November 21st 2026",
            "NOV. 21 2026",
        ),
        *("21.11.2026", "11/21/2026", "21/11/26", "2026年11月21日", "21. November 2026", "21 novembre 2026"),
        *("21 de noviembre de 2026", "21 novembre 2026", "21 november 2026"),
    ],
)
def test_a_date_is_found_as_it_is_written(form):
    text = f"due on {form}, or so"
    assert date_places(text, {date(2026, 11, 21)}) == {date(2026, 11, 21): [(7, 7 + len(form))]}


@pytest.mark.parametrize("text", ["10 Auguſt 1780", "10 AUGUST 1780", "10 août 1780"])
def test_a_date_is_found_whatever_letters_its_month_is_written_in(text):
    assert date_places(text, {date(1780, 8, 10)}) == {date(1780, 8, 10): [(0, len(text))]}


@pytest.mark.parametrize("text", ["3 JUİN 2026", "3 juın 2026", "ſix", "ſeven", "SİX", "3 mıllion", "3 MİLLION"])
def test_letters_that_count_as_others_in_a_pattern_break_nothing(text):
    numbers = number_places(text, {Decimal(3), Decimal(6)})
    assert numbers.keys() <= {Decimal(3), Decimal(6)}
    assert date_places(text, {date(2026, 1, 1)}) == {}


def test_a_date_with_no_year_serves_where_none_has_one():
    assert date_places("on 12 June or June 13", {date(2026, 6, 12)}) == {date(2026, 6, 12): [(3, 10)]}
    assert date_places("12 June, 12 June 2026", {date(2026, 6, 12)}) == {date(2026, 6, 12): [(9, 21)]}
    assert date_places("on 12 June 2025, 31 June", {date(2026, 6, 12)}) == {}
    assert date_places("29 Feb 2000 and 29 February", {date(2000, 2, 29)}) == {date(2000, 2, 29): [(0, 11)]}


@given(st.decimals(-(10**9), 10**9, places=2), st.text(max_size=5))
@example(Decimal("0.00"), "")
def test_every_number_written_plainly_is_found(number, around):
    text = f"{around}|{number}|{around}"
    places = number_places(text, {number})[number]
    assert (len(around) + 1, len(around) + 1 + len(str(number))) in places


@given(st.text("0123456789.,-' %kt/年月日", max_size=30) | st.text())
def test_any_text_is_read(text):
    found = {**number_places(text, {Decimal(0), Decimal(12)}), **date_places(text, {date(2001, 2, 3)})}
    assert all(0 <= start < end <= len(text) for places in found.values() for start, end in places)
