"""`slotfill costs --watch`: runs as they go on, for people and for programs."""

import json
import os
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner
from killing import SCHEMA, reply
from terminals import FakeTerminal

from slotfill.cli import main
from slotfill.commands.serving.cost_watch import watch_runs
from slotfill.extractors.runs.ledger.identity import ledgers_of
from slotfill.extractors.settings import Settings
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served


@pytest.fixture
def ran(tmp_path, monkeypatch):
    """Have a run stand in the folder that is worked in."""
    monkeypatch.chdir(tmp_path)
    rows = (json.dumps({"text": f"Row {number} says: it came late."}) for number in range(12))
    (tmp_path / "in.jsonl").write_text("\n".join(rows), encoding="utf-8")
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
    with served(SimulatedClaude(reply)) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-any")
        CliRunner().invoke(main, ["extract", "schema.json", "in.jsonl", "-o", "out.jsonl"], catch_exceptions=False)
    return tmp_path


def find():
    return ledgers_of(None, Settings.read())


def test_lines_for_programs(ran, capsys):
    (ran / ".slotfill" / "odd.db").write_text("no ledger", encoding="utf-8")
    watch_runs(find, as_json=True, looks=2, seconds=0)
    out, err = capsys.readouterr()
    first, second = map(json.loads, out.splitlines())
    assert first == second
    assert first["documents"]["read"] == 12
    assert sum(first["documents"]["ended"].values()) == 12
    assert first["documents"]["failures"] == {"refusal": 1}
    costs = json.loads(CliRunner().invoke(main, ["costs", "out.jsonl", "--json"]).stdout)["total"]
    assert (first["cost_usd"], first["requests_a_minute"]) == (costs["cost_usd"], costs["tries"])
    assert err.count("odd.db: not counted") == 1


def test_a_table_for_people(ran, monkeypatch):
    terminal = FakeTerminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "140")
    watch_runs(find, as_json=False, looks=2, seconds=0)
    shown = terminal.getvalue()
    assert shown.count("12 of 12") >= 2
    assert "1 refusal" in shown
    assert "it came late" not in shown


def test_ctrl_c_ends_it_well(ran):
    command = [sys.executable, "-m", "slotfill", "costs", "--watch"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    assert json.loads(process.stdout.readline())["documents"]["read"] == 12
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")


def test_budgets_are_not_watched(ran):
    result = CliRunner().invoke(main, ["costs", "--watch", "--check", "--budget", "*:5/day"])
    assert result.exit_code == 2
    assert "leave PATH and --watch out" in result.stderr
