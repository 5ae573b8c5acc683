"""Whatever the simulated service sends has the keys and the forms that were recorded: `tests/recorded_forms.py`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from recorded_forms import BODIES, EVENTS, HEADERS, LINES

from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.rules.model_rules import MODELS
from slotfill.extractors.testing.simulator.clock import ManualClock
from slotfill.extractors.testing.simulator.exchange import HttpRequest, HttpResponse
from slotfill.extractors.testing.simulator.fault_triggers import MESSAGE_FAULTS
from slotfill.extractors.testing.simulator.network_faults import ERROR_FAULTS
from slotfill.extractors.testing.simulator.simulated_limits import RateLimits

TYPES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", type(None): "null"}
MODEL = "claude-haiku-5-5"
TOOL = {"tools": [{"name": "rate", "input_schema": {"type": "object", "properties": {"n": {"type": "integer"}}}}]}
REPLIES = 40
"""Enough that each whim is seen."""

RECORDED = {
    "claude-fable-5": ("global", True),
    "claude-opus-5": ("global", True),
    "claude-sonnet-5": ("global", True),
    "claude-opus-4-8": ("global", True),
    "claude-sonnet-4-6": ("global", False),
    "claude-haiku-4-5-20251001": ("not_available", False),
}
"""Where a model answers, as usage tells it, and whether that tells what was thought."""


def misfits(value: Any, form: Any, at: str = "") -> Iterator[str]:
    """Tell where a value has not a form."""
    match form:
        case tuple():
            if all([*misfits(value, one)] for one in form):
                yield f"{at}: {value!r} has none of the forms"
        case list():
            if not isinstance(value, list):
                yield f"{at}: {value!r} is no array"
            for number, entry in enumerate(value if isinstance(value, list) else ()):
                yield from misfits(entry, tuple(form), f"{at}/{number}")
        case dict():
            yield from _misfits_of_object(value, form, at)
        case str():
            if not _is(value, form):
                yield f"{at}: {value!r} is not {form}"


def _misfits_of_object(value: Any, form: Mapping[str, Any], at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at}: {value!r} is no object"
        return
    known = {key.removesuffix("?"): key for key in form}
    yield from (f"{at}/{key}: was not recorded" for key in value.keys() - known.keys())
    yield from (f"{at}/{key}: is not there" for key in form.keys() - value.keys() if not key.endswith("?"))
    for key in value.keys() & known.keys():
        yield from misfits(value[key], form[known[key]], f"{at}/{key}")


def _is(value: Any, form: str) -> bool:
    if form[0] == form[-1] == "/":
        return isinstance(value, str) and re.fullmatch(form[1:-1], value) is not None
    return value == form[1:-1] if form[0] == "'" else TYPES[type(value)] == form


class Service:
    """A simulated service, asked without a client; each reply is held against the table."""

    def __init__(self, *faults: str, seed: int = 0, **options: Any) -> None:
        self.clock = ManualClock()
        self.claude = SimulatedClaude(faults=faults, seed=seed, clock=self.clock, **options)

    def answer(self, path: str, body: Any = None, method: str = "POST", *, headers: str) -> HttpResponse:
        content = b"" if body is None else json.dumps(body).encode()
        own = {"anthropic-version": "2023-06-01", "x-api-key": "any"}
        path, _, query = path.partition("?")
        told = dict(pair.split("=") for pair in query.split("&") if pair)
        response = self.claude.handle(HttpRequest(method, f"/v1/{path}", told, own, content))
        assert [*misfits(dict(response.headers), HEADERS[headers])] == []
        return response

    def body(self, form: str, path: str, body: Any = None, method: str = "POST", *, headers: str = "other") -> Any:
        read = json.loads(b"".join(self.answer(path, body, method, headers=headers).chunks))
        assert [*misfits(read, BODIES[form])] == []
        return read


def ask(text: str = "Good.", **others: Any) -> dict[str, Any]:
    return {"model": MODEL, "max_tokens": 400, "messages": [{"role": "user", "content": text}], **others}


@pytest.mark.parametrize("model", [model.id for model in MODELS])
@pytest.mark.parametrize("form", [{}, TOOL], ids=["text", "tool"])
def test_messages(model: str, form: dict[str, Any]) -> None:
    told = Service().body("message", "messages", ask(**form) | {"model": model}, headers="message")
    usage = told["usage"]
    if model in RECORDED:
        assert (usage["inference_geo"], "output_tokens_details" in usage) == RECORDED[model]


@pytest.mark.parametrize("fault", MESSAGE_FAULTS)
@pytest.mark.parametrize("form", [{}, TOOL], ids=["text", "tool"])
def test_messages_with_faults(fault: str, form: dict[str, Any]) -> None:
    Service(fault).body("message", "messages", ask(**form), headers="message")


@pytest.mark.parametrize("faults", [(), ("thinking",), ("refusal",), ("empty_content",)])
@pytest.mark.parametrize("form", [{}, TOOL], ids=["text", "tool"])
def test_events(faults: tuple[str, ...], form: dict[str, Any]) -> None:
    service = Service(*faults)
    for number in range(REPLIES):
        response = service.answer("messages", ask(f"{number}", stream=True, **form), headers="stream")
        told = [json.loads(chunk.partition(b"data: ")[2]) for chunk in response.chunks]
        assert [chunk.split(b"\n")[0].decode() for chunk in response.chunks] == [f"event: {e['type']}" for e in told]
        for event in told:
            assert [*misfits(event, EVENTS[event["type"]])] == []
        kinds = [event["type"] for event in told]
        assert kinds.count("ping") == ("content_block_start" in kinds)
        if "ping" in kinds:
            assert kinds[kinds.index("ping") - 1] in ("content_block_start", "content_block_delta")


def test_now_and_then() -> None:
    service = Service(seed=7, replies=["word " * 80])
    asked = [ask(f"text {number}", stream=True, thinking={"type": "disabled"}) for number in range(300)]
    streams = [service.answer("messages", body, headers="stream") for body in asked]
    told = [[json.loads(chunk.partition(b"data: ")[2]) for chunk in stream.chunks] for stream in streams]
    begun = {events[0]["message"]["usage"]["output_tokens"] for events in told}
    late = sum(events[3]["type"] == "ping" for events in told)
    cited = sum("citations" in events[1]["content_block"] for events in told)
    waits = sum("retry-after" in stream.headers for stream in streams)
    assert len(begun) > 70
    assert begun < {*range(1, 89)}
    assert 40 < late < 110  # 69 of 283 of the recorded ones
    assert 15 < cited < 70
    assert 15 < waits < 60  # 85 of 748
    again = Service(seed=7, replies=["word " * 80]).answer("messages", asked[-1], headers="stream")
    assert again.chunks[1:] == streams[-1].chunks[1:]  # by the request and the seed, not by when it came


def test_what_is_thought_differs_from_request_to_request() -> None:
    service = Service()
    told = [service.body("message", "messages", ask(f"text {number}"), headers="message") for number in range(300)]
    thoughts = {message["usage"]["output_tokens_details"]["thinking_tokens"] for message in told}
    assert len(thoughts) > 50
    assert thoughts <= {*range(15, 78)}  # as recorded of Sonnet 5


@pytest.mark.parametrize("fault", ERROR_FAULTS)
def test_errors(fault: str) -> None:
    kind = "rate limit" if fault.startswith("429") else "failure" if fault.startswith("5") else "refusal"
    Service(fault).body("error", "messages", ask(), headers=kind)


@pytest.mark.parametrize("fault", ["502", "504"])
def test_a_gateway_has_none_of_the_forms(fault: str) -> None:
    request = HttpRequest(
        "POST", "/v1/messages", {}, {"anthropic-version": "1", "x-api-key": "any"}, json.dumps(ask()).encode()
    )
    response = Service(fault).claude.handle(request)
    assert response.status == int(fault)
    assert response.headers.keys() == {"content-type", "content-length"}
    assert not b"".join(response.chunks).startswith(b"{")


def test_refusals() -> None:
    service = Service(key="right")
    service.body("error", "messages", ask(), headers="refusal")
    service = Service(limits=RateLimits(rpm=1))
    service.body("error", "messages", ask(""), headers="refusal")
    service.body("error", "messages", ask() | {"model": "claude-sonet-4-5"}, headers="refusal")
    service.body("error", "files", method="GET", headers="refusal")
    service.body("message", "messages", ask(), headers="message")
    service.body("error", "messages", ask(), headers="rate limit")


def test_counts_and_models() -> None:
    service = Service()
    service.body("count", "messages/count_tokens", {"model": MODEL, "messages": [{"role": "user", "content": "x"}]})
    listed = service.body("models", "models", method="GET")["data"]
    days = [model["created_at"] for model in listed]
    assert days == sorted(days, reverse=True)
    assert [model["id"] for model in service.body("models", "models?limit=3", method="GET")["data"]] == [
        model["id"] for model in listed[:3]
    ]
    for model in MODELS:
        assert service.body("model", f"models/{model.id}", method="GET")["id"] == model.id


def test_batches() -> None:
    service = Service("batch_expired@3", "batch_canceled@4", "batch_errored@5")
    requests = [{"custom_id": f"{number}", "params": ask("" if number == 1 else "x")} for number in range(5)]
    batch = service.body("batch", "messages/batches", {"requests": requests})
    assert (batch["processing_status"], batch["results_url"]) == ("in_progress", None)  # it takes no time, all the same
    assert service.body("batch", f"messages/batches/{batch['id']}", method="GET")["processing_status"] == "ended"
    service.body("batches", "messages/batches", method="GET")
    results = service.answer(f"messages/batches/{batch['id']}/results", method="GET", headers="results")
    lines = [json.loads(line) for line in b"".join(results.chunks).splitlines()]
    assert {line["result"]["type"] for line in lines} == LINES.keys()
    for line in lines:
        assert [*misfits(line, LINES[line["result"]["type"]])] == []
    service.body("deleted batch", f"messages/batches/{batch['id']}", method="DELETE")


def test_what_was_not_recorded_is_told() -> None:
    form = {"a": "integer", "b?": ["string"], "c": ("'x'", "null")}
    assert [*misfits({"a": 1, "c": None}, form)] == []
    assert sorted(misfits({"a": True, "b": [1], "c": "y", "d": 0}, form)) == [
        "/a: True is not integer",
        "/b/0: 1 has none of the forms",
        "/c: 'y' has none of the forms",
        "/d: was not recorded",
    ]
    assert [*misfits({"a": 1}, form)] == ["/c: is not there"]
