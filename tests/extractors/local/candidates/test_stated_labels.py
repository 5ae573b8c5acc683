"""Labels that a text states."""

from __future__ import annotations

import pytest

from slotfill.extractors.local.candidates.stated_labels import stated_label

CURRENCIES = ("EUR", "USD", "GBP", "CHF", "CAD")
STATUS = ("open", "closed", "in review")


@pytest.mark.parametrize(
    ("text", "labels", "name", "label"),
    [
        ("Total EUR 21.00", CURRENCIES, "Currency", "EUR"),
        ("It cost \u00a33.50", CURRENCIES, "Currency", "GBP"),
        ("for 3 million dollars", CURRENCIES, "Currency", "USD"),
        ("CA$ 20", CURRENCIES, "Currency", "CAD"),
        ("$5 or \u20ac4", CURRENCIES, "Currency", None),
        ("It was free", CURRENCIES, "Currency", None),
        ("20 CHF", (*CURRENCIES, "other", "none"), "Currency", "CHF"),
        ("Status: in review\nThe door is open.", STATUS, "Status", "in review"),
        ("the status is closed", STATUS, "Status", "closed"),
        ("The door is open.", STATUS, "Status", None),
        ("Mood of the positive terminal", ("positive", "negative"), "Mood", None),
        ("Status: open\nStatus: closed", STATUS, "Status", None),
        ("Rating: 4 of 5", ("1", "4", "5"), "Rating", "4"),
        ("", STATUS, "", None),
    ],
)
def test_a_label_is_stated_behind_the_name_or_as_the_only_currency(
    text: str, labels: tuple[str, ...], name: str, label: str | None
) -> None:
    at = stated_label(text, labels, name)
    assert (None if at is None else labels[at]) == label
