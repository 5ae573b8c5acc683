"""The file of what is spent, of all processes of a user: totals a period, and what is held for requests in flight.

A holder is one process that reserves. It has a lock while it lives, whatever ends it, so that what it held is known for
lost. Amounts are picodollars; a period is named by the second in which it begins.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from slotfill.extractors.budgets.spending_limit import EVERYTHING, Period, SpendingLimit
from slotfill.extractors.errors import LedgerError
from slotfill.extractors.shared_files.shared_database import SharedDatabase

__all__ = ["SpendingFile"]

_APPLICATION = 0x510F5BD
"""What marks an SQLite file as this one: its `application_id`."""

_VERSION = 1

_TABLES = """
-- What is spent and held in each period, by what bears a label, `team=support`, and by everything, `*`.
CREATE TABLE totals (
    scope TEXT NOT NULL,
    period TEXT NOT NULL,
    start INTEGER NOT NULL,
    picodollars INTEGER NOT NULL,
    PRIMARY KEY (scope, period, start)
) WITHOUT ROWID;

-- The processes that hold money, each by the name of its lock. `run`: what goes on with what it has left.
CREATE TABLE holders (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, run TEXT NOT NULL);

-- What of the totals each of them holds, by the labels that it is for, as JSON, and the hour in which it was reserved.
CREATE TABLE holdings (
    holder INTEGER NOT NULL REFERENCES holders (number),
    labels TEXT NOT NULL,
    hour INTEGER NOT NULL,
    picodollars INTEGER NOT NULL,
    PRIMARY KEY (holder, labels, hour)
) WITHOUT ROWID;

