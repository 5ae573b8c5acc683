"""What goes on in a ledger, at a moment: how many documents have ended and how, requests, time, money, failures."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from slotfill.extractors.errors import LedgerError
from slotfill.extractors.record.money import money_json
from slotfill.extractors.runs.ledger.database import ledger_to_read
from slotfill.extractors.runs.ledger.migrations import PICODOLLARS
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["Activity", "activities_of", "activity_of"]

WINDOW = 60.0
"""Seconds that a rate is of."""

LATEST = 200
"""So many answers, the last ones, are looked at for how long they take."""


@dataclass(frozen=True, slots=True)
class Activity:
    """What goes on in one ledger, by its schema.

    at: when it was looked at, in seconds since the epoch. read: how many documents were, so far; ended: of these, by
    outcome. failures: by kind, of documents. requests, usd_a_minute: within the last minute. latencies: of the last
    requests, in milliseconds, sorted. usd: of all starts; None where a price is unknown. last: when the last request
    was sent.
    """

    path: Path
    schema: str
    at: float
    read: int
    ended: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    requests: int = 0
    usd_a_minute: Decimal | None = Decimal(0)
    usd: Decimal | None = Decimal(0)
    latencies: tuple[int, ...] = ()
    last: float | None = None

    @property
    def documents(self) -> int:
        """How many have ended."""
        return sum(self.ended.values())

    @property
    def is_idle(self) -> bool:
        """Whether nothing was asked within the last minute."""
        return self.last is None or self.at - self.last > WINDOW

    def latency(self, share: float) -> float | None:
        """Return how long at most this share of the last requests took, in seconds; None where there were none."""
        if not self.latencies:
            return None
        return self.latencies[min(int(share * len(self.latencies)), len(self.latencies) - 1)] / 1000

    def to_json(self) -> JSONObject:
        """Return it as plain JSON data."""
        return {
            "ledger": str(self.path),
            "schema": self.schema,
            "documents": {"read": self.read, "ended": dict(self.ended), "failures": dict(self.failures)},
            "requests_a_minute": self.requests,
            "latency_s": {"half": self.latency(0.5), "most": self.latency(0.95)},
            "cost_usd": money_json(self.usd),
            "cost_usd_a_minute": money_json(self.usd_a_minute),
        }


def activities_of(ledgers: Iterable[Path]) -> tuple[list[Activity], list[str]]:
    """Look at ledgers, the last one at work first; of each that cannot be read return a line that says why."""
    found: list[Activity] = []
    skipped: list[str] = []
    for path in ledgers:
        try:
            found.append(activity_of(path))
        except (sqlite3.Error, LedgerError, ValueError) as error:
            skipped.append(f"{path}: not counted: {error}")
    return sorted(found, key=lambda one: -(one.last or 0.0)), skipped


def activity_of(path: Path, now: float | None = None) -> Activity:
    """Look at a ledger, which may be in use, and anybody's. Raises what `ledger_to_read` does."""
    at = time.time() if now is None else now
    with ledger_to_read(path) as (database, _):
        try:
            schema, read, last, spent, unknown = _TOTALS.validate_python(database.execute(_TOTAL).fetchone())
            requests, recent, recent_unknown = _RECENTS.validate_python(
                database.execute(_RECENT, (at - WINDOW,)).fetchone()
            )
            ended = _COUNTS.validate_python(database.execute(_ENDED).fetchall())
            failures = _COUNTS.validate_python(database.execute(_FAILURES).fetchall())
            latencies = _LATENCIES.validate_python(
                [ms for (ms,) in database.execute(_LATENCY, (LATEST,)) if ms is not None]
            )
        except ValidationError:
            raise ValueError("it is damaged: what stands there was not written by slotfill") from None
    return Activity(
        path,
        schema,
        at,
        read,
        dict(ended),
        dict(failures),
        requests,
        _amount(recent, recent_unknown),
        _amount(spent, unknown),
        tuple(sorted(latencies)),
        last,
    )


_TOTAL = """
SELECT
    (SELECT value FROM run WHERE name = 'schema'),
    (SELECT count(*) FROM inputs),
    max(at), sum(picodollars), count(*) - count(picodollars)
FROM tries
"""

_RECENT = "SELECT count(*), sum(picodollars), count(*) - count(picodollars) FROM tries WHERE at > ?"

_ENDED = "SELECT outcome, count(*) FROM inputs JOIN documents USING (document) GROUP BY outcome ORDER BY 2 DESC"

_FAILURES = (
    "SELECT failure, count(*) FROM inputs JOIN documents USING (document) WHERE failure IS NOT NULL GROUP BY failure "
    "ORDER BY 2 DESC"
)

_LATENCY = "SELECT json_extract(answer, '$.ms') FROM answers ORDER BY number DESC LIMIT ?"

_Count = Annotated[int, Field(ge=0, strict=True)]
_Money = _Count | None
_Moment = Annotated[float, Field(ge=0)] | None
_TOTALS: TypeAdapter[tuple[str, int, float | None, int | None, int]] = TypeAdapter(
    tuple[str, _Count, _Moment, _Money, _Count]
)
_RECENTS: TypeAdapter[tuple[int, int | None, int]] = TypeAdapter(tuple[_Count, _Money, _Count])
_COUNTS: TypeAdapter[list[tuple[str, int]]] = TypeAdapter(list[tuple[str, _Count]])
_LATENCIES: TypeAdapter[list[int]] = TypeAdapter(list[_Count])


def _amount(picodollars: int | None, unknown: int) -> Decimal | None:
    return None if unknown else Decimal(picodollars or 0) / PICODOLLARS
