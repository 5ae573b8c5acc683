"""The simulated service takes and refuses the turns of a conversation as the model does."""

from __future__ import annotations

from typing import Any

import pytest

from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.extractors.testing.rules.model_rules import MODELS, rules_of
from slotfill.extractors.testing.rules.turns import check_turns

CALL = {"type": "tool_use", "id": "toolu_1", "name": "rate", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "ok"}
TEXT = {"type": "text", "text": "x"}
LETTERS = {"u": "user", "a": "assistant", "s": "system"}


def refusal(model: str, *turns: tuple[str, Any]) -> str:
    """Give why a model refuses turns, "" where it takes them."""
    rules = rules_of(model)
    assert rules is not None
    try:
        check_turns(
            {"messages": [{"role": LETTERS.get(role, role), "content": content} for role, content in turns]}, rules
        )
    except ApiError as error:
        return str(error)
    return ""


def roles(told: str) -> list[tuple[str, str]]:
    return [(role, "x") for role in told]


def test_which_models_take_system_messages() -> None:
    taking = {model.id for model in MODELS if not refusal(model.id, *roles("us"))}
    newest = {model.id for model in MODELS if model.generation >= (4, 8)}
    assert taking == newest - {"claude-sonnet-5"}  # sources disagree on it
    assert refusal("claude-haiku-4-5", *roles("us")) == "role 'system' is not supported on this model"


@pytest.mark.parametrize("told", ["us", "usa u".replace(" ", ""), "uss", "ussau", "uauus"])
def test_where_system_messages_may_stand(told: str) -> None:
    assert refusal("claude-opus-4-8", *roles(told)) == ""


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ("su", "messages.0: use the top-level 'system' parameter for the initial system prompt;"),
        ("uasu", "messages.2: role 'system' must follow a 'user' message or an 'assistant' message ending in a server"),
        ("usu", "messages.1: role 'system' must precede an 'assistant' message or end the array;"),
        ("ussu", "messages.2: role 'system' must precede an 'assistant' message or end the array;"),
    ],
)
def test_where_they_may_not(told: str, text: str) -> None:
    assert refusal("claude-opus-4-8", *roles(told)).startswith(text)


def test_which_models_go_on_with_an_answer() -> None:
    taking = {model.id for model in MODELS if not refusal(model.id, *roles("ua"))}
    assert taking == {model.id for model in MODELS if model.generation < (4, 6)}
    assert "claude-sonnet-4-5-20250929" in taking
    assert "prefill" in refusal("claude-sonnet-4-6", *roles("ua"))
    spaced = "messages: final assistant content cannot end with trailing whitespace"
    assert refusal("claude-haiku-4-5", ("u", "x"), ("a", "{ ")) == spaced
    assert refusal("claude-haiku-4-5", ("u", "x"), ("a", [{"type": "text", "text": "{\n"}])) == spaced


@pytest.mark.parametrize(
    "turns",
    [
        [("u", "x"), ("a", [CALL]), ("u", [RESULT])],
        [("u", "x"), ("a", [TEXT, CALL]), ("u", [RESULT, TEXT]), ("s", "x")],
        [("u", "x"), ("a", [CALL]), ("u", [RESULT]), ("u", "y")],  # turns of one role are one
        [("u", "x"), ("a", [CALL]), ("u", "y"), ("u", [RESULT])],
        [("u", "x"), ("a", [CALL]), ("u", [RESULT]), ("a", [CALL]), ("u", [RESULT])],
    ],
)
def test_calls_with_their_results(turns: list[tuple[str, Any]]) -> None:
    assert refusal("claude-opus-5", *turns) == ""


ALONE = "unexpected `tool_use_id` found in `tool_result` blocks: toolu_1. Each `tool_result` block must have"
UNANSWERED = "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1. Each"


@pytest.mark.parametrize(
    ("turns", "text"),
    [
        ([("u", [TEXT, RESULT])], f"messages.0.content.1: {ALONE}"),
        ([("u", "x"), ("a", "x"), ("u", [RESULT])], f"messages.2.content.0: {ALONE}"),
        ([("u", "x"), ("a", [CALL]), ("u", [RESULT]), ("a", "x"), ("u", [RESULT])], f"messages.4.content.0: {ALONE}"),
        ([("u", "x"), ("a", [CALL]), ("u", [RESULT, RESULT])], f"messages.2.content.1: {ALONE}"),
        ([("u", "x"), ("a", [CALL]), ("u", "y")], UNANSWERED),
        (
            [("u", "x"), ("a", [CALL, {**CALL, "id": "toolu_2"}]), ("u", [{**RESULT, "tool_use_id": "toolu_2"}])],
            UNANSWERED,
        ),
    ],
)
def test_calls_and_results_alone(turns: list[tuple[str, Any]], text: str) -> None:
    assert refusal("claude-opus-5", *turns).startswith(text)


def test_a_call_that_ends_a_conversation_has_no_result() -> None:
    assert refusal("claude-haiku-4-5", ("u", "x"), ("a", [CALL])).startswith(UNANSWERED)
