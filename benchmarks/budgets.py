"""What budgets cost: the processor time of a request's reservation and settlement, beside that of a whole document."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from slotfill import Extractor
from slotfill.extractors.budgets.budget_ledger import BudgetLedger, SpendingAccount
from slotfill.extractors.budgets.spending_limit import SpendingLimit
from slotfill.extractors.testing.claude import SimulatedClaude

LIMITS = [SpendingLimit.read(text) for text in ("key=k:90000/day", "key=k:90000/month", "*:90000/month")]
LABELS = {"team": "a", "key": "k"}
AT_ONCE, ROUNDS = 20, 100
TEXTS = [f"Ada is 36, says number {number}." for number in range(500)]


def seconds_of(account: SpendingAccount) -> float:
    """Reserve and settle, so many at once; the time of one."""
    worst, cost = Decimal("0.0123"), Decimal("0.000213")
    started = time.process_time()
    for _ in range(ROUNDS):
        for _ in range(AT_ONCE):
            account.reserve(worst)
        for _ in range(AT_ONCE):
            account.settle(worst, cost)
    return (time.process_time() - started) / ROUNDS / AT_ONCE


def seconds_of_document() -> float:
    """Extract, against a simulated service in this process, whose time counts too."""

    async def extract() -> None:
        client = SimulatedClaude(lambda _: {"name": "Ada", "age": 36}).async_client()
        async with Extractor("name, age int", client=client) as extractor:
            async for _ in extractor.amap(TEXTS, concurrency=64):
                pass

    started = time.process_time()
    asyncio.run(extract())
    return (time.process_time() - started) / len(TEXTS)


def median(measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(5))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, BudgetLedger(Path(folder)) as ledger:
        limited, free = ledger.account(LABELS, LIMITS), ledger.account(LABELS)
        with_limits, without = median(lambda: seconds_of(limited)), median(lambda: seconds_of(free))
    document = median(seconds_of_document)
    print(f"three budgets  {1e6 * with_limits:6.0f} µs a request, {with_limits / document:.1%} of a document's time")
    print(f"none           {1e6 * without:6.1f} µs a request, {without / document:.2%}")
    print(f"a document     {1e6 * document:6.0f} µs, the simulated service's own time included")


if __name__ == "__main__":
    main()
