"""The budget: whatever happens, and in whatever order, no more is spent than may be, and no less is said."""

import asyncio
from contextlib import nullcontext
from decimal import Decimal
from random import Random

import anthropic
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill import Document, Extractor, SettingsError, Usage
from slotfill.extractors.catalogue.prices import UNSEEN_TOKENS, cost, worst
from slotfill.extractors.clients.admission import WaitError
from slotfill.extractors.clients.metering import BudgetError, Try
from slotfill.extractors.clients.pacer import Pacer
from slotfill.extractors.clients.rate_limits import Limits, settling
from slotfill.extractors.errors import StoppedError
from slotfill.extractors.messages_api.stream_reader import StreamReader
from slotfill.extractors.runs.breaker import Breaker
from slotfill.extractors.runs.budget import Budget
from slotfill.extractors.runs.delivery import Delivery
from slotfill.extractors.runs.engine import Run
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.extractors.runs.outputs.sink import Sink
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served
from slotfill.extractors.testing.simulator.clock import ManualClock
from slotfill.extractors.testing.simulator.fault_triggers import BATCH_FAULTS, FAULTS
from slotfill.schemas import Sentiment

MODEL, OTHER, UNKNOWN = "claude-haiku-5-5", "claude-opus-5", "claude-of-tomorrow"
TRY = Try(MODEL, 4_000, 1_000)
WORST = worst(MODEL, 4_000, 1_000, ttl="5m")
TAKEN = Usage(1_000, 200)
PAID = cost(MODEL, TAKEN)


@pytest.fixture
def ledger():
    with Ledger(None) as ledger:
        yield ledger


def budget_of(ledger, most, **options):
    return Budget(ledger.account, [MODEL], max_cost=None if most is None else most * WORST, **options)


def test_a_worst_case_is_reserved_and_what_was_taken_is_spent(ledger):
    budget = budget_of(ledger, 3)
    first, second, third = (budget.admit(TRY) for _ in range(3))
    assert (budget.spent, budget.reserved) == (0, 3 * WORST)
    budget.settle(first, TAKEN)
    budget.settle(second, None)
    budget.settle(third, Usage())
    assert (budget.spent, budget.reserved) == (PAID + WORST, 0)
    assert ledger.account.spent() == budget.spent


def test_what_may_fit_once_others_are_settled_waits(ledger):
    budget = budget_of(ledger, 2)
    first, _ = budget.admit(TRY), budget.admit(TRY)
    assert budget.admit(TRY) is None
    budget.settle(first, Usage())
    assert budget.admit(TRY) is not None


def test_what_fits_to_the_last_cent_fits(ledger):
    budget = budget_of(ledger, 1)
    assert budget.admit(TRY) is not None


def test_what_can_no_longer_fit_does_not_wait(ledger):
    budget = budget_of(ledger, 2)
    lost, _ = budget.admit(TRY), budget.admit(TRY)
    budget.settle(lost, None)
    with pytest.raises(BudgetError):
        budget.admit(Try(MODEL, 4_001, 1_000))
    assert budget.admit(TRY) is None


def test_the_end_says_what_is_spent_and_what_to_do(ledger):
    budget = Budget(ledger.account, [OTHER], max_cost=Decimal("0.05"))
    budget.settle(budget.admit(Try(OTHER, 1_000, 100)), Usage(1_000, 800))
    with pytest.raises(BudgetError) as caught:
        budget.admit(Try(OTHER, 2_000, 2_000))
    assert str(caught.value) == (
        "$0.0250 of --max-cost $0.0500 is spent, and the next request could cost $0.0689: "
        "the same command goes on with a higher --max-cost"
    )


def test_a_lower_limit_on_a_resumed_run_stops_it_at_once(ledger):
    budget = budget_of(ledger, 5)
    budget.admit(TRY)
    budget.admit(TRY)
    lower = budget_of(ledger, 1)
    assert lower.spent == 2 * WORST
    with pytest.raises(BudgetError):
        lower.admit(TRY)
    assert lower.admit(Try("local", 10**6, 10**6)) is not None  # it costs nothing


def test_what_is_kept_for_an_hour_is_reserved_for(ledger):
    budget = budget_of(ledger, None, ttl="1h")
    number = budget.admit(TRY)
    assert budget.reserved == worst(MODEL, 4_000, 1_000, ttl="1h") > WORST
    budget.settle(number, written := Usage(cache_write_tokens=1_000))
    assert budget.spent == cost(MODEL, written, ttl="1h") > cost(MODEL, written)


