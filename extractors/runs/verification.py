"""Verification: a record of an earlier start is taken over only where slotfill can have written it for the schema."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Any

from slotfill.extractors.documents.document import Document
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.extractions.loading import verify, verify_shape
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.record.parts import Outcome
from slotfill.extractors.runs.ledger.identity import placed_key
from slotfill.extractors.runs.ledger.store import Ledger, LedgerRow, RecordCheck
from slotfill.schemas.json_values.exact_json import read_again
from slotfill.schemas.json_values.json_types import JSONMapping, JSONObject
from slotfill.schemas.schema import Schema

__all__ = ["Verification"]

_WITH_VALUE = frozenset(outcome.value for outcome in Outcome if outcome.ok)

_logger = logging.getLogger("slotfill")


class Verification:
    """Reads the records of a ledger, which may come with a folder of somebody else's.

    What is not sound becomes the record of a failure, and the next start asks about its document again. It is not
    looked for before a record is delivered: a million of them would hold up the first request for half a minute. Where
    validators look at the document's text, it is when the document is read: `check`.

    damaged: how many documents failed so, by the outcome that they were said to have.
    """

    def __init__(self, ledger: Ledger, schema: Schema[Any]) -> None:
        self.damaged: Counter[Outcome] = Counter()
        self._ledger, self._schema = ledger, schema
        self._to_forget: list[bytes] = []

    @property
    def check(self) -> RecordCheck | None:
        """What tells whether a record is sound, by its document; None where that is not needed."""
        return self._is_sound if self._schema.needs_context else None

    def _is_sound(self, text: object, document: Document) -> bool:
        try:
            record = verify_shape(text, self._schema)
            return bool(verify(text, self._schema, document.quotable)["value"] == record["value"])
        except ValueError:
            return False

    def value_alone(self, entry: LedgerRow) -> JSONObject | None:
        """Return of the record of a document that was extracted what an output of values holds; None for others.

        It takes a fifth of the time of the whole record, which is read where this is None.
        """
        if entry.outcome not in _WITH_VALUE or (entry.earlier and self._schema.needs_context):
            return None
        text = entry.seal.value_in(entry.record, entry.document, self._schema.id, entry.outcome)
        if text is None:
            return None
        try:
            value = self._schema.dump(self._schema.read_written(text)) if entry.earlier else read_again(text)
        except Exception:  # noqa: BLE001 - the model's own code may raise anything; the whole record tells what is wrong
            return None
        return {"document": {}, "outcome": entry.outcome, "value": value}

    def record(self, entry: LedgerRow) -> JSONObject:
        """Return what came of a document that has ended, as plain JSON data."""
        if not entry.earlier:
            record: JSONObject = read_again(entry.record or "")
            return record
        try:
            return self._sound_record(entry)
        except ValueError as error:
            return self._failed_record(entry, str(error))

    def forget(self) -> None:
        """Have the next start ask about what was damaged. Not while entries are being read."""
        if self._to_forget:
            self._ledger.forget(self._to_forget)
            self._to_forget.clear()

    def _sound_record(self, entry: LedgerRow) -> JSONObject:
        known = self._schema.needs_context  # checked when its document was read
        record = (verify_shape if known else verify)(entry.record, self._schema)
        # What cannot be read has a key that is of more than its bytes.
        same = not Outcome(record["outcome"]).ok or _key_in(record["document"]) == entry.document
        if not same or record["outcome"] != entry.outcome:
            raise ValueError("it is of another document, or outcome")
        return record

    def _failed_record(self, entry: LedgerRow, reason: str) -> JSONObject:
        self.damaged[Outcome(str(entry.outcome))] += 1
        self._to_forget.append(entry.document)
        message = f"its record in {self._ledger.place} is damaged: {reason}; the same command asks about it again"
        _logger.error("%s: failed: %s [%s]", entry.source or "the text", message, FailureKind.DAMAGED)
        document, failure = Document("", entry.document.hex(), entry.source), Failure(FailureKind.DAMAGED, message)
        schema = self._schema
        failed: Extraction[None] = Extraction(document, schema.name, schema.id, "", Outcome.FAILED, error=failure)
        return failed.to_json()


def _key_in(document: JSONMapping) -> bytes:
    return placed_key(document["id"], bytes.fromhex(document.get("places", "")))
