"""Thinking: which forms of it each model takes, and what of it is asked for.

The current models think before they answer unless they are told otherwise. What they think is billed as output and
counted in `max_tokens`: an extraction pays for it, and rarely gains by it, so that it is off where a model allows that.
Else it is given room beside the reply.

https://platform.claude.com/docs/en/build-with-claude/thinking, …/effort
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from slotfill.extractors.catalogue.families import Effort, Family
from slotfill.extractors.catalogue.model_ids import is_local
from slotfill.extractors.catalogue.transport_facts import family_for
from slotfill.extractors.errors import SettingsError
from slotfill.schemas.json_values.json_types import JSONMapping

__all__ = ["LEAST_BUDGET", "WITHOUT_THINKING", "Thinking", "ThinkingMode", "thinking_for"]

ThinkingMode = Literal["off", "auto"]
"""Not at all, or as much as the model finds right; a number in its place is a budget of tokens."""

LEAST_BUDGET = 1_024
"""Tokens: the service takes no smaller budget."""

_LEAST_REPLY = 1_024
"""Tokens of `max_tokens` that a budget must leave for the reply."""

_ROOM: Mapping[Effort, int] = {"low": 4_096, "medium": 8_192, "high": 16_000, "xhigh": 16_000, "max": 16_000}
"""Tokens that thinking may take by itself: several times what is told of it, within what one request may ask for.

Recorded were 15 to 77 tokens, at the effort `high`; nobody tells how much it may become. Unused room costs nothing.
"""


_ENDED_BY_MORE: tuple[Effort, ...] = ("xhigh", "max")
"""The efforts at which thinking cannot be off."""


@dataclass(frozen=True, slots=True)
class Thinking:
    """How a model is asked to think.

    form: a request's `thinking`, None for none. effort: the `effort` of its `output_config`, None for none.
    room: tokens of its `max_tokens` that are for thinking, beside the reply; 0 where the model does not think.
    """

    form: JSONMapping | None = None
    effort: Effort | None = None
    room: int = 0

    @property
    def budget(self) -> int:
        """The tokens that were asked for by number, which `max_tokens` must be above; 0 where none were."""
        return int((self.form or {}).get("budget_tokens", 0))


WITHOUT_THINKING = Thinking()


def thinking_for(
    model_id: str, wish: ThinkingMode | int | None = None, effort: Effort | None = None, *, max_tokens: int
) -> Thinking:
    """Say how a model is to be asked to think.

    wish: None for `off` where that can be had, else `auto`. A model that never thinks takes all but a budget for no
        more than a wish; the embedded one takes all of it so.
    max_tokens: the most that one of its replies may have.

    Raises SettingsError for what the model does not take.
    """
    if is_local(model_id):
        return WITHOUT_THINKING
    model = family_for(model_id)
    if effort and effort not in model.efforts:
        takes = f"it takes {', '.join(model.efforts)}" if model.efforts else "leave it out"
        raise SettingsError(f"{model_id} takes no effort {effort!r}: {takes}")
    level = effort or model.effort
    if isinstance(wish, int):
        return _budgeted(model_id, model, wish, effort, max_tokens)
    can_be_off = not model.thinks or (model.thinking_off is not None and level not in _ENDED_BY_MORE)
    if wish == "off" or (wish is None and can_be_off):
        return Thinking(_off(model_id, model, level), effort)
    if not model.adaptive and model.budget:
        raise SettingsError(f"{model_id} thinks by a budget alone: --thinking N, with N tokens")
    if not model.adaptive:
        return Thinking(effort=effort)
    return Thinking({"type": "adaptive"} if wish else None, effort, _ROOM[level])


def _off(model_id: str, model: Family, level: Effort) -> JSONMapping | None:
    if not model.thinks:
        return None
    if model.thinking_off is None:
        raise SettingsError(f"nothing is known to end the thinking of {model_id}: with --effort low it thinks least")
    if level in _ENDED_BY_MORE:
        raise SettingsError(f"{model_id} thinks at the effort {level!r}: --thinking off goes with high at most")
    return {"type": model.thinking_off}


def _budgeted(model_id: str, model: Family, budget: int, effort: Effort | None, max_tokens: int) -> Thinking:
    if model.adaptive:
        raise SettingsError(f"{model_id} takes no budget for its thinking: --thinking auto, and --effort for how much")
    if not model.budget:
        return Thinking(effort=effort)
    if budget > max_tokens - _LEAST_REPLY:
        most = max_tokens - _LEAST_REPLY
        way_out = f"{most} at most" if most >= LEAST_BUDGET else f"allow --max-tokens {budget + _LEAST_REPLY}"
        raise SettingsError(f"--thinking {budget} leaves too little of a reply's {max_tokens} tokens: {way_out}")
    return Thinking({"type": "enabled", "budget_tokens": budget}, effort, budget)
