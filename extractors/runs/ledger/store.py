"""The ledger: what a run knows, in one SQLite file. It is resume state, response cache and audit trail at once.

Every answer and every record is committed as it arrives. Nothing is asked of the clock but what is shown to people.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sqlite3
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import Any, Literal, Self

from filelock import FileLock, Timeout
from pydantic_core import PydanticSerializationError, to_json

from slotfill.extractors.errors import LedgerError
from slotfill.extractors.record.document import Document
from slotfill.extractors.record.extraction import Extraction
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.extractors.record.json_text import json_text
from slotfill.extractors.record.parts import Outcome
from slotfill.extractors.record.stop_reasons import BROKEN_STREAM
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.rungs.asks import Answer, Ask
from slotfill.extractors.runs.ledger.filesystems import network_disk
from slotfill.extractors.runs.ledger.lock import check_file, check_owner
from slotfill.extractors.runs.ledger.migrations import PICODOLLARS, migrate

__all__ = ["Ledger", "LedgerRow", "Registered", "Retention", "cause_of", "document_key"]

Retention = Literal["none", "values", "all"]
"""What a ledger keeps: nothing but outcomes and costs once the run is complete; values; the documents' texts, too."""

CACHE = 16_000
"""KiB of the file that are kept in memory."""

CHECKPOINT = 4_000
"""Pages that gather beside the file before they are put into it."""

_BESIDE = (".lock", "-wal", "-shm", "-journal")
"""What the names of the files beside a ledger end in."""

ID_DIGITS = 12
"""So many digits of a document's id name it where it has no source."""

_logger = logging.getLogger("slotfill")

FOREVER = -1.0
"""As long as it takes, for a lock."""


_OUTCOMES = ", ".join(repr(outcome.value) for outcome in Outcome)
_SOUND = (
    f"typeof(start) = 'integer' AND outcome IN ({_OUTCOMES}) AND typeof(failure) IN ('null', 'text') "
    "AND typeof(record) = 'integer'"
)
_DAMAGED = (
    f"SELECT position, document FROM inputs JOIN documents USING (document) WHERE position >= ? AND NOT ({_SOUND})"  # noqa: S608 - names of our own
)

_BEFORE = (
    "SELECT position, inputs.document, records.record FROM inputs JOIN documents USING (document) "
    "LEFT JOIN records ON records.number = documents.record WHERE position >= ? AND start < ?"
)

_ENDED = "SELECT document, failure FROM inputs JOIN documents USING (document) WHERE position >= ?"
_COUNTED = (
    "SELECT outcome, start < ?, count(*) FROM inputs JOIN documents USING (document) WHERE position >= ? GROUP BY 1, 2"
)
_OUTCOMES = "SELECT outcome, count(*) FROM inputs JOIN documents USING (document) GROUP BY outcome"
_PENDING = (
    "SELECT position FROM inputs LEFT JOIN documents USING (document) "
    "WHERE position >= ? AND outcome IS NULL ORDER BY position"
)

_STALE_REFUSALS = (
    "UPDATE answers SET stale = 1 "
    "WHERE document = ? AND json_valid(answer) AND json_extract(answer, '$.failure') IS NOT NULL"
)
_SETTLE = f"UPDATE tries SET {', '.join(f'{name} = ?' for name in ('picodollars', *Usage.__slots__))} WHERE number = ?"  # noqa: S608 - names of our own

_RETRY_LATER = frozenset(kind.value for kind in FailureKind if kind.retry_later)

_ON_THE_WAY = f"failure IN ({', '.join(map(repr, sorted(_RETRY_LATER)))})"
_WITHOUT_VALUE = f"outcome IN ({', '.join(repr(outcome.value) for outcome in Outcome if not outcome.ok)})"


