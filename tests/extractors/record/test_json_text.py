"""JSON as it is written."""

import json

from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.record.json_text import escaped, json_text


@given(st.text() | st.text(st.sampled_from("\x00\x1b\x7f\x85\u2028\ud800\t\r\na\\")))
def test_text_is_shown_whole_without_controls(text):
    assert json.loads(json_text(text)) == text
    shown = escaped(text)
    shown.encode()
    assert not any(character < " " and character not in "\t\r\n" for character in shown)
    assert escaped(shown) == shown


def test_how_it_looks():
    assert escaped("\x1b[2J\u2028\ud800 \t\r\n") == "\\u001b[2J\\u2028\\ud800 \t\r\n"
    assert json_text({"a": ["\x1b", "ä"]}) == '{"a": ["\\u001b", "ä"]}'
    assert json_text("a\x7f") == '"a\\u007f"'
