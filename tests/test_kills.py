"""A run that is killed, or told to stop, and started again, ends as one that nobody disturbed."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from random import Random

import pytest
from click.testing import CliRunner
from killing import PATIENCE, SCHEMA, After, Run, moments
from trickling import PIECES, trickling

from slotfill.cli import main
from slotfill.extractors.testing.server import served

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")]

FEW = 60


def finish(run):
    """Run to the end in this process, which is sooner ready."""
    with served(run.claude) as url, pytest.MonkeyPatch.context() as patch:
        patch.chdir(run.folder)
        for name, told in run.environment(url).items():
            patch.setenv(name, told)
        run.codes.append(CliRunner().invoke(main, run.arguments, catch_exceptions=False).exit_code)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    run = Run(tmp_path_factory.mktemp("undisturbed") / "run")
    assert run.start() == 1  # some documents were refused
    assert not run.breaches(run)
    outcomes = {outcome for (outcome,) in run.told("SELECT DISTINCT outcome FROM documents")}
    assert outcomes == {"valid", "mended", "patched", "reasked", "partial", "refused", "failed"}
    return run


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_ends_as_undisturbed(undisturbed, tmp_path):
    chance, run = Random(9), Run(tmp_path / "run")
    for what in ("asking", "reading", "writing"):
        run.start(moments(undisturbed, run, chance)[what], undisturbed=undisturbed)
    run.start()
    assert run.kills >= 2  # the last one may come too late
    assert not run.breaches(undisturbed)


VOTES = ("--votes", "5", "--escalate", "claude-opus-5-5", "--record")


def test_the_readings_of_documents_are_paid_for_once_however_often_they_are_killed(tmp_path):
    whole, run = (Run(tmp_path / name, documents=FEW, options=VOTES) for name in ("whole", "run"))
    finish(whole)
    assert {seen.body["model"] for seen in whole.claude.requests} == {"claude-haiku-5-5", "claude-opus-5-5"}
    chance = Random(17)
    for _ in range(3):
        left = len(whole.claude.requests) - len(run.answered())
        run.start(After(requests=chance.randint(1, left // 2), delay=chance.uniform(0, 0.01)), undisturbed=whole)
    finish(run)
    assert run.kills == 3
    assert not run.breaches(whole)


def test_what_is_taken_over_of_an_earlier_run_is_so_after_kills(tmp_path):
    earlier = Run(tmp_path / "earlier", documents=FEW, options=("--record",))
    finish(earlier)
    options = ("--record", "--from", str(earlier.output))
    whole, run = (Run(tmp_path / name, documents=FEW, options=options) for name in ("whole", "run"))
    for one in (whole, run):
        schema = {**SCHEMA, "properties": {**SCHEMA["properties"], "urgency": {"type": "integer", "minimum": 0}}}
        (one.folder / "schema.json").write_text(json.dumps(schema), "utf-8")
    finish(whole)
    assert {len(seen.body["output_config"]["format"]["schema"]["properties"]) for seen in whole.claude.requests} == {
        1,
        2,
    }
    for requests in (FEW // 4, FEW // 3):
        run.start(After(requests=requests, delay=0.01), undisturbed=whole)
    finish(run)
    assert run.kills == 2
    assert not run.breaches(whole)


def test_a_document_goes_on_from_the_answers_that_it_has(tmp_path):
    whole, run = Run(tmp_path / "whole", documents=FEW), Run(tmp_path / "run", documents=FEW)
    finish(whole)
    patch = After(asked=lambda request: "note" not in request.schema["properties"])
    assert run.start(patch, undisturbed=whole) == -signal.SIGKILL
    assert run.told("SELECT document FROM answers WHERE document NOT IN (SELECT document FROM documents)")
    finish(run)
    assert not run.breaches(whole)


@pytest.mark.parametrize(
    "output", ["out", "out.csv", *(pytest.param(f"out.{kind}", marks=pytest.mark.slow) for kind in ("db", "parquet"))]
)
def test_every_kind_of_output_is_whole_after_a_kill(output, tmp_path):
    whole, run = (Run(tmp_path / name, documents=FEW, output=output, old="." in output) for name in ("whole", "run"))
    finish(whole)
    assert run.start(After(requests=FEW // 2, delay=0.01), undisturbed=whole) == -signal.SIGKILL
    finish(run)
    assert not run.breaches(whole)


def test_of_a_folder_only_the_files_that_are_in_their_places_are_judged(tmp_path):
    whole, run = (Run(tmp_path / name, output="out", old=False) for name in ("whole", "run"))
    for folder in (whole.output, run.output):
        folder.mkdir()
        (folder / "a.json").write_text("{}")
    (run.output / ".b.json.slotfill-part").write_text("{")
    assert run._is_intact(whole)
    (run.output / "b.json").write_text("{")
    assert not run._is_intact(whole)


class TestSignals:
    """What tells a run to stop, and does not kill it."""

    @pytest.fixture(autouse=True)
    def handled(self):
        """Have what is started here take signals, as a program in the foreground does."""
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
        signal.signal(signal.SIGINT, before)

    @pytest.fixture
    def whole(self, tmp_path):
        whole = Run(tmp_path / "whole", documents=FEW)
        finish(whole)
        return whole

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_what_is_in_flight_is_finished_and_stored(self, number, whole, tmp_path):
        run = Run(tmp_path / "run", documents=FEW)
        assert run.start(After(requests=FEW // 2), send=number) == 128 + number
        assert 0 < len(run.claude.requests) < len(whole.claude.requests)
        assert len(run.answered()) == len(run.claude.requests)
        assert any(shlex.join(["slotfill", *run.arguments]) in line for line in run.stderr)
        finish(run)
        assert len(run.claude.requests) == len(whole.claude.requests)
        assert not run.breaches(whole)

    def test_the_second_one_stops_at_once(self, whole, tmp_path):
        run = Run(tmp_path / "run", documents=FEW, faults=["timeout@5"])
        assert run.start(After(requests=FEW // 2), After(line="stopping"), send=signal.SIGINT) == 130
        assert any(shlex.join(["slotfill", *run.arguments]) in line for line in run.stderr)
        run.kills += 1  # as far as the accounts go
        finish(run)
        assert not run.breaches(whole)

    def test_a_reply_that_trickles_in_is_waited_for_as_long_as_a_try_may_take(self, tmp_path):
        run, sent = Run(tmp_path / "run", documents=2), []  # one of which cannot be read
        command = [sys.executable, "-m", "slotfill", *run.arguments, "--timeout", "2"]
        with trickling(lambda: sent.append(time.monotonic())) as (service, url):
            service.sends = "body"
            process = subprocess.Popen(command, cwd=run.folder, env=run.environment(url), stderr=subprocess.DEVNULL)
            with process:
                while not sent and process.poll() is None:
                    time.sleep(0.01)
                process.send_signal(signal.SIGTERM)
                assert process.wait(PATIENCE) == 128 + signal.SIGTERM
        assert service.tries == 1
        assert len(sent) < PIECES
