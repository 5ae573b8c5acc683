"""Families of models: what each takes of the Messages API, and what it does unless it is told otherwise.

One row says all of one family. Its sources are the service's documentation, below
https://platform.claude.com/docs/en/, and where that is silent, errors and recordings that are public:

- about-claude/models/overview: output limits, and `output_config.format` (gateways still serve retired models)
- agents-and-tools/tool-use/define-tools, browserbase/stagehand issue 2221: `forced_tool`
- build-with-claude/prompt-caching: `least_cached`
- build-with-claude/thinking, build-with-claude/effort, docs/thinking.md of this project: thinking
- about-claude/models/migration-guide: `sampling`, `prefill`
- build-with-claude/mid-conversation-system-messages: `system_turns`; of Sonnet 5 the sources disagree
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

__all__ = ["OTHER_FAMILY", "Effort", "Family", "family_of"]

Effort = Literal["low", "medium", "high", "xhigh", "max"]
"""How much a model does for a reply, its thinking included, the least first."""

_EVERY_EFFORT: tuple[Effort, ...] = ("low", "medium", "high", "xhigh", "max")


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What the models of one family take.

    max_output: tokens that a reply may hold; None for more than a request without streaming may ask for.
    structured: whether they take `output_config.format`.
    forced_tool: whether they can be forced to call a tool; else they are asked to.
    least_cached: the fewest tokens of a prompt that the service's cache keeps.
    thinks: whether they think unless told otherwise.
    thinking_off: the `thinking.type` that ends this, up to the effort `high`; None where nothing does.
    adaptive, budget: whether they may be asked to think as they find right, and for so many tokens.
    efforts: the levels that they take. effort: that which counts where none is asked for.
    sampling: whether they take temperature, top_p and top_k. Those that do not tell how much they thought.
    prefill: whether a reply may be begun for them.
    system_turns: whether they take system messages among the others.
    """

    max_output: int | None = None
    structured: bool = True
    forced_tool: bool = True
    least_cached: int = 1_024
    thinks: bool = False
    thinking_off: str | None = None
    adaptive: bool = False
    budget: bool = False
    efforts: tuple[Effort, ...] = ()
    effort: Effort = "high"
    sampling: bool = True
    prefill: bool = True
    system_turns: bool = False


_UNKNOWN = Family(thinks=True, adaptive=True, efforts=_EVERY_EFFORT)
"""A model that is in no family is new: it thinks, and nobody can say that this ends."""

OTHER_FAMILY = Family(efforts=_EVERY_EFFORT)
"""What a model takes that is no Claude: how much it thinks is its own affair, unless an effort is asked for."""

_5 = replace(_UNKNOWN, least_cached=512, sampling=False, prefill=False, system_turns=True)
_4_7 = Family(adaptive=True, efforts=_EVERY_EFFORT, sampling=False, prefill=False)
_4_6 = Family(adaptive=True, efforts=("low", "medium", "high", "max"), prefill=False)  # of a budget the SDK warns
_4 = Family(budget=True)
_3 = Family(structured=False, max_output=4_096)

_FAMILIES: tuple[tuple[str, Family], ...] = (
    (r"haiku-5-5", replace(_5, thinking_off="disabled", effort="medium")),
    (r"sonnet-5-5", replace(_5, thinking_off="between_tools", forced_tool=False)),
    (r"opus-5-5", replace(_5, effort="medium", forced_tool=False)),
    (r"(?:fable|mythos)-5", replace(_5, forced_tool=False)),
    (r"opus-5", replace(_5, thinking_off="disabled")),
    (r"sonnet-5", replace(_5, thinking_off="disabled", least_cached=1_024, system_turns=False)),
    (r"opus-4-8", replace(_4_7, system_turns=True)),
    (r"opus-4-7", replace(_4_7, least_cached=2_048)),
    (r"opus-4-6", replace(_4_6, least_cached=4_096)),
    (r"sonnet-4-6", _4_6),
    (r"opus-4-5", replace(_4, least_cached=4_096, efforts=("low", "medium", "high"))),
    (r"haiku-4-5", replace(_4, least_cached=4_096)),
    (r"opus-4-1", replace(_4, max_output=8_192)),
    (r"opus-4(?:-0|[-@]2025|$)", replace(_4, max_output=8_192, structured=False)),
    (r"sonnet-4(?:-0|[-@]2025|$)", replace(_4, structured=False)),
    (r"(?:opus|sonnet|haiku)-4", _4),
    (r"claude-3-7", replace(_4, structured=False)),
    (r"claude-3-5-haiku", replace(_3, max_output=8_192, least_cached=2_048)),
    (r"claude-3-5", replace(_3, max_output=8_192)),
    (r"claude-3-haiku", replace(_3, least_cached=2_048)),
    (r"claude-(?:v?[12]\b|instant|3)", _3),
)
"""By what a model's name holds: the first row that fits."""


@lru_cache(maxsize=64)
def family_of(model_id: str) -> Family:
    """Return what a model takes. Some gateways write `anthropic/claude-opus-5.5` for `claude-opus-5-5`."""
    name = model_id.replace(".", "-")
    return next((family for pattern, family in _FAMILIES if re.search(pattern, name)), _UNKNOWN)
