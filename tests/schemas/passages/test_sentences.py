"""Where sentences end, and where they do not."""

import pytest

from slotfill.schemas.passages.sentences import count_sentences, sentence_ranges


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        (" \n", 0),
        ("No mark at all", 1),
        ("One.", 1),
        ("One. Two! Three? Four… Five", 5),
        ("Really?! Yes.", 2),
        ("Dr. Who met Mrs. Smith and J. R. Tolkien at St. Mary etc. They talked.", 1),
        ("Dr. Who slept. They talked.", 2),
        ("It grew by 3.5 percent, i.e. Paris lost. Rome won.", 2),
        ("It closes at 5 p.m. and opens at 8.", 1),
        ("It costs 5. 3 people came.", 1),
        ("He said “No.” Then he left (in a hurry). “Why?” She did not know.", 4),
        ("Er sagte: „Nein.“ Dann ging er.", 2),
        ("¿Vienes? ¡Claro! Él no.", 3),
        ("短い文。次の文！「終わり？」はい。", 4),  # noqa: RUF001 - the marks of a script
        ("यह एक वाक्य है। यह दूसरा है।", 2),
        ("to be continued... or not", 1),
        ("Wait... The end.", 2),
        ("see example.com. It helps", 1),
    ],
)
def test_sentences_are_counted_and_abbreviations_are_not(text, count):
    assert count_sentences(text) == count


def test_the_ranges_are_the_sentences_whole():
    text = " Dr. Ito came.  \u201cNo.\u201d He left!\n\u77ed\u3044\u6587\u3002\u6b21 "
    found = [text[start:end] for start, end in sentence_ranges(text)]
    assert found == ["Dr. Ito came.", "\u201cNo.\u201d", "He left!", "\u77ed\u3044\u6587\u3002", "\u6b21"]
    assert sentence_ranges(" \n") == []
