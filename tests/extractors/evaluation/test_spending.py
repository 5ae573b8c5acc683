"""Spending: what records say they took, as far as they say it."""

from decimal import Decimal
from typing import Any

import pytest
from scripted import Service, message

from slotfill import Extractor
from slotfill.extractors.evaluation.evaluation import evaluate_pairs
from slotfill.extractors.evaluation.spending import spending_of
from slotfill.extractors.gold.gold_document import GoldDocument


def record(**members: Any) -> dict[str, Any]:
    return {"slotfill": 1, "outcome": "valid", "value": {}, "model": "m", "cost_usd": "0.10", "ms": 100, **members}


def test_money_tokens_time_and_repairs_are_added_up() -> None:
    usage = {"input_tokens": 10, "output_tokens": 2, "cache_read_tokens": None, "cache_write_tokens": 1}
    spending = spending_of(
        [
            record(
                usage=usage, attempts=[{"rung": "ask"}, {"rung": "patch"}], edits=[{"risk": "low"}], outcome="patched"
            ),
            record(usage=usage, attempts=[{"rung": "ask"}], ms=300),
            {},
        ]
    )
    assert spending is not None
    assert (spending.records, spending.cost_usd, spending.unpriced) == (2, Decimal("0.20"), 0)
    assert spending.tokens == {"input_tokens": 20, "output_tokens": 4, "cache_read_tokens": 0, "cache_write_tokens": 2}
    assert spending.attempts == {"ask": 2, "patch": 1}
    assert spending.outcomes == {"patched": 1, "valid": 1}
    assert (spending.edits, spending.models) == ({"low": 1}, {"m": 2})
    assert (spending.ms["mean"], spending.ms["p50"], spending.ms["greatest"]) == (200, 200, 300)
    assert spending.to_json()["cost_usd"] == "0.20"


def test_an_unknown_price_makes_the_sum_unknown() -> None:
    spending = spending_of([record(), record(cost_usd=None)])
    assert spending is not None
    assert (spending.cost_usd, spending.unpriced) == (None, 1)


def test_bare_lines_say_nothing_of_it() -> None:
    assert spending_of([{}, {}]) is None


@pytest.mark.parametrize("wrong", [None, "x", [1], {"a": 1}, True, -1, float("nan")])
def test_records_that_are_odd_are_counted_as_far_as_they_can_be(wrong: Any) -> None:
    members = ("usage", "attempts", "edits", "ms", "cost_usd", "outcome", "model", "spans", "agreement", "probability")
    odd = record(**dict.fromkeys(members, wrong))
    spending = spending_of([odd])
    assert spending is not None
    assert spending.records == 1
    evaluate_pairs([(GoldDocument.of({"a": 1}, source="s"), odd)], resamples=0).to_json()


def test_records_as_they_are_written_are_scored_and_nothing_is_asked(service: Service) -> None:
    service.script(message('{"a": "x"}'))
    with Extractor("a str", client=service.client()) as extractor:
        written = extractor.extract("x").to_json()
    asked = len(service.requests)
    evaluation = evaluate_pairs([(GoldDocument.of({"a": "x"}, text="x"), written)])
    assert evaluation.scores.right.value == 1
    assert evaluation.spending is not None
    assert evaluation.spending.tokens["input_tokens"] == 100
    assert len(service.requests) == asked == 1
