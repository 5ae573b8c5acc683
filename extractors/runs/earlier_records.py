"""The records of an earlier run, by their documents: on disk, as there may be a million."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from slotfill.extractors.documents.document import Document
from slotfill.extractors.errors import InputError
from slotfill.extractors.runs.record_files import PlacedRecord
from slotfill.extractors.updating.changed_fields import changed_fields
from slotfill.extractors.updating.earlier_record import EarlierRecord
from slotfill.schemas.field_digests import FieldDigests
from slotfill.schemas.json_values.exact_json import dumps, loads
from slotfill.schemas.json_values.json_types import JSONMapping
from slotfill.schemas.schema import Schema

__all__ = ["EarlierRecords"]

_TABLE = "CREATE TABLE earlier (document TEXT, source TEXT, record TEXT, met INTEGER DEFAULT 0)"
_INDEXES = ("CREATE INDEX by_document ON earlier (document)", "CREATE INDEX by_source ON earlier (source)")

_MEET_TEXT = "UPDATE earlier SET met = 1 WHERE document = ? AND NOT met"
_MEET_SOURCE = "UPDATE earlier SET met = 1 WHERE source = ? AND NOT met"
_FIND = """
    SELECT record FROM earlier WHERE document = :id OR source = :source
    ORDER BY document = :id DESC, source IS :source DESC, rowid DESC LIMIT 1
"""

ID_DIGITS = 12
"""So many digits of a schema's id name it."""


class EarlierRecords:
    """Finds what an earlier run has found of a document: of the same text, else of the same source.

    Of several records of one document the last one counts. `id` names all that they hold, and how they are taken over:
    a run that goes on must have the same. `notes` say of each schema that they are of what is asked for.

    schema: as it is now. before: what it was, for records that do not say what they were asked by. reworded: whether
    other instructions say the same in other words.

    Raises InputError for what is no record, and for one of which nobody knows what it was asked by.
    """

    def __init__(
        self,
        records: Iterable[PlacedRecord],
        schema: Schema[Any],
        *,
        before: Schema[Any] | None = None,
        reworded: bool = False,
    ) -> None:
        self.notes: list[str] = []
        self.count = 0
        self._schema, self._before, self._reworded = schema, before, reworded
        self._noted: set[tuple[str, str]] = set()
        # A file without a name, which goes with the process; SQLite holds it in memory while it is small.
        self._database = sqlite3.connect("")
        self._database.execute(_TABLE)
        digest = hashlib.sha256(repr((reworded, before and before.id)).encode())
        for place, data in records:
            text = dumps(data)
            digest.update(text.encode("utf-8", "surrogatepass"))
            self._add(place, data, text)
        for index in _INDEXES:
            self._database.execute(index)
        self.id = digest.hexdigest()

    def close(self) -> None:
        """Give the file back."""
        self._database.close()

    def find(self, document: Document) -> EarlierRecord | None:
        """Return what the record of a document holds, or that of what stood at its source."""
        names = {"id": document.id, "source": _text(document.source)}
        row = self._database.execute(_FIND, names).fetchone()
        return self._record_of(loads(row[0])) if row else None

    def meet(self, documents: Sequence[Document]) -> None:
        """Note that documents are in the input."""
        self._database.executemany(_MEET_TEXT, [(document.id,) for document in documents])
        self._database.executemany(_MEET_SOURCE, [(_text(document.source),) for document in documents])

    @property
    def unmet(self) -> int:
        """How many records are of no document that was in the input."""
        (count,) = self._database.execute("SELECT count(*) FROM earlier WHERE NOT met").fetchone()
        return int(count)

    def _add(self, place: str, data: JSONMapping, text: str) -> None:
        try:
            record = self._record_of(data)
        except InputError as error:
            raise InputError(f"{place}: {error}") from None
        self._check(place, record)
        row = (record.document_id, _text(record.source), text)
        self._database.execute("INSERT INTO earlier (document, source, record) VALUES (?, ?, ?)", row)
        self.count += 1

    def _record_of(self, data: JSONMapping) -> EarlierRecord:
        record = EarlierRecord.of(data, reworded=self._reworded)
        if self._before is not None and record.digests is None and record.schema_id == self._before.id:
            return record.asked_by(self._before)
        return record

    def _check(self, place: str, record: EarlierRecord) -> None:
        """Refuse a record of which nobody knows what it was asked by, and say once of each schema what is asked for."""
        known = not record.ok or record.schema_id == self._schema.id or record.digests is not None
        name = f"schema {record.schema_name!r} ({record.schema_id[:ID_DIGITS]})"
        if not known and self._before is None:
            raise InputError(
                f"{place}: the record is of {name}, and does not say what its fields were asked by: "
                "name that schema with --from-schema"
            )
        if not known:
            raise InputError(f"{place}: the record is of {name}, which is not the one that --from-schema names")
        if record.ok and (key := (record.schema_id, repr(record.digests))) not in self._noted:
            self._noted.add(key)
            self.notes.append(f"records of {name}: {_asked(record, self._schema)}")


def _asked(record: EarlierRecord, schema: Schema[Any]) -> str:
    """Say what is asked for of documents that have such a record."""
    asked = changed_fields(record, schema)
    if asked is None:
        return f"all is asked for, as {_reason(record.digests, schema.digests)}"
    if not asked:
        return "nothing is asked for of what has not changed"
    others = [key for key in schema.digests.fields if key not in asked]
    names = ", ".join(sorted(asked))
    return f"asked for: {names}; taken over: {', '.join(others)}"


def _reason(before: FieldDigests | None, now: FieldDigests) -> str:
    if before is None or before.whole != now.whole:
        return "the schema says something else of the whole"
    if before.instructions != now.instructions:
        return "the instructions have changed (--reworded: they say the same in other words)"
    return "all fields have changed, or the schema cannot be parted by its fields"


def _text(source: str | None) -> str | None:
    """Return a source as SQLite takes it: a file's name may hold half a surrogate pair."""
    return None if source is None else source.encode("utf-8", "surrogatepass").hex()
