"""The ledger of money: whatever processes there are, and whatever ends them, no budget is passed."""

import json
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.budgets.budget_ledger import BudgetLedger
from slotfill.extractors.budgets.spending_limit import SpendingLimit
from slotfill.extractors.clients.metering import BudgetError
from slotfill.extractors.errors import LedgerError

LIMIT = SpendingLimit.read("team=a:1/day")
LABELS = {"team": "a"}

SPEND = """
import random, sys, threading, time
from decimal import Decimal
from pathlib import Path
from slotfill.extractors.budgets.budget_ledger import BudgetLedger
from slotfill.extractors.budgets.spending_limit import SpendingLimit
from slotfill.extractors.clients.metering import BudgetError

seed, threads, limit = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
ledger = BudgetLedger(Path("money"))
account = ledger.account({"team": "a", "key": "k"}, [SpendingLimit.read(limit)])
spent, refused = [], []

def spend(number):
    draw = random.Random(f"{seed} {number}")
    while True:
        worst = Decimal(draw.randint(1, 40)) / 1000
        try:
            while not account.reserve(worst):
                time.sleep(0.002)
        except BudgetError:
            refused.append(worst)
            return
        time.sleep(draw.random() / 500)
        taken = worst * draw.choice([0, 1, 3, 10]) / 10
        account.settle(worst, taken)
        spent.append(taken)

workers = [threading.Thread(target=spend, args=(number,)) for number in range(threads)]
for worker in workers: worker.start()
for worker in workers: worker.join()
account.close()
ledger.close()
print(sum(spent, Decimal(0)), len(refused))
"""

HOLD = """
import sys, time
from decimal import Decimal
from pathlib import Path
from slotfill.extractors.budgets.budget_ledger import BudgetLedger
from slotfill.extractors.budgets.spending_limit import SpendingLimit

ledger = BudgetLedger(Path("money"), run="r")
account = ledger.account({"team": "a"}, [SpendingLimit.read("team=a:1/day")])
assert account.reserve(Decimal("0.7"))
account.settle(Decimal("0.2"), Decimal("0.1"))
account.reserve(Decimal("0"))
print("held", flush=True)
time.sleep(600)
"""


class Clock:
    def __init__(self):
        self.now = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ledger(tmp_path, clock):
    with BudgetLedger(tmp_path / "money", now=clock) as ledger:
        yield ledger


def usd(*texts):
    return tuple(map(Decimal, texts))


def status(ledger, limit=LIMIT):
    (one,) = ledger.status([limit])
    return one


def test_what_is_reserved_counts_until_it_is_settled(ledger):
    account = ledger.account(LABELS, [LIMIT])
    assert account.reserve(Decimal("0.6"))
    assert (status(ledger).spent, status(ledger).reserved, status(ledger).left) == usd("0", "0.6", "0.4")
    assert not account.reserve(Decimal("0.5")), "what is in flight may cost less"
    account.settle(*usd("0.6", "0.1"))
    assert (status(ledger).spent, status(ledger).reserved) == usd("0.1", "0")
    assert account.reserve(Decimal("0.9"))
    account.settle(*usd("0.9", "0.9"))
    with pytest.raises(BudgetError, match=r"^\$1.0000 of the budget team=a:1/day is spent, and the next request could"):
        account.reserve(Decimal("0.000001"))
    assert account.reserve(Decimal(0)), "what costs nothing fits"
    assert status(ledger).is_reached


def test_the_file_is_its_owners_alone(ledger, tmp_path):
    ledger.account(LABELS, [LIMIT]).reserve(Decimal("0.1"))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "money").iterdir()}
    assert {mode & 0o077 for mode in modes.values()} == {0}
    assert stat.S_IMODE((tmp_path / "money").stat().st_mode) & 0o077 == 0


def test_costs_count_for_the_labels_that_they_bear(ledger):
    limits = [SpendingLimit.read(text) for text in ("team=a:1/day", "team=b:1/day", "*:1.5/day")]
    a, b = (ledger.account({"team": name, "x": "y"}, limits) for name in "ab")
    assert [limit.scope for limit in a.limits] == ["team=a", "*"]
    assert a.reserve(Decimal(1))
    assert not b.reserve(Decimal("0.6")), "everything is nearly spent"
    assert b.reserve(Decimal("0.5"))
    assert [one.reserved for one in ledger.status(limits)] == list(usd("1", "0.5", "1.5"))


def test_what_nobody_limits_counts_for_those_who_are(ledger):
    other, own = ledger.account(LABELS), ledger.account(LABELS, [LIMIT])
    assert other.reserve(Decimal(7))
    other.settle(*usd("7", "0.9"))
    other.close()
    assert own.refusal(Decimal("0.2")) is not None
    assert own.refusal(Decimal("0.1")) is None


