"""The command line with standard streams as shells leave them, and with names that no system takes."""

import errno
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from slotfill.cli import main
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

LONG = "a" * 258
FEEDBACK = {"sentiment": "negative", "key_issues": ["late"], "urgency": 3, "suggested_action": "Refund."}
COMMAND = f'"{sys.executable}" -m slotfill'


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("It came late.")
    return tmp_path


@pytest.fixture
def claude(monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    simulated = SimulatedClaude(lambda _: FEEDBACK)
    with served(simulated) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        yield simulated


def shell(line):
    """Run a command line, `slotfill …` with what a shell does to its streams."""
    line = line.replace("slotfill", COMMAND, 1)
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, timeout=120)


def typed(line):
    """Run a command line in this process, which takes a fraction of the time."""
    result = CliRunner().invoke(main, shlex.split(line)[1:])
    return subprocess.CompletedProcess(line, result.exit_code, result.stdout, result.stderr)


def check_one_line(result, code, said):
    assert (result.returncode, result.stdout) == (code, "")
    assert said in result.stderr
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", ["schemas", "--help", pytest.param("extract feedback a.txt --dry-run", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(("stream", "reason"), [(">&-", errno.EBADF), (">/dev/full", errno.ENOSPC)])
def test_standard_output_that_cannot_be_written_is_one_line(arguments, stream, reason):
    result = shell(f"slotfill {arguments} {stream}")
    check_one_line(result, 1, f"cannot write to standard output: {os.strerror(reason)}")


@pytest.mark.parametrize(
    "options", ["", *(pytest.param(one, marks=pytest.mark.slow) for one in ("--record", "--stream -o v.json"))]
)
def test_a_closed_standard_output_is_told_before_any_call(claude, options):
    result = shell(f"slotfill extract feedback a.txt {options} >&-")
    assert result.returncode in (1, 2)
    assert "standard output is closed: name an output with -o" in result.stderr
    assert "Traceback" not in result.stderr
    assert claude.requests == []


@pytest.mark.slow
def test_a_full_standard_output_stops_the_run_that_can_be_gone_on_with(claude):
    result = shell("slotfill extract feedback a.txt >/dev/full")
    assert result.returncode == 1
    assert "stopped: cannot write to standard output: No space left on device\n" in result.stderr
    assert "Exception" not in result.stderr
    again = shell("slotfill extract feedback a.txt")
    assert (again.returncode, json.loads(again.stdout), len(claude.requests)) == (0, FEEDBACK, 1)


@pytest.mark.parametrize(
    "streams", [">&- 2>&- <&-", *(pytest.param(one, marks=pytest.mark.slow) for one in ("2>/dev/full", "2>&-"))]
)
def test_no_other_file_takes_the_place_of_a_closed_stream(claude, streams):
    result = shell(f"slotfill extract feedback a.txt -o v.json -vv {streams}")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert json.loads(Path("v.json").read_text()) == FEEDBACK
    assert sorted(os.listdir()) == [".slotfill", "a.txt", "v.json"]


@pytest.mark.parametrize("stream", ["2>&-", "2>/dev/full"])
def test_an_error_that_cannot_be_said_keeps_its_code_and_its_place(stream):
    result = shell(f"slotfill extract feedback no.txt {stream}")
    assert (result.returncode, result.stdout) == (2, "")


def test_a_closed_standard_input_is_an_error():
    result = shell("slotfill extract feedback <&-")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.endswith("Error: no INPUT: name files or folders, or - for standard input\n")
    check_one_line(shell("slotfill extract feedback a.txt - --dry-run <&-"), 2, "standard input is closed: name files")


def test_a_reader_that_leaves_ends_quietly():
    result = shell("slotfill extract --help | head -c 1; exit ${PIPESTATUS[1]}")
    assert (result.returncode, result.stdout, result.stderr) == (0, "U", "")


NAMES = {
    "extract feedback NAME": "there is no file or folder",
    "extract feedback a.txt -o NAME": os.strerror(errno.ENAMETOOLONG),
    "extract feedback a.txt -o NAME.jsonl": os.strerror(errno.ENAMETOOLONG),
    "extract feedback a.txt -o NAME.csv": os.strerror(errno.ENAMETOOLONG),
    "extract feedback a.txt -o NAME/v.json": os.strerror(errno.ENAMETOOLONG),
    "extract feedback a.txt --rejects NAME.jsonl": os.strerror(errno.ENAMETOOLONG),
    "extract feedback a.txt --examples NAME": os.strerror(errno.ENAMETOOLONG),
    "extract feedback a.txt -o ''": "the output has an empty name",
    "extract feedback ''": "an input has an empty name",
    "extract NAME a.txt": "unknown schema",
    "refine NAME x": "there is no file",
    "costs NAME": os.strerror(errno.ENAMETOOLONG),
    "check NAME": "unknown schema",
    "schemas NAME": "unknown schema",
    "simulate --replies NAME": os.strerror(errno.ENAMETOOLONG),
}


@pytest.mark.parametrize("line", NAMES)
def test_a_name_that_no_system_takes_is_one_line(claude, line):
    check_one_line(typed("slotfill " + line.replace("NAME", LONG)), 2, NAMES[line])
    assert claude.requests == []


@pytest.mark.parametrize(
    "record", ["[" * 100_000, '{"slotfill":' + "[" * 100_000, '{"slotfill": ' + "[" * 900 + "]" * 900 + "}"]
)
def test_a_record_that_is_nested_too_deeply_is_one_line(record):
    Path("r.json").write_text(record)
    check_one_line(typed("slotfill refine r.json x"), 2, "'r.json' holds no record: lists and objects are nested more")


@pytest.mark.parametrize(
    "record",
    [
        '{"slotfill": 1, "document": [], "schema": [], "outcome": []}',
        '{"slotfill": 1, "document": {"source": "a\\u0000b", "id": 1}, "schema": {}, "outcome": "valid"}',
        '{"slotfill": 1, "document": {}, "schema": {}, "outcome": {}}',
        "null",
        "",
    ],
)
def test_a_record_that_is_none_is_one_line(record):
    Path("r.json").write_text(record)
    check_one_line(typed("slotfill refine r.json x"), 2, "")


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("d.jsonl", "'d.jsonl': Is a directory"),
        ("d.db", "'d.db': Is a directory"),
        ("/dev/full", "'/dev/full'"),
        ("pipe", "'pipe'"),
        ("x.xls", "'x.xls' names a format that is not written: write a .json, .jsonl"),
    ],
)
def test_an_output_that_is_none_is_one_line_before_any_call(claude, output, said):
    os.mkfifo("pipe")
    for name in ("d.jsonl", "d.db"):
        Path(name).mkdir()
    check_one_line(typed(f"slotfill extract feedback a.txt -o {output}"), 2, said)
    assert claude.requests == []
