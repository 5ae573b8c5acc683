"""Money lent to workers: whatever they and chance do, no more is spent than may be, and no less is in the account."""

import sqlite3
from contextlib import closing
from decimal import Decimal

import pytest
from examples import examples
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from slotfill import Usage
from slotfill.extractors.catalogue.prices import cost, worst
from slotfill.extractors.clients.metering import BudgetError, Try
from slotfill.extractors.distributed.leases.leased_budget import LeasedBudget
from slotfill.extractors.distributed.leases.money_leases import MoneyLeases
from slotfill.extractors.distributed.worker_messages import MoneyLease
from slotfill.extractors.runs.budget import Budget
from slotfill.extractors.runs.ledger.migrations import PICODOLLARS
from slotfill.extractors.runs.ledger.store import Ledger

MODEL = "claude-haiku-5-5"
ROOM = 1_000
SMALL, LARGE = Try(MODEL, 4_000, ROOM), Try(MODEL, 40_000, ROOM)
WORST = worst(MODEL, SMALL.size, ROOM, ttl="5m")
TAKEN = Usage(1_000, 200)
tries = st.sampled_from([SMALL, LARGE])


class Lending(RuleBasedStateMachine):
    """Workers that reserve, settle, report and die; the service's own count of what it billed is the measure."""

    def __init__(self):
        super().__init__()
        self.ledger = Ledger(None)
        self.most = 12 * WORST
        self.budget = Budget(self.ledger.account, [MODEL], max_cost=self.most)
        self.leases = MoneyLeases(self.budget, self.ledger.account)
        self.clock = 0.0
        self.workers, self.count = {}, 0
        self.billed = Decimal(0)

    def teardown(self):
        for worker in sorted(self.workers):
            self.lose(worker)
        self.is_within()
        assert self.budget.reserved == 0
        assert self.ledger.account.spent() == self.budget.spent
        self.ledger.close()

    @precondition(lambda self: len(self.workers) < 3)
    @rule()
    def come(self):
        self.workers[f"w{self.count}"] = (LeasedBudget("5m", lambda: None, lambda: self.clock), {})
        self.count += 1

    @precondition(lambda self: self.workers)
    @rule(data=st.data(), tried=tries)
    def reserve(self, data, tried):
        budget, in_flight = self.workers[data.draw(st.sampled_from(sorted(self.workers)))]
        try:
            number = budget.admit(tried)
        except BudgetError:
            assert self.budget.spent + worst(MODEL, SMALL.size, ROOM, ttl="5m") > 0
            return
        if number is not None:
            in_flight[number] = tried

    @precondition(lambda self: any(in_flight for _, in_flight in self.workers.values()))
    @rule(data=st.data(), usage=st.sampled_from([TAKEN, None, Usage()]))
    def settle(self, data, usage):
        """The service has billed a try; of one whose reply was lost it may have billed anything up to the worst."""
        busy = sorted(name for name, (_, in_flight) in self.workers.items() if in_flight)
        budget, in_flight = self.workers[data.draw(st.sampled_from(busy))]
        number = data.draw(st.sampled_from(sorted(in_flight)))
        tried = in_flight.pop(number)
        self.billed += worst(MODEL, tried.size, ROOM, ttl="5m") if usage is None else cost(MODEL, usage)
        budget.settle(number, usage)

    @precondition(lambda self: self.workers)
    @rule(data=st.data(), seconds=st.sampled_from([0.02, 1.5]))
    def report(self, data, seconds):
        self.clock += seconds
        name = data.draw(st.sampled_from(sorted(self.workers)))
        budget, _ = self.workers[name]
        needs = budget.report()
        self.leases.settle(name, needs)
        lease = self.leases.lend(name, needs)
        if lease.refusal:
            assert self.budget.spent + needs.least > self.most
        budget.take(lease)

    @precondition(lambda self: self.workers)
    @rule(data=st.data())
    def die(self, data):
        self.lose(data.draw(st.sampled_from(sorted(self.workers))))

    @precondition(lambda self: any(not in_flight for _, in_flight in self.workers.values()))
    @rule(data=st.data())
    def leave(self, data):
        idle = sorted(name for name, (_, in_flight) in self.workers.items() if not in_flight)
        name = data.draw(st.sampled_from(idle))
        budget, _ = self.workers.pop(name)
        self.leases.settle(name, budget.leave())
        self.leases.left(name)

    def lose(self, name):
        """All that a lost worker had in flight may have been billed."""
        _, in_flight = self.workers.pop(name)
        self.billed += sum(worst(MODEL, tried.size, ROOM, ttl="5m") for tried in in_flight.values())
        self.leases.lost(name)

    @invariant()
    def is_within(self):
        in_flight = (tried for _, tries in self.workers.values() for tried in tries.values())
        possible = self.billed + sum(worst(MODEL, tried.size, ROOM, ttl="5m") for tried in in_flight)
        assert possible <= self.most
        assert self.budget.spent + self.budget.reserved <= self.most
        # What a start finds that goes on after a kill here is never less than what may have been billed.
        assert self.ledger.account.spent() >= possible