@pytest.mark.parametrize(("period", "hours"), [("hour", 1), ("day", 24), ("week", 24 * 7), ("month", 24 * 31)])
def test_with_the_next_period_all_is_there_again(ledger, clock, period, hours):
    limit = SpendingLimit.read(f"team=a:1/{period}")
    account = ledger.account(LABELS, [limit])
    assert account.reserve(Decimal(1))
    account.settle(*usd("1", "1"))
    clock.now = limit.period.end(clock.now) - timedelta(seconds=1)
    with pytest.raises(BudgetError):
        account.reserve(Decimal("0.5"))
    clock.now += timedelta(seconds=1)
    assert account.reserve(Decimal("0.5"))
    clock.now += timedelta(hours=hours)
    account.settle(*usd("0.5", "0.5"))
    assert status(ledger, limit).spent == 0, "it counts where it was reserved"


def test_money_in_flight_over_midnight_counts_where_it_was_reserved(ledger, clock):
    account = ledger.account(LABELS, [LIMIT])
    clock.now = LIMIT.period.end(clock.now) - timedelta(seconds=1)
    before = clock.now
    assert account.reserve(Decimal("0.5"))
    clock.now += timedelta(seconds=2)
    assert account.reserve(Decimal(1))
    account.settle(*usd("0.5", "0.3"))
    account.settle(*usd("1", "0.4"))
    account.close()
    assert status(ledger).spent == Decimal("0.4")
    clock.now = before
    assert status(ledger).spent == Decimal("0.3")


@examples(60)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.integers(0, 60), st.integers(0, 100)), max_size=40))
def test_whatever_is_reserved_and_settled_no_limit_is_passed(tmp_path_factory, steps):
    """Two accounts of one process, and one of another one, as it were; at each step the sums are right."""
    folder = tmp_path_factory.mktemp("money")
    limits = [SpendingLimit.read("team=a:1/day"), SpendingLimit.read("*:1.2/month")]
    with BudgetLedger(folder) as first, BudgetLedger(folder) as second:
        accounts = {
            "a": first.account(LABELS, limits),
            "b": first.account({}, limits),
            "c": second.account(LABELS, limits),
        }
        held, spent = {name: [] for name in accounts}, {name: Decimal(0) for name in accounts}
        for name, settles, cents, share in steps:
            if settles and held[name]:
                worst = held[name].pop(0)
                spent[name] += worst * share / 100
                accounts[name].settle(worst, worst * share / 100)
            elif not settles:
                worst, fits = Decimal(cents) / 100, False
                everything = sum(spent.values()) + sum(map(sum, held.values()))
                of_team = everything - spent["b"] - sum(held["b"])
                least = {"all": sum(spent.values()), "team": spent["a"] + spent["c"]}
                try:
                    fits = accounts[name].reserve(worst)
                except BudgetError:
                    assert worst + least["all"] > Decimal("1.2") or worst + least["team"] > 1
                if fits:
                    held[name].append(worst)
                    assert everything + worst <= Decimal("1.2") or not worst
                    assert name == "b" or of_team + worst <= 1 or not worst
        for account in accounts.values():
            account.close()
        left = [one.spent for one in first.status(limits)]
        assert left == [spent["a"] + spent["c"], sum(spent.values())]


@pytest.mark.slow
def test_fifty_at_once_in_several_processes_never_pass_a_budget(tmp_path):
    limit = "key=k:2/day"
    spending = [
        subprocess.Popen(
            [sys.executable, "-c", SPEND, str(seed), "13", limit], cwd=tmp_path, stdout=subprocess.PIPE, text=True
        )
        for seed in range(4)
    ]
    ended = [one.communicate(timeout=200)[0].split() for one in spending]
    assert [one.returncode for one in spending] == [0] * 4
    spent = sum(Decimal(usd) for usd, _ in ended)
    assert sum(int(refused) for _, refused in ended) == 52, "each thread went on until it was refused"
    assert Decimal("1.9") < spent <= 2
    with BudgetLedger(tmp_path / "money") as ledger:
        one = status(ledger, SpendingLimit.read(limit))
        assert (one.spent, one.reserved, one.lost) == (spent, 0, 0)
        assert one.is_reached


