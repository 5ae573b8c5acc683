"""The command line on a simulated service: streams, further turns, long documents."""

import csv
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner
from pyarrow import parquet

from slotfill.cli import main
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

FEEDBACK = {"sentiment": "negative", "key_issues": ["late"], "urgency": 3, "suggested_action": "Refund."}


@pytest.fixture
def claude(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    claude = SimulatedClaude([FEEDBACK] * 9)
    with served(claude) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-simulated")
        (tmp_path / "a.txt").write_text("It came late.")
        yield claude


def run(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


class TestStream:
    def test_each_part_is_a_line_and_the_value_the_last(self, claude, tmp_path):
        (tmp_path / "b.txt").write_text("It came late again.")
        result = run("extract", "feedback", "a.txt", "b.txt", "--stream")
        assert result.exit_code == 0
        told = lines(result.stdout)
        for name in ("a.txt", "b.txt"):
            *parts, last = [line for line in told if line["source"] == name]
            assert {part["path"]: part["value"] for part in parts} == {
                "/sentiment": "negative",
                "/key_issues/0": "late",
                "/key_issues": ["late"],
                "/urgency": 3,
                "/suggested_action": "Refund.",
            }
            assert last == {"source": name, "value": FEEDBACK}
        assert all(seen.body["stream"] for seen in claude.requests)

    def test_the_value_goes_to_the_output(self, claude):
        result = run("extract", "feedback", "a.txt", "--stream", "-o", "a.json")
        assert result.exit_code == 0
        assert json.loads(Path("a.json").read_text("utf-8")) == FEEDBACK
        assert all("path" in line for line in lines(result.stdout))

    def test_a_stream_that_breaks_off_is_no_success(self, claude):
        claude.script([FEEDBACK] * 9, faults=["sse_cut"])
        result = run("extract", "feedback", "a.txt", "--stream", "--rejects", "rejects.jsonl")
        assert result.exit_code == 1
        assert "partial" in result.stderr
        assert "value" not in [key for line in lines(result.stdout) if "path" not in line for key in line]
        (record,) = lines(Path("rejects.jsonl").read_text("utf-8"))
        assert record["outcome"] == "partial"

    def test_a_refused_key_stops_the_run(self, claude, monkeypatch):
        claude.script(faults=["401"])
        assert run("extract", "feedback", "a.txt", "--stream").exit_code == 4


class TestRefine:
    @pytest.fixture
    def record(self, claude):
        assert run("extract", "feedback", "a.txt", "--record", "-o", "a.json").exit_code == 0
        return "a.json"

    def test_a_correction_gives_the_value_again(self, claude, record):
        claude.script([{**FEEDBACK, "urgency": 5}])
        result = run("refine", record, "urgency is 5")
        assert (result.exit_code, result.stderr) == (0, "")
        assert json.loads(result.stdout)["urgency"] == 5
        assert "urgency is 5" in claude.requests[-1].body["messages"][-1]["content"]

    def test_a_record_can_be_refined_again_and_again(self, claude, record):
        for correction in ("once", "twice"):
            assert run("refine", record, correction, "--record", "-o", record).exit_code == 0
        stored = json.loads(Path(record).read_text("utf-8"))
        assert [turn["correction"] for turn in stored["history"]] == ["once", "twice"]
        assert stored["document"]["source"] == "a.txt"

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("gone.json", "x"), "there is no file"),
            (("a.txt", "x"), "holds no record"),
            (("a.json", ""), "says nothing"),
            (("a.json", "x", "--document", "b.txt"), "there is no file or folder 'b.txt'"),
            (("a.json", "x", "-s", "sentiment"), "none of schema 'sentiment'"),
            (("a.json", "x", "--instructions", "Other."), "is of schema 'feedback' as it was then"),
        ],
    )
    def test_what_cannot_be_refined_says_why(self, claude, record, arguments, said):
        result = run("refine", *arguments)
        assert result.exit_code == 2
        assert said in result.stderr

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"model": "local:evil.gguf"}, "no Claude model"),
            ({"document": {"id": "0" * 64, "source": "http://127.0.0.1:9/a", "chars": 3}}, "no regular file"),
            ({"schema": {"name": "evil:Model", "id": "x"}}, "not built in"),
            ({"schema": []}, "damaged"),
        ],
    )
    def test_a_record_of_somebody_else_leads_nowhere(self, claude, record, tmp_path, change, said):
        (tmp_path / "evil.py").write_text("raise SystemExit(99)")
        stored = json.loads(Path(record).read_text("utf-8"))
        Path("evil.json").write_text(json.dumps(stored | change))
        result = run("refine", "evil.json", "x")
        (line,) = result.stderr.splitlines()
        assert (result.exit_code, len(claude.requests)) == (2, 1)
        assert said in line

    def test_a_document_that_has_changed_is_not_refined(self, claude, record, tmp_path):
        (tmp_path / "a.txt").write_text("It came early.")
        result = run("refine", record, "x")
        assert result.exit_code == 2
        assert "has changed" in result.stderr

    def test_a_refusal_is_no_success(self, claude, record):
        claude.script(faults=["refusal"])
        result = run("refine", record, "x", "--record", "-o", "b.json")
        assert result.exit_code == 1
        assert "refused" in result.stderr
        assert json.loads(Path("b.json").read_text("utf-8"))["outcome"] == "refused"

    def test_a_refused_key_is_no_failed_correction(self, claude, record):
        claude.script(faults=["401"])
        assert run("refine", record, "x").exit_code == 4


