"""Delivery: a run's outputs, made from its ledger in the input's order."""

from __future__ import annotations

import json

from slotfill.extractors.record import Outcome
from slotfill.extractors.runs.ledger import Entry, Ledger
from slotfill.extractors.runs.sinks import Sink

__all__ = ["Delivery"]


class Delivery:
    """Writes each document's record once all before it have ended; to files that appear whole, in the end.

    kept: takes every record when `records`, else those with a whole value. rejects: takes the others.
    """

    def __init__(self, ledger: Ledger, kept: Sink, rejects: Sink | None, *, records: bool) -> None:
        self._ledger = ledger
        self._kept, self._rejects, self._records = kept, rejects, records
        self._live = kept.live or (rejects is not None and rejects.live)
        self._position = 0
        self._awaited: bytes | None = None

    def registered(self) -> None:
        """Go on with documents that were put behind those before."""
        if self._live and self._awaited is None:
            self._advance()

    def ended(self, document: bytes) -> None:
        """Go on where it is this document, by its key, that was waited for."""
        if document == self._awaited:
            self._advance()

    def commit(self, *, complete: bool) -> None:
        """Write what has ended behind those that have not, and put the outputs in their places."""
        for entry in self._ledger.entries(self._position):
            if entry.record is not None:
                self._write(entry, entry.record)
        for sink in filter(None, (self._kept, self._rejects)):
            sink.commit(complete=complete)

    def _advance(self) -> None:
        self._awaited = None
        for entry in self._ledger.entries(self._position):
            if entry.record is None:
                self._awaited = entry.document
                return
            self._write(entry, entry.record)
            self._position = entry.position + 1

    def _write(self, entry: Entry, text: str) -> None:
        record = json.loads(text)
        record["document"]["source"] = entry.source  # that of the first document of the same text
        ok = Outcome(record["outcome"]).ok
        if self._records or ok:
            self._kept.write(record)
        if self._rejects and not ok:
            self._rejects.write(record)
