"""What runs have cost, read from their ledgers: totals by label, schema, model, day and hour."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from slotfill.extractors.errors import LedgerError
from slotfill.extractors.record.money import add_money, money_json
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.runs.ledger.database import ledger_to_read
from slotfill.extractors.runs.ledger.migrations import PICODOLLARS, WITH_THINKING
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["WITHOUT_LABEL", "By", "Cost", "Costs", "costs_of"]

By = Literal["label", "schema", "model", "day", "hour"]
"""What costs are totalled by; days and hours are of UTC, and of when a request was sent."""

WITHOUT_LABEL = "(none)"
"""Stands for the label of what was started without one."""

_KEYS: Mapping[By, str] = {
    "label": "(SELECT labels FROM starts WHERE number = start)",
    "schema": "(SELECT value FROM run WHERE name = 'schema')",
    "model": "model",
    "day": "strftime('%Y-%m-%d', at, 'unixepoch')",
    "hour": "strftime('%Y-%m-%d %H:00', at, 'unixepoch')",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What HTTP tries took.

    usage: tokens of those that were settled. usd: of all, None where a price is unknown.
    lost, lost_usd: how many, and of `usd` how much, are reserved for tries whose reply was lost, or is still to come.
    """

    tries: int = 0
    usage: Usage = Usage()
    usd: Decimal | None = Decimal(0)
    lost: int = 0
    lost_usd: Decimal | None = Decimal(0)

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.tries + other.tries,
            self.usage + other.usage,
            add_money(self.usd, other.usd),
            self.lost + other.lost,
            add_money(self.lost_usd, other.lost_usd),
        )

    def to_json(self) -> JSONObject:
        """Return the figures as plain JSON data."""
        return {
            "tries": self.tries,
            "usage": self.usage.to_json(),
            "cost_usd": money_json(self.usd),
            "lost": self.lost,
            "lost_usd": money_json(self.lost_usd),
        }


@dataclass(frozen=True, slots=True)
class Costs:
    """Totals by one thing, in its order. A start that had several labels counts for each, and once in `total`.

    skipped: the ledgers that could not be read, each with the reason.
    """

    by: By
    rows: Mapping[str, Cost]
    total: Cost
    skipped: tuple[tuple[Path, str], ...] = ()

    def to_json(self) -> JSONObject:
        """Return the totals as plain JSON data."""
        return {
            "by": self.by,
            "costs": [{self.by: key, **cost.to_json()} for key, cost in self.rows.items()],
            "total": self.total.to_json(),
            "skipped": [{"ledger": str(path), "reason": reason} for path, reason in self.skipped],
        }


def costs_of(ledgers: Iterable[Path], by: By) -> Costs:
    """Total what runs have cost, of the ledgers at these paths. They are only read, and may be in use."""
    rows: defaultdict[str, Cost] = defaultdict(Cost)
    total, skipped = Cost(), []
    for path in ledgers:
        try:
            tries = _read(path, by)
        except (sqlite3.Error, LedgerError, ValueError) as error:
            skipped.append((path, str(error)))
            continue
        for keys, cost in tries:
            total += cost
            for key in keys:
                rows[key] += cost
    return Costs(by, dict(sorted(rows.items())), total, tuple(skipped))


def _read(path: Path, by: By) -> Sequence[tuple[Sequence[str], Cost]]:
    """Total one ledger. Raises what `ledger_to_read` does."""
    with ledger_to_read(path) as (database, version):
        thought = "total(thinking_tokens)" if version >= WITH_THINKING else "0.0"
        rows = database.execute(
            f"""
            SELECT
                {_KEYS[by]}, count(*),
                total(input_tokens), total(output_tokens), total(cache_read_tokens), total(cache_write_tokens),
                {thought},
                sum(picodollars), count(*) - count(picodollars),
                count(*) FILTER (WHERE input_tokens IS NULL),
                sum(picodollars) FILTER (WHERE input_tokens IS NULL),
                count(*) FILTER (WHERE input_tokens IS NULL AND picodollars IS NULL)
            FROM tries GROUP BY 1
            """  # noqa: S608 - expressions of our own
        ).fetchall()
    try:
        read = _ROWS.validate_python(rows)
        return [(_labels(key) if by == "label" else [key or WITHOUT_LABEL], _cost(*figures)) for key, *figures in read]
    except ValidationError:
        raise ValueError("it is damaged: what stands there was not written by slotfill") from None


_Count = Annotated[float, Field(ge=0, lt=2**63)]
_Money = Annotated[int, Field(ge=0, strict=True)] | None

_ROWS: TypeAdapter[list[tuple[Any, ...]]] = TypeAdapter(
    list[tuple[str | None, int, _Count, _Count, _Count, _Count, _Count, _Money, int, int, _Money, int]]
)
"""What is read of a ledger, which may be anybody's."""


def _cost(tries: int, *figures: Any) -> Cost:
    *tokens, spent, unknown, lost, lost_spent, lost_unknown = figures
    usage = Usage(*(int(count) for count in tokens))
    return Cost(tries, usage, _amount(spent, unknown), lost, _amount(lost_spent, lost_unknown))


def _amount(picodollars: int | None, unknown: int) -> Decimal | None:
    return None if unknown else Decimal(picodollars or 0) / PICODOLLARS


def _labels(labels: str | None) -> Sequence[str]:
    named = _LABELS.validate_json(labels or "{}", strict=True)
    return [f"{name}={value}" for name, value in named.items()] or [WITHOUT_LABEL]


_LABELS = TypeAdapter(dict[str, str])
