"""`slotfill evaluate`: what it says of stored records, without a request, and of a run that it makes itself."""

import json
import socket
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner

from slotfill.cli import main
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

SCHEMA = "name, age int?, tags [str]?"
GOLD = [
    {"text": "Ada is 36.", "value": {"name": "Ada", "age": 36}, "lang": "en"},
    {"text": "Bo is 7.", "value": {"name": "Bo", "age": 7, "tags": ["a", "b"]}, "lang": "de"},
    {"source": "c.txt", "value": {"name": "Cy", "age": None}, "lang": "de"},
]
VALUES = [{"name": "Ada", "age": 35}, {"name": "Bo", "age": 7, "tags": ["b"]}, {"name": "Cy", "age": 3}]


def run(*arguments):
    return CliRunner().invoke(main, ["evaluate", *map(str, arguments)], catch_exceptions=False)


def write(path, *lines):
    Path(path).write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("gold.jsonl", *GOLD)
    (tmp_path / "c.txt").write_text("Cy.", "utf-8")
    return tmp_path


@pytest.fixture
def claude(folder, monkeypatch):
    """Answer with a value for each text, by its name."""
    claude = SimulatedClaude(lambda request: next(one for one in VALUES if one["name"] in request.document))
    with served(claude) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-simulated")
        yield claude


@pytest.fixture
def offline(monkeypatch):
    """Refuse every connection."""

    def refuse(*_):
        pytest.fail("something was sent")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def extract(*arguments):
    inputs = []
    for number, line in enumerate(GOLD[:2]):
        Path(f"{number}.txt").write_text(line["text"], "utf-8")
        inputs.append(f"{number}.txt")
    result = CliRunner().invoke(main, ["extract", SCHEMA, *inputs, "c.txt", "-m", "claude-haiku-5-5", *arguments])
    assert result.exit_code == 0, result.stderr


COUNTS = {"right": 5, "tolerated": 0, "wrong": 1, "omitted": 1, "hallucinated": 1}


