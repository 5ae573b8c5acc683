"""Sinks by name, slotfill's own and those of plug-ins: what each is opened with, and what guards a plug-in's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from slotfill.extractors.documents.urls import is_address
from slotfill.extractors.runs.outputs.sink import (
    Record,
    RecordView,
    Sink,
    placed_value,
    sourced_value,
    value,
    whole,
)
from slotfill.schemas.entry_points.installed_plugins import InstalledPlugin
from slotfill.schemas.entry_points.plugin_group import PluginGroup
from slotfill.schemas.schema import Schema

__all__ = ["FOLDER", "PARTS", "SINKS", "OpensSink", "SinkOptions", "open_named_sink", "plugged_sink"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkOptions:
    """What a run tells a sink that it opens.

    Attributes:
        schema: Of the values; `schema.output_schema` is their JSON Schema.
        records: Whether whole records are wanted (`--record`); else their values are.
        several: Whether more than one document may come.
        keep: The columns of the input that are to stand beside a value (`--keep`): a record's document has them in
            `columns`.
        run: The run's name; None where it has none.
        placed: Whether where its parts stand is wanted beside a value, as of several inputs together (`--across`).
    """

    schema: Schema[Any]
    records: bool = False
    several: bool = True
    keep: Sequence[str] = ()
    run: str | None = None
    placed: bool = False

    @property
    def alone(self) -> RecordView:
        """What is written of the only document."""
        return whole if self.records else placed_value if self.placed else value

    @property
    def in_line(self) -> RecordView:
        """What is written of one of several documents, in a line."""
        return whole if self.records else placed_value if self.placed else sourced_value(self.keep)


class OpensSink(Protocol):
    """What a name of the group `slotfill.sinks` means: a function, or a subclass of `Sink` that is made so."""

    def __call__(self, output: str, options: SinkOptions, /) -> Sink:
        """Open an output.

        Args:
            output: What `-o` says: `out.NAME` as a whole, of `NAME:target` the `target`.
            options: What is to be written.

        Raises:
            OutputError: It cannot be written: the message says what to do.
        """


_HERE = "slotfill.extractors.runs.outputs"

PARTS, FOLDER = "parquet/", "/"
"""The names of outputs that are folders: of parts of a table, or of a file a document."""

SINKS: PluginGroup[OpensSink] = PluginGroup(
    "slotfill.sinks",
    {
        "json": f"{_HERE}.json_sinks:open_value",
        "jsonl": f"{_HERE}.json_sinks:open_lines",
        "ndjson": f"{_HERE}.json_sinks:open_lines",
        "csv": f"{_HERE}.tables.csv_sink:CsvSink",
        "tsv": f"{_HERE}.tables.csv_sink:TsvSink",
        "xlsx": f"{_HERE}.tables.xlsx_sink:XlsxSink",
        "parquet": f"{_HERE}.tables.parquet_sink:ParquetSink",
        "db": f"{_HERE}.tables.sqlite_sink:SqliteSink",
        PARTS: f"{_HERE}.tables.parts_sink:PartsSink",
        FOLDER: f"{_HERE}.json_sinks:FolderSink",
    },
)
"""What writes the outputs whose names end so, `out.NAME`, or begin so where it is a plug-in, `NAME:target`."""


def plugged_sink(output: str) -> InstalledPlugin | None:
    """Find the plug-in that writes an output, by how its name begins or ends. Raises PluginError where two do."""
    if is_address(output) or output.endswith("/"):
        return None
    before, colon, _ = output.partition(":")
    named = SINKS.find(before) if colon else None
    suffix = Path(output).suffix.lower().removeprefix(".")
    return named or (SINKS.find(suffix) if suffix else None)


def open_named_sink(name: str, output: str, options: SinkOptions) -> Sink:
    """Open an output by a sink's name. Raises PluginError where a plug-in fails, and OutputError as the sink does."""
    opens = SINKS.load(name)
    if opens.plugin is None:
        return opens.value(output, options)
    with opens.named(f"opened {output!r}"):
        sink = opens.value(output.removeprefix(f"{name}:"), options)
        if not isinstance(sink, Sink):
            raise TypeError(f"it returned {type(sink).__name__}, which is no Sink")
    return _GuardedSink(opens.plugin, sink)


class _GuardedSink(Sink):
    """A plug-in's sink, whose errors name it."""

    def __init__(self, plugin: InstalledPlugin, sink: Sink) -> None:
        self._plugin, self._sink = plugin, sink
        self.live = bool(sink.live)

    def write(self, record: Record) -> None:
        with self._plugin.named("wrote a record"):
            self._sink.write(record)

    def commit(self, *, complete: bool) -> None:
        with self._plugin.named("kept what was written"):
            self._sink.commit(complete=complete)

    def discard(self) -> None:
        with self._plugin.named("was closed"):
            self._sink.discard()
