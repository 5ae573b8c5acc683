"""Replies that are kept for who asks twice: a request that bears an `Idempotency-Key` is answered, and paid for, once.

A row is a claim until its reply is there. A claim counts while the server that made it lives: that has a lock, which
ends with its process whatever ends it, so that no kill leaves a claim that nobody can take.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from filelock import FileLock, Timeout

from slotfill.extractors.errors import LedgerError
from slotfill.extractors.runs.ledger.filesystems import network_disk
from slotfill.extractors.runs.ledger.lock import check_file, check_owner
from slotfill.extractors.serving.problem import ProblemError

__all__ = ["REPLY_SECONDS", "ReplyStore", "StoredReply"]

REPLY_SECONDS = 24 * 3600
"""So long a reply is kept."""

CLAIMED_AGAIN = 1.0
"""Seconds after which to ask again for a reply that is still made."""

_PATIENCE = 30.0
"""Seconds that another process may take for its change, which takes less than a thousandth of one."""

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
        self._folder, self._clock = folder, clock
        self._turn = threading.Lock()
        self._server = uuid.uuid4().hex
        with self._errors():
            self._connection = self._connect()
            self._lock = FileLock(self._lock_of(self._server), mode=0o600, thread_local=False)
            self._lock.acquire(timeout=0)
        self.drop_expired()

    def close(self) -> None:
        """Leave the file, and its claims."""
        with self._turn, self._errors(), closing(self._connection):
            self._connection.execute("DELETE FROM replies WHERE server = ? AND status IS NULL", (self._server,))
        _drop(self._lock)

    def claim(self, key: str, name: str, digest: str) -> StoredReply | None:
        """Return the reply to a request, or take it on: None, and who gets that calls `keep` or `release`.

        Args:
            key: The name of the key that asks.
            name: What it calls the request.
            digest: Of all that the request says.

        Raises:
            ProblemError: The name is that of another request (422), or of one that is still at work (409).
        """
        with self._transaction():
            self._drop_expired()
            question = "SELECT digest, server, status, type, body FROM replies WHERE key = ? AND name = ?"
            row = self._connection.execute(question, (key, name)).fetchone()
            if row is not None:
                known, server, status, media_type, body = row
                is_claim = status is None
                if is_claim and not self._lives(server):
                    row = None
                elif known != digest:
                    detail = "the key has sent another request with this Idempotency-Key: take a new one for each"
                    raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency_mismatch", detail)
                elif is_claim:
                    detail = "the request of this Idempotency-Key is still at work: send it again for its reply"
                    raise ProblemError(HTTPStatus.CONFLICT, "at_work", detail, retry_after=CLAIMED_AGAIN)
                else:
                    return StoredReply(status, media_type, body)
            self._connection.execute(_CLAIM, (key, name, digest, self._server, self._clock() + REPLY_SECONDS))
        return None

    def keep(self, key: str, name: str, reply: StoredReply) -> None:
        """Keep the reply to what was claimed."""
        changed = f"UPDATE replies SET until = ?, status = ?, type = ?, body = ? WHERE {_OWN}"  # noqa: S608 - our own
        until = self._clock() + REPLY_SECONDS
        row = (until, reply.status, reply.media_type, reply.body, key, name, self._server)
        with self._transaction():
            self._connection.execute(changed, row)

    def release(self, key: str, name: str) -> None:
        """Give up what was claimed, where no reply of it is kept."""
        with self._transaction():
            self._connection.execute(f"DELETE FROM replies WHERE {_OWN}", (key, name, self._server))  # noqa: S608 - our own

    def drop_expired(self) -> None:
        """Drop the replies that have been kept for their time, from the disk too."""
        with self._transaction():
            self._drop_expired()
        with self._turn, self._errors():  # what is deleted stands in the log of changes until that is emptied
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _drop_expired(self) -> None:
        """Do so. A claim of a server that lives is at work however long that takes."""
        gone = "DELETE FROM replies WHERE until <= ? AND (status IS NOT NULL OR server != ?)"
        self._connection.execute(gone, (self._clock(), self._server))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._turn, self._errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def _lives(self, server: str) -> bool:
        """Whether a server is there: its lock is had by nobody else then."""
        if server == self._server:
            return True
        if not self._lock_of(server).exists():
            return False
        lock = FileLock(self._lock_of(server), mode=0o600, thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        _drop(lock)
        return False

    def _lock_of(self, server: str) -> Path:
        return self._folder / f"{server}.lock"

    def _connect(self) -> sqlite3.Connection:
        path = self._folder / "replies.db"
        place = f"the file of replies, {str(path)!r},"
        if kind := network_disk(path):
            raise LedgerError(f"{place} would stand on a network disk ({kind}): set SLOTFILL_STATE to another folder")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_owner(self._folder, f"the folder {str(self._folder)!r}")
        with FileLock(self._folder / "replies.lock", mode=0o600), ExitStack() as undone:  # it may have to be made
            for suffix in ("", "-wal", "-shm"):
                check_file(path.with_name(path.name + suffix), place)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), 0o600))
            connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
            undone.callback(connection.close)
            for setting in ("trusted_schema = OFF", "journal_mode = WAL", "synchronous = NORMAL", "secure_delete = ON"):
                connection.execute(f"PRAGMA {setting}")
            connection.executescript(_TABLE)
            undone.pop_all()
        return connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, Timeout) as error:
            raise LedgerError(f"replies cannot be kept in {str(self._folder)!r}: {error}") from None


def _drop(lock: FileLock) -> None:
    """Give a lock back, and remove its file before: one that is removed later may be another's by then."""
    with suppress(OSError):  # Windows removes no file that is open
        Path(lock.lock_file).unlink()
    lock.release()
