import unicodedata
from itertools import pairwise

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.schemas.passages.boundaries import is_whole
from slotfill.schemas.passages.folding import divides, fold, folded, widen
from slotfill.schemas.passages.passages import exact, is_same_quote, nearest, normalised, stands_in, within_words
from slotfill.schemas.strategies.planted_documents import documents

# ruff: noqa: RUF001 - other scripts have letters that look like Latin ones
ODD = (
    "aAbiIıİßSs é\u0301\u0307\u0323ﬁ…'\"“”«-–\u00ad\u200b\u200d\ufe0f👩🚀🇳🇴👍🏽"
    "\r\n\t 각\u1100\u1161\u11a8包ー.!שׁ\u064e\u0651"
)
texts = st.text(ODD, max_size=24) | st.text(max_size=24)


@pytest.mark.parametrize(
    ("quote", "document", "passage"),
    [
        ("the SOUP", "All of The soup.", "The soup"),
        ("two  words", "two\r\n\t words", "two\r\n\t words"),
        ("“hi”, it's", '"hi", it’s so', '"hi", it’s'),
        ("1939-45", "in 1939–45", "1939–45"),
        ("wait...", "wait… what", "wait…"),
        ("soft", "a so\u00adft one", "so\u00adft"),
        ("STRASSE", "in der Straße", "Straße"),
        ("straße", "in der STRASSE", "STRASSE"),
        ("ISSIZ", "ıssız", "ıssız"),
        ("istanbul", "in İSTANBUL", "İSTANBUL"),
        ("İstanbul", "in I\u0307stanbul", "I\u0307stanbul"),
        ("finden", "zu ﬁnden", "ﬁnden"),
        ("ＡＢＣ１", "abc1", "abc1"),
        ("café", "Cafe\u0301!", "Cafe\u0301"),
        ("ộ", "o\u0302\u0323", "o\u0302\u0323"),
        ("각", "x \u1100\u1161\u11a8", "\u1100\u1161\u11a8"),
        ("❤", "I ❤️ it", "❤️"),
        ("شَّ", "ش\u0651\u064e", "ش\u0651\u064e"),
        ("שלום", "\u200fשלום\u200e", "שלום"),
        ("“Great.”", "so great!", "great"),
        ("it's fine", "it's fine-ish", "it's fine"),
        ("Cafe", "Cafe\u0301", "Cafe\u0301"),  # the text's own code points, but half a character
        ("👩", "👩‍🚀", "👩‍🚀"),
    ],
)
def test_what_differs_in_form_alone_is_found(quote, document, passage):
    start = document.index(passage)
    found = exact(quote, document) or normalised(quote, document)
    assert found == [(start, start + len(passage))]


@pytest.mark.parametrize(
    ("quote", "document"),
    [
        ("", "a"),
        (" \r\n", "a \r\n"),
        ("!!", "a!"),
        ("cafe", "Cafe\u0301"),
        ("cafe", "Café"),
        ("inden", "ﬁnden"),
        ("s", "ß"),
        ("soup", ""),
        ("包裹三", "包裹二"),
    ],
)
def test_what_says_something_else_is_not(quote, document):
    assert exact(quote, document) == normalised(quote, document) == []


def test_whole_words_come_before_parts_of_words():
    assert exact("Ann", "Annual report by Ann") == [(17, 20)]
    assert exact("ann", "annual") == normalised("Ann", "annual") == []
    assert within_words("Ann", "annual or Joann, planner") == [(0, 6), (10, 15), (17, 24)]
    assert within_words("12", "2012") == within_words("包", "包裹") == within_words("", "a") == []
    assert normalised("ANN", "annual report by Ann, Joann") == [(17, 20)]
    assert exact("包", "包裹") == [(0, 1)]


def test_all_places_are_given_in_order_and_none_overlap():
    assert exact("aa", "aa aa,aa aaa") == [(0, 2), (3, 5), (6, 8)]
    assert normalised("A b", "a b, a  b; A\nb.") == [(0, 3), (5, 9), (11, 14)]
    assert exact("x", "x\r\nx") == [(0, 1), (3, 4)]


def _characters(text):
    return {0, len(text), *(found.end() for found in regex.finditer(r"\X", text))}


@given(texts)
@example("🇳🇴🇩🇪🇳")
@example("👩‍🚀\r\n1️⃣")
def test_characters_end_where_unicode_says(text):
    assert {at for at in range(len(text) + 1) if divides(text, at)} == _characters(text)


