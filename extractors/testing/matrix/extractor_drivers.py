"""The ways to call an extractor that the fault matrix plays: each method, further turns, fallbacks, passes, chunks."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from slotfill.extractors.documents.document import Document
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.extractor import Extractor
from slotfill.extractors.record.parts import Outcome, Turn
from slotfill.extractors.streaming.events import Partial
from slotfill.extractors.testing.matrix.order_documents import Order

__all__ = ["CORRECTIONS", "DRIVERS", "METHODS", "Driver"]

AT_ONCE = 20
"""How many documents are extracted at once."""

CORRECTIONS = ("It is an order.", "Nothing of it is there.")
"""The correction of a document before a further turn, and the one that the turn makes."""

Extractions = list[Extraction[Order]]
Call = Callable[[Extractor[Order], Sequence[str]], Extractions]
AsyncCall = Callable[[Extractor[Order], Sequence[str]], Awaitable[Extractions]]


def _map(extractor: Extractor[Order], texts: Sequence[str]) -> Extractions:
    return [*extractor.map(texts, concurrency=AT_ONCE)]


async def _amap(extractor: Extractor[Order], texts: Sequence[str]) -> Extractions:
    return [extraction async for extraction in extractor.amap(texts, concurrency=AT_ONCE)]


def _stream(extractor: Extractor[Order], texts: Sequence[str]) -> Extractions:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [*pool.map(lambda text: _last([*extractor.stream(text)]), texts)]


async def _astream(extractor: Extractor[Order], texts: Sequence[str]) -> Extractions:
    async def one(text: str) -> Extraction[Order]:
        return _last([event async for event in extractor.astream(text)])

    return await asyncio.gather(*map(one, texts))


def _refine(extractor: Extractor[Order], texts: Sequence[str]) -> Extractions:
    """Take a further turn on each document."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [*pool.map(lambda text: extractor.refine(_before(extractor, text), CORRECTIONS[-1]), texts)]


async def _arefine(extractor: Extractor[Order], texts: Sequence[str]) -> Extractions:
    return await asyncio.gather(*(extractor.arefine(_before(extractor, text), CORRECTIONS[-1]) for text in texts))


def _before(extractor: Extractor[Order], text: str) -> Extraction[Order]:
    """Return what there is of a document before a further turn: replies that were no good."""
    turns = tuple(Turn({}, correction) for correction in CORRECTIONS[:-1])
    schema, document = extractor.schema, Document.of(text)
    return Extraction(document, schema.name, schema.id, str(extractor.model), Outcome.FAILED, invalid={}, history=turns)


def _last(events: Sequence[Partial[Order] | Extraction[Order]]) -> Extraction[Order]:
    """Return what a stream ends with. Raises TypeError where its events are not what they should be."""
    *before, last = events
    if not isinstance(last, Extraction) or not all(isinstance(event, Partial) for event in before):
        raise TypeError(f"a stream gave {[type(event).__name__ for event in events]}")
    return last


@dataclass(frozen=True, slots=True)
class Driver:
    """A way to call an extractor, and what it is called for.

    Attributes:
        call: Extracts from texts, in their order; one of an asynchronous extractor has to be awaited.
        chunked: Whether the documents are long, so that they are read in chunks.
        passes: How often each part is read.
        fallback: Whether there is a second model.
        refines: Whether it is a further turn.
    """

    call: Call | AsyncCall
    chunked: bool = False
    passes: int = 1
    fallback: bool = False
    refines: bool = False

    @property
    def asynchronous(self) -> bool:
        """Whether the extractor is on an asynchronous client."""
        return inspect.iscoroutinefunction(self.call)


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
