"""The simulated service refuses the settings that a model refuses, in the service's own words."""

from __future__ import annotations

from typing import Any

import pytest

from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.extractors.testing.rules.model_rules import MODELS, rules_of
from slotfill.extractors.testing.rules.model_settings import check_settings

THINKING: dict[str, Any] = {
    "adaptive": {"type": "adaptive"},
    "between_tools": {"type": "between_tools"},
    "disabled": {"type": "disabled"},
    "enabled": {"type": "enabled", "budget_tokens": 1_024},
}
FORCED = {"tool_choice": {"type": "tool", "name": "rate"}}
FORMAT = {"output_config": {"format": {"type": "json_schema", "schema": {}}}}

TAKEN = {
    "claude-fable-5-2": "adaptive",
    "claude-mythos-5-2": "adaptive",
    "claude-haiku-5-5": "adaptive disabled",
    "claude-sonnet-5-5": "adaptive between_tools",
    "claude-opus-5-5": "adaptive",
    "claude-fable-5-1": "adaptive",
    "claude-mythos-5-1": "adaptive",
    "claude-opus-5": "adaptive disabled",
    "claude-sonnet-5": "adaptive disabled",
    "claude-fable-5": "adaptive",
    "claude-mythos-5": "adaptive",
    "claude-opus-4-8": "adaptive disabled",
    "claude-opus-4-7": "adaptive disabled",
    "claude-sonnet-4-6": "adaptive disabled enabled",
    "claude-opus-4-6": "adaptive disabled enabled",
    "claude-opus-4-5-20251101": "disabled enabled",
    "claude-haiku-4-5-20251001": "disabled enabled",
}
"""The types of `thinking`: the table of the documentation, …/thinking-troubleshooting."""

ADAPTIVE = 'Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'


def refusal(model: str, counting: bool = False, batched: bool = False, **settings: Any) -> str:
    """Give why a model refuses settings, "" where it takes them."""
    rules = rules_of(model)
    assert rules is not None
    try:
        check_settings({"max_tokens": 4_000, **settings}, rules, counting=counting, batched=batched)
    except ApiError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("model", TAKEN)
def test_which_thinking_a_model_takes(model: str) -> None:
    assert [kind for kind, told in THINKING.items() if not refusal(model, thinking=told)] == TAKEN[model].split()
    assert {*TAKEN} == {model.id for model in MODELS if model.lifecycle != "retired"}


