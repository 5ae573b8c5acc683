"""Workers against one process: processor time a document, the coordinator's share, and what follows for a cluster.

python benchmarks/distributed.py [DOCUMENTS] [ENGINE…]

The same rows go through the command line by each engine (`local`, `processes`, and `ray` where it is installed), two
workers each, against a loopback server in a process of its own that replies at once. Processor time is that of the
command and of all that it started; what it takes for 100 documents is start-up, and taken off. Target: at most 1.5
times that of `local`. With ENGINE `rpm` 640 documents go at `--rpm 600`, and the most that the service saw in any
minute is told.

The last lines are on paper: a hundred workers and 100 million documents, by the figures above them.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import psutil
from overhead import TEXT, VALUE, serve

from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

DOCUMENTS, FEW = 10_000, 100
WORKERS, CONCURRENCY = 2, 64
TARGET = 1.5
SAMPLE_SECONDS = 0.1

PAPER_WORKERS, PAPER_DOCUMENTS = 100, 100_000_000
RPM = 4_000
"""Requests a minute of a large account, as the service's headers told it."""

USD_A_DOCUMENT = 0.00013
"""About what a document of `feedback` costs: 400 tokens in, most of them read from the cache, and 180 out."""

DAY = 86_400


def main(documents: int, engines: list[str]) -> None:
    if "rpm" in engines:
        engines.remove("rpm")
        print(f"--rpm 600: at most {most_in_a_minute()} requests in any minute of the service's")
    here, there = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(there,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{here.recv()}"
    figures = {engine: measured(engine, documents, url) for engine in engines}
    server.terminate()
    for engine, (each, own, size) in figures.items():
        ratio = each / figures["local"][0] if "local" in figures else float("nan")
        share = f"{own:.2f} of it the coordinator's; {size:.0f} B of ledger"
        print(f"{engine:>10}: {each:.2f} ms a document, {ratio:.2f} times; {share}")
    if "local" in figures and "processes" in figures:
        paper(figures["processes"])


def measured(engine: str, documents: int, url: str) -> tuple[float, float, float]:
    """Return processor milliseconds a document, those of the starting process alone, and bytes of the ledger."""
    with tempfile.TemporaryDirectory() as folder:
        few, few_own, _ = spent(engine, FEW, url, Path(folder) / "few")
        many, many_own, size = spent(engine, documents, url, Path(folder) / "many")
    each = 1_000 / (documents - FEW)
    return (many - few) * each, (many_own - few_own) * each, size / documents


def spent(engine: str, documents: int, url: str, folder: Path) -> tuple[float, float, int]:
    """Run once; return the processor seconds of all processes, of the first one, and the size of the ledger."""
    folder.mkdir()
    lines = (json.dumps({"text": TEXT.format(number)}) for number in range(documents))
    (folder / "rows.jsonl").write_text("\n".join(lines), "utf-8")
    command = [sys.executable, "-m", "slotfill", "extract", "feedback", "rows.jsonl", "-o", "out.jsonl", "-q"]
    shared = ["--workers", str(WORKERS)] if engine != "local" else []
    concurrency = CONCURRENCY if engine == "local" else CONCURRENCY // WORKERS
    variables = {**os.environ, "ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "sk-benchmark"}
    process = subprocess.Popen(
        [*command, "--engine", engine, *shared, "--concurrency", str(concurrency)], cwd=folder, env=variables
    )
    times: dict[int, float] = {}
    while process.poll() is None:
        sample(process.pid, times)
        time.sleep(SAMPLE_SECONDS)
    assert process.returncode == 0
    assert len((folder / "out.jsonl").read_text("utf-8").splitlines()) == documents
    ledger = sum(path.stat().st_size for path in (folder / ".slotfill").glob("*.db*"))
    return sum(times.values()), times[process.pid], ledger


def sample(pid: int, times: dict[int, float]) -> None:
    """Note how much processor time a process and all below it have taken."""
    try:
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            taken = process.cpu_times()
            times[process.pid] = taken.user + taken.system
    except psutil.Error:
        return


def most_in_a_minute() -> int:
    """Run at --rpm 600 with two workers; return the most requests that the service has seen in 60 seconds."""
    seen: list[float] = []
    lock = threading.Lock()

    def reply(_: object) -> object:
        with lock:
            seen.append(time.monotonic())
        return VALUE

    with served(SimulatedClaude(reply)) as url, tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "rows.jsonl").write_text("\n".join(json.dumps({"text": TEXT.format(n)}) for n in range(640)), "utf-8")
        command = [sys.executable, "-m", "slotfill", "extract", "feedback", "rows.jsonl", "-o", "out.jsonl", "-q"]
        variables = {**os.environ, "ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "sk-benchmark"}
        subprocess.run([*command, "--engine", "processes", "--rpm", "600"], cwd=place, env=variables, check=True)
    return max(sum(first <= at < first + 60 for at in seen) for first in seen)


def paper(figures: tuple[float, float, float]) -> None:
    """Say what binds a hundred workers and 100 million documents."""
    each, own, size = figures
    worker = each - own
    most = 1_000 / own
    print(f"on paper: {PAPER_WORKERS} workers, {PAPER_DOCUMENTS:,} documents")
    print(f"  workers, a core each: {PAPER_WORKERS * 1_000 / worker:,.0f} documents a second")
    print(f"  the coordinator, one core: {most:,.0f} a second, what {most * worker / 1_000:.1f} workers give it")
    print(f"    so {PAPER_DOCUMENTS / most / DAY:.1f} days of the coordinator alone")
    print(
        f"  limits: {RPM:,} requests a minute are {RPM / 60:.0f} a second: {PAPER_DOCUMENTS / RPM * 60 / DAY:.0f} days"
    )
    print(f"    the coordinator is what binds from {most * 60:,.0f} requests a minute on")
    print(f"  money: {PAPER_DOCUMENTS * USD_A_DOCUMENT:,.0f} USD at {USD_A_DOCUMENT} a document")
    print(f"  ledger: {size:,.0f} B a document, {PAPER_DOCUMENTS * size / 1e9:,.0f} GB")


if __name__ == "__main__":
    named = [argument for argument in sys.argv[1:] if not argument.isdigit()]
    counts = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    usual = ["local", "processes", *(["ray"] if find_spec("ray") else [])]
    main(counts[0] if counts else DOCUMENTS, named or usual)
