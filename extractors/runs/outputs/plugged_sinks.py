"""Sinks of plug-ins: which of them an output's name means, and what guards it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from slotfill.extractors.documents.urls import is_address
from slotfill.extractors.runs.outputs.sink import Record, Sink
from slotfill.schemas.entry_points.installed_plugins import InstalledPlugin
from slotfill.schemas.entry_points.plugin_group import PluginGroup
from slotfill.schemas.schema import Schema

__all__ = ["SINKS", "OpensSink", "SinkOptions", "open_plugged_sink", "plugged_sink"]

_HERE = "slotfill.extractors.runs.outputs"
_LINES = f"{_HERE}.json_sinks:FileSink"

SINKS = PluginGroup(
    "slotfill.sinks",
    {
        **dict.fromkeys(("json", "jsonl", "ndjson"), _LINES),
        **dict.fromkeys(("csv", "tsv"), f"{_HERE}.tables.csv_sink:CsvSink"),
        "db": f"{_HERE}.tables.sqlite_sink:SqliteSink",
        "parquet": f"{_HERE}.tables.parquet_sink:ParquetSink",
        "xlsx": f"{_HERE}.tables.xlsx_sink:XlsxSink",
    },
)
"""What writes the outputs whose names end, or begin, so: `out.NAME`, `NAME:…`; a plug-in gives an `OpensSink`."""


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
    """

    schema: Schema[Any]
    records: bool = False
    several: bool = True
    keep: Sequence[str] = ()
    run: str | None = None


class OpensSink(Protocol):
    """What a plug-in of the group `slotfill.sinks` gives: a function, or a subclass of `Sink` that is made so."""

    def __call__(self, output: str, options: SinkOptions, /) -> Sink:
        """Open an output.

        Args:
            output: What `-o` says: `out.NAME` as a whole, of `NAME:target` the `target`.
            options: What is to be written.

        Raises:
            OutputError: It cannot be written: the message says what to do.
        """


def plugged_sink(output: str) -> InstalledPlugin | None:
    """Find the plug-in that writes an output, by how its name begins or ends. Raises PluginError where two do."""
    if is_address(output) or output.endswith("/"):
        return None
    before, colon, _ = output.partition(":")
    named = SINKS.find(before) if colon else None
    suffix = Path(output).suffix.lower().removeprefix(".")
    return named or (SINKS.find(suffix) if suffix else None)


def open_plugged_sink(output: str, options: SinkOptions) -> Sink:
    """Open an output by its plug-in. Raises PluginError where that fails, and OutputError as it does."""
    plugin = cast("InstalledPlugin", plugged_sink(output))
    opens = cast("OpensSink", plugin.load())
    with plugin.named(f"opened {output!r}"):
        sink = opens(output.removeprefix(f"{plugin.name}:"), options)
        if not isinstance(sink, Sink):
            raise TypeError(f"it returned {type(sink).__name__}, which is no Sink")
    return _GuardedSink(plugin, sink)


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
