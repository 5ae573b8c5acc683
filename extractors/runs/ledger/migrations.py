"""The tables of a ledger, version by version."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

from slotfill.extractors.errors import LedgerError

__all__ = ["APPLICATION", "MIGRATIONS", "PICODOLLARS", "WITH_BATCHES", "WITH_THINKING", "migrate"]

APPLICATION = 0x510F111
"""What marks an SQLite file as a ledger: its `application_id`."""

PICODOLLARS = 10**12
"""Of a dollar: amounts are stored as whole numbers, which SQLite adds up exactly."""

MIGRATIONS = (
    """
    -- What the run is: its schema, its models, its output.
    CREATE TABLE run (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

    -- Each time it was started, by which process. Its labels are a JSON object. `fresh`: what was known before was not
    -- to count.
    CREATE TABLE starts (
        number INTEGER PRIMARY KEY,
        at REAL NOT NULL,
        process INTEGER NOT NULL,
        labels TEXT NOT NULL,
        fresh INTEGER NOT NULL
    );

    -- The documents of the input, in its order.
    CREATE TABLE inputs (position INTEGER PRIMARY KEY, document BLOB NOT NULL, source TEXT);

    -- The documents that have ended, by what is hashed of them, and the record of each.
    CREATE TABLE documents (
        document BLOB PRIMARY KEY,
        start INTEGER NOT NULL REFERENCES starts (number),
        outcome TEXT NOT NULL,
        failure TEXT,
        record INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE records (number INTEGER PRIMARY KEY, document BLOB NOT NULL, record TEXT NOT NULL);

    -- Their texts, where they are kept.
    CREATE TABLE texts (document BLOB PRIMARY KEY, text TEXT NOT NULL);

    -- What came of each ask, in the order of arrival. `stale`: to be asked again.
    CREATE TABLE answers (
        number INTEGER PRIMARY KEY,
        start INTEGER NOT NULL REFERENCES starts (number),
        document BLOB NOT NULL,
        ask BLOB NOT NULL,
        at REAL NOT NULL,
        answer TEXT NOT NULL,
        stale INTEGER NOT NULL
    );
    CREATE INDEX answers_of_documents ON answers (document);

    -- Each HTTP try. `picodollars`: what was reserved for it before it was sent, and once it is settled what it cost;
    -- null where no price is known. The counts are null until then, and stay so where its reply was lost.
    CREATE TABLE tries (
        number INTEGER PRIMARY KEY,
        start INTEGER NOT NULL REFERENCES starts (number),
        at REAL NOT NULL,
        model TEXT NOT NULL,
        picodollars INTEGER,
        input_tokens INTEGER,
        output_tokens INTEGER,
        cache_read_tokens INTEGER,
        cache_write_tokens INTEGER
    );
    """,
    # Those of a try's output_tokens that the model thought; null of a ledger that did not count them.
    """
    ALTER TABLE tries ADD COLUMN thinking_tokens INTEGER;
    """,
    # What of each row of the input is carried into the outputs, as a JSON object; null where nothing is.
    """
    ALTER TABLE inputs ADD COLUMN columns TEXT;
    """,
    """
    -- Each message batch, stored before the service is asked to create it. `intent`: what its custom ids begin with.
    -- `batch`: the service's name for it, null until that is known. `state`: `intended`, `created`, `read` once all
    -- results are, `void` where there is none.
    CREATE TABLE batches (
        intent TEXT PRIMARY KEY,
        start INTEGER NOT NULL REFERENCES starts (number),
        wave INTEGER NOT NULL,
        at REAL NOT NULL,
        requests INTEGER NOT NULL,
        batch TEXT,
        expires REAL,
        state TEXT NOT NULL
    ) WITHOUT ROWID;

    -- What each asks for which document. `try`: what is reserved for it, null where it shares another one's reply.
    -- `mode`, `bare`: how the reply is read. `result`: null until it is read; then `answered`, `failed`, `canceled`.
    -- `read_by`: the start that has read it.
    CREATE TABLE batch_requests (
        intent TEXT NOT NULL REFERENCES batches (intent),
        ask BLOB NOT NULL,
        document BLOB NOT NULL,
        model TEXT NOT NULL,
        mode TEXT NOT NULL,
        bare INTEGER NOT NULL,
        try INTEGER,
        result TEXT,
        read_by INTEGER,
        PRIMARY KEY (intent, ask, document)
    ) WITHOUT ROWID;
    CREATE INDEX batch_requests_of_documents ON batch_requests (document);
    """,
    # What tells that a record is as it was written, and where in it its value stands; null of what has no whole value.
    """
    ALTER TABLE records ADD COLUMN checksum INTEGER;
    ALTER TABLE records ADD COLUMN value_start INTEGER;
    ALTER TABLE records ADD COLUMN value_end INTEGER;
    """,
    # What `documents` says of those of an earlier start, which does not change while this one lasts; null of others.
    """
    ALTER TABLE inputs ADD COLUMN earlier_outcome TEXT;
    ALTER TABLE inputs ADD COLUMN earlier_record INTEGER;
    """,
    # The same of any start, `known_start`, as it is noted when a document ends: the next start compares its input with
    # this, and looks up what is not known alone. Null together, and of what is asked for again; a start that may forget
    # anything else clears them.
    """
    ALTER TABLE inputs RENAME COLUMN earlier_outcome TO known_outcome;
    ALTER TABLE inputs RENAME COLUMN earlier_record TO known_record;
    ALTER TABLE inputs ADD COLUMN known_start INTEGER;
    """,
    # Blocks of rows that `inputs` has the documents of: so many from a position on. `digest`: of all that decides which
    # they are. They do not overlap, and one goes where a document of its is replaced.
    """
    CREATE TABLE blocks (position INTEGER PRIMARY KEY, digest BLOB NOT NULL, documents INTEGER NOT NULL);
    """,
)
"""How a ledger comes from each version to the next; the version is how many of them have been run."""

WITH_THINKING = 2
"""The first version whose tries count what was thought."""

WITH_BATCHES = 4
"""The first version that knows of batches."""


def migrate(database: sqlite3.Connection, place: str) -> None:
    """Bring a ledger, or an empty file, to this version, all of it or nothing. place: how errors name it.

    Raises LedgerError for one of a newer version, for a database that is no ledger, and for other tables.
    """
    application, version, tables = (
        database.execute(question).fetchone()[0]
        for question in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
    )
    if tables and application != APPLICATION:
        raise LedgerError(f"{place} is an SQLite database, and no ledger of slotfill")
    if version > len(MIGRATIONS):
        raise LedgerError(
            f"{place} is of version {version}, and this slotfill knows versions up to {len(MIGRATIONS)}: "
            "use a newer slotfill, or name another output"
        )
    if version < len(MIGRATIONS):
        database.executescript(
            f"""
            BEGIN IMMEDIATE;
            {"".join(MIGRATIONS[version:])}
            PRAGMA application_id = {APPLICATION};
            PRAGMA user_version = {len(MIGRATIONS)};
            COMMIT;
            """
        )
    _check_tables(database, place)


def _check_tables(database: sqlite3.Connection, place: str) -> None:
    """Refuse what is not above: a trigger would run by itself, an index may refuse what is paid for."""
    with closing(sqlite3.connect("")) as fresh:
        fresh.executescript("".join(MIGRATIONS))
        expected, actual = _tables(fresh), _tables(database)
    if expected != {part for part in actual if not part[1].startswith("sqlite_")}:  # SQLite's own: its statistics
        raise LedgerError(f"{place} is damaged: its tables are not those of a ledger; move it away to begin anew")


def _tables(database: sqlite3.Connection) -> set[tuple[str, str, str]]:
    """Return the kind, name and definition of all there is, without comments and white space."""
    rows = database.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {(kind, name, re.sub(r"--.*|\s+", "", sql)) for kind, name, sql in rows}
