"""Stored records, and the documents that they are of, read again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, NonNegativeInt, TypeAdapter, with_config

from slotfill.extractors import catalogue
from slotfill.extractors.documents.sources import Sources, find_sources
from slotfill.extractors.errors import InputError
from slotfill.extractors.record import stored_json
from slotfill.extractors.record.extraction import (
    VERSION,
    Attempt,
    ChunkRecord,
    Conflict,
    Document,
    Edit,
    Extraction,
    Origin,
    Outcome,
    Span,
    Turn,
    Usage,
)
from slotfill.extractors.record.failure_kinds import Failure
from slotfill.schemas.built_in.built_ins import built_ins
from slotfill.schemas.errors import InvalidError
from slotfill.schemas.json_values.exact_json import dumps, loads
from slotfill.schemas.schema import Schema

__all__ = ["folder_of", "load", "model_of", "read_document", "read_record", "schema_of", "verify", "verify_shape"]

M = TypeVar("M")


_OTHERWISE = (
    "a record by itself leads to Claude models, built-in schemas and regular files below its own folder: name any "
    "other with -m MODEL, -s SCHEMA (such as -s models.py:Invoice) or --document PATH"
)


def read_record(name: str) -> dict[str, Any]:
    """Read the record in a JSON file, or on one line of a JSONL file: `records.jsonl`, `records.jsonl#12`.

    Raises InputError for a file that cannot be read, holds several records, or none.
    """
    path, line = _place(name)
    try:
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines() if line or path.suffix == ".jsonl" else [text]
        if not line and len(lines) > 1:
            raise InputError(f"{str(path)!r} holds {len(lines)} records: name one by its line, {path}#1")
        record = loads(lines[int(line or 1) - 1])
    except (OSError, ValueError, IndexError) as error:
        raise InputError(f"{name!r} holds no record: {error}") from None
    if not isinstance(record, dict) or not record.keys() >= {"slotfill", "document", "schema", "outcome"}:
        raise InputError(f"{name!r} holds no record: `slotfill extract --record` writes them")
    _parsed(record)
    return record


def folder_of(name: str) -> Path:
    """Give the folder that a record stands in. Raises InputError where there is no such file."""
    return _place(name)[0].parent


def _place(name: str) -> tuple[Path, str]:
    path, _, line = (name, "", "") if os.path.lexists(name) else name.rpartition("#")
    if not path or (line and not line.isdecimal()):
        raise InputError(f"there is no file {name!r}")
    return Path(path), line


def schema_of(record: Mapping[str, Any]) -> str:
    """Give the built-in schema that a record names. Raises InputError for any other: nothing is imported for it."""
    name: str = record["schema"]["name"]
    if name not in built_ins():
        raise InputError(f"the record is of schema {name!r}, which is not built in; {_OTHERWISE}")
    return name


def model_of(record: Mapping[str, Any]) -> str:
    """Give the Claude model that a record names. Raises InputError for any other: no file is loaded for it."""
    model: str = record["model"]
    if not catalogue.is_claude(model):
        raise InputError(f"the record names model {model!r}, which is no Claude model; {_OTHERWISE}")
    return model


def read_document(
    record: Mapping[str, Any],
    path: str | None = None,
    *,
    folder: Path = Path(),
    text_field: str = "text",
    encoding: str | None = None,
) -> Document:
    """Read the document that a record is of, from its source or from another path; its hash must be the same.

    path: a file or an address, with a row's `#12` or without. folder: the source counts only where it is a regular
    file below it: a record of somebody else's leads neither to another host nor to a pipe.

    Raises InputError where it is not there, or has changed.
    """
    source, wanted = record["document"]["source"], record["document"]["id"]
    if not (path or source) or (path or source) == "-":
        raise InputError(f"the record does not say where its document is ({source!r}): name the file with --document")
    there = _found(path or _own_file(source, folder), {"text_field": text_field, "encoding": encoding})
    for document in there:
        if document.id == wanted:
            return replace(document, source=source)
    name = there.sources[0].name  # in which no password stands
    raise InputError(f"{name!r} is not the text that the record is of: it has changed since; extract it again")


def _own_file(source: str, folder: Path) -> str:
    """Find the file that a source names, from its folder or the working one, without opening anything."""
    home = os.path.realpath(folder)
    for name in _files(source):
        for start in (home, os.curdir):
            with suppress(ValueError):  # a zero byte
                path = os.path.realpath(os.path.join(start, name))  # noqa: PTH118 - unlike Path it takes any name
                if os.path.isfile(path) and os.path.commonpath((home, path)) == home:  # noqa: PTH113 - likewise
                    return path
    raise InputError(f"the record's document {source!r} is no regular file below {str(folder)!r}; {_OTHERWISE}")


def _files(source: str) -> Iterator[str]:
    """Give what may be the file of a source. What follows a `#` of it may be a row's number or its own name."""
    while source:
        yield source
        source = source.rpartition("#")[0]


def _found(path: str, reading: Mapping[str, Any]) -> Sources:
    """Find the file that a path names, of a row, too."""
    try:
        return find_sources((path,), **reading)
    except InputError:
        file = path.rpartition("#")[0]
        if not file:
            raise
        return _found(file, reading)


