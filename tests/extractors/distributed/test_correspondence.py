"""Whatever a cluster does to workers, reports and their coordinator: each row once, nothing lent or paid twice."""

import asyncio
import pickle
import shutil
import tempfile
from collections import Counter
from decimal import Decimal
from pathlib import Path

from examples import examples
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from killing import SCHEMA

from slotfill import Document, Extraction, Extractor, Outcome, Usage
from slotfill.extractors.catalogue.prices import cost, worst
from slotfill.extractors.clients.metering import BudgetError, Try
from slotfill.extractors.clients.pacer import Pacer, Reservation
from slotfill.extractors.distributed.assignments import MOST_DEATHS
from slotfill.extractors.distributed.coordinator import Coordinator
from slotfill.extractors.distributed.correspondence import Correspondence
from slotfill.extractors.distributed.leases.leased_budget import LeasedBudget
from slotfill.extractors.distributed.leases.leased_pacer import LENT_SHARE, LeasedPacer
from slotfill.extractors.distributed.leases.money_leases import MoneyLeases
from slotfill.extractors.distributed.leases.rate_leases import RateLeases
from slotfill.extractors.distributed.worker_messages import EndedDocument, NewAnswer, WorkerReport
from slotfill.extractors.record.parts import Rung
from slotfill.extractors.rungs.asks import Answer, AskName
from slotfill.extractors.runs.asking import Asking, HaltedError
from slotfill.extractors.runs.breaker import Breaker
from slotfill.extractors.runs.budget import Budget
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.extractors.testing.simulator.clock import ManualClock

MODEL, PLACES, SILENCE = "claude-haiku-5-5", 3, 15.0
NAME = AskName(b"ask", Rung.ASK, MODEL, "structured")
TRIED, TAKEN = Try(MODEL, 4_000, 1_000), Usage(1_000, 200)
WORST, COST = worst(MODEL, TRIED.size, TRIED.room, ttl="5m"), cost(MODEL, TAKEN)
ONE = Extractor(SCHEMA, client=object(), model=MODEL).schema


class Start:
    """A start of the coordinator, from what there is of a ledger."""

    def __init__(self, path, clock, most):
        self.ledger = Ledger(path)
        self.budget = Budget(self.ledger.account, [MODEL], max_cost=most)
        self.rates = RateLeases(Pacer(rpm=600, share=LENT_SHARE, now=clock))
        self.money = MoneyLeases(self.budget, self.ledger.account)
        asking = Asking(None, self.ledger, Breaker(now=clock), concurrency=1)
        self.coordinator = Coordinator(asking, self.ledger, self.rates, self.money, schema=ONE, model=MODEL)
        self.correspondence = Correspondence(self.coordinator, clock)
        self.tasks = {}


class Holder:
    """A worker, whose steps a test takes. hand: by number, what it has, and how far that is."""

    def __init__(self, name, clock):
        self.name, self.started, self.number, self.sent = name, None, 0, None
        self.pacer, self.budget = LeasedPacer(lambda: None, clock), LeasedBudget("5m", lambda: None, clock)
        self.hand, self.state, self.places, self.is_forgotten = {}, {}, {}, False
        self.report, self.judged, self.admission = WorkerReport(), [], 0

    def numbers(self, state):
        return sorted(number for number, one in self.state.items() if one == state)

    def message(self):
        """Give the report that it sends until it is answered."""
        if self.sent is None:
            self.judged = [answer.assignment for answer in self.report.answers]
            self.report.room = max(0, PLACES - len(self.hand))
            self.report.rates = self.pacer.report(len(self.hand), PLACES)
            self.report.money = self.budget.report()
            self.sent, self.report = pickle.dumps(self.report), WorkerReport()
        return self.started, self.number, pickle.loads(self.sent)

    def take(self, started, orders):
        self.started, self.number, self.sent = started, self.number + 1, None
        self.admission = orders.asks.admission
        for number, verdict in zip(self.judged, orders.verdicts, strict=True):
            assert verdict == "stored"
            self.state[number] = "answered"
        self.pacer.take(orders.rates)
        self.budget.take(orders.money)
        for one in orders.assignments:
            assert one.number not in self.hand
            self.hand[one.number] = one.document
            self.state[one.number] = "answered" if one.answers else "new"
            self.report.begun.append(one.number)


