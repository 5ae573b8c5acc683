"""The engine: whatever happens to documents, each is kept once, in order."""

import asyncio
import json

import anthropic
import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from scripted import message, refusal

from slotfill import Document, Extractor, ModelError, OutputError
from slotfill.extractors.runs.engine import Run
from slotfill.extractors.runs.sinks import Sink


class Note(BaseModel):
    """Say anything."""

    text: str


class Memory(Sink):
    """A sink that remembers, and fails at the `full`th write."""

    def __init__(self, full=None):
        self.kept, self.full, self.committed = [], full, None

    def write(self, extraction):
        if len(self.kept) == self.full:
            raise OutputError("full")
        self.kept.append(int(extraction.document.source))

    def commit(self, *, complete):
        self.committed = complete


def extractor(replies):
    """Make an extractor whose nth document is answered by (ticks to wait, kind of reply)."""

    async def respond(request):
        number = int(json.loads(request.content)["messages"][-1]["content"].split("\n")[1])
        ticks, kind = replies[number]
        for _ in range(ticks):
            await asyncio.sleep(0)
        status, body = {
            "good": (200, message('{"text": "x"}')),
            "bad": refusal("api_error", "no", 500),
            "refused": (200, message(stop_reason="refusal")),
            "fatal": refusal("authentication_error", "no", 401),
        }[kind]
        return httpx2.Response(status, json=body)

    transport = httpx2.AsyncClient(transport=httpx2.MockTransport(respond))
    return Extractor(Note, client=anthropic.AsyncAnthropic(api_key="k", http_client=transport, max_retries=0))


def documents(count):
    return (Document.of(str(number), str(number)) for number in range(count))


replies = st.lists(st.tuples(st.integers(0, 20), st.sampled_from(["good", "good", "bad", "refused"])), max_size=25)


@settings(deadline=None, max_examples=50)
@given(replies, st.integers(1, 6), st.booleans())
def test_every_document_is_kept_once_and_in_order(answers, concurrency, records):
    kept, rejects = Memory(), Memory()
    run = Run(extractor(answers), kept, rejects=rejects, records=records, concurrency=concurrency)
    tally = run.run(documents(len(answers)))
    good = [number for number, (_, kind) in enumerate(answers) if kind == "good"]
    rest = [number for number, (_, kind) in enumerate(answers) if kind != "good"]
    assert kept.kept == (list(range(len(answers))) if records else good)
    assert rejects.kept == rest
    assert (tally.documents, tally.extracted) == (len(answers), len(good))
    assert kept.committed is rejects.committed is True


def test_a_fatal_failure_stops_the_run_and_keeps_what_is_finished():
    kept, rejects = Memory(), Memory()
    answers = [(0, "good"), (5_000, "good"), (0, "good"), (50, "fatal"), *[(0, "good")] * 100]
    run = Run(extractor(answers), kept, rejects=rejects, concurrency=3)
    with pytest.raises(ModelError, match="no"):
        run.run(documents(len(answers)))
    assert kept.kept[:2] == [0, 2]
    assert 1 not in kept.kept
    assert len(kept.kept) < 100
    assert rejects.kept == [3]
    assert kept.committed is False


def test_an_output_that_fails_stops_the_run():
    kept = Memory(full=2)
    run = Run(extractor([(0, "good")] * 50), kept, concurrency=2)
    with pytest.raises(OutputError, match="full"):
        run.run(documents(50))
    assert kept.kept == [0, 1]


def test_documents_are_read_as_they_are_needed():
    taken = []

    def endless():
        number = 0
        while True:
            taken.append(number)
            yield Document.of(str(min(number, 9)), str(number))
            number += 1

    answers = [*[(0, "good")] * 9, (0, "fatal")]
    with pytest.raises(ModelError):
        Run(extractor(answers), Memory(), concurrency=2).run(endless())
    assert len(taken) < 30
