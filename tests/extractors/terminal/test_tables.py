"""Tables on a terminal."""

import io

import pytest
from terminals import FakeTerminal, styled

from slotfill.extractors.terminal.colours import Colour
from slotfill.extractors.terminal.tables import show_heading, show_table

ROWS = [("key_issues", "1,200", "ok"), ("urgency \x1b[2J\u202e", "3", "a sentence that takes more room than there is")]


def shown(monkeypatch, rows, columns, **options):
    monkeypatch.setenv("COLUMNS", str(columns))
    stream = io.StringIO()
    show_table(rows, stream, **options)
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def test_figures_stand_to_the_right_below_a_head(monkeypatch):
    lines = shown(monkeypatch, ROWS[:1], 60, header=("field", "documents", "state"), to_right={1})
    assert lines == [
        "field       documents  state",
        "────────────────────────────",
        "key_issues      1,200  ok",
    ]


@pytest.mark.parametrize("columns", [30, 50])
def test_what_there_is_no_room_for_goes_on_in_the_next_line(monkeypatch, columns):
    lines = shown(monkeypatch, ROWS, columns)
    assert max(map(len, lines)) <= columns
    assert "".join("".join(lines).split()).count("sentence") <= 1


def test_nothing_in_it_drives_the_terminal(monkeypatch):
    text = "\n".join(shown(monkeypatch, ROWS, 200, header=("a\x1b[2J", "b", "c")))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b[2J" in text


def test_a_heading_is_a_line():
    stream = io.StringIO()
    show_heading("7 laws: [red]none[/] broken :bell:\x1b", stream)
    assert stream.getvalue() == "7 laws: [red]none[/] broken :bell:\\x1b\n"


def test_a_row_may_end_early(monkeypatch):
    assert shown(monkeypatch, [("a", "b"), ("c",)], 60, header=("x", "y", "z")) == ["x  y  z", "───────", "a  b", "c"]


def test_what_a_state_is_shows_in_its_colour(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = FakeTerminal()
    show_table([("valid",), ("missing",), ("failed",), ("all ok",)], terminal, styles={3: "bold"})
    assert [(text.strip(), codes) for text, codes in styled(terminal.getvalue())] == [
        *[("valid", Colour.GREEN.code), ("missing", Colour.AMBER.code), ("failed", f"1;{Colour.RED.code}")],
        ("all ok", "1"),
    ]


@pytest.mark.parametrize(
    ("columns", "head"),
    [(28, "field documents state"), (27, "field documents"), (21, "field documents"), (20, "field")],
)
@pytest.mark.parametrize("name", ["key_issues", "問題の一覧"])
def test_what_can_be_spared_goes_where_there_is_no_room(monkeypatch, columns, head, name):
    lines = shown(
        monkeypatch, [(name, "1,200", "valid")], columns, header=("field", "documents", "state"), spare=(2, 1)
    )
    assert lines[0].split() == head.split()
