"""Records read again: the extraction of a record, or the record itself, where it is as this program writes it."""

from __future__ import annotations

import json
from typing import TypeVar, cast

from slotfill.extractors.documents.document import Document
from slotfill.extractors.errors import InputError
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.extractions.stored_record import VERSION, DocumentNote, StoredRecord
from slotfill.extractors.record.parts import Outcome
from slotfill.extractors.record.stored_json import parse_stored, read_stored
from slotfill.schemas.errors import InvalidError, SchemaError
from slotfill.schemas.json_values.exact_json import dumps
from slotfill.schemas.json_values.json_types import JSONMapping, JSONObject
from slotfill.schemas.schema import Schema

__all__ = ["check_record", "load_record", "verify", "verify_shape"]

M = TypeVar("M")


def load_record(record: JSONMapping, schema: Schema[M], document: Document | None = None) -> Extraction[M]:
    """Make the extraction of a record again.

    Args:
        record: What `Extraction.to_json` gave, as plain JSON data.
        schema: What the record's value is read by.
        document: The text that the record is of, which a record does not hold; validators may look at it, and
            `Extractor.refine` needs it.

    Returns:
        The extraction, equal to the one that was written.

    Raises:
        SchemaError: What is given as a schema is none, but a model's class, say.
        InputError: It is no record, it is one of a newer version, or the schema refuses its value.
    """
    if not isinstance(cast("object", schema), Schema):  # a model's class, from code without types
        name = getattr(schema, "__name__", None) or repr(schema)
        raise SchemaError(f"load_record takes a Schema, not {name}: slotfill.schemas.resolve({name}) makes one of it")
    stored = check_record(record)
    try:
        return _extraction(stored, record, schema, document or _without_text(stored.document))
    except InvalidError as error:
        raise InputError(f"the record's value is none of schema {schema.name!r}: {error}") from None


def check_record(record: JSONMapping) -> StoredRecord:
    """Read plain JSON data that should be a record. Raises InputError for what is none, or one of a newer version."""
    version = record.get("slotfill")
    if version != VERSION:
        raise InputError(f"the record is of version {version!r}: this slotfill reads version {VERSION}")
    try:
        stored = parse_stored(json.dumps(record), StoredRecord)
        completed = _completed(record)
        return stored if completed == record else parse_stored(json.dumps(completed), StoredRecord)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"the record is damaged: {error}") from None


def verify(text: object, schema: Schema[M], document: str | None = None) -> JSONObject:
    """Read a record that this program may have written, as plain JSON data; its value is what the schema makes of it.

    document: the text, for validators that look at it.

    Raises ValueError, which says why it can be none, and quotes nothing of it.
    """
    record = verify_shape(text, schema)
    if Outcome(record["outcome"]).ok or record["value"] is not None:
        reply = record.get("reply", record["value"])
        try:
            record["value"] = schema.dump(schema.read_data(reply, document=document))
        except Exception:  # noqa: BLE001 - the model's own code may raise anything
            raise ValueError(f"its value is none of schema {schema.name!r}") from None
    return record


def verify_shape(text: object, schema: Schema[M]) -> JSONObject:
    """Do so, but for the value, which is as it stands there."""
    record = read_stored(text, StoredRecord)
    if record["schema"]["id"] != schema.id:
        raise ValueError("it is of another schema")
    return _completed(record)


def _completed(record: JSONMapping) -> JSONObject:
    """Return a record of an earlier slotfill with the figures that came later: nobody knows them."""
    attempts = [*map(_with_thoughts, record["attempts"])]
    return {**_with_thoughts(record), "attempts": attempts, "surcharge_usd": record.get("surcharge_usd")}


def _with_thoughts(part: JSONMapping) -> JSONMapping:
    if "usage" not in part:  # the form takes an attempt without it as one of no tokens, which nobody wrote
        raise ValueError("an attempt has no usage")
    usage = part["usage"]
    if "thinking_tokens" in usage:
        return part
    return {**part, "usage": {**usage, "thinking_tokens": usage.get("thinking_tokens")}}


def _extraction(stored: StoredRecord, record: JSONMapping, schema: Schema[M], document: Document) -> Extraction[M]:
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
        result=schema.validate(dumps(schema.wrap(reply)), document=document.quotable or None) if has_value else None,
        data=record["value"],
        reply=reply,
        invalid=record["invalid"],
        spans=stored.spans,
        confidence=stored.confidence,
        agreement=record.get("agreement") or {},
        probability=record.get("probability") or {},
        evidence=stored.evidence or {},
        evidence_usd=stored.evidence_usd if stored.evidence else None,
        edits=stored.edits,
        attempts=stored.attempts,
        cost_usd=stored.cost_usd,
        saved_usd=stored.saved_usd,
        surcharge_usd=stored.surcharge_usd,
        error=stored.error,
        chunks=stored.chunks,
        found_in=stored.found_in,
        conflicts=stored.conflicts,
        history=stored.history,
        digests=stored.schema.digests,
        parameters=stored.schema.parameters or {},
        taken_over=stored.taken_over,
    )


def _without_text(document: DocumentNote) -> Document:
    return Document("", document.id, document.source, columns=document.columns or {}, inputs=document.inputs)
