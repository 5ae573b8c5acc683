"""Which format an output is written in: its name says it."""

from __future__ import annotations

import os
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path

from slotfill.extractors.documents.urls import is_address, public
from slotfill.extractors.errors import OutputError
from slotfill.extractors.runs.outputs.plugged_sinks import plugged_sink

__all__ = ["OutputFormat", "check_rejects", "format_of"]


class OutputFormat(StrEnum):
    """What a file is, by its suffix; a name without one is a folder's, and with a slash behind it one of parts."""

    LINES = ".jsonl"
    VALUE = ".json"
    CSV = ".csv"
    TSV = ".tsv"
    XLSX = ".xlsx"
    PARQUET = ".parquet"
    PARTS = ".parquet/"
    SQLITE = ".db"
    FOLDER = ""
    PLUGIN = "plug-in"


_ALSO_LINES = ".ndjson"
_LINES = {"jsonlines", "log", "text", "txt"}
"""Suffixes under which lines of JSON are found, too: rejects may be written to them."""

_WRITTEN = "a .json, .jsonl, .ndjson, .csv, .tsv, .xlsx, .parquet or .db"

_MISSPELT = 0.82
"""How alike two suffixes are, with their dots, of which one is the other misspelt: `.jsnl`."""

_OTHERS = frozenset(
    (
        *("arrow", "avro", "bson", "cbor", "conf", "db3", "dbf", "dta", "duckdb", "feather", "geojson", "h5", "hdf5"),
        *("ini", "json5", "jsonc", "jsonlines", "jsonld", "log", "msgpack", "npy", "npz", "orc", "pickle"),
        *("parq", "pkl", "pq", "proto", "sas7bdat", "sav", "sql", "sqlite", "sqlite3", "tab", "toml", "xml", "yaml"),
        *("doc", "docx", "eml", "epub", "htm", "html", "md", "ods", "odt", "pdf", "pptx", "rst", "rtf", "tex", "text"),
        *("txt", "xhtml", "xls", "xlsb", "xlsm", "yml"),
        *("7z", "bz2", "gz", "tar", "tgz", "xz", "zip", "zst"),
    )
)
"""What the name of a file of another format ends in. A folder may be called so, too, with a slash at its end."""


def format_of(output: str, *, several: bool) -> OutputFormat:
    """Return the format of a file or folder. several: more than one document may come.

    Raises OutputError for a format that is not written, or that cannot hold several values.
    """
    if not output:
        raise OutputError("the output has an empty name: name a file or a folder")
    suffix, shown = Path(output).suffix.lower(), public(output)
    if output.endswith(("/", os.sep)):
        return OutputFormat.PARTS if suffix == OutputFormat.PARQUET else _folder(output)
    if plugged_sink(output):
        return OutputFormat.PLUGIN
    if suffix == OutputFormat.VALUE and several:
        raise OutputError(f"{shown!r} holds one value, and there are several documents: name a .jsonl or a folder")
    if suffix == _ALSO_LINES:
        return OutputFormat.LINES
    if suffix and suffix in [*OutputFormat]:
        return OutputFormat(suffix)
    meant = _misspelt(suffix)
    if (meant or suffix.removeprefix(".") in _OTHERS) and not os.path.isdir(output):  # noqa: PTH112 - never raises
        hint = f"did you mean {meant}? " if meant else ""
        raise OutputError(
            f"{shown!r} names a format that is not written: {hint}write {_WRITTEN}, or a folder, named {shown + '/'!r}"
        )
    return _folder(output)


def _misspelt(suffix: str) -> str:
    """Return the suffix that another one looks like, "" where it looks like none."""
    written = {*OutputFormat, _ALSO_LINES} - {OutputFormat.FOLDER, OutputFormat.PARTS, OutputFormat.PLUGIN}
    if suffix in written or suffix.removeprefix(".") in _OTHERS:
        return ""
    swapped = [one for one in written if sorted(one) == sorted(suffix)]  # .cvs
    return next(iter([*swapped, *get_close_matches(suffix, written, n=1, cutoff=_MISSPELT)]), "")


def _folder(output: str) -> OutputFormat:
    if is_address(output):
        raise OutputError(
            f"{public(output)!r} names a folder with a file each, which is not written elsewhere: name "
            f"{_WRITTEN}, or parts, .parquet/"
        )
    return OutputFormat.FOLDER


def check_rejects(path: str) -> None:
    """Refuse names of files of rejects that are no JSONL. Raises OutputError."""
    suffix = Path(path).suffix.lower()
    meant = _misspelt(suffix)
    tables = {*OutputFormat} - {OutputFormat.LINES, OutputFormat.VALUE, OutputFormat.FOLDER}
    if meant or suffix in tables or suffix.removeprefix(".") in _OTHERS - _LINES:
        raise OutputError(f"{public(path)!r} names a format that rejects are not written in: name a .jsonl")
