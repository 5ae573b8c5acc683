"""Processes as workers, through the command line: killed, stopped, ended by a schema's own code."""

import json
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from random import Random

import psutil
import pytest
from killing import CONCURRENCY, PATIENCE, After, Run, reply

from slotfill.extractors.catalogue import prices
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")

FEW = 60

SHARED = ("--engine", "processes", "--workers", "2", "--concurrency", str(CONCURRENCY // 2))


def workers_of(process):
    """Give the worker processes of a run that have begun their work."""
    children = psutil.Process(process.pid).children() if process.poll() is None else []
    return [child for child in children if any("worker_process" in part for part in child.cmdline())]


def kill_one(process, chance):
    if workers := workers_of(process):
        worker = chance.choice(workers)
        worker.kill()
        return True
    return False


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The run without workers."""
    run = Run(tmp_path_factory.mktemp("whole") / "run")
    assert run.start() == 1  # some documents were refused
    return run


@pytest.mark.slow
def test_outputs_are_those_of_one_process(tmp_path):
    runs = [Run(tmp_path / name, documents=FEW, options=options) for name, options in (("a", ()), ("b", SHARED))]
    for run in runs:
        assert run.start() == 1
    alone, shared = runs
    assert not shared.breaches(alone)
    assert len(shared.claude.requests) == len(alone.claude.requests)
    assert not shared.told("SELECT number FROM tries WHERE output_tokens IS NULL")  # what was lent was given back


@pytest.mark.slow
def test_ten_kills_of_workers_and_one_of_the_driver_cost_what_was_in_flight(whole, tmp_path):
    chance, run = Random(11), Run(tmp_path / "run", options=SHARED)
    needed = len(whole.claude.requests)

    def killed_workers(process, kills, before):
        """Kill so many workers, evenly over the requests that are to come."""
        done = 0
        while done < kills and process.poll() is None:
            due = before + (needed - before) * (done + 1) / (kills + 2)
            if len(run.claude.requests) >= due and kill_one(process, chance):
                done += 1
            time.sleep(0.01)
        return done

    for kills, ends in ((5, False), (5, True)):
        with served(run.claude) as url, run._process(url) as process:
            run._watch(process, [], signal.SIGKILL)
            run.kills += killed_workers(process, kills, len(run.claude.requests))
            if not ends:
                process.kill()
                run.kills += 1
            process.wait(PATIENCE)
        run.codes.append(process.returncode)
    assert run.codes == [-signal.SIGKILL, 1]
    assert run.kills == 11
    assert not run.breaches(whole)


@pytest.mark.slow
def test_what_is_in_flight_is_finished_and_stored_when_it_is_told_to_stop(tmp_path):
    run = Run(tmp_path / "run", documents=FEW, options=SHARED)
    assert run.start(After(requests=FEW // 3), send=signal.SIGINT) == 128 + signal.SIGINT
    assert FEW // 3 <= len(run.claude.requests) < FEW
    assert len(run.answered()) == len(run.claude.requests)
    assert any("go on with: slotfill extract" in line and "--engine processes" in line for line in run.stderr)


@pytest.mark.slow
def test_workers_end_with_the_process_that_started_them(tmp_path):
    run = Run(tmp_path / "run", documents=FEW, options=SHARED)
    with served(run.claude) as url, run._process(url) as process:
        run._watch(process, [], signal.SIGKILL)
        while not run.claude.requests:
            time.sleep(0.01)
        workers = workers_of(process)
        process.kill()
        process.wait(PATIENCE)
        _, alive = psutil.wait_procs(workers, timeout=PATIENCE)
    assert workers
    assert not alive


DEADLY = '''
import os
from pydantic import BaseModel, field_validator

class Note(BaseModel):
    """Say anything."""

    note: str
    urgency: int

    @field_validator("note")
    @classmethod
    def ends(cls, note: str) -> str:
        if note == "row 12":
            os._exit(3)
        return note
'''


def command(folder, url, *arguments, start=("-m", "slotfill")):
    """Run the command line in a folder; give its exit code and what it said."""
    variables = {**os.environ, "ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "sk-ant-any"}
    line = [sys.executable, *start, "extract", *arguments]
    done = subprocess.run(
        line, cwd=folder, env=variables, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    return done.returncode, done.stderr


def write_rows(folder, count):
    lines = [json.dumps({"text": f"Row {number} says: it came late."}) for number in range(count)]
    (folder / "rows.jsonl").write_text("\n".join(lines), "utf-8")


@pytest.mark.slow
def test_a_document_whose_validator_ends_the_process_is_a_failure_and_no_other_one_is(tmp_path):
    (tmp_path / "note.py").write_text(DEADLY, "utf-8")
    write_rows(tmp_path, 30)
    claude = SimulatedClaude(lambda asked: {"note": f"row {asked.document.split()[1]}", "urgency": 1})
    with served(claude) as url:
        code, told = command(
            tmp_path, url, "note.py:Note", "rows.jsonl", "-o", "a.jsonl", "--rejects", "b.jsonl", *SHARED
        )
    assert code == 1, told
    (failed,) = [json.loads(line) for line in (tmp_path / "b.jsonl").read_text("utf-8").splitlines()]
    assert failed["document"]["source"].endswith("#13")
    assert failed["error"]["type"] == "worker_lost"
    assert failed["usage"]["output_tokens"] > 0
    assert len((tmp_path / "a.jsonl").read_text("utf-8").splitlines()) == 29
    assert len(claude.requests) <= 30 + 3 * CONCURRENCY // 2
    assert Decimal(failed["cost_usd"]) > 0


HANGS = """
from slotfill.extractors.distributed import worker_pool
worker_pool.SILENT_SECONDS = 10.0
from slotfill.__main__ import main
main()
"""


@pytest.mark.slow
def test_a_document_whose_validator_never_ends_is_a_failure_and_no_other_one_is(tmp_path):
    endless = DEADLY.replace("os._exit(3)", 're.fullmatch("(a+)+", 60 * "a" + "b")')
    (tmp_path / "note.py").write_text(f"import re{endless}", "utf-8")
    write_rows(tmp_path, 30)
    claude = SimulatedClaude(lambda asked: {"note": f"row {asked.document.split()[1]}", "urgency": 1})
    with served(claude) as url:
        code, told = command(
            tmp_path,
            url,
            *("note.py:Note", "rows.jsonl", "-o", "a.jsonl", "--rejects", "b.jsonl", *SHARED),
            start=("-c", HANGS),
        )
    assert code == 1, told
    (failed,) = [json.loads(line) for line in (tmp_path / "b.jsonl").read_text("utf-8").splitlines()]
    assert failed["document"]["source"].endswith("#13")
    assert failed["error"]["type"] == "worker_lost"
    assert "said nothing for 10 seconds" in failed["error"]["message"]
    assert len((tmp_path / "a.jsonl").read_text("utf-8").splitlines()) == 29


@pytest.mark.slow
def test_no_more_is_spent_than_may_be_by_the_services_own_count(tmp_path):
    run = Run(tmp_path / "run", documents=FEW, options=(*SHARED, "--max-cost", "0.004"))
    assert run.start() == 3
    billed = sum(prices.cost(seen.body["model"], seen.usage) for seen in run.claude.requests)
    assert Decimal("0.0001") < billed <= Decimal("0.004")
    assert any("of --max-cost" in line for line in run.stderr)


def test_a_schema_that_workers_cannot_have_is_refused_before_any_call(tmp_path):
    write_rows(tmp_path, 3)
    claude = SimulatedClaude(reply)
    with served(claude) as url:
        code, told = command(tmp_path, url, "sentiment", "rows.jsonl", "-m", "local", "--engine", "processes")
        assert (code, claude.requests) == (2, [])
        assert "embedded model" in told


@pytest.mark.parametrize(
    "arguments",
    [
        ("--workers", "2"),
        ("--engine", "processes", "--stream"),
        ("--engine", "processes", "--cassette", "a.tape"),
        ("--engine", "processes", "--batch"),
    ],
)
def test_what_does_not_go_together_is_refused(arguments, tmp_path):
    write_rows(tmp_path, 1)
    code, told = command(tmp_path, "http://127.0.0.1:9", "sentiment", "rows.jsonl", *arguments)
    assert code == 2
    assert "--engine" in told
