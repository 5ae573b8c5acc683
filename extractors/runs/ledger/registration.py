"""Documents of the input, batch by batch: which of them are to be asked about, and how the others have ended."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from slotfill.extractors.documents.document import Document
from slotfill.extractors.record.parts import Outcome
from slotfill.extractors.runs.ledger import queries
from slotfill.extractors.runs.ledger.identity import document_key
from slotfill.schemas.json_values.exact_json import dumps

__all__ = ["Batch", "OutcomeCount", "Registration"]

_NUL = r"\u0000"
"""How JSON writes the character at which SQLite takes a text in JSON for ended."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What is known of documents that were read.

    pending: those to be asked about, one a text. outcomes: of the others that have ended. resumed: how many of those
    ended when the run was started before. repeats: by key, how many more have the text of one that is pending.
    """

    pending: tuple[Document, ...]
    outcomes: Counter[Outcome]
    resumed: int
    repeats: Counter[bytes]


class OutcomeCount(NamedTuple):
    """How many documents of a batch ended with one outcome. earlier: whether that was in an earlier start."""

    outcome: str
    earlier: bool
    documents: int


class Batch:
    """Documents that stand one after the other in the input, the first one at the position `first`."""

    def __init__(self, first: int, documents: Sequence[Document]) -> None:
        self.first, self._documents = first, documents
        self._keys = [document_key(document) for document in documents]

    def __len__(self) -> int:
        return len(self._documents)

    def add_to(self, database: sqlite3.Connection, start: int | None) -> None:
        """Add them to the ledger's `inputs`, within a transaction.

        start: before it some may have ended, all of which need not be looked at again; None where that is to be seen.
        """
        sources = dumps([document.source for document in self._documents])
        if _NUL in sources or any(document.columns for document in self._documents):
            database.executemany(queries.ADD_INPUT, self._rows)
        else:
            # One statement for all takes a third of the time, and lets the thread that reads on do so meanwhile.
            database.execute(queries.ADD_INPUTS, (self.first, b"".join(self._keys), sources, start))

    @property
    def _rows(self) -> Iterator[tuple[int, bytes, str | None, str | None]]:
        """Position, key, source and columns of each, these as JSON."""
        for position, (key, document) in enumerate(zip(self._keys, self._documents, strict=True), self.first):
            yield position, key, document.source, dumps(document.columns) if document.columns else None

    def at(self, position: int) -> Document:
        """Return the document at a position of the input."""
        return self._documents[position - self.first]

    def registration(self, ended: Sequence[OutcomeCount], pending: Iterable[int]) -> Registration:
        """Sum up what the ledger says of the batch. pending: the positions of those that have not ended.

        Of documents with the same text the first one is asked about, and the others share what comes of it.
        """
        first_of_text: dict[bytes, Document] = {}
        repeats: Counter[bytes] = Counter()
        for position in pending:
            key = self._keys[position - self.first]
            if key in first_of_text:
                repeats[key] += 1
            else:
                first_of_text[key] = self.at(position)
        outcomes: Counter[Outcome] = Counter()
        for row in ended:
            outcomes[Outcome(row.outcome)] += row.documents
        resumed = sum(row.documents for row in ended if row.earlier)
        return Registration(tuple(first_of_text.values()), outcomes, resumed, repeats)
