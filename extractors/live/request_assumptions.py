"""What is assumed of requests: which of them the service takes, and how it refuses the others."""

from __future__ import annotations

import re
from collections.abc import Iterator

from slotfill.extractors.catalogue import model_facts
from slotfill.extractors.catalogue.families import family_of
from slotfill.extractors.live.assumption import Assumption
from slotfill.extractors.live.judging import (
    answers_in_json,
    calls_the_tool,
    holds_at_limit,
    is_refused_as,
    is_taken,
    is_unknown_model,
    names_its_request,
    says_not_to_retry,
)
from slotfill.extractors.live.probes import CUT_SHORT, Probe, RequestWriter
from slotfill.extractors.live.reply_criteria import lists_newest_first, thinks_nothing
from slotfill.extractors.live.shared_probes import (
    PARCEL,
    STRING,
    YES,
    list_probe,
    misspelt_probe,
    object_schema,
    structured_probe,
)
from slotfill.extractors.messages_api.thinking import thinking_for
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.schemas.json_values.json_types import JSONMapping, JSONObject
from slotfill.schemas.wire.subset import MAX_OPTIONAL, MAX_UNIONS

__all__ = ["of_models", "of_refusals", "of_structured_output", "of_thinking", "of_tools"]

_CODE = "^[A-Z]{2}[0-9]{3}$"
_CODED = object_schema({"code": {"type": "string", "pattern": _CODE}})


def of_models(writer: RequestWriter) -> Iterator[Assumption]:
    """Return what is assumed of the list of models."""
    yield Assumption(
        "models",
        "The list of models begins with the newest, and holds this one.",
        (list_probe(),),
        lists_newest_first(writer.model),
    )
    yield Assumption(
        "unknown_model",
        "A model that there is not is a 404 not_found_error.",
        (misspelt_probe(writer),),
        is_unknown_model,
    )


def of_thinking(writer: RequestWriter) -> Iterator[Assumption]:
    """Return what is assumed of thinking, where a request asks for none."""
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
    arguments = writer.by_hand(YES) | ({"thinking": asked} if asked else {})
    yield Assumption("thinking_off", text, (Probe("thinking_off", arguments),), judge)


def of_structured_output(writer: RequestWriter) -> Iterator[Assumption]:
    """Return what is assumed of structured output, and of what its schemas may hold."""
    yield Assumption(
        "structured",
        "Structured output is asked for by output_config.format, without a beta header, and is bare JSON.",
        (structured_probe(writer),),
        answers_in_json(lambda value: isinstance(value["code"], str)),
        rests_on="thinking_off",
    )
    yield Assumption(
        "pattern",
        "Structured output takes a simple pattern, and keeps to it.",
        (Probe("pattern", writer.as_sent("structured", _CODED)),),
        answers_in_json(lambda value: re.fullmatch(_CODE, value["code"])),
        rests_on="structured",
    )
    yield Assumption(
        "array_root",
        "Structured output takes an array at the root of a schema.",
        (Probe("array_root", writer.in_schema({"type": "array", "items": STRING})),),
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


def of_tools(writer: RequestWriter) -> Iterator[Assumption]:
    """Return what is assumed of calls of tools."""
    can_be_forced = model_facts.look_up(writer.model).forced_tool
    yield Assumption(
        "forced_tool",
        f"The model {'can' if can_be_forced else 'cannot'} be forced to call a tool.",
        (Probe("forced_tool", writer.as_sent("tool", PARCEL) | {"tool_choice": {"type": "tool", "name": "parcel"}}),),
        calls_the_tool if can_be_forced else is_refused_as(FailureKind.MODE_REFUSED),
        rests_on="thinking_off",
    )
    yield Assumption(
        "tool_history",
        "A worked example goes as a tool's call and its result, which has content; the tool is then called again.",
        (Probe("tool_history", writer.as_sent("tool", PARCEL, examples=_WORKED)),),
        calls_the_tool,
        rests_on="forced_tool",
    )


def of_refusals(writer: RequestWriter) -> Iterator[Assumption]:
    """Return what is assumed to be refused, and of how it is."""
    refusals = [misspelt_probe(writer)]
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


def _at_their_limits(writer: RequestWriter) -> Iterator[tuple[str, str, JSONObject, bool]]:
    """Return what some models refuse: its name, what it is, the arguments, and whether this one does."""
    family = family_of(writer.model)
    yield (
        "effort",
        "the effort 'low'",
        writer.by_hand(YES, output_config={"effort": "low"}),
        "low" not in family.efforts,
    )
    yield "sampling", "a temperature", writer.by_hand(YES, extra_body={"temperature": 0.5}), not family.sampling
    begun = {"role": "assistant", "content": "It is from"}
    yield "prefill", "the beginning of its reply", _and_then(writer, begun), not family.prefill
    told = {"role": "system", "content": "Be brief."}
    yield "system_turn", "a system message among the others", _and_then(writer, told), not family.system_turns
    result = {"type": "tool_result", "tool_use_id": "toolu_none", "content": "Taken."}
    yield (
        "lone_result",
        "a tool's result without its call",
        _and_then(writer, {"role": "user", "content": [result]}),
        True,
    )


def _and_then(writer: RequestWriter, turn: JSONMapping) -> JSONObject:
    asked = writer.by_hand("Where is it from?")
    return asked | {"messages": [*asked["messages"], turn]}


def _with_optional(count: int) -> JSONObject:
    return object_schema({f"note_{number}": STRING for number in range(count)}, required=False)


def _with_unions(count: int) -> JSONObject:
    return object_schema({f"note_{number}": {"anyOf": [STRING, {"type": "integer"}]} for number in range(count)})


_WORKED = {"The parcel QQ007 left Rome on a Friday.": {"code": "QQ007"}}