@pytest.mark.parametrize(
    ("model", "settings", "text"),
    [
        ("claude-haiku-4-5", {"thinking": THINKING["adaptive"]}, "adaptive thinking is not supported on this model"),
        (
            "claude-opus-5-5",
            {"thinking": THINKING["disabled"]},
            f'"thinking.type.disabled" is not supported for this model. {ADAPTIVE}',
        ),
        ("claude-fable-5", {"thinking": THINKING["disabled"]}, "Thinking defaults to adaptive mode when not specified"),
        ("claude-sonnet-5-5", {"thinking": THINKING["disabled"]}, 'send "thinking": {"type": "between_tools"} instead'),
        (
            "claude-opus-4-7",
            {"thinking": THINKING["enabled"]},
            f'"thinking.type.enabled" is not supported for this model. {ADAPTIVE}',
        ),
        ("claude-haiku-5-5", {"thinking": THINKING["between_tools"]}, '"thinking.type.between_tools" is not supported'),
        ("claude-haiku-5-5", {"thinking": {"type": "deep"}}, "thinking: Input should have a type"),
        ("claude-haiku-5-5", {"thinking": "off"}, "thinking: Input should have a type"),
        (
            "claude-haiku-4-5",
            {"thinking": {"type": "enabled", "budget_tokens": 1_023}},
            "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
        ),
        (
            "claude-haiku-4-5",
            {"thinking": {"type": "enabled", "budget_tokens": 4_000}},
            "`max_tokens` must be greater than `thinking.budget_tokens`.",
        ),
        ("claude-haiku-4-5", {"output_config": {"effort": "low"}}, "This model does not support the effort parameter."),
        (
            "claude-sonnet-4-6",
            {"output_config": {"effort": "xhigh"}},
            "This model does not support effort level 'xhigh'. Supported levels: high, low, max, medium.",
        ),
        ("claude-opus-4-5", {"output_config": {"effort": "max"}}, "Supported levels: high, low, medium."),
        ("claude-opus-5", {"output_config": {"effort": "most"}}, "output_config.effort: Input should be 'low',"),
        ("claude-opus-4-7", {"temperature": 0}, "`temperature` is deprecated for this model."),
        ("claude-sonnet-5", {"top_p": 0.5}, "`top_p` is deprecated for this model."),
        ("claude-haiku-5-5", {"top_k": 5}, "`top_k` is deprecated for this model."),
        (
            "claude-haiku-4-5",
            {"temperature": 0, "thinking": THINKING["enabled"]},
            "`temperature` may only be set to 1 when thinking is enabled.",
        ),
        ("claude-3-haiku-20240307", FORMAT, "'claude-3-haiku-20240307' does not support output_config.format"),
        ("claude-sonnet-4-20250514", FORMAT, "does not support output_config.format"),
        ("claude-opus-5-5", FORCED, 'tool_choice: type "tool" and "any" are not supported for this model.'),
        ("claude-fable-5", FORCED, 'tool_choice: type "tool" and "any" are not supported for this model.'),
        (
            "claude-haiku-4-5",
            {**FORCED, "thinking": THINKING["enabled"]},
            "Thinking may not be enabled when tool_choice",
        ),
        ("claude-haiku-4-5", {"max_tokens": 64_001}, "64001 > 64000, which is the maximum allowed number of output"),
        ("claude-haiku-5-5", {"max_tokens": -1}, "max_tokens: Input should be greater than or equal to 0"),
        ("claude-haiku-5-5", {"max_tokens": True}, "max_tokens: Field required"),
    ],
)
def test_what_a_model_refuses(model: str, settings: dict[str, Any], text: str) -> None:
    assert text in refusal(model, **settings)


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        ("claude-haiku-4-5", {"temperature": 0, "top_k": 5}),
        ("claude-opus-4-6", {"temperature": 0.3, "thinking": {"type": "disabled"}}),
        ("claude-haiku-5-5", {"temperature": 1, "top_p": 1}),
        ("claude-haiku-5-5", FORCED),
        ("claude-opus-4-1", FORMAT),
        ("claude-sonnet-5-5", {"tool_choice": {"type": "auto"}}),
        ("claude-opus-4-8", {"output_config": {"effort": "max"}, "thinking": {"type": "disabled"}}),
        ("claude-opus-5", {"output_config": {"effort": "max"}, "thinking": {"type": "adaptive"}}),
        ("claude-haiku-4-5", {"output_config": "high", "tool_choice": "tool"}),  # another check's affair
    ],
)
def test_what_a_model_takes(model: str, settings: dict[str, Any]) -> None:
    assert refusal(model, **settings) == ""


@pytest.mark.parametrize("effort", ["xhigh", "max"])
@pytest.mark.parametrize(
    ("model", "off"),
    [("claude-opus-5", "disabled"), ("claude-haiku-5-5", "disabled"), ("claude-sonnet-5-5", "between_tools")],
)
def test_without_thinking_the_newest_models_take_no_effort_beyond_high(model: str, off: str, effort: str) -> None:
    told = {"thinking": {"type": off}, "output_config": {"effort": effort}}
    assert refusal(model, **told) == (
        f"output_config.effort '{effort}' is not supported when thinking is disabled on this model. "
        "Use effort 'high' or below, or enable thinking."
    )
    assert refusal(model, **told | {"output_config": {"effort": "high"}}) == ""
    assert refusal(model, output_config={"effort": effort}) == ""


@pytest.mark.parametrize(
    ("settings", "beside"),
    [
        ({"stream": True}, "stream"),
        (FORMAT, "output_config.format"),
        (FORCED, "a forced tool_choice"),
        ({"thinking": THINKING["enabled"]}, "thinking.type.enabled"),
        ({"batched": True}, "a batch"),
    ],
)
def test_a_request_for_no_reply_asks_for_none(settings: dict[str, Any], beside: str) -> None:
    text = f"max_tokens: 0 is not supported together with {beside}"
    assert refusal("claude-haiku-4-5", max_tokens=0, **settings) == text
    assert refusal("claude-haiku-4-5", max_tokens=0) == ""


def test_what_is_only_counted_needs_no_room() -> None:
    assert refusal("claude-haiku-4-5", counting=True, max_tokens=None, thinking=THINKING["enabled"]) == ""
    assert refusal("claude-opus-5-5", counting=True, **FORCED) != ""
