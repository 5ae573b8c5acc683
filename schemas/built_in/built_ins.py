"""The table of built-in schemas: what there is, without loading any of it."""

from __future__ import annotations

__all__ = ["built_in_class", "built_ins"]


def built_ins() -> dict[str, str]:
    """List the built-in schemas.

    Returns:
        In order, by name, one sentence on what the schema extracts.
    """
    return {
        "answer": "Answer a question, and quote what the answer rests on, or say that the document does not tell.",
        "entities": "List the named entities, dates and sums of money of a text, in order of appearance.",
        "feedback": "Turn customer feedback into its sentiment, its issues, its urgency and the next step.",
        "sentiment": "Judge the overall sentiment of a text, and quote the phrases that carry it.",
        "summary": "Summarise a document faithfully, in a few sentences, and list its key points.",
    }


def built_in_class(name: str) -> str:
    """Return what the model of a built-in schema is called in `slotfill.schemas`."""
    return "QuotedAnswer" if name == "answer" else name.capitalize()