class TestLongDocuments:
    @pytest.fixture(autouse=True)
    def long(self, claude, tmp_path):
        (tmp_path / "long.txt").write_text("It came late. The box was torn. " * 40)
        claude.script(lambda request: {**FEEDBACK, "key_issues": ["late"] if "late" in request.document else []})

    def test_chunks_and_passes(self, claude):
        result = run("extract", "feedback", "long.txt", "--chunk-chars", 400, "--passes", 2, "--record")
        record = json.loads(result.stdout)
        assert (result.exit_code, record["outcome"]) == (0, "valid")
        assert len(record["chunks"]) == len(claude.requests) > 6
        assert record["value"] == FEEDBACK
        assert {reading["number"] for reading in record["chunks"]} == {1, 2}

    def test_a_chunk_that_fails_is_a_reject(self, claude):
        claude.script([FEEDBACK] * 30, faults=["refusal@2"])
        result = run("extract", "feedback", "long.txt", "--chunk-chars", 400, "--rejects", "rejects.jsonl")
        assert result.exit_code == 1
        assert "1 of" in result.stderr
        (record,) = lines(Path("rejects.jsonl").read_text("utf-8"))
        assert (record["outcome"], record["value"]) == ("partial", FEEDBACK)

    def test_a_dry_run_counts_the_chunks(self, claude):
        result = run("extract", "feedback", "long.txt", "--chunk-chars", 400, "--dry-run")
        estimate = json.loads(result.stdout)
        assert estimate["documents"] == 1
        assert estimate["requests"] > 3
        assert claude.requests == []

    def test_what_a_long_prompt_costs_is_told_before_and_in_the_end(self, claude, tmp_path):
        (tmp_path / "long.txt").write_text("It came late. " * 40_000)
        estimate = json.loads(run("extract", "feedback", "long.txt", "--dry-run").stdout)
        surcharge = float(estimate["surcharge_usd"]["at_least"])  # of 140,000 tokens
        assert surcharge == pytest.approx(float(estimate["cost_usd"]["at_least"]) * 4 / 5, rel=1e-3)
        result = run("extract", "feedback", "a.txt", "long.txt")
        assert "of it for long prompts" in result.stderr


class TestTables:
    @pytest.mark.parametrize("output", ["out.csv", "out.parquet", "out.db"])
    def test_a_row_a_document(self, claude, tmp_path, output):
        (tmp_path / "b.txt").write_text("It came late again.")
        result = run("extract", "feedback", "a.txt", "b.txt", "-o", output)
        assert result.exit_code == 0
        assert result.stdout == ""
        assert table(output) == [
            ("a.txt", "negative", 3, "Refund."),
            ("b.txt", "negative", 3, "Refund."),
        ]

    @pytest.mark.parametrize("output", ["out.csv", "out.parquet", "out.db"])
    def test_a_record_a_document(self, claude, output):
        claude.script(faults=["refusal"])
        assert run("extract", "feedback", "a.txt", "--record", "-o", output).exit_code == 1
        assert table(output, "source", "outcome", "error") == [("a.txt", "refused", "refusal")]


