"""The one driver loop: whole and streaming, with an event loop and without."""

import asyncio
from threading import Event, Semaphore

import pytest
from pydantic import BaseModel

from slotfill import Document, Extraction, Partial, Rung, Schema
from slotfill.extractors.drivers import (
    BlockingAsker,
    ConcurrentAsker,
    RunningPlan,
    drive,
    extraction_of,
    iterate,
    run_to_end,
)
from slotfill.extractors.errors import ModelError
from slotfill.extractors.plan import plan
from slotfill.extractors.rungs.asks import Answer, Policy


class Word(BaseModel):
    """Quote the word."""

    word: str


GOOD = '{"word": "Good, as it is written here"}'
SCHEMA = Schema(Word)
DOCUMENT = Document.of("Good. " * 400)


class Clients:
    """Answer everything alike; `closed` counts the replies that were ended before they were whole."""

    def __init__(self, text=GOOD):
        self.answer = Answer(json=text, text=text, stop_reason="end_turn")
        self.asks, self.closed, self.at_once, self.peak = [], 0, 0, 0

    def execute(self, ask):
        self.asks.append(ask)
        return self.answer

    async def aexecute(self, ask):
        self.asks.append(ask)
        self.at_once += 1
        self.peak = max(self.peak, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        return self.answer

    def stream(self, ask):
        self.asks.append(ask)
        whole = False
        try:
            yield from (self.answer.text[:20], self.answer.text[20:])
            whole = True
        finally:
            self.closed += not whole
        return self.answer

    async def astream(self, ask):
        for piece in self.stream(ask):
            yield piece
        yield self.answer


def running(chunk_chars=None):
    policy = Policy("claude-haiku-5-5", ("structured",), max_tokens=100, ceiling=1000, chunk_chars=chunk_chars)
    return RunningPlan(DOCUMENT, SCHEMA, policy, plan(DOCUMENT, SCHEMA, policy))


def blocking(clients):
    return BlockingAsker(clients, Semaphore(2), threads=2)


@pytest.mark.parametrize("chunk_chars", [None, 500])
def test_with_an_event_loop_and_without_the_same_comes_of_it(chunk_chars):
    one, other = Clients(), Clients()
    without = run_to_end(extraction_of(running(chunk_chars), blocking(one)))
    within = asyncio.run(extraction_of(running(chunk_chars), ConcurrentAsker(other)))
    assert without == within
    assert without.ok
    assert len(one.asks) == len(other.asks) == max(1, len(without.chunks))


def test_slots_bound_how_many_are_answered_at_once():
    async def driven(slots):
        clients = Clients()
        await extraction_of(running(500), ConcurrentAsker(clients, slots and asyncio.Semaphore(slots)))
        return clients.peak, len(clients.asks)

    peak, asks = asyncio.run(driven(None))
    assert peak == asks > 2
    assert asyncio.run(driven(2))[0] == 2


def test_a_stream_shows_the_value_as_it_grows():
    *partials, last = iterate(drive(running(), blocking(Clients()), streaming=True))
    assert [type(partial) for partial in partials] == [Partial, Partial]
    assert {partial.rung for partial in partials} == {Rung.ASK}
    assert isinstance(last, Extraction)
    assert last.ok


def test_chunks_come_whole():
    events = [*iterate(drive(running(500), blocking(Clients()), streaming=True))]
    assert [type(event) for event in events] == [Extraction]


def test_a_stream_that_nobody_reads_on_is_ended():
    clients = Clients()
    events = iterate(drive(running(), blocking(clients), streaming=True))
    next(events)
    events.close()
    assert clients.closed == 1


def test_what_waits_for_an_event_loop_is_refused_without_one():
    with pytest.raises(RuntimeError, match="waits for one"):
        run_to_end(extraction_of(running(), ConcurrentAsker(Clients())))


WRONG = '{"word": ["no", "word"]}'
WRONG = Answer(json=WRONG, text=WRONG, stop_reason="end_turn")


class Slow(Clients):
    """Answer the first chunk wrongly, and the others only when it has been asked for again."""

    def __init__(self):
        super().__init__()
        self.repaired, self.repaired_here = asyncio.Event(), Event()

    def execute(self, ask):
        self.asks.append(ask)
        if ask is self.asks[0]:
            return WRONG
        if ask.rung is not Rung.ASK:
            self.repaired_here.set()
        assert self.repaired_here.wait(60)
        return self.answer

    async def aexecute(self, ask):
        self.asks.append(ask)
        if ask is self.asks[0]:
            return WRONG
        if ask.rung is not Rung.ASK:
            self.repaired.set()
        await asyncio.wait_for(self.repaired.wait(), 60)
        return self.answer


@pytest.mark.parametrize("way", ["tasks", "threads"])
def test_the_repair_of_a_chunk_does_not_wait_for_the_slowest_other_chunk(way):
    clients, of_chunks = Slow(), running(500)
    asker = ConcurrentAsker(clients) if way == "tasks" else BlockingAsker(clients, Semaphore(9), threads=9)
    course = extraction_of(of_chunks, asker)
    extraction = asyncio.run(course) if way == "tasks" else run_to_end(course)
    assert extraction.ok
    chunks = [attempt.chunk for attempt in extraction.attempts]
    assert chunks == sorted(chunks)  # in the document's order, whatever came first
    assert len(chunks) == len(clients.asks) == len(set(chunks)) + 1


def test_what_stops_one_chunk_stops_no_other_and_ends_the_document():
    class Broken(Clients):
        async def aexecute(self, ask):
            answer = await super().aexecute(ask)
            if ask is self.asks[0]:
                raise ModelError("no credential")
            await asyncio.sleep(0.01)
            self.closed += 1
            return answer

    clients = Broken()
    with pytest.raises(ModelError):
        asyncio.run(extraction_of(running(500), ConcurrentAsker(clients)))
    assert clients.closed == len(clients.asks) - 1 > 1


def test_where_a_document_is_given_up_what_is_on_its_way_is_called_off():
    class Endless(Clients):
        async def aexecute(self, ask):
            self.asks.append(ask)
            try:
                await asyncio.sleep(3_600)
            finally:
                self.closed += 1

    async def given_up(clients):
        task = asyncio.create_task(extraction_of(running(500), ConcurrentAsker(clients)))
        await asyncio.sleep(0.01)  # all are sent at once
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    clients = Endless()
    asyncio.run(given_up(clients))
    assert clients.closed == len(clients.asks) > 1


def test_a_plan_that_has_not_ended_has_no_extraction():
    with pytest.raises(RuntimeError, match="asks to be answered"):
        _ = running().extraction
