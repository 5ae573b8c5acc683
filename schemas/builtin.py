"""The table of built-in schemas: what there is, without loading any of it."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["BuiltIn", "built_ins"]


class BuiltIn(NamedTuple):
    """A built-in schema: where its model is, as `module:Model`, and one sentence on what it extracts."""

    target: str
    summary: str


def built_ins() -> dict[str, BuiltIn]:
    """Give the built-in schemas by name, sorted."""
    return {
        "entities": BuiltIn(
            "slotfill.schemas.entities:Entities",
            "List the named entities, dates and sums of money that a text mentions, in order of appearance.",
        ),
        "feedback": BuiltIn(
            "slotfill.schemas.feedback:Feedback",
            "Turn customer feedback into its sentiment, its issues, its urgency and the next step.",
        ),
        "sentiment": BuiltIn(
            "slotfill.schemas.sentiment:Sentiment",
            "Judge the overall sentiment of a text, and quote the phrases that carry it.",
        ),
        "summary": BuiltIn(
            "slotfill.schemas.summary:Summary",
            "Summarise a document faithfully, in a few sentences, and list its key points.",
        ),
    }
