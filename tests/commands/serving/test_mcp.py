"""`slotfill mcp` as a process, by the SDK's own client: what it says, and how it ends."""

import json
import os
import signal
import subprocess
import sys
import threading

import pytest
from click.testing import CliRunner
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from slotfill.cli import main
from slotfill.extractors.runs.ledger.costs import costs_of
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

TEXT = "Confidential: it came late."
LOUD = """
from pydantic import BaseModel, field_validator

print("NOISE on import")

class Loud(BaseModel):
    late: bool

    @field_validator("late")
    def loud(cls, value):
        print("NOISE in a validator", flush=True)
        return value
"""


@pytest.fixture
def claude():
    return SimulatedClaude(lambda _: {"late": True})


@pytest.fixture
def environment(claude, tmp_path):
    with served(claude) as url:
        own = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "sk-ant-simulated", "SLOTFILL_STATE": str(tmp_path)}
        yield {**os.environ, **own}


def started(*options):
    return [sys.executable, "-m", "slotfill", "mcp", *options]


@pytest.mark.slow
async def test_a_client_extracts_checks_and_sees(environment, tmp_path):
    (tmp_path / "loud.py").write_text(LOUD)
    (tmp_path / "mail.txt").write_text(TEXT)
    options = ("--schemas", str(tmp_path / "loud.py") + ":Loud", "--root", str(tmp_path), "--max-cost", "1")
    command, *arguments = started(*options)
    parameters = StdioServerParameters(command=command, args=arguments, env=environment)
    with (tmp_path / "log.txt").open("w") as log:
        async with Client(stdio_client(parameters, errlog=log)) as asked:
            listed = await asked.call_tool("schemas", {})
            record = await asked.call_tool("extract", {"schema": "loud", "path": "mail.txt"})
            found = await asked.call_tool("check", {"schema": "name, age int >= 0", "max_examples": 5})
            page = await asked.call_tool("view", {"output": "page.html"})
    assert "loud" in [one["name"] for one in listed.structured_content["schemas"]]
    assert record.structured_content["value"] == {"late": True}
    assert found.structured_content["sound"] is True
    assert any(one["kind"] == "advice" for one in found.structured_content["findings"])
    assert TEXT in (tmp_path / "page.html").read_text()
    assert page.structured_content["path"] == "page.html"
    told = (tmp_path / "log.txt").read_text()
    assert "NOISE on import" in told  # and so it was not on standard output
    assert "NOISE in a validator" in told
    assert "stopped after 4 calls; $0.00" in told
    assert ("Confidential" in told, "sk-ant" in told) == (False, False)
    costs = costs_of([tmp_path / "mcp-1.db"], "schema")
    assert costs.total.tries == 1


@pytest.mark.slow
@pytest.mark.parametrize("end", ["SIGINT", "SIGTERM", "closed"])
def test_it_ends_at_once_and_tells_what_is_in_flight(environment, claude, end):
    arrived = threading.Event()
    claude.script(lambda _: arrived.set() or {}, faults=["timeout"])
    handshake = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    call = {"name": "extract", "arguments": {"schema": "late bool", "text": TEXT}}
    with subprocess.Popen(started(), stdin=-1, stdout=-1, stderr=-1, text=True, env=environment) as process:
        for message in (
            {"id": 0, "method": "initialize", "params": handshake},
            {"method": "notifications/initialized"},
            {"id": 1, "method": "tools/call", "params": call},
        ):
            process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
            process.stdin.flush()
        assert arrived.wait(60)
        if end == "closed":
            process.stdin.close()
        else:
            process.send_signal(signal.Signals[end])
        told, replies = process.stderr.read(), process.stdout.read().splitlines()
        assert process.wait(60) == 0
    assert "cut off, and perhaps paid for: 1 extract" in told
    assert "Confidential" not in told
    assert [json.loads(line)["id"] for line in replies] == [0, 1]


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_a_client_that_is_gone_ends_it(environment):
    with subprocess.Popen(started(), stdin=-1, stdout=-1, stderr=-1, text=True, env=environment) as process:
        process.stdout.close()
        process.stdin.write('{"jsonrpc": "2.0", "id": 0, "method": "ping"}\n')
        process.stdin.flush()
        assert "Traceback" not in process.stderr.read()
        assert process.wait(60) == 0


def test_without_the_extra_it_says_which(monkeypatch):
    monkeypatch.setitem(sys.modules, "mcp", None)
    result = CliRunner().invoke(main, ["mcp"])
    assert result.exit_code == 2
    assert "pip install 'slotfill[mcp]'" in result.output


def test_a_root_is_a_folder(tmp_path):
    result = CliRunner().invoke(main, ["mcp", "--root", str(tmp_path / "nowhere")])
    assert result.exit_code == 2
    assert "is no folder" in result.output
