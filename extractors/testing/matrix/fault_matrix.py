"""The fault matrix: faults, alone and in pairs, met by the whole of slotfill on many documents; and the accounts after.

    cell = Cell(("fences:0.5",), "astream", "structured")
    with on_a_port() as rig:
        result = rig.play(cell, cell.cases(20))
    assert not result.breaches

A cell is some faults, a way to call the extractor, and a mode. Its accounts: each document has one extraction, in
order; nothing that is ok differs from what the model meant; of a document that was read in chunks, each lost one is
told, and what the others gave is right, and there; so it is with each of several passes; a second model is asked where
the first could not, and told; every request hears the further turns; usage is what the service counted for every reply
that arrived; the key is shown nowhere; nothing is raised; each record agrees with itself, and loads again.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Self, TypeVar

import anthropic
import httpx2

from slotfill.extractors.extractor import Extractor
from slotfill.extractors.record.document import Document
from slotfill.extractors.record.extraction import Extraction
from slotfill.extractors.record.parts import Outcome, Turn
from slotfill.extractors.streaming.events import Partial
from slotfill.extractors.testing.checking.invariants import (
    Judged,
    contradictions,
    dropped,
    misplaced,
    misread,
    misrouted,
    overspent,
    overtrusted,
    unaccounted,
    unheard,
    unloadable,
    untold,
    wrong,
)
from slotfill.extractors.testing.checking.scenarios import KEY, logged
from slotfill.extractors.testing.claude import Seen, SimulatedClaude
from slotfill.extractors.testing.faults.text_faults import TEXT_FAULTS
from slotfill.extractors.testing.matrix.order_documents import AliasedOrder, Case, Order, as_meant, order
from slotfill.extractors.testing.server import served
from slotfill.extractors.testing.simulated_transport import SimulatedTransport
from slotfill.extractors.testing.simulator.clock import Clock, ManualClock
from slotfill.extractors.testing.simulator.fault_triggers import BATCH_FAULTS, FAULTS, STREAM_FAULTS, Trigger, triggers
from slotfill.schemas.schema import Schema

__all__ = [
    "CALLS",
    "DRIVERS",
    "MODES",
    "ONLINE_FAULTS",
    "ORDERINGS",
    "Cell",
    "CellResult",
    "Rig",
    "in_process",
    "on_a_port",
    "pairs",
    "singles",
]

T = TypeVar("T")

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

FALLBACK = "claude-sonnet-5-5"
"""The second model, where there is one."""

TRIGGERS = ("", ":0.5", "@1-10")
"""When a fault strikes: always; one request in two; the first ten, which are of ten documents."""

ORDERINGS = ("{0} {1}", "{0}@1 {1}@1", "{0}@1 {1}@2", "{1}@1 {0}@2")
"""How two faults meet: always both, both once, one after the other."""

ENDLESS = frozenset({"timeout", "stall"})
"""The faults with which a reply never comes, or never to its end."""

TIMEOUT = 1.0
"""Seconds that a client on a port waits for these; in process it need not."""

PATIENCE = 60.0
"""Seconds that it waits for all others, however busy the machine is."""

HURRY = 50
"""How many times faster than told a service on a port is slow."""

TRIES = 2
"""How often the SDK tries a request."""

RETRIES = 2
"""How often a model is asked again, by default."""

AT_ONCE = 20
"""How many documents are extracted at once."""

CHUNK_CHARS = 500
"""How much of a long document a request holds: it takes two to four."""

CORRECTIONS = ("It is an order.", "Nothing of it is there.")
"""What was said of a document before a further turn, and in it."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Faults as a simulated service is told them, a driver and a mode; positions count the requests of the cell."""

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
        """Give the document of that number, from 0, with its value as the cell's schema spells it."""
        return order(number, model=MODES[self.mode].schema.model, long=DRIVERS[self.driver].chunked)

    def cases(self, count: int) -> list[Case]:
        """Give so many of them."""
        return [*map(self.case, range(count))]


