"""Which documents of a ledger are old, and what the ledger holds of them. Statements alone; values are bound.

A document is as old as the last answer that came for it, and as the start in which it ended. What has neither, such as
a row of the input that was never asked about, is as old as the ledger's last start.
"""

# ruff: noqa: S608 - the names of tables are our own

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime

__all__ = ["PERSONAL", "count_old", "delete_old", "is_all_old", "select_old"]

PERSONAL = ("documents", "records", "answers", "texts", "inputs", "batch_requests")
"""The tables that hold anything of documents. `tries`, what was paid, and `starts` hold nothing of them."""

_OLD_STARTS = """
    CREATE TEMP TABLE old_starts AS
    SELECT number FROM main.starts WHERE at < :before AND bears(labels, :labels)
"""

_OLD_DOCUMENTS = """
    CREATE TEMP TABLE old_documents AS
    SELECT document FROM (
        -- Those that have ended, and of which no later answer came.
        SELECT document FROM main.documents WHERE start IN old_starts OR start = 0
        UNION
        -- Those that were asked about, and have not ended; of a run that was begun anew, too.
        SELECT document FROM main.answers WHERE document NOT IN (SELECT document FROM main.documents)
        UNION
        -- What belongs to nothing of that.
        SELECT document FROM orphans WHERE (SELECT max(number) FROM main.starts) IN old_starts
    )
    WHERE document NOT IN (
        SELECT document FROM main.answers WHERE at >= :before OR start NOT IN old_starts
    )
    AND document NOT IN open_documents
"""

_ORPHANS = """
    CREATE TEMP TABLE orphans AS
    SELECT document FROM (
        SELECT document FROM main.inputs UNION SELECT document FROM main.records UNION SELECT document FROM main.texts
    )
    WHERE document NOT IN (SELECT document FROM main.documents)
    AND document NOT IN (SELECT document FROM main.answers)
"""

_OPEN_DOCUMENTS = """
    CREATE TEMP TABLE open_documents AS
    SELECT DISTINCT document FROM main.batch_requests JOIN main.batches USING (intent)
    WHERE state IN ('intended', 'created')
"""

_NO_OPEN_DOCUMENTS = "CREATE TEMP TABLE open_documents (document BLOB)"


def select_old(database: sqlite3.Connection, before: datetime, labels: Mapping[str, str]) -> None:
    """Note in a connection which documents are old: `count_old` and `delete_old` go by that.

    Args:
        database: A ledger, of any version. Nothing of it is changed.
        before: What is from this instant on is not old.
        labels: What the starts must bear that it is of.
    """
    tables = _tables(database)
    database.create_function("bears", 2, _bears, deterministic=True)
    for name in ("old_documents", "orphans", "open_documents", "old_starts"):
        database.execute(f"DROP TABLE IF EXISTS temp.{name}")
    values = {"before": before.timestamp(), "labels": json.dumps(dict(labels))}
    database.execute(_OLD_STARTS, values)
    database.execute(_OPEN_DOCUMENTS if "batches" in tables else _NO_OPEN_DOCUMENTS)
    database.execute(_ORPHANS)
    database.execute(_OLD_DOCUMENTS, values)
    database.execute("CREATE INDEX temp.by_document ON old_documents (document)")


def count_old(database: sqlite3.Connection) -> dict[str, int]:
    """Count by table what stands there of old documents."""
    return {table: _count(database, table) for table in PERSONAL if table in _tables(database)}


def delete_old(database: sqlite3.Connection) -> None:
    """Delete it, within a transaction, and the digests of all blocks of rows: any may be of an old one."""
    for table in PERSONAL:
        database.execute(f"DELETE FROM main.{table} WHERE document IN old_documents")
    database.execute("DELETE FROM main.blocks")


def is_all_old(database: sqlite3.Connection) -> bool:
    """Whether nothing is left of any document, and all starts are old: the ledger holds no more than costs."""
    left = any(database.execute(f"SELECT EXISTS (SELECT 1 FROM main.{table})").fetchone()[0] for table in PERSONAL)
    young = database.execute("SELECT EXISTS (SELECT 1 FROM main.starts WHERE number NOT IN old_starts)").fetchone()[0]
    return not left and not young


def _count(database: sqlite3.Connection, table: str) -> int:
    (count,) = database.execute(f"SELECT count(*) FROM main.{table} WHERE document IN old_documents").fetchone()
    return int(count)


def _tables(database: sqlite3.Connection) -> set[str]:
    return {name for (name,) in database.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")}


def _bears(labels: object, wanted: str) -> bool:
    """Whether a start's labels, as JSON, hold all that are wanted. The file may be anybody's."""
    try:
        own = json.loads(labels) if isinstance(labels, str) else {}
    except ValueError:
        own = {}
    return isinstance(own, dict) and json.loads(wanted).items() <= own.items()
