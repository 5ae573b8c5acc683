"""A gold document: a text, or where it is, and the value that is known to be right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from slotfill.extractors.documents.document import Document
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["GoldDocument"]


@dataclass(frozen=True, slots=True)
class GoldDocument:
    """One document, and what a person says is in it.

    Attributes:
        id: SHA-256 of the text in UTF-8, hex, as `Document.id`; None where neither text nor id is known.
        text: The text; None where only its source, or its id, is known.
        source: Where it was read; None for a text from elsewhere.
        value: The right value, as plain JSON.
        spans: By JSON Pointer into the value, the code points of the text in which that part stands: start and end.
        labels: What else is known of it, such as its language, to tell results apart by.
    """

    id: str | None
    text: str | None
    source: str | None
    value: JSON
    spans: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        value: JSON,
        *,
        text: str | None = None,
        source: str | None = None,
        document_id: str | None = None,
        spans: Mapping[str, tuple[int, int]] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> GoldDocument:
        """Make a gold document of what is known of it.

        Args:
            value: The right value, as plain JSON.
            text: The text, from which the id is made.
            source: Where the text can be read, or what records name it by.
            document_id: The text's hash, where that is known.
            spans: By JSON Pointer into the value, where it stands in the text.
            labels: What to tell results apart by.

        Raises:
            ValueError: There is nothing to know the document by, the id is another text's, or a span lies outside the
                text.
        """
        if text is None and source is None and document_id is None:
            raise ValueError("it has neither 'text' nor 'source': records are matched with it by one of them")
        known = document_id if text is None else Document.of(text).id
        if document_id not in (None, known):
            raise ValueError("its 'id' is not the SHA-256 of its 'text': leave it out, and it is made of the text")
        for pointer, (start, end) in (spans or {}).items():
            if not 0 <= start < end or (text is not None and end > len(text)):
                raise ValueError(f"the span of {pointer!r}, {start} to {end}, lies outside the text")
        return cls(known, text, source, value, spans or {}, labels or {})

    @property
    def name(self) -> str:
        """What messages call it: its source, or the beginning of its id."""
        return self.source or f"document {(self.id or '')[:12]}"
