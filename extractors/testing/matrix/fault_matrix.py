"""The fault matrix: faults, alone and in pairs, met by the whole of slotfill on many documents; and what holds after.

    cell = Cell(("fences:0.5",), "astream", "structured")
    with on_a_port() as rig:
        result = rig.play(cell, cell.cases(20))
    assert not result.breaches

A cell is some faults, a way to call the extractor, and a mode. What must hold of it: each document has one extraction,
in order; nothing that is ok differs from what the model meant; of a document that was read in chunks, each lost one is
told, and what the others gave is right, and there; so it is with each of several passes; a second model is asked where
the first could not, and told; every request hears the further turns; usage is what the service counted for every reply
that arrived; the key is shown nowhere; nothing is raised; each record agrees with itself, and loads again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, NamedTuple, Self, TypedDict

import anthropic
import httpx2

from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.extractor import Extractor
from slotfill.extractors.record.parts import Outcome
from slotfill.extractors.testing.checking.invariants import (
    Breaches,
    contradictions,
    dropped_parts,
    excess_requests,
    misplaced_spans,
    misread_chunks,
    misrouted_requests,
    overtrusted_replies,
    unaccounted_usage,
    unheard_corrections,
    unloadable_records,
    untold_losses,
    wrong_values,
)
from slotfill.extractors.testing.checking.scenarios import KEY, logged
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.matrix.extractor_drivers import CORRECTIONS, DRIVERS
from slotfill.extractors.testing.matrix.matrix_cells import MODES, Cell
from slotfill.extractors.testing.matrix.order_documents import Case, Order, as_meant
from slotfill.extractors.testing.server import served
from slotfill.extractors.testing.simulated_transport import SimulatedTransport
from slotfill.extractors.testing.simulator.clock import Clock, ManualClock
from slotfill.extractors.testing.simulator.exchange import LoggedRequest
from slotfill.extractors.testing.simulator.fault_triggers import Trigger, triggers

__all__ = ["CellResult", "Rig", "in_process", "on_a_port"]

FALLBACK = "claude-sonnet-5-5"
"""The second model, where there is one."""

ENDLESS = frozenset({"timeout", "stall"})
"""The faults with which a reply never comes, or never to its end."""

TIMEOUT = 4.0
"""Seconds that a client on a port waits for these, and for what comes beside them; in process it need not."""

PATIENCE = 60.0
"""Seconds that it waits for all others, however busy the machine is."""

HURRY = 50
"""How many times faster than told a service on a port is slow."""

TRIES = 2
"""How often the SDK tries a request."""

RETRIES = 2
"""How often a model is asked again, by default."""

CHUNK_CHARS = 500
"""How much of a long document a request holds: it takes two to four."""


@dataclass(slots=True)
class CellResult:
    """What came of one or several cells.

    Attributes:
        outcomes: How many documents ended with each outcome.
        struck: How many requests each fault struck.
        requests: How many the service saw.
        breaches: What does not hold, with the cell and the document; empty where all holds.
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


class _Kind(NamedTuple):
    """What one extractor serves: all cells of a driver and a mode with which its clients wait as long."""

    driver: str
    mode: str
    timeout: float


