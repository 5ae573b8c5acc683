"""Spans nest as the work does, however an extractor is called; and nobody's context is changed."""

import asyncio
import os
import subprocess
import sys
from contextlib import aclosing
from itertools import count
from typing import Literal

import pytest
from heard import SDK, hearing
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import StatusCode
from pydantic import BaseModel
from scripted import Service, message, refusal

from slotfill import Extractor, Rung
from slotfill.extractors.telemetry import extraction_telemetry, providers, request_telemetry
from slotfill.extractors.telemetry.providers import recorders
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served


class Mood(BaseModel):
    """Say how it sounds."""

    mood: Literal["good", "bad"]


EXTRACT = "slotfill.extract"
ATTEMPT = f"{EXTRACT}/slotfill.attempt"
CALL = f"{ATTEMPT}/{SDK}"
ONE = {EXTRACT: 1, ATTEMPT: 1, CALL: 1}
TWO = dict.fromkeys(ONE, 2)


@pytest.fixture
def heard():
    with hearing() as heard:
        yield heard


def nothing_is_open():
    return not trace.get_current_span().get_span_context().is_valid


async def streamed(events):
    async with aclosing(events):
        async for event in events:
            assert nothing_is_open()  # what is between two events is the caller's
            last = event
    return last


def test_spans_nest_in_each_way_of_calling(heard):
    claude = SimulatedClaude()

    def asynchronous(call):
        async def main():
            async with Extractor("sentiment", client=claude.async_client()) as extractor:
                return await call(extractor)

        return asyncio.run(main())

    async def mapped(extractor):
        return [extraction async for extraction in extractor.amap(["one", "two"])]

    with Extractor("sentiment", client=claude.client()) as extractor:
        ways = [
            (ONE, lambda: extractor.extract("it is broken")),
            (ONE, lambda: [nothing_is_open() for _ in extractor.stream("it is broken")]),
            (TWO, lambda: [*extractor.map(["one", "two"])]),
            (ONE, lambda: asynchronous(lambda one: one.aextract("it is broken"))),
            (ONE, lambda: asynchronous(lambda one: streamed(one.astream("it is broken")))),
            (TWO, lambda: asynchronous(mapped)),
        ]
        for expected, way in ways:
            heard.exporter.clear()
            assert way()
            assert heard.paths() == expected
            assert nothing_is_open()


def test_spans_are_beneath_the_callers_in_threads_too(heard):
    """The chunks of a long text are asked by a pool of threads, or by tasks; many texts likewise."""
    claude, tracer = SimulatedClaude(), trace.get_tracer("app")
    text = "It is broken. " * 200
    with Extractor("entities", client=claude.client(), chunk_chars=1_000) as extractor:
        with tracer.start_as_current_span("app"):
            extraction = extractor.extract(text)
        assert len(extraction.chunks) > 1
        assert heard.paths()[f"app/{CALL}"] == len(extraction.attempts) > 1
        assert heard.paths()["app"] == 1
        heard.exporter.clear()
        with tracer.start_as_current_span("app"):
            list(extractor.map(["one", "two"]))
        assert heard.paths() == {"app": 1, **{f"app/{path}": times for path, times in TWO.items()}}
    heard.exporter.clear()

    async def main():
        async with Extractor("entities", client=claude.async_client(), chunk_chars=1_000) as extractor:
            with tracer.start_as_current_span("app"):
                return await extractor.aextract(text)

    extraction = asyncio.run(main())
    assert heard.paths()[f"app/{CALL}"] == len(extraction.attempts)


def test_a_span_says_what_came_of_it(heard):
    service = Service().script(message('{"mood": "Bad"}'), message('{"mood": "sad"}'))
    with Extractor(Mood, client=service.client(), retries=1) as extractor:
        extractor.extract("it is broken")
        first = {**heard.named(EXTRACT)[0].attributes}
        heard.exporter.clear()
        extractor.extract("it is broken, too")
    assert first["slotfill.schema"] == "mood"
    assert (first["slotfill.outcome"], first["slotfill.edits"], first["slotfill.attempts"]) == ("mended", 1, 2)
    (failed,) = heard.named(EXTRACT)
    assert failed.status.status_code is StatusCode.ERROR
    assert failed.status.description is None
    assert failed.attributes["error.type"] == "validation"
    asked, again = heard.named("slotfill.attempt")
    assert [span.attributes["slotfill.rung"] for span in (asked, again)] == ["ask", "patch"]
    assert asked.attributes["gen_ai.response.finish_reasons"] == ("end_turn",)
    assert asked.attributes["slotfill.tokens.input"] == 100
    assert not any(name.startswith("gen_ai.usage") for name in asked.attributes)  # the SDK's own span has them


def test_a_request_that_fails_is_told_by_its_kind(heard):
    service = Service().script(refusal("authentication_error", "no", 401))
    with Extractor("sentiment", client=service.client()) as extractor:
        extractor.extract("it is broken")
    (attempt,) = heard.named("slotfill.attempt")
    assert attempt.attributes["error.type"] == "authentication"
    assert attempt.status.status_code is StatusCode.ERROR
    ((labels, times),) = heard.values("slotfill.attempts").items()
    assert (labels, times) == (("authentication", "claude-haiku-5-5", "ask", "sentiment"), 1)


