"""What a model refuses of a request's settings: the room for a reply, sampling, thinking, effort, a forced tool.

The texts are the service's own, as they were recorded or stand in its documentation. Not known are those of a schema
that a model does not take, and of `max_tokens: 0` beside what it does not go with.

https://platform.claude.com/docs/en/api/errors, …/build-with-claude/thinking-troubleshooting
"""

from __future__ import annotations

from slotfill.extractors.messages_api.api_error import invalid
from slotfill.extractors.testing.rules.model_rules import EFFORTS, ModelRules
from slotfill.schemas.json_values.json_types import JSON, JSONMapping

__all__ = ["check_settings"]

LEAST_BUDGET = 1_024
"""Tokens to think in."""

_ADAPTIVE = 'Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
_ADAPTIVE_BY_DEFAULT = (
    "Thinking defaults to adaptive mode when not specified; "
    'use "thinking.type.enabled" with "budget_tokens" for extended thinking.'
)


def check_settings(data: JSONMapping, model: ModelRules, *, counting: bool = False, batched: bool = False) -> None:
    """Refuse what a model does not take. Raises ApiError.

    counting: of `…/count_tokens`, where there is no reply. batched: of one request of a batch.
    """
    thinking = _thinking(data.get("thinking"), model)
    if not counting:
        _check_room(data, model, thinking, batched=batched)
        _check_sampling(data, model, thinking)
    _check_effort(_part(data, "output_config").get("effort"), model, thinking)
    if _part(data, "output_config").get("format") and not model.structured:
        raise invalid(f"'{model.id}' does not support output_config.format")
    if _forces(data):
        if not model.forced_tool:
            raise invalid('tool_choice: type "tool" and "any" are not supported for this model.')
        if thinking in ("enabled", "adaptive"):
            raise invalid("Thinking may not be enabled when tool_choice forces tool use.")


def _forces(data: JSONMapping) -> bool:
    return _part(data, "tool_choice").get("type") in ("tool", "any")


def _part(data: JSONMapping, name: str) -> JSONMapping:
    part = data.get(name)
    return part if isinstance(part, dict) else {}


def _check_room(data: JSONMapping, model: ModelRules, thinking: str, *, batched: bool) -> None:
    limit = data.get("max_tokens")
    if not isinstance(limit, int) or isinstance(limit, bool):
        raise invalid("max_tokens: Field required")
    if limit < 0:
        raise invalid("max_tokens: Input should be greater than or equal to 0")
    if limit > model.output:
        raise invalid(
            f"max_tokens: {limit} > {model.output}, which is the maximum allowed number of output tokens for {model.id}"
        )
    if limit == 0 and (beside := _needs_a_reply(data, thinking, batched=batched)):
        raise invalid(f"max_tokens: 0 is not supported together with {beside}")
    if thinking == "enabled":
        budget = data["thinking"].get("budget_tokens")
        if not isinstance(budget, int) or budget < LEAST_BUDGET:
            raise invalid(f"thinking.enabled.budget_tokens: Input should be greater than or equal to {LEAST_BUDGET}")
        if budget >= limit:
            raise invalid("`max_tokens` must be greater than `thinking.budget_tokens`.")


def _needs_a_reply(data: JSONMapping, thinking: str, *, batched: bool) -> str:
    """Name what does not go with a request that asks for no reply, only for its prompt to be kept."""
    conflicts = {
        "stream": data.get("stream"),
        "thinking.type.enabled": thinking == "enabled",
        "output_config.format": _part(data, "output_config").get("format"),
        "a forced tool_choice": _forces(data),
        "a batch": batched,
    }
    return next((name for name, conflict in conflicts.items() if conflict), "")


def _check_sampling(data: JSONMapping, model: ModelRules, thinking: str) -> None:
    sampling = {name: data[name] for name in ("temperature", "top_p", "top_k") if data.get(name) is not None}
    if not model.sampling:
        for name, value in sampling.items():
            if name == "top_k" or value != 1:  # 1 is the default of the two others
                raise invalid(f"`{name}` is deprecated for this model.")
    if thinking in ("enabled", "adaptive") and sampling.get("temperature", 1) != 1:
        raise invalid("`temperature` may only be set to 1 when thinking is enabled.")


def _thinking(thinking: JSON, model: ModelRules) -> str:
    """Return the type of thinking that is asked for, "" for none. Raises ApiError for one that the model refuses."""
    if thinking is None:
        return ""
    kind = thinking.get("type") if isinstance(thinking, dict) else None
    if kind in model.thinking:
        return str(kind)
    match kind:
        case "adaptive":
            raise invalid("adaptive thinking is not supported on this model")
        case "disabled" if "between_tools" in model.thinking:
            raise invalid(
                'To turn thinking off on this model, send "thinking": {"type": "between_tools"} instead of '
                '{"type": "disabled"}.'
            )
        case "disabled":
            instead = _ADAPTIVE if model.line == "opus" else _ADAPTIVE_BY_DEFAULT
            raise invalid(f'"thinking.type.disabled" is not supported for this model. {instead}')
        case "enabled":
            raise invalid(f'"thinking.type.enabled" is not supported for this model. {_ADAPTIVE}')
        case "between_tools":
            raise invalid('"thinking.type.between_tools" is not supported for this model.')
    raise invalid("thinking: Input should have a type: 'adaptive', 'between_tools', 'disabled' or 'enabled'")


def _check_effort(effort: JSON, model: ModelRules, thinking: str) -> None:
    if effort is None:
        return
    if effort not in EFFORTS:
        raise invalid("output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'")
    if not model.efforts:
        raise invalid("This model does not support the effort parameter.")
    if effort not in model.efforts:
        levels = ", ".join(sorted(model.efforts))
        raise invalid(f"This model does not support effort level '{effort}'. Supported levels: {levels}.")
    if thinking in ("disabled", "between_tools") and effort not in model.quiet_efforts:
        raise invalid(
            f"output_config.effort '{effort}' is not supported when thinking is disabled on this model. "
            "Use effort 'high' or below, or enable thinking."
        )
