"""The service's models, and what each of them takes: a table of its own beside the catalogue's.

What the product believes of a model stands in `slotfill.extractors.catalogue`. It is told here anew, from the service's
documentation as it was in November 2026, so that a mistake of either is found by a test.

https://platform.claude.com/docs/en/about-claude/models/overview, …/about-claude/model-deprecations,
…/build-with-claude/thinking-troubleshooting, …/effort, …/prompt-caching, …/mid-conversation-system-messages
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

__all__ = ["EFFORTS", "MODELS", "ModelRules", "rules_of"]

EFFORTS = ("low", "medium", "high", "xhigh", "max")
"""From the least to the most: what is beyond `high` needs thinking on the newest models."""

_READ = "2026-12"
"""When the documentation, or the SDK's own lists of models, were read."""

_QUIET_EFFORTS = EFFORTS[:3]
_OPUS_5 = "2026-07-24"
"""Its day: from then on a model that does not think takes no effort beyond `high`."""

# Which types of `thinking` are taken by models that never think, within a budget, …
_NEVER = ("disabled",)
_BUDGET = ("enabled", "disabled")
_EITHER = ("adaptive", "enabled", "disabled")
_ADAPTIVE = ("adaptive", "disabled")
_BETWEEN_TOOLS = ("adaptive", "between_tools")
_ALWAYS = ("adaptive",)


@dataclass(frozen=True, slots=True)
class ModelRules:
    """What one model takes.

    id: as replies name it. alias: what else a request may call it.
    generation: (4, 5) of Claude 4.5. released, retires: days; "" where none is set.
    output: the most tokens of a reply. cacheable: the fewest tokens of a prefix that is kept.
    thinking: the types of `thinking` that it takes.
    """

    id: str
    generation: tuple[int, int]
    released: str
    output: int
    cacheable: int
    thinking: tuple[str, ...]
    alias: str
    retires: str

    @property
    def line(self) -> str:
        """Its line, such as `opus`."""
        return next((word for word in self.id.split("-") if word.isalpha() and word != "claude"), "")

    @property
    def lifecycle(self) -> str:
        """How far the service is from offering it no more."""
        if not self.retires:
            return "active"
        return "retired" if self.retires < _READ else "deprecated"

    @property
    def context(self) -> int:
        """Tokens of prompt and reply."""
        return 1_000_000 if self.generation >= (4, 6) else 200_000

    @property
    def efforts(self) -> tuple[str, ...]:
        """The levels of `output_config.effort` that it takes."""
        if self.generation >= (4, 7):
            return EFFORTS
        if self.generation == (4, 6):
            return (*_QUIET_EFFORTS, "max")
        return _QUIET_EFFORTS if (self.line, self.generation) == ("opus", (4, 5)) else ()

    @property
    def quiet_efforts(self) -> tuple[str, ...]:
        """Those that it takes while it is told not to think."""
        return self.efforts if self.released < _OPUS_5 else _QUIET_EFFORTS

    @property
    def sampling(self) -> bool:
        """Whether it takes a temperature, `top_p` and `top_k`."""
        return self.generation < (4, 7)

    @property
    def structured(self) -> bool:
        """Whether it takes a schema for its whole answer."""
        return self.generation >= (4, 1)

    @property
    def prefill(self) -> bool:
        """Whether it goes on with an answer that the request begins."""
        return self.generation < (4, 6)

    @property
    def system_turns(self) -> bool:
        """Whether it takes system messages among the others; of Sonnet 5 the sources disagree."""
        return self.generation >= (4, 8) and self.id != "claude-sonnet-5"

    @property
    def thinks(self) -> bool:
        """Whether it thinks unless it is told not to."""
        return self.generation >= (5, 0)

    @property
    def forced_tool(self) -> bool:
        """Whether it can be forced to call a tool: where thinking can be turned off."""
        return "disabled" in self.thinking

    @property
    def counts_thinking(self) -> bool:
        """Whether usage tells how much of the output was thinking."""
        return self.generation >= (4, 7)

    @property
    def geo(self) -> str:
        """Where it answers, as usage tells it where nothing is asked for."""
        return "global" if self.generation >= (4, 6) else "not_available"


