"""Which sink an output is: by its name standard output, one JSON file, JSONL, a table or a folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, Any

from slotfill.extractors.runs.outputs.json_sinks import FileSink, StreamSink
from slotfill.extractors.runs.outputs.named_sinks import SinkOptions, open_named_sink
from slotfill.extractors.runs.outputs.output_formats import check_rejects, sink_name
from slotfill.extractors.runs.outputs.sink import Sink, whole
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
    options = SinkOptions(schema=schema, records=records, several=several, keep=keep, run=run, placed=placed)
    if output is None or output == "-":
        check_writable(stdout)
        return StreamSink(stdout, options.in_line) if several else StreamSink(stdout, options.alone, indent=2)
    return open_named_sink(sink_name(output, several=several), output, options)


def open_rejects(path: str) -> Sink:
    """Open the JSONL file of the records that hold no whole value. Raises OutputError as `open_sink` does."""
    check_rejects(path)
    return FileSink(path, whole)
