"""`slotfill purge`: what is old is gone from every byte of the files, what is not stays, and the run goes on."""

import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from slotfill.cli import main
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.extractors.serving.reply_store import ReplyStore, StoredReply, replies_folder
from slotfill.extractors.settings import Settings
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

PLANTED = "Zwiebelfisch-4711"
ALL = ("--retention", "all")
DAY = 24 * 3_600


@pytest.fixture
def claude(tmp_path, monkeypatch, request):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def reply(asked):
        return {"name": f"{PLANTED} {len(asked.document)}", "age": 7}

    claude = SimulatedClaude(reply, batch_seconds=getattr(request, "param", 0))
    with served(claude) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-simulated")
        yield claude


def write(count, name="rows.jsonl", first=0):
    rows = [{"text": f"{PLANTED} number {number}", "who": f"{PLANTED} kept"} for number in range(first, first + count)]
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def run(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


def extract(*arguments, output="out.jsonl"):
    return run("extract", "name, age int", "rows.jsonl", "--keep", "who", "-o", output, *ALL, *arguments)


def purge(*arguments, code=0):
    result = run("purge", *arguments)
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def ledgers():
    return sorted([*Path(".slotfill").glob("*.db"), *Path("state/slotfill").glob("*.db")])


def age(path, days, starts=None):
    """Have a ledger be so many days older, or some of its starts."""
    with closing(sqlite3.connect(path)) as database:
        for table, start in (("starts", "number"), ("answers", "start"), ("tries", "start")):
            where = "" if starts is None else f" WHERE {start} IN ({', '.join(map(str, starts))})"
            database.execute(f"UPDATE {table} SET at = at - ?{where}", (days * DAY,))
        database.commit()


def files_with(text, folders=(".slotfill", "state/slotfill")):
    """Give the files that hold a text, in whichever byte of them; and as it may be written otherwise."""
    forms = (text.encode(), text.encode("utf-16-le"), text.encode().hex().encode())
    files = [path for folder in folders for path in Path(folder).rglob("*") if path.is_file()]
    return [path.name for path in files if any(form in path.read_bytes() for form in forms)]


def test_what_is_old_is_gone_from_every_byte(claude):
    write(20)
    assert extract().exit_code == 0
    assert run("extract", "name, age int", "rows.jsonl", *ALL).exit_code == 0  # to standard output: in the state folder
    assert len(ledgers()) == 2
    assert len(files_with(PLANTED)) >= 2
    for path in ledgers():
        age(path, 31)
    proof = purge("--older-than", "30d")
    rows = {"documents": 40, "records": 40, "answers": 40, "texts": 40, "inputs": 40, "batch_requests": 0}
    told = proof["total"]
    assert {name: told[name] for name in rows} == rows
    assert (told["ledgers"], told["ledgers_deleted"], told["remaining"]) == (2, 2, 0)
    assert told["bytes_given_back"] > 50_000
    assert files_with(PLANTED) == []
    assert ledgers() == []
    assert list(Path(".slotfill").iterdir()) == []
    assert purge("--older-than", "30d")["total"]["ledgers"] == 0
    assert Path("out.jsonl").exists(), "outputs stay"


def test_what_is_kept_for_its_costs_holds_no_byte_of_a_document(claude):
    write(20)
    extract("--limit", 15)
    (path,) = ledgers()
    age(path, 31)
    write(5, first=15)
    extract()
    before = json.loads(run("costs", "--json").stdout)["total"]
    proof = purge("--older-than", "30d")
    assert proof["total"]["documents"] == 15, "the five of today stay"
    assert proof["total"]["ledgers_deleted"] == 0
    assert files_with('number 3"') == []
    assert files_with("number 17") == [path.name]
    assert purge("--older-than", "0s", "--keep-costs")["total"]["documents"] == 5
    assert files_with(PLANTED) == []
    assert files_with("rows.jsonl") == [], "nor a name of an input, in the command that goes on"
    assert json.loads(run("costs", "--json").stdout)["total"] == before


def test_a_write_ahead_log_that_a_killed_process_left_is_emptied_too(claude):
    write(20)
    extract()
    (path,) = ledgers()
    # As after a kill: what was committed last stands in the file beside it alone.
    code = (
        "import os, sqlite3, sys; d = sqlite3.connect(sys.argv[1]); "
        f"d.execute(\"UPDATE texts SET text = text || ' {PLANTED} late'\"); d.commit(); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert f"{PLANTED} late".encode() in path.with_name(f"{path.name}-wal").read_bytes()
    assert purge("--older-than", "0s", "--keep-costs")["total"]["texts"] == 20
    assert files_with(PLANTED) == []
    assert path.exists()


def test_a_dry_run_counts_and_changes_nothing(claude):
    write(5)
    extract()
    (path,) = ledgers()
    age(path, 31)
    with Ledger(path):  # it may be in use
        proof = purge("--older-than", "30d", "--dry-run")
    assert proof["dry_run"] is True
    assert (proof["total"]["texts"], proof["total"]["remaining"], proof["total"]["bytes_given_back"]) == (5, 0, 0)
    assert purge("--older-than", "32d", "--dry-run")["total"]["ledgers"] == 0
    assert len(files_with(PLANTED)) > 0
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM texts").fetchone() == (5,)


def test_labels_choose_the_starts(claude):
    write(4)
    extract("--label", "team=a", "--label", "x=y", "--limit", 2)
    extract("--label", "team=b")
    assert purge("--older-than", "0s", "--label", "team=c")["total"]["ledgers"] == 0
    assert purge("--older-than", "0s", "--label", "team=a", "--label", "x=z")["total"]["ledgers"] == 0
    proof = purge("--older-than", "0s", "--label", "team=a", "--label", "x=y")
    assert (proof["total"]["documents"], proof["total"]["ledgers_deleted"]) == (2, 0)
    assert (len(files_with("number 1")), len(files_with("number 3"))) == (0, 1)


def test_a_run_goes_on_after_it_and_asks_again_what_is_gone(claude):
    write(10)
    extract("--limit", 6)
    (path,) = ledgers()
    age(path, 31)
    extract()
    assert len(claude.requests) == 10
    assert purge("--older-than", "30d")["total"]["documents"] == 6
    again = extract()
    assert again.exit_code == 0
    assert len(claude.requests) == 16
    lines = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    assert [line["source"] for line in lines] == [f"rows.jsonl#{number}" for number in range(1, 11)]
    assert extract().exit_code == 0
    assert len(claude.requests) == 16


def test_what_never_ended_is_old_too(claude):
    write(6)
    stopped = extract("--limit", 4, "--max-cost", "0.0000001")
    assert stopped.exit_code == 3
    (path,) = ledgers()
    age(path, 31)
    assert purge("--older-than", "30d")["total"]["inputs"] > 0
    assert files_with(PLANTED) == []


def test_what_a_fresh_start_has_left_behind_is_old_too(claude):
    write(3)
    extract()
    write(2, first=50)
    extract("--fresh")
    (path,) = ledgers()
    age(path, 31, starts=[1])
    assert purge("--older-than", "30d")["total"]["records"] == 3
    assert files_with('number 1"') == []
    assert len(files_with("number 50")) == 1


def test_a_ledger_in_use_is_left_and_said(claude):
    write(3)
    extract()
    (path,) = ledgers()
    with Ledger(path):
        proof = purge("--older-than", "0s", code=1)
    assert proof["total"]["ledgers"] == 0
    (skipped,) = proof["skipped"]
    assert skipped["ledger"] == str(path)
    assert "another process is at work on this run" in skipped["reason"]
    assert len(files_with("number 1")) == 1


@pytest.mark.slow  # it waits five seconds for the reader
def test_one_that_somebody_reads_is_said_to_hold_it_still(claude):
    write(3)
    extract()
    (path,) = ledgers()
    with closing(sqlite3.connect(path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM texts").fetchone()
        proof = purge("--older-than", "0s", "--keep-costs", code=1)
    assert "somebody reads it" in proof["skipped"][0]["reason"]
    assert purge("--older-than", "0s", "--keep-costs") is not None
    assert files_with(PLANTED) == []


@pytest.mark.parametrize("claude", [3_600], indirect=True)
def test_what_is_in_a_batch_stays(claude):
    write(5)
    assert extract("--batch", "--no-wait", "--batch-tail", 0).exit_code == 3
    assert purge("--older-than", "0s")["total"]["documents"] == 1, "the first, which was asked live"
    claude.end_batches()
    assert extract("--batch", "--batch-tail", 0).exit_code in (0, 3)
    claude.end_batches()
    assert extract("--batch", "--batch-tail", 0).exit_code == 0
    assert purge("--older-than", "0s", "--keep-costs")["total"]["documents"] == 5
    assert files_with(PLANTED) == []


def test_what_is_no_ledger_is_left(claude):
    Path(".slotfill").mkdir()
    Path(".slotfill/a.db").write_bytes(b"x" * 5_000)
    proof = purge("--older-than", "0s", code=1)
    assert proof["skipped"][0]["ledger"] == ".slotfill/a.db"
    assert [path.name for path in Path(".slotfill").iterdir()] == ["a.db"]
    assert Path(".slotfill/a.db").read_bytes() == b"x" * 5_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "--older-than"),
        (("--older-than", "30"), "30d"),
        (("--older-than", "999999w"), "before all time"),
        (("nowhere", "--older-than", "1d"), "no ledger is kept of 'nowhere'"),
        (("--older-than", "1d", "--label", "team"), "name=value"),
    ],
)
def test_wrong_usage(claude, arguments, message):
    result = run("purge", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


def test_a_document_is_as_old_as_its_last_answer(claude):
    """A run may go on for days: when it was started does not make old what it learnt yesterday."""
    write(3)
    extract()
    (path,) = ledgers()
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE starts SET at = at - ?", (31 * DAY,))
        database.execute("UPDATE answers SET at = at - ? WHERE number = 1", (31 * DAY,))
        database.commit()
    proof = purge("--older-than", "30d")
    assert (proof["total"]["documents"], proof["total"]["ledgers_deleted"]) == (1, 0)


def test_replies_of_services_go_too_and_bear_no_labels(claude):
    folder = replies_folder(Settings.read())
    with closing(ReplyStore(folder, clock=lambda: time.time() - 3_600)) as store:
        store.claim("support", "a", "digest")
        store.keep("support", "a", StoredReply(200, "application/json", PLANTED.encode()))
    for arguments, deleted in [(("2h",), 0), (("1m", "--label", "a=b"), 0), (("1m", "--dry-run"), 1), (("1m",), 1)]:
        assert PLANTED.encode() in b"".join(file.read_bytes() for file in folder.iterdir())
        assert purge("--older-than", *arguments)["replies"] == deleted
    assert PLANTED.encode() not in b"".join(file.read_bytes() for file in folder.iterdir())
