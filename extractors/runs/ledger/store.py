"""The ledger: what a run knows, in one SQLite file. It is resume state, response cache and audit trail at once.

Every answer is committed before its request's place is given to another, every record with what comes next. Nothing is
asked of the clock but what is shown to people.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

from pydantic_core import PydanticSerializationError, to_json

from slotfill.extractors.documents.blocks.row_block import RowBlock
from slotfill.extractors.documents.document import Document
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.extractions.record_seal import RecordSeal
from slotfill.extractors.record.json_text import json_text
from slotfill.extractors.record.parts import Outcome
from slotfill.extractors.rungs.asks import Answer, Ask, AskName
from slotfill.extractors.runs.ledger import queries
from slotfill.extractors.runs.ledger.accounts import Account
from slotfill.extractors.runs.ledger.database import Database
from slotfill.extractors.runs.ledger.identity import document_key
from slotfill.extractors.runs.ledger.lock import lock_ledger
from slotfill.extractors.runs.ledger.registration import Batch, KnownBlocks, OutcomeCount, Registration, UnknownDocument
from slotfill.extractors.runs.ledger.retrying import RETRY_LATER, cause_of, is_stale
from slotfill.schemas.json_values.exact_json import has_exact_floats
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["Ledger", "LedgerRow", "RecordCheck", "Retention"]

Retention = Literal["none", "values", "all"]
"""What a ledger keeps: nothing but outcomes and costs once the run is complete; values; the documents' texts, too."""

ID_DIGITS = 12
"""So many digits of a document's id name it where it has no source."""

_logger = logging.getLogger("slotfill")

RecordCheck = Callable[[object, Document], bool]
"""Tells whether a record of an earlier start is sound, by its JSON text and its document."""


class LedgerRow(NamedTuple):
    """A document's place in the input, and what came of it.

    document: its key. columns: what of its row is carried along, as JSON; None where nothing is. outcome: None while it
    has not ended. earlier: whether an earlier start says so. record: as JSON text; of an earlier start it may be
    anything, and None. seal: of the record.
    retry_later: whether it ended by a failure of transport, which another try may not meet.
    """

    position: int
    document: bytes
    source: str | None
    columns: str | None
    outcome: str | None
    earlier: bool
    record: str | None
    seal: RecordSeal
    retry_later: bool

    @property
    def ended(self) -> bool:
        """Whether the document has ended."""
        return self.outcome is not None


