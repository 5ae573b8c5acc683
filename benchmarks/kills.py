"""Kill runs at random moments, start them again, and see that each ends as one that nobody disturbed.

    python benchmarks/kills.py [KILLS] [SEED]

Runs of 500 documents, through the command line in processes of their own, which SIGKILL ends as they start, read, ask
or write (100 times). Prints what does not hold, and then exits with 1. About ten minutes on two cores.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

sys.path.append(str(Path(__file__).parent.parent / "tests"))
from killing import DOCUMENTS, Run, moments

MOST = 8
"""How often one run is killed at most."""

OFTEN = {"starting": 1, "reading": 3, "asking": 6, "writing": 3}
"""How often it is killed as it does what, against the others."""


@dataclass
class Killed:
    """What came of the kills: by the moment, the requests paid for again, the breaches."""

    moments: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    again: int = 0
    breaches: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """How many there were."""
        return self.moments.total()


def main(kills: int = 100, seed: int = 0) -> int:
    killed = kill(kills, seed)
    print(*killed.breaches, told(killed), sep="\n")
    return bool(killed.breaches)


def kill(kills: int, seed: int) -> Killed:
    """Kill so often."""
    chance, killed = Random(seed), Killed()
    with tempfile.TemporaryDirectory() as folder:
        undisturbed = Run(Path(folder) / "undisturbed")
        undisturbed.start()
        while killed.kills < kills:
            run = Run(Path(folder) / str(killed.runs))
            disturb(run, undisturbed, chance, min(chance.randint(1, MOST), kills - killed.kills), killed)
            run.start()
            killed.runs += 1
            killed.again += len(run.claude.requests) - len(undisturbed.claude.requests)
            killed.breaches += [f"run {killed.runs}: {breach}" for breach in run.breaches(undisturbed)]
            print(f"kills: {killed.kills} of {kills}, {len(killed.breaches)} breaches", flush=True)
    return killed


def disturb(run: Run, undisturbed: Run, chance: Random, kills: int, killed: Killed) -> None:
    """Kill one run so often."""
    while run.kills < kills:
        possible = moments(undisturbed, run, chance)
        (what,) = chance.choices([*possible], [OFTEN[name] for name in possible])
        before = run.kills
        run.start(possible[what], undisturbed=undisturbed)
        killed.moments[what] += run.kills - before


def told(killed: Killed) -> str:
    """Write the figures."""
    moments = ", ".join(f"{count} while {what}" for what, count in sorted(killed.moments.items()))
    return (
        f"{killed.kills} kills of {killed.runs} runs of {DOCUMENTS} documents ({moments}): "
        f"{len(killed.breaches)} breaches, {killed.again} requests paid for again, "
        f"{killed.again / killed.kills:.1f} a kill"
    )


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
