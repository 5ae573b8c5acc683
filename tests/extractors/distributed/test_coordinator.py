"""A run with workers ends as one without, whatever becomes of them: the same records, and nothing is asked twice."""

import asyncio
import json
from collections import Counter
from functools import partial
from random import Random

import pytest
from handing_out import InnerWorkers
from killing import SCHEMA, reply
from running import Memory, engine

from slotfill import Document, Extractor, FailureKind, ModelError
from slotfill.extractors.clients.pacer import Pacer
from slotfill.extractors.distributed import worker_pool
from slotfill.extractors.distributed.coordinator import BLOCK, Coordinator
from slotfill.extractors.distributed.leases.money_leases import MoneyLeases
from slotfill.extractors.distributed.leases.rate_leases import RateLeases
from slotfill.extractors.distributed.worker_messages import EndedDocument, NewAnswer, Orders, WorkerReport
from slotfill.extractors.errors import LedgerError, StoppedError
from slotfill.extractors.record.failure_kinds import Failure
from slotfill.extractors.record.parts import Rung
from slotfill.extractors.rungs.asks import Answer, AskName
from slotfill.extractors.runs.asking import Asking, HaltedError
from slotfill.extractors.runs.breaker import FAILURES, FIRST_PAUSE, Breaker
from slotfill.extractors.runs.budget import Budget
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served
from slotfill.extractors.testing.simulator.clock import ManualClock

COUNT, CONCURRENCY = 120, 4


def documents(count=COUNT):
    return [Document.of(f"Row {number} says: it came late.", str(number)) for number in range(count)]


def masked(entry):
    record = json.loads(entry.record)
    attempts = [attempt | {"ms": 0, "request_id": None} for attempt in record["attempts"]]
    return record | {"attempts": attempts, "ms": 0, "request_ids": []}


class Service:
    """A simulated service on a port, and runs on it."""

    def __init__(self, url, claude):
        self.url, self.claude = url, claude

    def run(self, texts, *, path=None, workers=2, dies=None, hangs=None, **options):
        """Run, and give the records, how many workers there were, and what stopped it."""
        extractor = Extractor(SCHEMA, **options)
        stopped, kept = None, Memory()
        with Ledger(path) as ledger:
            budget = Budget(ledger.account, extractor.all_models)
            ends = {name: when for name, when in (("dies", dies), ("hangs", hangs)) if when}
            pool = InnerWorkers(extractor, workers=workers, concurrency=CONCURRENCY, **ends)
            at_work = partial(pool.at_work, ledger, budget) if workers else None
            if not workers:
                extractor.meter(budget)
            run = engine(extractor, ledger, kept, records=True, concurrency=pool.places or 8, workers=at_work)
            try:
                run.run(texts)
            except (ModelError, StoppedError) as error:
                stopped = error
            records = [masked(entry) for entry in ledger.entries(0) if entry.ended]
            assert budget.reserved == 0
            assert ledger.account.spent() == budget.spent
        return records, pool.started, stopped


@pytest.fixture(scope="module")
def claude():
    return SimulatedClaude(reply)


@pytest.fixture
def service(claude, monkeypatch):
    claude.requests.clear()
    with served(claude) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-any")
        yield Service(url, claude)


def test_records_are_those_of_a_run_without_workers(service):
    alone, _, _ = service.run(documents(), workers=0)
    asked = Counter(seen.http.body for seen in service.claude.requests)
    service.claude.requests.clear()
    shared, started, _ = service.run(documents())
    assert shared == alone
    assert started == 2
    assert Counter(seen.http.body for seen in service.claude.requests) == asked
    assert {one["outcome"] for one in shared} >= {"valid", "mended", "patched", "reasked", "refused", "failed"}


def test_workers_may_end_at_any_time(service):
    alone, _, _ = service.run(documents(), workers=0)
    needed = len(service.claude.requests)
    service.claude.requests.clear()
    chance, reports = Random(4), Counter()
    ends = {number: chance.randint(2, 9) for number in (1, 2, 3)}  # more might by chance be three of one document

    def dies(number, _):
        reports[number] += 1
        return reports[number] == ends.get(number)

    shared, started, _ = service.run(documents(), dies=dies)
    assert shared == alone
    assert started == 2 + len(ends)
    assert len(service.claude.requests) <= needed + (started - 2) * CONCURRENCY


