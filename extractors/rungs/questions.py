"""A question: what is asked of one text. A document, or a chunk of it; for a whole value, or for some of its fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from slotfill.extractors.documents.document import Document
from slotfill.extractors.rungs.asks import Policy
from slotfill.extractors.rungs.prompt import Prompt
from slotfill.schemas.schema import Schema
from slotfill.schemas.wire.losses import Mode
from slotfill.schemas.wire.wire import Wire

__all__ = ["Question"]

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Question(Generic[M]):
    """What is asked of one text.

    Attributes:
        document: The text. Validators find it in their context.
        schema: Of what is asked for.
        prompt: How it is asked for.
        wire: What the answer is written by; None for the schema's own.
        start: Where the text stands in the whole document, in code points.
        chunked: Whether the text is less than the document, so that it may lack what the document holds.
        fields: The properties that are asked for; None for all.
        reading: Which reading of the text it is, from 1.
    """

    document: Document
    schema: Schema[M]
    prompt: Prompt
    wire: Wire | None = None
    start: int = 0
    chunked: bool = False
    fields: tuple[str, ...] | None = None
    reading: int = 1

    @property
    def position(self) -> tuple[int, float]:
        """What its text is known by among those of the document, in their order: scans have none of their own."""
        return self.start, self.document.pages[0].numbers[0] if self.document.pages else float("inf")

    def modes(self, policy: Policy) -> tuple[Mode, ...]:
        """Return the modes in which it may be asked, in the order to try."""
        return tuple(mode for mode in policy.modes if self.wire is None or mode in self.wire.modes)
