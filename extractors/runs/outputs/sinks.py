"""Which sink an output is: by its name standard output, one JSON file, JSONL, a table or a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from slotfill.extractors.documents.urls import is_address
from slotfill.extractors.runs.outputs.json_sinks import FileSink, FolderSink, StreamSink
from slotfill.extractors.runs.outputs.output_files import Place, open_folder
from slotfill.extractors.runs.outputs.output_formats import OutputFormat, check_rejects, format_of
from slotfill.extractors.runs.outputs.plugged_sinks import SinkOptions, open_plugged_sink
from slotfill.extractors.runs.outputs.sink import Sink, placed_value, sourced_value, value, whole
from slotfill.extractors.runs.outputs.standard_streams import check_writable
from slotfill.schemas.schema import Schema

__all__ = ["open_rejects", "open_sink"]


def open_sink(
    output: str | None,
    stdout: IO[bytes],
    *,
    schema: Schema[Any],
    records: bool,
    several: bool,
    keep: Sequence[str] = (),
    run: str | None = None,
    placed: bool = False,
) -> Sink:
    """Open what `--output` names: by its suffix one value, JSONL or a table, else a folder; none or `-` is stdout.

    schema: of the values. records: write whole records in place of values. several: more than one document may come.
    keep: the columns of the input that stand beside a value; a record holds those that it has. run: its name.
    placed: whether where its parts stand is written beside a value, but in tables.

    Raises OutputError when the output cannot be written, cannot hold several values, or has the suffix of a format that
    is not written, and MissingExtraError when it needs what is not installed.
    """
    line, single = (whole, whole) if records else (placed_value,) * 2 if placed else (sourced_value(keep), value)
    if output is None or output == "-":
        check_writable(stdout)
        return StreamSink(stdout, line) if several else StreamSink(stdout, single, indent=2)
    place = output if is_address(output) else Path(output)
    match format_of(output, several=several):
        case OutputFormat.PLUGIN:
            options = SinkOptions(schema=schema, records=records, several=several, keep=keep, run=run)
            return open_plugged_sink(output, options)
        case OutputFormat.FOLDER:
            return FolderSink(Path(output), single)
        case OutputFormat.LINES:
            return FileSink(place, line)
        case OutputFormat.VALUE:
            return FileSink(place, single, indent=2)
        case table:
            return _open_table(place, table, schema, records=records, keep=keep, run=run)


def _open_table(
    place: Place, table: OutputFormat, schema: Schema[Any], *, records: bool, keep: Sequence[str], run: str | None
) -> Sink:
    """Open a table. Each kind of it is loaded only here: pyarrow is an extra, and not small."""
    if table in (OutputFormat.CSV, OutputFormat.TSV):
        from slotfill.extractors.runs.outputs.tables.csv_sink import CsvSink

        return CsvSink(place, schema, records=records, keep=keep, delimiter="," if table is OutputFormat.CSV else "\t")
    if table is OutputFormat.XLSX:
        from slotfill.extractors.runs.outputs.tables.xlsx_sink import XlsxSink

        return XlsxSink(place, schema, records=records, keep=keep)
    if table is OutputFormat.SQLITE:
        from slotfill.extractors.runs.outputs.tables.sqlite_sink import SqliteSink

        return SqliteSink(place, schema, records=records, keep=keep)
    if table is OutputFormat.PARTS:
        from slotfill.extractors.runs.outputs.tables.parts_sink import PartsSink

        return PartsSink(open_folder(place), schema, records=records, keep=keep, run=run)
    from slotfill.extractors.runs.outputs.tables.parquet_sink import ParquetSink

    return ParquetSink(place, schema, records=records, keep=keep)


def open_rejects(path: str) -> Sink:
    """Open the JSONL file of the records that hold no whole value. Raises OutputError as `open_sink` does."""
    check_rejects(path)
    return FileSink(path, whole)
