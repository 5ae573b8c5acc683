"""Numbers as people write them: the one reading that there is, or none."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.forms.numerals import read_number


@pytest.mark.parametrize(
    ("text", "digits", "risk"),
    [
        ("4", "4", "low"),
        ("1,234.5", "1234.5", "low"),
        ("1,234,567", "1234567", "low"),
        ("1.234,56", "1234.56", "low"),
        ("1.234.567", "1234567", "low"),
        ("1\u00a0234,50", "1234.50", "low"),
        ("1'234.50", "1234.50", "low"),
        ("82_461", "82461", "low"),
        ("8_2461.5", "82461.5", "low"),
        ("24,50", "24.50", "low"),
        ("0,125", "0.125", "low"),
        ("1000,125", "1000.125", "low"),
        (".5", "0.5", "low"),
        ("5.", "5", "low"),
        ("-$.50", "-0.50", "low"),
        ("€24.50", "24.50", "low"),
        ("24,50 €", "24.50", "low"),
        ("EUR 24.50", "24.50", "low"),
        ("$1,234.50 USD", "1234.50", "low"),
        ("-€5", "-5", "low"),
        ("€-5", "-5", "low"),
        ("\u22125", "-5", "low"),
        ("+5", "5", "low"),
        ("1,234", "1234", "high"),
        ("1 234", "1234", "high"),
        ("€1.234", "1.234", "high"),
    ],
)
def test_a_number_is_read_in_one_way(text, digits, risk):
    assert read_number(text, whole=False) == (digits, risk)


def test_an_integer_has_no_decimal_comma():
    assert read_number("1,234", whole=True) == ("1234", "low")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "EUR",
        "80%",
        "4 stars",
        "(5)",
        "007",
        "1,23,4",
        "12,",
        "1 2",
        "00,5",
        "-+5",
        "--5",
        "5-6",
        ".",
        "5..",
        "1.2.",
    ],
)
def test_what_is_no_number_stays(text):
    assert read_number(text, whole=False) is None


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12))
def test_every_way_to_write_cents_is_read_back(amount):
    english = f"{amount:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    for text in (
        english,
        german,
        english.replace(",", "'"),
        german.replace(".", "\u202f"),
        english.replace(",", "_"),
        f"{english} €",
    ):
        digits, risk = read_number(text, whole=False)
        assert (Decimal(digits), risk) == (amount, "low")