def test_a_document_that_ends_its_workers_is_given_up_and_no_other_one(service):
    """It ends them once it is answered, as a validator would."""

    deadly, seen = 40, []

    def dies(_, report):
        """By the number of a document: the deadly one is the only one that is answered so."""
        hit = any("row 40" in (one.answer.text or "") for one in report.answers)
        seen.append(hit)
        return hit or (any(seen) and any(one.extraction and _is_of(one, deadly) for one in report.ended))

    shared, started, _ = service.run(documents(), dies=dies)
    failed = [one for one in shared if one["error"] and one["error"]["type"] == FailureKind.WORKER_LOST]
    assert [one["document"]["source"] for one in failed] == [str(deadly)]
    assert len(shared) == COUNT
    # More where a worker ends before it has told that it began with the document: then others are blamed for it, which
    # are handed out alone from then on, and end none.
    assert started >= 2 + 3


def test_a_worker_that_hangs_is_one_that_has_ended(service, monkeypatch):
    """It hangs over the answer of a document, as in an endless loop of a validator; the others lose nothing."""
    monkeypatch.setattr(worker_pool, "SILENT_SECONDS", 3.0)  # a busy machine keeps one silent for more than a second

    def hangs(_, report):
        return any("row 40" in (one.answer.text or "") for one in report.answers)

    shared, started, _ = service.run(documents(), hangs=hangs)
    (lost,) = [one for one in shared if one["error"] and one["error"]["type"] == FailureKind.WORKER_LOST]
    assert lost["document"]["source"] == "40"
    assert lost["error"]["message"].endswith("it is given up; the last one said nothing for 3 seconds, and was ended")
    assert len(shared) == COUNT
    assert 2 + 2 <= started <= 2 + 3  # the third one may be the last thing that happens


def _is_of(ended, number):
    return json.dumps(ended.extraction.data or {}).find(f'row {number}"') >= 0


def test_what_ends_every_request_ends_the_run(monkeypatch):
    claude = SimulatedClaude(reply, faults=["401@20-9999"])
    with served(claude) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-any")
        records, _, stopped = Service(url, claude).run(documents())
    assert isinstance(stopped, ModelError)
    assert 10 <= len(records) < 20
    assert len(claude.requests) <= 19 + 2 * CONCURRENCY


def test_a_run_goes_on_from_the_answers_that_there_are(service, tmp_path):
    """Its workers end before they have made anything of the answers that were stored; it is started again."""
    path = tmp_path / "ledger.db"

    def dies(number, report):
        return number > 2 or any(one.extraction for one in report.ended)

    _, _, stopped = service.run(documents(), path=path, dies=dies)
    assert "workers in a row have ended" in str(stopped)
    asked = len(service.claude.requests)
    assert asked
    shared, _, _ = service.run(documents(), path=path)
    assert len(shared) == COUNT
    bodies = Counter(seen.http.body for seen in service.claude.requests)
    assert sum(count - 1 for count in bodies.values()) <= 2 * CONCURRENCY


NAME = AskName(b"ask", Rung.ASK, "claude-haiku-5-5", "structured")
GOOD, DOWN = Answer(json="{}"), Answer(failure=Failure(FailureKind.CONNECTION, "it is away"))


class Desk:
    """A coordinator, and workers that a test speaks for."""

    def __init__(self, ledger, *, max_wait=10**6):
        self.clock = ManualClock(0.0)
        breaker = Breaker(now=self.clock.now, max_wait=max_wait)
        self.asking = Asking(None, ledger, breaker, concurrency=1)
        rates = RateLeases(Pacer(now=self.clock.now))
        money = MoneyLeases(Budget(ledger.account), ledger.account)
        schema = Extractor(SCHEMA, cassette=None, client=object(), model="claude-haiku-5-5").schema
        self.coordinator = Coordinator(self.asking, ledger, rates, money, schema=schema, model="claude-haiku-5-5")

    def report(self, worker, **parts):
        return self.coordinator.exchange(worker, WorkerReport(**parts))


@pytest.fixture
def ledger():
    with Ledger(None) as ledger:
        yield ledger


async def waited_for(desk, count):
    tasks = [asyncio.create_task(desk.coordinator.extract(document)) for document in documents(count)]
    await asyncio.sleep(0)
    return tasks


async def test_an_answer_is_stored_before_its_worker_hears_of_it(ledger):
    desk = Desk(ledger)
    (task,) = await waited_for(desk, 1)
    orders = desk.report("w", room=1)
    (assignment,) = orders.assignments
    new = NewAnswer(assignment.number, NAME, GOOD, orders.asks.admission, again=True)
    assert desk.report("w", answers=[new]).verdicts == ["stored"]
    assert ledger.recall(assignment.document) == {NAME.digest: [GOOD]}
    desk.coordinator.lost("w")
    (again,) = desk.report("v", room=1).assignments
    assert again.answers == {NAME.digest: [GOOD]}
    task.cancel()


