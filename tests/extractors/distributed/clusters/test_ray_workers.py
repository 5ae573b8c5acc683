"""Actors of Ray as workers, through the command line."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

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


@contextmanager
def cluster(host, *inside):
    """Have a cluster on a host, where commands run with `inside` before them; give its address for clients."""
    ray = Path(sys.executable).with_name("ray")
    address, nowhere = f"ray://{host}:10001", subprocess.DEVNULL
    joined = [sys.executable, "-c", "import ray, sys; ray.init(sys.argv[1])", address]
    options = ("--ray-client-server-port=10001", "--port=6399", "--include-dashboard=false", "--num-cpus=2", "--block")
    # A short name: sockets are in it.
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:
        command = [*inside, ray, "start", "--head", f"--node-ip-address={host}", f"--temp-dir={folder}", *options]
        # Nothing of the run's own environment.
        variables = {"PATH": os.environ["PATH"], "HOME": folder, "RAY_USAGE_STATS_ENABLED": "0"}
        with subprocess.Popen(command, cwd=folder, env=variables, stdout=nowhere, stderr=nowhere) as head:
            try:
                while subprocess.run(joined, capture_output=True, check=False, timeout=PATIENCE).returncode:
                    assert head.poll() is None
                yield address
            finally:
                started = psutil.Process(head.pid).children(recursive=True) if head.poll() is None else []
                head.terminate()
                for one in psutil.wait_procs(started, timeout=10)[1]:
                    one.kill()


@contextmanager
def another_machine():
    """Make a network of two hosts, this one and another one; give their addresses, and what runs commands there."""
    name, here, there = f"slotfill-{os.getpid()}", "10.231.77.1", "10.231.77.2"
    inside = ("ip", "netns", "exec", name)
    try:
        subprocess.run(["ip", "netns", "add", name], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("network namespaces need root and iproute2")
    try:
        for command in (
            "ip link add slotfill0 type veth peer name slotfill1",
            f"ip link set slotfill1 netns {name}",
            f"ip addr add {here}/30 dev slotfill0",
            "ip link set slotfill0 up",
            f"{' '.join(inside)} ip addr add {there}/30 dev slotfill1",
            f"{' '.join(inside)} ip link set slotfill1 up",
            f"{' '.join(inside)} ip link set lo up",
        ):
            subprocess.run(command.split(), check=True, capture_output=True)
        yield here, there, inside
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False)
        subprocess.run(["ip", "link", "del", "slotfill0"], check=False, capture_output=True)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_cluster_on_another_host_extracts_as_one_process_does(tmp_path):
    """Ray's head and its workers are in a network of their own, with nothing of the run's environment."""
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    alone = Run(tmp_path / "alone", documents=FEW)
    assert alone.start() == 1
    with another_machine() as (here, there, inside), cluster(there, *inside) as address:
        options = ("--engine", address, "--workers", "2", "--concurrency", str(CONCURRENCY // 2))
        run = Run(tmp_path / "run", documents=FEW, options=options)
        with served(run.claude, host=here) as url:
            late = "Starting Ray client server failed"  # as the head is on a busy machine: the same command goes on
            told = [late]
            while any(late in line for line in told):
                with run._process(url) as process:
                    run._watch(process, [], signal.SIGKILL)
                    process.wait(PATIENCE)
                told = run.stderr
    assert process.returncode == 1, run.stderr
    assert written(run.output) == written(alone.output)
    assert written(run.rejects) == written(alone.rejects)
    assert len(run.claude.requests) == len(alone.claude.requests)


@pytest.mark.slow
def test_an_address_without_a_cluster_is_said_in_one_line(tmp_path):
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    run = Run(tmp_path / "run", documents=FEW, options=("--engine", "ray://127.0.0.1:9", "--workers", "2"))
    assert run.start() == 3
    assert [line for line in run.stderr if line.startswith("stopped: no Ray cluster can be had at ray://127.0.0.1:9: ")]
    assert not [line for line in run.stderr if "Traceback" in line]
    assert run.claude.requests == []


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
