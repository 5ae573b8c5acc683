"""The cells of the fault matrix: some faults, a driver and a mode, alone and in pairs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from slotfill.extractors.testing.faults.text_faults import TEXT_FAULTS
from slotfill.extractors.testing.matrix.extractor_drivers import DRIVERS, METHODS
from slotfill.extractors.testing.matrix.order_documents import AliasedOrder, Case, Order, order
from slotfill.extractors.testing.simulator.fault_triggers import BATCH_FAULTS, FAULTS, Trigger, triggers
from slotfill.extractors.testing.simulator.network_faults import STREAM_FAULTS
from slotfill.schemas.schema import Schema

__all__ = ["CALLS", "MODES", "ONLINE_FAULTS", "ORDERINGS", "Cell", "Target", "pairs", "singles"]

ONLINE_FAULTS = tuple(name for name in FAULTS if name not in BATCH_FAULTS)
"""The faults that a request by itself may meet; those of a batch strike only there."""


@dataclass(frozen=True, slots=True)
class Target:
    """A model, and a schema that it is asked for in one mode."""

    model: str
    schema: Schema[Order]


MODES: Mapping[str, Target] = {
    "structured": Target("claude-haiku-5-5", Schema(Order)),
    "tool": Target("claude-3-haiku-20240307", Schema(Order)),
    "text": Target("claude-haiku-5-5", Schema[Order](AliasedOrder)),
}
"""The forms in which JSON is asked for, each with a target that takes it, and no form before it."""

CALLS = (*itertools.product(DRIVERS, MODES),)
"""The drivers that are played, each in all modes."""

THOROUGH = {*itertools.product(METHODS, ("structured", "tool")), ("chunks", "structured")}
"""The calls that are played with all triggers and orderings."""

TRIGGERS = ("", ":0.5", "@1-10")
"""When a fault strikes: always; one request in two; the first ten, which are of ten documents."""

ORDERINGS = ("{0} {1}", "{0}@1 {1}@1", "{0}@1 {1}@2", "{1}@1 {0}@2")
"""How two faults meet: always both, both once, one after the other."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: what is done wrong, and how the extractor is called meanwhile.

    Attributes:
        faults: As `SimulatedClaude` takes them; positions count the requests of the cell.
        driver: A name of `DRIVERS`: `map`, `amap`, `stream`, `astream`, `refine`, `fallback`, `passes`, `chunks`,
            `stream_chunks`, `refine_chunks`, `fallback_chunks` or `passes_chunks`.
        mode: `structured`, `tool` or `text`.
    """

    faults: tuple[str | Trigger, ...]
    driver: str
    mode: str

    def __str__(self) -> str:
        return f"{' '.join(map(str, self.faults))}, {self.driver}, {self.mode}"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the faults."""
        return tuple(trigger.name for trigger in triggers(self.faults))

    def case(self, number: int) -> Case:
        """Return the document of that number, from 0, with its value as the cell's schema spells it."""
        return order(number, model=MODES[self.mode].schema.model, long=DRIVERS[self.driver].chunked)

    def cases(self, count: int) -> list[Case]:
        """Return so many documents, from number 0 on."""
        return [*map(self.case, range(count))]


def singles() -> Iterator[Cell]:
    """Yield the cells of each fault by itself, for many documents, in all drivers and modes where it can strike.

    All but the thorough calls are played at one request in two alone: they differ in what is asked, not in how.
    """
    for fault, call in itertools.product(ONLINE_FAULTS, CALLS):
        if _may_strike(fault, *call):
            triggers_of = TRIGGERS if call in THOROUGH else TRIGGERS[1:2]
            yield from (Cell((fault + trigger,), *call) for trigger in triggers_of)


def pairs() -> Iterator[Cell]:
    """Yield the cells of each two faults, for one document each, in all drivers and modes where both can strike."""
    for two, call in itertools.product(itertools.combinations(ONLINE_FAULTS, 2), CALLS):
        if all(_may_strike(fault, *call) for fault in two):
            orderings = ORDERINGS if call in THOROUGH else ORDERINGS[:1]
            yield from (Cell(tuple(form.format(*two).split()), *call) for form in orderings)


def _may_strike(fault: str, driver: str, mode: str) -> bool:
    if fault in STREAM_FAULTS:
        return driver in ("stream", "astream")  # the replies for chunks come whole, and nothing else is streamed
    return mode != "tool" if fault in TEXT_FAULTS else mode == "tool" or "tool" not in fault
