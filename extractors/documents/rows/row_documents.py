"""Rows -> documents, whatever the file is that they stand in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from slotfill.extractors.documents.decoding import binary_flaw_of
from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.place_map import NO_PLACES, PlaceMap, Stretch
from slotfill.extractors.documents.rows.row_fields import NO_FIELD, RowFields, RowMapping, field_of
from slotfill.extractors.record.failure_kinds import EMPTY, Failure, FailureKind
from slotfill.schemas.json_values.exact_json import MAX_JSON_DEPTH, dumps, loads
from slotfill.schemas.json_values.json_types import JSON, JSONObject

__all__ = ["row_document"]

_BETWEEN = "\n\n"
"""What stands between the fields of one text: they are paragraphs."""


def row_document(source: str, number: int, row: RowMapping | Failure, fields: RowFields) -> Document:
    """Make a document of a row, named `source#12`, or by its own name; one that holds none fails.

    source: the file's name. number: the row's, from 1.
    """
    name = f"{source}#{number}"
    if isinstance(row, Failure):
        return Document.unreadable(name, row)
    if fields.id is not None:
        label = field_of(row, fields.id)
        if isinstance(label, Failure):
            return Document.unreadable(name, label)
        if label is not NO_FIELD and label is not None and label != "":
            written = label if isinstance(label, str) else dumps(label)
            name = f"{source}#{written}".encode(errors="backslashreplace").decode()
    columns = _columns(row, number, fields.keep) if fields.keep else {}
    if isinstance(columns, Failure):
        return Document.unreadable(name, columns)
    text = row.get(fields.text)
    document = _of_text(text, name) if isinstance(text, str) else _of_texts(fields.texts(row), number, name)
    return replace(document, columns=columns) if columns else document


def _of_text(text: str, name: str, places: PlaceMap = NO_PLACES) -> Document:
    document = Document.of(text, name)
    if document.failure is None and (flaw := binary_flaw_of(text)):
        return Document.unreadable(name, flaw, text.encode())
    return replace(document, places=places) if places and not document.failure else document


def _of_texts(texts: Sequence[tuple[str, JSON]], number: int, name: str) -> Document:
    """Make a document of the fields of its text: those that hold something, as paragraphs."""
    for field, text in texts:
        if failure := _flaw_of_field(field, text, number, alone=len(texts) == 1):
            return Document.unreadable(name, failure)
    paragraphs = [(field, text) for field, text in texts if isinstance(text, str) and text.strip()]
    if not paragraphs:
        return Document.unreadable(name, EMPTY)
    if len(texts) == 1:
        return _of_text(paragraphs[0][1], name)
    stretches, start = [], 0
    for field, text in paragraphs:
        stretches.append(Stretch(start, start + len(text), {"field": field}))
        start += len(text) + len(_BETWEEN)
    return _of_text(_BETWEEN.join(text for _, text in paragraphs), name, PlaceMap(tuple(stretches)))


def _flaw_of_field(field: str, text: JSON, number: int, *, alone: bool) -> Failure | None:
    """Say why a field is no text. One of several may hold nothing."""
    if isinstance(text, str | Failure):
        return text if isinstance(text, Failure) else None
    if text is NO_FIELD or text is None:
        return Failure(FailureKind.BROKEN_ROW, f"row {number} has no {field!r}") if alone else None
    return Failure(FailureKind.BROKEN_ROW, f"row {number} holds no string in {field!r}")


def _columns(row: RowMapping, number: int, keep: Sequence[str]) -> JSONObject | Failure:
    """Return what is carried along, null for what the row does not have."""
    columns: JSONObject = {}
    for name in keep:
        value = field_of(row, name)
        if isinstance(value, Failure):
            return value
        columns[name] = None if value is NO_FIELD else value
        if isinstance(value, dict | list):
            try:
                loads(dumps(value))
            except (ValueError, RecursionError) as error:
                reason = str(error) if isinstance(error, ValueError) else f"it is nested over {MAX_JSON_DEPTH} times"
                return Failure(FailureKind.BROKEN_ROW, f"row {number} holds in {name!r} what cannot be kept: {reason}")
    return columns
