"""A row a document, as an SQLite database: a table for the documents, and one for each list in their values."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from itertools import count

from slotfill.extractors.errors import OutputError
from slotfill.extractors.runs.outputs.named_sinks import SinkOptions
from slotfill.extractors.runs.outputs.output_files import open_file
from slotfill.extractors.runs.outputs.sink import Record, Sink
from slotfill.extractors.runs.outputs.tables.cells import CellValue, MisfitError, cell
from slotfill.extractors.runs.outputs.tables.columns import Column, Names, columns_of, standing_in
from slotfill.extractors.runs.outputs.tables.shapes import ColumnType, Items, Scalar, TableShape, shape_of
from slotfill.extractors.runs.outputs.tables.table_rows import Rows
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["SqliteSink"]

_POSITION = "position"

_BEYOND = 2**63
"""The first integer that SQLite does not hold."""

_TYPES = {
    ColumnType.TEXT: "TEXT",
    ColumnType.DATE: "TEXT",
    ColumnType.INSTANT: "TEXT",
    ColumnType.INTEGER: "INTEGER",
    ColumnType.NUMBER: "REAL",
    ColumnType.DECIMAL: "NUMERIC",
    ColumnType.BOOLEAN: "INTEGER",
    ColumnType.JSON: "TEXT",
}


class SqliteSink(Sink):
    """Writes one database, which appears whole. A document is one transaction."""

    def __init__(self, output: str, options: SinkOptions) -> None:
        names, schema = Names(), options.schema
        # SQLite keeps names with this start for itself.
        name = names.give(f"_{schema.name}" if schema.name.lower().startswith("sqlite_") else schema.name)
        self._rows = Rows(shape_of(schema.output_schema), records=options.records, keep=options.keep)
        self._documents = _Table.of_documents(name, self._rows, names)
        self._file = open_file(output)
        self._empty = True
        with ExitStack() as undone, self._as_output_errors():
            # AtomicFile has locked the output: no other process writes the file, and SQLite need not see to it.
            self._database = sqlite3.connect(f"{self._file.written.absolute().as_uri()}?nolock=1", uri=True)
            undone.callback(self._database.close)
            # It is not read before it is whole, and AtomicFile sees that it reaches the disk.
            self._database.execute("PRAGMA journal_mode = MEMORY")
            self._database.execute("PRAGMA synchronous = OFF")
            for table in self._documents.family():
                self._database.execute(table.definition())
            undone.pop_all()

    def write(self, record: Record) -> None:
        """Write the document's rows, all or none."""
        with self._as_output_errors(), self._database:
            self._documents.insert(self._database, (), self._rows.row(record, _cell))
        self._empty = False

    def commit(self, *, complete: bool) -> None:
        """Put the database in its place; without rows, only where the run went to its end."""
        if complete or not self._empty:
            with self._as_output_errors():
                self._database.close()
            self._file.commit()

    def discard(self) -> None:
        """Drop the database, unless it is in its place already."""
        self._database.close()
        self._file.discard()

    @contextmanager
    def _as_output_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            self._file.discard()
            raise OutputError(f"cannot write {self._file.name!r}: {error}") from None


@dataclass(frozen=True)
class _Reference:
    """How a list's items know the row that the list stands in: key is that row's number in the table."""

    table: str
    key: str


@dataclass(frozen=True)
class _Table:
    """A table: of the documents, or of a list's items, a row an item.

    key: the column of a row's number. keys: of a list's items, the columns of the parent's number and of the position;
    none for documents. parent: whose rows these items are of.
    columns: what stands in a row, lists included. children: by the name of their column, the tables of these lists.
    """

    name: str
    key: str
    columns: tuple[Column, ...]
    children: Mapping[str, _Table]
    keys: tuple[str, ...] = ()
    parent: _Reference | None = None
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @classmethod
    def of_documents(cls, name: str, rows: Rows, tables: Names) -> _Table:
        """Make the documents' table, and those below it. tables: gives each a name of its own."""
        key = rows.names.give(_key(name))
        return cls(name, key, rows.columns, cls._below(_Reference(name, key), rows.columns, tables))

    @classmethod
    def of_items(cls, name: str, item: TableShape, parent: _Reference, tables: Names) -> _Table:
        """Make the table of a list's items, and those below it."""
        names = Names()
        columns = columns_of(item, names)  # first, so that the model's own names stay as they are
        key, *keys = map(names.give, (_key(name), parent.key, _POSITION))
        return cls(name, key, columns, cls._below(_Reference(name, key), columns, tables), tuple(keys), parent)

    @classmethod
    def _below(cls, parent: _Reference, columns: tuple[Column, ...], tables: Names) -> Mapping[str, _Table]:
        children = {}
        for column in columns:
            if isinstance(column.shape, Items):
                name = tables.give("_".join((parent.table, *(column.path or (column.name,)))))
                children[column.name] = cls.of_items(name, column.shape.item, parent, tables)
        return children

    @property
    def numbered(self) -> bool:
        """Whether rows have a number of their own: those of the documents, and those with lists."""
        return self.parent is None or bool(self.children)

    def family(self) -> Iterator[_Table]:
        """Yield the table and all below it, parents first."""
        yield self
        for child in self.children.values():
            yield from child.family()

    def definition(self) -> str:
        """Write the statement that makes the table."""
        parts = [f"{_quoted(self.key)} INTEGER PRIMARY KEY"] * self.numbered
        if self.parent:
            key, position = map(_quoted, self.keys)
            referenced = f"{_quoted(self.parent.table)} ({_quoted(self.parent.key)})"
            parts.append(f"{key} INTEGER NOT NULL REFERENCES {referenced}")
            parts.append(f"{position} INTEGER NOT NULL")
        parts += [f"{_quoted(column.name)} {_TYPES[kind]}" for column, kind in self._scalars]
        if self.parent:
            parts.append(f"{'UNIQUE' if self.numbered else 'PRIMARY KEY'} ({key}, {position})")
        return f"CREATE TABLE {_quoted(self.name)} ({', '.join(parts)})"

    def insert(self, database: sqlite3.Connection, keys: tuple[int, ...], row: Iterable[JSON]) -> None:
        """Add a row, and those of its lists. keys: of a list's item, the parent's number and the position."""
        number = next(self.numbers)
        cells = {column.name: value for column, value in zip(self.columns, row, strict=True)}
        scalars = (cells[column.name] for column, _ in self._scalars)
        values = (*[number] * self.numbered, *keys, *scalars)
        database.execute(self._insertion, values)
        for name, child in self.children.items():
            for position, item in enumerate(cells[name] or ()):
                child.insert(database, (number, position), (standing_in(column, item) for column in child.columns))

    @cached_property
    def _scalars(self) -> tuple[tuple[Column, ColumnType], ...]:
        return tuple((column, column.shape.kind) for column in self.columns if isinstance(column.shape, Scalar))

    @cached_property
    def _insertion(self) -> str:
        marks = ", ".join("?" * (self.numbered + len(self.keys) + len(self._scalars)))
        return f"INSERT INTO {_quoted(self.name)} VALUES ({marks})"  # noqa: S608 - a quoted name


def _cell(shape: Scalar, value: JSON) -> CellValue:
    """Return a value as SQLite holds it: a decimal number as an integer, or as the double that is written like it."""
    held = cell(shape, value)
    if not isinstance(held, Decimal):
        return held
    if -_BEYOND < held < _BEYOND and held == int(held):
        return int(held)
    if Decimal(repr(float(held))) != held:
        raise MisfitError
    return float(held)


def _key(table: str) -> str:
    return f"{table}_id"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
