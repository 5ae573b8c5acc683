"""The meter of a key: what many requests at once to a service may cost together."""

import asyncio
from decimal import Decimal

import pytest

from slotfill import Extractor
from slotfill.extractors.budgets.budget_ledger import BudgetLedger
from slotfill.extractors.budgets.spending_meter import SpendingMeter
from slotfill.extractors.clients.metering import BudgetError, Try
from slotfill.extractors.keys.api_key import ApiKey
from slotfill.extractors.keys.key_ring import utc_now
from slotfill.extractors.keys.secret_hash import hash_of
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

MODEL = "claude-haiku-5-5"
VALUE = {"name": "Ada", "age": 36}


def key(**limits):
    return ApiKey(name="k", hash=hash_of("x"), created=utc_now(), **limits)


def account(ledger, **limits):
    one = key(**limits)
    return ledger.account(one.cost_labels, one.spending_limits)


@pytest.mark.parametrize("limits", [{"usd_a_day": "0.01"}, {"usd_a_day": "9", "usd_a_month": "0.01"}], ids=str)
async def test_fifty_at_once_do_not_pass_the_budget_of_their_key(tmp_path, monkeypatch, limits):
    claude = SimulatedClaude(lambda _: VALUE)
    with served(claude) as url, BudgetLedger(tmp_path) as ledger:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-simulated")
        async with Extractor("name, age int", model=MODEL, retries=0) as extractor:
            extractor.meter(SpendingMeter(account(ledger, **limits)))
            texts = [f"Ada is 36, says {number}. " * 300 for number in range(150)]
            limited = asyncio.Semaphore(50)

            async def ask(text):
                async with limited:
                    return await extractor.aextract(text)

            ended = await asyncio.gather(*map(ask, texts))
        (status, *_) = ledger.status(key(**limits).spending_limits[-1:])
    kinds = {extraction.error.type for extraction in ended if extraction.error}
    assert kinds == {FailureKind.BUDGET}
    assert any(extraction.ok for extraction in ended)
    assert Decimal("0.005") < claude.cost_usd <= Decimal("0.01")
    assert (status.spent, status.reserved) == (claude.cost_usd, 0)


def test_a_lost_reply_stays_spent_and_a_refused_request_costs_nothing(tmp_path):
    with BudgetLedger(tmp_path) as ledger:
        own = account(ledger, usd_a_day=5)
        meter = SpendingMeter(own)
        numbers = [meter.admit(Try(MODEL, 1_000, 1_000)) for _ in range(2)]
        assert numbers == [1, 2]
        (before,) = ledger.status(own.limits)
        meter.check()
        meter.settle(1, Usage())
        meter.settle(2, None)
        (after,) = ledger.status(own.limits)
        assert (after.reserved, after.spent) == (0, before.reserved / 2)


def test_a_model_without_a_price_is_refused_where_there_is_a_limit(tmp_path):
    with BudgetLedger(tmp_path) as ledger:
        with pytest.raises(BudgetError, match="no price is known for the model 'claude-unheard-of-9'"):
            SpendingMeter(account(ledger, usd_a_day=5)).admit(Try("claude-unheard-of-9", 10, 10))
        assert SpendingMeter(account(ledger)).admit(Try("claude-unheard-of-9", 10, 10)) == 1
