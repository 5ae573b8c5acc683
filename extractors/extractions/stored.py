"""Stored records, and the documents that they are of, found and read again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from slotfill.extractors.catalogue import model_ids
from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.joining.document_joining import join_documents
from slotfill.extractors.documents.readers.read_options import ReadKeywords
from slotfill.extractors.documents.sources import Sources, find_sources
from slotfill.extractors.errors import InputError
from slotfill.extractors.extractions.loading import check_record
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.schemas.built_in.built_ins import built_ins
from slotfill.schemas.json_values.exact_json import loads
from slotfill.schemas.json_values.json_types import JSONMapping, JSONObject

__all__ = ["folder_of", "may_be_at", "model_of", "own_file", "read_document", "read_record", "schema_of"]

_OTHERWISE = (
    "a record by itself leads to Claude models, built-in schemas and regular files below its own folder: name any "
    "other with -m MODEL, -s SCHEMA (such as -s models.py:Invoice) or --document PATH"
)


def read_record(name: str) -> JSONObject:
    """Read one record from a file.

    Args:
        name: A JSON file, or a line of a JSONL file, from 1: `records.jsonl#12`; `records.jsonl` where it has but one.

    Returns:
        The record as plain JSON data, as `Extraction.to_json` gave it.

    Raises:
        InputError: The file cannot be read, holds several records, or none.
    """
    path, line = _place(name)
    try:
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines() if line or path.suffix == ".jsonl" else [text]
        if not line and len(lines) > 1:
            raise InputError(f"{str(path)!r} holds {len(lines)} records: name one by its line, {path}#1")
        numbered = {str(number): one for number, one in enumerate(lines, 1)}
        record = loads(numbered[line or "1"])
    except KeyError:
        raise InputError(f"{name!r} holds no record: the file has {len(lines)} lines, from 1 on") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{name!r} holds no record: {error}") from None
    if not isinstance(record, dict) or not record.keys() >= {"slotfill", "document", "schema", "outcome"}:
        raise InputError(f"{name!r} holds no record: `slotfill extract --record` writes them")
    check_record(record)
    return record


def folder_of(name: str) -> Path:
    """Return the folder that a record stands in. Raises InputError where there is no such file."""
    return _place(name)[0].parent


def _place(name: str) -> tuple[Path, str]:
    path, _, line = (name, "", "") if os.path.lexists(name) else name.rpartition("#")
    if not path or (line and not line.isdecimal()):
        raise InputError(f"there is no file {name!r}")
    return Path(path), line


def schema_of(record: JSONMapping) -> str:
    """Return the built-in schema that a record names. Raises InputError for any other: nothing is imported for it."""
    name: str = record["schema"]["name"]
    if name not in built_ins():
        raise InputError(f"the record is of schema {name!r}, which is not built in; {_OTHERWISE}")
    return name


def model_of(record: JSONMapping) -> str:
    """Return the Claude model that a record names. Raises InputError for any other: no file is loaded for it."""
    model: str = record["model"]
    if not model_ids.is_claude(model):
        raise InputError(f"the record names model {model!r}, which is no Claude model; {_OTHERWISE}")
    return model


def read_document(
    record: JSONMapping,
    path: str | None = None,
    *,
    folder: Path = Path(),
    text_field: str | None = None,
    **reading: Unpack[ReadKeywords],
) -> Document:
    """Read the document that a record is of; its hash must be the same.

    Args:
        record: The record, as plain JSON data.
        path: A file or an address, with a row's `#12` or without, in place of the record's own source.
        folder: Where the record stands. Its source counts only where it is a regular file below this folder: a record
            of somebody else's leads neither to another host nor to a pipe.
        text_field: The field or column that holds a row's text.
        reading: How the file was read: as in `Document.read`.

    Returns:
        The document, under the source that the record names.

    Raises:
        InputError: It is not there, or has changed.
    """
    source, digest = record["document"]["source"], record["document"]["id"]
    if record["document"].get("inputs"):
        return _read_joined(record, path, folder, text_field, reading)
    if not (path or source) or (path or source) == "-":
        raise InputError(f"the record does not say where its document is ({source!r}): name the file with --document")
    if "#" in (path or source):
        reading["attachments"] = True  # it may be one; of any other file that changes nothing
    sources = _sources(path or own_file(source, folder), text_field, reading)
    for document in sources:
        if document.id == digest:
            return replace(document, source=source, columns=record["document"].get("columns", {}))
    name = sources.sources[0].name  # in which no password stands
    raise InputError(
        f"{name!r} is not the text that the record is of: it has changed since, or was read with other options "
        "(--pages, --pdf, --encoding, --raw, --text-field): name them here, too, or extract it again"
    )


def _read_joined(
    record: JSONMapping, path: str | None, folder: Path, text_field: str | None, reading: ReadKeywords
) -> Document:
    """Read all that a document was joined of, each text where it was."""
    note = record["document"]
    if path:
        raise InputError(
            f"the record is of {len(note['inputs'])} texts, which are read where they are: leave {path!r} out, and "
            "stand in the folder that their sources start from"
        )
    known: dict[str, dict[str, Document]] = {}
    parts = [_read_input(one, folder, text_field, reading, known) for one in note["inputs"]]
    joined = join_documents(parts, note["source"])
    if joined.id != note["id"]:
        raise InputError("the record is of passages, or of texts that were joined otherwise: pass the document itself")
    return replace(joined, source=note["source"])


def _read_input(
    one: JSONMapping, folder: Path, text_field: str | None, reading: ReadKeywords, known: dict[str, dict[str, Document]]
) -> Document:
    """Read a text that a document was joined of. known: by file what was read of it: a table has many rows."""
    source = one["source"]
    if one.get("error"):
        return Document("", one["id"], source, Failure(FailureKind(one["error"]["type"]), one["error"]["message"]))
    file = own_file(source, folder)
    if file not in known:
        reading = {**reading, "attachments": True} if "#" in source else reading
        known[file] = {document.id: document for document in _sources(file, text_field, reading)}
    if one["id"] not in known[file]:
        raise InputError(f"{source!r} is not the text that the record is of: it has changed since; {_OTHERWISE}")
    return replace(known[file][one["id"]], source=source)


def own_file(source: str, folder: Path, *further: Path) -> str:
    """Find the file that a record's source names, from a folder or the working one, without opening anything.

    Args:
        source: As the record has it: `mails.jsonl#12`.
        folder: Where the record stands.
        further: Other folders below which the file may lie.

    Returns:
        Its path, links followed.

    Raises:
        InputError: It is no regular file below one of the folders: a record of somebody else's leads to no other.
    """
    homes = [os.path.realpath(home) for home in (folder, *further)]
    for path in _paths(source, folder):
        is_file = os.path.isfile(path)  # noqa: PTH113 - Path takes not any name
        if is_file and any(os.path.commonpath((home, path)) == home for home in homes):
            return path
    raise InputError(f"the record's document {source!r} is no regular file below {str(folder)!r}; {_OTHERWISE}")


def may_be_at(source: str, folder: Path, path: str) -> bool:
    """Whether a path, with links followed, is one that a record's source may name, from a folder or the working one."""
    return path in _paths(source, folder)


def _paths(source: str, folder: Path) -> Iterator[str]:
    """Yield where the file of a source may be, links followed."""
    for name in _files(source):
        for start in (folder, os.curdir):
            with suppress(ValueError):  # a zero byte
                yield os.path.realpath(os.path.join(start, name))  # noqa: PTH118 - unlike Path it takes any name


def _files(source: str) -> Iterator[str]:
    """Yield what may be the file of a source. What follows a `#` of it may be a row's number or its own name."""
    while source:
        yield source
        source = source.rpartition("#")[0]


def _sources(path: str, text_field: str | None, reading: ReadKeywords) -> Sources:
    """Find the file that a path names, of a row, too."""
    try:
        return find_sources((path,), text_field=text_field, **reading)
    except InputError:
        file = path.rpartition("#")[0]
        if not file:
            raise
        return _sources(file, text_field, reading)
