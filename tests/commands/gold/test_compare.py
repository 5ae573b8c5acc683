"""`slotfill compare`: paired with gold, and what has moved without."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from slotfill.cli import main


def run(*arguments):
    return CliRunner().invoke(main, ["compare", *map(str, arguments)], catch_exceptions=False)


def write(path, lines):
    Path(path).write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = [f"{number}.txt" for number in range(40)]
    write("gold.jsonl", ({"source": name, "value": {"a": 1, "b": "x"}} for name in names))
    write("a.jsonl", ({"source": name, "value": {"a": 1 if at % 2 else 2, "b": "x"}} for at, name in enumerate(names)))
    write("b.jsonl", ({"source": name, "value": {"a": 1, "b": "x" if at else "y"}} for at, name in enumerate(names)))
    return tmp_path


def test_it_says_what_is_better_and_what_is_not_shown():
    result = run("a.jsonl", "b.jsonl", "--gold", "gold.jsonl")
    assert result.exit_code == 0
    lines = {line.split("  ")[0]: " ".join(line.split()) for line in result.stdout.splitlines()}
    assert lines["/a"].startswith("/a 50.0 100.0 +50.0 (")
    assert lines["/a"].endswith(" better")
    assert "no difference shown; " in lines["/b"]
    assert "documents would show it" in lines["/b"]
    assert "right as a whole in A alone: 0, in B alone: 19 of 40 documents (McNemar, p = 3.81e-06)" in result.stdout
    reverse = run("b.jsonl", "a.jsonl", "--gold", "gold.jsonl").stdout
    assert " worse" in reverse
    data = json.loads(run("a.jsonl", "b.jsonl", "--gold", "gold.jsonl", "--json").stdout)
    assert data["whole_tolerated"]["second_only"] == 19


def test_without_gold_it_says_what_has_moved(folder):
    result = run("a.jsonl", "b.jsonl")
    assert result.exit_code == 0
    assert result.stdout.startswith("A: 40 documents, B: 40\n")
    moved = [line for line in result.stdout.splitlines() if line.startswith("/a")]
    assert moved
    assert not [line for line in result.stdout.splitlines() if line.startswith("/b")]
    assert json.loads(run("a.jsonl", "b.jsonl", "--json").stdout)["moved"] == ["/a"]
    assert "no field is shown to have moved" in run("a.jsonl", "a.jsonl").stdout


def test_a_report_holds_both(folder):
    result = run("a.jsonl", "b.jsonl", "--gold", "gold.jsonl", "--html", "r.html")
    assert (result.exit_code, "the report is in r.html" in result.stderr) == (0, True)
    page = Path("r.html").read_text("utf-8")
    assert "b.jsonl (B) against a.jsonl (A)" in page
    assert "B against A" in page


def test_wrong_usage_exits_with_2():
    assert run("a.jsonl", "none.jsonl").exit_code == 2
    assert run("a.jsonl", "b.jsonl", "--html", "r.html").exit_code == 2
    assert run("a.jsonl", "b.jsonl", "--gold", "none.jsonl").exit_code == 2
