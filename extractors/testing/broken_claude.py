"""BrokenClaude: a simulated service that is not as slotfill assumes, in one thing or several.

    claude = BrokenClaude(["forced_tool"])

It stands in for the real one on the day that it changes. `slotfill doctor --live` must say so: of the thing that is
broken, and of no other.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from pydantic_core import from_json, to_json

from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.simulator.exchange import HttpRequest, HttpResponse
from slotfill.extractors.testing.simulator.fault_triggers import FaultError
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["BREAKAGES", "BrokenClaude"]

Handler = Callable[[HttpRequest], HttpResponse]
Breakage = Callable[[HttpRequest, Handler], HttpResponse]
"""Answers a request by way of the service that is not broken."""

_REFUSED = 400


class BrokenClaude(SimulatedClaude):
    """A simulated service that breaks assumptions.

    Args:
        breaking: The names of the assumptions, as `slotfill doctor --live --json` has them.
        options: As `SimulatedClaude` takes them.

    Raises:
        FaultError: For an assumption that is not known.
    """

    def __init__(self, breaking: Iterable[str], **options: Any) -> None:
        super().__init__(**options)
        self._breaking = [_known(name) for name in breaking]

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer a request."""
        answer: Handler = super().handle
        for name in self._breaking:
            answer = _by_way_of(answer, BREAKAGES[name])
        return answer(request)


def _by_way_of(answer: Handler, breakage: Breakage) -> Handler:
    return lambda request: breakage(request, answer)


def _known(name: str) -> str:
    if name not in BREAKAGES:
        near = difflib.get_close_matches(name, BREAKAGES, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(BREAKAGES)}"
        raise FaultError(f"no assumption is called {name!r}: {hint}")
    return name


def _refusing(fits: Callable[[JSON], object], text: str) -> Breakage:
    """Refuse what fits, in the form in which the service refuses a request without a model."""

    def breakage(request: HttpRequest, answer: Handler) -> HttpResponse:
        if not _fits(fits, request):
            return answer(request)
        refused = answer(replace(request, body=b"{}"))
        body = from_json(b"".join(refused.chunks))
        body["error"]["message"] = text
        return replace(refused, chunks=(to_json(body),))

    return breakage


def _reading(fits: Callable[[JSON], object], change: Callable[[JSON], object]) -> Breakage:
    """Read what fits as if another request had been sent. change: makes that of its body, in place."""

    def breakage(request: HttpRequest, answer: Handler) -> HttpResponse:
        if not _fits(fits, request):
            return answer(request)
        body = from_json(request.body)
        change(body)
        return answer(replace(request, body=to_json(body)))

    return breakage


def _otherwise(fits: Callable[[JSON], object], change: Callable[[JSON], object], text: str) -> Breakage:
    """Refuse what fits where the service takes it, else read it as `_reading` does."""

    def breakage(request: HttpRequest, answer: Handler) -> HttpResponse:
        is_refused = _fits(fits, request) and answer(request).status == _REFUSED
        return (_reading(fits, change) if is_refused else _refusing(fits, text))(request, answer)

    return breakage


def _fits(fits: Callable[[JSON], object], request: HttpRequest) -> bool:
    try:
        return request.method == "POST" and bool(fits(from_json(request.body)))
    except (ValueError, LookupError, TypeError):
        return False


def _writing(change: Callable[[JSON], object]) -> Breakage:
    """Write each body that is JSON in another way. change: does so in place, or raises LookupError or TypeError."""

    def breakage(request: HttpRequest, answer: Handler) -> HttpResponse:
        response = answer(request)
        try:
            body = from_json(b"".join(response.chunks))
            change(body)
        except (ValueError, LookupError, TypeError):
            return response
        return replace(response, chunks=(to_json(body),))

    return breakage


def _without_headers(*beginnings: str) -> Breakage:
    def breakage(request: HttpRequest, answer: Handler) -> HttpResponse:
        response = answer(request)
        rest = {name: value for name, value in response.headers.items() if not name.startswith(beginnings)}
        return replace(response, headers=rest)

    return breakage


def _telling_limits(request: HttpRequest, answer: Handler) -> HttpResponse:
    """Send limits with each reply."""
    response = answer(request)
    limits = {f"anthropic-ratelimit-{name}-limit": "50" for name in ("requests", "input-tokens", "output-tokens")}
    return replace(response, headers={**limits, **response.headers})


def _streaming(change: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]) -> Breakage:
    """Write the events of each stream in another way."""

    def breakage(request: HttpRequest, answer: Handler) -> HttpResponse:
        response = answer(request)
        is_stream = response.headers.get("content-type", "").startswith("text/event-stream")
        return replace(response, chunks=change(response.chunks)) if is_stream else response

    return breakage


