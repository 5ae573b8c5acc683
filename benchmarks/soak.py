"""Play the whole fault matrix, and write what came of it into docs/faults.md; then kill runs, as kills.py does.

    python benchmarks/soak.py [SEEDS] [DOCUMENTS] [STEP] [FAULT …]

Every fault by itself over HTTP, with so many documents (20) a cell, one cell of STEP (1) of each fault and driver, and
one at least; the pairs of faults in process, one cell of STEP; all of it once for each seed (1). Prints what does not
hold, and then exits with 1. With STEP 1 about an hour a seed on two cores, and ten minutes for the kills. With names of
faults these alone are played, each by itself, and their rows are put into the table that is there.
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


def main(seeds: int = 1, documents: int = 20, step: int = 1, *faults: str) -> int:
    started = time.monotonic()
    alone, together = _empty(), _empty()
    for seed in range(seeds):
        play_singles(alone, seed, documents, step, faults or ONLINE_FAULTS)
        if not faults:
            play_pairs(together, seed, step)
    minutes = (time.monotonic() - started) / 60
    extent = Extent(seeds, documents, step, minutes)
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    table, _, after = rest.partition(END)
    lines = with_rows(table.splitlines(), alone, faults, extent) if faults else ["", *page(alone, together, extent), ""]
    PAGE.write_text("\n".join((f"{before}{BEGIN[:-1]}", *lines, f"{END}{after}")), "utf-8")
    total = added([*alone.values(), *together.values()])
    print(*total.breaches, f"{total.outcomes.total():,} extractions, {len(total.breaches)} breaches", sep="\n")
    return bool(total.breaches) | (0 if faults else kills.main())


def _empty() -> Results:
    return defaultdict(CellResult)


def play_singles(found: Results, seed: int, documents: int, step: int, faults: Sequence[str]) -> None:
    """Play each of these faults by itself; what came of it, by fault and driver."""
    chance, cells = random.Random(seed), []
    for (names, _), alike in groupby(singles(), lambda cell: (cell.names, cell.driver)):
        every = [*alike]
        drawn = chance.sample(every, -(-len(every) // step))  # of others too: a fault's cells are the same by itself
        cells += drawn if set(names) <= set(faults) else []
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
    yield f"Played on {occasion()},"
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
    yield from (row(fault, alone) for fault in ONLINE_FAULTS)
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


def with_rows(lines: Sequence[str], alone: Results, faults: Sequence[str], extent: Extent) -> list[str]:
    """Put the rows of some faults into the table, in their order, and say below it when they were played."""
    note = f"The rows of {', '.join(f'`{name}`' for name in faults)} are of"
    how = f"{extent.seeds} seed, {extent.documents} documents a cell, one cell of {extent.step}"
    first = next(at for at, line in enumerate(lines) if row_name(line))
    rows = {name: line for line in lines if (name := row_name(line))} | {name: row(name, alone) for name in faults}
    ordered = [rows[name] for name in ONLINE_FAULTS if name in rows]
    others = [line for line in lines if not row_name(line) and not line.startswith(note)]
    told = f"{note} {occasion()} ({how}), and in no sum above: {summary(added(alone.values())).rstrip()}"
    return [*others[:first], *ordered, "", told, *others[first:]]


def row(fault: str, alone: Results) -> str:
    """Say what came of a fault, by driver."""
    whole = added(alone[fault, driver] for driver in DRIVERS)
    cells = [outcomes(alone[fault, driver]) for driver in DRIVERS]
    return f"| `{fault}` | {whole.struck[fault]:,} | {' | '.join(cells)} | {invariants(whole)} |"


def row_name(line: str) -> str | None:
    """Return the fault whose row a line is."""
    name = line.removeprefix("| `").partition("`")[0]
    return name if line.startswith("| `") and name in ONLINE_FAULTS else None


def occasion() -> str:
    """Say when it is played, and with what."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("slotfill", "anthropic", "instructor", "pydantic"))
    return f"{dt.datetime.now(dt.UTC).date()} with {packages} and Python {platform.python_version()}"


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
    numbers = [int(argument) for argument in sys.argv[1:4]]
    if unknown := set(sys.argv[4:]) - set(ONLINE_FAULTS):
        sys.exit(f"no such fault: {', '.join(sorted(unknown))}; there are {', '.join(ONLINE_FAULTS)}")
    sys.exit(main(*numbers, *sys.argv[4:]))
