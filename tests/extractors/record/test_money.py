"""Amounts of money: their sums, and how JSON and people are told of them."""

from decimal import Decimal

import pytest

from slotfill.extractors.record.money import add_money, money_json, money_text


@pytest.mark.parametrize(
    ("amount", "json", "text"),
    [
        (Decimal("0.00012"), "0.00012", "$0.0001"),
        (Decimal("-1E-7"), "-0.0000001", "$-0.0000"),
        (Decimal("1E+3"), "1000", "$1,000.0000"),
        (Decimal(0), "0", "$0.0000"),
        (None, None, "unknown"),
    ],
)
def test_an_amount_is_written_in_full_for_programs_and_rounded_for_people(amount, json, text):
    assert (money_json(amount), money_text(amount)) == (json, text)


def test_a_sum_with_what_is_unknown_is_unknown():
    assert add_money(Decimal(1), Decimal("0.5")) == Decimal("1.5")
    assert add_money(None, Decimal(1)) is add_money(Decimal(1), None) is None