@pytest.fixture
def killed(tmp_path):
    """Has a process reserve 0.7, spend 0.1 of it, and hold 0.5; then it is killed."""
    process = subprocess.Popen([sys.executable, "-c", HOLD], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    with BudgetLedger(tmp_path / "money") as ledger:
        assert (status(ledger).spent, status(ledger).reserved) == usd("0.1", "0.5")
        assert not ledger.account(LABELS, [LIMIT]).reserve(Decimal("0.5")), "it lives, and may give it back"
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_what_a_killed_process_held_counts_as_spent_until_somebody_says_otherwise(tmp_path, killed):
    with BudgetLedger(tmp_path / "money") as ledger:
        account = ledger.account(LABELS, [LIMIT])
        assert (status(ledger).spent, status(ledger).reserved, status(ledger).lost) == usd("0.6", "0", "0.5")
        with pytest.raises(BudgetError):
            account.reserve(Decimal("0.5"))
        assert account.reserve(Decimal("0.4"))
        assert ledger.release_lost() == Decimal("0.5")
        assert ledger.release_lost() == 0
        assert (status(ledger).spent, status(ledger).reserved, status(ledger).lost) == usd("0.1", "0.4", "0")


def test_a_later_start_takes_over_what_its_run_has_left(tmp_path, killed):
    with BudgetLedger(tmp_path / "money", run="another") as other:
        other.account(LABELS, [LIMIT]).take_over(Decimal("0.1"))
        assert status(other).spent == Decimal("0.6"), "that of another run stays"
    with BudgetLedger(tmp_path / "money", run="r") as ledger:
        account = ledger.account(LABELS, [LIMIT])
        account.take_over(Decimal("0.5"))
        assert status(ledger).reserved == Decimal("0.5")
        account.settle(*usd("0.5", "0.01"))
        account.close()
        assert status(ledger).spent == Decimal("0.21"), "0.1 of before, 0.1 of the other, and what it has cost"
        account.take_over(Decimal("0.3"))
        assert status(ledger).reserved == Decimal("0.3"), "what nobody has left is held anew"


def test_who_was_killed_and_held_nothing_is_forgotten(tmp_path, killed):
    with BudgetLedger(tmp_path / "money") as ledger:
        ledger.release_lost()
    with BudgetLedger(tmp_path / "money") as ledger:
        ledger.status([])
    with closing(sqlite3.connect(tmp_path / "money" / "spending.db")) as database:
        assert [database.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("holders", "holdings")] == [
            (0,),
            (0,),
        ]
    assert [path.name for path in (tmp_path / "money").glob("*.lock")] == ["spending.lock"]


def test_what_cannot_be_stored_is_stored_with_what_comes_next(ledger, tmp_path):
    account = ledger.account(LABELS, [LIMIT])
    assert account.reserve(Decimal("0.3"))
    assert account.reserve(Decimal("0.3"))
    with closing(sqlite3.connect(tmp_path / "money" / "spending.db")) as database:
        database.execute("CREATE TRIGGER t BEFORE UPDATE ON totals BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
        account.settle(*usd("0.3", "0.05"))
        with pytest.raises(LedgerError, match="the disk is full; all goes on when that is mended"):
            account.reserve(Decimal("0.01"))
        database.execute("DROP TRIGGER t")
    assert account.reserve(Decimal("0.01"))
    assert (status(ledger).spent, status(ledger).reserved) == usd("0.05", "0.31")
    account.close()
    assert (status(ledger).spent, status(ledger).reserved) == usd("0.05", "0")


def test_closing_gives_back_all_but_what_is_kept(ledger, tmp_path, clock):
    account = ledger.account(LABELS, [LIMIT])
    assert account.reserve(Decimal("0.9"))
    account.close(remaining=Decimal("0.3"))
    ledger.close()
    with BudgetLedger(tmp_path / "money", now=clock) as later:
        assert (status(later).spent, status(later).lost) == usd("0.3", "0.3")


def test_threads_share_one_account(ledger):
    account, fitted = ledger.account(LABELS, [LIMIT]), []

    def reserve():
        fitted.extend(account.reserve(Decimal("0.1")) for _ in range(5))

    threads = [threading.Thread(target=reserve) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fitted.count(True) == 10


def test_what_is_no_such_file_is_refused_and_left(tmp_path):
    folder = tmp_path / "money"
    folder.mkdir()
    (folder / "spending.db").write_bytes(b"x" * 5_000)
    with pytest.raises(LedgerError, match="what is spent cannot be kept"):
        BudgetLedger(folder).status([LIMIT])
    assert (folder / "spending.db").read_bytes() == b"x" * 5_000
    assert BudgetLedger(folder).account(LABELS).reserve(Decimal(1)), "who has no budget is not stopped"


def test_a_status_as_json(ledger):
    ledger.account(LABELS, [LIMIT]).reserve(Decimal("0.25"))
    told = json.loads(json.dumps(status(ledger).to_json()))
    assert told | {"start": "", "end": ""} == {
        "budget": "team=a:1/day",
        "start": "",
        "end": "",
        "limit_usd": "1",
        "spent_usd": "0",
        "reserved_usd": "0.25",
        "lost_usd": "0",
        "left_usd": "0.75",
        "reached": False,
    }


def test_old_totals_go_while_it_is_open(ledger, clock):
    account = ledger.account(LABELS, [LIMIT])
    assert account.reserve(Decimal("0.1"))
    account.settle(Decimal("0.1"), Decimal("0.1"))
    question = "SELECT count(*) FROM totals WHERE period = 'hour'"
    assert ledger.file._connection.execute(question).fetchone() == (len({"*", *LABELS}),)
    clock.now += timedelta(days=36)
    ledger.drop_old()
    assert ledger.file._connection.execute(question).fetchone() == (0,)
