"""A record on a terminal."""

import io
import re

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from terminals import FakeTerminal, styled

from slotfill import Document
from slotfill.extractors.terminal.colours import Colour
from slotfill.extractors.terminal.marked_passages import NumberedMark, marked_passages
from slotfill.extractors.terminal.shown_record import LONGEST_VALUE, MOST_ROWS, show_record
from slotfill.extractors.terminal.visible_text import visible

TEXT = "The bell came late, and it did not ring. I want a refund."


def record(value, spans, **changes):
    made = {
        "document": {"id": Document.of(TEXT).id, "source": "a.txt", "chars": len(TEXT)},
        "schema": {"name": "feedback", "id": "0"},
        "model": "claude-haiku-5-5",
        "outcome": "valid",
        "value": value,
        "spans": spans,
        "edits": [],
        "conflicts": [],
        "attempts": [],
        "confidence": {},
        "found_in": {},
        "cost_usd": "0.0003",
        "ms": 1_200,
        "error": None,
    }
    return made | changes


def span(start, end, match="exact", **more):
    return {"start": start, "end": end, "match": match, **more}


def shown(monkeypatch, made, text=TEXT, columns=100):
    monkeypatch.setenv("COLUMNS", str(columns))
    stream = io.StringIO()
    show_record(made, text, stream)
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def test_each_value_is_told_of_and_what_stands_nowhere_first(monkeypatch):
    value = {"key_issues": ["came late", "did not ring"], "quote": "a lie", "urgency": 3}
    spans = {
        "/key_issues/0": span(9, 18, place={"page": 3, "box": [1, 2, 3, 4]}),
        "/key_issues/1": span(27, 39, "fuzzy"),
        "/quote": {"start": None, "end": None, "match": "absent"},
    }
    assert shown(monkeypatch, record(value, spans)) == [
        "a.txt  feedback: valid, claude-haiku-5-5, $0.0003, 1.2 s",
        "",
        "The bell [came late]¹, and it [did not ring]². I want a refund.",
        "",
        "✗  quote          a lie         stands nowhere in the text",
        "¹  key_issues[0]  came late     page 3",
        "²  key_issues[1]  did not ring  fuzzy match",
        "·  urgency        3             judged, not quoted",
    ]


def test_a_field_has_one_colour_in_the_text_and_below_it(monkeypatch):
    for name, setting in {"TERM": "xterm-256color", "COLUMNS": "100", "NO_COLOR": ""}.items():
        monkeypatch.setenv(name, setting)
    terminal = FakeTerminal()
    value = {"urgency": 3, "key_issues": ["The bell came late", "came late"], "wish": "refund", "quote": "a lie"}
    places = {"/key_issues/0": span(0, 18), "/key_issues/1": span(9, 18), "/wish": span(50, 56)}
    show_record(record(value, {**places, "/quote": span(None, None, "absent")}), TEXT, terminal)
    first, second = Colour.CYAN.code, Colour.MAGENTA.code
    pieces = [(text.strip(), codes) for text, codes in styled(terminal.getvalue()) if text.strip()]
    assert pieces == [
        *[("a.txt", "1"), ("feedback: valid, claude-haiku-5-5, $0.0003, 1.2 s", Colour.GREY.code)],
        *[("The bell", f"4;{first}"), ("came late", f"1;4;{first}"), ("²", first), ("¹", first)],
        *[("refund", f"4;{second}"), ("³", second)],
        *[(text, Colour.RED.code) for text in ("✗", "quote", "stands nowhere in the text")],
        *[("¹", first), ("key_issues[0]", first), ("²", first), ("key_issues[1]", first)],
        *[("³", second), ("wish", second), ("judged, not quoted", Colour.GREY.code)],
    ]


def test_what_is_too_long_for_a_line_goes_on_in_the_next_and_is_cut_where_nobody_reads_on(monkeypatch):
    made = record({"a" * 80: "x" * 150, "b": "y" * 500}, {})
    for columns in (60, 100):
        text = "".join(shown(monkeypatch, made, columns=columns)[4:])
        assert (text.count("x"), text.count("y"), text.count("…")) == (150, LONGEST_VALUE - 1, 1)


