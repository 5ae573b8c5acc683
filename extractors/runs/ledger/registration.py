"""Documents of the input, by batches and blocks: which are to be asked about, and how the others have ended."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from slotfill.extractors.documents.blocks.row_block import RowBlock
from slotfill.extractors.documents.document import Document
from slotfill.extractors.record.parts import Outcome
from slotfill.extractors.runs.ledger import queries
from slotfill.extractors.runs.ledger.database import Database
from slotfill.extractors.runs.ledger.identity import document_key
from slotfill.schemas.json_values.exact_json import dumps

__all__ = ["Batch", "KnownBlocks", "OutcomeCount", "Registration", "UnknownDocument"]

_NUL = r"\u0000"
"""How JSON writes the character at which SQLite takes a text in JSON for ended."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What is known of documents that were read.

    pending: those to be asked about, one a text. positions: of these, by key. outcomes: of the others that have ended.
    resumed: how many of those ended when the run was started before. repeats: by key, how many more have the text of
    one that is pending.
    """

    pending: tuple[Document, ...]
    positions: Mapping[bytes, int]
    outcomes: Counter[Outcome]
    resumed: int
    repeats: Counter[bytes]


class OutcomeCount(NamedTuple):
    """How many documents of a batch ended with one outcome. earlier: whether that was in an earlier start."""

    outcome: str
    earlier: bool
    documents: int


class UnknownDocument(NamedTuple):
    """A document of a batch, and what a ledger says of its end, which may be anything.

    outcome: None where it has not ended. earlier: whether that was in an earlier start. to_retry: whether such a one is
    asked about again.
    """

    position: int
    key: bytes
    outcome: str | None
    failure: object
    earlier: bool
    is_sound: bool
    to_retry: bool


class Batch:
    """Documents that stand one after the other in the input, the first one at the position `first`."""

    def __init__(self, first: int, documents: Sequence[Document]) -> None:
        self.first, self._documents = first, documents
        self._keys = [document_key(document) for document in documents]
        self.end = first + len(documents)

    def __len__(self) -> int:
        return len(self._documents)

    @property
    def range(self) -> tuple[int, int]:
        """The first position, and that behind the last one."""
        return self.first, self.end

    def known(self, database: Database, start: int) -> list[OutcomeCount] | None:
        """Say how they had ended before a start, where the ledger's `inputs` says that of all of them; else None."""
        if not self._is_plain:
            return None
        counts = [
            OutcomeCount(outcome, earlier=True, documents=count)
            for outcome, count in database.rows(queries.KNOWN_COUNTS, (*self._plain, start))
        ]
        return counts if sum(count.documents for count in counts) == len(self) else None

    def add_to(self, database: sqlite3.Connection, start: int, to_retry: str) -> list[OutcomeCount]:
        """Put them into the ledger's `inputs`, within a transaction, and say how some had ended before a start.

        to_retry: holds of those that are asked about again.
        """
        _drop_blocks(database, *self.range)
        if self._is_plain:
            # One statement for all takes a third of the time, and lets the thread that reads on do so meanwhile.
            database.execute(queries.add_inputs(to_retry), (*self._plain, start))
        else:
            database.executemany(queries.ADD_INPUT, self._rows)
        counts = database.execute(queries.ADDED_COUNTS, self.range).fetchall()
        return [OutcomeCount(outcome, earlier=True, documents=count) for outcome, count in counts]

    def unknown(self, database: sqlite3.Connection, start: int, to_retry: str) -> list[UnknownDocument]:
        """Return the others, once they are added."""
        rows = database.execute(queries.unknown_documents(to_retry), (start, *self.range)).fetchall()
        return [UnknownDocument(*row) for row in rows]

    @cached_property
    def _plain(self) -> tuple[int, bytes, str]:
        """The first position, all keys, one behind the other, and the sources in JSON."""
        return self.first, b"".join(self._keys), dumps([document.source for document in self._documents])

    @cached_property
    def _is_plain(self) -> bool:
        """Whether that says all of them, so that one statement can take them."""
        return _NUL not in self._plain[-1] and not any(document.columns for document in self._documents)

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
        first_of_text: dict[bytes, int] = {}
        repeats: Counter[bytes] = Counter()
        for position in pending:
            key = self._keys[position - self.first]
            if key in first_of_text:
                repeats[key] += 1
            else:
                first_of_text[key] = position
        outcomes: Counter[Outcome] = Counter()
        for row in ended:
            outcomes[Outcome(row.outcome)] += row.documents
        resumed = sum(row.documents for row in ended if row.earlier)
        return Registration(tuple(map(self.at, first_of_text.values())), first_of_text, outcomes, resumed, repeats)


class KnownBlocks:
    """The blocks of rows in a ledger's `inputs`, none of which overlap.

    What stands in `blocks` is true as long as the documents stand there that were read of it: who writes others in
    their places drops it.

    start: the number of this start, in which a document that ends has not ended before.
    """

    def __init__(self, database: Database, start: int) -> None:
        self._database, self._start = database, start

    def outcomes(self, digest: bytes, position: int) -> Counter[Outcome] | None:
        """Count how the documents of a block had ended before this start; None where that is not known of each.

        Another thread may ask. position: of the first of them in the input.
        """
        counts = self._database.rows(queries.BLOCK_COUNTS, (position, digest, self._start))
        known = Counter({Outcome(outcome): count for _, outcome, count in counts})
        return known if counts and known.total() == counts[0][0] else None

    def add(self, block: RowBlock, position: int) -> None:
        """Note a block whose documents have been registered, from a position on."""
        if not block.documents:
            return  # another one begins there
        with self._database.transaction(lasting=False) as database:
            _drop_blocks(database, position, position + block.documents)
            database.execute(queries.ADD_BLOCK, (position, block.digest, block.documents))


def _drop_blocks(database: sqlite3.Connection, first: int, end: int) -> None:
    """Drop, within a transaction, what is known of the blocks that have documents between two positions."""
    database.execute(queries.DROP_BLOCKS, (first, end))
