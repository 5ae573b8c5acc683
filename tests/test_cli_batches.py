"""`slotfill extract --batch`, as it is typed: what it says, what it leaves, how it ends."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from slotfill.cli import main
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

COUNT = 60
OUT = ("-o", "out.jsonl")


@pytest.fixture
def claude(tmp_path, monkeypatch):
    """A service whose batches take as long as it says."""
    monkeypatch.chdir(tmp_path)
    service = SimulatedClaude(batch_seconds=3_600)
    lines = [json.dumps({"text": f"Note {number}: the camera is broken.", "team": number}) for number in range(COUNT)]
    Path("rows.jsonl").write_text("\n".join(lines))
    with served(service) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-simulated")
        yield service


def run(*arguments):
    return CliRunner().invoke(main, ["extract", "note, urgency int", "rows.jsonl", *arguments], catch_exceptions=False)


def test_a_run_is_sent_and_left_and_read_by_the_same_command(claude):
    sent = run("--batch", "--no-wait", *OUT)
    assert sent.exit_code == 3
    assert f"wave 1: {COUNT - 1} requests in batch msgbatch_" in sent.stderr
    assert "go on with: slotfill extract 'note, urgency int' rows.jsonl --batch --no-wait -o out.jsonl" in sent.stderr
    assert len(Path("out.jsonl").read_text().splitlines()) == 1  # the first one was asked live
    claude.end_batches()
    read = run("--batch", "--no-wait", *OUT)
    assert read.exit_code == 0
    assert len(Path("out.jsonl").read_text().splitlines()) == COUNT
    assert run("--batch", *OUT).exit_code == 0
    assert [entry.http.path for entry in claude.requests if entry.http.method == "POST"].count(
        "/v1/messages/batches"
    ) == 1


def test_it_cannot_be_asked_live_in_between(claude):
    run("--batch", "--no-wait", *OUT)
    live = run(*OUT)
    assert live.exit_code == 2
    assert "go on with --batch" in live.stderr
    assert claude.usage.output_tokens == sum(entry.usage.output_tokens for entry in claude.requests)


def test_the_cache_is_kept_for_an_hour(claude):
    run("--batch", "--no-wait", *OUT)
    (request, *_) = [entry.body for entry in claude.requests if entry.http.method == "BATCH"]
    assert {block["cache_control"]["ttl"] for block in request["system"]} == {"1h"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--no-wait", *OUT), "--no-wait is about batches"),
        (("--batch-tail", "3", *OUT), "--batch-tail is about batches"),
        (("--batch", "--stream"), "--stream is about requests that are answered at once"),
        (("--batch", "--cassette", "tape.jsonl", *OUT), "--cassette is about requests that are answered at once"),
        (("--batch", "-m", "local", *OUT), "'local' is no model of Anthropic's service, and has no batches"),
        (("--batch", "-m", "claude-haiku-5-5", "-m", "local", *OUT), "'local' is no model of Anthropic's service"),
    ],
)
def test_what_does_not_go_with_batches_is_refused_before_any_call(claude, arguments, told):
    result = run(*arguments)
    assert result.exit_code == 2
    assert told in result.stderr
    assert not claude.requests
    assert not Path("out.jsonl").exists()


def test_a_table_a_folder_and_rejects_are_written_as_ever(claude):
    claude.script(lambda asked: {"note": "a", "urgency": 1} if "Note 7:" not in asked.document else {"note": "a"})
    claude.end_batches()
    run("--batch", "--no-wait", "-o", "out.csv", "--rejects", "rejects.jsonl", "--keep", "team", "--retries", "0")
    claude.end_batches()
    result = run("--batch", "-o", "out.csv", "--rejects", "rejects.jsonl", "--keep", "team", "--retries", "0")
    assert result.exit_code == 1
    header, *table = Path("out.csv").read_text().splitlines()
    assert "team" in header
    assert len(table) == COUNT - 1
    (reject,) = [json.loads(line) for line in Path("rejects.jsonl").read_text().splitlines()]
    assert reject["attempts"][0]["batch"]["custom_id"].startswith("sf-")


def test_nothing_of_the_documents_is_left_where_nothing_is_to_be_kept(claude):
    run("--batch", "--no-wait", "--retention", "none", *OUT)
    claude.end_batches()
    assert run("--batch", "--retention", "none", *OUT).exit_code == 0
    (ledger,) = Path(".slotfill").glob("*.db")
    assert b"msgbatch" not in ledger.read_bytes()


def test_costs_count_what_went_in_batches_by_half(claude):
    run("--batch", "--no-wait", *OUT)
    claude.end_batches()
    run("--batch", *OUT)
    told = CliRunner().invoke(main, ["costs", "out.jsonl", "--json"]).stdout
    total = json.loads(told)["total"]
    assert total["tries"] == COUNT
    assert total["lost"] == 0
    assert abs(float(total["cost_usd"]) - float(claude.cost_usd)) < 1e-6 * COUNT
