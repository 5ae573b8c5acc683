"""What a terminal shows."""

from contextlib import redirect_stderr, redirect_stdout

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from terminals import FakeTerminal, screen, wait_for

from slotfill.extractors.runs.reports.console import printable, step_line, transfer_line


@given(st.text())
@example("\n\n")
def test_what_is_shown_drives_no_terminal(text):
    shown = printable(text)
    assert not any(character < " " and character not in "\t\n" for character in shown)
    assert not any("\x7f" <= character <= "\x9f" for character in shown)
    assert "\n" not in shown[:-1]


def test_plain_text_is_shown_as_it_is():
    assert printable("naïve 日本語 🎧\n") == "naïve 日本語 🎧\n"
    assert printable("a\nb") == "a\\nb"
    assert printable("half \ud83d of a pair, \u202e turned\u200f") == "half \\ud83d of a pair, \\u202e turned\\u200f"


@pytest.fixture
def terminal(monkeypatch):
    """Give a terminal of 20 columns."""
    for name, value in {"TERM": "xterm-256color", "COLUMNS": "20", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    return FakeTerminal()


def test_a_step_stands_in_one_line_however_narrow_until_the_last_is_done(terminal):
    with redirect_stdout(terminal), redirect_stderr(terminal), step_line() as show:
        show("validators raise what Pydantic takes")
        wait_for("validators raise wh", terminal)
        show("a\nb \x1b[2J")
        wait_for("a\\nb \\x1b[2J", terminal)
    assert "validators raise wha" not in terminal.getvalue()
    assert screen(terminal.getvalue(), 20) == [""]


def test_a_download_says_how_many_megabytes_of_how_many(terminal):
    with redirect_stdout(terminal), redirect_stderr(terminal), transfer_line() as tell:
        tell(1_500_000, 0)
        wait_for("1 MB", terminal)
        assert "%" not in terminal.getvalue()
        tell(46_500_000, 93_000_000)
        wait_for(" 49%  46 of 93 MB", terminal)
    assert screen(terminal.getvalue(), 20) == [""]


@pytest.mark.parametrize("line", [step_line, transfer_line])
def test_where_nobody_looks_there_is_no_line(capsys, line):
    with line():
        pass
    assert capsys.readouterr() == ("", "")
