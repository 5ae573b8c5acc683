"""The command line on a terminal, and into a pipe beside it."""

import csv
import json
import os
import re
import subprocess
import sys
import time
from contextlib import redirect_stderr
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner

from slotfill.cli import main
from slotfill.commands.exit_codes import with_fix_below
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

pytest.importorskip("pty", reason="this system has no pseudo-terminals")

from terminals import Terminal, on_terminal, screen

FEEDBACK = {"sentiment": "negative", "key_issues": ["late"], "urgency": 3, "suggested_action": "Refund."}
PRETTY = json.dumps(FEEDBACK, indent=2)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    Path("a.txt").write_text("It came late.")
    return tmp_path


@pytest.fixture(autouse=True)
def claude(monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    simulated = SimulatedClaude(lambda _: FEEDBACK)
    with served(simulated) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        yield simulated


def test_one_value_stands_there_in_colour_with_nothing_before_it():
    process, written = on_terminal("extract", "feedback", "a.txt")
    assert process.returncode == 0
    assert '\x1b[38;5;64m"negative"' in written
    assert screen(written) == [*PRETTY.splitlines(), ""]


@pytest.mark.slow
@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_without_colour_it_is_plain(env):
    _, written = on_terminal("extract", "feedback", "a.txt", env=env)
    assert screen(written) == [*PRETTY.splitlines(), ""]
    assert not re.search(r"\x1b\[[\d;]*m", written)


@pytest.mark.slow
def test_into_a_pipe_goes_the_same_byte_for_byte():
    process, written = on_terminal("extract", "feedback", "a.txt", piped=("stdout",), env={"FORCE_COLOR": "1"})
    assert process.stdout.decode() == f"{PRETTY}\n"
    assert screen(written) == [""]


def test_no_line_of_progress_stays_behind():
    Path("rows.jsonl").write_text("".join(json.dumps({"text": f"{number} came late."}) + "\n" for number in range(9)))
    _, written = on_terminal("extract", "feedback", "rows.jsonl", "--rpm", "240", columns=200)
    lines = screen(written, 200)
    assert [json.loads(line)["source"] for line in lines[:9]] == [f"rows.jsonl#{number}" for number in range(1, 10)]
    assert lines[9].startswith("9 documents: 9 extracted")
    assert lines[10:] == [""]


def test_the_line_says_how_many_documents_stand_in_an_output_that_appears_whole():
    """Into a pipe that nobody reads the outputs come to a halt: the line has all the time it takes."""
    Path("rows.jsonl").write_text('{"text": "It came late."}\n' * 2_000)
    os.mkfifo("out.csv")
    terminal = Terminal()
    reader = os.open("out.csv", os.O_RDONLY | os.O_NONBLOCK)
    arguments = [sys.executable, "-m", "slotfill", "extract", "feedback", "rows.jsonl", "-o", "out.csv"]
    process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=terminal.theirs, stderr=terminal.theirs)
    while not (told := re.findall(rb"(\S+) of 2,000 written", terminal.written)) and process.poll() is None:
        time.sleep(0.05)
    os.set_blocking(reader, True)
    with open(reader, encoding="utf-8") as pipe:
        rows = [*csv.DictReader(pipe)]
    assert (process.wait(), len(rows)) == (0, 2_000)
    written = terminal.close()
    assert 0 < int(told[-1].replace(b",", b"")) < 2_000
    assert "2,000" in screen(written)[0]


def test_show_puts_the_text_with_its_marks_in_the_place_of_json():
    process, written = on_terminal("extract", "feedback", "a.txt", "--show")
    lines = screen(written)
    assert process.returncode == 0
    assert lines[0].startswith("a.txt  feedback: valid, claude-haiku-5-5, ")
    assert "It came late¹." in lines
    assert "{" not in lines
    assert [line.split()[1] for line in lines if line.startswith(("✗", "¹", "·"))] == [
        "key_issues[0]",
        "sentiment",
        "urgency",
        "suggested_action",
    ]


@pytest.mark.slow
def test_show_leaves_what_goes_into_a_pipe_as_it_is():
    process, written = on_terminal("extract", "feedback", "a.txt", "--show", piped=("stdout",))
    assert process.stdout.decode() == f"{PRETTY}\n"
    assert "It came late¹." in screen(written)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("-o v.json", "--show and -o exclude each other"),
        ("--stream", "--show and --stream exclude each other"),
        ("a.txt", "--show is for one document"),
    ],
)
def test_show_is_for_one_document_on_the_terminal(claude, options, said):
    result = CliRunner().invoke(main, ["extract", "feedback", "a.txt", "--show", *options.split()])
    assert (result.exit_code, said in result.stderr) == (2, True)
    assert claude.requests == []


def test_lists_are_tables():
    _, written = on_terminal("schemas", columns=60)
    lines = screen(written, 60)
    assert lines[0].split() == ["schema", "what", "it", "extracts"]
    assert {line.split()[0] for line in lines if line and line[:1] != " "} >= {"feedback"}


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("no INPUT: name files or folders", "no INPUT\n  name files or folders"),
        ("'a: b c.txt' is no JSON: write some", "'a: b c.txt' is no JSON\n  write some"),
        ("cannot read 'x': row 3: name a file", "cannot read 'x': row 3\n  name a file"),
        ("'d.jsonl': Is a directory", "'d.jsonl': Is a directory"),
        ("there is no file 'a: b c'", "there is no file 'a: b c'"),
        ('it is no object: a line is {"a": …, "b": c d}', 'it is no object\n  a line is {"a": …, "b": c d}'),
        ("x: `slotfill models` lists them", "x\n  `slotfill models` lists them"),
    ],
)
def test_an_error_says_what_to_do_in_a_second_line(message, shown, monkeypatch):
    with redirect_stderr(SimpleNamespace(isatty=lambda: True)):
        assert with_fix_below(click.UsageError(message)).message == shown
    assert with_fix_below(click.UsageError(message)).message == message


def test_an_error_on_a_terminal_has_its_fix_below():
    process, written = on_terminal("extract", "feedback", "a.txt", "--show", "--stream")
    assert process.returncode == 2
    assert screen(written)[-3:] == [
        "Error: --show and --stream exclude each other",
        "  what is shown goes to the terminal",
        "",
    ]


def test_where_failures_stand_is_told_before_what_the_run_has_done():
    Path("rows.jsonl").write_text("".join(json.dumps({"text": f"{number} came late."}) + "\n" for number in range(9)))
    command = ["extract", "feedback", "rows.jsonl", "--rejects", "r.jsonl"]
    with served(SimulatedClaude(lambda _: FEEDBACK, faults=["refusal:1"])) as url:
        result = CliRunner().invoke(main, command, env={"ANTHROPIC_BASE_URL": url})
    *told, last, summary = result.stderr.splitlines()
    assert (result.exit_code, len(told)) == (1, 3)
    assert last == "refusal: 6 more documents, 9 in all: their records are in r.jsonl"
    assert summary.startswith("9 documents: 0 extracted, 9 not (9 refused)")
    assert len(Path("r.jsonl").read_text().splitlines()) == 9