@dataclass(slots=True)
class CellResult:
    """What came of one or several cells.

    outcomes: of the documents. struck: how many requests each fault struck, of all `requests` that the service saw.
    breaches: what does not hold, with the cell and the document.
    """

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    breaches: list[str] = field(default_factory=list)

    def __iadd__(self, other: CellResult) -> Self:
        self.outcomes.update(other.outcomes)
        self.struck.update(other.struck)
        self.requests += other.requests
        self.breaches += other.breaches
        return self


def singles() -> Iterator[Cell]:
    """Give the cells of each fault by itself, for many documents, in all drivers and modes where it can strike.

    All but the thorough calls are played at one request in two alone: they differ in what is asked, not in how.
    """
    for fault, call in itertools.product(ONLINE_FAULTS, CALLS):
        if _may_strike(fault, *call):
            triggers_of = TRIGGERS if call in THOROUGH else TRIGGERS[1:2]
            yield from (Cell((fault + trigger,), *call) for trigger in triggers_of)


def _may_strike(fault: str, driver: str, mode: str) -> bool:
    if fault in STREAM_FAULTS:
        return driver in ("stream", "astream")  # the replies for chunks come whole, and nothing else is streamed
    return mode != "tool" if fault in TEXT_FAULTS else mode == "tool" or "tool" not in fault


def pairs() -> Iterator[Cell]:
    """Give the cells of each two faults, for one document each, in all drivers and modes where both can strike."""
    for two, call in itertools.product(itertools.combinations(ONLINE_FAULTS, 2), CALLS):
        if all(_may_strike(fault, *call) for fault in two):
            orderings = ORDERINGS if call in THOROUGH else ORDERINGS[:1]
            yield from (Cell(tuple(told.format(*two).split()), *call) for told in orderings)


