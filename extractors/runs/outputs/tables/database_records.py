"""Records read back from a database that `SqliteSink` wrote, as far as its tables hold them.

A row has the value, the spans, the outcome, the model and the cost; edits, attempts and conflicts stand in the run's
ledger alone. A truth is 1 or 0 there, as SQLite has no others.
"""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from slotfill.extractors.errors import InputError
from slotfill.schemas.json_values.exact_json import loads
from slotfill.schemas.json_values.json_types import JSON, JSONObject
from slotfill.schemas.json_values.pointer import join, tokens

__all__ = ["is_database", "records_in_database"]

_RECORD = (
    *("document_id", "outcome", "model", "cost_usd", "input_tokens", "output_tokens", "thinking_tokens"),
    *("error", "error_message"),
)
"""The columns of the record itself, side by side; with a number behind, where the value has one of that name."""

_NUMBERED = re.compile(r"_\d+$")


def is_database(path: Path) -> bool:
    """Whether a file is an SQLite database. Raises OSError where it cannot be read."""
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"


def records_in_database(path: Path) -> Iterator[JSONObject]:
    """Yield the records that the tables of a database hold, as plain JSON data.

    Raises InputError where it was not written with `--record`, or is damaged.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            documents = _documents_table(database)
            if documents is None:
                raise InputError(
                    f"{str(path)!r} holds no records, and no ledger of it is there: `slotfill extract --record` writes "
                    "them into a database, too"
                )
            yield from documents.records()
    except (sqlite3.Error, ValueError, LookupError, TypeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{str(path)!r} is no database of records, or damaged: {error}") from None


def _documents_table(database: sqlite3.Connection) -> _DocumentsTable | None:
    """Find the table with a row a document."""
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        table = _Table(database, name)
        plain = [_NUMBERED.sub("", column) for column in table.columns]
        for at in range(len(plain)):
            if tuple(plain[at : at + len(_RECORD)]) == _RECORD and plain[-2:] == ["spans", "rest"]:
                return _DocumentsTable(table, at)
    return None


@dataclass(frozen=True)
class _Table:
    """A table, and those of the lists within its rows."""

    database: sqlite3.Connection
    name: str

    @cached_property
    def columns(self) -> list[str]:
        """The names of its columns, in order."""
        return [row[1] for row in self.database.execute(f"PRAGMA table_info({_quoted(self.name)})")]

    @cached_property
    def children(self) -> list[tuple[_Table, str]]:
        """The tables of its lists, each with the column that names the row that an item is of."""
        names = self.database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid").fetchall()
        keys = [
            (name, row)
            for (name,) in names
            for row in self.database.execute(f"PRAGMA foreign_key_list({_quoted(name)})")
        ]
        return [
            (_Table(self.database, name), row[3]) for name, row in keys if row[2] == self.name and name != self.name
        ]

    def rows(self, column: str | None = None, value: JSON = None) -> Iterator[dict[str, JSON]]:
        """Yield rows by the names of their columns, all or those where a column has a value."""
        wanted = f" WHERE {_quoted(column)} = ? ORDER BY position" if column else ""
        rows = self.database.execute(
            f"SELECT * FROM {_quoted(self.name)}{wanted}",  # noqa: S608 - quoted names
            (value,) if column else (),
        )
        return (dict(zip(self.columns, map(_plain, row), strict=True)) for row in rows)

    def value(self, row: dict[str, JSON], names: Sequence[str], pointers: set[str], at: str = "") -> JSON:
        """Return the value that a row holds: what stands in columns, and its lists. pointers: where values stand."""
        value: JSONObject = {}
        for name in names:
            _put(value, name.split("."), row[name])
        for child, column in self.children:
            keys = _keys_of(child.name.removeprefix(f"{self.name}_"), pointers, at)
            inside = f"{at}{join(keys)}"
            own = [one for one in child.columns if one not in (column, "position") and one != f"{child.name}_id"]
            items = [
                child.value(item, own, pointers, f"{inside}/{number}")
                for number, item in enumerate(child.rows(column, row[self.columns[0]]))
            ]
            _put(value, keys, items)
        return value["value"] if [*value] == ["value"] and at else value


@dataclass(frozen=True)
class _DocumentsTable:
    """The table of the documents. at: where the columns of the record itself begin."""

    table: _Table
    at: int

    def records(self) -> Iterator[JSONObject]:
        """Yield a record a row."""
        columns = self.table.columns
        own = dict(zip(_RECORD, columns[self.at :], strict=False))
        names = columns[self.at + len(_RECORD) : -2]
        for row in self.table.rows():
            spans = loads(row[columns[-2]] or "{}")
            value = self.table.value(row, names, _prefixes(spans))
            for pointer, part in loads(row[columns[-1]] or "{}").items():
                _put(value, tokens(pointer), part)
            yield _record(self.table.name, row[columns[1]], {name: row[own[name]] for name in _RECORD}, value, spans)


def _record(schema: str, source: JSON, row: dict[str, JSON], value: JSON, spans: JSON) -> JSONObject:
    error = {"type": row["error"], "message": row["error_message"]} if row["error"] else None
    usage = {name: row[name] for name in ("input_tokens", "output_tokens", "thinking_tokens")}
    return {
        "slotfill": 1,
        "document": {"id": row["document_id"], "source": source, "chars": 0},
        "schema": {"name": schema, "id": ""},
        "model": row["model"],
        "outcome": row["outcome"],
        "value": None if error else value,
        "invalid": None,
        "spans": spans,
        "confidence": {},
        "edits": [],
        "attempts": [],
        "usage": usage | {"cache_read_tokens": None, "cache_write_tokens": None},
        "cost_usd": None if row["cost_usd"] is None else format(Decimal(repr(row["cost_usd"])), "f"),
        "saved_usd": None,
        "surcharge_usd": None,
        "ms": 0,
        "error": error,
        "chunks": [],
        "found_in": {},
        "conflicts": [],
        "history": [],
        "request_ids": [],
    }


def _keys_of(name: str, pointers: set[str], at: str) -> list[str]:
    """Return the keys that lead to a list, of its table's name: `order_lines` is one key, or `lines` within `order`.

    Where values of the list stand in the text their pointers tell.
    """
    parts = name.split("_")
    for length in range(1, len(parts)):
        head, *rest = ["_".join(parts[:length]), "_".join(parts[length:])]
        if f"{at}{join((head, *rest))}" in pointers:
            return [head, *rest]
    return [name]


def _prefixes(spans: JSONObject) -> set[str]:
    """Return the places that values stand in, and those that these are within."""
    return {join(keys[:length]) for keys in map(tokens, spans) for length in range(1, len(keys) + 1)}


def _put(value: JSON, keys: Sequence[str], part: JSON) -> None:
    """Put a part into a value, at the place that keys lead to."""
    *above, last = keys
    for key in above:
        value = value[int(key)] if isinstance(value, list) else value.setdefault(key, {})
    if isinstance(value, list):
        value[int(last)] = part
    else:
        value[last] = part


def _plain(cell: JSON) -> JSON:
    """Return what a cell holds as JSON has it."""
    if isinstance(cell, bytes):
        return cell.hex()
    return str(cell) if isinstance(cell, float) and not math.isfinite(cell) else cell


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
