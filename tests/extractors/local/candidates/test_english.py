"""Which words are common ones of English."""

from __future__ import annotations

import pytest

from slotfill.extractors.local.candidates.english import FOLDER, is_english_text, is_english_word, is_frequent_word


@pytest.mark.parametrize("word", ["walker", "Walking", "boxes", "sooooo", "colour", "lol", "hahaha", "bigger", "it's"])
def test_common_words(word: str) -> None:
    assert is_english_word(word)


@pytest.mark.parametrize("word", ["korea", "freddy", "spacex", "woodprix", "zyxo", ""])
def test_names_are_none(word: str) -> None:
    assert not is_english_word(word)


def test_a_text_is_english_by_most_of_its_words() -> None:
    assert is_english_text(["greetings", "from", "korea", "with", "love"])
    assert not is_english_text(["und", "dann", "gingen", "sie", "heim"])
    assert not is_english_text([])


def test_the_list_is_in_order_and_its_notice_beside_it() -> None:
    for file in FOLDER.glob("*_words.txt"):
        words = file.read_text("ascii").split()
        assert words == sorted({*words})
        assert file.name in (FOLDER / "word_lists.LICENSE").read_text("utf-8")


def test_a_rare_word_is_not_met_much() -> None:
    assert is_frequent_word("reading")
    assert is_english_word("labyrinth")
    assert not is_frequent_word("labyrinth")
