"""What may be quoted of a document: what stands in its text, or anything where more is in it than its text tells."""

from __future__ import annotations

from slotfill.schemas.passages.passages import stands_in

__all__ = ["IncompleteText", "is_quotable"]


class IncompleteText(str):
    """The text of a document that holds more than this: a scanned page, say. What is quoted may stand there."""

    __slots__ = ()


def is_quotable(quote: str, document: str) -> bool:
    """Whether a quote may stand in a document."""
    return isinstance(document, IncompleteText) or stands_in(quote, document)
