"""Strings by the name of their field."""

import pytest

from slotfill.extractors.local.candidates.named_strings import asks_for_a_name, asks_for_names, names_in, string_behind


@pytest.mark.parametrize(
    ("text", "heading", "value"),
    [
        ("Invoice\nVendor: Oak & Sons Ltd \nTotal: 4", "Vendor", "Oak & Sons Ltd"),
        ("- full name: Ada Byron", "Full name", "Ada Byron"),
        ("The vendor: we like it", "Vendor", None),
        ("Vendor: A\nVendor: B", "Vendor", None),
        ("Vendor:\nOak", "Vendor", None),
    ],
)
def test_what_stands_behind_a_fields_name(text: str, heading: str, value: str | None) -> None:
    assert string_behind(text, heading) == value


def test_names_are_asked_for_and_found() -> None:
    assert asks_for_a_name("Customer name")
    assert not asks_for_a_name("Complaint")
    assert "Ada Byron" in names_in("We met Ada Byron, 36, in\nLeeds.")
    assert names_in("9") == []


def test_dates_labels_titles_and_rows_are_no_names() -> None:
    text = "RECEIPT\nBlue Anchor\nDate: 3 May 2026\nGuest: Ada Byron\n\nOak shelf  2  21.00\nChair  1  40.00"
    assert names_in(text) == ["Blue Anchor", "Anchor", "Ada Byron"]
    assert names_in("RECEIPT") == ["RECEIPT"]
    assert "Oak" in names_in("Oak shelf  2  21.00\nChair  1  40.00"), "where there are no others"
    assert "Ada Byron" in names_in("Ada Byron: I am here."), "who writes in a chat"


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        ("Companies", True),
        ("Team members", True),
        ("People", True),
        ("Staff", True),
        ("Name", False),
        ("Customer complaints", False),
        ("Wishes", False),
    ],
)
def test_a_list_of_names_is_called_by_their_plural(heading: str, names: bool) -> None:
    assert asks_for_names(heading) is names