@dataclass(frozen=True, slots=True)
class Registered:
    """What is known of documents that were read.

    pending: those to be asked about, one a text. outcomes: of the others that have ended. resumed: how many of those
    ended when the run was started before. waiting: by key, how many more have the text of one that is at work.
    """

    pending: tuple[Document, ...]
    outcomes: Counter[Outcome]
    resumed: int
    waiting: Counter[bytes]


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A document's place in the input, and what came of it.

    document: its key. outcome: None while it has not ended. before: whether an earlier start says so. record: as JSON
    text; of an earlier start it may be anything, and None.
    on_the_way: whether it ended by a failure of transport, which another try may not meet.
    """

    position: int
    document: bytes
    source: str | None
    outcome: str | None
    before: bool
    record: str | None
    on_the_way: bool

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
        self.path = path
        self._retention = retention
        self._again = f"({_ON_THE_WAY} OR {_WITHOUT_VALUE})" if retry_failed else _ON_THE_WAY
        self._changing = threading.Lock()
        self._positions = 0
        self._settled: list[tuple[int | None, ...]] = []
        with ExitStack() as undone, self._told():
            self._lock = self._locked(path, wait=wait) if path else None
            if self._lock:
                undone.callback(self._lock.release)
            self._database = undone.enter_context(closing(self._opened()))
            migrate(self._database, self.place)
            self._start = self._started(about or {}, labels or {}, fresh=fresh)
            undone.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, and put it back where its folder was taken away under it."""
        try:
            with suppress(LedgerError), self._transaction():
                pass  # what is still to be settled; on a full disk it counts as it was reserved
            with self._told():
                if self.path and not self.path.exists():
                    self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                    self._database.execute("VACUUM INTO ?", (str(self.path),))
                    self.path.chmod(0o600)
                self._database.close()
        finally:
            if self._lock:
                self._lock.release()

    @property
    def since(self) -> str:
        """When the run was first started, and last before this time."""
        first, last = self._row(
            f"SELECT {_local_time('min(at)')}, {_local_time('max(at)')} FROM starts WHERE number >= ? AND number < ?",  # noqa: S608 - names of our own
            (self._fresh, self._start),
        )
        if first == last:
            return first or "a time that is not known"
        return f"{first} (last started {last})"

    @property
    def ended(self) -> int:
        """How many texts have ended."""
        count: int = self._value("SELECT count(*) FROM documents")
        return count

    def register(
        self, documents: Sequence[Document], check: Callable[[object, Document], bool] | None = None
    ) -> Registered:
        """Take the next documents of the input, and tell which of them are to be asked about.

        check: tells whether a record of an earlier start is sound; without one it is taken for sound here.
        """
        first, keys = self._positions, [document_key(document) for document in documents]
        self._positions += len(keys)
        places = zip(range(first, self._positions), keys, (document.source for document in documents), strict=True)
        with self._transaction() as database:
            database.executemany("INSERT INTO inputs VALUES (?, ?, ?)", places)
            damaged = database.execute(_DAMAGED, (first,)).fetchall() if self._some_damaged else []
            if check:
                before = database.execute(_BEFORE, (first, self._start)).fetchall()
                damaged += [row for *row, record in before if not check(record, documents[row[0] - first])]
            for position, key in damaged:
                database.execute("DELETE FROM documents WHERE document = ?", (key,))
                self._warn(documents[position - first], "record")
            if self._some_again:
                again = database.execute(f"{_ENDED} AND start < ? AND {self._again}", (first, self._start)).fetchall()
                for key, failure in again:
                    self._forget(database, key, failure)
            ended = database.execute(_COUNTED, (self._start, first)).fetchall()
            all_ended = sum(count for *_, count in ended) == len(keys)
            rest = [] if all_ended else database.execute(_PENDING, (first,)).fetchall()
        pending: dict[bytes, Document] = {}
        waiting: Counter[bytes] = Counter()
        for (position,) in rest:
            key = keys[position - first]
            if key in pending:
                waiting[key] += 1
            pending.setdefault(key, documents[position - first])
        outcomes: Counter[Outcome] = Counter()
        for outcome, _, count in ended:
            outcomes[Outcome(outcome)] += count
        resumed = sum(count for _, before, count in ended if before)
        return Registered(tuple(pending.values()), outcomes, resumed, waiting)

    def recall(self, document: Document) -> dict[bytes, list[Answer]]:
        """Give the answers that a document has got, by the digest of their asks, each ask's in the order of asking."""
        answers = defaultdict(list)
        with self._told(), self._changing:
            rows = self._database.execute(
                "SELECT number, ask, answer FROM answers "
                "WHERE document = ? AND NOT stale AND start >= ? ORDER BY number",
                (document_key(document), self._fresh),
            ).fetchall()
        for number, ask, text in rows:
            try:
                answer = Answer.read(text)
            except ValueError:
                answer = None
            if answer is None or _is_stale(answer):
                self._change("UPDATE answers SET stale = 1 WHERE number = ?", (number,))
                self._warn(document, "answer")
            else:
                answers[ask].append(answer)
        return answers

    def _warn(self, document: Document, part: str) -> None:
        """Say that what an earlier start has left of a document does not count."""
        source = document.source or document.id[:ID_DIGITS]
        _logger.warning("%s: %s holds a damaged %s of it: it is asked about again", source, self.place, part)

    def keep(self, document: Document, ask: Ask, answer: Answer) -> None:
        """Store an answer as it arrives. One that tells of no reply, or of half of one, is asked for again later."""
        row = (
            self._start,
            document_key(document),
            ask.digest,
            time.time(),
            _stored(answer.to_json()),
            _is_stale(answer),
        )
        self._change("INSERT INTO answers VALUES (NULL, ?, ?, ?, ?, ?, ?)", row)

    def end(self, extraction: Extraction[Any]) -> None:
        """Store what came of a document."""
        document = extraction.document
        key = document_key(document)
        with self._transaction(lasting=False) as database:
            number = database.execute(
                "INSERT INTO records VALUES (NULL, ?, ?)", (key, _stored(extraction.to_json()))
            ).lastrowid
            ended = (key, self._start, extraction.outcome.value, cause_of(extraction), number)
            database.execute("REPLACE INTO documents VALUES (?, ?, ?, ?, ?)", ended)
            if self._retention == "all":
                database.execute("INSERT OR IGNORE INTO texts VALUES (?, ?)", (key, document.text))

    def entries(self, first: int) -> Iterator[LedgerRow]:
        """Give the documents of the input from a position on, with the records of those that have ended."""
        with self._told():
            rows = self._database.execute(
                "SELECT position, inputs.document, source, outcome, start, records.record, failure FROM inputs "
                "LEFT JOIN documents USING (document) LEFT JOIN records ON records.number = documents.record "
                "WHERE position >= ? ORDER BY position",
                (first,),
            )
            for position, document, source, outcome, start, record, failure in rows:
                yield LedgerRow(
                    position, document, source, outcome, start != self._start, record, failure in _RETRY_LATER
                )

    def outcomes(self) -> Counter[Outcome]:
        """Count how the documents of the input have ended, those that have the same text each by itself."""
        with self._told(), self._changing:
            counts = self._database.execute(_OUTCOMES).fetchall()
        return Counter({Outcome(outcome): count for outcome, count in counts})

    def forget(self, documents: Iterable[bytes]) -> None:
        """Have the next start ask again about documents, by their keys, from the answers there are."""
        with self._transaction() as database:
            database.executemany("DELETE FROM documents WHERE document = ?", ((key,) for key in documents))

    def ask_again(self, documents: Iterable[bytes]) -> None:
        """Have the next start ask again about documents, by their keys, for all that was refused of them."""
        keys = [(key,) for key in documents]
        with self._transaction() as database:
            database.executemany("DELETE FROM documents WHERE document = ?", keys)
            database.executemany(_STALE_REFUSALS, keys)

    def complete(self) -> None:
        """Say that the run is complete, and its outputs are made: drop what is not to be kept."""
        with self._told():
            if self._retention != "none":
                return
            with self._transaction() as database:
                for table in ("answers", "records", "documents", "inputs", "texts"):
                    database.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
            self._database.execute("VACUUM")
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def reserve(self, model: str, worst: Decimal | None) -> int:
        """Store an HTTP try before it is sent, with the most that it can cost in USD; give its number."""
        row = (self._start, time.time(), model, _picodollars(worst))
        cursor = self._change("INSERT INTO tries (start, at, model, picodollars) VALUES (?, ?, ?, ?)", row)
        number: int = cursor.lastrowid  # type: ignore[assignment]  # a row was put in
        return number

    def settle(self, number: int, usage: Usage | None, cost: Decimal | None) -> None:
        """Note what a try took, and cost in USD. Without `usage` its reply was lost: what was reserved stays spent.

        It is stored with what is stored next: were it lost until then, the try would count by what was reserved.
        """
        if usage is not None:
            counts = (getattr(usage, name) for name in Usage.__slots__)
            with self._changing:
                self._settled.append((_picodollars(cost), *counts, number))

    def spent(self) -> Decimal | None:
        """Give what was spent since the last fresh start, reservations included; None where a price was unknown."""
        with self._transaction():
            pass  # what is still to be settled
        known = "typeof(picodollars) = 'integer' AND picodollars >= 0"  # what else stands there is not ours
        total, unknown = self._row(
            f"SELECT sum(picodollars) FILTER (WHERE {known}), count(*) FILTER (WHERE NOT ({known})) FROM tries "  # noqa: S608
            "WHERE start >= ?",
            (self._fresh,),
        )
        return None if unknown else Decimal(total or 0) / PICODOLLARS

    def _locked(self, path: Path, *, wait: bool) -> FileLock:
        """Have the run for oneself."""
        if kind := network_disk(path):
            raise LedgerError(
                f"{self.place} would stand on a network disk ({kind}), where files cannot be locked safely: set "
                "SLOTFILL_STATE to a folder on a disk of this machine"
            )
        lock = FileLock(f"{path}.lock", mode=0o600)
        try:
            check_owner(path.parent, f"the ledgers' folder {str(path.parent)!r}")
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            for file in (path, *(path.with_name(path.name + suffix) for suffix in _BESIDE)):
                check_file(file, f"{self.place}, of which {file.name!r} is a part," if file != path else self.place)
            lock.acquire(timeout=FOREVER if wait else 0)
        except Timeout:
            raise LedgerError(
                f"another process is at work on this run{_holder(path)}: let it end, wait for it with --if-running "
                f"wait, or name another output"
            ) from None
        except OSError as error:
            raise LedgerError(
                f"{self.place} cannot be made: {error.strerror or error}; set SLOTFILL_STATE to a "
                "folder for ledgers that can be written"
            ) from None
        return lock

    def _opened(self) -> sqlite3.Connection:
        """Open the database, which is the owner's alone."""
        if self.path:
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), 0o600))
        with ExitStack() as undone:
            database = sqlite3.connect(self.path or "", isolation_level=None, check_same_thread=False)
            undone.callback(database.close)
            # The file may be anybody's: nothing in it runs, and a text that is none ends one document alone.
            database.execute("PRAGMA trusted_schema = OFF")
            database.text_factory = _decoded
            database.execute("PRAGMA journal_mode = WAL")
            # A commit survives the process; a power cut may take the last ones, and leaves the file sound.
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute(f"PRAGMA cache_size = -{CACHE}")
            database.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT}")
            database.execute(f"PRAGMA secure_delete = {'ON' if self._retention == 'none' else 'OFF'}")
            undone.pop_all()
        return database

    def _started(self, about: Mapping[str, str], labels: Mapping[str, str], *, fresh: bool) -> int:
        """Note that the run is started; the input is read anew."""
        with self._transaction() as database:
            database.execute("DELETE FROM inputs")
            if fresh:
                database.execute("DELETE FROM documents")
            database.executemany("REPLACE INTO run VALUES (?, ?)", about.items())
            start: int = database.execute(
                "INSERT INTO starts VALUES (NULL, ?, ?, ?, ?)", (time.time(), os.getpid(), json.dumps(labels), fresh)
            ).lastrowid  # type: ignore[assignment]  # a row was put in
            if database.execute("SELECT max(number) FROM starts").fetchone() != (start,):
                raise sqlite3.DatabaseError("its starts are out of order")
            # Nothing has ended by this start yet, whatever the file says.
            database.execute("UPDATE documents SET start = 0 WHERE start >= ?", (start,))
            # Most starts have nothing to ask again, and then need not look for it at each document.
            self._some_again, self._some_damaged = (
                database.execute(f"SELECT EXISTS (SELECT 1 FROM documents WHERE {what})").fetchone()[0]  # noqa: S608 - of our own
                for what in (self._again, f"NOT ({_SOUND})")
            )
            (self._fresh,) = database.execute("SELECT ifnull(max(number), 0) FROM starts WHERE fresh").fetchone()
        return start

    def _forget(self, database: sqlite3.Connection, key: bytes, failure: str | None) -> None:
        """Have a document asked about again; what failed on the way goes on from the answers there are."""
        database.execute("DELETE FROM documents WHERE document = ?", (key,))
        if failure not in _RETRY_LATER:
            database.execute("UPDATE answers SET stale = 1 WHERE document = ?", (key,))

    @contextmanager
    def _transaction(self, *, lasting: bool = True) -> Iterator[sqlite3.Connection]:
        """Change the file, all or nothing. What need not be `lasting` may be committed with what comes next.

        Were that lost until then, it would be made again from what lasts, and nothing asked.
        """
        with self._told(), self._changing:
            database = self._database
            try:
                if not database.in_transaction:
                    database.execute("BEGIN IMMEDIATE")
                self._settle()
                yield database
                if lasting:
                    database.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # a full disk has rolled back already
                    database.execute("ROLLBACK")
                raise

    def _change(self, statement: str, values: tuple[Any, ...]) -> sqlite3.Cursor:
        with self._transaction() as database:
            return database.execute(statement, values)

    def _settle(self) -> None:
        """Store what was noted of tries."""
        if self._settled:
            self._database.executemany(_SETTLE, self._settled)
            self._settled.clear()

    def _row(self, question: str, values: tuple[Any, ...] = ()) -> Any:
        with self._told(), self._changing:
            return self._database.execute(question, values).fetchone()

    def _value(self, question: str) -> Any:
        return self._row(question)[0]

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what is wrong with the file, and what to do."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise LedgerError(f"{self.place} {_trouble(error)}") from None
        except OSError as error:
            raise LedgerError(f"{self.place} cannot be written: {error.strerror or error}") from None

    @property
    def place(self) -> str:
        """How errors name it."""
        return f"the run's ledger {str(self.path)!r}" if self.path else "the run's ledger"