TestLending = Lending.TestCase
TestLending.settings = examples(60, stateful_step_count=40)


def test_two_that_wait_for_the_rest_do_not_hold_it_from_each_other():
    """Each would have half of what the next try may cost, for ever."""
    with Ledger(None) as ledger:
        budget = Budget(ledger.account, [MODEL], max_cost=WORST * 3 / 2)
        leases = MoneyLeases(budget, ledger.account)
        workers = {name: LeasedBudget("5m", lambda: None) for name in "ab"}
        in_flight = []
        for _ in range(4):
            for name, one in workers.items():
                number = one.admit(SMALL)
                if number is not None:
                    in_flight.append((one, number))
                needs = one.report()
                leases.settle(name, needs)
                one.take(leases.lend(name, needs))
        assert len(in_flight) == 1


def exchanged(leases, name, budget):
    needs = budget.report()
    leases.settle(name, needs)
    budget.take(leases.lend(name, needs))


def test_what_is_left_over_of_two_leases_goes_to_one_of_them():
    """Each holds a little less than the next try may cost, and nothing else is left."""
    with Ledger(None) as ledger:
        leases = MoneyLeases(Budget(ledger.account, [MODEL], max_cost=2 * WORST), ledger.account)
        workers = {name: LeasedBudget("5m", lambda: None) for name in "ab"}
        for name, one in workers.items():
            one.admit(SMALL)
            exchanged(leases, name, one)
        for one in workers.values():
            one.settle(one.admit(SMALL), TAKEN)
        admitted = []
        for _ in range(4):
            for name, one in workers.items():
                admitted.append(one.admit(SMALL))
                exchanged(leases, name, one)
        assert any(admitted)


def test_what_is_lent_is_on_the_disk_before_it_is(tmp_path):
    path = tmp_path / "ledger.db"
    with Ledger(path) as ledger, closing(sqlite3.connect(path)) as other:
        leases = MoneyLeases(Budget(ledger.account, [MODEL]), ledger.account)
        one = LeasedBudget("5m", lambda: None)
        for tries in (1, 2):
            while one.admit(SMALL) is not None:
                pass
            exchanged(leases, "a", one)
            (stored,) = other.execute("SELECT sum(picodollars) FROM tries").fetchone()
            assert stored >= tries * WORST * PICODOLLARS


def test_what_a_worker_no_longer_needs_others_may_have():
    with Ledger(None) as ledger:
        budget = Budget(ledger.account, [MODEL], max_cost=WORST * 2)
        leases = MoneyLeases(budget, ledger.account)
        now = 0.0
        one = LeasedBudget("5m", lambda: None, lambda: now)
        one.admit(SMALL)
        needs = one.report()
        leases.settle("a", needs)
        one.take(leases.lend("a", needs))
        one.settle(one.admit(SMALL), Usage())
        now = 10.0
        leases.settle("a", one.report())
        assert budget.reserved == 0
        assert ledger.account.spent() == 0


def test_a_price_that_is_not_known_is_no_limit_where_there_is_none():
    with Ledger(None) as ledger:
        budget = Budget(ledger.account, ["claude-of-tomorrow"])
        leases, one = MoneyLeases(budget, ledger.account), LeasedBudget("5m", lambda: None)
        one.settle(one.admit(Try("claude-of-tomorrow", 1, 1)), TAKEN)
        leases.settle("a", one.report())
        assert budget.spent is None
        assert ledger.account.spent() is None


def test_a_refusal_stays():
    one = LeasedBudget("5m", lambda: None)
    one.take(MoneyLease(refusal="no more"))
    one.take(MoneyLease(granted=WORST))
    with pytest.raises(BudgetError, match="no more"):
        one.admit(SMALL)