@pytest.mark.parametrize("output", [("r.jsonl", "--record"), ("r.csv",), ("r", "--record"), ("r.parquet",)])
def test_what_a_run_has_written_is_scored_without_a_request(claude, request, output):
    extract("-o", *output)
    sent = len(claude.requests)
    request.getfixturevalue("offline")
    result = run("gold.jsonl", output[0], "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["scores"]["micro"]["counts"] == COUNTS
    assert len(claude.requests) == sent
    if output[0] == "r.csv":
        (ledger,) = Path(".slotfill").glob("r.csv*.db")
        assert json.loads(run("gold.jsonl", ledger, "--json").stdout)["scores"]["micro"]["counts"] == COUNTS
        with closing(sqlite3.connect(ledger)) as database:
            database.execute("PRAGMA user_version = 99")
        refused = run("gold.jsonl", ledger)
        assert (refused.exit_code, "newer slotfill" in refused.stderr) == (2, True)


def test_the_table_says_what_is_right_and_what_not(folder, offline):
    write("r.jsonl", {"source": "c.txt", "value": VALUES[2]}, {"source": "d\x1b[31m.txt", "value": {}})
    result = run("gold.jsonl", "r.jsonl", "--by", "lang")
    assert result.exit_code == 0
    assert "\x1b" not in result.output
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "field F1 (95 %) precision recall right wrong omitted hallucinated in gold" in lines
    assert any(line.startswith("/name 50.0 ") and line.endswith("100.0 33.3 1 0 2 0 3") for line in lines)
    assert any(line.startswith("documents right as a whole: 0.0") for line in lines)
    assert "without a value: 2 documents, of which all counts as omitted" in lines
    assert any(line.startswith("en 1 0.0") for line in lines)
    assert r"d\x1b[31m.txt" in result.stderr
    assert "2 gold documents without a record" in result.stderr


def test_it_fails_under_a_threshold_and_says_which(folder):
    write("r.jsonl", *({"source": "c.txt", "value": VALUES[2]},))
    result = run("gold.jsonl", "r.jsonl", "--fail-under", "F1:/name=0.9", "--fail-under", "precision:/name=1")
    assert result.exit_code == 1
    assert "failed: f1 of /name is 0.5000: it must be at least 0.9" in result.stderr
    assert "precision" not in result.stderr
    assert run("gold.jsonl", "r.jsonl", "--fail-under", "F1=0.1", "--fail-under", "right=0").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "name RECORDS, what `slotfill extract` wrote, or extract first with -s SCHEMA -m MODEL"),
        (("-s", SCHEMA), "name RECORDS"),
        (("-m", "local"), "name RECORDS"),
        (("r.jsonl", "-s", SCHEMA, "-m", "local"), "exclude each other"),
        (("r.jsonl", "--fail-under", "F2=1"), "'F2=1' is not of the form"),
        (("r.jsonl", "--fail-under", "F1=2"), "'2' in 'F1=2' is no number from 0 to 1"),
        (("r.jsonl", "--fail-under", "F1=nan"), "no number from 0 to 1"),
        (("r.jsonl", "--fail-under", "F1:/nam=1"), "did you mean '/name'?"),
        (("none.jsonl",), "there is no 'none.jsonl'"),
        (("strays.jsonl",), "none has one of the 1 records"),
    ],
)
def test_wrong_usage_exits_with_2(folder, offline, arguments, reason):
    write("r.jsonl", {"source": "c.txt", "value": VALUES[2]})
    write("strays.jsonl", {"source": "other.txt", "value": 1})
    result = run("gold.jsonl", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert reason in " ".join(result.stderr.split())


class TestExtractingFirst:
    def test_gold_is_extracted_and_scored_and_nothing_is_paid_twice(self, claude, folder):
        result = run("gold.jsonl", "-s", SCHEMA, "-m", "claude-haiku-5-5", "--json")
        assert result.exit_code == 0, result.stderr
        assert json.loads(result.stdout)["scores"]["micro"]["counts"] == COUNTS
        assert "the records are in gold.records.jsonl" in result.stderr
        sent = len(claude.requests)
        assert sent == 3
        again = run("gold.jsonl", "-s", SCHEMA, "-m", "claude-haiku-5-5", "--json")
        assert (again.stdout, len(claude.requests)) == (result.stdout, sent)
        stored = run("gold.jsonl", "gold.records.jsonl", "-s", SCHEMA, "--json")
        assert json.loads(stored.stdout)["scores"] == json.loads(result.stdout)["scores"]

    def test_a_budget_stops_it_and_says_what_goes_on(self, claude, folder):
        result = run("gold.jsonl", "-s", SCHEMA, "-m", "claude-haiku-5-5", "--max-cost", "0.0001", "-o", "r.jsonl")
        assert result.exit_code == 3
        assert result.stdout == ""
        assert "stopped: " in result.stderr
        assert not claude.requests

    def test_a_text_that_is_not_there_is_told_before_anything_is_asked(self, claude, folder):
        (folder / "c.txt").unlink()
        result = run("gold.jsonl", "-s", SCHEMA, "-m", "claude-haiku-5-5")
        assert (result.exit_code, len(claude.requests)) == (2, 0)
        assert "'c.txt' is needed and not known" in result.stderr


def test_a_report_shows_the_texts_that_are_there(folder, offline):
    write("r.jsonl", {"source": "c.txt", "value": {"name": "Ed", "age": 3}})
    result = run("gold.jsonl", "r.jsonl", "--html", "r.html")
    assert (result.exit_code, "the report is in r.html" in result.stderr) == (0, True)
    page = Path("r.html").read_text("utf-8")
    assert "r.jsonl, held against gold.jsonl" in page
    assert ">Cy.</p>" in page
    (folder / "c.txt").unlink()
    assert run("gold.jsonl", "r.jsonl", "--html", "r.html").exit_code == 0
    assert ">Cy.</p>" not in Path("r.html").read_text("utf-8")


class TestCalibrating:
    def test_what_confidences_are_worth_is_learnt(self, folder, monkeypatch):
        Path("models.py").write_text(
            "from pydantic import BaseModel\nfrom slotfill.schemas import Confidence\n"
            "class Person(BaseModel):\n    name: str\n    sure: Confidence['name']\n",
            "utf-8",
        )
        values = [{"name": "Ada", "sure": 0.9}, {"name": "Bea", "sure": 0.4}]
        claude = SimulatedClaude(values)
        write("gold.jsonl", {"text": "Ada.", "value": {"name": "Ada"}}, {"text": "Bo.", "value": {"name": "Bo"}})
        with served(claude) as url:
            monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
            monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-simulated")
            result = run("gold.jsonl", "-s", "models.py:Person", "-m", "claude-haiku-5-5", "--calibrate", "c.json")
        assert result.exit_code == 0, result.stderr
        learnt = json.loads(Path("c.json").read_text("utf-8"))
        assert learnt["slotfill_calibration"] == 1
        assert (
            sum(level["count"] if isinstance(level, dict) and "count" in level else 1 for level in learnt["pooled"])
            == 2
        )

    def test_without_a_schema_or_a_confidence_it_says_so(self, folder):
        write("r.jsonl", {"source": "c.txt", "value": VALUES[2]})
        assert "--calibrate learns for one schema" in run("gold.jsonl", "r.jsonl", "--calibrate", "c.json").stderr
        result = run("gold.jsonl", "r.jsonl", "-s", SCHEMA, "--calibrate", "c.json")
        assert (result.exit_code, "no labelled value has a confidence" in result.stderr) == (2, True)
        assert not Path("c.json").exists()


@pytest.mark.parametrize(
    "more",
    [
        {"schema": [1], "spans": 3, "attempts": [3], "usage": 7, "cost_usd": "NaN", "ms": "x", "confidence": [1]},
        {"schema": {"name": ["feedback"]}, "spans": {"/name": {"start": -5, "end": 10**9}}, "edits": {}, "model": 3},
        {"schema": {"name": "sentiment"}, "value": "no sentiment", "agreement": {"/name": "much"}, "outcome": ["x"]},
        {"value": [[[1]]], "probability": {"/0": 7, "": "x", "nowhere": 0.5}, "spans": {"": 3}},
        {"probability": {"/name": None}, "cost_usd": "1e999999999", "usage": {"input_tokens": -(10**400)}},
    ],
)
def test_records_of_somebody_else_end_in_no_traceback(folder, offline, more):
    text = GOLD[0]["text"]
    document = {"id": sha256(text.encode()).hexdigest(), "source": None}
    record = {"slotfill": 1, "outcome": "valid", "document": document, "value": {"name": "Ada"}, "attempts": [], **more}
    write("r.jsonl", record, {"source": "c.txt", "document": {}, "value": 1})
    for arguments in (("--html", "r.html"), ("-s", SCHEMA, "--json"), ("-s", SCHEMA, "--calibrate", "c.json")):
        result = CliRunner().invoke(main, ["evaluate", "gold.jsonl", "r.jsonl", *arguments])
        assert isinstance(result.exception, SystemExit | None), result.exception
        assert result.exit_code == (2 if "--calibrate" in arguments else 0)


@pytest.mark.parametrize("option", ["--html", "--calibrate"])
@pytest.mark.parametrize("read", ["gold.jsonl", "r.jsonl", "folder/a.json"])
def test_what_is_read_is_not_replaced(folder, offline, option, read):
    Path("folder").mkdir()
    write("folder/a.json", {"name": "Ada"})
    write("r.jsonl", {"source": "c.txt", "value": VALUES[2]})
    before = Path(read).read_text()
    records = "folder" if "/" in read else "r.jsonl"
    result = run("gold.jsonl", records, "-s", SCHEMA, option, read)
    assert (result.exit_code, "would be overwritten" in result.stderr) == (2, True)
    assert Path(read).read_text() == before
