"""A ledger's SQLite file: opened as its owner's alone, changed all or nothing, its errors told with the way out."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from operator import methodcaller
from pathlib import Path
from typing import Any, TypeAlias

from slotfill.extractors.errors import LedgerError
from slotfill.extractors.runs.ledger.lock import check_file
from slotfill.extractors.runs.ledger.migrations import APPLICATION, MIGRATIONS, migrate

__all__ = ["Database", "SQLValues", "ledger_to_read"]

CACHE = 64_000
"""KiB of the file that are held in memory: what the keys of a million documents take, which are looked up anywhere."""

CHECKPOINT = 4_000
"""Pages that gather beside the file before they are put into it."""

SQLValues: TypeAlias = tuple[str | bytes | int | float | None, ...]
"""What stands in a row, or is bound to a statement."""


@contextmanager
def ledger_to_read(path: Path) -> Iterator[tuple[sqlite3.Connection, int]]:
    """Open a ledger, which may be in use, and anybody's, to read it alone; yield its connection and its version.

    Raises LedgerError, sqlite3.Error, and ValueError for what is no ledger of a known version; each says why of "it".
    """
    check_file(path, "it")
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
        database.execute("PRAGMA trusted_schema = OFF")
        (application,) = database.execute("PRAGMA application_id").fetchone()
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if application != APPLICATION:
            raise ValueError("it is no ledger of slotfill")
        if version > len(MIGRATIONS):
            raise ValueError(f"it is of version {version}, which a newer slotfill reads")
        yield database, version


class Database:
    """The tables of `migrations`, in a file or, without a path, in what lasts as long as the process. Safe for threads.

    place: how errors name it. erase: overwrite with zeros what is deleted.

    Raises LedgerError when it cannot be used, here and in every method; what is in the file stays as it is.
    """

    def __init__(self, path: Path | None, place: str, *, erase: bool) -> None:
        self._path = path
        self._deferred: list[tuple[str, SQLValues]] = []
        # One connection serves all threads: SQLite would serialise their statements, but not whole transactions.
        self._turn = threading.Lock()
        self._errors = _LedgerErrors(place)
        with self._errors, ExitStack() as undone:
            self._connection = undone.enter_context(closing(_connect(path, erase=erase)))
            migrate(self._connection, place)
            undone.pop_all()
        self._lasting, self._passing = (
            _Transaction(self._connection, self._turn, self._deferred, self._errors, lasting=lasting)
            for lasting in (True, False)
        )

    def close(self) -> None:
        """Store what was deferred, close the file, and put it back where its folder was taken away under it.

        A thread that is not waited for may still ask something: it is answered, or told that the file is closed.
        """
        with suppress(LedgerError), self.transaction():
            pass  # on a full disk it is lost
        with self._errors, self._turn, closing(self._connection):
            if self._path and not self._path.exists():
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._connection.execute("VACUUM INTO ?", (str(self._path),))
                self._path.chmod(0o600)

    def transaction(self, *, lasting: bool = True) -> AbstractContextManager[sqlite3.Connection]:
        """Change the file, all or nothing. What need not be `lasting` is committed with what comes next.

        Were that lost until then, nothing would be lost that is paid for and gone: a commit costs more than all else
        that is done for a document, and so the answer of one waits until its place is given to the next.
        """
        return self._lasting if lasting else self._passing

    @property
    def is_unstored(self) -> bool:
        """Whether anything waits to be committed."""
        return self._connection.in_transaction

    def change(self, statement: str, values: SQLValues) -> int:
        """Commit one statement. Returns the number of the row that it added last."""
        with self.transaction() as connection:
            return connection.execute(statement, values).lastrowid or 0

    def defer(self, statement: str, values: SQLValues) -> None:
        """Have a statement stored with what is stored next."""
        with self._turn:
            self._deferred.append((statement, values))

    def rows(self, question: str, values: SQLValues = ()) -> list[Any]:
        """Return all rows at once."""
        with self._errors, self._turn:
            return self._connection.execute(question, values).fetchall()

    def row(self, question: str, values: SQLValues = ()) -> Any:
        """Return the only row there is."""
        (row,) = self.rows(question, values)
        return row

    def iterate(self, question: str, values: SQLValues) -> Iterator[Any]:
        """Yield row by row what is too much to be held. The file may change meanwhile."""
        with self._errors:
            yield from self._connection.execute(question, values)

    def empty(self, tables: Iterable[str]) -> None:
        """Delete all rows of tables, and leave nothing of them on the disk."""
        with self.transaction() as connection:
            for table in tables:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
        self.shrink()

    def shrink(self) -> None:
        """Leave nothing on the disk of what was deleted, in the file and in that beside it.

        Raises LedgerError where somebody reads the file, who may need what was there.
        """
        with self._errors, self._turn:
            self._connection.execute("VACUUM")
            (is_read, *_) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if is_read:
                raise sqlite3.OperationalError("somebody reads it, and so what is deleted is still there")


class _Transaction:
    """A transaction, as a context, one at a time: several are made for each document, and a generator takes longer.

    deferred: what is stored first.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        turn: threading.Lock,
        deferred: list[tuple[str, SQLValues]],
        errors: AbstractContextManager[None],
        *,
        lasting: bool,
    ) -> None:
        self._connection, self._turn, self._deferred, self._errors = connection, turn, deferred, errors
        self._lasting = lasting

    def __enter__(self) -> sqlite3.Connection:
        self._turn.acquire()
        try:
            with self._errors:
                if not self._connection.in_transaction:
                    self._connection.execute("BEGIN IMMEDIATE")
                for statement, values in self._deferred:
                    self._connection.execute(statement, values)
                self._deferred.clear()
        except BaseException:
            self._undo()
            raise
        return self._connection

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is not None:
            # What others have left to be committed with this stays: a statement that fails changes nothing itself.
            (self._undo if self._lasting else self._turn.release)()
            self._errors.__exit__(None, error, None)
            return
        try:
            with self._errors:
                if self._lasting:
                    self._connection.execute("COMMIT")
        except BaseException:
            self._undo()
            raise
        self._turn.release()

    def _undo(self) -> None:
        with suppress(sqlite3.Error):  # a full disk has rolled back already
            self._connection.execute("ROLLBACK")
        self._turn.release()


