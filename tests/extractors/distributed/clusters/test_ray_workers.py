"""Actors of Ray as workers, through the command line."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from killing import CONCURRENCY, PATIENCE, Run, written

from slotfill.extractors.testing.server import served

FEW = 150
RAY = ("--engine", "ray", "--workers", "2", "--concurrency", str(CONCURRENCY // 2))


def actors_of(process):
    """Give the processes in which workers are, among all that Ray has started for a run."""
    started = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    found = []
    for one in started:
        try:
            if "RayWorker" in " ".join(one.cmdline()):
                found.append(one)
        except psutil.Error:
            continue
    return found


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_run_whose_actor_is_killed_ends_as_one_without_a_cluster(tmp_path):
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    alone, run = Run(tmp_path / "alone", documents=FEW), Run(tmp_path / "run", documents=FEW, options=RAY)
    assert alone.start() == 1
    with served(run.claude) as url, run._process(url) as process:
        run._watch(process, [], signal.SIGKILL)
        while process.poll() is None and len(run.claude.requests) < FEW // 3:
            time.sleep(0.02)
        (killed, *_) = actors_of(process)
        killed.kill()
        process.wait(PATIENCE)
    assert process.returncode == 1
    assert written(run.output) == written(alone.output)
    assert written(run.rejects) == written(alone.rejects)
    assert len(run.claude.requests) <= len(alone.claude.requests) + CONCURRENCY // 2
    assert not [line for line in run.stderr if "Traceback" in line]


def test_without_the_extra_the_error_names_it(tmp_path):
    (tmp_path / "a.txt").write_text("It came late.")
    line = "import sys; sys.modules['ray'] = None; from slotfill.cli import main; main()"
    arguments = ("extract", "sentiment", "a.txt", "--engine", "ray")
    variables = {**os.environ, "ANTHROPIC_API_KEY": "sk-ant-any"}
    done = subprocess.run(
        [sys.executable, "-c", line, *arguments],
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "slotfill[ray]" in done.stderr
