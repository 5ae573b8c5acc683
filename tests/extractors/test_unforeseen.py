"""What nobody foresaw, in a plan or in its answering: it ends its document, and comes out of nothing that is called."""

import asyncio
import json
import logging
from contextlib import aclosing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, model_validator
from scripted import message, refusal

from slotfill import Document, Extractor, ModelError, Outcome, Usage
from slotfill.extractors.drivers import RunningPlan
from slotfill.extractors.plan import plan
from slotfill.extractors.rungs.asks import Answer, Policy
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.unforeseen import internal_failure
from slotfill.schemas.schema import Schema

SECRET = "a word of the document"


class Panic(BaseException):
    """What a library that is written in Rust raises, as pyo3's own is."""


class Odd(BaseModel):
    """Say a word."""

    word: str

    @model_validator(mode="after")
    def check(self):
        if self.word == "panic":
            raise Panic(SECRET)
        return self


GOOD, BAD = message('{"word": "fine"}'), message('{"word": "panic"}')
TOOL = message(tool={"word": "fine"}, name="odd")


def by_extract(service):
    with Extractor(Odd, client=service.client()) as extractor:
        return extractor.extract(SECRET)


def by_map(service):
    with Extractor(Odd, client=service.client()) as extractor:
        (one,) = extractor.map([SECRET])
        return one


def by_aextract(service):
    async def run():
        async with Extractor(Odd, client=service.async_client()) as extractor:
            return await extractor.aextract(SECRET)

    return asyncio.run(run())


def by_amap(service):
    async def run():
        async with Extractor(Odd, client=service.async_client()) as extractor:
            return [one async for one in extractor.amap([SECRET])]

    return asyncio.run(run())[0]


CALLS = {"extract": by_extract, "map": by_map, "aextract": by_aextract, "amap": by_amap}


@pytest.mark.parametrize("call", CALLS)
def test_it_ends_its_document_and_is_named_without_a_word_of_it(call, service, caplog):
    service.script(BAD)
    with caplog.at_level(logging.DEBUG, "slotfill"):
        extraction = CALLS[call](service)
    assert extraction.outcome is Outcome.FAILED
    assert extraction.error.type == "internal"
    assert extraction.error.message.startswith("an unexpected Panic at test_unforeseen.py:")
    assert " in check: the log has its traceback" in extraction.error.message
    assert SECRET not in json.dumps(extraction.to_json())
    assert extraction.usage == Usage(100, 20), "what was answered is paid for"
    assert extraction.cost_usd > 0
    assert [attempt.ok for attempt in extraction.attempts] == [False]
    (record,) = [record for record in caplog.records if record.exc_info]
    assert record.exc_info[0] is Panic


def test_a_stream_ends_in_it_too():
    with Extractor(Odd, client=SimulatedClaude([{"word": "panic"}]).client()) as extractor:
        *partials, extraction = extractor.stream(SECRET)
    assert partials
    assert (extraction.outcome, extraction.error.type) == (Outcome.FAILED, "internal")


def test_it_says_where_and_where_in_slotfill():
    """A user's code stands elsewhere; what called it there is the place to look at."""
    names = {}
    exec(compile("def check(): raise KeyError('secret')", "/home/ada/models.py", "exec"), names)
    try:
        names["check"]()
    except KeyError as error:
        failure = internal_failure(error, "one")
    assert failure.message.startswith("an unexpected KeyError at models.py:1 in check, under test_unforeseen.py:")


def test_others_of_a_map_go_on(service):
    service.script(GOOD, BAD, GOOD)
    with Extractor(Odd, client=service.client()) as extractor:
        found = [*extractor.map(["one", "two", "three"], concurrency=1)]
    assert [one.outcome for one in found] == [Outcome.VALID, Outcome.FAILED, Outcome.VALID]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_ends_the_program_passes(stop, service):
    service.script(GOOD)

    class Stopped(Odd):
        @model_validator(mode="after")
        def stop(self):
            raise stop

    with Extractor(Stopped, client=service.client()) as extractor, pytest.raises(stop):
        extractor.extract("one")


async def test_a_cancelled_extraction_is_cancelled(service):
    service.script(GOOD)

    class Cancelled(Odd):
        @model_validator(mode="after")
        def cancel(self):
            raise asyncio.CancelledError

    async with Extractor(Cancelled, client=service.async_client()) as extractor:
        with pytest.raises(asyncio.CancelledError):
            await extractor.aextract("one")


