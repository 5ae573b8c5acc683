"""The records that a run's ledger holds, read without taking part in the run."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from slotfill.extractors.errors import LedgerError
from slotfill.extractors.runs.ledger.lock import check_file
from slotfill.extractors.runs.ledger.migrations import APPLICATION, MIGRATIONS
from slotfill.extractors.runs.ledger.queries import FAILED_ON_THE_WAY
from slotfill.schemas.json_values.exact_json import loads, read_again
from slotfill.schemas.json_values.json_types import JSON, JSONObject

__all__ = ["is_ledger", "records_from", "records_of", "retained_text"]

_RECORDS = """
    SELECT inputs.source, records.record FROM inputs
    JOIN documents USING (document) JOIN records ON records.number = documents.record ORDER BY position
"""

_FROM = f"""
    SELECT position, inputs.source, columns, records.record FROM inputs
    JOIN documents USING (document) JOIN records ON records.number = documents.record
    WHERE position >= ? AND ({FAILED_ON_THE_WAY}) IS NOT TRUE ORDER BY position LIMIT ?
"""  # noqa: S608 - our own


def is_ledger(path: Path) -> bool:
    """Whether a file is marked as a ledger. Raises OSError where it cannot be read."""
    with path.open("rb") as file:
        start = file.read(72)
    return start.startswith(b"SQLite format 3\0") and start[68:72] == APPLICATION.to_bytes(4)


def records_of(path: Path) -> Iterator[JSONObject]:
    """Yield the records of a ledger's documents, in the input's order. The file is only read, and may be in use.

    Raises LedgerError for what is no ledger of a known version, or is damaged.
    """
    with _opened(path) as database:
        for source, text in database.execute(_RECORDS):
            yield _record(source, text)


def records_from(path: Path, first: int, most: int, *, final: bool) -> list[tuple[int, JSONObject]]:
    """Return some of the records of a ledger that may be in use, in the input's order, each with its position.

    first: the position from which on. most: how many at most. final: whether what failed on the way to the service is
    to be tried no more; else it has no record yet.

    Raises LedgerError as `records_of` does.
    """
    question = _FROM.replace(FAILED_ON_THE_WAY, "FALSE") if final else _FROM
    found = []
    with _opened(path) as database:
        for position, source, columns, text in database.execute(question, (first, most)):
            record = _record(source, text)
            record["document"].pop("columns", None)
            if columns is not None:
                record["document"]["columns"] = read_again(columns)
            found.append((position, record))
    return found


def retained_text(path: Path, key: bytes) -> str | None:
    """Return the text of a document, by its `placed_key`, where a ledger was kept with `--retention all`; else None.

    Raises LedgerError as `records_of` does.
    """
    with _opened(path) as database:
        row = database.execute("SELECT text FROM texts WHERE document = ?", (key,)).fetchone()
    return row[0] if row and isinstance(row[0], str) else None


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a ledger to read in it. Whatever is wrong with it, then too, is a LedgerError that names it."""
    place = f"the run's ledger {str(path)!r}"
    check_file(path, place)
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            _check_version(database)
            yield database
    except (sqlite3.Error, LedgerError, ValueError) as error:
        raise LedgerError(f"{place} cannot be read: {error}") from None


def _check_version(database: sqlite3.Connection) -> None:
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise LedgerError(f"it is of version {version}, which a newer slotfill reads")


def _record(source: JSON, text: JSON) -> JSONObject:
    """Read a record; its source is that of the input, as documents of one text have one record."""
    record = loads(text) if isinstance(text, str) else None
    if not isinstance(record, dict) or not isinstance(record.get("document"), dict):
        raise LedgerError("what stands there was not written by slotfill")
    record["document"]["source"] = source
    return record