def test_without_a_limit_all_is_counted(ledger):
    budget = budget_of(ledger, None)
    numbers = [budget.admit(TRY) for _ in range(100)]
    for number in numbers:
        budget.settle(number, TAKEN)
    assert budget.spent == 100 * PAID


def test_more_than_was_reserved_is_counted_too(ledger):
    budget = budget_of(ledger, 2)
    budget.settle(budget.admit(TRY), Usage(10**6, 10**6))
    assert budget.spent > 2 * WORST
    with pytest.raises(BudgetError):
        budget.admit(TRY)


class TestUnknownPrice:
    def test_a_limit_cannot_be_kept_to(self, ledger):
        with pytest.raises(SettingsError, match=f"no price is known for the model '{UNKNOWN}'; leave --max-cost out"):
            Budget(ledger.account, [MODEL, UNKNOWN], max_cost=Decimal(1))

    def test_nor_with_what_another_model_had_cost(self, ledger):
        Budget(ledger.account, [UNKNOWN]).admit(Try(UNKNOWN, 1, 1))
        with pytest.raises(SettingsError, match="begin anew with --fresh"):
            Budget(ledger.account, [MODEL], max_cost=Decimal(1))

    def test_nobody_asks_it_by_another_way(self, ledger):
        with pytest.raises(BudgetError):
            Budget(ledger.account, [MODEL], max_cost=Decimal(1)).admit(Try(UNKNOWN, 1, 1))

    @pytest.mark.parametrize("usage", [None, TAKEN, Usage()])
    def test_without_a_limit_the_sum_is_unknown(self, ledger, usage):
        warnings = []
        budget = Budget(ledger.account, [UNKNOWN], warn_cost=Decimal(0), on_warning=warnings.append)
        budget.settle(budget.admit(Try(UNKNOWN, 1, 1)), usage)
        budget.settle(budget.admit(TRY), TAKEN)
        assert (budget.spent, budget.reserved, warnings) == (None, 0, [])


class TestWarning:
    def test_it_is_told_once(self, ledger):
        warnings = []
        budget = budget_of(ledger, None, warn_cost=2 * PAID, on_warning=warnings.append)
        told = []
        for _ in range(5):
            budget.settle(budget.admit(TRY), TAKEN)
            told.append(len(warnings))
        assert told == [0, 0, 1, 1, 1]
        assert warnings == ["$0.0006 is spent, more than --warn-cost $0.0004"]

    def test_what_was_spent_before_counts(self, ledger):
        warnings = []
        budget_of(ledger, None).admit(TRY)
        budget = budget_of(ledger, None, warn_cost=WORST, on_warning=warnings.append)
        budget.settle(budget.admit(TRY), TAKEN)
        assert len(warnings) == 1


STEPS = st.one_of(
    st.tuples(st.just("admit"), st.integers(0, 6_000), st.integers(1, 2_000), st.integers(0, 2**32)),
    st.tuples(st.sampled_from(["settle", "settle", "lose", "refuse"]), st.integers(0, 100)),
    st.tuples(st.just("crash")),
)


@given(st.lists(STEPS, max_size=60), st.integers(0, 8), st.sampled_from(["5m", "1h"]))
def test_no_order_of_events_costs_more(steps, most, ttl):
    """The true cost of a try is anything up to its worst case, from when it is sent, whether it is ever told."""
    max_cost = most * WORST
    with Ledger(None) as ledger:
        budget = Budget(ledger.account, [MODEL], max_cost=max_cost, ttl=ttl)
        in_flight, true = [], Decimal(0)
        for step in steps:
            match step:
                case "admit", size, room, seed:
                    try:
                        number = budget.admit(Try(MODEL, size, room))
                    except BudgetError:
                        assert budget.spent + worst(MODEL, size, room, ttl=ttl) > max_cost
                    else:
                        taken = any_usage(size, room, Random(seed))
                        if number is not None:
                            in_flight.append((number, taken))
                            true += cost(MODEL, taken, ttl=ttl)
                        assert number is not None or in_flight, "it waits for nobody"
                case "settle", which if in_flight:
                    budget.settle(*in_flight.pop(which % len(in_flight)))
                case "lose", which if in_flight:
                    budget.settle(in_flight.pop(which % len(in_flight))[0], None)
                case "refuse", which if in_flight:
                    number, taken = in_flight.pop(which % len(in_flight))
                    true -= cost(MODEL, taken, ttl=ttl)
                    budget.settle(number, Usage())
                case ("crash",):
                    in_flight.clear()
                    budget = Budget(ledger.account, [MODEL], max_cost=max_cost, ttl=ttl)
            assert true <= budget.spent + budget.reserved <= max_cost
            assert ledger.account.spent() == budget.spent + budget.reserved


