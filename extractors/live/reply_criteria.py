"""Criteria of replies: what they tell of limits, tokens, costs and thoughts, and how a stream tells it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from itertools import groupby

from anthropic.types import Message

from slotfill.extractors.catalogue import prices
from slotfill.extractors.catalogue.prices import CacheTTL
from slotfill.extractors.clients.pacer import LIMITS
from slotfill.extractors.live.judging import (
    Conclusion,
    Criterion,
    at_keys,
    conclude,
    fact_of,
    not_decided,
    only_replies,
)
from slotfill.extractors.live.probes import Observation
from slotfill.extractors.messages_api.inbound import rate_limits, usage_of
from slotfill.extractors.record.money import money_text
from slotfill.extractors.record.usage import Usage
from slotfill.schemas.json_values.json_types import JSON

__all__ = [
    "agrees_with_count",
    "counts_thinking",
    "is_within_worst",
    "lists_newest_first",
    "reads_what_was_written",
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


_COUNTS = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


@only_replies
def thinks_nothing(observation: Observation) -> Conclusion:
    """Hold that the model has not thought, as far as is told."""
    thought = _thinking_tokens(observation)
    return conclude(not thought, f"{fact_of(observation)}; thinking_tokens: {thought}")


def counts_thinking(observation: Observation) -> Conclusion:
    """Hold that the usage tells what was thought."""
    thought = _thinking_tokens(observation)
    return conclude(isinstance(thought, int), f"output_tokens_details.thinking_tokens: {thought}")


def _thinking_tokens(observation: Observation) -> JSON:
    return at_keys(observation.body, "usage", "output_tokens_details", "thinking_tokens")


def tells_limits(observation: Observation) -> Conclusion:
    """Hold that a reply tells the limits by the names that the pacer reads."""
    limits = rate_limits(observation.headers, LIMITS)
    return conclude(len(limits) == len(LIMITS), ", ".join(f"{name} {limits.get(name, 0):,.0f}" for name in LIMITS))


def tells_no_limits(*observations: Observation) -> Conclusion:
    """Hold that none of these tells limits: they would be taken for those of messages."""
    telling = [one for one in observations if rate_limits(one.headers, LIMITS)]
    return conclude(not telling, f"limits are told by {', '.join(one.probe.name for one in telling) or 'none of them'}")


@only_replies
def tells_tier_and_place(observation: Observation) -> Conclusion:
    """Hold that the usage names the tier of a reply, and where it was made."""
    labels = {name: at_keys(observation.body, "usage", name) for name in ("service_tier", "inference_geo")}
    known = all(isinstance(name, str) for name in labels.values())
    return conclude(known, ", ".join(f"{name}: {value}" for name, value in labels.items()))


@only_replies
def streams_in_order(observation: Observation) -> Conclusion:
    """Hold that a stream is a message, its blocks, and its totals, and that no ping comes before the first block."""
    kinds = [event["type"] for event in observation.body]
    first, last = ["message_start", "content_block_start"], ["message_delta", "message_stop"]
    runs = [(kind, len([*same])) for kind, same in groupby(kinds)]
    order = ", ".join(kind if count == 1 else f"{count} {kind}" for kind, count in runs)
    return conclude(kinds[:2] == first and [kind for kind in kinds if kind != "ping"][-2:] == last, order)


@only_replies
def streams_totals(observation: Observation) -> Conclusion:
    """Hold that a stream tells all four counts at its end, and that these are what the product reads."""
    [totals] = [event["usage"] for event in observation.body if event["type"] == "message_delta"]
    counts = tuple(totals.get(name) for name in _COUNTS)
    fact = ", ".join(f"{name} {count}" for name, count in zip(_COUNTS, counts, strict=True))
    return conclude(observation.read.ended and None not in counts and observation.read.usage.counts == counts, fact)


@only_replies
def reads_what_was_written(first: Observation, second: Observation) -> Conclusion:
    """Hold that what is marked is written to the cache, and read from it by the next request."""
    written, read = _usage(first).cache_write_tokens, _usage(second).cache_read_tokens
    return conclude(written and written == read, f"{written} tokens were written, then {read} read")


@only_replies
def writes_nothing(observation: Observation) -> Conclusion:
    """Hold that a prompt can be read with no reply to it."""
    read, written, cached, kept = _usage(observation).counts or (None,) * 4
    return conclude(
        written == 0, f"{read} tokens of input, {written} of output, {cached} read from the cache, {kept} kept"
    )


@only_replies
def agrees_with_count(count: Observation, observation: Observation) -> Conclusion:
    """Hold that a prompt has as many tokens as the service counts beforehand."""
    counted, (read, _, cached, kept) = count.body["input_tokens"], _usage(observation).counts or (0, 0, 0, 0)
    prompt = read + cached + kept
    return conclude(abs(counted - prompt) <= max(_NEAR, prompt // 50), f"{counted} counted, {prompt} billed")


def lists_newest_first(model: str) -> Criterion:
    """Hold that the list of models begins with the newest, and holds one, by its name or by one with a date."""

    @only_replies
    def judge(observation: Observation) -> Conclusion:
        names = [entry["id"] for entry in observation.body["data"]]
        made = [datetime.fromisoformat(entry["created_at"]) for entry in observation.body["data"]]
        known = any(name == model or name.startswith(f"{model}-20") for name in names)
        ordered = made == sorted(made, reverse=True) and len(set(made)) > 1
        first = f"{len(names)} models, from {names[0]} of {made[0]:%Y-%m-%d} to {names[-1]} of {made[-1]:%Y-%m-%d}"
        return conclude(known and ordered, first if known else f"{first}; {model} is not there")

    return judge


def is_within_worst(model: str, ttl: CacheTTL) -> Criterion:
    """Hold that no reply costs more than is reserved for it."""

    def judge(*observations: Observation) -> Conclusion:
        answered = [one for one in observations if one.read is not None]
        costs = [prices.cost(model, _usage(one), ttl=ttl) for one in answered]
        bounds = [one.probe.worst(model, ttl) for one in answered]
        pairs = [
            (cost, bound) for cost, bound in zip(costs, bounds, strict=True) if not (cost is None or bound is None)
        ]
        if not pairs or len(pairs) < len(answered):
            return not_decided(f"the price of {len(answered) - len(pairs)} of {len(answered)} replies is not known")
        total, most = (sum(amounts, Decimal(0)) for amounts in zip(*pairs, strict=True))
        spent, reserved = money_text(total, digits=6), money_text(most, digits=6)
        fact = f"{len(pairs)} replies cost {spent}, of {reserved} that were reserved for them"
        return conclude(all(cost <= bound for cost, bound in pairs), fact)

    return judge


def _usage(observation: Observation) -> Usage:
    """Return what was counted, as the product reads it: from a message, or from a stream."""
    return usage_of(observation.read.usage) if isinstance(observation.read, Message) else observation.read.usage
