"""Text in many languages and encodings: read right or refused, and never as other letters."""

import re
from collections import Counter

import pytest
from languages import LANGUAGES, samples

from slotfill.extractors.documents.decoding import decode_text
from slotfill.extractors.documents.encodings.guessing import Guess, guess_encoding
from slotfill.extractors.record.failure_kinds import Failure

NAMED = re.compile(r"--encoding (\S+), or")


def verdict(text, encoding):
    """Give what becomes of a text in an encoding."""
    data = text.encode(encoding)
    result = decode_text(data)
    if not isinstance(result, Failure):
        return "read" if result == text else "misread"
    if named := NAMED.search(result.message):
        return "named" if data.decode(named[1], "replace") == text else "misnamed"
    return "refused"


@pytest.fixture(scope="module")
def verdicts():
    return [(*sample, verdict(sample[3], sample[1])) for sample in samples()]


@pytest.mark.parametrize("length", ["review", "page"])
def test_no_text_of_a_few_sentences_is_misread_or_misnamed(verdicts, length):
    wrong = [(language, encoding) for language, encoding, of, _, how in verdicts if of == length and "mis" in how]
    assert wrong == []


@pytest.mark.parametrize(("length", "share"), [("sentence", 0.3), ("review", 0.75), ("page", 0.85)])
def test_most_texts_are_read_and_of_the_others_most_are_named(verdicts, length, share):
    counts = Counter(how for _, _, of, _, how in verdicts if of == length)
    assert counts["read"] >= share * counts.total(), counts
    assert counts["named"] >= counts["refused"], counts


@pytest.mark.parametrize(
    ("language", "encoding"),
    [
        ("Russian", "cp1251"),
        ("Greek", "cp1253"),
        ("Greek", "iso8859-7"),
        ("Hebrew", "cp1255"),
        ("Arabic", "cp1256"),
        ("Thai", "cp874"),
        ("Japanese", "shift_jis"),
        ("Japanese", "euc_jp"),
        ("Simplified Chinese", "gbk"),
        ("Traditional Chinese", "big5"),
        ("Korean", "euc_kr"),
        ("Polish", "iso8859-2"),
        ("Czech", "cp1250"),
        ("Turkish", "cp1254"),
        ("Lithuanian", "cp1257"),
        ("French", "mac_roman"),
        ("German", "cp850"),
    ],
)
def test_a_page_is_read_in_the_usual_encodings(language, encoding):
    text = "\n".join([LANGUAGES[language][1]] * 4)
    assert decode_text(text.encode(encoding)) == text


def test_a_sample_may_end_within_a_character():
    data = LANGUAGES["Japanese"][1].encode("shift_jis")
    guesses = {guess_encoding(data[:end]) for end in range(len(data) - 8, len(data) + 1)}
    assert guesses == {Guess("cp932", "Japanese", is_evident=True)}


@pytest.mark.parametrize(("language", "encoding"), [("Hebrew", "cp424"), ("German", "cp273"), ("French", "cp500")])
def test_text_of_mainframes_is_refused(language, encoding):
    assert verdict("Order 66: " + LANGUAGES[language][1], encoding) == "refused"


def test_letters_of_no_language_are_not_guessed_at():
    assert guess_encoding(b"\xa4\xf0\xbd\xfe\x9c " * 40) is None
