"""Gold from decisions: which lines change, and which stay to the letter."""

import json

import pytest

from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.review.reviewed_gold import merged_gold, parse_gold_file

TEXT = "one"
ID = GoldDocument.of(1, text=TEXT).id
KEY = (ID, "a.txt")
GOLD = GoldDocument.of({"n": 1}, text=TEXT, source="a.txt", spans={"/n": (0, 3)})
WRITTEN = json.dumps(
    {"id": ID, "source": "a.txt", "text": TEXT, "value": {"n": 1}, "spans": {"/n": {"start": 0, "end": 3}}}
)


def merged(text, decided, written=()):
    return [*merged_gold(parse_gold_file(text), decided, written)]


def test_new_gold_stands_behind_what_was_there():
    other = '{"source":"b.txt",  "value":1e2}'
    assert merged(other, {KEY: GOLD}) == [other, WRITTEN]


def test_gold_that_says_the_same_stays_as_it_stands_there():
    line = json.dumps({**json.loads(WRITTEN), "value": {"n": 1.0}}, indent=None, separators=(",", ":"))
    assert merged(line, {KEY: GOLD}) == [line]


@pytest.mark.parametrize("known", [{"id": ID}, {"text": TEXT}, {"source": "a.txt"}, {"id": ID, "source": "a.txt"}])
def test_a_line_is_known_by_text_or_source_and_keeps_its_labels(known):
    (line,) = merged(json.dumps({**known, "value": 0, "lang": "de"}), {KEY: GOLD})
    assert json.loads(line) == {**json.loads(WRITTEN), "lang": "de"}


def test_a_line_of_the_same_text_from_elsewhere_is_another_document():
    other = json.dumps({"id": ID, "source": "copy.txt", "value": 0})
    assert merged(other, {KEY: GOLD}) == [other, WRITTEN]


def test_of_what_is_gold_no_more_only_what_review_wrote_goes():
    labelled = json.dumps({"source": "a.txt", "value": 0, "lang": "de"})
    assert merged(WRITTEN, {KEY: None}) == [WRITTEN]
    assert merged(WRITTEN, {KEY: None}, [KEY]) == []
    assert merged(labelled, {KEY: None}, [KEY]) == [labelled]


def test_a_line_that_is_no_gold_is_named():
    with pytest.raises(ValueError, match="line 3: its 'id' is not"):
        parse_gold_file(f'{WRITTEN}\n\n{{"text": "a", "id": "{ID}", "value": 1}}')
    assert len(parse_gold_file(f"\ufeff{WRITTEN}\r\n")) == 1
