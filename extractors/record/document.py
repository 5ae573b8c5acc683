"""A document: one text, known by its hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from slotfill.extractors.record.failure_kinds import Failure, FailureKind

__all__ = ["EMPTY", "Document"]

EMPTY = Failure(FailureKind.EMPTY_DOCUMENT, "holds no text")
"""Why a text that says nothing is not asked about."""


@dataclass(frozen=True, slots=True)
class Document:
    """One text to extract from.

    Attributes:
        text: The text itself; spans count its code points.
        id: SHA-256 of the text in UTF-8, hex; of the bytes where they are no text.
        source: Where it was read, `reviews/17.txt` or `reviews.jsonl#12`; None for a text from memory.
        failure: Why it cannot be read; its text is then "".
    """

    text: str
    id: str
    source: str | None = None
    failure: Failure | None = None

    @classmethod
    def of(cls, text: str, source: str | None = None) -> Document:
        """Make a document of a text.

        Args:
            text: Any text. One that is empty or white space alone, or that no encoding can carry (half a surrogate
                pair), makes a document that failed.
            source: What errors and records name it by.

        Returns:
            The document, its id being the text's hash.
        """
        try:
            data = text.encode()
        except UnicodeEncodeError as error:
            message = f"holds half a surrogate pair at character {error.start}: it is no valid Unicode text"
            digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
            return cls("", digest, source, Failure(FailureKind.UNDECODABLE_DOCUMENT, message))
        digest = hashlib.sha256(data).hexdigest()
        return cls(text, digest, source) if text.strip() else cls("", digest, source, EMPTY)
