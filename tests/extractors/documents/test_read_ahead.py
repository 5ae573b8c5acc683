"""Documents are read by a thread, a bounded number ahead, and nobody waits for a read that never ends."""

import asyncio
import threading

import pytest

from slotfill import Document
from slotfill.extractors.documents import read_ahead
from slotfill.extractors.documents.read_ahead import ReadAhead

MANY = 10**9


def documents(count, text="x"):
    return (Document.of(f"{text}{number}") for number in range(count))


async def taken(reading, most=7, most_chars=MANY):
    batches = []
    while batch := await reading.take(most, most_chars):
        batches.append([document.text for document in batch])
    return batches


async def test_all_come_in_their_order_in_batches_of_a_bounded_size():
    batches = await taken(ReadAhead(documents(5_000)))
    assert [text for batch in batches for text in batch] == [f"x{number}" for number in range(5_000)]
    assert max(map(len, batches)) == 7


async def test_a_batch_ends_once_it_has_so_many_code_points():
    reading = ReadAhead(documents(9, text="y" * 100))
    assert {len(batch) for batch in await taken(reading, most_chars=250)} <= {1, 2, 3}


@pytest.mark.parametrize(("bound", "size"), [("MOST_DOCUMENTS", 20), ("MOST_CHARS", 20 * 101)])
async def test_no_more_is_read_ahead_than_may_be_held(monkeypatch, bound, size):
    monkeypatch.setattr(read_ahead, bound, size)
    read = []

    def counted():
        for document in documents(1_000, text="z" * 100):
            read.append(document)
            yield document

    reading = ReadAhead(counted())
    had = 0
    while batch := await reading.take(5, MANY):
        had += len(batch)
        await asyncio.sleep(0)
        assert len(read) - had <= 21
    assert had == 1_000


async def test_the_loop_goes_on_while_a_read_waits():
    goes_on = threading.Event()

    def slow():
        yield Document.of("first")
        goes_on.wait(60)
        yield Document.of("second")

    reading = ReadAhead(slow())
    assert [one.text for one in await reading.take(9, MANY)] == ["first"]
    second = asyncio.create_task(reading.take(9, MANY))
    for _ in range(1_000):
        await asyncio.sleep(0)
    assert not second.done()
    goes_on.set()
    assert [one.text for one in await second] == ["second"]


async def test_what_reading_raises_comes_behind_the_documents_before_it():
    def broken():
        yield from documents(3)
        raise OSError("the disk is gone")

    reading = ReadAhead(broken())
    assert len(await reading.take(3, MANY)) > 0
    with pytest.raises(OSError, match="the disk is gone"):
        await taken(reading, most=1)


async def test_nobody_waits_for_a_read_that_never_ends_once_it_is_closed():
    never = threading.Event()

    def endless():
        never.wait()
        yield Document.of("too late")

    reading = ReadAhead(endless())
    waiting = asyncio.create_task(reading.take(1, MANY))
    await asyncio.sleep(0.01)
    reading.close()
    assert await waiting == []
    never.set()
    assert await reading.take(1, MANY) == []


async def test_a_full_thread_ends_when_it_is_closed(monkeypatch):
    monkeypatch.setattr(read_ahead, "MOST_DOCUMENTS", 3)
    full, ended = threading.Event(), threading.Event()

    def watched():
        try:
            yield from documents(3)
            full.set()
            yield from documents(3)
        finally:
            ended.set()

    reading = ReadAhead(watched())
    await asyncio.to_thread(full.wait)
    await asyncio.sleep(0.05)  # until it waits for room: it is about to
    reading.close()
    assert await asyncio.to_thread(ended.wait, 30)
