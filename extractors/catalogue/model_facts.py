"""What is known of a model: its context, the length of its replies, how it may be asked."""

from __future__ import annotations

from dataclasses import dataclass

from slotfill.extractors.catalogue.model_ids import is_local
from slotfill.extractors.catalogue.prices import price_entry
from slotfill.extractors.catalogue.transport_facts import family_for, transport_facts

__all__ = ["Model", "known_models", "look_up"]

NON_STREAMING_TOKENS = 21_333
"""The most output that the SDK asks for without streaming: 10 minutes at 128,000 tokens an hour."""

LOCAL_TOKENS = 1_024
"""The most that the embedded model writes in one reply: far beyond its use, well within its context."""


@dataclass(frozen=True, slots=True)
class Model:
    """What a model can do.

    context: tokens of prompt and reply together, None when unknown.
    max_output: tokens that one reply may hold, as far as a non-streaming request allows.
    structured, forced_tool, least_cached: as in `Family`.
    """

    id: str
    context: int | None
    max_output: int
    structured: bool
    forced_tool: bool
    least_cached: int


def look_up(model_id: str) -> Model:
    """Describe a model. An id that is not in the snapshot of prices has a context that is unknown."""
    if is_local(model_id):
        return Model(model_id, None, LOCAL_TOKENS, structured=True, forced_tool=True, least_cached=0)
    entry, family = price_entry(model_id), family_for(model_id)
    facts = transport_facts(model_id)
    return Model(
        model_id,
        (facts and facts.context) or (entry.context_window if entry else None),
        (facts and facts.max_output) or family.max_output or NON_STREAMING_TOKENS,
        structured=family.structured,
        forced_tool=family.forced_tool,
        least_cached=family.least_cached,
    )


def known_models() -> tuple[str, ...]:
    """Return the ids of the Claude models that have a price, newest names as the snapshot sorts them."""
    from genai_prices.data_snapshot import get_snapshot

    provider = next(provider for provider in get_snapshot().providers if provider.id == "anthropic")
    return tuple(model.id for model in provider.models if not model.deprecated)