async def test_an_answer_that_cannot_be_stored_is_told_as_what_is_stored(ledger):
    desk = Desk(ledger)
    (task,) = await waited_for(desk, 1)
    orders = desk.report("w", room=1)
    broken = Answer(json="{}", text=object())
    (verdict,) = desk.report("w", answers=[NewAnswer(1, NAME, broken, orders.asks.admission, again=True)]).verdicts
    assert verdict.failure.type is FailureKind.INTERNAL
    assert ledger.recall(orders.assignments[0].document) == {NAME.digest: [verdict]}
    task.cancel()


async def test_a_ledger_that_cannot_be_written_ends_the_run(ledger):
    desk = Desk(ledger)
    tasks = await waited_for(desk, 3)
    orders = desk.report("w", room=1)
    ledger.database._connection.execute("DROP TABLE answers")
    answer = NewAnswer(orders.assignments[0].number, NAME, GOOD, orders.asks.admission, again=True)
    orders = desk.report("w", answers=[answer])
    assert orders.verdicts == ["halted"]
    assert orders.halted
    assert isinstance(desk.asking.halted, LedgerError)
    desk.report("w", ended=[EndedDocument(1, None)])
    assert [type(one) for one in await asyncio.gather(*tasks, return_exceptions=True)] == [HaltedError] * 3


async def test_in_an_outage_one_worker_asks_once(ledger):
    desk = Desk(ledger)
    tasks = await waited_for(desk, FAILURES)
    orders = desk.report("w", room=FAILURES)
    assert orders.asks.asks is None
    failed = [NewAnswer(one.number, NAME, DOWN, orders.asks.admission, again=True) for one in orders.assignments]
    orders = desk.report("w", answers=failed, waiting=1)
    assert orders.verdicts == ["stored"] * (FAILURES - 1) + ["again"]
    assert orders.asks.asks == 0
    desk.clock.advance(FIRST_PAUSE)
    assert desk.report("v").asks.asks == 0  # it has nothing to ask
    probe = desk.report("w", waiting=5).asks
    assert probe.asks == 1
    assert desk.report("v", waiting=5).asks.asks == 0
    assert desk.report("w", waiting=5).asks.asks == 0
    alive = desk.report("w", answers=[NewAnswer(5, NAME, GOOD, probe.admission, again=True)])
    assert alive.verdicts == ["stored"]
    assert alive.asks.asks is None
    for task in tasks:
        task.cancel()


@pytest.mark.parametrize("way", ["lost", "unused"])
async def test_a_probe_that_comes_to_nothing_goes_to_another_worker(way, ledger):
    desk = Desk(ledger)
    tasks = await waited_for(desk, FAILURES)
    orders = desk.report("w", room=FAILURES)
    failed = [NewAnswer(one.number, NAME, DOWN, orders.asks.admission, again=True) for one in orders.assignments]
    desk.report("w", answers=failed)
    desk.clock.advance(FIRST_PAUSE)
    probe = desk.report("v", waiting=1).asks
    assert probe.asks == 1
    if way == "lost":
        desk.coordinator.lost("v")
    else:
        desk.report("v", unused=probe.admission)
    assert desk.report("w", waiting=1).asks.asks == 1
    for task in tasks:
        task.cancel()


async def test_a_service_that_stays_away_ends_the_run(ledger):
    desk = Desk(ledger, max_wait=60)
    tasks = await waited_for(desk, FAILURES)
    orders = desk.report("w", room=FAILURES)
    failed = [NewAnswer(one.number, NAME, DOWN, orders.asks.admission, again=True) for one in orders.assignments]
    desk.report("w", answers=failed)
    desk.clock.advance(61)
    assert desk.report("w", waiting=1).halted
    assert isinstance(desk.asking.halted, StoppedError)
    for task in tasks:
        task.cancel()


async def test_documents_are_handed_over_in_blocks(ledger):
    desk = Desk(ledger)
    tasks = await waited_for(desk, 3 * BLOCK)
    assert [len(desk.report(worker, room=200).assignments) for worker in "abcd"] == [BLOCK] * 3 + [0]
    for task in tasks:
        task.cancel()


async def test_the_requests_in_flight_are_those_of_all_workers(ledger):
    desk = Desk(ledger)
    desk.report("w", in_flight=3)
    desk.report("v", in_flight=4)
    assert desk.asking.in_flight == 7
    desk.coordinator.lost("w")
    assert desk.asking.in_flight == 4


def test_orders_of_nothing_lend_nothing():
    orders = Orders()
    assert (orders.asks.asks, orders.rates.starts, orders.money.granted) == (0, 0, 0)