class _LedgerErrors:
    """Raises LedgerError for what is wrong with a file, with what to do about it."""

    __slots__ = ("_place",)

    def __init__(self, place: str) -> None:
        self._place = place

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, sqlite3.DatabaseError):
            raise LedgerError(f"{self._place} {_trouble(error)}") from None
        if isinstance(error, OSError):
            raise LedgerError(f"{self._place} cannot be written: {error.strerror or error}") from None


def _connect(path: Path | None, *, erase: bool) -> sqlite3.Connection:
    if path:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), 0o600))
    with ExitStack() as undone:
        connection = sqlite3.connect(path or "", isolation_level=None, check_same_thread=False)
        undone.callback(connection.close)
        # The file may be anybody's: nothing in it runs, and a text that is none ends one document alone.
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.text_factory = methodcaller("decode", "utf-8", "surrogateescape")
        connection.execute("PRAGMA journal_mode = WAL")
        # A commit survives the process; a power cut may take the last ones, and leaves the file sound.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA cache_size = -{CACHE}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT}")
        connection.execute(f"PRAGMA secure_delete = {'ON' if erase else 'OFF'}")
        undone.pop_all()
    return connection


def _trouble(error: sqlite3.DatabaseError) -> str:
    if isinstance(error, sqlite3.OperationalError):
        return f"cannot be used: {error}; what is in it is safe: the same command goes on when that is mended"
    return f"is damaged: {error}; move it away to begin anew, or save what it holds with `sqlite3 FILE .recover`"
