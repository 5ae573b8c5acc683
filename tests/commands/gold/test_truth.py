"""The afternoon of docs/truth.md: each of its commands runs, in its order, on a simulated service."""

import json
import os
import re
import shlex
import signal
from pathlib import Path

import httpx2
import pytest
from checkout import ROOT
from click.testing import CliRunner
from reviewing import started_review

from slotfill.cli import main
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

PAGE = (ROOT / "docs" / "truth.md").read_text("utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


def reply(request):
    """Say what the text does, now and then the contrary, and how sure that is."""
    number = int(re.search(r"review (\d+)", request.document)[1])
    is_good, is_wrong = "good" in request.document, number % 5 == 0
    label = "positive" if is_good != is_wrong else "negative"
    sure = 0.5 if is_wrong else 0.9
    return {
        "sentiment": label,
        "confidence": sure,
        "key_phrases": ["good" if is_good else "bad"],
        "summary": "A review.",
    }


@pytest.fixture
def reviews(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("reviews").mkdir()
    for number in range(12):
        Path(f"reviews/{number:02}.txt").write_text(f"review {number}: {'good' if number % 2 else 'bad'}", "utf-8")
    with served(SimulatedClaude(reply)) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-simulated")
        yield tmp_path


def correct(path):
    """Correct gold as a person does, and give it a label."""
    lines = [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]
    for line in lines:
        number = int(line["source"][-6:-4])
        line["value"] = {"sentiment": "positive" if number % 2 else "negative"}
        line["lang"] = "de" if number % 3 else "en"
    Path(path).write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")


def export():
    """Export the tasks as Label Studio does after a person has looked at them."""
    tasks = json.loads(Path("tasks.json").read_text("utf-8"))
    for task in tasks:
        task["annotations"] = task.pop("predictions")
    Path("export.json").write_text(json.dumps(tasks), "utf-8")


def review(arguments):
    """Accept one field on the page, and end the review by Ctrl-C."""
    with started_review(*arguments) as process:
        address = process.stdout.readline().strip()
        body = {"document": 0, "action": "accept", "path": "/sentiment"}
        with httpx2.Client() as client:
            answer = client.post(f"{address}decisions", json=body).json()
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert answer["row"]["action"] == "accept"
    assert (process.returncode, "1 accepted" in told) == (0, True), told


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_each_command_runs_in_its_order(reviews):
    assert len(COMMANDS) == 12
    for command in COMMANDS:
        name, *arguments = shlex.split(command)
        assert name == "slotfill"
        if arguments[0] == "review":
            review(arguments[1:])
            continue
        if "export.json" in arguments:
            export()
        if "week-31.jsonl" in arguments:
            for week in ("week-31.jsonl", "week-32.jsonl"):
                Path(week).write_text(Path("records.jsonl").read_text("utf-8"), "utf-8")
        result = CliRunner().invoke(main, arguments, catch_exceptions=False)
        assert result.exit_code == 0, (command, result.output)
        if arguments[-1] == "gold.jsonl":
            correct("gold.jsonl")
    assert "no field is shown to have moved" in result.stdout
    assert "Is it as right as it is sure?" in Path("report.html").read_text("utf-8")
    assert json.loads(Path("calibration.json").read_text("utf-8"))["schema"]["name"] == "sentiment"
