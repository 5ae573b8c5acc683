"""What slotfill assumes of the Messages API, each with the requests that try it and what decides it.

Each sentence is built on somewhere in slotfill, or told by its simulated service. `slotfill doctor --live` tries them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slotfill.extractors import catalogue
from slotfill.extractors.errors import SettingsError
from slotfill.extractors.live.judging import (
    Conclusion,
    Criterion,
    agrees_with_count,
    answers_in_json,
    calls_the_tool,
    counts_thinking,
    fact_of,
    holds_at_limit,
    is_refused_as,
    is_taken,
    is_unknown_model,
    is_within_worst,
    lists_newest_first,
    names_its_request,
    not_decided,
    reads_what_was_written,
    says_not_to_retry,
    streams_in_order,
    streams_totals,
    tells_limits,
    tells_no_limits,
    tells_tier_and_place,
    thinks_nothing,
    writes_nothing,
)
from slotfill.extractors.live.probes import CUT_SHORT, Observation, Probe, RequestWriter
from slotfill.extractors.messages_api.thinking import thinking_for
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.extractors.settings import Settings
from slotfill.schemas.wire.subset import MAX_OPTIONAL, MAX_UNIONS

__all__ = ["UNANSWERED", "Assumption", "assumptions_for", "conclusions", "probes_of"]

UNANSWERED = frozenset(kind for kind in FailureKind if kind.retry_later or kind.stops_run) - {
    FailureKind.UNREADABLE_REPLY,
    FailureKind.NOT_FOUND,
}
"""The failures that say nothing of a request: it was not looked at."""

_CODE = "^[A-Z]{2}[0-9]{3}$"
_YES = "Say yes."
_MISSPELT = "claude-sonet-4-5"

_CHARS_A_TOKEN = 6
"""More than English has: so many characters for each token surely make a prefix long enough."""

_SINCE_4_7 = re.compile(r"opus-4-[78]|(?:opus|sonnet|haiku|fable|mythos)-5")
"""Finds the models without temperature, top_p and top_k, which tell what they thought.

https://platform.claude.com/docs/en/about-claude/models/migration-guide
"""

_SYSTEM_TURNS = re.compile(r"opus-4-8|(?:opus|haiku|fable|mythos)-5|sonnet-5-5")
"""Finds the models that take system messages among the others; of Sonnet 5 the sources disagree.

https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages
"""

_SINCE_4_6 = re.compile(rf"{_SINCE_4_7.pattern}|(?:opus|sonnet)-4-6")
"""Finds the models whose replies cannot be begun for them."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """One thing that is assumed of the service.

    text: it, in one sentence. probes: the requests that try it. judge: what decides, given an observation of each.
    rests_on: the name of an assumption without which this one cannot be shown; "" for none.
    """

    name: str
    text: str
    probes: tuple[Probe, ...]
    judge: Criterion
    rests_on: str = ""

    def conclude(self, observations: Mapping[str, Observation]) -> Conclusion:
        """Judge by what was observed, by the probes' names."""
        seen = [observations[probe.name] for probe in self.probes if probe.name in observations]
        if len(seen) < len(self.probes):
            return not_decided("it was not asked")
        for one in seen:
            if one.failure and one.failure.type in UNANSWERED:
                return not_decided(fact_of(one))
        try:
            return self.judge(*seen)
        except Exception as error:  # noqa: BLE001 - a gateway may send anything
            return Conclusion("broken", f"the reply is of another form: {type(error).__name__}: {error}")


def probes_of(assumptions: Sequence[Assumption]) -> tuple[Probe, ...]:
    """Give the requests that try them, each once."""
    return tuple({probe.name: probe for assumption in assumptions for probe in assumption.probes}.values())


def conclusions(
    assumptions: Sequence[Assumption], observations: Mapping[str, Observation]
) -> Iterator[tuple[Assumption, Conclusion]]:
    """Judge them all, in their order, which has those first that others rest on."""
    unsound: set[str] = set()
    for assumption in assumptions:
        conclusion = assumption.conclude(observations)
        if conclusion.state == "broken":
            unsound.add(assumption.name)
            if assumption.rests_on in unsound:
                conclusion = not_decided(f"it rests on {assumption.rests_on}; {conclusion.fact}")
        yield assumption, conclusion


def assumptions_for(model: str, settings: Settings, nonce: str) -> tuple[Assumption, ...]:
    """Give what is assumed of the service for a model, those first that others rest on.

    settings: what they say of thinking and of a reply's length does not count.
    nonce: a text that no run before had: what is written to the prompt cache begins with it.
    """
    writer = RequestWriter(model, settings.model_copy(update=dict.fromkeys(("thinking", "effort", "max_tokens"))))
    tried = (
        *_of_models(writer),
        *_of_thinking(writer),
        *_of_structured_output(writer),
        *_of_tools(writer),
        *_of_refusals(writer),
        *_of_replies(writer),
        *_of_streams(writer),
        *_of_the_cache(writer, nonce),
    )
    price = Assumption(
        "cost",
        "No reply costs more than is reserved for it before it is asked for.",
        tuple(probe for probe in probes_of(tried) if probe.call == "create"),
        is_within_worst(model, settings.cache_ttl),
    )
    return (*tried, price)