def any_usage(size, room, chance):
    prompt = chance.choice((0, size + UNSEEN_TOKENS, chance.randint(0, size + UNSEEN_TOKENS)))
    read = chance.choice((0, prompt, chance.randint(0, prompt)))
    written = chance.choice((0, prompt - read, chance.randint(0, prompt - read)))
    return Usage(prompt - read - written, chance.choice((0, room, chance.randint(0, room))), read, written)


ASK = {"model": MODEL, "max_tokens": 400, "messages": [{"role": "user", "content": "word"}]}
WORST_ASK = worst(MODEL, 150, 400, ttl="5m")
AT_ONCE, FITTING = 8, 3
"""How many ask at once, and how many worst cases the budget holds: all replies together cost more than that."""


def billed(claude):
    return sum(cost(seen.body["model"], seen.usage) for seen in claude.requests)


class Yielding(ManualClock):
    """A time in which replies take no time, but others have their turn meanwhile."""

    async def asleep(self, seconds):
        self.advance(seconds)
        await asyncio.sleep(0)


async def asked(client, *, streamed):
    """Ask until the budget is spent, or often enough."""
    for _ in range(3):
        try:
            reply = await client.messages.create(**ASK, stream=streamed)
            if streamed:
                with settling(reply.response, arriving := StreamReader()):
                    async for event in reply:
                        arriving.take(event)
        except BudgetError:
            return True
        except (WaitError, anthropic.AnthropicError, ValueError, httpx2.HTTPError):
            continue
    return False


@pytest.mark.sweep
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("fault", [*(name for name in FAULTS if name not in BATCH_FAULTS), "none"])
async def test_under_no_fault_more_is_billed(ledger, fault, streamed):
    clock = Yielding()
    faults = () if fault == "none" else (f"{fault}:0.7",)
    claude = SimulatedClaude(lambda _: '{"a": "' + "word " * 500 + '"}', clock=clock, faults=faults)
    budget = Budget(ledger.account, [MODEL], max_cost=FITTING * WORST_ASK)
    limits = Limits(Pacer(now=clock.now), meter=lambda: budget, sleep=clock.sleep, asleep=clock.asleep)
    client = claude.async_client(middleware=[limits], max_retries=0)
    await client.models.list()  # before its first request the SDK waits for a thread, and none would meet another
    claude.requests.clear()
    ended = await asyncio.gather(*(asked(client, streamed=streamed) for _ in range(AT_ONCE)))
    assert billed(claude) <= budget.spent <= FITTING * WORST_ASK
    assert budget.reserved == 0
    assert budget.spent == ledger.account.spent()
    if fault == "none":
        assert any(ended)
        assert 1 < claude.peak <= FITTING
        assert budget.spent == billed(claude)


class Kept(Sink):
    """Keeps the sources in memory."""

    def __init__(self):
        self.kept = []

    def write(self, record):
        self.kept.append(record["document"]["source"])

    def commit(self, *, complete):
        """Nothing is to be put anywhere."""


def test_a_run_stops_and_goes_on_within_its_budget(monkeypatch, tmp_path):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "simulated")
    claude = SimulatedClaude(faults=["truncated:0.2", "html:0.1", "reset@3", "413:0.1", "fences:0.3"])
    documents = [Document.of(f"Fine, number {number}.", str(number)) for number in range(24)]
    spent, kept = [], Kept()
    with served(claude) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        for most in (Decimal("0.01"), Decimal("0.01"), Decimal("0.1")):
            with Ledger(tmp_path / "run.db") as ledger:
                extractor, kept = Extractor(Sentiment), Kept()
                extractor.meter(budget := Budget(ledger.account, extractor.models, max_cost=most))
                delivery = Delivery(ledger, kept, None, records=True, schema=extractor.schema)
                run = Run(extractor, ledger, delivery, Breaker(), concurrency=AT_ONCE)
                ends = nullcontext() if most > Decimal("0.05") else pytest.raises(StoppedError, match="--max-cost")
                with ends:
                    run.run(documents)
            spent.append(budget.spent)
            assert billed(claude) <= budget.spent <= most
    assert spent[0] <= spent[1] < spent[2]
    assert kept.kept == [document.source for document in documents]
