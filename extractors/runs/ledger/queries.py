"""What a ledger is asked in SQL. Nothing in the statements comes from outside: values are bound."""

# ruff: noqa: S608 - see above

from __future__ import annotations

from collections.abc import Iterable

from slotfill.extractors.record.parts import Outcome
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.runs.ledger.retrying import RETRY_LATER

__all__ = [
    "ADDED_COUNTS",
    "ADD_BLOCK",
    "ADD_INPUT",
    "ADD_RECORD",
    "ADD_TRY",
    "BLOCK_COUNTS",
    "DROP_BLOCKS",
    "ENTRIES",
    "FAILED",
    "FAILED_ON_THE_WAY",
    "FORGET",
    "FORGET_END",
    "KNOWN_COUNTS",
    "LAST_START",
    "NOTE_END",
    "OUTCOMES",
    "RECORD",
    "SETTLE_TRY",
    "SPENT",
    "STALE_REFUSALS",
    "START_TIMES",
    "add_inputs",
    "unknown_documents",
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

_OUTCOMES = _listed(outcome.value for outcome in Outcome)

_IS_SOUND = (
    f"(typeof(start) = 'integer' AND outcome IN {_OUTCOMES} "
    "AND typeof(failure) IN ('null', 'text') AND typeof(record) = 'integer')"
)
"""Holds of what slotfill wrote: SQLite takes any type into any column, `'1'` or a blob for a number too."""

ADD_RECORD = "INSERT INTO records (document, record, checksum, value_start, value_end) VALUES (?, ?, ?, ?, ?)"

# A batch of documents has all their keys, one behind the other, as ?2, and their sources in JSON as ?3; the first one
# stands at the position ?1.
_KEY = "substr(?2, 32 * key + 1, 32)"

KNOWN_COUNTS = (
    "SELECT known_outcome, count(*) FROM json_each(?3) CROSS JOIN inputs ON position = ?1 + key "
    f"WHERE document = {_KEY} AND source IS value AND columns IS NULL AND known_start < ?4 "
    f"AND known_outcome IN {_OUTCOMES} GROUP BY 1"
)
"""Count those of a batch that stand in `inputs` as they are, and had ended before the start ?4, by how they did.

That takes a tenth of the time of looking them up by their keys, which are anywhere, and nothing is written.
"""

ADD_INPUT = "REPLACE INTO inputs (position, document, source, columns) VALUES (?, ?, ?, ?)"


def add_inputs(to_retry: str) -> str:
    """Add a batch, with what came of those that ended before the start ?4 and are not asked about again."""
    return (
        "REPLACE INTO inputs (position, document, source, known_outcome, known_record, known_start) "
        f"SELECT ?1 + key, {_KEY}, value, outcome, record, start FROM json_each(?3) LEFT JOIN documents "
        f"ON document = {_KEY} AND start < ?4 AND {_IS_SOUND} AND ({to_retry}) IS NOT TRUE"
    )


_NOTE = "UPDATE inputs SET (known_outcome, known_record, known_start)"

NOTE_END = f"{_NOTE} = (?, ?, ?) WHERE position = ?"

FORGET_END = f"{_NOTE} = (NULL, NULL, NULL) WHERE hex(document) IN (SELECT value FROM json_each(?))"
"""Do so wherever documents stand, by their keys in hex, of capital letters, as JSON."""

_OF_BATCH = "position >= ? AND position < ?"
_KNOWN_ALREADY = "known_outcome IS NOT NULL"

ADDED_COUNTS = f"SELECT known_outcome, count(*) FROM inputs WHERE {_OF_BATCH} AND {_KNOWN_ALREADY} GROUP BY 1"
"""Count those of a batch that were added as having ended before, by how they did."""


def unknown_documents(to_retry: str) -> str:
    """Ask for the others, and what else is said of them: whether it is sound, and whether it is to be tried again."""
    return (
        f"SELECT position, document, outcome, failure, start < ?, {_IS_SOUND}, ({to_retry}) IS TRUE "
        f"FROM inputs LEFT JOIN documents USING (document) WHERE {_OF_BATCH} AND NOT ({_KNOWN_ALREADY})"
    )


# Blocks of rows.

BLOCK_COUNTS = (
    "SELECT documents, known_outcome, count(*) FROM blocks CROSS JOIN inputs "
    "ON inputs.position >= ?1 AND inputs.position < ?1 + documents "
    "WHERE blocks.position = ?1 AND digest = ?2 AND columns IS NULL AND known_start < ?3 "
    f"AND known_outcome IN {_OUTCOMES} AND typeof(document) = 'blob' AND length(document) = 32 "
    "AND typeof(source) IN ('text', 'null') GROUP BY 2"
)
"""Count those of the block ?2 at the position ?1 that had ended before the start ?3, by how they did.

With how many there are in it. Their keys and sources are not compared with anything, and so must be such at least.
"""

ADD_BLOCK = "REPLACE INTO blocks VALUES (?, ?, ?)"

DROP_BLOCKS = (
    "DELETE FROM blocks WHERE position < ?2 AND position + documents > ?1 "
    "AND position >= (SELECT ifnull(max(position), ?1) FROM blocks WHERE position <= ?1)"
)
"""Of those that begin before the position ?1 the last one alone can hold it: they do not overlap."""

# Records and outcomes.

RECORD = (
    "SELECT max(records.record) FROM documents JOIN records ON number = documents.record WHERE documents.document = ?"
)
FORGET = "DELETE FROM documents WHERE document = ?"

OUTCOMES = f"SELECT outcome, count(*) FROM inputs JOIN documents USING (document) WHERE {_OF_BATCH} GROUP BY 1"

# A document is looked for by its key where it is not known already: that takes twice as long as all the rest.
ENTRIES = (
    "SELECT position, inputs.document, source, columns, ifnull(known_outcome, outcome), ifnull(known_start, start), "
    "failure, records.record, checksum, value_start, value_end FROM inputs "
    "LEFT JOIN documents ON documents.document = CASE WHEN known_record IS NULL THEN inputs.document END "
    "LEFT JOIN records ON records.number = ifnull(known_record, documents.record) "
    "WHERE position >= ? AND position < ? ORDER BY position"
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
