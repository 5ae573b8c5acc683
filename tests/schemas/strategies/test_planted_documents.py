import unicodedata

import pytest
from examples import examples
from hypothesis import HealthCheck, find, given

from slotfill.schemas.strategies.planted_documents import documents

searching = examples(2_000, suppress_health_check=list(HealthCheck), database=None)


@given(documents())
def test_every_fact_stands_at_its_span(document):
    assert [document.text[fact.start : fact.end] for fact in document.facts] == [fact.text for fact in document.facts]


@given(documents())
def test_facts_stand_in_their_order_and_apart(document):
    ends = [0, *(fact.end for fact in document.facts)]
    assert all(end <= fact.start < fact.end for end, fact in zip(ends, document.facts, strict=False))


@given(documents())
def test_a_text_can_be_written_to_a_file(document):
    assert document.text.encode().decode() == document.text


def comes(condition):
    return find(documents(), condition, settings=searching)


@pytest.mark.slow
def test_texts_are_of_many_scripts():
    for script in ("CYRILLIC", "GREEK", "ARABIC", "HEBREW", "CJK UNIFIED", "HIRAGANA", "HANGUL", "DEVANAGARI", "THAI"):
        comes(lambda document, script=script: any(unicodedata.name(c, "").startswith(script) for c in document.text))


@pytest.mark.slow
def test_texts_are_empty_and_long_with_line_ends_of_all_kinds():
    comes(lambda document: not document.text)
    comes(lambda document: len(document.text) > 5_000)
    comes(lambda document: "\r\n" in document.text and document.facts)
    comes(lambda document: "\r" in document.text.replace("\r\n", ""))
    comes(lambda document: "\n" in document.text.replace("\r\n", ""))


def test_texts_are_composed_and_decomposed_and_hold_joined_emoji():
    comes(lambda document: any(not unicodedata.is_normalized("NFC", fact.text) for fact in document.facts))
    comes(lambda document: any(not unicodedata.is_normalized("NFD", fact.text) for fact in document.facts))
    comes(lambda document: "\u200d" in document.text)
