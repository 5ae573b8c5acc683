"""Second tries: the documents that failed on the way, to be asked once more before the run ends."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Any, Self

from slotfill.extractors.documents.document import Document
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.record.usage import Usage

__all__ = ["FirstTry", "SecondTries"]

IN_MEMORY = 1_000_000
"""So many bytes are held in memory; more go to a file."""


@dataclass(frozen=True, slots=True)
class FirstTry:
    """A document that failed on the way, and what was paid for it; the amounts are in USD, None where unknown."""

    document: Document
    usage: Usage
    cost_usd: Decimal | None
    saved_usd: Decimal | None
    surcharge_usd: Decimal | None


class SecondTries:
    """Holds documents, in the order in which they failed, and yields each once.

    The ledger keeps no texts, and the input may be a pipe: so they are in memory while they are few, else in a file
    that has no name and ends with the process, whatever ends that.
    """

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - it is closed on leaving
        self._left, self._reading = 0, False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._file.close()

    def __len__(self) -> int:
        return self._left

    def add(self, extraction: Extraction[Any]) -> None:
        """Take a document that failed on the way, before the first is yielded."""
        amounts = (extraction.cost_usd, extraction.saved_usd, extraction.surcharge_usd)
        # With its pages and places: it is another one to the ledger without them.
        pickle.dump(FirstTry(extraction.document, extraction.usage, *amounts), self._file)
        self._left += 1

    def __iter__(self) -> Iterator[FirstTry]:
        if not self._reading:
            self._file.seek(0)
            self._reading = True
        while self._left:
            self._left -= 1
            first: FirstTry = pickle.load(self._file)  # noqa: S301 - nobody else can write into it
            yield first