def document_key(document: Document) -> bytes:
    """Name what is to be said of a document: its text's hash, with why it cannot be read, if so."""
    if document.failure is None:
        return bytes.fromhex(document.id)
    told = (document.id, document.source or "", document.failure.type, document.failure.message)
    return hashlib.sha256("\0".join(told).encode("utf-8", "surrogatepass")).digest()


def _stored(data: Any) -> str:
    """Write JSON. What pydantic-core cannot, half a surrogate pair, is rare: a run has no time to look for it."""
    try:
        return to_json(data).decode()
    except PydanticSerializationError:
        return json_text(data)


def _is_stale(answer: Answer) -> bool:
    """Tell whether an answer says that there was no reply, or half of one."""
    lost = answer.failure is not None and (answer.failure.type.retry_later or answer.failure.type.stops_run)
    return lost or answer.stop_reason == BROKEN_STREAM


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _local_time(at: str) -> str:
    """Write the expression for a time of the clock; null where it is none."""
    return f"strftime('%Y-%m-%d %H:%M:%S', {at}, 'unixepoch', 'localtime')"


def cause_of(extraction: Extraction[Any]) -> FailureKind | None:
    """Say why there is no whole value: where a chunk failed on the way, that; a stream that broke off did so, too."""
    if extraction.error is None:
        return None
    if extraction.attempts and extraction.attempts[-1].stop_reason == BROKEN_STREAM:
        return FailureKind.CONNECTION
    causes = [reading.error.type for reading in extraction.chunks if reading.error]
    return next((cause for cause in causes if cause.retry_later), extraction.error.type)


def _picodollars(amount: Decimal | None) -> int | None:
    return None if amount is None else int((amount * PICODOLLARS).to_integral_value(ROUND_CEILING))


def _trouble(error: sqlite3.DatabaseError) -> str:
    if isinstance(error, sqlite3.OperationalError):
        return f"cannot be used: {error}; what is in it is safe: the same command goes on when that is mended"
    return f"is damaged: {error}; move it away to begin anew, or save what it holds with `sqlite3 FILE .recover`"


def _holder(path: Path) -> str:
    """Name the process that works on a run, if its ledger tells."""
    with suppress(sqlite3.Error):
        database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            last = f"SELECT printf('%d', process), {_local_time('at')} FROM starts ORDER BY number DESC LIMIT 1"  # noqa: S608 - of our own
            process, at = database.execute(last).fetchone() or (None, None)
        finally:
            database.close()
        return f" (process {process}, since {at})" if at else ""
    return ""
