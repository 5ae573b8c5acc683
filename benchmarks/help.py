"""How long `slotfill --help` takes, as a multiple of importing click alone.

python benchmarks/help.py [PAIRS]

Both are whole processes of the running environment, taken in turn after a warm-up, so that a slow moment of the
machine meets both. Target: at most 1.5.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from statistics import median

PAIRS = 15
TARGET = 1.5


def seconds(*command: str | Path) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main(pairs: int = PAIRS) -> None:
    slotfill = Path(sysconfig.get_path("scripts"), "slotfill")

    def pair() -> tuple[float, float]:
        return seconds(slotfill, "--help"), seconds(sys.executable, "-c", "import click")

    pair()  # what is read from disk, and compiled, once
    taken = [pair() for _ in range(pairs)]
    ratio = median(ours / clicks for ours, clicks in taken)
    print(f"slotfill --help        {1000 * median(ours for ours, _ in taken):6.1f} ms")
    print(f"python -c import click {1000 * median(clicks for _, clicks in taken):6.1f} ms")
    print(f"ratio                  {ratio:6.2f}    (median of {pairs} pairs; target {TARGET}: {verdict(ratio)})")


def verdict(ratio: float) -> str:
    return "met" if ratio <= TARGET else "missed"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
