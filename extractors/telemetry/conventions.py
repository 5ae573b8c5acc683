"""The names of spans, attributes and metrics. Those of the GenAI conventions, which still change, stand nowhere else.

https://opentelemetry.io/docs/specs/semconv/gen-ai/

Our own spans hold no `gen_ai.usage.*`: the SDK's span of the same call does, and whoever adds them up over all spans
would count each token twice.
"""

from __future__ import annotations

__all__ = [
    "ATTEMPTS",
    "ATTEMPT_SPAN",
    "BATCH",
    "CHUNKS",
    "COST",
    "DOCUMENTS",
    "EDITS",
    "ERROR_TYPE",
    "EXTRACTED",
    "EXTRACT_SPAN",
    "FINISH_REASONS",
    "MODE",
    "OTHER",
    "OUTCOME",
    "REQUEST_MODEL",
    "RUNG",
    "RUN_SPAN",
    "SCHEMA",
    "SCOPE",
    "TOKENS",
    "TOKEN_KINDS",
    "known_reason",
]

SCOPE = "slotfill"
"""Whose spans and metrics they are."""

RUN_SPAN, EXTRACT_SPAN, ATTEMPT_SPAN = "slotfill.run", "slotfill.extract", "slotfill.attempt"
"""A run of the command line; one document; one request of it, with the SDK's span beneath."""

SCHEMA, OUTCOME, COST = "slotfill.schema", "slotfill.outcome", "slotfill.cost_usd"
DOCUMENTS, EXTRACTED = "slotfill.documents", "slotfill.extracted"
ATTEMPTS, EDITS, CHUNKS = "slotfill.attempts", "slotfill.edits", "slotfill.chunks"
RUNG, MODE, BATCH = "slotfill.rung", "slotfill.mode", "slotfill.batch"

REQUEST_MODEL = "gen_ai.request.model"
FINISH_REASONS = "gen_ai.response.finish_reasons"

ERROR_TYPE = "error.type"
"""The kind of a failure; its message is never told, as it may quote a document."""

TOKEN_KINDS = {
    "input_tokens": "input",
    "output_tokens": "output",
    "cache_read_tokens": "cache_read",
    "cache_write_tokens": "cache_write",  # `cache_creation`, before the conventions renamed it
}
"""What the service bills, by the fields of `Usage`, and how each is called in attributes and labels."""

TOKENS = {field: f"slotfill.tokens.{kind}" for field, kind in TOKEN_KINDS.items()}

OTHER = "other"
"""Stands for a word that is none of those that are known."""

_REASONS = frozenset(
    {
        "broken_stream",
        "end_turn",
        "max_tokens",
        "model_context_window_exceeded",
        "pause_turn",
        "refusal",
        "stop_sequence",
        "tool_use",
    }
)


def known_reason(reason: str) -> str:
    """Return why a reply ended. A word that nobody knows may be anything that somebody wrote there: it is not told."""
    return reason if reason in _REASONS else OTHER
