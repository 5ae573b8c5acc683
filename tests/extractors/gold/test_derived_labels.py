"""Slices by where documents come from and by how long they are, which nobody has to label."""

import pytest

from slotfill.extractors.evaluation.evaluation import evaluate_pairs
from slotfill.extractors.gold.derived_labels import with_derived_label
from slotfill.extractors.gold.gold_document import GoldDocument


def labels(name, *pairs):
    return [gold.labels.get(name) for gold, _ in with_derived_label(pairs, name)]


def record(**note):
    return {"slotfill": 1, "document": note}


def test_the_source_is_the_folder_of_a_file_and_the_file_of_a_row():
    documents = [
        (GoldDocument.of({}, source="mails/may/1.eml"), None),
        (GoldDocument.of({}, source="reviews.csv#12"), None),
        (GoldDocument.of({}, text="a"), record(source="notes/a.txt")),
        (GoldDocument.of({}, text="b"), None),
        (GoldDocument.of({}, text="c"), record(source=7)),
    ]
    assert labels("source", *documents) == ["mails/may", "reviews.csv", "notes", None, None]


@pytest.mark.parametrize(
    ("chars", "band"),
    [
        (1, "0 to 499"),
        (499, "0 to 499"),
        (500, "500 to 1,999"),
        (9_999, "2,000 to 9,999"),
        (50_000, "from 50,000"),
    ],
)
def test_the_length_is_that_of_the_text_or_what_the_record_says(chars, band):
    of_text = (GoldDocument.of({}, text="x" * chars), record(chars=3))
    of_record = (GoldDocument.of({}, source="a.txt"), record(chars=chars))
    assert labels("length", of_text, of_record) == [band, band]
    assert labels("length", (GoldDocument.of({}, source="a.txt"), {"source": "a.txt", "value": {}})) == [None]


def test_labels_of_gold_itself_come_first():
    own = (GoldDocument.of({}, text="a", labels={"length": "short"}), None)
    other = (GoldDocument.of({}, text="b"), None)
    assert labels("length", own, other) == ["short", None]
    assert with_derived_label([other], "lang") == [other]


def test_slices_of_lengths_are_in_their_order():
    texts = ["x" * length for length in (60_000, 12_000, 700, 3)]
    pairs = with_derived_label([(GoldDocument.of({"a": 1}, text=text), None) for text in texts], "length")
    slices = evaluate_pairs(pairs, by="length", resamples=0).slices
    assert [*slices] == ["0 to 499", "500 to 1,999", "10,000 to 49,999", "from 50,000"]
