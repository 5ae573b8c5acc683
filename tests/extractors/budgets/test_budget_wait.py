"""Waiting for room in a budget: it is said, it ends, and it does not keep the file busy."""

from decimal import Decimal

import pytest

from slotfill.extractors.budgets.budget_ledger import BudgetLedger
from slotfill.extractors.budgets.budget_wait import BudgetWait
from slotfill.extractors.budgets.spending_limit import SpendingLimit
from slotfill.extractors.clients.metering import BudgetError

LIMIT = SpendingLimit.read("team=a:1/day")


class Clock:
    now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_who_waits_for_others_is_told_and_gives_up_in_the_end(clock, caplog):
    wait = BudgetWait(clock)
    for _ in range(300):
        wait.note(LIMIT, 5, for_others=True)
        clock.now += 1
    (record,) = caplog.records
    assert record.getMessage().startswith(
        "waiting for the budget team=a:1/day: what is left of it is reserved by other"
    )
    clock.now += 2
    with pytest.raises(BudgetError, match="reserved by other runs, or by batches, for longer than 300 s: the same"):
        wait.note(LIMIT, 5, for_others=True)


def test_who_waits_for_what_is_its_own_waits_as_long_as_that_takes(clock, caplog):
    wait = BudgetWait(clock)
    for _ in range(1_000):
        wait.note(LIMIT, 5, for_others=False)
        clock.now += 1
    assert caplog.records == []


def test_room_ends_a_wait(clock):
    wait = BudgetWait(clock)
    wait.note(LIMIT, 5, for_others=True)
    clock.now += 299
    wait.end()
    wait.note(LIMIT, 5, for_others=True)
    clock.now += 299
    wait.note(LIMIT, 5, for_others=True)


def test_as_much_is_not_asked_for_again_at_once(clock):
    wait = BudgetWait(clock)
    assert not wait.is_too_soon(5)
    wait.note(LIMIT, 5, for_others=True)
    assert [wait.is_too_soon(wanted) for wanted in (4, 5, 6)] == [False, True, True]
    wait.look_again()
    assert not wait.is_too_soon(5)
    wait.note(LIMIT, 5, for_others=True)
    clock.now += 0.2
    assert not wait.is_too_soon(5)


def test_what_another_process_gives_back_is_had(tmp_path, monkeypatch):
    with BudgetLedger(tmp_path) as first, BudgetLedger(tmp_path) as second:
        own, others = (ledger.account({"team": "a"}, [LIMIT]) for ledger in (first, second))
        assert others.reserve(Decimal("0.9"))
        assert not own.reserve(Decimal("0.5"))
        others.settle(Decimal("0.9"), Decimal("0.1"))
        while not own.reserve(Decimal("0.5")):
            pass
