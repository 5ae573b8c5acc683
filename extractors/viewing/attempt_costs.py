"""What each attempt of a record cost: by the catalogue's prices, where they add up to what the record says."""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

from slotfill.extractors.catalogue.prices import CacheTTL, cost
from slotfill.extractors.record.money import money_json
from slotfill.extractors.record.usage import Usage
from slotfill.schemas.json_values.json_types import JSONMapping, JSONObject

__all__ = ["priced_attempts"]


def priced_attempts(record: JSONMapping) -> list[JSONObject]:
    """Return the attempts of a record, each with its `cost_usd` where that is known.

    A record holds the sum alone. Prices change: parts that do not make up the sum are none.
    """
    attempts = record["attempts"]
    whole = record["cost_usd"]
    if whole is None:
        return [*attempts]
    if len(attempts) == 1:
        return [{**attempts[0], "cost_usd": whole}]
    for ttl in get_args(CacheTTL):
        parts = [cost(one["model"], Usage(**one["usage"]), ttl=ttl) for one in attempts]
        if None not in parts and sum(part for part in parts if part is not None) == Decimal(whole):
            return [{**one, "cost_usd": money_json(part)} for one, part in zip(attempts, parts, strict=True)]
    return [*attempts]
