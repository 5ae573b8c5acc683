"""A row a document, as CSV (RFC 4180), or parted by tabs, that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import ClassVar

from slotfill.extractors.record.json_text import escaped
from slotfill.extractors.runs.outputs.named_sinks import SinkOptions
from slotfill.extractors.runs.outputs.output_files import open_file
from slotfill.extractors.runs.outputs.sink import Record, Sink
from slotfill.extractors.runs.outputs.tables.shapes import shape_of, with_lists_as_cells
from slotfill.extractors.runs.outputs.tables.table_rows import Rows
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["CsvSink", "TsvSink"]

# OWASP's list, in half and full width; apostrophes before it, so that the one put there can be taken away again.
_FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?", re.ASCII)


class CsvSink(Sink):
    """Writes one CSV file in UTF-8, which appears whole: a header, and a row a document."""

    delimiter: ClassVar = ","

    def __init__(self, output: str, options: SinkOptions) -> None:
        shape = with_lists_as_cells(shape_of(options.schema.output_schema))
        self._rows = Rows(shape, records=options.records, keep=options.keep)
        self._file = open_file(output)
        self._empty = True
        self._write(column.name for column in self._rows.columns)

    def write(self, record: Record) -> None:
        """Write the document's row."""
        self._write(self._rows.row(record))
        self._empty = False

    def commit(self, *, complete: bool) -> None:
        """Put the file in its place; without rows, only where the run went to its end."""
        if complete or not self._empty:
            self._file.commit()

    def discard(self) -> None:
        """Drop the file, unless it is in its place already."""
        self._file.discard()

    def _write(self, cells: Iterable[JSON]) -> None:
        line = io.StringIO(newline="")
        csv.writer(line, delimiter=self.delimiter).writerow(map(_cell_text, cells))
        self._file.add(line.getvalue().encode())


class TsvSink(CsvSink):
    """Writes the same, parted by tabs."""

    delimiter = "\t"


def _cell_text(cell: JSON) -> str:
    if cell is None:
        return ""
    if not isinstance(cell, str):
        return str(cell) if isinstance(cell, Decimal) else json.dumps(cell)
    text = escaped(cell)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text
