"""Replies that are kept for who asks twice: a request that bears an `Idempotency-Key` is answered, and paid for, once.

A row is a claim until its reply is there. A claim counts while the server that made it lives: that has a lock, which
ends with its process whatever ends it, so that no kill leaves a claim that nobody can take.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path

from slotfill.extractors.runs.ledger.identity import state_folder
from slotfill.extractors.serving.problem import ProblemError
from slotfill.extractors.settings import Settings
from slotfill.extractors.shared_files.shared_database import SharedDatabase

__all__ = ["MOST_RETENTION", "ReplyStore", "StoredReply", "purge_replies", "replies_folder"]

MOST_RETENTION = timedelta(days=1)
"""No reply is kept for longer: who asks twice does so soon."""

CLAIMED_AGAIN = 1.0
"""Seconds after which to ask again for a reply that is still made."""

_VERSION = 1

_TABLE = f"""
-- A request by its key and what that calls it. Without a status it is a claim of the server whose lock `server` names.
-- `at`: when it was claimed, or its reply was there.
DROP TABLE IF EXISTS replies;
CREATE TABLE replies (
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    server TEXT NOT NULL,
    at REAL NOT NULL,
    status INTEGER,
    type TEXT,
    body BLOB,
    PRIMARY KEY (key, name)
);
CREATE INDEX replies_at ON replies (at);
PRAGMA user_version = {_VERSION};
"""

_CLAIM = "INSERT OR REPLACE INTO replies (key, name, digest, server, at) VALUES (?, ?, ?, ?, ?)"
_DROP_CLAIMS = "DELETE FROM replies WHERE server = ? AND status IS NULL"
_KEPT_BEFORE = "at <= ? AND status IS NOT NULL"
_OWN = "key = ? AND name = ? AND server = ? AND status IS NULL"


def replies_folder(settings: Settings) -> Path:
    """Return where the replies of a user's services stand."""
    return state_folder(settings) / "service-replies"


@dataclass(frozen=True, slots=True)
class StoredReply:
    """A reply, as it was sent.

    Attributes:
        status: Its status.
        media_type: The type of its body.
        body: Its body.
    """

    status: int
    media_type: str
    body: bytes


class ReplyStore:
    """The replies, for one server. Safe for threads, and for the servers of one machine that share a folder.

    Args:
        folder: Where its file stands; made where it is missing. It quotes documents, and is its owner's alone.
        retention: So long replies are kept, a day at most.
        clock: Gives the time in seconds.

    Attributes:
        retention: As above.

    Raises:
        LedgerError: It cannot be used, here and in every method.
    """

    def __init__(
        self, folder: Path, retention: timedelta = MOST_RETENTION, clock: Callable[[], float] = time.time
    ) -> None:
        self.retention, self._clock = min(retention, MOST_RETENTION), clock
        self._file = SharedDatabase(
            folder / "replies.db", called="the file of replies", failure="replies cannot be kept", prepare=_prepare
        )
        self._server = self._file.process.name
        with self._file.transaction():
            self._file.process.drop_dead()
            self._file.process.acquire()
        self._drop_lost_claims()
        self.drop_expired()

    def close(self) -> None:
        """Leave the file, and its claims."""
        with closing(self._file), self._file.transaction() as database:
            database.execute(_DROP_CLAIMS, (self._server,))

    def claim(self, key: str, name: str, digest: str) -> StoredReply | None:
        """Return the reply to a request, or take it on: None, and who gets that calls `keep` or `release`.

        Args:
            key: The name of the key that asks.
            name: What it calls the request.
            digest: Of all that the request says.

        Raises:
            ProblemError: The name is that of another request (422), or of one that is still at work (409).
        """
        with self._file.transaction() as database:
            self._drop_before(database, self._clock() - self.retention.total_seconds())
            question = "SELECT digest, server, status, type, body FROM replies WHERE key = ? AND name = ?"
            row = database.execute(question, (key, name)).fetchone()
            if row is not None:
                known, server, status, media_type, body = row
                is_claim = status is None
                if is_claim and not self._file.process.is_live(server):
                    row = None
                elif known != digest:
                    detail = "the key has sent another request with this Idempotency-Key: take a new one for each"
                    raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency_mismatch", detail)
                elif is_claim:
                    detail = "the request of this Idempotency-Key is still at work: send it again for its reply"
                    raise ProblemError(HTTPStatus.CONFLICT, "at_work", detail, retry_after=CLAIMED_AGAIN)
                else:
                    return StoredReply(status, media_type, body)
            database.execute(_CLAIM, (key, name, digest, self._server, self._clock()))
        return None

    def keep(self, key: str, name: str, reply: StoredReply) -> None:
        """Keep the reply to what was claimed."""
        changed = f"UPDATE replies SET at = ?, status = ?, type = ?, body = ? WHERE {_OWN}"  # noqa: S608 - our own
        row = (self._clock(), reply.status, reply.media_type, reply.body, key, name, self._server)
        with self._file.transaction() as database:
            database.execute(changed, row)

    def release(self, key: str, name: str) -> None:
        """Give up what was claimed, where no reply of it is kept."""
        with self._file.transaction() as database:
            database.execute(f"DELETE FROM replies WHERE {_OWN}", (key, name, self._server))  # noqa: S608 - our own

    def drop_expired(self) -> None:
        """Drop the replies that have been kept for their time, from the disk too."""
        self.drop_before(self._clock() - self.retention.total_seconds())

    def count_before(self, at: float) -> int:
        """Count the replies that were there by a time, in seconds."""
        with self._file.errors():
            question = f"SELECT count(*) FROM replies WHERE {_KEPT_BEFORE}"  # noqa: S608 - our own
            count: int = self._file.connection.execute(question, (at,)).fetchone()[0]
        return count

    def drop_before(self, at: float) -> int:
        """Drop those, from the disk too. Returns how many there were."""
        with self._file.transaction() as database:
            count = self._drop_before(database, at)
        with self._file.errors():  # what is deleted stands in the log of changes until that is emptied
            self._file.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return count

    def _drop_before(self, database: sqlite3.Connection, at: float) -> int:
        """Do so. A claim is no reply: it is at work however long that takes."""
        return database.execute(f"DELETE FROM replies WHERE {_KEPT_BEFORE}", (at,)).rowcount  # noqa: S608 - our own

    def _drop_lost_claims(self) -> None:
        """Drop the claims of servers that live no more."""
        with self._file.transaction() as database:
            servers = database.execute("SELECT DISTINCT server FROM replies WHERE status IS NULL").fetchall()
            for (server,) in servers:
                if not self._file.process.is_live(server):
                    database.execute(_DROP_CLAIMS, (server,))


def purge_replies(folder: Path, before: datetime, *, dry_run: bool = False) -> int:
    """Delete what services keep of replies that were there by an instant, also while they are at work.

    Args:
        folder: Where they stand.
        before: The instant.
        dry_run: Count alone.

    Returns:
        How many there were.

    Raises:
        LedgerError: They cannot be had.
    """
    if not folder.exists():
        return 0
    at = before.timestamp()
    with closing(ReplyStore(folder)) as store:
        return store.count_before(at) if dry_run else store.drop_before(at)


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA secure_delete = ON")
    if connection.execute("PRAGMA user_version").fetchone() != (_VERSION,):
        connection.executescript(_TABLE)
