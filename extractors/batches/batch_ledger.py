"""What a run's ledger knows of its batches: which were to be created, for what, and what of it has been read."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from slotfill.extractors.batches.batch_service import BatchStatus
from slotfill.extractors.batches.draft import BatchDraft
from slotfill.extractors.clients.codec import ReplyShape
from slotfill.extractors.runs.ledger.migrations import PICODOLLARS
from slotfill.extractors.runs.ledger.store import Ledger

__all__ = ["BatchLedger", "BatchRequest", "HeldRequest", "OpenBatch"]


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch whose results are not all read.

    intent: as in its custom ids. at: when it was to be created. requests: how many. batch: the service's name for it;
    None while nobody knows whether it is there.
    """

    intent: str
    wave: int
    at: float
    requests: int
    batch: str | None
    expires: float | None


class HeldRequest(NamedTuple):
    """What is held for a request whose result is not read. worst: in USD, None where it is unknown."""

    number: int
    model: str
    worst: Decimal | None


class BatchRequest(NamedTuple):
    """A request of a batch, for one document.

    reserved: the number of its try in the ledger; None where it shares the reply of another document's.
    """

    document: bytes
    model: str
    shape: ReplyShape
    reserved: int | None


class BatchLedger:
    """The batches of one run, in its ledger. An intent is committed before the service is asked to create a batch.

    Raises LedgerError where the ledger cannot be used, in every method.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._database, self._account = ledger.database, ledger.account
        self._start, self._first_start = ledger.start, ledger.first_start

    @property
    def wave(self) -> int:
        """The number of the last wave that was sent, 0 before the first."""
        (wave,) = self._database.row("SELECT ifnull(max(wave), 0) FROM batches WHERE start >= ?", (self._first_start,))
        return int(wave)

    @property
    def open(self) -> list[OpenBatch]:
        """The batches whose results are not all read, in the order in which they were to be created."""
        rows = self._database.rows(
            "SELECT intent, wave, at, requests, batch, expires FROM batches "
            "WHERE start >= ? AND state IN ('intended', 'created') ORDER BY at",
            (self._first_start,),
        )
        return [OpenBatch(*row) for row in rows]

    @property
    def abandoned(self) -> int:
        """How many batches that are not all read are of a start whose answers do not count any more."""
        (count,) = self._database.row(
            "SELECT count(*) FROM batches WHERE start < ? AND state IN ('intended', 'created')", (self._first_start,)
        )
        return int(count)

    @property
    def names(self) -> frozenset[str]:
        """The service's names of all batches of the run."""
        return frozenset(name for (name,) in self._database.rows("SELECT batch FROM batches WHERE batch IS NOT NULL"))

    def held_requests(self) -> list[HeldRequest]:
        """Return what is held for the requests of the open batches."""
        rows = self._database.rows(
            "SELECT tries.number, tries.model, picodollars FROM batches JOIN batch_requests USING (intent) "
            "JOIN tries ON tries.number = try WHERE batches.start >= ? AND state IN ('intended', 'created') "
            "AND result IS NULL",
            (self._first_start,),
        )
        return [HeldRequest(number, model, _dollars(amount)) for number, model, amount in rows]

    def intend(self, draft: BatchDraft, wave: int) -> list[HeldRequest]:
        """Commit that a batch is to be created, and what each of its requests may cost."""
        reserved = []
        with self._database.transaction() as database:
            row = (draft.intent, self._start, wave, time.time(), len(draft))
            database.execute(
                "INSERT INTO batches (intent, start, wave, at, requests, state) VALUES (?, ?, ?, ?, ?, 'intended')", row
            )
            for one in draft.requests.values():
                number = self._account.reserve_within(database, one.model, one.worst)
                reserved.append(HeldRequest(number, one.model, one.worst))
                held: Sequence[int | None] = (number, *(None for _ in one.documents[1:]))
                database.executemany(
                    "INSERT INTO batch_requests VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
                    [
                        (draft.intent, one.digest, document, one.model, *one.shape, part)
                        for document, part in zip(one.documents, held, strict=True)
                    ],
                )
        return reserved

    def share(self, intent: str, ask: bytes, document: bytes) -> bool:
        """Have a document share the reply to a request of a batch; False where that has been read already."""
        with self._database.transaction() as database:
            shared = database.execute(
                "INSERT OR IGNORE INTO batch_requests "
                "SELECT intent, ask, ?, model, mode, bare, NULL, NULL, NULL FROM batch_requests "
                "WHERE intent = ? AND ask = ? AND result IS NULL LIMIT 1",
                (document, intent, ask),
            )
            return shared.rowcount > 0

    def created(self, intent: str, status: BatchStatus) -> None:
        """Note that a batch is there."""
        statement = "UPDATE batches SET state = 'created', batch = ?, expires = ? WHERE intent = ?"
        self._database.change(statement, (status.id, status.expires, intent))

    def void(self, intent: str) -> list[int]:
        """Note that a batch is not there: its asks are asked anew. Returns the numbers of what is held for them."""
        rows = self._database.rows("SELECT try FROM batch_requests WHERE intent = ? AND try IS NOT NULL", (intent,))
        with self._database.transaction() as database:
            database.execute("DELETE FROM batch_requests WHERE intent = ?", (intent,))
            database.execute("UPDATE batches SET state = 'void' WHERE intent = ?", (intent,))
        return [number for (number,) in rows]

    def finish(self, intent: str) -> None:
        """Note that all results of a batch are read."""
        self._database.change("UPDATE batches SET state = 'read' WHERE intent = ?", (intent,))

    def under_way(self, document: bytes) -> frozenset[bytes]:
        """Return the digests of a document's asks whose results are not read."""
        rows = self._database.rows(
            "SELECT ask FROM batch_requests JOIN batches USING (intent) "
            "WHERE document = ? AND result IS NULL AND batches.start >= ? AND state IN ('intended', 'created')",
            (document, self._first_start),
        )
        return frozenset(ask for (ask,) in rows)

    def canceled(self, document: bytes) -> frozenset[bytes]:
        """Return the digests of a document's asks that were cancelled, as this start has read: it asks none again."""
        rows = self._database.rows(
            "SELECT ask FROM batch_requests WHERE document = ? AND result = 'canceled' AND read_by = ?",
            (document, self._start),
        )
        return frozenset(ask for (ask,) in rows)

    def unread(self, intent: str, ask: bytes) -> list[BatchRequest]:
        """Return the requests that a result is for, one a document; none where it has been read before."""
        rows = self._database.rows(
            "SELECT document, model, mode, bare, try FROM batch_requests "
            "WHERE intent = ? AND ask = ? AND result IS NULL ORDER BY try IS NULL",
            (intent, ask),
        )
        return [
            BatchRequest(document, model, ReplyShape(mode, bool(bare)), number)
            for document, model, mode, bare, number in rows
        ]

    def note(self, intent: str, ask: bytes, result: str) -> None:
        """Note, with what is stored next, what a result was: `answered`, `failed` or `canceled`."""
        statement = "UPDATE batch_requests SET result = ?, read_by = ? WHERE intent = ? AND ask = ? AND result IS NULL"
        with self._database.transaction(lasting=False) as database:
            database.execute(statement, (result, self._start, intent, ask))

    def failures(self, document: bytes, ask: bytes) -> int:
        """Count how often an ask has failed in a batch, as this start has read."""
        (count,) = self._database.row(
            "SELECT count(*) FROM batch_requests WHERE document = ? AND ask = ? AND result = 'failed' AND read_by = ?",
            (document, ask, self._start),
        )
        return int(count)

    def missing(self, intent: str) -> list[bytes]:
        """Return the digests of the asks of a batch whose results are not read."""
        rows = self._database.rows(
            "SELECT DISTINCT ask FROM batch_requests WHERE intent = ? AND result IS NULL", (intent,)
        )
        return [ask for (ask,) in rows]

    def results(self, intent: str) -> Mapping[str, int]:
        """Count the results of a batch that are read, by what they were."""
        rows = self._database.rows(
            "SELECT result, count(DISTINCT ask) FROM batch_requests "
            "WHERE intent = ? AND result IS NOT NULL GROUP BY result",
            (intent,),
        )
        return {str(result): int(count) for result, count in rows}

    def flush(self) -> None:
        """Commit what was noted."""
        with self._database.transaction():
            pass


def _dollars(picodollars: int | None) -> Decimal | None:
    return None if picodollars is None else Decimal(picodollars) / PICODOLLARS
