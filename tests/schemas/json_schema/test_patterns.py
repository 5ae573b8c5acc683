"""Patterns as ECMA-262 has them, and their deadline."""

import time

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.schemas.json_schema.patterns import (
    SECONDS,
    OutOfTimeError,
    compiled,
    deadline,
    matches_somewhere,
    patience,
    time_left,
)

HANGING = "(a|aa)+$"


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        (r"^a$", "a", "a\n"),
        (r"^\d$", "0", "\u0966"),
        (r"^\D$", "\u0966", "0"),
        (r"^[\D]$", "\u0966", "0"),
        (r"^[^\D]$", "0", "\u0966"),
        (r"^[^\d]$", "x", "0"),
        (r"^\w$", "_", "é"),
        (r"^[\W]$", "é", "_"),
        (r"^\s$", "\ufeff", "\x1c"),
        (r"^[\S]$", "\x1c", "\ufeff"),
        (r"a\b", "aé", "ab"),
        (r"a\B", "ab", "aé"),
        (r"^[\b]$", "\b", "b"),
        (r"^.$", "é", "\u2028"),
        (r"^[^]$", "\n", ""),
        (r"^(?:[]|a)$", "a", "b"),
        (r"^\p{Letter}$", "é", "1"),
        (r"^\P{L}$", "1", "é"),
        (r"^[\p{Lu}\d]$", "É", "é"),
        (r"^\p{Script=Greek}$", "λ", "l"),
        (r"^\cC$", "\x03", "C"),
        (r"^\x41\u0042$", "AB", "ab"),
        (r"^\u{1F432}$", "\U0001f432", "u"),
        (r"^\ud83d\udc32$", "\U0001f432", "\udc32"),
        (r"^[\u0041-\u0043]$", "B", "D"),
        (r"^\0$", "\0", "0"),
        (r"^(.)\1$", "aa", "ab"),
        (r"^(.)\10$", "aa0", "aa"),
        (r"^(?<x>.)\k<x>$", "aa", "ab"),
        (r"^a{e}$", "a{e}", "a"),
        (r"^a{,3}$", "a{,3}", "aa"),
        (r"^a{2,}$", "aaa", "a"),
        (r"^{}$", "{}", ""),
        (r"^[[]$", "[", "a"),
        (r"^[a&&b]$", "&", "c"),
        (r"^[a^]$", "^", "b"),
        (r"^[\w-]+$", "a-b", "a.b"),
        (r"^[\w-.]+$", "a-b.c", "/"),
        (r"^[.-\d]$", "-", "/"),
        (r"^[-a]$", "-", "b"),
        (r"^[+--]$", ",", "a"),
        (r"^[--0]$", ".", "1"),
        (r"^[a-]$", "-", "b"),
        (r"^[\]a]+$", "]a", "["),
        (r"^[a\-c]$", "-", "b"),
        (r"^[$.]$", "$", "a"),
        (r"^\/\@\-\$$", "/@-$", "/@-"),
        (r"^[\w-\.]+@([\w-]+\.)+[\w-]{2,4}$", "a.b-c@d-e.org", "a.b-c@d"),
    ],
)
def test_a_pattern_means_what_ecma_262_says(pattern, matching, other):
    assert matches_somewhere(pattern, matching)
    assert not matches_somewhere(pattern, other)


def test_a_pattern_is_searched_for_anywhere():
    assert matches_somewhere("b", "abc")


@pytest.mark.parametrize(
    "pattern",
    ["(", "[", "[z-a]", "a**b", r"\Z", r"\A", r"\p", r"\p{Nonsense}", r"\u{110000}", r"\k<x>", "\\", "(" * 5_000],
)
def test_what_is_no_pattern_does_not_compile(pattern):
    with pytest.raises(regex.error):
        compiled(pattern)


@given(st.text(st.sampled_from("\\^$.[]{}()-|*+?duwDWSbBpk<>{L}0123a\n"), max_size=12))
@example("[\\d-a-]")
@example("[^--]")
def test_any_text_compiles_or_is_refused(pattern):
    try:
        compiled(pattern)
    except regex.error:
        return


@given(st.text(max_size=5))
@example("-")
@example("]")
def test_any_text_matches_itself_escaped(text):
    escaped = "".join(f"\\u{{{ord(character):x}}}" for character in text)
    assert matches_somewhere(f"^{escaped}$", text)
    assert all(matches_somewhere(f"^[^{escaped}]$", other) for other in "xy" if text and other not in text)


def spend(seconds):
    """Use processor time of this thread."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_a_deadline_bounds_all_searches_within():
    with deadline():
        with pytest.raises(OutOfTimeError, match="match against the pattern"):
            matches_somewhere(HANGING, "a" * 60 + "!")
        spend(SECONDS)  # the matcher counts the time of the whole process, and may give up a little before the deadline
        with pytest.raises(OutOfTimeError, match="takes too long to check"):
            matches_somewhere("b", "a")


def test_without_a_deadline_each_search_has_its_own():
    with pytest.raises(OutOfTimeError):
        matches_somewhere(HANGING, "a" * 60 + "!")
    assert matches_somewhere("b", "b")
    assert time_left() > 0


def test_who_has_little_patience_waits_half_as_long_each_time():
    with patience(0.2):
        taken = []
        for _ in range(8):
            began = time.thread_time()
            with deadline(), pytest.raises(OutOfTimeError):
                matches_somewhere(HANGING, "a" * 60 + "b")
            taken.append(time.thread_time() - began)
        with deadline():
            assert matches_somewhere("b$", "ab")
    assert sum(taken) < 0.6
    with deadline():
        assert time_left() > 0.5
