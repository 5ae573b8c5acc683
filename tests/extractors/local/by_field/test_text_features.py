"""What a text looks like: numbers that say nothing of what it means."""

import pytest

from slotfill.extractors.local.by_field.text_features import FEATURES, text_features


def features(text):
    return dict(zip(FEATURES, text_features(text), strict=True))


def test_twice_the_words_are_one_more_of_length_up_to_a_page():
    assert features("a " * 10)["length"] == 0
    assert features("a " * 40)["length"] == 2
    assert features("a " * 10_000)["length"] == 5


@pytest.mark.parametrize(
    ("feature", "with_it", "without"),
    [
        ("figures", "Doors at 7, seats 40.", "Doors at seven, seats forty."),
        ("person", "We took the train.", "They took the train."),
        ("judgement", "The room was awful.", "The room was square."),
        ("judgement", "It doesn't open.", "It opens."),
        ("marks", "seen by @ann 🙌", "seen by ann"),
    ],
)
def test_a_text_has_what_stands_in_it(feature, with_it, without):
    assert features(with_it)[feature] > 0
    assert features(without)[feature] == 0


def test_praise_and_blame_look_alike():
    assert text_features("The room was lovely.") == text_features("The room was awful.")


@pytest.mark.parametrize("text", ["", " ", "…", "!" * 10_000, "1 " * 10_000, "not " * 10_000])
def test_any_text_has_numbers_within_bounds(text):
    assert all(-4 <= number <= 5 for number in text_features(text))
