"""Where a mention might stand."""

from __future__ import annotations

import pytest

from slotfill.extractors.local.candidates.candidates import candidates, choose_families


def found(text: str, *families: str) -> list[str]:
    return [text[start:end] for start, end in candidates(text, families)]


def test_terms_stand_between_function_words_and_clauses_between_marks() -> None:
    text = "The grilled fish was cold, but we loved the waiter"
    assert found(text, "terms") == ["grilled fish", "cold", "loved", "waiter"]
    assert found(text, "clauses") == ["The grilled fish was cold", "but we loved the waiter"]


def test_the_earlier_family_goes_first_but_for_a_date_within_a_name() -> None:
    assert found("on 4 May 2024", "amounts", "names") == ["4 May 2024"]
    assert found("the 2024 Olympics", "amounts", "names") == ["2024", "2024 Olympics", "Olympics"]
    assert found("saw Saturday Night Live", "amounts", "names") == ["Saturday", "Saturday Night Live"]


@pytest.mark.parametrize(
    ("text", "passages"),
    [
        ("On 3 May 2026 Ada Byron paid.", ["3 May 2026", "Ada Byron"]),
        ("Ada Byron 3 May 2026", ["Ada Byron", "3 May 2026"]),
        ("The 2024 Olympics", ["The 2024 Olympics", "2024", "2024 Olympics"]),
        ("a Sept 11 Commission", ["Sept 11", "Sept 11 Commission", "Commission"]),
    ],
)
def test_a_name_is_found_beside_a_date_that_it_stands_at(text: str, passages: list[str]) -> None:
    assert found(text, "amounts", "names") == passages


def test_examples_tell_which_families_serve() -> None:
    assert choose_families([]) == ("amounts", "names")
    assert choose_families([("Ada is in Rome.", ["Ada", "Rome"])]) == ("amounts", "names")
    assert choose_families([("The grilled fish was cold.", ["grilled fish"])]) == ("terms",)
    assert choose_families([("We waited, and the fish was cold.", ["We waited"])]) == ("clauses",)