def _of_models(writer: RequestWriter) -> Iterator[Assumption]:
    yield Assumption(
        "models",
        "The list of models begins with the newest, and holds this one.",
        (_listed(),),
        lists_newest_first(writer.model),
    )
    yield Assumption(
        "unknown_model",
        "A model that there is not is a 404 not_found_error.",
        (_misspelt(writer),),
        is_unknown_model,
    )


def _of_thinking(writer: RequestWriter) -> Iterator[Assumption]:
    least = thinking_for(writer.model, max_tokens=CUT_SHORT)
    asked = least.form or ({"type": "disabled"} if least.room else None)
    text, judge = "The model does not think unless it is asked to.", thinks_nothing
    if least.room:
        text, judge = (
            "The model always thinks: the type 'disabled' of thinking is refused.",
            is_refused_as("bad_request"),
        )
    elif asked:
        text = f"With the type {asked['type']!r} of thinking the model does not think."
    arguments = writer.by_hand(_YES) | ({"thinking": asked} if asked else {})
    yield Assumption("thinking_off", text, (Probe("thinking_off", arguments),), judge)


def _of_structured_output(writer: RequestWriter) -> Iterator[Assumption]:
    yield Assumption(
        "structured",
        "Structured output is asked for by output_config.format, without a beta header, and is bare JSON.",
        (_structured(writer),),
        answers_in_json(lambda value: isinstance(value["code"], str)),
        rests_on="thinking_off",
    )
    yield Assumption(
        "pattern",
        "Structured output takes a simple pattern, and keeps to it.",
        (Probe("pattern", writer.as_sent("structured", _object({"code": {"type": "string", "pattern": _CODE}}))),),
        answers_in_json(lambda value: re.fullmatch(_CODE, value["code"])),
        rests_on="structured",
    )
    yield Assumption(
        "array_root",
        "Structured output takes an array at the root of a schema.",
        (Probe("array_root", writer.in_schema({"type": "array", "items": _STRING})),),
        answers_in_json(lambda value: isinstance(value, list)),
        rests_on="structured",
    )
    for name, what, limit, schema_of in (
        ("optional", "optional properties", MAX_OPTIONAL, _with_optional),
        ("unions", "properties of two types", MAX_UNIONS, _with_unions),
    ):
        yield Assumption(
            name,
            f"Structured output takes {limit} {what}; one more is refused, as a schema.",
            (
                Probe(name, writer.in_schema(schema_of(limit), room=CUT_SHORT)),
                Probe(f"{name}_beyond", writer.in_schema(schema_of(limit + 1), room=CUT_SHORT)),
            ),
            holds_at_limit,
            rests_on="structured",
        )


def _of_tools(writer: RequestWriter) -> Iterator[Assumption]:
    can_be_forced = catalogue.look_up(writer.model).forced_tool
    yield Assumption(
        "forced_tool",
        f"The model {'can' if can_be_forced else 'cannot'} be forced to call a tool.",
        (Probe("forced_tool", writer.as_sent("tool", _PARCEL) | {"tool_choice": {"type": "tool", "name": "parcel"}}),),
        calls_the_tool if can_be_forced else is_refused_as(FailureKind.MODE_REFUSED),
        rests_on="thinking_off",
    )
    yield Assumption(
        "tool_history",
        "A worked example goes as a tool's call and its result, which has content; the tool is then called again.",
        (Probe("tool_history", writer.as_sent("tool", _PARCEL, examples=_WORKED)),),
        calls_the_tool,
        rests_on="forced_tool",
    )


def _of_refusals(writer: RequestWriter) -> Iterator[Assumption]:
    refusals = [_misspelt(writer)]
    for name, what, arguments, is_refused in _at_their_limits(writer):
        probe = Probe(name, arguments)
        text = f"The model {'refuses' if is_refused else 'takes'} {what}."
        yield Assumption(name, text, (probe,), is_refused_as("bad_request") if is_refused else is_taken)
        refusals.append(probe)
    yield Assumption(
        "request_id", "The body of an error names its request, as the header does.", (*refusals,), names_its_request
    )
    yield Assumption(
        "should_retry", "An error of the request says x-should-retry: false.", (*refusals,), says_not_to_retry
    )


