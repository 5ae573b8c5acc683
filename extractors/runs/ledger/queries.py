"""What a ledger is asked in SQL. Nothing in the statements comes from outside: values are bound."""

# ruff: noqa: S608 - see above

from __future__ import annotations

from collections.abc import Iterable

from slotfill.extractors.record.parts import Outcome
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.runs.ledger.retrying import RETRY_LATER

__all__ = [
    "ADD_INPUT",
    "ADD_INPUTS",
    "ADD_RECORD",
    "ADD_TRY",
    "DAMAGED_DOCUMENTS",
    "EARLIER_COUNTS",
    "EARLIER_RECORDS",
    "ENTRIES",
    "FAILED",
    "FAILED_ON_THE_WAY",
    "IS_DAMAGED",
    "LAST_START",
    "OUTCOMES",
    "OUTCOME_COUNTS",
    "PENDING_POSITIONS",
    "SETTLE_TRY",
    "SPENT",
    "STALE_REFUSALS",
    "START_TIMES",
    "documents_to_retry",
    "has_documents",
]


def _listed(values: Iterable[str]) -> str:
    return f"({', '.join(map(repr, sorted(values)))})"


def _local_time(at: str) -> str:
    """Return the expression for a time of the clock; null where it is none."""
    return f"strftime('%Y-%m-%d %H:%M:%S', {at}, 'unixepoch', 'localtime')"


# Starts.

START_TIMES = f"SELECT {_local_time('min(at)')}, {_local_time('max(at)')} FROM starts WHERE number >= ? AND number < ?"
"""Of the first and the last of some starts."""

LAST_START = f"SELECT printf('%d', process), {_local_time('at')} FROM starts ORDER BY number DESC LIMIT 1"
"""Whose it is, and since when. The file may be anybody's: a process that is no number reads as 0."""

# Documents, and which of them are asked about again.

FAILED_ON_THE_WAY = f"failure IN {_listed(RETRY_LATER)}"
"""Holds of what the next start asks about in any case."""

FAILED = f"({FAILED_ON_THE_WAY} OR outcome IN {_listed(outcome.value for outcome in Outcome if not outcome.ok)})"
"""Holds of that, and of all that ended without a whole value."""

IS_DAMAGED = (
    f"NOT (typeof(start) = 'integer' AND outcome IN {_listed(outcome.value for outcome in Outcome)} "
    "AND typeof(failure) IN ('null', 'text') AND typeof(record) = 'integer')"
)
"""Holds of what slotfill did not write: SQLite takes any type into any column, `'1'` or a blob for a number too."""


def has_documents(condition: str) -> str:
    """Ask whether a condition holds of any document."""
    return f"SELECT EXISTS (SELECT 1 FROM documents WHERE {condition})"


ADD_RECORD = "INSERT INTO records (document, record, checksum, value_start, value_end) VALUES (?, ?, ?, ?, ?)"

ADD_INPUT = "INSERT INTO inputs (position, document, source, columns) VALUES (?, ?, ?, ?)"
ADD_INPUTS = (
    "INSERT INTO inputs (position, document, source, earlier_outcome, earlier_record) "
    "SELECT ?1 + key, substr(?2, 32 * key + 1, 32), value, outcome, record FROM json_each(?3) "
    "LEFT JOIN documents ON document = substr(?2, 32 * key + 1, 32) AND start < ?4"
)
"""Add the documents from a position on, of which there are all keys, one behind the other, and the sources in JSON.

With what came of those that ended before a start; of none where that is null.
"""

EARLIER_COUNTS = "SELECT earlier_outcome, count(*) FROM inputs WHERE position >= ? GROUP BY 1"

_ENDED = "FROM inputs JOIN documents USING (document)"
_WITH_RECORD = "LEFT JOIN records ON records.number = documents.record"

DAMAGED_DOCUMENTS = f"SELECT position, document {_ENDED} WHERE position >= ? AND {IS_DAMAGED}"
EARLIER_RECORDS = (
    f"SELECT position, inputs.document, records.record {_ENDED} {_WITH_RECORD} WHERE position >= ? AND start < ?"
)
OUTCOME_COUNTS = f"SELECT outcome, start < ?, count(*) {_ENDED} WHERE position >= ? GROUP BY 1, 2"
OUTCOMES = f"SELECT outcome, count(*) {_ENDED} GROUP BY outcome"


def documents_to_retry(condition: str) -> str:
    """Ask for the documents from a position on of which a condition holds, and that an earlier start has ended."""
    return f"SELECT document, failure {_ENDED} WHERE position >= ? AND start < ? AND {condition}"


PENDING_POSITIONS = (
    "SELECT position FROM inputs LEFT JOIN documents USING (document) "
    "WHERE position >= ? AND outcome IS NULL ORDER BY position"
)
# A document is looked for by its key where it is not known already: that takes twice as long as all the rest.
ENTRIES = (
    "SELECT position, inputs.document, source, columns, ifnull(earlier_outcome, outcome), start, failure, "
    "records.record, checksum, value_start, value_end FROM inputs "
    "LEFT JOIN documents ON documents.document = CASE WHEN earlier_record IS NULL THEN inputs.document END "
    "LEFT JOIN records ON records.number = ifnull(earlier_record, documents.record) "
    "WHERE position >= ? ORDER BY position"
)

# Answers.

STALE_REFUSALS = (
    "UPDATE answers SET stale = 1 "
    "WHERE document = ? AND json_valid(answer) AND json_extract(answer, '$.failure') IS NOT NULL"
)
"""Have a document's refusals asked for again."""

# Tries.

SETTLE_TRY = f"UPDATE tries SET {', '.join(f'{name} = ?' for name in ('picodollars', *Usage.COUNTED))} WHERE number = ?"

ADD_TRY = (
    f"INSERT INTO tries (start, at, model, picodollars, {', '.join(Usage.COUNTED)}) "
    f"VALUES (?, ?, ?, ?, {', '.join('?' for _ in Usage.COUNTED)})"
)

_KNOWN = "typeof(picodollars) = 'integer' AND picodollars >= 0"  # what else stands there is not ours

SPENT = (
    f"SELECT sum(picodollars) FILTER (WHERE {_KNOWN}), count(*) FILTER (WHERE NOT ({_KNOWN})) FROM tries "
    "WHERE start >= ?"
)
"""The sum from a start on, and how many tries have no price."""
