"""JSON on standard output, in one file, in lines, or in a folder of files."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from slotfill.extractors.documents.document import Document
from slotfill.extractors.errors import OutputError
from slotfill.extractors.record.json_text import json_text
from slotfill.extractors.runs.outputs.folder_layout import FolderLayout
from slotfill.extractors.runs.outputs.named_sinks import SinkOptions
from slotfill.extractors.runs.outputs.output_files import Place, open_file
from slotfill.extractors.runs.outputs.output_folders import LocalFolder
from slotfill.extractors.runs.outputs.sink import Record, RecordView, Sink
from slotfill.extractors.runs.outputs.standard_streams import check_writable
from slotfill.extractors.streaming.events import Partial
from slotfill.extractors.terminal.streams import takes_colour
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["FileSink", "FolderSink", "StreamSink", "encode", "open_lines", "open_value", "part_writer", "show_json"]


def part_writer(stream: IO[bytes]) -> Callable[[Document, Partial[Any]], None]:
    """Return what writes each part that a stream completes as a JSON line, with its rung; a new rung begins anew."""
    check_writable(stream)

    def write(document: Document, partial: Partial[Any]) -> None:
        for part in partial.parts:
            line = {"source": document.source, "rung": partial.rung.value, "path": part.path, "value": part.value}
            show_json(stream, line)

    return write


def show_json(stream: IO[bytes], data: JSON, *, indent: int | None = None) -> None:
    """Write JSON to an open stream at once, on a terminal in colour. Raises OutputError."""
    try:
        stream.write(_coloured(encode(data, indent=indent)) if takes_colour(stream) else encode(data, indent=indent))
        stream.flush()
    except BrokenPipeError:
        raise  # the reader has had enough: no error, and click knows how to end
    except OSError as error:
        raise OutputError(f"cannot write to standard output: {error.strerror or error}") from None


def encode(data: JSON, *, indent: int | None = None) -> bytes:
    """Write JSON in UTF-8, with no control character that could reach a terminal, and a line end."""
    return f"{json_text(data, indent=indent)}\n".encode()


def _coloured(data: bytes) -> bytes:
    from slotfill.extractors.terminal.json_colours import coloured_json

    return coloured_json(data.decode()).encode()


class StreamSink(Sink):
    """Writes to an open stream, each value at once: a line each, or indented."""

    live = True

    def __init__(self, stream: IO[bytes], view: RecordView, *, indent: int | None = None) -> None:
        self._stream, self._view, self._indent = stream, view, indent

    def write(self, record: Record) -> None:
        """Write what is to be written of it and flush it."""
        show_json(self._stream, self._view(record), indent=self._indent)


class FileSink(Sink):
    """Writes one file, which appears whole: JSONL, or one indented value."""

    def __init__(self, place: Place, view: RecordView, *, indent: int | None = None) -> None:
        self._file = open_file(place)
        self.live = self._file.in_place
        self._view, self._indent = view, indent
        self._empty = True

    def write(self, record: Record) -> None:
        """Write what is to be written of it."""
        self._file.add(encode(self._view(record), indent=self._indent))
        self._empty = False

    def commit(self, *, complete: bool) -> None:
        """Put the file in its place. No lines make an empty file, but no value makes none."""
        if not self._empty or (complete and self._indent is None):
            self._file.commit()

    def discard(self) -> None:
        """Drop the file, unless it is in its place already."""
        self._file.discard()


def open_lines(output: str, options: SinkOptions) -> Sink:
    """Open a file of a line a document."""
    return FileSink(output, options.in_line)


def open_value(output: str, options: SinkOptions) -> Sink:
    """Open a file of one value."""
    return FileSink(output, options.alone, indent=2)


class FolderSink(Sink):
    """Writes one JSON file a document, each at once: its source's path below the folder, plus `.json`."""

    live = True

    def __init__(self, output: str, options: SinkOptions) -> None:
        self._folder, self._view = LocalFolder(Path(output)), options.alone
        with self._folder.as_output_errors(sqlite3.Error):
            self._layout = FolderLayout()

    def write(self, record: Record) -> None:
        """Write the document's file, unless it is there as it would be: a run that goes on comes by all of them."""
        self._folder.check()
        with self._folder.as_output_errors(sqlite3.Error):
            place = self._layout.path_for(record["document"]["source"])
        data = encode(self._view(record), indent=2)
        if _holds(self._folder.path / place, data):
            return
        file = self._folder.open(place)
        try:
            file.write(data)
            file.commit()
        finally:
            file.discard()

    def commit(self, *, complete: bool) -> None:  # noqa: ARG002 - each file is in its place already
        """See that the folder is there still."""
        self._folder.check()

    def discard(self) -> None:
        """Keep the files: each is whole."""
        self._layout.close()
        self._folder.release()


def _holds(path: Path, data: bytes) -> bool:
    with suppress(OSError):
        return path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data
    return False