class Cluster(RuleBasedStateMachine):
    """Workers that come, ask, and die or are taken for dead; reports that come twice; a coordinator that is killed."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.loop, self.clock, self.most = asyncio.new_event_loop(), ManualClock(0.0), 12 * WORST
        self.starts = self.count = 0
        self.documents, self.living = [], {}
        self.asked, self.excused, self.deaths, self.ended = Counter(), Counter(), Counter(), Counter()
        self.outcomes, self.billed, self.is_broke = {}, Decimal(0), False
        self.begin(None)

    def begin(self, earlier):
        """Start the coordinator, from what a kill has left of the ledger."""
        self.starts += 1
        path = self.folder / f"{self.starts}.db"
        for part in ("", "-wal"):
            if earlier and (old := self.folder / f"{self.starts - 1}.db{part}").exists():
                shutil.copy(old, f"{path}{part}")
        if earlier:
            for task in earlier.tasks.values():
                task.cancel()
            self.settle()
            earlier.ledger.close()
        for worker in self.living.values():
            self.forget(worker)
        self.start = Start(path, self.clock.now, self.most)
        for document in self.documents:
            self.extract(document)

    def extract(self, document):
        if document.source not in self.outcomes:
            extracting = self.start.coordinator.extract(document)
            self.start.tasks[document.source] = self.loop.create_task(extracting)
            self.settle()

    def settle(self):
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.run_until_complete(asyncio.sleep(0))

    def collect(self):
        """Store what has ended, as who waits for it does."""
        self.settle()
        for source, task in [*self.start.tasks.items()]:
            if task.done():
                del self.start.tasks[source]
                if isinstance(error := task.exception(), HaltedError):
                    assert self.is_broke
                    continue
                assert error is None
                self.start.ledger.end(task.result())
                self.ended[source] += 1
                self.outcomes[source] = task.result()

    @precondition(lambda self: len(self.documents) < 8)
    @rule(count=st.integers(1, 4))
    def documents_come(self, count):
        for _ in range(count):
            document = Document.of(f"Row {len(self.documents)}", str(len(self.documents)))
            self.documents.append(document)
            self.start.ledger.register([document])
            self.extract(document)

    @precondition(lambda self: len(self.living) < 3)
    @rule()
    def worker_comes(self):
        self.count += 1
        self.living[f"w{self.count}"] = Holder(f"w{self.count}", self.clock.now)

    @precondition(lambda self: self.living)
    @rule(data=st.data(), way=st.sampled_from(["heard", "heard", "heard", "twice", "answer lost"]))
    def report(self, data, way):
        self.exchange(self.living[data.draw(st.sampled_from(sorted(self.living)))], way)

    def exchange(self, worker, way="heard"):
        self.clock.advance(0.1)
        correspondence = self.start.correspondence
        orders = correspondence.exchange(worker.name, *worker.message())
        if way == "answer lost":
            return
        if way == "twice":
            again = correspondence.exchange(worker.name, *worker.message())
            assert pickle.dumps(again) == pickle.dumps(orders)
        if orders is None:
            self.lose(worker)
            return
        worker.take(correspondence.started, pickle.loads(pickle.dumps(orders)))
        self.collect()
        # What one side has lent the other one holds, or has used since the report that was answered.
        unsaid = worker.pacer._needs
        held = worker.pacer._unused + len(unsaid.used) + unsaid.returned
        assert len(self.start.rates._lent[worker.name].unused) == held
        spent = sum(min(one.worst, one.cost) for one in worker.budget._settled)
        assert self.start.money._loans[worker.name].amount == worker.budget._lent + spent

    @precondition(lambda self: self.living)
    @rule(data=st.data())
    def works(self, data):
        """Take all steps but the last one: single ones come by them too seldom."""
        worker = self.living[data.draw(st.sampled_from(sorted(self.living)))]
        for _ in range(3):
            if worker.name in self.living:
                self.work(worker)

    def work(self, worker):
        self.exchange(worker)
        if worker.name not in self.living:
            return
        for number in worker.numbers("new"):
            self.try_to_ask(worker, number)
        for number in worker.numbers("asking"):
            self.take_answer(worker, number)

    @precondition(lambda self: any(one.numbers("new") for one in self.living.values()))
    @rule(data=st.data())
    def ask(self, data):
        busy = sorted(name for name, one in self.living.items() if one.numbers("new"))
        worker = self.living[data.draw(st.sampled_from(busy))]
        self.try_to_ask(worker, data.draw(st.sampled_from(worker.numbers("new"))))

    def try_to_ask(self, worker, number):
        try:
            money = worker.budget.admit(TRIED)
        except BudgetError:
            self.is_broke = True
            worker.report.ended.append(EndedDocument(number, None))
            del worker.hand[number], worker.state[number]
            return
        if money is None:
            return
        place = worker.pacer.admit(TRIED.size, TRIED.room)
        if not isinstance(place, Reservation):
            worker.budget.settle(money, Usage())
            return
        source = worker.hand[number].source
        worker.places[number], worker.state[number] = (place, money), "asking"
        if not worker.is_forgotten:
            self.asked[source] += 1
            assert self.asked[source] <= 1 + self.excused[source]

    @precondition(lambda self: any(one.numbers("asking") for one in self.living.values()))
    @rule(data=st.data())
    def answer(self, data):
        busy = sorted(name for name, one in self.living.items() if one.numbers("asking"))
        worker = self.living[data.draw(st.sampled_from(busy))]
        self.take_answer(worker, data.draw(st.sampled_from(worker.numbers("asking"))))

    def take_answer(self, worker, number):
        place, money = worker.places.pop(number)
        self.billed += COST
        worker.budget.settle(money, TAKEN)
        worker.pacer.answered(place, TAKEN.input_tokens, TAKEN.output_tokens)
        answer = Answer(json="{}", usage=TAKEN)
        worker.report.answers.append(NewAnswer(number, NAME, answer, worker.admission, again=True))
        worker.state[number] = "judging"

    @precondition(lambda self: any(one.numbers("answered") for one in self.living.values()))
    @rule(data=st.data())
    def end(self, data):
        busy = sorted(name for name, one in self.living.items() if one.numbers("answered"))
        worker = self.living[data.draw(st.sampled_from(busy))]
        self.finish(worker, data.draw(st.sampled_from(worker.numbers("answered"))))

    def finish(self, worker, number):
        document = worker.hand.pop(number)
        del worker.state[number]
        extraction = Extraction(document, ONE.name, ONE.id, MODEL, Outcome.VALID, has_value=True, data={})
        worker.report.ended.append(EndedDocument(number, extraction))

    @precondition(lambda self: self.living)
    @rule(data=st.data(), way=st.sampled_from(["dies", "is overlooked"]))
    def worker_is_silent(self, data, way):
        """It is no more, or is merely taken for lost, and reports after that."""
        worker = self.living[data.draw(st.sampled_from(sorted(self.living)))]
        if way == "dies":
            self.lose(worker)
        self.forget(worker)
        self.clock.advance(SILENCE + 1)
        for other in self.living.values():
            if other is not worker:
                self.start.correspondence.alive(other.name)
        self.give_up()
        self.collect()

    def give_up(self):
        for name in self.start.correspondence._silent_for(SILENCE):
            held = self.start.coordinator._assignments._hands[name].held.values()
            self.deaths.update(one.item.document.source for one in held)
        self.start.correspondence.give_up(SILENCE)

    @precondition(lambda self: self.starts < 4)
    @rule()
    def coordinator_is_killed(self):
        self.begin(self.start)

    def lose(self, worker):
        """What a worker has in flight when it ends may be billed."""
        del self.living[worker.name]
        self.billed += WORST * len(worker.places)
        self.forget(worker)

    def forget(self, worker):
        """What a worker has in flight when nobody knows of it any more may be asked again."""
        if not worker.is_forgotten:
            worker.is_forgotten = True
            self.excused.update(worker.hand[number].source for number in worker.numbers("asking"))
            self.excused.update(worker.hand[number].source for number in worker.numbers("judging"))

    @invariant()
    def no_more_is_spent_than_may_be(self):
        in_flight = sum(len(one.places) for one in self.living.values())
        possible = self.billed + WORST * in_flight
        assert possible <= self.most
        assert self.start.ledger.account.spent() >= possible

    @invariant()
    def each_row_ends_once(self):
        assert set(self.ended.values()) <= {1}
        lost = {source for source, one in self.outcomes.items() if not one.ok}
        assert all(self.deaths[source] >= MOST_DEATHS for source in lost)

    def teardown(self):
        """Whatever has happened, workers that go on come to the end of all rows, or of the money."""
        for worker in [*self.living.values()]:
            self.lose(worker)
        self.clock.advance(SILENCE + 1)
        self.give_up()
        self.worker_comes()
        (worker,) = self.living.values()
        for _ in range(200):
            if not self.start.tasks or self.is_broke:
                break
            self.clock.advance(1.0)
            self.work(worker)
            for number in worker.numbers("answered"):
                self.finish(worker, number)
            self.no_more_is_spent_than_may_be()
        assert self.is_broke or self.ended == {document.source: 1 for document in self.documents}
        for task in self.start.tasks.values():
            task.cancel()
        self.settle()
        self.loop.close()
        self.start.ledger.close()
        shutil.rmtree(self.folder)


TestCluster = Cluster.TestCase
TestCluster.settings = examples(40, stateful_step_count=40)
