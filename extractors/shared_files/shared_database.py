"""An SQLite file that processes of one user change at once: its owner's alone, changed all or nothing."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from slotfill.extractors.errors import LedgerError
from slotfill.extractors.runs.ledger.filesystems import network_disk
from slotfill.extractors.runs.ledger.lock import check_file, check_owner
from slotfill.extractors.shared_files.process_lock import ProcessLock

__all__ = ["SharedDatabase"]

_PATIENCE = 30.0
"""Seconds that another process may take for its change, which takes less than a thousandth of one."""


class SharedDatabase:
    """The file, for one process. Safe for threads.

    Args:
        path: Where it stands; it and its folder are made where they are missing.
        called: What errors call it: `the file of replies`.
        failure: What they say of what goes wrong: `replies cannot be kept`.
        prepare: Makes the tables of a file that is new; one process does at a time.

    Attributes:
        connection: To read by, and to write within a transaction.
        process: The lock of this process, in the file's folder.

    Raises:
        LedgerError: It cannot be used, here and in every method.
    """

    def __init__(self, path: Path, *, called: str, failure: str, prepare: Callable[[sqlite3.Connection], None]) -> None:
        self._path, self._failure = path, failure
        self._turn = threading.RLock()
        self.process = ProcessLock(path.parent)
        with self.errors():
            self.connection = self._connect(f"{called}, {str(path)!r},", prepare)

    def close(self) -> None:
        """Leave the file."""
        with self._turn, self.errors():
            self.connection.close()
        self.process.release()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Change the file within it, all or nothing; no other process changes it meanwhile."""
        with self.errors():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self.connection.execute("ROLLBACK")
                raise

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Use the connection within it: no other thread does so meanwhile, and its errors are told."""
        with self._turn:
            try:
                yield
            except (sqlite3.Error, OSError, Timeout) as error:
                raise LedgerError(
                    f"{self._failure} in {str(self._path.parent)!r}: {error}; all goes on when that is mended"
                ) from None

    def _connect(self, place: str, prepare: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
        path, folder = self._path, self._path.parent
        if kind := network_disk(path):
            raise LedgerError(
                f"{place} would stand on a network disk ({kind}), where files cannot be locked safely: set "
                "SLOTFILL_STATE to a folder on a disk of this machine"
            )
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_owner(folder, f"the folder {str(folder)!r}")
        with FileLock(path.with_suffix(".lock"), mode=0o600), ExitStack() as undone:
            for suffix in ("", "-wal", "-shm"):
                check_file(path.with_name(path.name + suffix), place)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), 0o600))
            connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
            undone.enter_context(closing(connection))
            for setting in ("trusted_schema = OFF", "journal_mode = WAL", "synchronous = NORMAL"):
                connection.execute(f"PRAGMA {setting}")
            prepare(connection)
            undone.pop_all()
        return connection
