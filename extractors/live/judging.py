"""Judging: what was observed of some probes -> whether an assumption holds, with the fact that decides it in one line.

A judge is a function of observations. It is not asked about those of which the service said nothing, being out of reach
or overloaded, and it need not be careful: what it raises over a reply of another form is seen to by who asks it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Literal

from anthropic.types import Message

from slotfill.extractors.live.probes import Observation
from slotfill.extractors.messages_api.inbound import excerpt
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.extractors.record.stop_reasons import CUT_OFF
from slotfill.schemas.json_values.json_types import JSON

__all__ = [
    "Conclusion",
    "Criterion",
    "answers_in_json",
    "at_keys",
    "calls_the_tool",
    "conclude",
    "fact_of",
    "facts_of",
    "holds_at_limit",
    "is_refused_as",
    "is_taken",
    "is_unknown_model",
    "names_its_request",
    "not_decided",
    "only_replies",
    "says_not_to_retry",
]

_FIRST_ERROR, _FIRST_OF_SERVER = 400, 500


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


def conclude(holds: object, fact: str) -> Conclusion:
    """Conclude that it holds, or that it is broken, by a fact."""
    return Conclusion("held" if holds else "broken", fact)


def fact_of(observation: Observation) -> str:
    """Say in one line what came of a probe."""
    if observation.failure:
        return f"{observation.failure.type}: {observation.failure.message}"
    text = f", {excerpt(_text(observation.read))}" if isinstance(observation.read, Message) else ""
    return f"HTTP {observation.status}{text}"


def facts_of(*observations: Observation) -> str:
    """Say in one line what came of several probes."""
    return "; ".join(f"{one.probe.name}: {fact_of(one)}" for one in observations)


def _text(message: Message) -> str:
    texts = [block.text if block.type == "text" else f"({block.type})" for block in message.content]
    return f"{message.stop_reason}: {' '.join(texts)}"


def is_taken(observation: Observation) -> Conclusion:
    """Hold that the service takes it."""
    return conclude(not observation.failure, fact_of(observation))


def is_refused_as(*kinds: str) -> Criterion:
    """Hold that the service refuses it, and that the product knows what for."""

    def judge(observation: Observation) -> Conclusion:
        return conclude(observation.failure and observation.failure.type in kinds, fact_of(observation))

    return judge


def holds_at_limit(at: Observation, beyond: Observation) -> Conclusion:
    """Hold that the service takes a schema at a limit, and refuses one beyond it as such."""
    refused = beyond.failure and beyond.failure.type is FailureKind.SCHEMA_REFUSED
    return conclude(refused and not at.failure, facts_of(at, beyond))


def only_replies(judge: Criterion) -> Criterion:
    """Have a judge see replies alone: of what is refused nothing holds."""

    @wraps(judge)
    def checked(*observations: Observation) -> Conclusion:
        failed = [one for one in observations if one.failure]
        return conclude(False, facts_of(*failed)) if failed else judge(*observations)

    return checked


def only_whole_replies(judge: Criterion) -> Criterion:
    """Have it see those alone that came to their end: what is cut off may be anything."""

    @wraps(judge)
    def checked(observation: Observation) -> Conclusion:
        return not_decided(fact_of(observation)) if observation.read.stop_reason in CUT_OFF else judge(observation)

    return only_replies(checked)


def answers_in_json(fits: Callable[[JSON], object]) -> Criterion:
    """Hold that the reply is JSON and nothing else, of a value that fits."""

    @only_whole_replies
    def judge(observation: Observation) -> Conclusion:
        texts = [block.text for block in observation.read.content if block.type == "text"]
        return conclude(len(texts) == 1 and _is_json(texts[0], fits), fact_of(observation))

    return judge


def _is_json(text: str, fits: Callable[[JSON], object]) -> bool:
    try:
        return bool(fits(json.loads(text)))
    except (ValueError, TypeError, LookupError):
        return False


@only_whole_replies
def calls_the_tool(observation: Observation) -> Conclusion:
    """Hold that the reply is one call of the tool."""
    return conclude([block.type for block in observation.read.content].count("tool_use") == 1, fact_of(observation))


def is_unknown_model(observation: Observation) -> Conclusion:
    """Hold that a model that there is not is told as such."""
    typed = at_keys(observation.body, "error", "type")
    known = observation.failure and observation.failure.type is FailureKind.NOT_FOUND and typed == "not_found_error"
    return conclude(known and observation.status == 404, f"HTTP {observation.status}, {typed}; {fact_of(observation)}")  # noqa: PLR2004 - not found


def names_its_request(*observations: Observation) -> Conclusion:
    """Hold that the body of an error names the request, as its header does."""
    return _of_refusals(
        observations,
        lambda one: at_keys(one.body, "request_id") == one.headers.get("request-id") is not None,
        lambda one: f"request_id {at_keys(one.body, 'request_id')}, header {one.headers.get('request-id')}",
    )


def says_not_to_retry(*observations: Observation) -> Conclusion:
    """Hold that an error which the same request would meet again says so."""
    return _of_refusals(
        observations,
        lambda one: one.headers.get("x-should-retry") == "false",
        lambda one: f"x-should-retry: {one.headers.get('x-should-retry')}",
    )


def _of_refusals(
    observations: Iterable[Observation], holds: Callable[[Observation], bool], describe: Callable[[Observation], str]
) -> Conclusion:
    """Hold something of each request that was refused; tell the first of which it does not."""
    refused = [one for one in observations if _FIRST_ERROR <= one.status < _FIRST_OF_SERVER]
    if not refused:
        return not_decided("nothing was refused")
    wrong = [one for one in refused if not holds(one)]
    example = (wrong or refused)[0]
    return conclude(
        not wrong, f"{example.probe.name}: {describe(example)} ({len(refused) - len(wrong)} of {len(refused)})"
    )


def at_keys(value: JSON, *keys: str) -> JSON:
    """Return what stands at a path of keys; None where nothing does."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
