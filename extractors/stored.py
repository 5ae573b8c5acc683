"""Stored records, and the documents that they are of, read again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from slotfill.extractors.documents import Sources, find
from slotfill.extractors.errors import InputError
from slotfill.extractors.record import (
    VERSION,
    Attempt,
    Conflict,
    Document,
    Edit,
    Exchange,
    Extraction,
    Failure,
    Found,
    Outcome,
    Reading,
    Rung,
    Span,
    Usage,
)
from slotfill.schemas.errors import FieldError, InvalidError
from slotfill.schemas.schema import Schema

__all__ = ["load", "read_document", "read_record"]

M = TypeVar("M")


def read_record(name: str) -> dict[str, Any]:
    """Read the record in a JSON file, or on one line of a JSONL file: `records.jsonl`, `records.jsonl#12`.

    Raises InputError for a file that cannot be read, holds several records, or none.
    """
    path, _, line = (name, "", "") if Path(name).exists() else name.rpartition("#")
    if not path or (line and not line.isdecimal()):
        raise InputError(f"there is no file {name!r}")
    try:
        text = Path(path).read_text(encoding="utf-8")
        lines = text.splitlines() if line or path.endswith(".jsonl") else [text]
        if not line and len(lines) > 1:
            raise InputError(f"{path!r} holds {len(lines)} records: name one by its line, {path}#1")
        record = json.loads(lines[int(line or 1) - 1])
    except (OSError, ValueError, IndexError) as error:
        raise InputError(f"{name!r} holds no record: {error}") from None
    if not isinstance(record, dict) or not record.keys() >= {"slotfill", "document", "schema", "outcome"}:
        raise InputError(f"{name!r} holds no record: `slotfill extract --record` writes them")
    return record


def read_document(
    record: Mapping[str, Any], path: str | None = None, *, text_field: str = "text", encoding: str | None = None
) -> Document:
    """Read the document that a record is of, from its source or from another path; its hash must be the same.

    Raises InputError where it is not there, or has changed.
    """
    source, wanted = record["document"]["source"], record["document"]["id"]
    place = path or source
    if not place or place == "-":
        raise InputError(f"the record does not say where its document is ({source!r}): name the file with --document")
    reading: dict[str, Any] = {"text_field": text_field, "encoding": encoding}
    there = find((path,), **reading) if path else _found(place, reading)
    for document in there:
        if document.id == wanted:
            return replace(document, source=source)
    name = there.sources[0].name  # in which no password stands
    raise InputError(f"{name!r} is not the text that the record is of: it has changed since; extract it again")


def _found(source: str, reading: Mapping[str, Any]) -> Sources:
    """Find the file that a source names. What follows a `#` of it may be a row's number or its own name."""
    try:
        return find((source,), **reading)
    except InputError:
        file, row, _ = source.rpartition("#")
        if not row:
            raise
        return _found(file, reading)


def load(record: Mapping[str, Any], schema: Schema[M], document: Document | None = None) -> Extraction[M]:
    """Make the extraction of a record again: what `Extraction.to_json` gave.

    schema: what the value is read by. document: its text; a record holds none.

    Raises InputError for what is no record, for one of a newer version, and for a value that the schema refuses.
    """
    version = record.get("slotfill")
    if version != VERSION:
        raise InputError(f"the record is of version {version!r}: this slotfill reads version {VERSION}")
    try:
        return _extraction(record, schema, document or _without_text(record["document"]))
    except InvalidError as error:
        raise InputError(f"the record's value is none of schema {schema.name!r}: {error}") from None
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise InputError(f"the record is damaged: {type(error).__name__}: {error}") from None


def _extraction(record: Mapping[str, Any], schema: Schema[M], document: Document) -> Extraction[M]:
    outcome, error = Outcome(record["outcome"]), record["error"]
    has_value = outcome.ok or record["value"] is not None
    return Extraction(
        document=document,
        schema_name=record["schema"]["name"],
        schema_id=record["schema"]["id"],
        model=record["model"],
        outcome=outcome,
        has_value=has_value,
        result=schema.load(record["value"]) if has_value else None,
        data=record["value"],
        invalid=record["invalid"],
        spans={path: Span(**span) for path, span in record["spans"].items()},
        confidence=record["confidence"],
        edits=tuple(Edit(**edit) for edit in record["edits"]),
        attempts=tuple(map(_attempt, record["attempts"])),
        cost_usd=_usd(record["cost_usd"]),
        saved_usd=_usd(record["saved_usd"]),
        error=Failure(**error) if error else None,
        chunks=tuple(map(_reading, record["chunks"])),
        found_in={path: tuple(chunks) for path, chunks in record["found_in"].items()},
        conflicts=tuple(map(_conflict, record["conflicts"])),
        history=tuple(Exchange(**turn) for turn in record["history"]),
    )


def _attempt(stored: Mapping[str, Any]) -> Attempt:
    errors = tuple(FieldError(**error) for error in stored["errors"])
    read = {"rung": Rung(stored["rung"]), "errors": errors, "usage": Usage(**stored["usage"])}
    return Attempt(**{**stored, **read})


def _reading(stored: Mapping[str, Any]) -> Reading:
    error, fields = stored["error"], stored["fields"]
    read = {"outcome": Outcome(stored["outcome"]), "error": Failure(**error) if error else None}
    return Reading(**{**stored, **read, "fields": None if fields is None else tuple(fields)})


def _conflict(stored: Mapping[str, Any]) -> Conflict:
    return Conflict(**{**stored, "others": tuple(Found(**found) for found in stored["others"])})


def _without_text(document: Mapping[str, Any]) -> Document:
    return Document("", document["id"], document["source"])


def _usd(amount: str | None) -> Decimal | None:
    return None if amount is None else Decimal(amount)
