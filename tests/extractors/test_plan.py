"""The plan: one document's extraction, driven by hand and by arbitrary answers."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paged_documents import paged_document
from pydantic import BaseModel, Field

from slotfill import (
    BatchPlace,
    Document,
    ExtractionError,
    Failure,
    FieldError,
    Outcome,
    Rung,
    Schema,
    Span,
    Turn,
    Usage,
    load_record,
)
from slotfill.extractors.plan import plan
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.extractors.rungs.asks import Answer, Policy
from slotfill.schemas import Confidence, Verbatim, resolve


class Person(BaseModel):
    """Name the person."""

    name: Verbatim
    age: int


SCHEMA = Schema(Person)
DOCUMENT = Document.of("Ada was 36.", "ada.txt")
POLICY = Policy("claude-haiku-5-5", ("structured", "tool", "text"), max_tokens=100, ceiling=1000)
GOOD = '{"name": "Ada", "age": 36}'


def reply(text, **fields):
    return Answer(json=text, text=text, stop_reason="end_turn", usage=Usage(10, 5), ms=7, **fields)


def drive(*answers, document=DOCUMENT, schema=SCHEMA, policy=POLICY):
    """Send the answers in turn, the last one for ever; give the asks and the extraction."""
    course, asks, sent = plan(document, schema, policy), [], None
    answers = list(answers)
    while True:
        try:
            (ask,) = course.send(sent)
        except StopIteration as end:
            return asks, end.value
        asks.append(ask)
        sent = (answers.pop(0) if len(answers) > 1 else answers[0],)


def test_a_valid_reply_is_the_value():
    (ask,), extraction = drive(reply(GOOD, request_id="req_1"))
    assert extraction.value == Person(name="Ada", age=36)
    assert type(extraction.value) is Person
    assert (extraction.outcome, extraction.ok) == (Outcome.VALID, True)
    assert (ask.rung, ask.mode, ask.max_tokens) == (Rung.ASK, "structured", 100)
    assert extraction.usage == Usage(10, 5)
    assert extraction.ms == 7
    assert extraction.request_ids == ("req_1",)
    assert extraction.cost_usd == Decimal("0.0000035")


def test_what_came_with_a_batch_cost_half_and_is_known_by_its_place():
    place, usage = BatchPlace("msgbatch_1", "sf-1-a"), Usage(10, 5, tier="batch")
    _, extraction = drive(replace(reply(GOOD), usage=usage, batch=place))
    (attempt,) = extraction.attempts
    assert (attempt.batch, attempt.usage, attempt.request_id) == (place, usage, None)
    assert extraction.cost_usd == Decimal("0.00000175")
    assert extraction.usage == Usage(10, 5)  # a sum has no tier
    record = json.loads(json.dumps(extraction.to_json()))
    assert record["attempts"][0]["batch"] == {"id": "msgbatch_1", "custom_id": "sf-1-a"}
    assert record["attempts"][0]["usage"]["tier"] == "batch"
    assert load_record(record, SCHEMA, DOCUMENT) == extraction


def test_the_document_is_fenced_by_its_own_hash():
    (ask,), _ = drive(reply(GOOD))
    mark = f"document-{DOCUMENT.id[:16]}"
    assert ask.prompt.turns[-1].text == f"<{mark}>\nAda was 36.\n</{mark}>"


def test_what_failed_is_asked_for_alone_with_its_errors():
    text = '{"name": "Bob", "age": 36}'
    (_, again), extraction = drive(reply(text), reply('{"name": "Ada"}'))
    assert extraction.outcome is Outcome.PATCHED
    assert extraction.value == Person(name="Ada", age=36)
    assert [(attempt.rung, attempt.ok) for attempt in extraction.attempts] == [(Rung.ASK, False), (Rung.PATCH, True)]
    assert extraction.attempts[0].errors[0].path == "/name"
    assert list(again.wire.full["properties"]) == ["name"]
    said, wish = again.prompt.turns[-2:]
    assert (said.role, said.text) == ("assistant", text)
    assert extraction.attempts[0].errors[0].message in wish.text
    assert extraction.usage == Usage(20, 10)
    assert extraction.invalid is None


def test_a_patch_touches_nothing_else():
    _, extraction = drive(reply('{"name": "Bob", "age": 36}'), reply('{"name": "Ada", "age": 99}'))
    assert extraction.value == Person(name="Ada", age=36)


@pytest.mark.parametrize("text", ["nothing", "[1]", '{"name": "Ada", "age": 3'], ids=["no JSON", "a list", "cut"])
def test_what_names_no_part_is_asked_again_as_a_whole(text):
    (_, again), extraction = drive(reply(text), reply(GOOD))
    assert extraction.outcome is Outcome.REASKED
    assert (again.rung, again.wire) == (Rung.REASK, None)
    assert again.prompt.turns[-2].text == text


def test_the_whole_is_asked_for_where_a_patch_did_not_serve():
    bad = '{"name": "Bob", "age": 36}'
    asks, extraction = drive(reply(bad), reply('{"name": "Eve"}'), reply(GOOD))
    assert [ask.rung for ask in asks] == [Rung.ASK, Rung.PATCH, Rung.REASK]
    assert extraction.outcome is Outcome.REASKED
    assert asks[-1].wire is None
    assert json.loads(asks[-1].prompt.turns[-2].text) == {"name": "Eve", "age": 36}


MENDED = {
    "coerced": ('{"name": "Ada", "age": "36"}', "/age", "number"),
    "fenced": (f"```json\n{GOOD}\n```", "", "extracted"),
    "among prose": (f"Sure, {{here}} it is: {GOOD} Bye.", "", "extracted"),
    "broken": ('{"name": "Ada", "age": 36,}', "", "trailing_comma"),
}


@pytest.mark.parametrize("case", MENDED)
def test_what_can_be_mended_costs_no_call(case):
    text, path, kind = MENDED[case]
    asks, extraction = drive(reply(text))
    assert len(asks) == 1
    assert (extraction.outcome, extraction.ok) == (Outcome.MENDED, True)
    assert extraction.value == Person(name="Ada", age=36)
    assert [(edit.path, edit.kind) for edit in extraction.edits] == [(path, kind)]
    assert [(attempt.rung, attempt.ok) for attempt in extraction.attempts] == [(Rung.ASK, False), (Rung.MEND, True)]
    assert extraction.usage == Usage(10, 5)


@pytest.mark.parametrize("case", MENDED)
def test_nothing_is_mended_when_that_is_off(case):
    asks, extraction = drive(reply(MENDED[case][0]), reply(GOOD), policy=replace(POLICY, mending="off"))
    assert len(asks) == 2
    assert extraction.edits == ()


def test_what_is_left_after_mending_is_asked_for():
    (_, again), extraction = drive(reply('{"name": "Bob", "age": "36"}'), reply('{"name": "Ada"}'))
    assert extraction.outcome is Outcome.PATCHED
    assert [attempt.rung for attempt in extraction.attempts] == [Rung.ASK, Rung.MEND, Rung.PATCH]
    assert list(again.wire.full["properties"]) == ["name"]
    assert [edit.path for edit in extraction.edits] == ["/age"]


def test_a_patch_is_mended_too():
    _, extraction = drive(reply('{"name": "Ada"}'), reply('```json\n{"age": "36"}\n```'))
    assert extraction.outcome is Outcome.PATCHED
    assert [edit.kind for edit in extraction.edits] == ["extracted", "number"]


class Visit(BaseModel):
    """Note the visit."""

    name: str
    day: date
    rooms: int = 1


VISIT, MARCH = '{"name": "a", "day": "soon"}', {"name": "a", "day": "2026-03-03"}


@pytest.mark.parametrize(
    "patch",
    [
        '{"Day": "2026-03-03"}',
        '{"name": "b", "Day": "2026-03-03"}',
        '{"visit": {"day": "2026-03-03"}}',
        '{"Day": "March 3, 2026"}',
    ],
)
def test_the_keys_of_a_patch_are_mended_too(patch):
    asks, extraction = drive(reply(VISIT), reply(patch), schema=Schema(Visit))
    assert len(asks) == 2
    assert extraction.outcome is Outcome.PATCHED
    assert extraction.reply == MARCH
    assert extraction.edits
    assert not [edit for edit in extraction.edits if edit.kind == "extra"]


def test_what_a_patch_holds_of_the_places_is_taken_as_it_is():
    both = reply('{"name": {}, "day": "soon"}')
    asks, extraction = drive(both, reply('{"day": "2026-03-03"}'), reply(json.dumps(MARCH)), schema=Schema(Visit))
    assert [ask.rung for ask in asks] == [Rung.ASK, Rung.PATCH, Rung.REASK]
    assert [error.path for error in extraction.attempts[1].errors] == ["/name"]


def test_a_key_that_stands_twice_in_a_patch_is_told():
    twice = reply('{"day": "2026-03-03", "day": "2026-03-04"}')
    (*_, again), extraction = drive(reply(VISIT), twice, reply(json.dumps(MARCH)), schema=Schema(Visit))
    (error,) = extraction.attempts[1].errors
    assert error.message == "the key 'day' stands twice in one object"
    assert error.message in again.prompt.turns[-1].text


def test_json_that_a_reader_took_out_of_a_patch_is_an_edit():
    policy = replace(POLICY, modes=("text",))
    found = Answer(json='{"age": 36}', text='Here: {"age": 36}', stop_reason="end_turn")
    _, extraction = drive(reply('{"name": "Ada"}'), found, policy=policy)
    assert [edit.kind for edit in extraction.edits] == ["extracted"]


class Tagged(BaseModel):
    """Tag what there is."""

    tags: Annotated[list[str], Field(min_length=2)]
    age: int


def test_of_a_part_that_was_asked_again_no_edit_is_told():
    first, second = reply('{"tags": "red", "age": "36"}'), reply('{"tags": ["red", "big"]}')
    asks, extraction = drive(first, second, schema=Schema(Tagged))
    assert [ask.rung for ask in asks] == [Rung.ASK, Rung.PATCH]
    assert extraction.data == {"tags": ["red", "big"], "age": 36}
    assert [(edit.path, edit.kind) for edit in extraction.edits] == [("/age", "number")]


class Note(BaseModel):
    """Note what there is."""

    name: str | None = None
    age: int = 0


def test_a_patch_that_cannot_be_read_is_never_taken_for_the_value():
    asks, extraction = drive(reply('{"name": 1.5, "age": []}'), reply("[{}"), reply("{}"), schema=Schema(Note))
    assert [ask.rung for ask in asks] == [Rung.ASK, Rung.PATCH, Rung.REASK]
    assert extraction.outcome is Outcome.REASKED


def test_the_call_of_a_wrong_tool_is_not_mended():
    wrong = FieldError("", "the reply calls the tool 'other' instead of 'person'")
    called = Answer(text='Well:\n{"name": "Ada", "age": "36"}', stop_reason="tool_use", errors=(wrong,))
    asks, extraction = drive(called, reply(GOOD), policy=replace(POLICY, modes=("tool",)))
    assert [ask.rung for ask in asks] == [Rung.ASK, Rung.REASK]
    assert extraction.edits == ()


TOOL = replace(POLICY, modes=("tool",))


def test_json_that_is_said_where_a_tool_was_to_be_called_is_the_value():
    silent = FieldError("", "the reply does not hold exactly one tool call")
    asks, extraction = drive(Answer(text=GOOD, stop_reason="end_turn", errors=(silent,)), policy=TOOL)
    assert len(asks) == 1
    assert (extraction.outcome, extraction.data, extraction.edits) == (Outcome.VALID, json.loads(GOOD), ())


def test_one_call_made_twice_over_is_one():
    asks, extraction = drive(Answer(text=f"{GOOD}\n{GOOD}", stop_reason="tool_use"), policy=TOOL)
    assert len(asks) == 1
    assert extraction.data == json.loads(GOOD)
    assert [(edit.kind, edit.risk) for edit in extraction.edits] == [("extracted", "none")]


OTHER = Policy("claude-sonnet-5-5", ("tool",), max_tokens=100, ceiling=1000)
WITH_OTHER = replace(POLICY, retries=0, fallbacks=(OTHER,))
FAILING = {
    "refusal": Answer(stop_reason="refusal", usage=Usage(10, 1)),
    "invalid": reply("nothing"),
    "unavailable": Answer(failure=Failure(FailureKind.OVERLOADED, "why")),
    "cut": Answer(text="{", stop_reason="max_tokens"),
}


@pytest.mark.parametrize("case", FAILING)
def test_the_next_model_is_asked_where_the_first_did_not_serve(case):
    asks, extraction = drive(FAILING[case], reply(GOOD), policy=replace(WITH_OTHER, max_tokens=1000))
    assert [(ask.rung, ask.model, ask.mode) for ask in asks[-1:]] == [(Rung.FALLBACK, "claude-sonnet-5-5", "tool")]
    assert (extraction.outcome, extraction.ok) == (Outcome.FALLBACK, True)
    assert extraction.model == "claude-sonnet-5-5"
    assert extraction.error is None


def test_a_failure_that_every_model_would_meet_ends_it():
    asks, extraction = drive(Answer(failure=Failure(FailureKind.AUTHENTICATION, "why")), reply(GOOD), policy=WITH_OTHER)
    assert len(asks) == 1
    assert extraction.model == "claude-haiku-5-5"


def test_a_fallback_climbs_too():
    asks, extraction = drive(FAILING["refusal"], reply('{"name": "Bob", "age": 36}'), reply(GOOD), policy=WITH_OTHER)
    assert [ask.rung for ask in asks] == [Rung.ASK, Rung.FALLBACK, Rung.PATCH]
    assert extraction.outcome is Outcome.FALLBACK


def test_retries_run_out():
    asks, extraction = drive(reply('{"name": "Ada", "age": "old"}'))
    assert len(asks) == 3
    assert extraction.outcome is Outcome.FAILED
    assert (extraction.error.type, extraction.error.path) == ("validation", "/age")
    assert extraction.invalid == {"name": "Ada", "age": "old"}
    assert extraction.to_json()["value"] is None
    with pytest.raises(ExtractionError, match=r"ada\.txt: failed: Input should be a valid integer"):
        _ = extraction.value


def test_an_empty_reply_leaves_no_empty_turn():
    empty = Answer(stop_reason="end_turn", errors=(FieldError("", "the reply does not hold any text"),))
    (_, again), _ = drive(empty, reply(GOOD))
    assert [turn.role for turn in again.prompt.turns] == ["user", "user"]


def test_a_cut_reply_is_never_read_but_asked_again_with_all_the_room():
    cut = Answer(json=GOOD, text=GOOD, stop_reason="max_tokens", usage=Usage(10, 100))
    (_, again), extraction = drive(cut, reply(GOOD))
    assert (again.max_tokens, again.rung) == (1000, Rung.REASK)
    assert extraction.outcome is Outcome.REASKED


def test_a_reply_that_stays_cut_is_partial():
    cut = Answer(json=GOOD, text=GOOD, stop_reason="max_tokens", usage=Usage(10, 100))
    asks, extraction = drive(cut)
    assert [ask.max_tokens for ask in asks] == [100, 1000]
    assert (extraction.outcome, extraction.ok) == (Outcome.PARTIAL, False)
    assert extraction.error.type == "truncated"
    assert extraction.invalid == GOOD
    with pytest.raises(ExtractionError):
        _ = extraction.value


def test_a_full_context_is_not_asked_again():
    asks, extraction = drive(Answer(text="{", stop_reason="model_context_window_exceeded"))
    assert len(asks) == 1
    assert extraction.outcome is Outcome.PARTIAL


def test_a_refusal_ends_it_whatever_was_said():
    refusal = Answer(json=GOOD, stop_reason="refusal", errors=(FieldError("", "bio: no"),), usage=Usage(10, 1))
    asks, extraction = drive(refusal)
    assert len(asks) == 1
    assert extraction.outcome is Outcome.REFUSED
    assert extraction.error == Failure(FailureKind.REFUSAL, "the model refused: bio: no")
    assert extraction.usage == Usage(10, 1)


def test_a_reply_that_cannot_be_read_is_asked_again_as_it_was():
    unreadable = Answer(failure=Failure(FailureKind.UNREADABLE_REPLY, "no message"))
    (first, second), extraction = drive(unreadable, reply(GOOD))
    assert first == second
    assert extraction.outcome is Outcome.VALID
    asks, extraction = drive(unreadable)
    assert len(asks) == 3
    assert extraction.error.type == FailureKind.UNREADABLE_REPLY


def test_a_refused_schema_is_asked_by_the_next_mode_without_costing_a_retry():
    refused = Answer(failure=Failure(FailureKind.SCHEMA_REFUSED, "schema too complex"))
    policy = Policy("claude-haiku-5-5", ("structured", "tool", "text"), 100, 1000, retries=0)
    asks, extraction = drive(refused, refused, reply(GOOD), policy=policy)
    assert [ask.mode for ask in asks] == ["structured", "tool", "text"]
    assert [attempt.mode for attempt in extraction.attempts] == ["structured", "tool", "text"]
    assert extraction.outcome is Outcome.VALID
    once = replace(policy, retries=1)
    assert drive(refused, refused, reply("{}"), reply(GOOD), policy=once)[1].outcome is Outcome.PATCHED
    asks, extraction = drive(refused, policy=policy)
    assert len(asks) == 3
    assert extraction.error.type == FailureKind.SCHEMA_REFUSED


ENDING = ["rate_limit", "overloaded", "timeout", "connection", "authentication", "too_large"]


@pytest.mark.parametrize("kind", [*map(FailureKind, ENDING)])
def test_what_the_sdk_gave_up_on_is_not_asked_again(kind):
    asks, extraction = drive(Answer(failure=Failure(kind, "why"), ms=3))
    assert len(asks) == 1
    assert extraction.outcome is Outcome.FAILED
    assert extraction.error == Failure(kind, "why")
    assert extraction.attempts[0].errors == (FieldError("", "why"),)


def test_what_was_read_before_a_failure_is_kept():
    _, extraction = drive(reply('{"name": "Ada"}'), Answer(failure=Failure(FailureKind.RATE_LIMIT, "why")))
    assert extraction.error.type == "rate_limit"
    assert extraction.invalid == {"name": "Ada"}


def test_a_document_that_cannot_be_read_costs_no_call():
    document = Document("", "00", "x.bin", Failure(FailureKind.BINARY_DOCUMENT, "holds binary data"))
    asks, extraction = drive(reply(GOOD), document=document)
    assert asks == []
    assert extraction.error.type == "binary_document"
    assert extraction.cost_usd == 0


def test_an_unknown_price_is_none():
    _, extraction = drive(reply(GOOD), policy=Policy("claude-of-tomorrow", ("text",), 100, 100))
    assert extraction.cost_usd is None
    assert extraction.to_json()["cost_usd"] is None


def test_the_record_is_json():
    _, extraction = drive(reply('{"name": "Ada"}'), reply(GOOD, request_id="req_2"))
    assert json.loads(json.dumps(extraction.to_json())) == {
        "slotfill": 1,
        "document": {"id": DOCUMENT.id, "source": "ada.txt", "chars": 11},
        "schema": {
            "name": "person",
            "id": SCHEMA.id,
            "digests": {
                "instructions": SCHEMA.digests.instructions,
                "whole": SCHEMA.digests.whole,
                "fields": {"name": SCHEMA.digests.fields["name"], "age": SCHEMA.digests.fields["age"]},
            },
        },
        "model": "claude-haiku-5-5",
        "outcome": "patched",
        "value": {"name": "Ada", "age": 36},
        "invalid": None,
        "spans": {
            "/name": {"start": 0, "end": 3, "match": "exact"},
            "/age": {"start": 8, "end": 10, "match": "exact"},
        },
        "confidence": {},
        "edits": [],
        "attempts": [
            {
                "rung": "ask",
                "model": "claude-haiku-5-5",
                "mode": "structured",
                "ok": False,
                "stop_reason": "end_turn",
                "errors": [{"path": "/age", "message": "Field required"}],
                "usage": {
                    "input_tokens": 10,
                    "output_tokens": 5,
                    "cache_read_tokens": 0,
                    "cache_write_tokens": 0,
                    "thinking_tokens": 0,
                },
                "ms": 7,
                "request_id": None,
            },
            {
                "rung": "patch",
                "model": "claude-haiku-5-5",
                "mode": "structured",
                "ok": True,
                "stop_reason": "end_turn",
                "errors": [],
                "usage": {
                    "input_tokens": 10,
                    "output_tokens": 5,
                    "cache_read_tokens": 0,
                    "cache_write_tokens": 0,
                    "thinking_tokens": 0,
                },
                "ms": 7,
                "request_id": "req_2",
            },
        ],
        "usage": {
            "input_tokens": 20,
            "output_tokens": 10,
            "cache_read_tokens": 0,
            "cache_write_tokens": 0,
            "thinking_tokens": 0,
        },
        "cost_usd": "0.0000070",
        "saved_usd": "0",
        "surcharge_usd": "0",
        "ms": 14,
        "error": None,
        "chunks": [],
        "found_in": {},
        "conflicts": [],
        "history": [],
        "request_ids": ["req_2"],
    }


usages = st.builds(Usage, *[st.integers(0, 10_000)] * 4, tier=st.sampled_from([None, "batch"]))
failures = st.builds(
    Failure,
    st.sampled_from(FailureKind),
    st.text(),
)
texts = (
    st.none()
    | st.text()
    | st.just(GOOD)
    | st.sampled_from(['{"name": "Ada"}', "[]", "null", '{"name":"Ada","age":1e999}'])
)
answers = st.builds(
    Answer,
    json=texts,
    text=st.text() | st.just(GOOD),
    stop_reason=st.sampled_from(["end_turn", "max_tokens", "refusal", "tool_use", "pause_turn", "x", None]),
    errors=st.lists(st.builds(FieldError, st.just(""), st.text()), min_size=1, max_size=2).map(tuple),
    failure=st.none() | failures,
    usage=usages,
    ms=st.integers(0, 10_000),
    request_id=st.none() | st.text(min_size=1),
    batch=st.none() | st.builds(BatchPlace, st.text(), st.text()),
)


@given(st.lists(answers, min_size=1, max_size=6), st.integers(0, 4), st.text(max_size=40))
def test_any_answers_end_in_a_record_that_accounts_for_them(replies, retries, text):
    policy = Policy("claude-haiku-5-5", ("structured", "tool", "text"), 100, 1000, retries)
    asks, extraction = drive(*replies, document=Document.of(text), policy=policy)
    sent = (replies + [replies[-1]] * len(asks))[: len(asks)]
    other_mode = {FailureKind.SCHEMA_REFUSED, FailureKind.MODE_REFUSED}  # each of which costs no retry
    refused = sum(answer.failure is not None and answer.failure.type in other_mode for answer in sent)
    assert len(extraction.attempts) == len(asks) <= retries + 1 + refused
    assert extraction.usage == sum((answer.usage for answer in sent), Usage())
    assert extraction.ok == extraction.has_value == (extraction.error is None)
    if extraction.ok:
        assert extraction.value.name in text
        assert sent[-1].stop_reason not in ("max_tokens", "refusal")
    json.dumps(extraction.to_json(), allow_nan=False)
    again, repeated = drive(*replies, document=Document.of(text), policy=policy)
    assert (again, repeated) == (asks, extraction)


class Guess(BaseModel):
    """Guess the label."""

    label: str
    sure: Annotated[float, Confidence("label")]
    other: Annotated[float, Confidence("label")] = 0.5


GUESS = Schema(Guess)


@pytest.mark.parametrize(
    ("text", "scored", "confidence"),
    [
        ('{"label": "a", "sure": 0.9}', ["/sure"], {"/sure": "scored"}),
        ('{"label": "a", "sure": 0.9}', ["/other", "", "/value/sure"], {"/sure": "stated"}),
        ('{"label": "a", "sure": 1, "other": 0.1}', ["/other"], {"/sure": "stated", "/other": "scored"}),
    ],
)
def test_the_record_says_where_a_confidence_comes_from(text, scored, confidence):
    _, extraction = drive(reply(text, scored=tuple(scored)), schema=GUESS)
    assert extraction.confidence == confidence
    assert extraction.to_json()["confidence"] == confidence


def test_only_the_answer_that_gave_the_value_says_where_it_comes_from():
    bad, good = '{"label": {}, "sure": 2}', '{"label": "a", "sure": 0.9}'
    _, extraction = drive(reply(bad, scored=("/sure",)), reply(good), schema=GUESS)
    assert extraction.confidence == {"/sure": "stated"}
    _, extraction = drive(reply(bad), reply(good, scored=("/sure",)), schema=GUESS)
    assert extraction.confidence == {"/sure": "scored"}
    _, extraction = drive(reply('{"label": {}, "sure": 0.9}', scored=("/sure",)), reply(good), schema=GUESS)
    assert extraction.confidence == {"/sure": "scored"}
    _, extraction = drive(reply(bad, scored=("/sure",)), schema=GUESS)
    assert extraction.confidence == {}


def test_the_paths_of_confidences_start_at_the_unwrapped_value():
    several = resolve({"type": "array", "items": GUESS.json_schema})
    text = json.dumps({"value": [{"label": "a", "sure": 0.9}, {"label": "b", "sure": 0.8}]})
    _, extraction = drive(reply(text, scored=("/value/1/sure", "/0/sure")), schema=several)
    assert extraction.confidence == {"/0/sure": "stated", "/1/sure": "scored"}


def test_a_null_value_is_a_value():
    _, extraction = drive(reply('{"value": null}'), schema=resolve({"type": ["string", "null"]}))
    assert extraction.ok
    assert extraction.value is None


LOOKING = replace(POLICY, takes_pages=True)
LOCAL = replace(POLICY, model="local", modes=("structured",))
SCANNED = paged_document("Ada is here.", 1)


def test_pages_that_no_model_looks_at_end_the_document_naming_both_ways_out():
    course = plan(SCANNED, SCHEMA, replace(LOCAL, fallbacks=(replace(LOCAL, model="local:b.gguf"),)))
    with pytest.raises(StopIteration) as end:
        next(course)
    extraction = end.value.value
    assert extraction.error.type is FailureKind.SCANNED_DOCUMENT
    assert extraction.error.message.startswith("page 2 can only be looked at, and local reads text alone")
    assert "slotfill[ocr]" in extraction.error.message
    assert "--pdf ocr" in extraction.error.message
    assert "Claude model" in extraction.error.message


def test_models_that_look_at_no_pages_are_passed_over():
    other = replace(LOOKING, model="claude-sonnet-5-5")
    policy = replace(LOCAL, fallbacks=(LOOKING, replace(LOCAL, model="local:b.gguf"), other))
    refused = Answer(text="", stop_reason="refusal")
    asks, extraction = drive(refused, reply(GOOD), document=SCANNED, policy=policy)
    assert [(ask.rung, ask.model) for ask in asks] == [(Rung.FALLBACK, POLICY.model), (Rung.FALLBACK, other.model)]
    assert extraction.outcome is Outcome.FALLBACK
    (ask, _), _ = drive(refused, reply(GOOD), document=SCANNED, policy=replace(LOOKING, fallbacks=(LOCAL, other)))
    assert (ask.rung, ask.model) == (Rung.ASK, POLICY.model)


def test_a_quote_may_stand_on_a_scan_and_is_refused_where_all_text_is_known():
    text = '{"name": "Bob", "age": 36}'
    (_,), extraction = drive(reply(text), document=SCANNED, policy=LOOKING)
    assert extraction.outcome is Outcome.VALID
    span = extraction.spans["/name"]
    assert (span.match, span.reason) == ("absent", "may stand on page 2, which has no text layer")
    _, exact = drive(reply(GOOD), document=SCANNED, policy=LOOKING)
    assert (exact.spans["/name"].match, exact.spans["/name"].reason) == ("exact", None)
    known = paged_document("Ada is here.", (1, " She was 36."))
    asks, extraction = drive(reply(text), document=known, policy=LOOKING)
    assert not extraction.ok
    assert "does not stand in the document" in asks[1].prompt.turns[-1].text
    _, extraction = drive(reply('{"name": "She", "age": 36}'), document=known, policy=LOOKING)
    assert extraction.spans["/name"] == Span(13, 16, "exact")  # in a text that was not sent


def test_corrections_and_further_turns_come_after_the_pages():
    (ask, again), _ = drive(reply("no JSON"), reply(GOOD), document=SCANNED, policy=LOOKING)
    assert ask.prompt.turns == again.prompt.turns[: len(ask.prompt.turns)]
    assert [len(turn.pages) for turn in again.prompt.turns] == [1, 0, 0]
    (further,) = next(plan(SCANNED, SCHEMA, LOOKING, (Turn({"name": "Ada", "age": 1}, "older"),)))
    assert [len(turn.pages) for turn in further.prompt.turns] == [1, 0, 0]


def test_a_record_of_a_scan_loads_beside_its_document():
    _, extraction = drive(reply('{"name": "Bob", "age": 36}'), document=SCANNED, policy=LOOKING)
    loaded = load_record(extraction.to_json(), SCHEMA, SCANNED)
    assert loaded.value == extraction.value
    assert loaded.spans == extraction.spans