def test_a_place_is_told_as_its_form_has_it(monkeypatch):
    places = [{"sheet": "Q1", "cell": "B7"}, {"cell": "B7"}, {"part": "body"}]
    made = record([*"The"], {f"/{index}": span(index, index + 1, place=place) for index, place in enumerate(places)})
    assert [line.split()[-1] for line in shown(monkeypatch, made)[-3:]] == ["Q1!B7", "B7", "body"]


def test_a_value_that_is_no_object_and_a_text_without_a_source_have_names(monkeypatch):
    made = record("late", {"": span(14, 18)}, document={"id": "0", "source": None, "chars": 1})
    first, *_, last = shown(monkeypatch, made)
    assert first.startswith("the text  feedback")
    assert last == "¹  (value)  late"


def test_in_a_narrow_window_it_stands_below_the_value(monkeypatch):
    spans = {"/quote": span(None, None, "absent"), "/issue": span(9, 18)}
    lines = shown(monkeypatch, record({"quote": "a lie", "issue": "came late"}, spans), columns=40)
    assert max(map(len, lines)) <= 40
    assert lines[-3:] == ["✗  quote  a lie", "          stands nowhere in the text", "¹  issue  came late"]


def test_why_there_is_no_value_is_told(monkeypatch):
    made = record(None, {}, outcome="refused", error={"type": "refusal", "message": "the model refused", "path": ""})
    assert "the model refused [refusal]" in shown(monkeypatch, made)


def test_no_more_values_are_told_of_than_can_be_read(monkeypatch):
    value = {"list": [str(number) for number in range(MOST_ROWS + 7)]}
    assert shown(monkeypatch, record(value, {}))[-1] == "… and 7 more values"


def plain(text, *marks):
    numbered = [NumberedMark(number, *mark, "red") for number, mark in enumerate(marks, 1)]
    return marked_passages(text, numbered, coloured=False).plain


@pytest.mark.parametrize(
    ("marks", "line"),
    [
        ([(0, 4), (5, 7)], "[abcd]¹e[fg]²h"),
        ([(0, 7), (2, 4)], "[ab[cd]²efg]¹h"),
        ([(0, 4), (2, 6)], "[¹ab[²cd]¹ef]²gh"),
        ([(0, 4), (0, 4)], "[[abcd]²]¹efgh"),
        ([(0, 6), (2, 6)], "[ab[cdef]²]¹gh"),
        ([(3, 3)], "abcdefgh"),
    ],
)
def test_marks_that_nest_and_cross(marks, line):
    assert plain("abcdefgh", *marks) == line


def test_of_a_long_text_what_stands_around_the_marks_is_shown():
    text = "x" * 5_000 + "HERE" + "y" * 5_000
    line = plain(text, (5_000, 5_004))
    assert line == ("… 4,880 characters …\n" + "x" * 120 + "[HERE]¹" + "y" * 120 + " …\n… 4,880 characters …")
    assert "\n… 760 characters …\n" in plain(text, (1_000, 1_004), (2_004, 2_008))
    assert len(plain(text)) < 600
    assert len(plain(text, (0, 10_000))) < 1_000


MARKS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).map(sorted), max_size=5)


@examples(200)
@given(st.text(st.sampled_from("ab \n\x1b\u202e🎧e\u0301"), min_size=30, max_size=30), MARKS)
def test_the_text_is_all_there_in_colour_too(text, marks):
    numbered = [NumberedMark(number, *mark, "red") for number, mark in enumerate(marks, 1)]
    coloured, bare = (marked_passages(text, numbered, coloured=flag).plain for flag in (True, False))
    assert re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹]", "", coloured) == visible(text)
    assert re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹\\[\\]]", "", bare) == visible(text)
    assert "\x1b" not in coloured + bare
