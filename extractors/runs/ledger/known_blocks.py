"""The blocks of rows that a ledger knows: which documents of the input each of them gives, and how these have ended."""

from __future__ import annotations

import sqlite3
from collections import Counter

from slotfill.extractors.documents.blocks.row_block import RowBlock
from slotfill.extractors.record.parts import Outcome
from slotfill.extractors.runs.ledger import queries
from slotfill.extractors.runs.ledger.database import Database

__all__ = ["KnownBlocks", "drop_blocks"]


class KnownBlocks:
    """The blocks of a ledger's `inputs`, none of which overlap.

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
            drop_blocks(database, position, position + block.documents)
            database.execute(queries.ADD_BLOCK, (position, block.digest, block.documents))


def drop_blocks(database: sqlite3.Connection, first: int, end: int) -> None:
    """Drop, within a transaction, what is known of the blocks that have documents between two positions."""
    database.execute(queries.DROP_BLOCKS, (first, end))
