"""Delivery: a run's outputs, made from its ledger in the input's order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from slotfill.extractors.record.failure_kinds import Failure
from slotfill.extractors.record.parts import Outcome
from slotfill.extractors.runs.ledger.store import Ledger, LedgerRow, RecordCheck
from slotfill.extractors.runs.outputs.sink import Record, Sink
from slotfill.extractors.runs.reports.logs import log_unwritable
from slotfill.extractors.runs.verification import Verification
from slotfill.extractors.unforeseen import internal_failure
from slotfill.schemas.errors import SlotfillError
from slotfill.schemas.json_values.exact_json import read_again
from slotfill.schemas.json_values.json_types import JSONObject
from slotfill.schemas.schema import Schema

__all__ = ["Delivery"]

_SINK_FAILURES = (SlotfillError, OSError, KeyboardInterrupt, SystemExit)
"""What says that a sink takes nothing more; all else is about the one record that it has."""

TOLD_AFTER = 100
"""So many documents are written in the end before it is told again how many."""


class Delivery:
    """Writes each document's record once all before it have ended; to files that appear whole, in the end.

    A document that failed on the way has not ended before `commit`: it is asked once more before the run ends.

    results: takes every record when `records`, else those with a whole value. rejects: takes the others.
    placed: whether it needs more of a record than its value.
    schema: what the values are of, by which records of an earlier start are verified.
    unwritable: by outcome, how many records `results` could not take; they are failures, in the rejects too.

    A sink that fails (the disk is full, the reader has gone) does not keep the other from its records.
    """

    def __init__(
        self,
        ledger: Ledger,
        results: Sink,
        rejects: Sink | None,
        *,
        records: bool,
        schema: Schema[Any],
        placed: bool = False,
    ) -> None:
        self.unwritable: Counter[Outcome] = Counter()
        self._ledger, self._verification = ledger, Verification(ledger, schema)
        self._results, self._rejects, self._records = results, rejects, records
        self._needs_record = records or placed
        self._live = results.live or (rejects is not None and rejects.live)
        self._position = self._written = 0
        self._awaited: bytes | None = None
        self._broken: dict[Sink, BaseException] = {}

    @property
    def check(self) -> RecordCheck | None:
        """As in `Verification`."""
        return self._verification.check

    @property
    def damaged(self) -> Counter[Outcome]:
        """By outcome, how many records of an earlier start were not sound; they are failures."""
        return self._verification.damaged

    def registered(self) -> None:
        """Go on with documents that were put behind those before. Raises what a sink failed with."""
        if self._live and self._awaited is None:
            self._advance()

    def ended(self, document: bytes) -> None:
        """Go on where it is this document, by its key, that was waited for. Raises what a sink failed with."""
        if document == self._awaited:
            self._advance()

    def commit(self, *, complete: bool, on_written: Callable[[int], None] = lambda _: None) -> None:
        """Write what has ended behind those that have not, and put the outputs in their places.

        on_written: is called with how many documents the outputs hold while these are written: of a million that is
            much, where they appear whole.

        Raises what a sink failed with, once the other is in its place.
        """
        try:
            for entry in self._ledger.entries(self._position):
                if not entry.ended:
                    continue
                if self._written % TOLD_AFTER == 0:
                    on_written(self._written)
                self._write(entry)
        finally:
            self._verification.forget()
            for sink in self._sound():
                try:
                    sink.commit(complete=complete)
                except BaseException as error:  # noqa: BLE001 - it is raised below
                    self._broken[sink] = error
        self._check()

    def _advance(self) -> None:
        self._awaited = None
        for entry in self._ledger.entries(self._position):
            if not entry.ended or entry.retry_later:
                self._awaited = entry.document
                return
            self._write(entry)
            self._position = entry.position + 1
            self._check()

    def _write(self, entry: LedgerRow) -> None:
        if not self._write_value(entry):
            self._write_record(entry)
        self._written += 1

    def _write_value(self, entry: LedgerRow) -> bool:
        """Write a value into an output of values; False where that takes the whole record, or it cannot be written."""
        record = None if self._needs_record else self._verification.value_alone(entry)
        if record is None:
            return False
        _place(record, entry)
        return self._refused(self._results, record) is None

    def _write_record(self, entry: LedgerRow) -> None:
        record = self._verification.record(entry)
        _place(record, entry)
        ok = Outcome(record["outcome"]).ok
        if self._records or ok:
            self._put(self._results, record)
        if self._rejects and not ok:
            self._put(self._rejects, record)

    def _put(self, sink: Sink, record: Record) -> None:
        """Give a record to its sink; one that it cannot hold becomes a failure."""
        failure = self._refused(sink, record)
        if failure is None:
            return
        log_unwritable(record["document"]["source"], failure)
        bare = _bare(record, failure)
        if sink is self._rejects or self._records:
            self._refused(sink, bare)
        if (outcome := Outcome(record["outcome"])).ok:
            self.unwritable[outcome] += 1
            if self._rejects and self._refused(self._rejects, {**bare, "invalid": record["value"]}):
                self._refused(self._rejects, bare)

    def _refused(self, sink: Sink, record: Record) -> Failure | None:
        """Give a record to a sink that is sound; say why it cannot hold it."""
        if sink not in self._broken:
            try:
                sink.write(record)
            except _SINK_FAILURES as error:
                self._broken[sink] = error
            except BaseException as error:  # noqa: BLE001 - a number, a depth, a character that it cannot hold
                return internal_failure(error, record["document"]["source"])
        return None

    def _sound(self) -> list[Sink]:
        return [sink for sink in (self._results, self._rejects) if sink is not None and sink not in self._broken]

    def _check(self) -> None:
        if self._broken:
            raise next(iter(self._broken.values()))


def _place(record: JSONObject, entry: LedgerRow) -> None:
    """Say in a record, which is that of the first document of its text, where this one stands in the input."""
    note = record["document"]
    note["source"] = entry.source
    note.pop("columns", None)
    if entry.columns is not None:
        note["columns"] = read_again(entry.columns)


def _bare(record: Record, failure: Failure) -> Record:
    """Return what any output holds of a record: what it cost, and why there is no value."""
    nothing: JSONObject = {"value": None, "invalid": None, "spans": {}, "confidence": {}, "edits": [], "chunks": []}
    rest = {"found_in": {}, "conflicts": [], "history": [], "outcome": Outcome.FAILED.value, "error": failure.to_json()}
    kept = {name: part for name, part in record.items() if not name.startswith("evidence")}
    return {**kept, **nothing, **rest}
