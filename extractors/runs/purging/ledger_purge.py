"""Old documents deleted from ledgers, so that no byte of them is left in the files, and what was deleted, counted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from slotfill.extractors.errors import LedgerError
from slotfill.extractors.record.money import money_json
from slotfill.extractors.runs.ledger.costs import costs_of
from slotfill.extractors.runs.ledger.database import Database, ledger_to_read
from slotfill.extractors.runs.ledger.lock import lock_ledger
from slotfill.extractors.runs.purging.old_documents import PERSONAL, count_old, delete_old, is_all_old, select_old
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["LedgerPurge", "Purge", "purge_ledgers"]

_BESIDE = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True)
class LedgerPurge:
    """What was deleted from one ledger, or would be.

    Attributes:
        path: The ledger.
        rows: By table, how many rows were deleted.
        remaining: How many rows of old documents were found afterwards: none, or the purge has failed.
        bytes_before: The size of its files.
        bytes_after: The same afterwards.
        is_gone: Whether the ledger itself is deleted: nothing was left of it but costs.
        cost_usd: What its runs had cost, where it is gone; None where that is not known, and else.
    """

    path: Path
    rows: Mapping[str, int]
    remaining: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    is_gone: bool = False
    cost_usd: str | None = None

    def to_json(self) -> JSONObject:
        """Return it as plain JSON data."""
        return {
            "ledger": str(self.path),
            "deleted": {table: self.rows.get(table, 0) for table in PERSONAL},
            "remaining": self.remaining,
            "bytes_before": self.bytes_before,
            "bytes_after": self.bytes_after,
            "ledger_deleted": self.is_gone,
            "cost_usd": self.cost_usd,
        }


@dataclass(slots=True)
class Purge:
    """What was deleted from ledgers, and which of them were left as they are, each with the reason.

    Attributes:
        before: What is from this instant on is not old.
        labels: What the starts bore that it was of.
        dry_run: Whether nothing was deleted.
        ledgers: Those that held anything old.
        skipped: Those that could not be used.
    """

    before: datetime
    labels: Mapping[str, str]
    dry_run: bool
    ledgers: list[LedgerPurge] = field(default_factory=list)
    skipped: list[tuple[Path, str]] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether all that is old is gone, as far as it was to be."""
        return not self.skipped and not any(one.remaining for one in self.ledgers)

    def to_json(self) -> JSONObject:
        """Return it as plain JSON data: the proof."""
        totals = {table: sum(one.rows.get(table, 0) for one in self.ledgers) for table in PERSONAL}
        return {
            "before": self.before.isoformat(),
            "labels": dict(self.labels),
            "dry_run": self.dry_run,
            "total": {
                "ledgers": len(self.ledgers),
                "ledgers_deleted": sum(one.is_gone for one in self.ledgers),
                **totals,
                "remaining": sum(one.remaining for one in self.ledgers),
                "bytes_given_back": sum(one.bytes_before - one.bytes_after for one in self.ledgers),
            },
            "ledgers": [one.to_json() for one in self.ledgers],
            "skipped": [{"ledger": str(path), "reason": reason} for path, reason in self.skipped],
        }


def purge_ledgers(
    ledgers: Iterable[Path],
    before: datetime,
    labels: Mapping[str, str],
    *,
    dry_run: bool = False,
    keep_costs: bool = False,
) -> Purge:
    """Delete what is old from ledgers.

    Args:
        ledgers: The ledgers; what cannot be used, or is in use, is skipped, and said.
        before: What is from this instant on is not old.
        labels: What the starts must bear that it is of; all of them.
        dry_run: Count alone.
        keep_costs: Leave a ledger of which nothing but costs is left, for `slotfill costs`.
    """
    purge = Purge(before, labels, dry_run)
    for path in ledgers:
        try:
            one = _look(path, purge) if dry_run else _purge(path, purge, keep_costs=keep_costs)
        except (LedgerError, sqlite3.Error, ValueError, OSError) as error:
            purge.skipped.append((path, str(error)))
            continue
        if one.is_gone or any(one.rows.values()):
            purge.ledgers.append(one)
    return purge


def _look(path: Path, purge: Purge) -> LedgerPurge:
    """Count what is old, and change nothing: the ledger may be in use."""
    size = _size(path)
    with ledger_to_read(path) as (database, _):
        select_old(database, purge.before, purge.labels)
        return LedgerPurge(path, count_old(database), bytes_before=size, bytes_after=size)


def _purge(path: Path, purge: Purge, *, keep_costs: bool) -> LedgerPurge:
    with ledger_to_read(path):
        pass  # what is none is told before anything is made beside it
    place = f"the ledger {str(path)!r}"
    lock = lock_ledger(path, place, wait=False)
    try:
        size = _size(path)
        with closing(Database(path, place, erase=True)) as ledger:
            rows, remaining, is_gone = _delete(ledger, purge)
        cost = None
        if is_gone and not keep_costs:
            cost = money_json(costs_of([path], "schema").total.usd)
            _unlink(path)
        gone = is_gone and not keep_costs
        return LedgerPurge(path, rows, remaining, size, _size(path), is_gone=gone, cost_usd=cost)
    finally:
        if not path.exists():
            # While it is locked: a file that is removed later may be another's lock by then.
            with suppress(OSError):
                Path(lock.lock_file).unlink()
        lock.release()


def _delete(ledger: Database, purge: Purge) -> tuple[dict[str, int], int, bool]:
    """Delete the rows and what SQLite leaves of them in its files; count them before, and what is there after."""
    with ledger.transaction() as database:
        select_old(database, purge.before, purge.labels)
        rows = count_old(database)
        delete_old(database)
        is_gone = is_all_old(database)
        if is_gone:
            database.execute("DELETE FROM run WHERE name = 'command'")  # it names the inputs
        select_old(database, purge.before, purge.labels)
        remaining = sum(count_old(database).values())
    ledger.shrink()
    return rows, remaining, is_gone


def _size(path: Path) -> int:
    files = (path.with_name(path.name + suffix) for suffix in _BESIDE)
    return sum(file.stat().st_size for file in files if file.exists())


def _unlink(path: Path) -> None:
    for suffix in reversed(_BESIDE):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
