"""Where a name might stand, and what is its rival."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.local.candidates.names import LONGEST_RUN, name_candidates


def names(text: str) -> list[str]:
    return [text[start:end] for start, end in name_candidates(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("In New York, New Zealand and the US", ["New York", "New Zealand", "US"]),
        ("he met Will Smith, the WHO and Best Buy", ["Will Smith", "WHO", "Best Buy"]),
        ("from St. Louis to the U.S. coast", ["St. Louis", "U.S."]),
        ("I met @ada and Marks & Spencer in Oslo", ["@ada", "Marks & Spencer", "Oslo"]),
        ("for Sean O'Donnell", ["Sean O'Donnell"]),
        ("with my iPhone 12 and a Nokia 888", ["iPhone", "iPhone 12", "Nokia", "Nokia 888"]),
        ("my friend Ahmed al-Rashid from Bonn", ["Ahmed al-Rashid", "Bonn"]),
        ("the University of Ghana won", ["University of Ghana"]),
        ("they saw The Watcher", ["The Watcher"]),
        ("It was What They Were", []),
        ("nothing here, on Monday or in May", []),
    ],
)
def test_names_are_whole(text: str, found: list[str]) -> None:
    assert names(text) == found


@pytest.mark.parametrize(
    ("text", "whole", "part"),
    [
        ("said President Tomas Revilla", "President Tomas Revilla", "Tomas Revilla"),
        ("Watching Titanic with me", "Watching Titanic", "Titanic"),
        ("in Bosnia and Herzegovina", "Bosnia and Herzegovina", "Bosnia"),
        ("said Paul Whitfield of West Virginia", "Paul Whitfield of West Virginia", "West Virginia"),
        ("at the Rotterdam Marathon", "Rotterdam Marathon", "Rotterdam"),
        ("at the 2024 Olympics", "2024 Olympics", "Olympics"),
        ("so Kenya's team won", "Kenya's", "Kenya"),
        ("a stand of Marek\u2019s", "Marek\u2019s", "Marek"),
        ("we read \u201cThe Last Ferry to Skye\u201d", "The Last Ferry to Skye", "Skye"),
    ],
)
def test_what_reads_in_two_ways_is_found_in_both(text: str, whole: str, part: str) -> None:
    assert {whole, part} <= {*names(text)}


def test_lines_and_columns_end_a_name() -> None:
    assert names("on\nAnna\nBerlin") == ["Anna", "Berlin"]
    assert {"Ada Bell", "New York", "Oslo", "Paris"} <= {*names("Ada Bell\tNew York\nOslo  |  Paris")}


def test_in_capitals_and_in_chats_names_are_what_english_does_not_know() -> None:
    assert names("POLICE SEIZE CARGO SHIP OFF PORTUGAL") == ["PORTUGAL"]
    assert "NEW YORK" in names("CLINTON VISITS NEW YORK WITH TROOPS")
    assert names("are you coming back to korea ? soooo soon lol") == ["korea"]
    assert "paul walker" in names("i was inspired by paul walker")
    assert names("und dann gingen sie alle mitsammen heim") == [], "of a text in another language all words are unknown"


PIECES = st.sampled_from(
    ["Ada", "Bell's", "of", "&", "and", "The", "DR", "@a", "\n", ".", "12", "2021", "iOS", "zyxo", '"']
)


@given(st.text() | st.lists(PIECES).map(" ".join))
def test_names_are_words_of_the_text_each_once(text: str) -> None:
    spans = name_candidates(text)
    assert spans == sorted({*spans})
    assert all(text[start:end] == text[start:end].strip() for start, end in spans)
    assert all(any(map(str.isalpha, text[start:end])) for start, end in spans)
    assert all(end - start > 1 and "\n" not in text[start:end] for start, end in spans)


def test_a_text_of_capitals_alone_ends() -> None:
    assert len(name_candidates("Ab " * 20 * LONGEST_RUN)) < 40 * LONGEST_RUN
