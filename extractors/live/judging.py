"""Judging: what was observed of some probes -> whether an assumption holds, with the fact that decides it in one line.

A judge is a function of observations. It is not asked about those of which the service said nothing, being out of reach
or overloaded, and it need not be careful: what it raises over a reply of another form is seen to by who asks it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from itertools import groupby
from typing import Any, Literal

from anthropic.types import Message

from slotfill.extractors import catalogue
from slotfill.extractors.catalogue import CacheTTL
from slotfill.extractors.clients.pacer import LIMITS
from slotfill.extractors.live.probes import Observation
from slotfill.extractors.messages_api.inbound import excerpt, rate_limits, usage_of
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.extractors.record.stop_reasons import CUT_OFF
from slotfill.extractors.record.usage import Usage

__all__ = [
    "Conclusion",
    "Criterion",
    "agrees_with_count",
    "answers_in_json",
    "calls_the_tool",
    "counts_thinking",
    "fact_of",
    "holds_at_limit",
    "is_refused_as",
    "is_taken",
    "is_unknown_model",
    "is_within_worst",
    "lists_newest_first",
    "names_its_request",
    "not_decided",
    "reads_what_was_written",
    "says_not_to_retry",
    "streams_in_order",
    "streams_totals",
    "tells_limits",
    "tells_no_limits",
    "tells_tier_and_place",
    "thinks_nothing",
    "writes_nothing",
]

_NEAR = 8
"""Tokens by which a count may be off, of a prompt of a few hundred; of a longer one two in a hundred."""

_FIRST_ERROR, _FIRST_OF_SERVER = 400, 500
_COUNTS = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


@dataclass(frozen=True, slots=True)
class Conclusion:
    """Whether an assumption holds. fact: what was observed, in one line."""

    state: Literal["held", "broken", "not decided"]
    fact: str


Criterion = Callable[..., Conclusion]
"""Takes an observation of each of its probes."""


def not_decided(reason: str) -> Conclusion:
    """Conclude nothing."""
    return Conclusion("not decided", reason)


def _if(holds: object, fact: str) -> Conclusion:
    return Conclusion("held" if holds else "broken", fact)


def fact_of(seen: Observation) -> str:
    """Say in one line what came of a probe."""
    if seen.failure:
        return f"{seen.failure.type}: {seen.failure.message}"
    said = f", {excerpt(_text(seen.read))}" if isinstance(seen.read, Message) else ""
    return f"HTTP {seen.status}{said}"


def _facts_of(*seen: Observation) -> str:
    return "; ".join(f"{one.probe.name}: {fact_of(one)}" for one in seen)


def _text(message: Message) -> str:
    said = [block.text if block.type == "text" else f"({block.type})" for block in message.content]
    return f"{message.stop_reason}: {' '.join(said)}"


def is_taken(seen: Observation) -> Conclusion:
    """Hold that the service takes it."""
    return _if(not seen.failure, fact_of(seen))


def is_refused_as(*kinds: str) -> Criterion:
    """Hold that the service refuses it, and that the product knows what for."""

    def judge(seen: Observation) -> Conclusion:
        return _if(seen.failure and seen.failure.type in kinds, fact_of(seen))

    return judge


def holds_at_limit(at: Observation, beyond: Observation) -> Conclusion:
    """Hold that the service takes a schema at a limit, and refuses one beyond it as such."""
    refused = beyond.failure and beyond.failure.type is FailureKind.SCHEMA_REFUSED
    return _if(refused and not at.failure, _facts_of(at, beyond))


def _of_replies(judge: Criterion) -> Criterion:
    """Have a judge see replies alone: of what is refused nothing holds."""

    @wraps(judge)
    def checked(*seen: Observation) -> Conclusion:
        failed = [one for one in seen if one.failure]
        return _if(False, _facts_of(*failed)) if failed else judge(*seen)

    return checked


def _of_whole_replies(judge: Criterion) -> Criterion:
    """Have it see those alone that came to their end: what is cut off may be anything."""

    @wraps(judge)
    def checked(seen: Observation) -> Conclusion:
        return not_decided(fact_of(seen)) if seen.read.stop_reason in CUT_OFF else judge(seen)

    return _of_replies(checked)


def answers_in_json(fits: Callable[[Any], object]) -> Criterion:
    """Hold that the reply is JSON and nothing else, of a value that fits."""

    @_of_whole_replies
    def judge(seen: Observation) -> Conclusion:
        texts = [block.text for block in seen.read.content if block.type == "text"]
        return _if(len(texts) == 1 and _is_json(texts[0], fits), fact_of(seen))

    return judge


def _is_json(text: str, fits: Callable[[Any], object]) -> bool:
    try:
        return bool(fits(json.loads(text)))
    except (ValueError, TypeError, LookupError):
        return False


@_of_whole_replies
def calls_the_tool(seen: Observation) -> Conclusion:
    """Hold that the reply is one call of the tool."""
    return _if([block.type for block in seen.read.content].count("tool_use") == 1, fact_of(seen))


@_of_replies
def thinks_nothing(seen: Observation) -> Conclusion:
    """Hold that the model has not thought, as far as is told."""
    thought = _thinking_tokens(seen)
    return _if(not thought, f"{fact_of(seen)}; thinking_tokens: {thought}")


def counts_thinking(seen: Observation) -> Conclusion:
    """Hold that the usage tells what was thought."""
    thought = _thinking_tokens(seen)
    return _if(isinstance(thought, int), f"output_tokens_details.thinking_tokens: {thought}")


def _thinking_tokens(seen: Observation) -> Any:
    return _part(seen.body, "usage", "output_tokens_details", "thinking_tokens")


def is_unknown_model(seen: Observation) -> Conclusion:
    """Hold that a model that there is not is told as such."""
    typed = _part(seen.body, "error", "type")
    known = seen.failure and seen.failure.type is FailureKind.NOT_FOUND and typed == "not_found_error"
    return _if(known and seen.status == 404, f"HTTP {seen.status}, {typed}; {fact_of(seen)}")  # noqa: PLR2004 - not found


def names_its_request(*seen: Observation) -> Conclusion:
    """Hold that the body of an error names the request, as its header does."""
    return _of_refusals(
        seen,
        lambda one: _part(one.body, "request_id") == one.headers.get("request-id") is not None,
        lambda one: f"request_id {_part(one.body, 'request_id')}, header {one.headers.get('request-id')}",
    )


def says_not_to_retry(*seen: Observation) -> Conclusion:
    """Hold that an error which the same request would meet again says so."""
    return _of_refusals(
        seen,
        lambda one: one.headers.get("x-should-retry") == "false",
        lambda one: f"x-should-retry: {one.headers.get('x-should-retry')}",
    )


def _of_refusals(
    seen: Iterable[Observation], holds: Callable[[Observation], bool], told: Callable[[Observation], str]
) -> Conclusion:
    """Hold something of each request that was refused; tell the first of which it does not."""
    refused = [one for one in seen if _FIRST_ERROR <= one.status < _FIRST_OF_SERVER]
    if not refused:
        return not_decided("nothing was refused")
    wrong = [one for one in refused if not holds(one)]
    shown = (wrong or refused)[0]
    return _if(not wrong, f"{shown.probe.name}: {told(shown)} ({len(refused) - len(wrong)} of {len(refused)})")


def tells_limits(seen: Observation) -> Conclusion:
    """Hold that a reply tells the limits by the names that the pacer reads."""
    found = rate_limits(seen.headers, LIMITS)
    return _if(len(found) == len(LIMITS), ", ".join(f"{name} {found.get(name, 0):,.0f}" for name in LIMITS))


def tells_no_limits(*seen: Observation) -> Conclusion:
    """Hold that none of these tells limits: they would be taken for those of messages."""
    telling = [one for one in seen if rate_limits(one.headers, LIMITS)]
    return _if(not telling, f"limits are told by {', '.join(one.probe.name for one in telling) or 'none of them'}")


@_of_replies
def tells_tier_and_place(seen: Observation) -> Conclusion:
    """Hold that the usage names the tier of a reply, and where it was made."""
    told = {name: _part(seen.body, "usage", name) for name in ("service_tier", "inference_geo")}
    known = all(isinstance(name, str) for name in told.values())
    return _if(known, ", ".join(f"{name}: {value}" for name, value in told.items()))


@_of_replies
def streams_in_order(seen: Observation) -> Conclusion:
    """Hold that a stream is a message, its blocks, and its totals, and that no ping comes before the first block."""
    kinds = [event["type"] for event in seen.body]
    first, last = ["message_start", "content_block_start"], ["message_delta", "message_stop"]
    runs = [(kind, len([*same])) for kind, same in groupby(kinds)]
    told = ", ".join(kind if count == 1 else f"{count} {kind}" for kind, count in runs)
    return _if(kinds[:2] == first and [kind for kind in kinds if kind != "ping"][-2:] == last, told)


@_of_replies
def streams_totals(seen: Observation) -> Conclusion:
    """Hold that a stream tells all four counts at its end, and that these are what the product reads."""
    [totals] = [event["usage"] for event in seen.body if event["type"] == "message_delta"]
    counts = tuple(totals.get(name) for name in _COUNTS)
    told = ", ".join(f"{name} {count}" for name, count in zip(_COUNTS, counts, strict=True))
    return _if(seen.read.ended and None not in counts and seen.read.usage.counts == counts, told)


@_of_replies
def reads_what_was_written(first: Observation, second: Observation) -> Conclusion:
    """Hold that what is marked is written to the cache, and read from it by the next request."""
    written, read = _usage(first).cache_write_tokens, _usage(second).cache_read_tokens
    return _if(written and written == read, f"{written} tokens were written, then {read} read")


@_of_replies
def writes_nothing(seen: Observation) -> Conclusion:
    """Hold that a prompt can be read with no reply to it."""
    read, written, cached, kept = _usage(seen).counts or (None,) * 4
    return _if(written == 0, f"{read} tokens of input, {written} of output, {cached} read from the cache, {kept} kept")


@_of_replies
def agrees_with_count(count: Observation, seen: Observation) -> Conclusion:
    """Hold that a prompt has as many tokens as the service counts beforehand."""
    counted, (read, _, cached, kept) = count.body["input_tokens"], _usage(seen).counts or (0, 0, 0, 0)
    prompt = read + cached + kept
    return _if(abs(counted - prompt) <= max(_NEAR, prompt // 50), f"{counted} counted, {prompt} billed")


def lists_newest_first(model: str) -> Criterion:
    """Hold that the list of models begins with the newest, and holds one, by its name or by one with a date."""

    @_of_replies
    def judge(seen: Observation) -> Conclusion:
        names = [entry["id"] for entry in seen.body["data"]]
        made = [datetime.fromisoformat(entry["created_at"]) for entry in seen.body["data"]]
        known = any(name == model or name.startswith(f"{model}-20") for name in names)
        ordered = made == sorted(made, reverse=True) and len(set(made)) > 1
        first = f"{len(names)} models, from {names[0]} of {made[0]:%Y-%m-%d} to {names[-1]} of {made[-1]:%Y-%m-%d}"
        return _if(known and ordered, first if known else f"{first}; {model} is not there")

    return judge


def is_within_worst(model: str, ttl: CacheTTL) -> Criterion:
    """Hold that no reply costs more than is reserved for it."""

    def judge(*seen: Observation) -> Conclusion:
        answered = [one for one in seen if one.read is not None]
        costs = [catalogue.cost(model, _usage(one), ttl=ttl) for one in answered]
        bounds = [one.probe.worst(model, ttl) for one in answered]
        pairs = [
            (cost, bound) for cost, bound in zip(costs, bounds, strict=True) if not (cost is None or bound is None)
        ]
        if not pairs or len(pairs) < len(answered):
            return not_decided(f"the price of {len(answered) - len(pairs)} of {len(answered)} replies is not known")
        total, most = (sum(amounts) for amounts in zip(*pairs, strict=True))
        fact = f"{len(pairs)} replies cost ${total:.6f}, of ${most:.6f} that were reserved for them"
        return _if(all(cost <= bound for cost, bound in pairs), fact)

    return judge


def _usage(seen: Observation) -> Usage:
    """Give what was counted, as the product reads it: from a message, or from a stream."""
    return usage_of(seen.read.usage) if isinstance(seen.read, Message) else seen.read.usage


def _part(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