_ROWS: tuple[tuple[str, tuple[int, int], str, int, int, tuple[str, ...], str, str], ...] = (
    ("claude-fable-5-2", (5, 2), "2026-11-09", 128_000, 512, _ALWAYS, "", ""),
    ("claude-mythos-5-2", (5, 2), "2026-11-09", 128_000, 512, _ALWAYS, "", ""),
    ("claude-haiku-5-5", (5, 5), "2026-10-07", 128_000, 512, _ADAPTIVE, "", ""),
    ("claude-sonnet-5-5", (5, 5), "2026-09-28", 128_000, 512, _BETWEEN_TOOLS, "", ""),
    ("claude-opus-5-5", (5, 5), "2026-09-22", 128_000, 512, _ALWAYS, "", ""),
    ("claude-fable-5-1", (5, 1), "2026-09-01", 128_000, 512, _ALWAYS, "", ""),
    ("claude-mythos-5-1", (5, 1), "2026-09-01", 128_000, 512, _ALWAYS, "", ""),
    ("claude-opus-5", (5, 0), _OPUS_5, 128_000, 512, _ADAPTIVE, "", ""),
    ("claude-sonnet-5", (5, 0), "2026-06-30", 128_000, 1_024, _ADAPTIVE, "", ""),
    ("claude-fable-5", (5, 0), "2026-06-09", 128_000, 512, _ALWAYS, "", ""),
    ("claude-mythos-5", (5, 0), "2026-06-09", 128_000, 512, _ALWAYS, "", ""),
    ("claude-opus-4-8", (4, 8), "2026-05-28", 128_000, 1_024, _ADAPTIVE, "", ""),
    ("claude-opus-4-7", (4, 7), "2026-04-16", 128_000, 2_048, _ADAPTIVE, "", ""),
    ("claude-sonnet-4-6", (4, 6), "2026-02-17", 128_000, 1_024, _EITHER, "", ""),
    ("claude-opus-4-6", (4, 6), "2026-02-05", 128_000, 4_096, _EITHER, "", ""),
    ("claude-opus-4-5-20251101", (4, 5), "2025-11-24", 64_000, 4_096, _BUDGET, "claude-opus-4-5", "2027-01-22"),
    ("claude-haiku-4-5-20251001", (4, 5), "2025-10-15", 64_000, 4_096, _BUDGET, "claude-haiku-4-5", ""),
    ("claude-sonnet-4-5-20250929", (4, 5), "2025-09-29", 64_000, 1_024, _BUDGET, "claude-sonnet-4-5", "2026-11-30"),
    ("claude-opus-4-1-20250805", (4, 1), "2025-08-05", 32_000, 1_024, _BUDGET, "claude-opus-4-1", "2026-08-05"),
    ("claude-opus-4-20250514", (4, 0), "2025-05-22", 32_000, 1_024, _BUDGET, "claude-opus-4-0", "2026-06-15"),
    ("claude-sonnet-4-20250514", (4, 0), "2025-05-22", 64_000, 1_024, _BUDGET, "claude-sonnet-4-0", "2026-06-15"),
    ("claude-3-7-sonnet-20250219", (3, 7), "2025-02-24", 64_000, 1_024, _BUDGET, "", "2026-02-19"),
    ("claude-3-5-sonnet-20241022", (3, 5), "2024-10-22", 8_192, 1_024, _NEVER, "", "2025-10-28"),
    ("claude-3-5-haiku-20241022", (3, 5), "2024-10-22", 8_192, 2_048, _NEVER, "", "2026-02-19"),
    ("claude-3-haiku-20240307", (3, 0), "2024-03-07", 4_096, 2_048, _NEVER, "", "2026-04-20"),
    ("claude-3-opus-20240229", (3, 0), "2024-02-29", 4_096, 1_024, _NEVER, "", "2026-01-05"),
)

MODELS = tuple(ModelRules(*row) for row in _ROWS)
"""The newest first. Those that the service has retired are here for the gateways that serve them still."""

_BY_NAME: Mapping[str, ModelRules] = {name: model for model in MODELS for name in (model.id, model.alias) if name}
_OTHER = _BY_NAME["claude-haiku-5-5"]


def rules_of(name: str, also: Collection[str] = ()) -> ModelRules | None:
    """Find a model by its name in a request; None where there is none of that name.

    also: further names: what is called so takes what the smallest of the current models takes.
    """
    return _BY_NAME.get(name) or (replace(_OTHER, id=name) if name in also else None)
