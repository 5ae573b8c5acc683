from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.schemas.passages.boundaries import (
    cuts,
    figures,
    is_whole,
    is_word,
    may_begin,
    next_boundary,
    past_word,
    previous_boundary,
)

# ruff: noqa: RUF001 - other scripts have letters that look like Latin ones


@pytest.mark.parametrize(
    "parted",
    [
        "ham| hamburgers",
        "e\u0301a| so\u00adft",
        "Ann|'|s l|'|homme| well|-|known",
        "isn't| don’t",
        "10|%| 5|€ $|5 10|kg 5|th",
        "1.234,56 1,250.00 1'000 1’000 1\u00a0250 1\u202f250,5 20 000 1,00,000 ٣٤٫٥",
        "1|,|2|,|3| 120| 350| 4000| 3|:|1 4|/|5",
        "-5 −5 –5 -$5 − 5| a −5 (-5) 1,234.00-",
        "5|-10 5|–|10 5%|-10 A|-|123 5 -| 3 +|5",
        "-5| to| -3",
        "2026|-03-03 03/03/|2026 21.11.|2026 2026|-03-03|T|15:30:00|Z",
        "1.2.3 15:30 555-12-34 192.168.0.1",
        "EUR|40 v|2.0 COVID19 H2O 9f3a 1h30 3x4 x_|5",
        "1.5e-6 10^6 10² 10⁻³ 1½ m|²",
        ".5 fig|.|5 wait|.|.|.|5",
        "包|裹|二|2026|年|3|月| iPhone|手|机",
        "서|울|에|서 ฝ|า|แ|ต|ก",
        "و|ب|يروت ب|בית ב|ירושלים| ו|ב|ית",
    ],
)
def test_words_and_figures_are_parted_here_alone(parted):
    """Each `|` is a boundary, as is white space outside of figures; of the rest those that stand between letters."""
    text = parted.replace("|", "")
    at = 0
    for before, after in pairwise(parted):
        at += before != "|"
        if after == "|" or before == "|":
            assert not cuts(text, at), (text[:at], text[at:])
        elif before.isalnum() and after.isalnum() and before.isascii():
            assert cuts(text, at), (text[:at], text[at:])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10% of 1.234,56 EUR", ["10", "1.234,56"]),
        ("from 5-10 to -3, -$5 and −5", ["5", "10", "-3", "-$5", "−5"]),
        ("1,2,3 or 1,00,000", ["1", "2", "3", "1,00,000"]),
        ("20 000 EUR, 120 350 4000", ["20 000", "120", "350", "4000"]),
        ("on 2026-03-03 at 15:30", ["2026", "-03-03", "15:30"]),
        ("10² 1.5e-6 1½ .5 1,234.00-", ["10²", "1.5e-6", "1½", ".5", "1,234.00-"]),
        ("٣٤٫٥ and 包2026年", ["٣٤٫٥", "2026"]),
        ("no", []),
    ],
)
def test_figures_have_their_signs_and_separators(text, found):
    assert [text[start:end] for start, end in figures(text)] == found


@pytest.mark.parametrize(("text", "at"), [("5-10", 1), ("A-123", 1), ("5%-10%", 2), ("5–$10", 1)])
def test_a_dash_between_two_is_no_sign_to_begin_with(text, at):
    assert not cuts(text, at)
    assert not may_begin(text, at)
    assert not is_whole(text, (at, len(text)))
    assert is_whole(text, (0, at))
    assert is_whole(text, (at + 1, len(text)))


def test_letters_alone_are_a_word():
    assert [is_word(text) for text in ("ham", "e\u0301", "", "a b", "h2", "包", "-")] == [True, True, *[False] * 5]


texts = st.text("ab.,-' 12%€\u0301包(²é", max_size=12) | st.text(max_size=12)


@given(texts, st.data())
@example("isn't 1.234,56", None)
def test_boundaries_are_found_to_both_sides(text, data):
    at = data.draw(st.integers(0, len(text))) if data else 4
    before, after = previous_boundary(text, at), next_boundary(text, at)
    assert before <= at <= after
    assert not cuts(text, before)
    assert not cuts(text, after)
    assert all(cuts(text, within) for within in range(before + 1, at + 1) if before < at)
    assert all(cuts(text, within) for within in range(at, after))


@given(texts, st.data())
def test_nothing_whole_begins_before_the_end_of_a_word(text, data):
    at = data.draw(st.integers(0, max(0, len(text) - 1)))
    if text and cuts(text, at):
        later = past_word(text, at)
        assert at < later <= len(text)


@given(
    st.integers(1, 10**12),
    st.sampled_from(["", " ", "€", "%", "kg", ", and", " EUR", "."]),
    st.sampled_from(["{}", "{:,}"]),
)
def test_every_offset_within_a_number_cuts_it(number, after, form):
    written = form.format(number)
    text = f"Total: {written}{after}"
    start, end = text.index(written), text.index(written) + len(written)
    assert is_whole(text, (start, end))
    assert all(cuts(text, at) for at in range(start + 1, end))


@pytest.mark.parametrize(
    "piece", ["a", "1", "1 ", "1,", "-", "- ", "1-", "\u0301", "包", "a'", "100 ", "1:23", "'", ".5"]
)
def test_a_long_text_is_read_in_linear_time(piece):
    text = piece * (200_000 // len(piece))
    assert next_boundary(text, 1000) <= len(text)
    assert previous_boundary(text, 1000) <= 1000