class Rig:
    """A simulated service, and extractors on clients of it that do not wait between their tries.

    url: where it is served; None has the clients reach it in process.
    """

    def __init__(self, claude: SimulatedClaude, url: str | None = None) -> None:
        self._claude, self._url = claude, url
        self._asked = 0
        self._extractors: dict[tuple[Any, ...], Extractor[Order]] = {}
        self._open = ExitStack()
        self._runner = self._open.enter_context(asyncio.Runner())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def play(self, cell: Cell, cases: Sequence[Case]) -> CellResult:
        """Have a cell's driver extract from all documents, and settle the accounts."""
        lines: list[str] = []
        claude = self._claude
        claude.requests.clear()
        claude.script(as_meant(cases), faults=[_moved(trigger, self._asked) for trigger in triggers(cell.faults)])
        with logged(lines):
            extractions, raised = self._extracted(cell, [case.text for case in cases])
        self._asked = max((seen.number for seen in claude.requests), default=self._asked)
        breaches = [f"{cell}: {told}" for told in _settled(cell, cases, extractions, claude.requests)]
        breaches += [f"{cell}: the key stands in a log line" for line in lines if KEY in line]
        breaches += [f"{cell}: raised {error!r}" for error in raised]
        struck = Counter(name for seen in claude.requests for name in seen.faults)
        return CellResult(Counter(one.outcome for one in extractions), struck, len(claude.requests), breaches)

    def extractor(self, cell: Cell, *, asynchronous: bool = False) -> Extractor[Order]:
        """Give the extractor for a cell; it serves all of its kind."""
        waits = self._url is not None and ENDLESS.intersection(cell.names)
        timeout = TIMEOUT if waits else PATIENCE
        key = (cell.driver, cell.mode, timeout)
        if key not in self._extractors:
            target, driver = MODES[cell.mode], DRIVERS[cell.driver]
            self._extractors[key] = Extractor(
                target.schema,
                client=self._async_client(timeout) if asynchronous else self._client(timeout),
                model=(target.model, FALLBACK) if driver.fallback else target.model,
                chunk_chars=CHUNK_CHARS if driver.chunked else None,
                passes=driver.passes,
            )
        return self._extractors[key]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run on the event loop that the asynchronous clients live on."""
        return self._runner.run(work)

    def _extracted(self, cell: Cell, texts: Sequence[str]) -> tuple[list[Extraction[Order]], list[Exception]]:
        try:
            return DRIVERS[cell.driver].call(self, cell, texts), []
        except Exception as error:  # noqa: BLE001 - that anything at all is raised is what must not be
            return [], [error]

    def _client(self, timeout: float) -> anthropic.Anthropic:
        http_client = None if self._url else httpx2.Client(transport=SimulatedTransport(self._claude))
        client = _Client(http_client=http_client, **self._options(timeout))
        self._open.callback(client.close)
        return client

    def _async_client(self, timeout: float) -> anthropic.AsyncAnthropic:
        http_client = None if self._url else httpx2.AsyncClient(transport=SimulatedTransport(self._claude))
        client = _AsyncClient(http_client=http_client, **self._options(timeout))
        self._open.callback(lambda: self.run(client.close()))
        return client

    def _options(self, timeout: float) -> dict[str, Any]:
        url = self._url or "http://simulated.invalid"
        return {"api_key": KEY, "base_url": url, "timeout": timeout, "max_retries": TRIES - 1}


@contextmanager
def on_a_port(seed: int = 0) -> Iterator[Rig]:
    """Serve on a loopback port while the context lasts."""
    claude = SimulatedClaude(seed=seed, clock=_Hurried(), key=KEY)
    with served(claude) as url, Rig(claude, url) as rig:
        yield rig


def in_process(seed: int = 0) -> Rig:
    """Answer in this process, where no time passes."""
    return Rig(SimulatedClaude(seed=seed, clock=ManualClock(), key=KEY))


def _moved(trigger: Trigger, offset: int) -> Trigger:
    """Have a trigger count the requests from here on."""
    positions = trigger.positions and frozenset(position + offset for position in trigger.positions)
    return replace(trigger, positions=positions)


def _settled(
    cell: Cell, cases: Sequence[Case], extractions: Sequence[Extraction[Order]], requests: Sequence[Seen]
) -> Iterator[str]:
    """Say what of a cell does not hold."""
    if [one.document.text for one in extractions] != [case.text for case in cases]:
        yield f"{len(cases)} documents were given, and {len(extractions)} came back, or in another order"
        return
    for seen in requests:
        if seen.status == HTTPStatus.BAD_REQUEST:
            yield f"the service refused {seen.request.body!r}"
    for number, (case, extraction) in enumerate(zip(cases, extractions, strict=True)):
        own = [seen for seen in requests if seen.document is not None and seen.document in case.text]
        for path, message in _judged(cell, case, extraction, own):
            yield f"document {number}: {path}: {message}"


def _judged(cell: Cell, case: Case, extraction: Extraction[Order], requests: Sequence[Seen]) -> Judged:
    driver = DRIVERS[cell.driver]
    yield from wrong(extraction, case.truth)
    yield from untold(extraction)
    yield from dropped(extraction, case.stated_in, requests)
    yield from misread(extraction, chunked=driver.chunked, passes=driver.passes)
    yield from misrouted(extraction, requests)
    yield from overspent(extraction, (1 + RETRIES) * driver.passes)
    yield from unheard(extraction, requests, CORRECTIONS if driver.refines else ())
    yield from unaccounted(extraction, requests)
    yield from overtrusted(extraction, requests)
    yield from contradictions(extraction)
    yield from misplaced(extraction.spans, extraction.data, case.text)
    yield from unloadable(extraction, MODES[cell.mode].schema)
    if KEY in f"{extraction!r} {extraction.to_json()}":
        yield "", "the key stands in the record"


Call = Callable[[Rig, Cell, Sequence[str]], list[Extraction[Order]]]


def _map(rig: Rig, cell: Cell, texts: Sequence[str]) -> list[Extraction[Order]]:
    return [*rig.extractor(cell).map(texts, concurrency=AT_ONCE)]


def _amap(rig: Rig, cell: Cell, texts: Sequence[str]) -> list[Extraction[Order]]:
    async def run() -> list[Extraction[Order]]:
        found = rig.extractor(cell, asynchronous=True).amap(texts, concurrency=AT_ONCE)
        return [extraction async for extraction in found]

    return rig.run(run())


def _stream(rig: Rig, cell: Cell, texts: Sequence[str]) -> list[Extraction[Order]]:
    extractor = rig.extractor(cell)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [*pool.map(lambda text: _last([*extractor.stream(text)]), texts)]


def _astream(rig: Rig, cell: Cell, texts: Sequence[str]) -> list[Extraction[Order]]:
    extractor = rig.extractor(cell, asynchronous=True)

    async def one(text: str) -> Extraction[Order]:
        return _last([event async for event in extractor.astream(text)])

    async def run() -> list[Extraction[Order]]:
        return await asyncio.gather(*map(one, texts))

    return rig.run(run())


def _refine(rig: Rig, cell: Cell, texts: Sequence[str]) -> list[Extraction[Order]]:
    """Take a further turn on each document."""
    extractor = rig.extractor(cell)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [*pool.map(lambda text: extractor.refine(_before(cell, text), CORRECTIONS[-1]), texts)]


def _arefine(rig: Rig, cell: Cell, texts: Sequence[str]) -> list[Extraction[Order]]:
    extractor = rig.extractor(cell, asynchronous=True)

    async def run() -> list[Extraction[Order]]:
        return await asyncio.gather(*(extractor.arefine(_before(cell, text), CORRECTIONS[-1]) for text in texts))

    return rig.run(run())


def _before(cell: Cell, text: str) -> Extraction[Order]:
    """Give what there is of a document before a further turn: replies that were no good."""
    target = MODES[cell.mode]
    turns = tuple(Turn({}, correction) for correction in CORRECTIONS[:-1])
    schema, document = target.schema, Document.of(text)
    return Extraction(document, schema.name, schema.id, target.model, Outcome.FAILED, invalid={}, history=turns)


def _last(events: Sequence[Partial[Order] | Extraction[Order]]) -> Extraction[Order]:
    """Give what a stream ends with. Raises TypeError where its events are not what they should be."""
    *before, last = events
    if not isinstance(last, Extraction) or not all(isinstance(event, Partial) for event in before):
        raise TypeError(f"a stream gave {[type(event).__name__ for event in events]}")
    return last


@dataclass(frozen=True, slots=True)
class Driver:
    """A way to call an extractor, and what it is called for.

    chunked: long documents, which are read in chunks. passes: how often each part is read. fallback: whether there is a
    second model. refines: whether it is a further turn.
    """

    call: Call
    chunked: bool = False
    passes: int = 1
    fallback: bool = False
    refines: bool = False


METHODS: Mapping[str, Driver] = {
    "map": Driver(_map),
    "amap": Driver(_amap),
    "stream": Driver(_stream),
    "astream": Driver(_astream),
}
"""The ways to call an extractor, by the name of the method."""

DRIVERS: Mapping[str, Driver] = {
    **METHODS,
    "refine": Driver(_refine, refines=True),
    "fallback": Driver(_map, fallback=True),
    "passes": Driver(_map, passes=2),
    "chunks": Driver(_map, chunked=True),
    "stream_chunks": Driver(_astream, chunked=True),
    "refine_chunks": Driver(_arefine, chunked=True, refines=True),
    "fallback_chunks": Driver(_amap, chunked=True, fallback=True),
    "passes_chunks": Driver(_amap, chunked=True, passes=2),
}
"""These, further turns, a second model to fall back to, several passes; and all of it in chunks."""

CALLS = (*itertools.product(DRIVERS, MODES),)
"""The drivers that are played, each in all modes."""

THOROUGH = {*itertools.product(METHODS, ("structured", "tool")), ("chunks", "structured")}
"""The calls that are played with all triggers and orderings."""


class _Client(anthropic.Anthropic):
    """The SDK's client; between its tries no time passes."""

    def _sleep_for_retry(self, **_: Any) -> None: ...


class _AsyncClient(anthropic.AsyncAnthropic):
    """The SDK's asynchronous client, likewise."""

    async def _sleep_for_retry(self, **_: Any) -> None: ...


class _Hurried(Clock):
    """The time of a service on a port: slowness is short, and what never comes outlasts every client."""

    async def asleep(self, seconds: float) -> None:
        await super().asleep(min(seconds / HURRY, 2 * TIMEOUT))