@given(st.text(st.characters(max_codepoint=127)))
@example('a\t \x1c\nB `c` "d"')
def test_a_plain_text_folds_as_it_does_beside_others(text):
    assert fold(f"字{text}") == f"字{fold(text)}"
    plain, beside = folded(text), folded(f"字{text}")
    for quote in {fold(text[start : start + 3]) for start in range(len(text))} - {""}:
        found = beside.occurrences(quote, in_words=True)
        assert [*plain.occurrences(quote, in_words=True)] == [(start - 1, end - 1) for start, end in found]


@given(texts, st.data())
def test_widening_gives_the_least_whole_characters(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    ends = _characters(text)
    assert widen(text, (start, end)) == (max(a for a in ends if a <= start), min(b for b in ends if b >= end))


@given(texts)
@example("İi\u0307I\u0307ı")
@example("a \u200b \u00ad b")
@example("o\u0302\u0323")
@example("Ị\u0307")
@example("I\u0301\u0307")
def test_folding_is_the_same_in_all_forms(text):
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text)) == fold(text)


@given(texts, st.data())
@example("a\r\nb", None)
def test_each_place_is_whole_and_says_the_same(document, data):
    start = data.draw(st.integers(0, len(document))) if data else 0
    quote = document[start : data.draw(st.integers(start, len(document)))] if data else "a\r"
    found, looser = exact(quote, document), normalised(quote, document)
    assert all(document[a:b] == quote for a, b in found)
    for places in (found, looser):
        assert all({a, b} <= _characters(document) and a < b for a, b in places)
        assert all(is_whole(document, where) for where in places)
        assert all(before[1] <= after[0] for before, after in pairwise(places))
    if is_whole(document, (start, start + len(quote))) and any(map(str.isalnum, quote)):
        assert found or looser


@given(texts, texts)
@example("café", "CAFE\u0301")
@example("i\u0307", "İ")
def test_a_normalised_place_folds_to_the_quote(quote, document):
    for start, end in normalised(quote, document):
        place = fold(document[start:end]).strip()
        assert place in fold(quote) or quote in document


@given(documents())
def test_the_places_of_all_pieces_of_a_text_are_its_own(planted):
    within = folded(planted.text)
    for fact in planted.facts:
        assert (fact.start, fact.end) in {*within.occurrences(fold(fact.text)), *exact(fact.text, planted.text)}


def test_the_nearest_passages_come_first_and_are_whole_words():
    document = "We came late. The soup was rather cold, I thought. They say that the stew was cold too."
    quote = "the soop was rather cold"
    assert nearest(quote, document) == ["The soup was rather cold", "the stew was cold"]
    assert nearest(quote, document, limit=1) == ["The soup was rather cold"]
    assert nearest("the weather was lovely yesterday", document) == []
    assert nearest("zebra crossing", document) == nearest("", document) == nearest("so", document) == []
    assert nearest("包裹星期三到了", "好。包裹星期二到了，盖子裂了。") == ["包裹星期二到了"]


@given(texts, texts)
@example("aaa", "a" * 5000)
def test_nearest_passages_stand_in_the_document(quote, document):
    passages = nearest(quote, document)
    assert len(passages) <= 3
    assert all(passage in document for passage in passages)


@pytest.mark.parametrize("character", ["a", " ", "\u0301", "\u200d", "🇳", "包", "\r"])
def test_a_long_text_of_one_character(character):
    document = character * 100_000
    assert stands_in(character * 3, document) == (character in "\u0301🇳包")
    assert stands_in(f"{character * 3}.", document) == (character in "🇳包")
    assert within_words(character * 3, document) == ([(0, len(document))] if character == "a" else [])
    assert normalised("soup", document) == nearest("soup of the day", document) == []


@pytest.mark.parametrize(
    ("quote", "other", "same"),
    [
        ("The SOUP", "the soup.", True),
        ("**well-known** dish", "well-known dish", True),
        ("bat-\ntery", "battery", True),
        ("well-known", "wellknown", False),
        ("the soup", "soup", False),
        ("-5", "5", False),
        ("5 %", "5", False),
    ],
)
def test_two_quotes_are_the_same_words_or_not(quote, other, same):
    assert is_same_quote(quote, other) == is_same_quote(other, quote) == same
    assert is_same_quote(quote, quote)
