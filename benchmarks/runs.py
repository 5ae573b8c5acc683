"""What a run costs in CPU, from row to ledger and output; what resuming costs; how memory grows.

python benchmarks/runs.py cpu [BATCHES]       a document, against the bare SDK's own call on the same transport
python benchmarks/runs.py memory [ROWS…]      peak memory of runs of so many rows, a process each; the slope
python benchmarks/runs.py resume [ROWS]       a run whose documents have all ended before

All against a loopback server in a process of its own. Targets: at most 1.0 times the bare SDK; 1,000,000 rows in under
300 MB; under 5 s to the first request behind a million finished documents, under 20 s with the outputs.
"""

from __future__ import annotations

import asyncio
import gc
import json
import multiprocessing
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from statistics import mean, median

from anthropic import AsyncAnthropic
from overhead import AT_ONCE, KEY, TEXT, cpu_ms, serve

from slotfill import Extractor
from slotfill.__main__ import YOUNG_OBJECTS
from slotfill.extractors.documents.blocks.row_block import RowBlock
from slotfill.extractors.documents.sources import find_sources
from slotfill.extractors.extractions.record_seal import RecordSeal
from slotfill.extractors.runs.breaker import Breaker
from slotfill.extractors.runs.budget import Budget
from slotfill.extractors.runs.delivery import Delivery
from slotfill.extractors.runs.engine import Run
from slotfill.extractors.runs.ledger.identity import document_key
from slotfill.extractors.runs.ledger.queries import ADD_BLOCK, ADD_INPUT, ADD_RECORD, NOTE_END
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.extractors.runs.outputs.sinks import open_sink
from slotfill.schemas import Feedback

DOCUMENTS = 1_024
BARE = 3
BATCHES = 5
CPU_TARGET = 1.0
MEMORY = (50_000, 100_000, 200_000)
MEMORY_TARGET = 300
RESUMED = 200_000
MILLION = 1_000_000


@contextmanager
def service() -> Iterator[str]:
    """Serve from a process of its own; give the base URL."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    server = context.Process(target=serve, args=(there,), daemon=True)
    server.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        server.terminate()


def write_rows(path: Path, rows: int, start: int = 0) -> Path:
    """Write documents that all differ."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps({"text": TEXT.format(number)}) + "\n" for number in range(start, start + rows))
    return path


class Timed(Delivery):
    """A delivery that notes when the outputs are begun: all has been read and asked by then."""

    begun = 0.0

    def commit(self, *, complete: bool, on_written: Callable[[int], None] = lambda _: None) -> None:
        """Note the time, and go on."""
        Timed.begun = time.perf_counter()
        super().commit(complete=complete, on_written=on_written)


def run(rows: Path, output: Path, concurrency: int = AT_ONCE) -> float:
    """Run as the command line does; give the seconds of CPU that this process took."""
    sources = find_sources([rows])
    with (
        Extractor(Feedback, model="claude-haiku-5-5") as extractor,
        open_sink(str(output), sys.stdout.buffer, schema=extractor.schema, records=False, several=True) as kept,
        Ledger(output.with_suffix(".ledger")) as ledger,
    ):
        extractor.meter(Budget(ledger.account, extractor.models, max_cost=Decimal(1_000_000)))
        started = time.process_time()
        whole = Run(
            extractor,
            ledger,
            Timed(ledger, kept, None, records=False, schema=extractor.schema),
            Breaker(),
            concurrency=concurrency,
        )
        tally = whole.run(sources.read(whole.block_lookup))
        taken = time.process_time() - started
    if tally.extracted != tally.documents:
        sys.exit(f"{tally.outcomes}: the figures would be of something else")
    return taken


async def bare(base_url: str) -> float:
    """Put as many requests to the bare SDK; give the milliseconds of CPU that one took."""
    (request,) = Extractor(Feedback, model="claude-haiku-5-5").requests(TEXT.format(0))
    async with AsyncAnthropic(base_url=base_url, api_key=KEY, max_retries=0) as client:

        async def ask(_: str) -> None:
            await client.messages.create(**request)

        await cpu_ms(ask)  # connections
        return mean([await cpu_ms(ask) for _ in range(BARE)])


