"""JSON on a terminal."""

import json
import re

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from terminals import styled

from slotfill.extractors.record.json_text import json_text
from slotfill.extractors.terminal.colours import Colour
from slotfill.extractors.terminal.json_colours import coloured_json

CODES = re.compile(r"\x1b\[[\d;]+m")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@examples(200)
@given(VALUES, st.sampled_from([None, 2]))
def test_it_says_what_it_says_without_colour(value, indent):
    coloured = coloured_json(json_text(value, indent=indent))
    assert json.loads(CODES.sub("", coloured)) == value
    assert "\x1b" not in CODES.sub("", coloured)


def test_keys_texts_numbers_and_constants_differ():
    grey = Colour.GREY.code
    assert styled(coloured_json('{"a": ["b", -1.5, null]}')) == [
        *[("{", grey), ('"a"', "1"), (":", grey), ("[", grey), ('"b"', Colour.GREEN.code), (",", grey)],
        *[("-1.5", Colour.CYAN.code), (",", grey), ("null", Colour.MAGENTA.code), ("]}", grey)],
    ]


@pytest.mark.parametrize("text", ["a\u202eb", "\x1b[2J", "\x9b2J", "\u2066"])
def test_no_text_drives_the_terminal(text):
    plain = CODES.sub("", coloured_json(json_text([text])))
    assert plain.isascii()
    assert plain.isprintable()
    assert json.loads(plain) == [text]
