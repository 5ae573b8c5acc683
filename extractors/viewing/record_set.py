"""Records as they are named: where they stand, what they are, and the ledgers that may hold their texts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from slotfill.extractors.errors import InputError
from slotfill.extractors.extractions.loading import check_record
from slotfill.extractors.runs.ledger.identity import STATE, ledgers_of
from slotfill.extractors.runs.ledger.ledger_records import is_ledger
from slotfill.extractors.runs.outputs.tables.database_records import is_database, records_in_database
from slotfill.extractors.runs.record_files import PlacedRecord, records_at
from slotfill.extractors.settings import Settings
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["RecordSet"]


@dataclass(frozen=True, slots=True)
class RecordSet:
    """The records of one file, folder, ledger or database.

    Attributes:
        name: What it was named by.
        settings: Where ledgers stand.
    """

    name: str
    settings: Settings

    @property
    def folder(self) -> Path:
        """The folder that it stands in, or is; of a ledger beside an output, that of the output."""
        path = Path(self.name)
        if path.is_dir():
            return path
        return path.parent.parent if path.absolute().parent.name == STATE else path.parent

    @property
    def ledgers(self) -> list[Path]:
        """The ledgers that may hold the texts: itself, or those of the output that it is."""
        ledgers = []
        for path in ledgers_of(self.name, self.settings):
            with suppress(OSError):
                if is_ledger(path):
                    ledgers.append(path)
        return ledgers

    def records(self) -> Iterator[JSONObject]:
        """Yield the records, as plain JSON data. Raises InputError where there are none, or one is damaged."""
        for place, record in self._placed():
            try:
                check_record(record)
            except InputError as error:
                raise InputError(f"{place}: {error}") from None
            yield record

    def _placed(self) -> Iterator[PlacedRecord]:
        """Yield records as they are; of a database those of its ledger, which knows more than its tables."""
        path = Path(self.name)
        if path.is_file() and not self.ledgers and _is_database(path):
            return ((self.name, record) for record in records_in_database(path))
        return records_at(self.name, self.settings)


def _is_database(path: Path) -> bool:
    try:
        return is_database(path)
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror or error}") from None