def cpu(base_url: str, batches: int = BATCHES) -> None:
    with tempfile.TemporaryDirectory() as folder:
        taken: dict[str, list[float]] = {"run": [], "bare SDK": []}
        for batch in range(batches + 1):
            rows = write_rows(Path(folder) / f"{batch}.jsonl", DOCUMENTS, batch * DOCUMENTS)
            ours = 1_000 * run(rows, Path(folder) / f"{batch}.out.jsonl") / DOCUMENTS
            theirs = asyncio.run(bare(base_url))
            if batch == 0:  # imports, caches
                gc.collect()
                gc.freeze()
                continue
            taken["run"].append(ours)
            taken["bare SDK"].append(theirs)
    ratio = median(ours / theirs for ours, theirs in zip(*taken.values(), strict=True))
    for name, values in taken.items():
        print(f"  {name:<12}{median(values):6.2f} ms")
    print(f"  {ratio:.2f} times the bare SDK (target {CPU_TARGET}: {'met' if ratio <= CPU_TARGET else 'missed'})")


def peak(rows: int) -> None:
    """Run so many rows, and print the peak memory of this process in MB."""
    with tempfile.TemporaryDirectory() as folder:
        seconds = run(write_rows(Path(folder) / "rows.jsonl", rows), Path(folder) / "out.jsonl")
        size = (Path(folder) / "out.ledger").stat().st_size
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows": rows, "mb": round(used, 1), "cpu_s": round(seconds, 1), "ledger_mb": size // 2**20}))


def memory(*rows: int) -> None:
    found = []
    for count in rows or MEMORY:
        said = subprocess.run(
            [sys.executable, __file__, "peak", str(count)], check=True, capture_output=True, text=True
        )
        found.append(json.loads(said.stdout.splitlines()[-1]))
        print(f"  {found[-1]}")
    if found[0] is found[-1]:
        return
    slope = (found[-1]["mb"] - found[0]["mb"]) / (found[-1]["rows"] - found[0]["rows"]) * MILLION
    million = found[-1]["mb"] + slope * (1 - found[-1]["rows"] / MILLION)
    print(f"  {slope:.1f} MB more a million rows; {million:.0f} MB at a million (target under {MEMORY_TARGET})")


def resume(rows: int = RESUMED) -> None:
    """Go on with a run whose documents have all ended: its ledger is filled with their records, as a run left it."""
    gc.set_threshold(YOUNG_OBJECTS)  # as the command line does
    with tempfile.TemporaryDirectory() as folder:
        output, many = Path(folder) / "out.jsonl", write_rows(Path(folder) / "rows.jsonl", rows)
        ledger = output.with_suffix(".ledger")
        run(write_rows(Path(folder) / "first.jsonl", 1), output)
        with sqlite3.connect(ledger) as database:
            first = next(iter(find_sources([many])))
            ((start, record),) = database.execute(
                "SELECT start, records.record FROM documents JOIN records USING (document)"
            )
            position = 0
            for document in find_sources([many]).read(lambda *_: None):
                if isinstance(document, RowBlock):
                    database.execute(ADD_BLOCK, (position - document.documents, document.digest, document.documents))
                    continue
                text, key = record.replace(first.id, document.id), document_key(document)
                seal = RecordSeal.of(json.loads(text), text, key)
                added = database.execute(ADD_RECORD, (key, text, *seal)).lastrowid
                row = (key, start, added)
                database.execute("REPLACE INTO documents VALUES (?, ?, 'valid', NULL, ?)", row)
                database.execute(ADD_INPUT, (position, key, document.source, None))
                database.execute(NOTE_END, ("valid", added, start, position))
                position += 1
        database.close()
        started = time.perf_counter()
        taken = run(many, output)
        seconds = time.perf_counter() - started
    begun, cpu_s, all_s = (x / rows * MILLION for x in (Timed.begun - started, taken, seconds))
    print(f"  {rows:,} finished documents; a million: {begun:.1f} s until the first would be asked")
    print(f"  {all_s:.1f} s with the outputs written anew, {cpu_s:.1f} s of CPU")


def main(what: str, *counts: int) -> None:
    if what == "memory":
        memory(*counts)
        return
    with service() as base_url, tempfile.TemporaryDirectory() as state:
        os.environ |= {"ANTHROPIC_BASE_URL": base_url, "ANTHROPIC_API_KEY": KEY, "SLOTFILL_STATE": state}
        if what == "cpu":
            cpu(base_url, *counts)
        else:
            {"peak": peak, "resume": resume}[what](*counts)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(__doc__)
    main(sys.argv[1], *map(int, sys.argv[2:]))
