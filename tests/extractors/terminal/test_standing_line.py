"""A line at the foot of a terminal."""

import io
import re
import subprocess
import sys
import threading
from contextlib import contextmanager, redirect_stderr, redirect_stdout

import click
import pytest
from rich.console import Console
from terminals import screen

from slotfill.extractors.terminal import standing_line
from slotfill.extractors.terminal.progress import Progress
from slotfill.extractors.terminal.standing_line import progress_line


class FakeTerminal(io.TextIOWrapper):
    """A stream that says that it is a terminal."""

    def __init__(self):
        super().__init__(io.BytesIO(), "utf-8", write_through=True, newline="")

    def isatty(self):
        return True

    @property
    def written(self):
        return self.buffer.getvalue().decode()


@pytest.fixture
def terminal(monkeypatch):
    """Give a terminal of 60 columns."""
    for name, value in {"TERM": "xterm-256color", "COLUMNS": "60"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    return FakeTerminal()


@contextmanager
def at_work(terminal, steps, appears_after=0.0):
    """Show the line while standard output and standard error are a terminal.

    In a test, not in its fixtures: pytest gives the streams anew to each part of a test.
    """
    with redirect_stdout(terminal), redirect_stderr(terminal), progress_line(steps, appears_after=appears_after):
        yield


class Steps:
    """Says how far it is, and can be waited for to have been drawn."""

    def __init__(self):
        self.done = 0
        self._asked = threading.Semaphore(0)

    def __call__(self):
        self._asked.release()
        return Progress(self.done, 10)

    def wait_until_drawn(self):
        """Wait for a drawing that begins from now on, and for its end: that of the next has begun."""
        while self._asked.acquire(blocking=False):
            pass
        for _ in range(2):
            assert self._asked.acquire(timeout=60)


@pytest.fixture
def steps(monkeypatch):
    monkeypatch.setattr(standing_line, "REDRAWN_AFTER", 0.001)
    return Steps()


def test_the_line_shows_how_far_it_is_and_goes(terminal, steps):
    with at_work(terminal, steps):
        steps.wait_until_drawn()
        steps.done = 4
        steps.wait_until_drawn()
    written = terminal.written
    drawn = [screen(written[:end]) for end in range(len(written)) if written[end] == "\r"]
    assert any("  4 of 10  " in lines[-1] for lines in drawn)
    assert screen(written) == [""]


def test_what_is_written_stands_above_it(terminal, steps):
    with at_work(terminal, steps):
        steps.wait_until_drawn()
        click.echo("one", err=True)
        sys.stdout.buffer.write(b'{"two": 2}\n')
        steps.wait_until_drawn()
        sys.stdout.write("thr")
        steps.wait_until_drawn()
        sys.stdout.write("ee\n")
        steps.wait_until_drawn()
    written = terminal.written
    assert screen(written) == ["one", '{"two": 2}', "three", ""]


def test_no_part_of_a_line_is_drawn_over(terminal, steps):
    with at_work(terminal, steps):
        steps.wait_until_drawn()
        sys.stdout.write("half")
        steps.wait_until_drawn()
    written = terminal.written
    assert screen(written) == ["half"]


def test_in_a_window_that_was_made_narrower_it_takes_more_rows_than_one(terminal, steps, monkeypatch):
    """They are cleared as well: a terminal breaks a line anew that is too long for it."""
    with at_work(terminal, steps):
        steps.wait_until_drawn()
        monkeypatch.setattr(Console, "width", 25)
    assert terminal.written.count("\x1b[1A\x1b[2K") >= 1


def test_what_is_quick_needs_no_line(terminal, steps):
    with at_work(terminal, steps, standing_line.APPEARS_AFTER):
        sys.stdout.write("done\n")
    assert terminal.written == "done\n"


def test_the_streams_are_given_back(terminal, steps):
    with redirect_stdout(terminal), redirect_stderr(terminal):
        with pytest.raises(ZeroDivisionError), progress_line(steps, appears_after=0):
            steps.done = 1 // 0
        streams = sys.stdout, sys.stderr
    assert streams == (terminal, terminal)
    assert screen(terminal.written) == [""]


@pytest.mark.parametrize("name", ["dumb", "unknown"])
def test_a_terminal_that_clears_no_line_has_none(terminal, steps, name, monkeypatch):
    monkeypatch.setenv("TERM", name)
    with at_work(terminal, steps):
        sys.stdout.write("done\n")
    assert terminal.written == "done\n"


def test_without_colour_it_is_plain(terminal, steps, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    with at_work(terminal, steps):
        steps.wait_until_drawn()
    assert "0 of 10" in terminal.written
    assert not re.search(r"\x1b\[[\d;]*m", terminal.written)


OFF_A_TERMINAL = """
import sys
from slotfill.extractors.terminal.standing_line import progress_line
with progress_line(lambda: 1 / 0, appears_after=0):
    pass
assert not [name for name in sys.modules if name.partition(".")[0] == "rich"]
"""


def test_what_draws_is_loaded_on_a_terminal_alone():
    done = subprocess.run([sys.executable, "-c", OFF_A_TERMINAL], capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