class Rig:
    """A simulated service, and extractors on clients of it that do not wait between their tries.

    A context manager: `on_a_port()` and `in_process()` make one.

    Args:
        claude: The service.
        url: Where it is served; None has the clients reach it in process.
    """

    def __init__(self, claude: SimulatedClaude, url: str | None = None) -> None:
        self._claude, self._url = claude, url
        self._requests = 0
        self._extractors: dict[_Kind, Extractor[Order]] = {}
        self._open = ExitStack()
        self._runner = self._open.enter_context(asyncio.Runner())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def play(self, cell: Cell, cases: Sequence[Case]) -> CellResult:
        """Have a cell's driver extract from all documents, and look at what holds of each.

        Args:
            cell: What is done wrong, and how the extractor is called.
            cases: The documents, with what they say: `cell.cases(20)` makes some.
        """
        lines: list[str] = []
        claude = self._claude
        claude.requests.clear()
        claude.script(as_meant(cases), faults=[_moved(trigger, self._requests) for trigger in triggers(cell.faults)])
        with logged(lines):
            extractions, errors = self._extracted(cell, [case.text for case in cases])
        self._requests = max((request.number for request in claude.requests), default=self._requests)
        breaches = [f"{cell}: {breach}" for breach in _breaches(cell, cases, extractions, claude.requests)]
        breaches += [f"{cell}: the key stands in a log line" for line in lines if KEY in line]
        breaches += [f"{cell}: raised {error!r}" for error in errors]
        struck = Counter(name for request in claude.requests for name in request.faults)
        return CellResult(Counter(one.outcome for one in extractions), struck, len(claude.requests), breaches)

    def _extracted(self, cell: Cell, texts: Sequence[str]) -> tuple[list[Extraction[Order]], list[Exception]]:
        try:
            extractions = DRIVERS[cell.driver].call(self._extractor(cell), texts)
            return extractions if isinstance(extractions, list) else self._runner.run(_awaited(extractions)), []
        except Exception as error:  # noqa: BLE001 - that anything at all is raised is what must not be
            return [], [error]

    def _extractor(self, cell: Cell) -> Extractor[Order]:
        """Return the extractor for a cell; it serves all of its kind."""
        waits = self._url is not None and ENDLESS.intersection(cell.names)
        kind = _Kind(cell.driver, cell.mode, TIMEOUT if waits else PATIENCE)
        if kind not in self._extractors:
            self._extractors[kind] = self._made(kind)
        return self._extractors[kind]

    def _made(self, kind: _Kind) -> Extractor[Order]:
        target, driver = MODES[kind.mode], DRIVERS[kind.driver]
        return Extractor(
            target.schema,
            client=self._async_client(kind.timeout) if driver.asynchronous else self._client(kind.timeout),
            model=(target.model, FALLBACK) if driver.fallback else target.model,
            chunk_chars=CHUNK_CHARS if driver.chunked else None,
            passes=driver.passes,
        )

    def _client(self, timeout: float) -> anthropic.Anthropic:
        http_client = None if self._url else httpx2.Client(transport=SimulatedTransport(self._claude))
        client = _Client(http_client=http_client, **self._options(timeout))
        self._open.callback(client.close)
        return client

    def _async_client(self, timeout: float) -> anthropic.AsyncAnthropic:
        http_client = None if self._url else httpx2.AsyncClient(transport=SimulatedTransport(self._claude))
        client = _AsyncClient(http_client=http_client, **self._options(timeout))
        self._open.callback(lambda: self._runner.run(client.close()))
        return client

    def _options(self, timeout: float) -> _ClientOptions:
        url = self._url or "http://simulated.invalid"
        return {"api_key": KEY, "base_url": url, "timeout": timeout, "max_retries": TRIES - 1}


class _ClientOptions(TypedDict):
    """How the SDK's clients are made."""

    api_key: str
    base_url: str
    timeout: float
    max_retries: int


@contextmanager
def on_a_port(seed: int = 0) -> Iterator[Rig]:
    """Serve on a loopback port while the context lasts; gives the rig.

    Args:
        seed: For all that is left to chance.
    """
    claude = SimulatedClaude(seed=seed, clock=_Hurried(), key=KEY)
    with served(claude) as url, Rig(claude, url) as rig:
        yield rig


def in_process(seed: int = 0) -> Rig:
    """Answer in this process, where no time passes.

    Args:
        seed: For all that is left to chance.
    """
    return Rig(SimulatedClaude(seed=seed, clock=ManualClock(), key=KEY))


def _moved(trigger: Trigger, offset: int) -> Trigger:
    """Have a trigger count the requests from here on."""
    positions = trigger.positions and frozenset(position + offset for position in trigger.positions)
    return replace(trigger, positions=positions)


async def _awaited(extractions: Awaitable[list[Extraction[Order]]]) -> list[Extraction[Order]]:
    return await extractions


def _breaches(
    cell: Cell, cases: Sequence[Case], extractions: Sequence[Extraction[Order]], requests: Sequence[LoggedRequest]
) -> Iterator[str]:
    """Say what of a cell does not hold."""
    if [one.document.text for one in extractions] != [case.text for case in cases]:
        yield f"{len(cases)} documents were given, and {len(extractions)} came back, or in another order"
        return
    for request in requests:
        if request.status == HTTPStatus.BAD_REQUEST:
            yield f"the service refused {request.http.body!r}"
    for number, (case, extraction) in enumerate(zip(cases, extractions, strict=True)):
        own = [request for request in requests if request.document is not None and request.document in case.text]
        for path, message in _of_document(cell, case, extraction, own):
            yield f"document {number}: {path}: {message}"


def _of_document(cell: Cell, case: Case, extraction: Extraction[Order], requests: Sequence[LoggedRequest]) -> Breaches:
    driver = DRIVERS[cell.driver]
    yield from wrong_values(extraction, case.truth)
    yield from untold_losses(extraction)
    yield from dropped_parts(extraction, case.stated_in, requests)
    yield from misread_chunks(extraction, chunked=driver.chunked, passes=driver.passes)
    yield from misrouted_requests(extraction, requests)
    yield from excess_requests(extraction, (1 + RETRIES) * driver.passes)
    yield from unheard_corrections(extraction, requests, CORRECTIONS if driver.refines else ())
    yield from unaccounted_usage(extraction, requests)
    yield from overtrusted_replies(extraction, requests)
    yield from contradictions(extraction)
    yield from misplaced_spans(extraction.spans, extraction.data, case.text)
    yield from unloadable_records(extraction, MODES[cell.mode].schema)
    if KEY in f"{extraction!r} {extraction.to_json()}":
        yield "", "the key stands in the record"


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