class Executor:
    """Raises what it is given in place of an answer."""

    def __init__(self, error):
        self.error = error

    async def aexecute(self, _):
        raise self.error

    async def astream(self, _):
        yield "{"
        raise self.error


@pytest.mark.parametrize("streams", [False, True])
async def test_an_executor_that_raises_ends_the_document_unless_nothing_can_be_asked(streams, service):
    async def ended(error):
        async with Extractor(Odd, client=service.async_client()) as extractor:
            if not streams:
                return await extractor.aextract("one", executor=Executor(error))
            async with aclosing(extractor.astream("one", executor=Executor(error))) as events:
                return [event async for event in events][-1]

    extraction = await ended(OverflowError("int too big"))
    assert extraction.error.type == "internal"
    assert "OverflowError at test_unforeseen.py" in extraction.error.message
    with pytest.raises(ModelError, match="no credential"):
        await ended(ModelError("no credential"))


@given(st.integers(0, 4), st.sampled_from([ValueError, RecursionError, MemoryError, Panic, StopIteration]))
def test_a_plan_ends_wherever_it_breaks(steps, error):
    """After any number of answers: they are in the record, each once."""
    schema, document = Schema(Odd), Document.of("one")
    policy = Policy("claude-haiku-5-5", ("structured",), max_tokens=10, ceiling=10, retries=9)

    def breaking():
        inner = plan(document, schema, policy)
        asks = next(inner)
        for _ in range(steps):
            asks = inner.send((yield asks))
        raise error

    running = RunningPlan(document, schema, policy, breaking())
    while running.asks:
        running.answer((Answer(json="{}", text="{}", usage=Usage(3, 2)),))
    assert running.extraction.error.type == "internal"
    assert running.extraction.usage == Usage(3 * steps, 2 * steps)
    assert not running.extraction.ok


def test_two_documents_that_were_served_in_different_modes_are_both_whole(service):
    """One finds the schema refused while another one is being served by it."""
    service.script(GOOD)
    with Extractor(Odd, client=service.client()) as extractor:
        served = extractor.extract("one")
        service.script(refusal("invalid_request_error", "output_config.format.schema: too complex"), TOOL)
        assert extractor.extract("two").attempts[-1].mode == "tool"
        extractor.executor.learn(served)
        assert len(extractor.extract("three").attempts) == 1


WRONG = {
    "bytes": (b"text", "decode"),
    "none": (None, "not NoneType"),
    "a number": (7, "not int"),
    "a list": (["text"], "map"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_text_is_said_with_what_to_do(wrong, service):
    given, hint = WRONG[wrong]
    with Extractor(Odd, client=service.client()) as extractor:
        for call in (extractor.extract, extractor.stream, extractor.astream, extractor.requests):
            with pytest.raises(TypeError, match=f"a text is wanted.*{hint}"):
                call(given)
        with pytest.raises(TypeError, match=f"a text is wanted.*{hint}"):
            asyncio.run(extractor.aextract(given))
        with pytest.raises(TypeError, match="takes an Extraction"):
            extractor.refine(given, "wrong")
    assert service.requests == []


@pytest.mark.parametrize("given", ["abc", b"abc", None, 7, Path("a.txt"), Document.of("abc")])
def test_one_text_is_not_many(given, service):
    with Extractor(Odd, client=service.client()) as extractor:
        for call in (extractor.map, extractor.amap):
            with pytest.raises(TypeError, match="many texts are wanted"):
                call(given)


def broken_source():
    yield "one"
    yield "two"
    raise OSError("the disk is gone")


@pytest.mark.parametrize("source", [broken_source, lambda: ["one", "two", 3, "four"]])
@pytest.mark.parametrize("concurrency", [1, 3])
def test_map_gives_what_it_has_before_its_sources_exception(source, concurrency, service):
    service.script(GOOD)
    with Extractor(Odd, client=service.client()) as extractor:
        results = extractor.map(source(), concurrency=concurrency)
        assert [next(results).document.text for _ in range(2)] == ["one", "two"]
        with pytest.raises((OSError, TypeError)):
            next(results)


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_so_does_amap(concurrency, service):
    service.script(GOOD)
    async with Extractor(Odd, client=service.async_client()) as extractor:
        results = extractor.amap(broken_source(), concurrency=concurrency)
        assert [(await anext(results)).document.text for _ in range(2)] == ["one", "two"]
        with pytest.raises(OSError, match="the disk is gone"):
            await anext(results)
