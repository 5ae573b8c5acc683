"""Which format an output is written in: its name says it."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path

from slotfill.extractors.documents.urls import is_address, public
from slotfill.extractors.errors import OutputError

__all__ = ["OutputFormat", "check_rejects", "format_of"]


class OutputFormat(StrEnum):
    """What a file is, by its suffix; a name without one is a folder's, and with a slash behind it one of parts."""

    LINES = ".jsonl"
    VALUE = ".json"
    CSV = ".csv"
    PARQUET = ".parquet"
    PARTS = ".parquet/"
    SQLITE = ".db"
    FOLDER = ""


_LINES = {"jsonlines", "log", "ndjson", "text", "txt"}
"""Suffixes under which lines of JSON are found, too."""

_OTHERS = frozenset(
    (
        *("arrow", "avro", "bson", "cbor", "conf", "db3", "dbf", "dta", "duckdb", "feather", "geojson", "h5", "hdf5"),
        *("ini", "json5", "jsonc", "jsonlines", "jsonld", "log", "msgpack", "ndjson", "npy", "npz", "orc", "pickle"),
        *("pkl", "pq", "proto", "sas7bdat", "sav", "sql", "sqlite", "sqlite3", "tab", "toml", "tsv", "xml", "yaml"),
        *("doc", "docx", "eml", "epub", "htm", "html", "md", "ods", "odt", "pdf", "pptx", "rst", "rtf", "tex", "text"),
        *("txt", "xhtml", "xls", "xlsb", "xlsm", "xlsx", "yml"),
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
    if suffix == OutputFormat.VALUE and several:
        raise OutputError(f"{shown!r} holds one value, and there are several documents: name a .jsonl or a folder")
    if suffix and suffix in [*OutputFormat]:
        return OutputFormat(suffix)
    if suffix.removeprefix(".") in _OTHERS and not os.path.isdir(output):  # noqa: PTH112 - never raises
        raise OutputError(
            f"{shown!r} names a format that is not written: write a .json, .jsonl, .csv, .parquet or .db, or a "
            f"folder, named {shown + '/'!r}"
        )
    return _folder(output)


def _folder(output: str) -> OutputFormat:
    if is_address(output):
        raise OutputError(
            f"{public(output)!r} names a folder with a file each, which is not written elsewhere: name a .jsonl, "
            ".json, .csv, .parquet or .db, or parts, .parquet/"
        )
    return OutputFormat.FOLDER


def check_rejects(path: str) -> None:
    """Refuse names of files of rejects that are no JSONL. Raises OutputError."""
    suffix = Path(path).suffix.lower()
    tables = (OutputFormat.CSV, OutputFormat.PARQUET, OutputFormat.SQLITE)
    if suffix in tables or suffix.removeprefix(".") in _OTHERS - _LINES:
        raise OutputError(f"{public(path)!r} names a format that rejects are not written in: name a .jsonl")
