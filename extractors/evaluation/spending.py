"""Spending: what predictions took, by what their records say of it: money, tokens, time, attempts, repairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from slotfill.extractors.evaluation.intervals import percentile
from slotfill.extractors.record.json_writer import JSONForm
from slotfill.schemas.json_values.json_types import JSON, JSONMapping

__all__ = ["Spending", "spending_of"]

_TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
_MOST_MONEY = 10**12
"""US dollars: no document costs more, and sums of what is less overflow nothing."""

_SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


@dataclass(frozen=True, slots=True)
class Spending(JSONForm):
    """What predictions took.

    Attributes:
        records: How many predictions are records: bare lines of an output say nothing of it.
        cost_usd: What they cost together; None where the price of one is unknown.
        unpriced: Of how many the price is unknown.
        tokens: Sums by kind, of those that were counted.
        ms: Milliseconds of a document: `mean`, `p50`, `p90`, `p99`, `greatest`.
        attempts: How many there were, by rung.
        outcomes: How many documents ended so.
        edits: How many there were, by risk.
        models: How many documents each model gave.
    """

    records: int
    cost_usd: Decimal | None
    unpriced: int
    tokens: Mapping[str, int]
    ms: Mapping[str, float]
    attempts: Mapping[str, int]
    outcomes: Mapping[str, int]
    edits: Mapping[str, int]
    models: Mapping[str, int]


def spending_of(records: Iterable[JSONMapping]) -> Spending | None:
    """Add up what records, as plain JSON data, say they took; None where there are none."""
    known = [record for record in records if record]
    if not known:
        return None
    costs = [_money(record.get("cost_usd")) for record in known]
    return Spending(
        records=len(known),
        cost_usd=None if None in costs else sum((cost for cost in costs if cost is not None), Decimal(0)),
        unpriced=costs.count(None),
        tokens={name: sum(_count(_object(record.get("usage")).get(name)) for record in known) for name in _TOKENS},
        ms=_times([_count(record.get("ms")) for record in known]),
        attempts=_tally(_object(one).get("rung") for record in known for one in _list(record.get("attempts"))),
        outcomes=_tally(record.get("outcome") for record in known),
        edits=_tally(_object(one).get("risk") for record in known for one in _list(record.get("edits"))),
        models=_tally(record.get("model") for record in known),
    )


def _tally(names: Iterable[JSON]) -> dict[str, int]:
    return dict(sorted(Counter(name for name in names if isinstance(name, str)).items()))


def _times(times: list[int]) -> dict[str, float]:
    ordered = sorted(times)
    shares = {name: percentile(ordered, share) for name, share in _SHARES.items()}
    return {"mean": sum(ordered) / len(ordered), **shares, "greatest": ordered[-1]}


def _money(amount: JSON) -> Decimal | None:
    if not isinstance(amount, str | int | float) or isinstance(amount, bool):
        return None
    try:
        money = Decimal(str(amount))
    except InvalidOperation:
        return None
    return money if money.is_finite() and 0 <= money < _MOST_MONEY else None


def _count(value: JSON) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _object(value: JSON) -> JSONMapping:
    return value if isinstance(value, dict) else {}


def _list(value: JSON) -> list[JSON]:
    return value if isinstance(value, list) else []