def _forces(body: JSON) -> bool:
    return bool(body["tool_choice"]["type"] == "tool")


def _is_told_not_to_think(body: JSON) -> bool:
    return body["thinking"]["type"] in ("disabled", "between_tools")


def _schema(body: JSON) -> JSON:
    return body["output_config"]["format"]["schema"]


def _unknown_as_invalid(request: HttpRequest, answer: Handler) -> HttpResponse:
    response = answer(request)
    if response.status != 404:  # noqa: PLR2004 - not found
        return response
    body = from_json(b"".join(response.chunks))
    body["error"]["type"] = "invalid_request_error"
    return replace(response, status=400, chunks=(to_json(body),))


def _pinged(chunks: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return (*chunks[:1], b'event: ping\ndata: {"type": "ping"}\n\n', *chunks[1:])


def _without_totals(chunks: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return tuple(
        chunk.replace(b'"input_tokens"', b'"tokens_in"') if b"message_delta" in chunk else chunk for chunk in chunks
    )


def _drop_thinking(body: JSON) -> None:
    del body["usage"]["output_tokens_details"]


def _reverse(body: JSON) -> None:
    body["data"].reverse()


def _double(body: JSON) -> None:
    body["input_tokens"] *= 2


def _bill(body: JSON) -> None:
    body["usage"]["output_tokens"] *= 100_000


def _unmark(body: JSON) -> None:
    for block in body["system"]:
        block.pop("cache_control", None)


BREAKAGES: Mapping[str, Breakage] = {
    "models": _writing(_reverse),
    "unknown_model": _unknown_as_invalid,
    "thinking_off": _otherwise(
        _is_told_not_to_think, lambda body: body.pop("thinking"), "thinking.type: Input should be 'adaptive'"
    ),
    "structured": _refusing(_schema, "output_config.format: Extra inputs are not permitted"),
    "pattern": _refusing(
        lambda body: "pattern" in _schema(body)["properties"]["code"],
        "output_config.format.schema: For 'string' type, property 'pattern' is not supported",
    ),
    "array_root": _refusing(
        lambda body: _schema(body)["type"] == "array", "output_config.format.schema.type: Input should be 'object'"
    ),
    "optional": _refusing(
        lambda body: not _schema(body)["required"], "Schemas contains too many optional parameters (limit: 8)"
    ),
    "unions": _refusing(
        lambda body: "anyOf" in _schema(body)["properties"]["note_0"],
        "Schemas contains too many union types (limit: 8)",
    ),
    "forced_tool": _otherwise(
        _forces,
        lambda body: body.update(tool_choice={"type": "auto"}),
        'tool_choice: type "tool" and "any" are not supported for this model.',
    ),
    "tool_history": _refusing(
        lambda body: any("tool_result" in str(turn["content"]) for turn in body["messages"]),
        "messages.2.content.0.tool_result.content: Extra inputs are not permitted",
    ),
    "sampling": _otherwise(
        lambda body: "temperature" in body,
        lambda body: body.pop("temperature"),
        "`temperature` is deprecated for this model.",
    ),
    "prefill": _otherwise(
        lambda body: body["messages"][-1]["role"] == "assistant",
        lambda body: body["messages"].pop(),
        "This model does not support assistant message prefill.",
    ),
    "effort": _otherwise(
        lambda body: "effort" in body["output_config"],
        lambda body: body.pop("output_config"),
        "This model does not support the effort parameter.",
    ),
    "system_turn": _otherwise(
        lambda body: body["messages"][-1]["role"] == "system",
        lambda body: body["messages"].pop(),
        "role 'system' is not supported on this model",
    ),
    "lone_result": _reading(
        lambda body: "toolu_none" in str(body["messages"][-1]["content"]), lambda body: body["messages"].pop()
    ),
    "request_id": _writing(lambda body: body.pop("request_id")),
    "should_retry": _without_headers("x-should-retry"),
    "rate_limits": _without_headers("anthropic-ratelimit-"),
    "no_limits": _telling_limits,
    "usage": _writing(lambda body: body["usage"].pop("inference_geo")),
    "thinking_tokens": _writing(_drop_thinking),
    "count_tokens": _writing(_double),
    "stream_order": _streaming(_pinged),
    "stream_totals": _streaming(_without_totals),
    "cache": _reading(lambda body: isinstance(body["system"], list), _unmark),
    "warming": _refusing(
        lambda body: body["max_tokens"] == 0, "max_tokens: Input should be greater than or equal to 1"
    ),
    "cost": _writing(_bill),
}
"""By the name of an assumption: how the service breaks it."""
