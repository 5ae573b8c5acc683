"""A row a document, as Parquet whose types are the schema's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Any

from slotfill.extractors.errors import OutputError
from slotfill.extractors.runs.outputs.atomic_files import AtomicFile
from slotfill.extractors.runs.outputs.named_sinks import SinkOptions
from slotfill.extractors.runs.outputs.output_files import open_file
from slotfill.extractors.runs.outputs.sink import Record, Sink
from slotfill.extractors.runs.outputs.tables.cells import CellValue
from slotfill.extractors.runs.outputs.tables.shapes import ColumnType, Items, Scalar, TableShape, shape_of
from slotfill.extractors.runs.outputs.tables.table_rows import Rows
from slotfill.extractors.runs.outputs.tables.typed_cells import digits_of, places_of, typed_cell, with_places
from slotfill.schemas.errors import MissingExtraError
from slotfill.schemas.json_values.json_types import JSON

try:
    import pyarrow as pa
    from pyarrow import parquet
except ModuleNotFoundError as error:
    if error.name != "pyarrow":
        raise
    raise MissingExtraError("Parquet needs the extra `tables`: pip install 'slotfill[tables]'") from error

__all__ = ["ParquetSink", "RowGroups", "arrow_cell", "arrow_type"]

_ROWS = 500
"""After how many documents their values become an Arrow batch, which takes a fraction of the memory."""

_GROUP = 16 * 2**20
"""After how many bytes of batches they are written, as a row group."""

_TYPES = {
    ColumnType.TEXT: pa.string(),
    ColumnType.DATE: pa.date32(),
    ColumnType.INSTANT: pa.timestamp("us", tz="UTC"),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.NUMBER: pa.float64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.JSON: pa.string(),
}


class ParquetSink(Sink):
    """Writes one Parquet file, which appears whole."""

    def __init__(self, output: str, options: SinkOptions) -> None:
        rows = Rows(shape_of(options.schema.output_schema), records=options.records, keep=options.keep)
        self._groups = RowGroups(open_file(output), rows)

    def write(self, record: Record) -> None:
        """Take the document's row. It is written with others."""
        self._groups.add(record)

    def commit(self, *, complete: bool) -> None:
        """Put the file in its place; without rows, only where the run went to its end."""
        if complete or self._groups.count:
            self._groups.end()
            self._groups.file.commit()

    def discard(self) -> None:
        """Drop the file, unless it is in its place already."""
        self._groups.discard()


class RowGroups:
    """Rows written into a file that is Parquet once they have ended, in groups: memory does not grow with them.

    file: is dropped where it cannot be written: what is half written is no Parquet.
    schema: Arrow's, of the rows. count: how many there are.
    """

    def __init__(self, file: AtomicFile, rows: Rows) -> None:
        self.file, self._rows = file, rows
        self.schema = pa.schema([(column.name, arrow_type(column.shape)) for column in rows.columns])
        self.count = 0
        self._waiting: list[list[JSON]] = []
        self._batches: list[Any] = []
        with self._as_output_errors():
            # Bytes, since not every path is Unicode.
            self._stream = pa.OSFile(os.fsencode(file.written), "wb")
            self._writer = parquet.ParquetWriter(self._stream, self.schema)

    def add(self, record: Record) -> None:
        """Take a record's row."""
        self._waiting.append(self._rows.row(record, arrow_cell))
        self.count += 1
        if len(self._waiting) == _ROWS:
            self._pack()
            if sum(batch.nbytes for batch in self._batches) > _GROUP:
                self._flush()

    def end(self) -> None:
        """Write what is left, and close the file, unless it is dropped."""
        if self.file.ended:
            return
        self._pack()
        self._flush()
        with self._as_output_errors():
            self._writer.close()
            self._stream.close()

    def discard(self) -> None:
        """Drop the file, unless it is in its place already."""
        with suppress(OSError, pa.ArrowException):
            self._writer.close()
        with suppress(OSError):
            self._stream.close()
        self.file.discard()

    def _pack(self) -> None:
        columns = zip(*self._waiting, strict=True)
        arrays = [pa.array(column, of.type) for column, of in zip(columns, self.schema, strict=False)]
        if arrays:
            self._batches.append(pa.record_batch(arrays, schema=self.schema))
        self._waiting = []

    def _flush(self) -> None:
        with self._as_output_errors():
            self._writer.write_table(pa.Table.from_batches(self._batches, self.schema))
        self._batches = []

    @contextmanager
    def _as_output_errors(self) -> Iterator[None]:
        try:
            yield
        except (OSError, pa.ArrowException) as error:
            self.file.discard()
            raise OutputError(f"cannot write {self.file.name!r}: {error}") from None


def arrow_type(shape: TableShape) -> Any:
    """Return the type of Arrow's that a shape has."""
    if isinstance(shape, Scalar):
        is_decimal = shape.kind is ColumnType.DECIMAL
        return pa.decimal128(digits_of(shape), places_of(shape)) if is_decimal else _TYPES[shape.kind]
    if isinstance(shape, Items):
        return pa.list_(arrow_type(shape.item))
    return pa.struct([(key, arrow_type(part)) for key, part in shape.fields.items()])


def arrow_cell(shape: Scalar, value: JSON) -> CellValue:
    """Return a value as Arrow's types take it: decimal numbers with as many digits as their column."""
    held = typed_cell(shape, value)
    return with_places(held, shape) if isinstance(held, Decimal) else held