class Ledger:
    """One run's ledger, which no other process writes at the same time. Safe for threads.

    path: the file; None for one that lasts as long as the process. about: what the run is, by name, for people.
    labels: what is said of this start. wait: for another process that is at work on the run, in place of an error.
    fresh: ask again what is known already. retry_failed: ask again what ended without a whole value; failures of the
    transport are tried again in any case.

    account: what the run has spent. blocks: the blocks of rows that it knows. database, start, first_start: its file,
    the number of this start, and that of the first one whose answers count, for what others keep in it.

    Raises LedgerError when it cannot be used, here and in every method; what is in the file stays as it is.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        about: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        wait: bool = False,
        fresh: bool = False,
        retry_failed: bool = False,
        retention: Retention = "values",
    ) -> None:
        self.path, self._retention = path, retention
        self._positions = 0
        self._pending: dict[bytes, int] = {}
        self._to_retry = queries.FAILED if retry_failed else queries.FAILED_ON_THE_WAY
        self._retry_failed = retry_failed
        with ExitStack() as stack:
            if path:
                # The lock before the file: who loses the race must not have touched it. They are given back the other
                # way round.
                stack.callback(lock_ledger(path, self.place, wait=wait).release)
            self.database = stack.enter_context(closing(Database(path, self.place, erase=retention == "none")))
            self._begin(about or {}, labels or {}, fresh=fresh)
            self._open = stack.pop_all()
        self.account = Account(self.database, start=self.start, first_start=self.first_start)
        self.blocks = KnownBlocks(self.database, self.start)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, and put it back where its folder was taken away under it."""
        self._open.close()

    @property
    def place(self) -> str:
        """How errors name it."""
        return f"the run's ledger {str(self.path)!r}" if self.path else "the run's ledger"

    @property
    def since(self) -> str:
        """When the run was first started, and last before this time."""
        first, last = self.database.row(queries.START_TIMES, (self.first_start, self.start))
        if first == last:
            return first or "a time that is not known"
        return f"{first} (last started {last})"

    @property
    def ended(self) -> int:
        """How many texts have ended."""
        (count,) = self.database.row("SELECT count(*) FROM documents")
        return int(count)

    def register(self, documents: Sequence[Document], check: RecordCheck | None = None) -> Registration:
        """Take the next documents of the input, and say which of them are to be asked about.

        check: without one a record of an earlier start is taken for sound here.
        """
        batch = Batch(self._positions, documents)
        self._positions = batch.end
        # Going on with a million finished documents is a million times this: nothing is written where the input and
        # what has come of it are as they were. With a `check` that is not known.
        known = None if check else batch.known(self.database, self.start)
        if known:
            return batch.registration(known, ())
        with self.database.transaction() as database:
            # The order matters: what is not sound must be forgotten before what has ended is counted. One transaction
            # for the batch: a kill in between leaves none of it.
            ended = batch.add_to(database, self.start, "TRUE" if check else self._to_retry)
            pending = []
            for one in batch.unknown(database, self.start, self._to_retry):
                if one.outcome is not None and not self._is_forgotten(database, one, batch, check):
                    ended.append(OutcomeCount(one.outcome, one.earlier, documents=1))
                else:
                    pending.append(one.position)
        registration = batch.registration(ended, pending)
        self._pending.update(registration.positions)
        return registration

    def register_block(self, block: RowBlock) -> Registration:
        """Take a block of the input that was passed over, as its documents; note one that was read, behind these."""
        if block.outcomes is None:
            self.blocks.add(block, self._positions - block.documents)
            return Registration((), {}, Counter(), 0, Counter())
        self._positions += block.documents
        return Registration((), {}, block.outcomes, block.documents, Counter())

    def recall(self, document: Document, *, replaying: bool = False) -> dict[bytes, list[Answer]]:
        """Return the answers to a document's asks, by the digest of each ask, in the order in which they came.

        replaying: also those of this start that are asked for again by the next one: its plan has been told of them.
        """
        answers: defaultdict[bytes, list[Answer]] = defaultdict(list)
        now = self.start if replaying else -1
        rows = self.database.rows(
            "SELECT number, ask, answer, stale FROM answers "
            "WHERE document = ? AND (NOT stale OR start = ?) AND start >= ? ORDER BY number",
            (document_key(document), now, self.first_start),
        )
        for number, ask, text, stale in rows:
            try:
                # The file may have been written by another slotfill, or by somebody else: what is not in the form of an
                # answer is asked for again, never half believed.
                answer = Answer.read(text)
            except ValueError:
                answer = None
            if answer is None or (is_stale(answer) and not stale):
                self.database.change("UPDATE answers SET stale = 1 WHERE number = ?", (number,))
                self._warn(document, "answer")
            else:
                answers[ask].append(answer)
        return answers

    def keep(self, document: Document, ask: Ask | AskName, answer: Answer, *, lasting: bool = True) -> None:
        """Store an answer as it arrives. One that tells of no reply, or of half of one, is asked for again later.

        lasting: as in `Database.transaction`.
        """
        self.keep_by_name(document_key(document), ask.digest, answer, lasting=lasting)

    def store(self) -> None:
        """Commit what waits to be committed, if anything does."""
        if self.database.is_unstored:
            self.account.store()

    def keep_by_name(self, document: bytes, ask: bytes, answer: Answer, *, lasting: bool = True) -> None:
        """Do so where neither is at hand: by the document's key and the ask's digest.

        lasting: as in `Database.transaction`.
        """
        text = _json_text(answer.to_json())
        # Stored under what was asked, not under its place in the plan: a newer slotfill that asks otherwise asks anew,
        # and one that asks alike is answered from here, whatever led to it.
        row = (self.start, document, ask, time.time(), text, is_stale(answer))
        with self.database.transaction(lasting=lasting) as database:
            database.execute("INSERT INTO answers VALUES (NULL, ?, ?, ?, ?, ?, ?)", row)

    def end(self, extraction: Extraction[Any]) -> None:
        """Store what came of a document."""
        document = extraction.document
        key, record, cause = document_key(document), extraction.to_json(), cause_of(extraction)
        text = _json_text(record)
        seal = RecordSeal.of(record, text, key)
        # Not lasting: the answers are safe already, and the record is made of them again. So the disk is not waited
        # for.
        with self.database.transaction(lasting=False) as database:
            # A record is added, never replaced: `documents` says which one counts, so that an audit finds the earlier
            # ones.
            number = database.execute(queries.ADD_RECORD, (key, text, *seal)).lastrowid
            row = (key, self.start, extraction.outcome.value, cause, number)
            database.execute("REPLACE INTO documents VALUES (?, ?, ?, ?, ?)", row)
            if (position := self._pending.pop(key, None)) is not None and cause not in RETRY_LATER:
                database.execute(queries.NOTE_END, (extraction.outcome.value, number, self.start, position))
            if self._retention == "all":
                database.execute("INSERT OR IGNORE INTO texts VALUES (?, ?)", (key, document.text))

    def entries(self, first: int) -> Iterator[LedgerRow]:
        """Yield the documents of the input from a position on, with the records of those that have ended."""
        for position, document, source, columns, outcome, start, failure, record, *seal in self.database.iterate(
            queries.ENTRIES, (first, self._positions)
        ):
            earlier, retry_later, sealed = start != self.start, failure in RETRY_LATER, RecordSeal(*seal)
            yield LedgerRow(position, document, source, columns, outcome, earlier, record, sealed, retry_later)

    def outcomes(self) -> Counter[Outcome]:
        """Count how the documents of the input have ended, those that have the same text each by itself."""
        return Counter(
            {Outcome(outcome): count for outcome, count in self.database.rows(queries.OUTCOMES, (0, self._positions))}
        )

    def forget(self, documents: Iterable[bytes]) -> None:
        """Have the next start ask again about documents, by their keys, from the answers there are."""
        keys = [*documents]
        with self.database.transaction() as database:
            database.executemany(queries.FORGET, ((key,) for key in keys))
            database.execute(queries.FORGET_END, (json.dumps([key.hex().upper() for key in keys]),))

    def ask_again(self, documents: Iterable[bytes]) -> None:
        """Have the next start ask again about documents, by their keys, for all that was refused of them."""
        keys = [*documents]
        self.forget(keys)
        with self.database.transaction() as database:
            database.executemany(queries.STALE_REFUSALS, ((key,) for key in keys))

    def complete(self) -> None:
        """Say that the run is complete, and its outputs are made: drop what is not to be kept, or not in the input."""
        with self.database.transaction() as database:
            database.execute("DELETE FROM blocks WHERE position + documents > ?", (self._positions,))
            database.execute("DELETE FROM inputs WHERE position >= ?", (self._positions,))
        if self._retention == "none":
            inputs = ("inputs", "blocks")
            self.database.empty(("answers", "records", "documents", *inputs, "texts", "batch_requests", "batches"))
            self.database.change("DELETE FROM run WHERE name = 'command'", ())  # it names the inputs

    def _begin(self, about: Mapping[str, str], labels: Mapping[str, str], *, fresh: bool) -> None:
        """Note that the run is started; the input is read anew."""
        with self.database.transaction() as database:
            if fresh:
                database.execute("DELETE FROM documents")
            database.executemany("REPLACE INTO run VALUES (?, ?)", about.items())
            row = (time.time(), os.getpid(), json.dumps(labels), fresh)
            self.start = database.execute("INSERT INTO starts VALUES (NULL, ?, ?, ?, ?)", row).lastrowid or 0
            if database.execute("SELECT max(number) FROM starts").fetchone() != (self.start,):
                raise sqlite3.DatabaseError("its starts are out of order")
            # What a start before the last fresh one has learnt and paid does not count.
            fresh_start = "SELECT ifnull(max(number), 0) FROM starts WHERE fresh"
            (self.first_start,) = database.execute(fresh_start).fetchone()
            # Nothing has ended by this start yet, whatever the file says.
            database.execute("UPDATE documents SET start = 0 WHERE start >= ?", (self.start,))
            if fresh or self._retry_failed:
                database.execute("DELETE FROM inputs")

    def _is_forgotten(
        self, database: sqlite3.Connection, ended: UnknownDocument, batch: Batch, check: RecordCheck | None
    ) -> bool:
        """Have a document that has ended asked about again where it is to be; say whether it is."""
        document, key = batch.at(ended.position), (ended.key,)
        is_sound = ended.is_sound
        if is_sound and ended.earlier and check:
            (record,) = database.execute(queries.RECORD, key).fetchone()
            is_sound = check(record, document)
        if not is_sound:
            self._warn(document, "record")
        elif not (ended.earlier and ended.to_retry):
            return False
        elif ended.failure not in RETRY_LATER:  # what failed on the way goes on from the answers there are
            database.execute("UPDATE answers SET stale = 1 WHERE document = ?", key)
        database.execute(queries.FORGET, key)
        return True

    def _warn(self, document: Document, part: str) -> None:
        """Say that what an earlier start has left of a document does not count."""
        source = document.source or document.id[:ID_DIGITS]
        _logger.warning("%s: %s holds a damaged %s of it: it is asked about again", source, self.place, part)


def _json_text(data: JSONObject) -> str:
    """Write JSON. What pydantic-core cannot, half a surrogate pair, is rare: a run has no time to look for it.

    A number that no double holds it would round.
    """
    if has_exact_floats(data):
        return json_text(data)
    try:
        return to_json(data).decode()
    except PydanticSerializationError:
        return json_text(data)
