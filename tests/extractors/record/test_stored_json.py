"""What was stored is read as what it says; half of a surrogate pair alone is marked."""

import json

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from slotfill.extractors.record.stored_json import parse_stored


@given(st.dictionaries(st.text() | st.text(st.sampled_from("\\ud830€\U0001f600\uffff")), st.text()), st.booleans())
@example({"\U0001f600": "\\ud83d\\ude00 \\ud800"}, True)
@example({"/a\\": "\\"}, True)
def test_every_text_is_read_as_it_was_written(texts, ascii_alone):
    assert parse_stored(json.dumps(texts, ensure_ascii=ascii_alone), dict[str, str]) == texts


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"\ud800", "\ufffd"),
        (r"\ude00\ud83d", "\ufffd\ufffd"),
        (r"\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
        (r"\uD83D\uDE00\uDE00", "\U0001f600\ufffd"),
        (r"\\\ud800", "\\\ufffd"),
        (r"\\ud800", r"\ud800"),
    ],
)
def test_half_a_pair_is_marked_and_nothing_else(written, read):
    assert parse_stored(f'{{"{written}": 1}}', dict[str, int]) == {read: 1}
