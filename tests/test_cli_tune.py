"""The command line: `slotfill tune`."""

import hashlib
import json
import os
import signal

import pytest
from click.testing import CliRunner
from scripted import message

from slotfill.cli import main
from slotfill.extractors.budgets.budget_ledger import BudgetLedger
from slotfill.extractors.budgets.run_budgets import budgets_folder
from slotfill.extractors.budgets.spending_limit import SpendingLimit
from slotfill.extractors.runs.ledger.costs import costs_of
from slotfill.extractors.runs.ledger.identity import ledgers_of
from slotfill.extractors.settings import Settings
from slotfill.schemas.sources.tuned import Tuned

SCHEMA = {
    "title": "ticket",
    "type": "object",
    "required": ["topic"],
    "properties": {"topic": {"enum": ["bill", "parcel"]}},
}
GOLD = [{"text": f"ticket number {at:02}", "value": {"topic": "bill" if at % 2 else "parcel"}} for at in range(30)]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ticket.json").write_text(json.dumps(SCHEMA))
    (tmp_path / "gold.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in GOLD))
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(main, ["tune", *map(str, arguments)], catch_exceptions=False)


def sorting(request):
    """Be right where the instructions are those that it wrote, else by chance."""
    system = request["system"][0]["text"]
    if "Rewrite instructions" in system:
        return message(json.dumps({"instructions": "Sort the ticket as well as it can be sorted."}))
    content = request["messages"][-1]["content"]
    text = (content if isinstance(content, str) else content[0]["text"]).split("\n")[1]
    right = "as well as it can be sorted" in system or hashlib.sha256(text.encode()).digest()[0] < 100
    return message(json.dumps({"topic": "bill" if (int(text.split()[-1]) % 2 == 1) == right else "parcel"}))


def test_it_says_what_it_tries_and_what_it_found_and_extract_takes_it(server, folder):
    server.script(sorting)
    result = run("ticket.json", "gold.jsonl", "-m", "claude-haiku-5-5", "-o", "tuned.json", "--candidates", "2")
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert lines[0] == "3 candidates on 8 documents …"
    assert "on 12 documents never looked at; difference +" in lines[-3]
    assert lines[-3].endswith("]: better")
    assert lines[-2].startswith("tuned: ")
    assert "rewritten" in lines[-2]
    assert lines[-1].startswith("tuned.json holds it; spent in all: $0.0")
    assert Tuned.read("tuned.json").better
    spent = costs_of(ledgers_of("tuned.json", Settings.read()), "model").total.usd
    with BudgetLedger(budgets_folder(Settings.read())) as money:
        (status,) = money.status([SpendingLimit.read("command=tune:1/day")])
    assert status.spent == spent > 0
    (folder / "a.txt").write_text("ticket number 71")
    extracting = ["extract", "ticket.json", "a.txt", "--tuned", "tuned.json", "-m", "claude-haiku-5-5"]
    extracted = CliRunner().invoke(main, extracting, catch_exceptions=False)
    assert json.loads(extracted.stdout) == {"topic": "bill"}


def test_gold_that_names_its_texts_is_read_and_what_it_lacks_is_said_before_any_call(server, folder):
    server.script(sorting)
    lines = [{"source": f"mails/{at}.txt", "value": one["value"]} for at, one in enumerate(GOLD)]
    (folder / "labels").mkdir()
    (folder / "labels/named.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    arguments = ("ticket.json", "labels/named.jsonl", "-m", "claude-haiku-5-5", "-o", "tuned.json", "--candidates", "1")
    result = run(*arguments)
    assert (result.exit_code, server.requests) == (2, [])
    assert "'mails/0.txt' is needed and not known" in result.stderr
    (folder / "labels/mails").mkdir()
    for at, one in enumerate(GOLD):
        (folder / f"labels/mails/{at}.txt").write_text(one["text"])
    result = run(*arguments)
    assert result.exit_code == 0, result.stderr
    assert "on 12 documents never looked at" in result.stderr


def test_the_model_that_is_named_is_asked_and_the_seed_is_of_all_that_is_drawn(server, folder):
    server.script(sorting)
    arguments = ("ticket.json", "gold.jsonl", "-m", "claude-opus-5", "--candidates", "1")
    for seed in range(2):
        assert run(*arguments, "-o", f"{seed}.json", "--seed", seed).exit_code == 0
    assert {request["model"] for request in server.requests} == {"claude-opus-5"}
    assert Tuned.read("0.json").model == "claude-opus-5"
    assert (folder / "0.json").read_bytes() != (folder / "1.json").read_bytes()


def test_a_budget_that_does_not_reach_is_exit_code_3_and_leaves_the_schemas_own_words(server):
    server.script(sorting)
    result = run("ticket.json", "gold.jsonl", "-m", "claude-haiku-5-5", "-o", "t.json", "--max-cost", "0.000001", "-q")
    assert (result.exit_code, server.requests) == (3, [])
    assert "stopped: " in result.stderr
    assert "nothing could be reported: t.json holds the schema's own words" in result.stderr
    assert not Tuned.read("t.json").better


def test_a_service_that_refuses_the_key_ends_it_with_how_to_go_on(server, folder):
    server.script((401, {"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}}))
    result = run("ticket.json", "gold.jsonl", "-m", "claude-haiku-5-5", "-o", "t.json")
    assert result.exit_code == 4
    assert "The same command goes on" in result.stderr
    assert not (folder / "t.json").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ticket.json", "gold.jsonl"), "Missing option '-o'"),
        (("ticket.json", "gold.jsonl", "-o", "t.txt"), "must end in .json"),
        (("ticket.json", "gold.jsonl", "-o", "gold.jsonl"), "must end in .json"),
        (("ticket.json", "ticket.json", "-o", "ticket.json"), "would be overwritten"),
        (("ticket.json", "gold.jsonl", "-o", "folder.json"), "is a folder"),
        (("ticket.json", "none.jsonl", "-o", "t.json"), "none.jsonl"),
        (("nothing", "gold.jsonl", "-o", "t.json"), "unknown schema"),
        (("ticket.json", "few.jsonl", "-o", "t.json"), "tuning takes 20 at least"),
        (("ticket.json", "hostile.jsonl", "-o", "t.json"), "hostile.jsonl"),
    ],
)
def test_wrong_usage_is_said_before_any_call(server, folder, arguments, said):
    (folder / "few.jsonl").write_text(json.dumps(GOLD[0]) + "\n")
    (folder / "hostile.jsonl").write_text("[" * 100_000)
    (folder / "folder.json").mkdir()
    result = run(*arguments, "-m", "claude-haiku-5-5")
    assert (result.exit_code, server.requests) == (2, [])
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_ctrl_c_says_how_to_go_on_and_the_same_again_pays_nothing_twice(server, folder):
    def interrupted(request):
        if len(server.requests) == 20:
            os.kill(os.getpid(), signal.SIGINT)
        return sorting(request)

    arguments = ("ticket.json", "gold.jsonl", "-m", "claude-haiku-5-5", "-o", "t.json", "--candidates", "1")
    server.script(interrupted)
    stopped = run(*arguments)
    assert stopped.exit_code == 130, stopped.output
    assert "stopped: interrupted; spent in all: $0.0" in stopped.stderr
    assert "The same command goes on" in stopped.stderr
    assert not (folder / "t.json").exists()
    assert run(*arguments).exit_code == 0
    asked = [json.dumps(request, sort_keys=True) for request in server.requests]
    assert len(set(asked)) == len(asked)
