"""`slotfill review`: the page served, ended by Ctrl-C; what is gold then feeds the other commands."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from random import Random
from threading import Timer

import httpx2
import pytest
from click.testing import CliRunner
from reviewing import document, record, session, started_review

from slotfill.cli import main
from slotfill.extractors.review.decisions import ProposedDecision, ReviewAction
from slotfill.extractors.review.review_documents import ReviewDocument
from slotfill.schemas.sources.schema_sources import resolve

FEEDBACK = {"sentiment": "negative", "key_issues": ["brakes failed"], "urgency": 5, "suggested_action": "Call."}
MAIL = "The brakes failed on the hill."


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Records of a mail and the mail itself, in the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mail.txt").write_text(MAIL)
    made = record(FEEDBACK, text=MAIL, source="mail.txt", schema=resolve("feedback"))
    (tmp_path / "records.jsonl").write_text(f"{json.dumps(made)}\n")
    return tmp_path


def refusal(*arguments):
    done = CliRunner().invoke(main, ["review", *arguments])
    assert done.exit_code == 2, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.stderr


def accept_all(review):
    for field in review.state(0)["fields"]:
        if field["open"]:
            review.decide(0, ProposedDecision(action=ReviewAction.ACCEPT, path=field["path"]))


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_a_review_is_served_and_ends_with_what_was_decided(here):
    with started_review("records.jsonl", "--gold", "gold.jsonl", "--by", "ada") as process:
        address = process.stdout.readline().strip()
        body = {"document": 0, "action": "correct", "path": "/urgency", "typed": "4"}
        with httpx2.Client() as client:
            assert MAIL in client.get(address).text
            answer = client.post(f"{address}decisions", json=body).json()
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert answer["row"]["after"] == 4
    assert process.returncode == 0
    assert "1 document to review, 0 of them gold already" in told
    assert "decided by ada: 1 corrected" in told
    assert "go on: slotfill review records.jsonl --gold gold.jsonl --by ada" in told
    assert json.loads((here / "gold.log.jsonl").read_text())["who"] == "ada"
    assert not (here / "gold.jsonl").exists()


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_a_review_whose_gold_was_broken_meanwhile_ends_with_what_is_known_and_says_what_to_mend(here):
    with started_review("records.jsonl", "--gold", "gold.jsonl", "--by", "ada") as process:
        address = process.stdout.readline().strip()
        (here / "gold.jsonl").write_text("no gold\n")
        with httpx2.Client(base_url=address) as client:
            for path in ("/sentiment", "/key_issues/0", "/urgency", "/suggested_action"):
                client.post("decisions", json={"document": 0, "action": "accept", "path": path})
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "decided by ada: 4 accepted" in told
    assert "decisions are in the log, and gold does not follow them: 'gold.jsonl', line 1: " in told
    assert "Traceback" not in told


def test_what_is_gold_is_taken_by_evaluate_tune_and_examples(here):
    schema = resolve("feedback")
    made = record(FEEDBACK, text=MAIL, source="mail.txt", schema=schema)
    accept_all(session(here, [ReviewDocument(0, made, MAIL, schema)]))
    done = CliRunner().invoke(main, ["evaluate", "gold.jsonl", "records.jsonl", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["documents"]
    extract = ["extract", "feedback", "mail.txt", "--examples", "gold.jsonl", "--dry-run", "-m", "claude-haiku-5-5"]
    dry = CliRunner().invoke(main, extract)
    assert dry.exit_code == 0, dry.output
    tuned = CliRunner().invoke(main, ["tune", "feedback", "gold.jsonl", "-o", "t.json", "-m", "claude-haiku-5-5"])
    assert "holds no gold" not in tuned.output
    assert "documents" in tuned.output  # it is read; one document is too few to tune by


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_a_review_that_is_killed_again_and_again_keeps_what_it_has_answered(here):
    names = [f"field_{n}" for n in range(12)]
    schema = {"title": "form", "type": "object", "properties": {name: {"type": "string"} for name in names}}
    (here / "form.json").write_text(json.dumps({**schema, "required": names}))
    made = [
        record(dict.fromkeys(names, "v"), text=f"text {n}", source=f"{n}.txt", schema=resolve("form.json"))
        for n in range(4)
    ]
    (here / "records.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in made))
    chance, starts, answered, asked = Random(1), 0, [], [(number, name) for number in range(4) for name in names]
    while asked:
        starts += 1
        with started_review("records.jsonl", "--gold", "gold.jsonl", "-s", "form.json") as process:
            killing, left = Timer(chance.uniform(0, 0.002), process.kill), chance.randint(1, 12)
            address = process.stdout.readline().strip()
            with httpx2.Client() as client, suppress(httpx2.HTTPError):
                while asked:
                    number, name = asked[0]
                    body = {"document": number, "action": "correct", "path": f"/{name}", "typed": f"{name} {number}"}
                    answered.append(client.post(f"{address}decisions", json=body).json()["row"]["id"])
                    asked.pop(0)
                    left -= 1
                    if left == 0:
                        killing.start()
            killing.cancel()
            process.kill()
    kept = [json.loads(line)["id"] for line in (here / "gold.log.jsonl").read_text().splitlines(keepends=True)[:-1]]
    assert starts > 2
    assert {*answered[:-1]} <= {*kept}
    with started_review("records.jsonl", "--gold", "gold.jsonl", "-s", "form.json") as process:
        process.stdout.readline()
        process.kill()
    lines = [json.loads(line) for line in (here / "gold.jsonl").read_text().splitlines()]
    values = {line["source"]: line["value"] for line in lines}
    assert values == {f"{n}.txt": {name: f"{name} {n}" for name in names} for n in range(4)}


@pytest.mark.parametrize(
    ("write", "arguments", "message"),
    [
        ({}, ("gone.jsonl", "--gold", "g.jsonl"), "'gone.jsonl' is not there"),
        ({"x.jsonl": "{}\n"}, ("x.jsonl", "--gold", "g.jsonl"), "x.jsonl"),
        ({"g.jsonl": "[]"}, ("records.jsonl", "--gold", "g.jsonl"), "'g.jsonl', line 1"),
        ({"g.log.jsonl": "{}\n"}, ("records.jsonl", "--gold", "g.jsonl"), "line 1: it is no decision"),
        ({}, ("records.jsonl", "--gold", "records.jsonl"), "is read, and would be overwritten"),
        ({}, ("records.jsonl",), "Missing option '--gold'"),
        ({}, ("records.jsonl", "--gold", "g.jsonl", "--by", " "), "--by: a name has 1 to 100 characters"),
        ({}, ("records.jsonl", "--gold", "g.jsonl", "--by", "a\u202eb"), "--by: a name has 1 to 100 characters"),
        ({}, ("records.jsonl", "--gold", "g.jsonl", "-s", "nothing"), "unknown schema 'nothing'"),
        ({}, ("records.jsonl", "--gold", "g.jsonl", "--port", "70000"), "--port"),
        ({}, ("records.jsonl", "--gold", "."), "--gold"),
    ],
)
def test_what_cannot_be_reviewed_is_said_before_anything_is_served(here, write, arguments, message):
    for name, text in write.items():
        (here / name).write_text(text)
    assert message in refusal(*arguments)


def test_records_of_a_schema_that_is_not_built_in_need_it_named(here):
    (here / "records.jsonl").write_text(f"{json.dumps(document().record)}\n")
    assert "-s SCHEMA" in refusal("records.jsonl", "--gold", "g.jsonl")


def test_records_of_two_schemas_are_reviewed_apart(here):
    with (here / "records.jsonl").open("a") as file:
        file.write(f"{json.dumps(document().record)}\n")
    assert "the records are of 2 schemas (feedback, invoice)" in refusal("records.jsonl", "--gold", "g.jsonl")


def test_without_the_extra_the_error_names_it(here):
    code = (
        "import sys; sys.modules['starlette'] = sys.modules['uvicorn'] = None; sys.argv[0] = 'slotfill'\n"
        "from slotfill.__main__ import main; main()"
    )
    command = [sys.executable, "-c", code, "review", "records.jsonl", "--gold", "g.jsonl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'slotfill[review]'" in done.stderr
    assert "Traceback" not in done.stderr