@with_config(extra="forbid")
@dataclass(frozen=True, slots=True)
class _Document:
    id: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    source: str | None
    chars: NonNegativeInt


@with_config(extra="forbid")
@dataclass(frozen=True, slots=True)
class _SchemaName:
    name: str
    id: str


@with_config(extra="forbid")
@dataclass(frozen=True, slots=True)
class _Stored:
    """What `Extraction.to_json` gives."""

    slotfill: Literal[1]
    document: _Document
    schema: _SchemaName
    model: str
    outcome: Outcome
    value: Any
    invalid: Any
    spans: dict[str, Span]
    confidence: dict[str, Origin]
    edits: tuple[Edit, ...]
    attempts: tuple[Attempt, ...]
    usage: Usage
    cost_usd: Decimal | None
    saved_usd: Decimal | None
    ms: NonNegativeInt
    error: Failure | None
    chunks: tuple[ChunkRecord, ...]
    found_in: dict[str, tuple[NonNegativeInt, ...]]
    conflicts: tuple[Conflict, ...]
    history: tuple[Turn, ...]
    request_ids: tuple[str, ...]
    surcharge_usd: Decimal | None = None
    reply: Any = None


_SHAPE = TypeAdapter(_Stored)


def load(record: Mapping[str, Any], schema: Schema[M], document: Document | None = None) -> Extraction[M]:
    """Make the extraction of a record again: what `Extraction.to_json` gave.

    schema: what the value is read by. document: its text; a record holds none.

    Raises InputError for what is no record, for one of a newer version, and for a value that the schema refuses.
    """
    stored = _parsed(record)
    try:
        return _extraction(stored, record, schema, document or _without_text(stored.document))
    except InvalidError as error:
        raise InputError(f"the record's value is none of schema {schema.name!r}: {error}") from None


def _parsed(record: Mapping[str, Any]) -> _Stored:
    version = record.get("slotfill")
    if version != VERSION:
        raise InputError(f"the record is of version {version!r}: this slotfill reads version {VERSION}")
    try:
        stored = stored_json.parse_stored(json.dumps(record), _SHAPE)
        completed = _completed(record)
        return stored if completed == record else stored_json.parse_stored(json.dumps(completed), _SHAPE)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"the record is damaged: {error}") from None


def verify(text: object, schema: Schema[Any], document: str | None = None) -> dict[str, Any]:
    """Read a record that this program may have written, as plain JSON data; its value is what the schema makes of it.

    document: the text, for validators that look at it.

    Raises ValueError, which says why it can be none, and quotes nothing of it.
    """
    record = verify_shape(text, schema)
    if Outcome(record["outcome"]).ok or record["value"] is not None:
        reply = record.get("reply", record["value"])
        try:
            record["value"] = schema.dump(schema.validate(dumps(schema.wrap(reply)), document=document))
        except Exception:  # noqa: BLE001 - the model's own code may raise anything
            raise ValueError(f"its value is none of schema {schema.name!r}") from None
    return record


def verify_shape(text: object, schema: Schema[Any]) -> dict[str, Any]:
    """Do so, but for the value, which is as it stands there."""
    record: dict[str, Any] = stored_json.read_stored(text, _SHAPE)
    if record["schema"]["id"] != schema.id:
        raise ValueError("it is of another schema")
    return _completed(record)


def _completed(record: Mapping[str, Any]) -> dict[str, Any]:
    """Give a record of an earlier slotfill the figures that came later: nobody knows them."""
    attempts = [_with_thoughts(attempt) for attempt in record["attempts"]]
    return {**_with_thoughts(record), "attempts": attempts, "surcharge_usd": record.get("surcharge_usd")}


def _with_thoughts(part: Mapping[str, Any]) -> dict[str, Any]:
    usage = part["usage"]
    return {**part, "usage": {**usage, "thinking_tokens": usage.get("thinking_tokens")}}


def _extraction(stored: _Stored, record: Mapping[str, Any], schema: Schema[M], document: Document) -> Extraction[M]:
    """Make it of its parts; values are taken from the record as it is, with all digits of their numbers."""
    has_value = stored.outcome.ok or record["value"] is not None
    reply = record.get("reply", record["value"])  # it stands there where the value is not written as it is read
    return Extraction(
        document=document,
        schema_name=stored.schema.name,
        schema_id=stored.schema.id,
        model=stored.model,
        outcome=stored.outcome,
        has_value=has_value,
        result=schema.validate(dumps(schema.wrap(reply)), document=document.text or None) if has_value else None,
        data=record["value"],
        reply=reply,
        invalid=record["invalid"],
        **{name: getattr(stored, name) for name in _PARTS},
    )


_PARTS = (
    *("spans", "confidence", "edits", "attempts", "cost_usd", "saved_usd", "surcharge_usd", "error"),
    *("chunks", "found_in", "conflicts", "history"),
)
"""What stands in a record as it does in an extraction."""


def _without_text(document: _Document) -> Document:
    return Document("", document.id, document.source)
