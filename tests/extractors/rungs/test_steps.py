"""The steps up the rungs: which request follows which result, and what it costs."""

from dataclasses import replace

import pytest
from pydantic import BaseModel

from slotfill import Document, FieldError, Rung, Schema
from slotfill.extractors.rungs.asks import Policy
from slotfill.extractors.rungs.prompt import write_prompt
from slotfill.extractors.rungs.questions import Question
from slotfill.extractors.rungs.results import Result, Status
from slotfill.extractors.rungs.steps import ask, ask_again, patch
from slotfill.schemas.wire.wire import wire_for


class Person(BaseModel):
    """Name the person."""

    name: str
    age: int


SCHEMA = Schema(Person)
DOCUMENT = Document.of("Ada was 36.")
QUESTION = Question(DOCUMENT, SCHEMA, write_prompt(SCHEMA, DOCUMENT))
POLICY = Policy("claude-haiku-5-5", ("structured", "tool", "text"), max_tokens=100, ceiling=1000)
FIRST = ask(QUESTION, POLICY)
WRONG_AGE = Result(
    Status.INVALID, data={"name": "Ada", "age": "old"}, errors=(FieldError("/age", "no number"),), reply="…"
)


def test_the_first_step_asks_for_the_whole_value():
    request = FIRST.request
    assert (request.rung, request.model, request.mode) == (Rung.ASK, "claude-haiku-5-5", "structured")
    assert (request.max_tokens, request.wire, FIRST.retries) == (100, None, 2)


def test_a_question_with_a_wire_of_its_own_is_asked_in_the_modes_that_this_has():
    narrow = replace(wire_for(SCHEMA), modes=("text",))
    assert ask(replace(QUESTION, wire=narrow), POLICY).request.mode == "text"


def test_a_patch_asks_for_what_failed_alone():
    step = patch(FIRST, WRONG_AGE)
    assert step.request.rung is Rung.PATCH
    assert [*step.request.wire.full["properties"]] == ["age"]
    assert step.retries == 1
    assert step.pending.result is WRONG_AGE


@pytest.mark.parametrize(
    ("step", "result"),
    [
        (FIRST, Result(Status.VALID)),
        (FIRST, replace(WRONG_AGE, status=Status.CUT_OFF)),
        (FIRST, replace(WRONG_AGE, data=None)),
        (FIRST, replace(WRONG_AGE, errors=(FieldError("", "of the whole"),))),
        (replace(FIRST, retries=0), WRONG_AGE),
        (patch(FIRST, WRONG_AGE), WRONG_AGE),
    ],
    ids=["valid", "cut", "nothing read", "no place", "no retries", "just patched"],
)
def test_no_patch_where_it_is_not_clear_what_to_ask(step, result):
    assert patch(step, result) is None


@pytest.mark.parametrize(
    ("status", "rung"),
    [
        (Status.VALID, None),
        (Status.INVALID, Rung.REASK),
        (Status.CUT_OFF, Rung.REASK),
        (Status.CONTEXT_FULL, None),
        (Status.BROKEN_OFF, Rung.ASK),
        (Status.REFUSED, None),
        (Status.UNREADABLE, Rung.ASK),
        (Status.UNSUPPORTED, Rung.ASK),
        (Status.FAILED, None),
    ],
)
def test_what_is_asked_again_goes_by_the_status(status, rung):
    step = ask_again(FIRST, replace(WRONG_AGE, status=status))
    assert (step and step.request.rung) == rung
    spent = 0 if status is Status.UNSUPPORTED else 1
    assert step is None or FIRST.retries - step.retries == spent


def test_every_status_has_a_next_step_or_none():
    for status in Status:
        ask_again(FIRST, Result(status, errors=(FieldError("", "why"),)))


def test_without_retries_only_another_mode_is_asked():
    last = replace(FIRST, retries=0)
    steps = {status: ask_again(last, replace(WRONG_AGE, status=status)) for status in Status}
    assert [status for status, step in steps.items() if step] == [Status.UNSUPPORTED]


def test_a_cut_reply_is_given_all_the_room_once():
    step = ask_again(FIRST, Result(Status.CUT_OFF))
    assert step.request.max_tokens == POLICY.ceiling
    assert ask_again(step, Result(Status.CUT_OFF)) is None


def test_a_whole_re_ask_keeps_the_room_that_was_given():
    step = ask_again(ask_again(FIRST, Result(Status.CUT_OFF)), WRONG_AGE)
    assert step.request.max_tokens == POLICY.ceiling


def test_a_cut_patch_stays_one():
    step = ask_again(patch(FIRST, WRONG_AGE), Result(Status.CUT_OFF))
    assert (step.request.rung, step.request.max_tokens) == (Rung.PATCH, POLICY.ceiling)
    assert step.pending.result is WRONG_AGE


def test_modes_run_out():
    unsupported = Result(Status.UNSUPPORTED)
    modes, step = [], FIRST
    while step:
        modes.append(step.request.mode)
        step = ask_again(step, unsupported)
    assert modes == ["structured", "tool", "text"]
