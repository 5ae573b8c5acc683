"""Which format an output is written in: its name says it."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path

from slotfill.extractors.documents.urls import is_address, public
from slotfill.extractors.errors import OutputError
from slotfill.extractors.runs.outputs.named_sinks import FOLDER, PARTS, SINKS, plugged_sink

__all__ = ["check_rejects", "sink_name"]


_VALUE = "json"
_FILES = frozenset(SINKS.built_ins) - {PARTS, FOLDER}
_TABLES = _FILES - {_VALUE, "jsonl", "ndjson"}
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


def sink_name(output: str, *, several: bool) -> str:
    """Return the name, among `SINKS`, of what writes a file or folder. several: more than one document may come.

    Raises OutputError for a format that is not written, or that cannot hold several values.
    """
    if not output:
        raise OutputError("the output has an empty name: name a file or a folder")
    ending, shown = _ending(output), public(output)
    if output.endswith(("/", os.sep)):
        return PARTS if f"{ending}/" == PARTS else _folder(output)
    if plugin := plugged_sink(output):
        return plugin.name
    if ending == _VALUE and several:
        raise OutputError(f"{shown!r} holds one value, and there are several documents: name a .jsonl or a folder")
    if ending in _FILES:
        return ending
    meant = _misspelt(ending)
    if (meant or ending in _OTHERS) and not os.path.isdir(output):  # noqa: PTH112 - never raises
        hint = f"did you mean {meant}? " if meant else ""
        raise OutputError(
            f"{shown!r} names a format that is not written: {hint}write {_WRITTEN}, or a folder, named {shown + '/'!r}"
        )
    return _folder(output)


def _ending(output: str) -> str:
    return Path(output).suffix.lower().removeprefix(".")


def _misspelt(ending: str) -> str:
    """Return the suffix that another one looks like, "" where it looks like none."""
    if ending in _FILES | _OTHERS:
        return ""
    suffix, written = f".{ending}", [f".{one}" for one in _FILES]
    swapped = [one for one in written if sorted(one) == sorted(suffix)]  # .cvs
    return next(iter([*swapped, *get_close_matches(suffix, written, n=1, cutoff=_MISSPELT)]), "")


def _folder(output: str) -> str:
    if is_address(output):
        raise OutputError(
            f"{public(output)!r} names a folder with a file each, which is not written elsewhere: name "
            f"{_WRITTEN}, or parts, .parquet/"
        )
    return FOLDER


def check_rejects(path: str) -> None:
    """Refuse names of files of rejects that are no JSONL. Raises OutputError."""
    ending = _ending(path)
    if _misspelt(ending) or ending in _TABLES | (_OTHERS - _LINES):
        raise OutputError(f"{public(path)!r} names a format that rejects are not written in: name a .jsonl")
