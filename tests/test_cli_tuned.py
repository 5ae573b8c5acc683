"""The command line with what was tuned: `extract --tuned`."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner
from scripted import message

from slotfill import Example, Schema, Tuned
from slotfill.cli import main
from slotfill.schemas import Feedback

FEEDBACK = {"sentiment": "negative", "key_issues": [], "urgency": 3, "suggested_action": "Refund."}
TUNED = Tuned(
    "feedback",
    Schema(Feedback).id,
    "claude-haiku-5-5",
    better=True,
    instructions="Judge.",
    examples=(Example("Bad.", FEEDBACK),),
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("It came late.")
    (tmp_path / "tuned.json").write_bytes(TUNED.write())
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


def test_extract_asks_with_what_was_tuned(server):
    server.script(message(json.dumps(FEEDBACK)))
    result = run("extract", "feedback", "a.txt", "--tuned", "tuned.json")
    assert result.exit_code == 0, result.stderr
    (request,) = server.requests
    assert request["system"][0]["text"].startswith("Judge.\n")
    assert len(request["messages"]) == 3


@pytest.mark.parametrize(
    ("model", "better", "warns"), [("other", True, True), ("own", True, False), ("other", False, False)]
)
def test_another_model_than_the_one_tuned_for_is_told(server, folder, model, better, warns):
    tuned = replace(TUNED, better=better)
    (folder / "tuned.json").write_bytes(tuned.write())
    server.script(message(json.dumps(FEEDBACK)))
    name = tuned.model if model == "own" else "claude-opus-5"
    result = run("extract", "feedback", "a.txt", "--tuned", "tuned.json", "-m", name)
    assert (result.exit_code, f"and {name} is asked" in result.stderr) == (0, warns), result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("feedback", "--instructions", "x"), "--tuned and --instructions exclude each other"),
        (("feedback", "--examples", "x.jsonl"), "--tuned and --examples exclude each other"),
        (("sentiment",), "what is tuned is schema 'feedback', and this is 'sentiment'"),
    ],
)
def test_what_it_cannot_be_used_with_is_said_before_any_call(server, arguments, said):
    result = run("extract", *arguments, "a.txt", "--tuned", "tuned.json")
    assert (result.exit_code, server.requests) == (2, [])
    assert said in result.stderr


def test_a_hostile_file_is_one_line_and_no_traceback(server, folder):
    (folder / "tuned.json").write_text(json.dumps(TUNED.to_json() | {"\u202e\x1b[2J": 1}))
    result = run("extract", "feedback", "a.txt", "--tuned", "tuned.json")
    assert (result.exit_code, server.requests) == (2, [])
    assert "is no tuned file" in result.stderr
    assert not {"\u202e", "\x1b"} & set(result.stderr)
