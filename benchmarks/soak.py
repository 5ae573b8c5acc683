"""Play the whole fault matrix, and write what came of it into docs/faults.md; then kill runs, as kills.py does.

    python benchmarks/soak.py [SEEDS] [DOCUMENTS] [STEP]

Every fault by itself over HTTP, with so many documents (20) a cell, one cell of STEP (1) of each fault and driver, and
one at least; the pairs of faults in process, one cell of STEP; all of it once for each seed (1). Prints what does not
hold, and then exits with 1. With STEP 1 about an hour a seed on two cores, and ten minutes for the kills.
"""

from __future__ import annotations

import datetime as dt
import os
import platform
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

import kills

from slotfill.extractors.record.parts import Outcome
from slotfill.extractors.testing.matrix.extractor_drivers import DRIVERS
from slotfill.extractors.testing.matrix.fault_matrix import CellResult, in_process, on_a_port
from slotfill.extractors.testing.matrix.matrix_cells import CALLS, ONLINE_FAULTS, Cell, pairs, singles
from slotfill.extractors.testing.simulator.network_faults import ITEM_FAULTS

PAGE = Path(__file__).parent.parent / "docs" / "faults.md"
BEGIN, END = "<!-- soak -->\n", "<!-- /soak -->\n"

CASES = 19
"""How many documents the pairs meet in turn: a prime, so that each way of meeting finds each document."""

Results = dict[tuple[str, str], CellResult]


def main(seeds: int = 1, documents: int = 20, step: int = 1) -> int:
    started = time.monotonic()
    alone, together = _empty(), _empty()
    for seed in range(seeds):
        play_singles(alone, seed, documents, step)
        play_pairs(together, seed, step)
    minutes = (time.monotonic() - started) / 60
    total = added([*alone.values(), *together.values()])
    text = "\n".join(page(alone, together, Extent(seeds, documents, step, minutes)))
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", "utf-8")
    print(*total.breaches, f"{total.outcomes.total():,} extractions, {len(total.breaches)} breaches", sep="\n")
    return bool(total.breaches) | kills.main()


def _empty() -> Results:
    return defaultdict(CellResult)


def play_singles(found: Results, seed: int, documents: int, step: int) -> None:
    """Play each fault by itself; what came of it, by fault and driver."""
    chance, cells = random.Random(seed), []
    for _, alike in groupby(singles(), lambda cell: (cell.names, cell.driver)):
        every = [*alike]
        cells += chance.sample(every, -(-len(every) // step))
    with on_a_port(seed) as rig:
        for cell in told(f"seed {seed}, alone", cells):
            (fault,) = cell.names
            found[fault, cell.driver] += rig.play(cell, cell.cases(documents))
    for (fault, driver), result in found.items():
        if not result.struck[fault]:
            result.breaches.append(f"{fault}, {driver}: it struck nothing")


def play_pairs(found: Results, seed: int, step: int) -> None:
    """Play one cell of so many of the pairs, spread over all of them; what came of them, by driver and mode."""
    every = [*pairs()]
    drawn = sorted(random.Random(seed).sample(range(len(every)), len(every) // step))
    cells = [every[at] for at in drawn]
    with in_process(seed) as rig:
        for number, cell in enumerate(told(f"seed {seed}, in pairs", cells)):
            found[cell.driver, cell.mode] += rig.play(cell, [cell.case(number % CASES)])


def told(what: str, cells: Sequence[Cell]) -> Iterator[Cell]:
    """Give cells, telling now and then how far they have come."""
    step = len(cells) // 20
    for number, cell in enumerate(cells):
        if number % step == 0:
            print(f"{what}: {number:,} of {len(cells):,} cells", flush=True)
        yield cell


@dataclass(frozen=True, slots=True)
class Extent:
    """How much was played: seeds, documents a cell, one cell of `step` of the pairs; and in how many minutes."""

    seeds: int
    documents: int
    step: int
    minutes: float


def page(alone: Results, together: Results, extent: Extent) -> Iterator[str]:
    one, two = added(alone.values()), added(together.values())
    packages = ", ".join(f"{name} {version(name)}" for name in ("slotfill", "anthropic", "instructor", "pydantic"))
    yield f"Played on {dt.datetime.now(dt.UTC).date()} with {packages} and Python {platform.python_version()},"
    seeds = ", ".join(map(str, range(extent.seeds)))
    yield f"on {os.cpu_count()} shared cores in {extent.minutes:.0f} minutes; seeds: {seeds};"
    yield f"{extent.documents} documents a cell over HTTP, one in process;"
    drawn = f"one cell of {extent.step}, drawn by the seed (of a single fault in each driver, one at least)"
    yield f"{'all cells' if extent.step == 1 else drawn}."
    yield ""
    yield f"One fault at a time: {summary(one)}"
    yield f"Two at a time: {summary(two)}"
    yield ""
    yield f"| fault | struck | {' | '.join(DRIVERS)} | invariants |"
    yield f"|---|--:|{'---|' * len(DRIVERS)}---|"
    for fault in ONLINE_FAULTS:
        whole = added(alone[fault, driver] for driver in DRIVERS)
        cells = [outcomes(alone[fault, driver]) for driver in DRIVERS]
        yield f"| `{fault}` | {whole.struck[fault]:,} | {' | '.join(cells)} | {invariants(whole)} |"
    yield ""
    yield "Two at a time, by driver and mode:"
    yield ""
    yield "| driver | mode | requests | outcomes | invariants |"
    yield "|---|---|--:|---|---|"
    for driver, mode in CALLS:
        result = together[driver, mode]
        yield f"| `{driver}` | {mode} | {result.requests:,} | {outcomes(result)} | {invariants(result)} |"
    yield ""
    yield f"Not played: {', '.join(f'`{name}`' for name in ITEM_FAULTS)}, which strike the requests of a batch alone,"
    yield "and what befalls the calls about one."


def summary(result: CellResult) -> str:
    count = f"{result.outcomes.total():,} extractions, {result.requests:,} requests, {result.struck.total():,} strikes"
    return f"{count}; {len(result.breaches)} breaches.  "


def outcomes(result: CellResult) -> str:
    counted = [f"{result.outcomes[outcome]:,} {outcome.value}" for outcome in Outcome if result.outcomes[outcome]]
    return ", ".join(counted) or "-"


def invariants(result: CellResult) -> str:
    return f"{len(result.breaches)} breaches" if result.breaches else "kept"


def added(results: Iterable[CellResult]) -> CellResult:
    total = CellResult()
    for result in results:
        total += result
    return total


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