def test_a_stream_that_is_left_ends_its_spans(heard):
    async def main():
        client = SimulatedClaude().async_client()
        async with Extractor("sentiment", client=client) as extractor, aclosing(extractor.astream("x")) as events:
            async for _ in events:
                break

    asyncio.run(main())
    assert heard.paths() == ONE
    assert heard.values("slotfill.in.flight") == {(): 0}
    with Extractor("sentiment", client=SimulatedClaude().client()) as extractor:
        events = extractor.stream("it is broken")
        next(events)
        assert heard.values("slotfill.in.flight") == {(): 1}
        events.close()
    assert heard.paths() == dict.fromkeys(ONE, 2)
    assert heard.values("slotfill.in.flight") == {(): 0}


async def slow_to_close():
    try:
        yield "growing"
    finally:
        await asyncio.sleep(0.01)


def test_a_stream_that_the_loop_closes_beside_its_own_end_is_no_failure(heard):
    """At its end an event loop closes each generator by itself, those within others too, and all at once."""

    async def main():
        within = slow_to_close()
        events = extraction_telemetry.tell_extraction(within, "mood", "claude-haiku-5-5")
        assert await anext(events) == "growing"
        closing = asyncio.create_task(within.aclose())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="already running"):
            await events.aclose()
        await closing

    asyncio.run(main())
    (span,) = heard.named(EXTRACT)
    assert span.status.status_code is StatusCode.UNSET
    assert "error.type" not in span.attributes


async def broken():
    yield "growing"
    raise KeyError


def test_what_goes_wrong_as_a_stream_goes_on_is_a_failure(heard):
    async def main():
        async with aclosing(extraction_telemetry.tell_extraction(broken(), "mood", "claude-haiku-5-5")) as events:
            async for _ in events:
                pass

    with pytest.raises(KeyError):
        asyncio.run(main())
    (span,) = heard.named(EXTRACT)
    assert (span.status.status_code, span.attributes["error.type"]) == (StatusCode.ERROR, "KeyError")


def test_metrics_of_extractions(heard):
    claude = SimulatedClaude(lambda _: '{"mood": "Bad"}')
    with Extractor(Mood, client=claude.client()) as extractor:
        usage = extractor.extract("it is broken").usage
        *_, extraction = extractor.stream("it is late")
        usage += extraction.usage
    model = "claude-haiku-5-5"
    assert heard.values("slotfill.extractions") == {(model, "mended", "mood"): 2}
    assert heard.values("slotfill.edits") == {("none", "mood"): 2}
    steps = {("none", model, "ask", "mood"): 2, ("none", model, "mend", "mood"): 2}
    assert heard.values("slotfill.attempts") == steps
    assert heard.values("slotfill.tokens") == {
        ("input", model, "mood"): usage.input_tokens,
        ("output", model, "mood"): usage.output_tokens,
    }
    assert heard.points("slotfill.extraction.duration")[model, "mood"].count == 2
    assert heard.points("slotfill.extraction.first.event")[model, "mood"].count == 1


def test_names_that_a_client_makes_up_are_few_series(heard):
    service = Service().script(message('{"mood": "bad"}'))
    with Extractor(Mood, client=service.client()) as extractor:
        extraction = extractor.extract("it is broken")
    instruments = recorders().instruments
    numbers = count()
    for _ in range(150):
        instruments.attempted(f"made up {next(numbers)}", extraction.model, Rung.ASK, None)
    schemas = {labels[3] for labels in heard.values("slotfill.attempts")}
    assert "other" in schemas
    assert len(schemas) == 101


def test_nobody_listens():
    with Extractor("sentiment", client=SimulatedClaude().client()) as extractor:
        assert recorders() is None
        assert extractor.extract("it is broken").ok


def test_a_provider_that_is_not_installed_is_none(monkeypatch):
    monkeypatch.setattr(providers, "_ARE_NAMED", True)  # it is looked for once a process
    for signal in ("TRACER", "METER"):
        monkeypatch.setenv(f"OTEL_PYTHON_{signal}_PROVIDER", "nowhere")
    assert recorders() is None


@pytest.mark.slow
def test_providers_that_the_environment_names_are_told():
    script = (
        "from slotfill.extractors.telemetry.providers import has_meter_provider, has_tracer_provider\n"
        "print(has_tracer_provider(), has_meter_provider())"
    )
    named = {f"OTEL_PYTHON_{signal}_PROVIDER": f"sdk_{signal.lower()}_provider" for signal in ("TRACER", "METER")}
    for variables, told in (({}, "False False"), (named, "True True")):
        said = subprocess.run(
            [sys.executable, "-c", script], env=os.environ | variables, capture_output=True, text=True, check=True
        )
        assert said.stdout.strip() == told


def test_of_a_span_that_is_not_sampled_nothing_is_worked_out(monkeypatch):
    tracers, told = TracerProvider(sampler=ALWAYS_OFF), []
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", tracers)
    for module, name in ((extraction_telemetry, "_attributes"), (request_telemetry, "_reply_attributes")):
        monkeypatch.setattr(module, name, told.append)
    with Extractor("sentiment", client=SimulatedClaude().client()) as extractor:
        assert extractor.extract("it is broken").ok
    assert not told


def test_a_replayed_cassette_spends_nothing(heard, tmp_path):
    tape, spent = tmp_path / "tape.jsonl", []
    with served(SimulatedClaude()) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANTHROPIC_BASE_URL", url)
        patch.setenv("ANTHROPIC_API_KEY", "sk-ant-any")
        for _ in range(2):
            with Extractor("sentiment", cassette=tape) as extractor:
                assert extractor.extract("it is broken").usage.output_tokens
            spent.append((heard.values("slotfill.tokens"), heard.values("slotfill.cost.usd")))
    assert spent[0] == spent[1] != ({}, {})
    assert sum(heard.values("slotfill.attempts").values()) == 2
