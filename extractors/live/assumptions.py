"""What slotfill assumes of the Messages API, each with the requests that try it and what decides it.

Each sentence is built on somewhere in slotfill, or told by its simulated service. `slotfill doctor --live` tries them.
"""

from __future__ import annotations

from slotfill.extractors.live.assumption import Assumption, probes_of
from slotfill.extractors.live.probes import RequestWriter
from slotfill.extractors.live.reply_assumptions import of_replies, of_streams, of_the_cache
from slotfill.extractors.live.reply_criteria import is_within_worst
from slotfill.extractors.live.request_assumptions import (
    of_models,
    of_refusals,
    of_structured_output,
    of_thinking,
    of_tools,
)
from slotfill.extractors.settings import Settings

__all__ = ["assumptions_for"]


def assumptions_for(model: str, settings: Settings, nonce: str) -> tuple[Assumption, ...]:
    """Return what is assumed of the service for a model, those first that others rest on.

    settings: what they say of thinking and of a reply's length does not count.
    nonce: a text that no run before had: what is written to the prompt cache begins with it.
    """
    writer = RequestWriter(model, settings.model_copy(update=dict.fromkeys(("thinking", "effort", "max_tokens"))))
    tried = (
        *of_models(writer),
        *of_thinking(writer),
        *of_structured_output(writer),
        *of_tools(writer),
        *of_refusals(writer),
        *of_replies(writer),
        *of_streams(writer),
        *of_the_cache(writer, nonce),
    )
    price = Assumption(
        "cost",
        "No reply costs more than is reserved for it before it is asked for.",
        tuple(probe for probe in probes_of(tried) if probe.call == "create"),
        is_within_worst(model, settings.cache_ttl),
    )
    return (*tried, price)