-- What has been told of which limit in which period, and how.
CREATE TABLE alerts (
    budget TEXT NOT NULL,
    start INTEGER NOT NULL,
    percent INTEGER NOT NULL,
    channel TEXT NOT NULL,
    PRIMARY KEY (budget, start, percent, channel)
) WITHOUT ROWID;
"""

_KEPT = timedelta(days=400)
"""How long totals are looked up by anybody; those of hours are many, and go after as long as a month."""

_LONGEST = timedelta(days=35)
"""Longer than any period."""

_ADD = (
    "INSERT INTO totals VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET picodollars = picodollars + excluded.picodollars"
)
_HELD = (
    "SELECT name, labels, picodollars FROM holdings JOIN holders ON number = holder "
    "WHERE hour >= ? AND hour < ? AND picodollars != 0"
)
_HOLD_NOTHING = "SELECT number, name FROM holders WHERE number NOT IN (SELECT holder FROM holdings)"
_DROP_EMPTY = "DELETE FROM holdings WHERE holder = ? AND labels = ? AND hour = ? AND picodollars = 0"
_HOLD = (
    "INSERT INTO holdings VALUES (?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET picodollars = picodollars + excluded.picodollars"
)


class SpendingFile:
    """The file, and this process as a holder in it. Safe for threads and processes.

    folder: where it stands; made where it is missing. run: as in the table of holders. now: by which old rows go.

    Raises LedgerError when it cannot be used, here and in every method.
    """

    def __init__(self, folder: Path, *, run: str = "", now: datetime) -> None:
        self._run = run
        self._holder: int | None = None
        self._file = SharedDatabase(
            folder / "spending.db",
            called="the file of what is spent",
            failure="what is spent cannot be kept",
            prepare=partial(_prepare, now=now),
        )
        self._connection, self._process = self._file.connection, self._file.process
        with self.transaction():
            self._forget_dead()

    def close(self) -> None:
        """Leave the file. What is still held stays held by nobody: it counts as spent."""
        with closing(self._file), self._file.errors():
            if self._holder is not None:
                self._leave(self._holder)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Change the file within it, all or nothing; no other process changes it meanwhile."""
        with self._file.errors():
            holder = self._holder
            try:
                with self._file.transaction():
                    yield
            except BaseException:
                self._holder = holder
                raise

    def total(self, limit: SpendingLimit, at: datetime) -> int:
        """Return what is spent and held of a limit, in the period that an instant lies in."""
        values = (limit.scope, limit.period, _second(limit.period.start(at)))
        row = self._connection.execute(
            "SELECT picodollars FROM totals WHERE scope = ? AND period = ? AND start = ?", values
        ).fetchone()
        return row[0] if row else 0

    def in_flight(self, limit: SpendingLimit, at: datetime) -> int:
        """Return what of that is held by processes which live: it may come back."""
        return sum(amount for name, amount in self._held(limit, at) if self._process.is_live(name))

    def lost(self, limit: SpendingLimit, at: datetime) -> int:
        """Return what of that was held by processes which live no more: it may have been spent."""
        return sum(amount for name, amount in self._held(limit, at) if not self._process.is_live(name))

    def add(self, labels: Mapping[str, str], hour: datetime, amount: int) -> None:
        """Add an amount, which may be negative, to the totals of the periods that an hour lies in."""
        scopes = [EVERYTHING, *(f"{name}={value}" for name, value in labels.items())]
        starts = [(period, _second(period.start(hour))) for period in Period]
        rows = [(scope, period, start, amount) for scope in scopes for period, start in starts]
        self._connection.executemany(_ADD, rows)

    def hold(self, labels: str, hour: datetime, amount: int) -> None:
        """Hold so much more, or less, of what was added for labels, as JSON, in an hour."""
        row = (self._own_holder(), labels, _second(hour))
        self._connection.execute(_HOLD, (*row, amount))
        if amount < 0:
            self._connection.execute(_DROP_EMPTY, row)

    def take_over(self, labels: str, amount: int) -> list[tuple[datetime, int]]:
        """Hold what earlier processes of this run have left held, at most an amount. Returns it, by its hours."""
        rows = self._connection.execute(
            "SELECT holder, name, hour, picodollars FROM holdings JOIN holders ON number = holder "
            "WHERE run = ? AND labels = ? AND picodollars > 0 ORDER BY hour",
            (self._run, labels),
        ).fetchall()
        taken = []
        for holder, name, hour, left in rows:
            part = min(left, amount)
            if part and not self._process.is_live(name):
                self._connection.execute(_HOLD, (holder, labels, hour, -part))
                self._connection.execute(_DROP_EMPTY, (holder, labels, hour))
                self._connection.execute(_HOLD, (self._own_holder(), labels, hour, part))
                taken.append((datetime.fromtimestamp(hour, UTC), part))
                amount -= part
        return taken

    def release_lost(self) -> int:
        """Count no more what processes held that live no more. Returns how much that was."""
        rows = self._connection.execute(
            "SELECT holder, name, labels, hour, picodollars FROM holdings JOIN holders ON number = holder"
        ).fetchall()
        lost = 0
        dead = {name for name in {row[1] for row in rows} if not self._process.is_live(name)}
        for holder, name, labels, hour, amount in rows:
            if name in dead:
                self.add(json.loads(labels), datetime.fromtimestamp(hour, UTC), -amount)
                row = (holder, labels, hour)
                self._connection.execute("DELETE FROM holdings WHERE holder = ? AND labels = ? AND hour = ?", row)
                lost += amount
        return lost

    def drop_old(self, now: datetime) -> None:
        """Drop what nobody looks up any more."""
        _drop_old(self._connection, now)

    def note_alert(self, limit: SpendingLimit, at: datetime, percent: int, channel: str) -> bool:
        """Note that something is told of a limit. Returns whether it had not been told in its period."""
        row = (limit.name, _second(limit.period.start(at)), percent, channel)
        return self._connection.execute("INSERT OR IGNORE INTO alerts VALUES (?, ?, ?, ?)", row).rowcount > 0

    def was_told(self, limit: SpendingLimit, at: datetime, percent: int) -> bool:
        """Whether that was told in any way."""
        row = (limit.name, _second(limit.period.start(at)), percent)
        question = "SELECT 1 FROM alerts WHERE budget = ? AND start = ? AND percent = ? LIMIT 1"
        return self._connection.execute(question, row).fetchone() is not None

    def _held(self, limit: SpendingLimit, at: datetime) -> list[tuple[str, int]]:
        """Return what is held of a limit in a period, by the name of who holds it."""
        period = _second(limit.period.start(at)), _second(limit.period.end(at))
        held: defaultdict[str, int] = defaultdict(int)
        for name, labels, amount in self._connection.execute(_HELD, period):
            if limit.applies_to(json.loads(labels)):
                held[name] += amount
        return list(held.items())

    def _own_holder(self) -> int:
        """Be a holder, from the first time on that anything is held. The lock comes before the row."""
        self._process.acquire()
        if self._holder is None:
            statement = "INSERT INTO holders (name, run) VALUES (?, ?)"
            self._holder = self._connection.execute(statement, (self._process.name, self._run)).lastrowid or 0
        return self._holder

    def _forget_dead(self) -> None:
        """Forget those who were killed and held nothing."""
        for number, name in self._connection.execute(_HOLD_NOTHING).fetchall():
            if not self._process.is_live(name):
                self._connection.execute("DELETE FROM holders WHERE number = ?", (number,))

    def _leave(self, holder: int) -> None:
        """Be no holder any more, where nothing is held."""
        emptied = "DELETE FROM holders WHERE number = ? AND number NOT IN (SELECT holder FROM holdings)"
        self._connection.execute(emptied, (holder,))


def _prepare(connection: sqlite3.Connection, now: datetime) -> None:
    """Make the tables of a new file, and drop what nobody looks up any more of an older one."""
    application, version, tables = (
        connection.execute(question).fetchone()[0]
        for question in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
    )
    if tables and (application != _APPLICATION or version != _VERSION):
        raise LedgerError(
            f"the file of what is spent is of version {version}, or none of slotfill's: use a newer slotfill, or "
            "set SLOTFILL_STATE to another folder"
        )
    if not tables:
        connection.executescript(
            f"BEGIN IMMEDIATE; {_TABLES} PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {_VERSION};"
            "COMMIT;"
        )
    _drop_old(connection, now)


def _drop_old(connection: sqlite3.Connection, now: datetime) -> None:
    long_ago, last_month = _second(now - _KEPT), _second(now - _LONGEST)
    connection.execute(
        "DELETE FROM totals WHERE start < ? OR (period = ? AND start < ?)", (long_ago, Period.HOUR, last_month)
    )
    for table, column in (("holdings", "hour"), ("alerts", "start")):
        connection.execute(f"DELETE FROM {table} WHERE {column} < ?", (last_month,))  # noqa: S608 - names of our own


def _second(at: datetime) -> int:
    return int(at.timestamp())
