"""What a run writes quotes documents: it is its owner's alone, unless it was there with other rights."""

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from slotfill.cli import main
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

FEEDBACK = {"sentiment": "negative", "key_issues": ["late"], "urgency": 3, "suggested_action": "Refund."}


@pytest.fixture(autouse=True)
def claude(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-simulated")
    with served(claude := SimulatedClaude([FEEDBACK, {**FEEDBACK, "urgency": 9}] * 9)) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        for name in "ab":
            Path(f"{name}.txt").write_text(f"It came late, {name}.")
        yield claude


def extract(*arguments):
    command = ["extract", "feedback", "a.txt", "b.txt", "--retries", "0", "--concurrency", "1", *arguments]
    assert CliRunner().invoke(main, command, catch_exceptions=False).exit_code == 1


def open_to_others(folder):
    """Give the files that others can reach, whatever their folders say."""
    files = [path for path in Path(folder).rglob("*") if path.is_file() and path.suffix != ".txt"]
    assert files
    return [path for path in files if stat.S_IMODE(path.stat().st_mode) & 0o077]


@pytest.mark.parametrize("output", ["out.jsonl", "out.csv", "out.db", "out.parquet", "out"])
@pytest.mark.parametrize("records", [(), ("--record",)], ids=["values", "records"])
def test_what_is_new_is_its_owners_alone(output, records):
    extract("-o", output, "--rejects", "rejects.jsonl", *records)
    assert open_to_others(".") == []
    assert Path(output).exists()
    assert Path("rejects.jsonl").stat().st_size


def test_so_is_a_tape():
    extract("--cassette", "tapes/tape.jsonl")
    assert open_to_others("tapes") == []


def test_what_was_there_keeps_its_rights():
    for name in ("out.jsonl", "rejects.jsonl"):
        Path(name).touch()
        Path(name).chmod(0o640)
    extract("-o", "out.jsonl", "--rejects", "rejects.jsonl")
    assert {stat.S_IMODE(Path(name).stat().st_mode) for name in ("out.jsonl", "rejects.jsonl")} == {0o640}


def test_a_new_folder_is_closed_and_one_that_was_there_is_left():
    extract("-o", "new")
    Path("old").mkdir(mode=0o755)
    extract("-o", "old")
    assert [stat.S_IMODE(Path(name).stat().st_mode) for name in ("new", "old")] == [0o700, 0o755]
