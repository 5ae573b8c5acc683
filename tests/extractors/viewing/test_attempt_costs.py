"""What each attempt cost: only where the parts make up the whole."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from slotfill.extractors.catalogue.prices import cost
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.viewing.attempt_costs import priced_attempts

MODEL = "claude-haiku-5-5"


def record_of(*usages: Usage, model: str = MODEL, whole: Decimal | None = None, ttl: Any = "5m") -> dict[str, Any]:
    costs = [cost(MODEL, usage, ttl=ttl) or Decimal() for usage in usages]
    attempts = [{"model": model, "usage": usage.to_json()} for usage in usages]
    return {"attempts": attempts, "cost_usd": format(sum(costs) if whole is None else whole, "f")}


@pytest.mark.parametrize("ttl", ["5m", "1h"])
def test_each_has_its_own(ttl: str) -> None:
    usages = (Usage(1_000, 50, 0, 4_000, 0), Usage(10, 500, 4_000, 0, 0))
    priced = priced_attempts(record_of(*usages, ttl=ttl))
    assert [Decimal(one["cost_usd"]) for one in priced] == [cost(MODEL, usage, ttl=ttl) for usage in usages]
    assert sum(Decimal(one["cost_usd"]) for one in priced) == Decimal(record_of(*usages, ttl=ttl)["cost_usd"])


def test_one_of_a_batch_cost_half() -> None:
    usages = (Usage(1_000, 50, tier="batch"), Usage(10, 500))
    costs = [Decimal(one["cost_usd"]) for one in priced_attempts(record_of(*usages))]
    assert costs == [Decimal("0.0000625"), Decimal("0.000251")]


def test_a_single_one_cost_it_all() -> None:
    (one,) = priced_attempts(record_of(Usage(1_000, 50), whole=Decimal("1.5")))
    assert one["cost_usd"] == "1.5"


@pytest.mark.parametrize(
    "record",
    [
        record_of(Usage(1_000, 50), Usage(10, 500), whole=Decimal("0.5")),  # at other prices
        record_of(Usage(1_000, 50), Usage(None, 500)),  # the service did not tell all
        record_of(Usage(1_000, 50), Usage(10, 500), model="nobodys-model"),
        {**record_of(Usage(1_000, 50)), "cost_usd": None},
    ],
)
def test_what_does_not_make_up_the_whole_is_not_told(record: dict[str, Any]) -> None:
    assert priced_attempts(record) == record["attempts"]