def _at_their_limits(writer: RequestWriter) -> Iterator[tuple[str, str, dict[str, Any], bool]]:
    """Give what some models refuse: its name, what it is, the arguments, and whether this one does."""
    model = writer.model
    yield "effort", "the effort 'low'", writer.by_hand(_YES, output_config={"effort": "low"}), not _takes_effort(model)
    yield "sampling", "a temperature", writer.by_hand(_YES, extra_body={"temperature": 0.5}), _is(_SINCE_4_7, model)
    begun = {"role": "assistant", "content": "It is from"}
    yield "prefill", "the beginning of its reply", _and_then(writer, begun), _is(_SINCE_4_6, model)
    told = {"role": "system", "content": "Be brief."}
    yield "system_turn", "a system message among the others", _and_then(writer, told), not _is(_SYSTEM_TURNS, model)
    result = {"type": "tool_result", "tool_use_id": "toolu_none", "content": "Taken."}
    yield (
        "lone_result",
        "a tool's result without its call",
        _and_then(writer, {"role": "user", "content": [result]}),
        True,
    )


def _and_then(writer: RequestWriter, turn: Mapping[str, Any]) -> dict[str, Any]:
    asked = writer.by_hand("Where is it from?")
    return asked | {"messages": [*asked["messages"], turn]}


def _takes_effort(model: str) -> bool:
    try:
        return bool(thinking_for(model, effort="low", max_tokens=CUT_SHORT))
    except SettingsError:
        return False


def _is(models: re.Pattern[str], model: str) -> bool:
    return models.search(catalogue.plain_name(model)) is not None


def _of_replies(writer: RequestWriter) -> Iterator[Assumption]:
    structured = _structured(writer)
    yield Assumption(
        "rate_limits",
        "A reply tells the limits of requests, input and output tokens a minute.",
        (structured,),
        tells_limits,
        rests_on="structured",
    )
    yield Assumption(
        "count_tokens",
        "Tokens are counted beforehand as they are billed, but for a few.",
        (_counted(writer), structured),
        agrees_with_count,
        rests_on="structured",
    )
    yield Assumption(
        "no_limits",
        "A list of models, a count of tokens and a refusal tell no limits.",
        (_listed(), _counted(writer), _misspelt(writer)),
        tells_no_limits,
    )
    yield Assumption(
        "usage",
        "The usage of a reply tells at which tier and where it was made.",
        (structured,),
        tells_tier_and_place,
        rests_on="structured",
    )
    if _is(_SINCE_4_7, writer.model):
        yield Assumption(
            "thinking_tokens",
            "The usage of a reply tells how many tokens the model thought.",
            (structured,),
            counts_thinking,
            rests_on="structured",
        )


def _of_streams(writer: RequestWriter) -> Iterator[Assumption]:
    streamed = Probe("stream", {**_structured(writer).arguments, "stream": True})
    yield Assumption(
        "stream_order",
        "A stream is a message, its blocks and its totals; no ping comes before the first block.",
        (streamed,),
        streams_in_order,
        rests_on="structured",
    )
    yield Assumption(
        "stream_totals",
        "A stream tells all four counts of tokens at its end.",
        (streamed,),
        streams_totals,
        rests_on="structured",
    )


def _of_the_cache(writer: RequestWriter, nonce: str) -> Iterator[Assumption]:
    tokens = catalogue.look_up(writer.model).least_cached
    rule = "A parcel whose code begins with ZX goes by sea."
    instructions = "\n".join((nonce, *[rule] * (tokens * _CHARS_A_TOKEN // len(rule))))
    written, read, warmed = (
        Probe(name, writer.as_sent("text", _PARCEL, instructions=instructions, room=room))
        for name, room in (("cache_write", 1), ("cache_read", 1), ("warming", 0))
    )
    yield Assumption(
        "cache",
        f"A prefix of {tokens:,} tokens or a few more that is marked for the cache is written once, and then read.",
        (written, read),
        reads_what_was_written,
        rests_on="thinking_off",
    )
    yield Assumption(
        "warming",
        "With max_tokens 0 a prompt is read, and nothing written.",
        (warmed,),
        writes_nothing,
        rests_on="thinking_off",
    )


def _structured(writer: RequestWriter) -> Probe:
    return Probe("structured", writer.as_sent("structured", _PARCEL))


def _listed() -> Probe:
    return Probe("models", {"limit": 1_000}, "models")


def _counted(writer: RequestWriter) -> Probe:
    arguments = {name: value for name, value in _structured(writer).arguments.items() if name != "max_tokens"}
    return Probe("count_tokens", arguments, "count_tokens")


def _misspelt(writer: RequestWriter) -> Probe:
    return Probe("unknown_model", writer.by_hand(_YES, model=_MISSPELT))


def _object(properties: Mapping[str, Any], *, required: bool = True) -> dict[str, Any]:
    names = [*properties] if required else []
    return {"type": "object", "properties": dict(properties), "required": names, "additionalProperties": False}


def _with_optional(count: int) -> dict[str, Any]:
    return _object({f"note_{number}": _STRING for number in range(count)}, required=False)


def _with_unions(count: int) -> dict[str, Any]:
    return _object({f"note_{number}": {"anyOf": [_STRING, {"type": "integer"}]} for number in range(count)})


_STRING = {"type": "string"}
_PARCEL = _object({"code": _STRING})
_WORKED = {"The parcel QQ007 left Rome on a Friday.": {"code": "QQ007"}}
