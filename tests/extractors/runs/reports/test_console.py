"""What a terminal shows."""

import os
import subprocess
import sys
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill import Outcome
from slotfill.extractors.runs.reports.console import printable, progress
from slotfill.extractors.runs.reports.totals import Totals


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
    assert printable("half \ud83d of a pair, \u202e turned") == "half \\ud83d of a pair, \\u202e turned"


def test_no_progress_where_there_is_no_terminal(capsys):
    with progress(3, enabled=True) as update:
        update(Totals())
    assert capsys.readouterr().err == ""


OFF_A_TERMINAL = """
import sys
from slotfill.extractors.runs.reports.console import progress
from slotfill.extractors.runs.reports.totals import Totals
with progress(3, enabled=True) as update:
    update(Totals())
assert not [name for name in sys.modules if name.partition(".")[0] == "rich"]
"""


def test_what_draws_is_loaded_on_a_terminal_alone():
    subprocess.run([sys.executable, "-c", OFF_A_TERMINAL], stderr=subprocess.PIPE, check=True)


END = "\N{END OF TRANSMISSION}"


@pytest.fixture
def terminal(monkeypatch):
    """Give a function that makes standard error a terminal, and gives what reads it."""
    pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    ours, theirs = pty.openpty()
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")

    def opened():
        monkeypatch.setattr(sys, "stderr", file)
        return read

    def read():
        """Give all that has been written: a terminal passes it on in pieces, and when it comes to it."""
        file.write(END)
        file.flush()
        shown = b""
        while not shown.endswith(END.encode()):
            shown += os.read(ours, 1_000_000)
        return shown.decode().removesuffix(END)

    with open(theirs, "w", encoding="utf-8") as file:
        yield opened
    os.close(ours)


@pytest.mark.parametrize("total", [500, None])
def test_a_terminal_shows_how_far_a_run_is(terminal, total):
    read = terminal()
    totals = Totals(Counter({Outcome.VALID: 409, Outcome.FAILED: 3}), cost_usd=Decimal("0.0123"))
    with progress(total, enabled=True) as update:
        update(totals)
    shown = read()
    assert ("412 of 500, " if total else "412, ") in shown
    assert "$0.0123" in shown
    assert "409 valid, 3 failed" in shown


def test_a_terminal_shows_nothing_where_it_is_not_wanted(terminal):
    read = terminal()
    with progress(3, enabled=False) as update:
        update(Totals())
    assert not read()
