"""What the page shows of a record."""

import json

import pytest
from reviewing import record

from slotfill.extractors.errors import InputError
from slotfill.extractors.serving.playground.playground_view import playground_view
from slotfill.schemas.json_values.exact_json import loads

TEXT = "😀 Invoice 17"


def made(**changes):
    spans = {"/number": {"start": 10, "end": 12, "match": "exact"}}
    return record({"number": "17"}, TEXT, source=None, spans=spans, **changes)


def test_places_are_told_as_a_script_counts():
    shown = playground_view(made(), TEXT)
    (row,) = shown["view"]["fields"]
    assert (row["points"], row["span"]) == ([10, 12], [11, 13])
    assert shown["entry"]["outcome"] == "valid"


def test_numbers_keep_their_digits():
    shown = playground_view(loads(json.dumps(made()).replace('"17"', "12345678901234567891.50")), TEXT)
    assert shown["view"]["fields"][0]["digits"] == "12345678901234567891.50"


@pytest.mark.parametrize("damage", [{}, {"slotfill": 99}, {"slotfill": 1, "value": 1}, {**made(), "spans": 7}])
def test_what_is_no_record_is_refused(damage):
    with pytest.raises(InputError):
        playground_view(damage, TEXT)


def test_a_record_of_another_text_marks_nothing_outside_it():
    assert "span" not in playground_view(made(), "short")["view"]["fields"][0]