def table(path, *columns):
    """Give these columns of a table."""
    columns = columns or ("source", "sentiment", "urgency", "suggested_action")
    if path.endswith(".csv"):
        with Path(path).open(encoding="utf-8", newline="") as file:
            rows = [{**row, "urgency": row["urgency"] and int(row["urgency"])} for row in csv.DictReader(file)]
    elif path.endswith(".parquet"):
        rows = parquet.read_table(path).to_pylist()
    else:
        with closing(sqlite3.connect(path)) as database:
            database.row_factory = sqlite3.Row
            rows = database.execute("SELECT * FROM feedback").fetchall()
    return [tuple(row[column] for column in columns) for row in rows]


def test_models_of_other_names_are_served_where_they_are_told(tmp_path):
    command = [sys.executable, "-m", "slotfill", "simulate", "--model", "gate/claude-next"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as simulated:
        url = simulated.stdout.readline().strip()
        ask = {"max_tokens": 9, "messages": [{"role": "user", "content": "Hello."}]}
        headers = {"anthropic-version": "2023-06-01", "x-api-key": "any"}
        for model, status in (("gate/claude-next", 200), ("claude-haiku-5-5", 200), ("gate/claude-other", 404)):
            assert (
                httpx2.post(f"{url}/v1/messages", json={"model": model, **ask}, headers=headers).status_code == status
            )
        simulated.terminate()


QUOTES = {"sentiment_evidence": ["It came late."], "key_issues_evidence": ["late"], "urgency_evidence": []}


class TestEvidence:
    @pytest.fixture
    def quoting(self, claude):
        claude.script(lambda _: {**FEEDBACK, **QUOTES, "suggested_action_evidence": []})
        return claude

    def test_the_outputs_are_as_without_and_the_records_hold_it_at_no_further_cost(self, quoting, tmp_path):
        (tmp_path / "b.txt").write_text("It came late. Again.")
        plain = run("extract", "feedback", "a.txt", "b.txt", "-o", "plain.jsonl")
        told = run("extract", "feedback", "a.txt", "b.txt", "--evidence", "-o", "out.jsonl")
        assert plain.exit_code == told.exit_code == 0
        assert (tmp_path / "out.jsonl").read_text() == (tmp_path / "plain.jsonl").read_text()
        assert "the same command with --record writes them" in told.stderr
        assert "4 without evidence of 8 judged values; evidence took about $" in told.stderr
        asked = len(quoting.requests)
        run("extract", "feedback", "a.txt", "b.txt", "--evidence", "--record", "-o", "out.jsonl")
        assert len(quoting.requests) == asked
        for record in lines((tmp_path / "out.jsonl").read_text()):
            assert record["value"] == FEEDBACK
            empty = [path for path, passages in record["evidence"].items() if not passages]
            assert empty == ["/urgency", "/suggested_action"]
            assert record["evidence"]["/key_issues"][0]["start"] == 8

    def test_a_run_with_evidence_is_another_run(self, quoting):
        run("extract", "feedback", "a.txt", "-o", "out.json")
        run("extract", "feedback", "a.txt", "-o", "out.json", "--evidence")
        assert len(quoting.requests) == 2

    def test_a_schema_without_judged_fields_is_refused_before_any_call(self, quoting):
        result = run("extract", "day date", "a.txt", "--evidence")
        assert result.exit_code == 2
        assert "nothing to show evidence of" in result.stderr
        assert quoting.requests == []

    def test_what_it_would_cost_counts_the_passages(self, quoting):
        plain, told = (
            json.loads(run("extract", "feedback", "a.txt", "--dry-run", *options).stdout)
            for options in ((), ("--evidence",))
        )
        assert plain["input_tokens"] < told["input_tokens"]
        assert quoting.requests == []

    def test_what_is_taken_over_has_been_asked_without(self, quoting):
        run("extract", "feedback", "a.txt", "--record", "-o", "old.jsonl")
        result = run("extract", "feedback", "a.txt", "--evidence", "--from", "old.jsonl", "-o", "new.jsonl")
        assert result.exit_code == 2
        assert "leave one out" in result.stderr
        assert len(quoting.requests) == 1

    def test_a_record_with_evidence_is_refined_with_evidence(self, quoting, tmp_path):
        run("extract", "feedback", "a.txt", "--evidence", "--record", "-o", "a.json")
        assert run("refine", "a.json", "urgency is 5", "--record", "-o", "a.json").exit_code == 0
        assert json.loads((tmp_path / "a.json").read_text())["evidence"]["/key_issues"][0]["text"] == "late"
