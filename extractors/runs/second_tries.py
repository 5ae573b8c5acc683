"""Second tries: the documents that failed on the way, to be asked once more before the run ends."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.spool import Spool
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.record.usage import Usage

__all__ = ["FirstTry", "SecondTries"]


@dataclass(frozen=True, slots=True)
class FirstTry:
    """A document that failed on the way, and what was paid for it; the amounts are in USD, None where unknown."""

    document: Document
    usage: Usage
    cost_usd: Decimal | None
    saved_usd: Decimal | None
    surcharge_usd: Decimal | None


class SecondTries(Spool[FirstTry]):
    """Holds documents, in the order in which they failed, and yields each once."""

    def put_aside(self, extraction: Extraction[Any]) -> None:
        """Take a document that failed on the way, before the first is yielded."""
        amounts = (extraction.cost_usd, extraction.saved_usd, extraction.surcharge_usd)
        # With its pages and places: it is another one to the ledger without them.
        self.add(FirstTry(extraction.document, extraction.usage, *amounts))
