"""A run over gold: its texts as the input of a run, which like any other asks nothing twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.sources import Sources
from slotfill.extractors.gold.gold_document import GoldDocument

__all__ = ["GoldTexts", "gold_texts"]


@dataclass(frozen=True)
class GoldTexts(Sources):
    """The texts of gold documents, as what a run reads. Iterating gives one document at a time."""

    documents: tuple[Document, ...] = ()

    @cached_property
    def count(self) -> int | None:
        """The number of documents."""
        return len(self.documents)

    def __iter__(self) -> Iterator[Document]:
        return iter(self.documents)


def gold_texts(documents: Sequence[GoldDocument]) -> GoldTexts:
    """Make the input of a run of gold documents whose texts are known; those without a text are left out."""
    known = (Document.of(one.text, one.source) for one in documents if one.text is not None)
    return GoldTexts((), several=True, documents=tuple(known))
