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
from http import HTTPStatus
from pathlib import Path

from slotfill.extractors.serving.problem import ProblemError
from slotfill.extractors.shared_files.shared_database import SharedDatabase

__all__ = ["REPLY_SECONDS", "ReplyStore", "StoredReply"]

REPLY_SECONDS = 24 * 3600
"""So long a reply is kept."""

CLAIMED_AGAIN = 1.0
"""Seconds after which to ask again for a reply that is still made."""

_TABLE = """
-- A request by its key and what that calls it. Without a status it is a claim of the server whose lock `server` names.
CREATE TABLE IF NOT EXISTS replies (
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    server TEXT NOT NULL,
    until REAL NOT NULL,
    status INTEGER,
    type TEXT,
    body BLOB,
    PRIMARY KEY (key, name)
);
CREATE INDEX IF NOT EXISTS replies_until ON replies (until);
"""

_CLAIM = "INSERT OR REPLACE INTO replies (key, name, digest, server, until) VALUES (?, ?, ?, ?, ?)"
_OWN = "key = ? AND name = ? AND server = ? AND status IS NULL"


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
        clock: Gives the time in seconds.

    Raises:
        LedgerError: It cannot be used, here and in every method.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._file = SharedDatabase(
            folder / "replies.db", called="the file of replies", failure="replies cannot be kept", prepare=_prepare
        )
        self._server = self._file.process.name
        with self._file.errors():
            self._file.process.acquire()
        self.drop_expired()

    def close(self) -> None:
        """Leave the file, and its claims."""
        with closing(self._file), self._file.transaction() as database:
            database.execute("DELETE FROM replies WHERE server = ? AND status IS NULL", (self._server,))

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
            self._drop_expired(database)
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
            database.execute(_CLAIM, (key, name, digest, self._server, self._clock() + REPLY_SECONDS))
        return None

    def keep(self, key: str, name: str, reply: StoredReply) -> None:
        """Keep the reply to what was claimed."""
        changed = f"UPDATE replies SET until = ?, status = ?, type = ?, body = ? WHERE {_OWN}"  # noqa: S608 - our own
        until = self._clock() + REPLY_SECONDS
        row = (until, reply.status, reply.media_type, reply.body, key, name, self._server)
        with self._file.transaction() as database:
            database.execute(changed, row)

    def release(self, key: str, name: str) -> None:
        """Give up what was claimed, where no reply of it is kept."""
        with self._file.transaction() as database:
            database.execute(f"DELETE FROM replies WHERE {_OWN}", (key, name, self._server))  # noqa: S608 - our own

    def drop_expired(self) -> None:
        """Drop the replies that have been kept for their time, from the disk too."""
        with self._file.transaction() as database:
            self._drop_expired(database)
        with self._file.errors():  # what is deleted stands in the log of changes until that is emptied
            self._file.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _drop_expired(self, database: sqlite3.Connection) -> None:
        """Do so. A claim of a server that lives is at work however long that takes."""
        gone = "DELETE FROM replies WHERE until <= ? AND (status IS NOT NULL OR server != ?)"
        database.execute(gone, (self._clock(), self._server))


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA secure_delete = ON")
    connection.executescript(_TABLE)
