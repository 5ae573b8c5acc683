"""The engine: whatever happens to documents, each is kept once, in order, and paid for once."""

import asyncio
import itertools
import json
import sqlite3
import time
from collections import Counter
from contextlib import ExitStack, closing, nullcontext
from threading import Barrier

import anthropic
import httpx2
import pytest
from disks import full
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from running import Memory, engine
from scripted import message, refusal

from slotfill import Document, Extractor, LedgerError, ModelError, Outcome, OutputError, StoppedError, Usage
from slotfill.extractors.documents.read_ahead import MOST_DOCUMENTS
from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.extractors.runs.breaker import REFUSALS, Breaker
from slotfill.extractors.runs.budget import Budget
from slotfill.extractors.runs.engine import BATCH
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.simulator.clock import ManualClock


class Note(BaseModel):
    """Say anything."""

    text: str


REPLIES = {
    "good": (200, message('{"text": "x"}')),
    "wrong": (200, message('{"text": 1}')),
    "alike": refusal("invalid_request_error", "your account wants attention", 400),
    "spent": refusal("invalid_request_error", "You have reached your specified API usage limits. You will regain", 400),
    "down": refusal("api_error", "no", 500),
    "refused": (200, message(stop_reason="refusal")),
    "fatal": refusal("authentication_error", "no", 401),
    "schema": refusal("invalid_request_error", "output_config.format.schema: too complex", 400),
}


class Service:
    """Answers each request about a document by the next of its script: (ticks to wait, kind of reply)."""

    def __init__(self, *scripts):
        self.scripts = {str(number): iter(script) for number, script in enumerate(scripts)}
        self.asked = []

    async def respond(self, request):
        said = json.loads(request.content)["messages"]
        text = next(turn["content"].split("\n")[1] for turn in said if turn["content"].startswith("<document"))
        self.asked.append(text)
        ticks, kind = next(self.scripts[text])
        for _ in range(ticks):
            await asyncio.sleep(0)
        status, body = refusal("invalid_request_error", f"no {text}", 400) if kind == "bad" else REPLIES[kind]
        return httpx2.Response(status, json=body)

    def extractor(self, **options):
        transport = httpx2.AsyncClient(transport=httpx2.MockTransport(self.respond))
        client = anthropic.AsyncAnthropic(api_key="k", http_client=transport, max_retries=0)
        return Extractor(Note, client=client, **options)


class Chunks(Service):
    """Answers each request about a chunk of `LONG` after so many ticks; about the last one first with another kind."""

    def __init__(self, kind, ticks=0):
        super().__init__()
        self.kind, self.ticks = kind, ticks

    async def respond(self, request):
        said = json.loads(request.content)["messages"][-1]["content"]
        is_good = "last" not in said or said in self.asked
        self.asked.append(said)
        for _ in range(self.ticks if is_good else 0):
            await asyncio.sleep(0)
        status, body = REPLIES["good" if is_good else self.kind]
        return httpx2.Response(status, json=body)


LONG = Document.of(" ".join(f"word{number}" for number in range(150)) + " last", "0")


def always(*kinds):
    return itertools.chain(((0, kind) for kind in kinds[:-1]), itertools.repeat((0, kinds[-1])))


def documents(texts):
    """Number the documents by their sources."""
    return [Document.of(str(text), str(number)) for number, text in enumerate(texts)]


def hurried():
    """Give a breaker for which hours pass while nobody waits."""
    return Breaker(now=itertools.count(step=10).__next__, max_wait=10**6)


scripts = st.lists(st.tuples(st.integers(0, 20), st.sampled_from(["good", "good", "bad", "refused"])), max_size=25)


def test_places_that_no_document_takes_cost_nothing():
    """A million of them took half a minute."""
    service, tasks = Service(always("good"), always("good")), []

    def on_progress(_):
        tasks.append(len(asyncio.all_tasks()))

    with Ledger(None) as ledger:
        run = engine(service.extractor(), ledger, Memory(), concurrency=100_000, on_progress=on_progress)
        assert run.run(documents(range(2))).extracted == 2
    assert 2 <= max(tasks) < 10


@examples(50)
@given(scripts, st.integers(1, 6), st.booleans(), st.data())
def test_every_document_is_kept_once_and_in_order(answers, concurrency, records, data):
    texts = data.draw(st.lists(st.integers(0, len(answers) - 1), max_size=60)) if answers else []
    service, kept, rejects = Service(*([answer] for answer in answers)), Memory(), Memory()
    with Ledger(None) as ledger:
        run = engine(service.extractor(), ledger, kept, rejects, records=records, concurrency=concurrency)
        totals = run.run(documents(texts))
    good = [number for number, text in enumerate(texts) if answers[text][1] == "good"]
    rest = [number for number, text in enumerate(texts) if answers[text][1] != "good"]
    assert kept.kept == (list(range(len(texts))) if records else good)
    assert rejects.kept == rest
    assert (totals.documents, totals.extracted) == (len(texts), len(good))
    assert totals.repeated == len(texts) - len(set(texts))
    assert Counter(service.asked) == {str(text): 1 for text in set(texts)}
    assert kept.committed is rejects.committed is True


def test_a_fatal_failure_starts_nothing_more_and_what_is_in_flight_is_kept():
    answers = [(0, "good"), (5_000, "good"), (0, "good"), (50, "fatal"), *[(0, "good")] * 100]
    service, kept, rejects = Service(*([answer] for answer in answers)), Memory(), Memory()
    with Ledger(None) as ledger:
        run = engine(service.extractor(), ledger, kept, rejects, concurrency=3)
        with pytest.raises(ModelError, match="no"):
            run.run(documents(range(104)))
    assert {0, 1, 2} <= set(kept.kept)
    assert kept.kept == sorted(kept.kept)
    assert len(kept.kept) == len(service.asked) - 1 < 100
    assert rejects.kept == []  # it is pending
    assert kept.committed is False


def test_a_fatal_failure_stops_at_once():
    service = Service(*[always("fatal")] * 100)
    with Ledger(None) as ledger, pytest.raises(ModelError):
        engine(service.extractor(), ledger, Memory(), concurrency=4).run(documents(range(100)))
    assert len(service.asked) <= 4


@examples(30)
@given(st.lists(st.sampled_from(["good", "wrong"]), min_size=1, max_size=30), st.lists(st.integers(0, 90), max_size=4))
def test_a_run_that_is_stopped_goes_on_and_pays_for_nothing_twice(kinds, stops):
    """Every reply is given once, so that each stands in a record, or was lost."""
    left = {number: ["good"] if kind == "good" else ["wrong", "good"] for number, kind in enumerate(kinds)}
    stops, seen = sorted(set(stops)), itertools.count()

    def script(number):
        while True:
            if stops and next(seen) >= stops[0]:
                stops.pop(0)
                yield 0, "fatal"
            else:
                yield 0, left[number].pop(0)

    service = Service(*map(script, left))
    with Ledger(None) as ledger:
        fatal = len(stops)
        for _ in range(fatal + 1):
            kept = Memory()
            ledger._begin({}, {}, fresh=False)  # as the next process would
            ledger._positions = 0
            try:
                engine(service.extractor(mend="off"), ledger, kept, concurrency=4).run(documents(left))
            except ModelError:
                continue
            break
        rungs = [[attempt["rung"] for attempt in json.loads(one.record)["attempts"]] for one in ledger.entries(0)]
    assert kept.kept == list(left)
    assert not any(left.values())
    assert rungs == [["ask"] if kind == "good" else ["ask", "patch"] for kind in kinds]


def test_an_answer_is_stored_before_its_document_ends(tmp_path):
    service = Service(iter([(0, "wrong"), (0, "fatal"), (0, "good")]))
    for _ in range(2):
        kept = Memory()
        with Ledger(tmp_path / "ledger.db") as ledger:
            try:
                engine(service.extractor(mend="off"), ledger, kept).run(documents([0]))
            except ModelError:
                continue
            (entry,) = ledger.entries(0)
    assert kept.kept == [0]
    assert len(service.asked) == 3
    assert [attempt["rung"] for attempt in json.loads(entry.record)["attempts"]] == ["ask", "patch"]


def test_an_output_that_fails_stops_the_run():
    service, kept = Service(*[always("good")] * 50), Memory(full=2)
    with Ledger(None) as ledger, pytest.raises(OutputError, match="full"):
        engine(service.extractor(), ledger, kept, concurrency=2).run(documents(range(50)))
    assert kept.kept == [0, 1]
    assert len(service.asked) < 10


def test_documents_are_read_as_they_are_needed():
    taken = []

    def endless():
        for number in itertools.count():
            taken.append(number)
            yield Document.of(str(number), str(number))  # one that waits for another of the same text is read on

    service = Service(*[always("good")] * 9, always("fatal"), *[always("good")] * 9)
    with Ledger(None) as ledger, pytest.raises(ModelError):
        engine(service.extractor(), ledger, Memory(), concurrency=2).run(endless())
    assert len(taken) <= 2 * BATCH + MOST_DOCUMENTS


class TestOutage:
    def test_it_loses_no_document(self):
        """The first to fail are asked once more; those that fall into the outage are asked again at once."""
        service = Service(*[always(*["down"] * 2, "good")] * 20)
        with Ledger(None) as ledger:
            kept, rejects = Memory(), Memory()
            engine(service.extractor(), ledger, kept, rejects, breaker=hurried()).run(documents(range(20)))
        assert rejects.kept == []
        assert kept.kept == list(range(20))

    def test_it_stops_the_requests_and_ends_the_run_so_that_it_goes_on(self, tmp_path):
        service = Service(*[always("down")] * 200)
        kept = Memory()
        with Ledger(tmp_path / "ledger.db") as ledger:
            breaker = Breaker(now=itertools.count().__next__, max_wait=300)
            with pytest.raises(StoppedError, match="has not answered for 300 s"):
                engine(service.extractor(), ledger, kept, breaker=breaker).run(documents(range(200)))
        assert len(service.asked) < 40
        service = Service(*[always("good")] * 200)
        with Ledger(tmp_path / "ledger.db") as ledger:
            engine(service.extractor(), ledger, kept).run(documents(range(200)))
        assert kept.kept == list(range(200))

    @pytest.mark.slow
    def test_a_document_over_which_the_service_fails_ends_by_itself(self):
        scripts = [always("down" if number % 20 < 7 else "good") for number in range(40)]
        service, kept, rejects = Service(*scripts), Memory(), Memory()
        with Ledger(None) as ledger:
            run = engine(service.extractor(), ledger, kept, rejects, concurrency=1, breaker=hurried())
            run.run(documents(range(40)))
        assert rejects.kept == [*range(7), *range(20, 27)]

    def test_documents_that_are_refused_one_by_one_do_not_stop_it(self):
        service, rejects = Service(*[always("bad")] * 60), Memory()
        with Ledger(None) as ledger:
            engine(service.extractor(), ledger, Memory(), rejects).run(documents(range(60)))
        assert rejects.kept == list(range(60))

    def test_a_schema_that_is_refused_stops_it(self):
        service = Service(*[always("schema")] * 200)
        with Ledger(None) as ledger, pytest.raises(StoppedError, match="refuses the schema"):
            engine(service.extractor(), ledger, Memory(), concurrency=1).run(documents(range(200)))
        assert len(service.asked) <= 3 * REFUSALS  # in each mode once


class TestGoingOn:
    """A run that the service stops is gone on with, and nothing of it is lost or paid twice."""

    @pytest.mark.parametrize(
        ("kind", "error", "asked"), [("alike", StoppedError, 2 + REFUSALS), ("spent", ModelError, 3)]
    )
    def test_what_was_refused_alike_is_pending(self, tmp_path, kind, error, asked):
        texts, path = range(20), tmp_path / "ledger"
        service, kept, rejects = Service(*[always("good")] * 2, *[always(kind)] * 18), Memory(), Memory()
        with Ledger(path) as ledger:
            run = engine(service.extractor(), ledger, kept, rejects, concurrency=1)
            with pytest.raises(error, match=r"wants attention|You will regain"):
                run.run(documents(texts))
        assert (kept.kept, len(service.asked)) == ([0, 1], asked)
        assert run.totals.outcomes == {Outcome.VALID: 2}

        service, kept, rejects = Service(*[always("good")] * 20), Memory(), Memory()
        with Ledger(path) as ledger:
            totals = engine(service.extractor(), ledger, kept, rejects, concurrency=3).run(documents(texts))
        assert (kept.kept, rejects.kept, len(service.asked)) == (list(texts), [], 18)
        assert totals.outcomes == {Outcome.VALID: 20}

    @pytest.mark.parametrize("text", ["your account wants attention", "output_config.format.schema: too complex"])
    def test_so_is_what_was_refused_in_chunks_whatever_the_lengths(self, tmp_path, text):
        """One document was half read by then: what was refused of it is asked about again, too."""
        texts = [
            Document.of(" ".join(f"word{number}.{at}" for at in range(20 + 5 * number)), str(number))
            for number in range(9)
        ]
        good = itertools.repeat({"text": "x"})
        refused = itertools.repeat(ApiError(400, "invalid_request_error", text))
        claude, path = SimulatedClaude(), tmp_path / "ledger"

        def run(replies):
            claude.script(lambda _: next(replies))
            kept, rejects = Memory(live=False), Memory(live=False)
            extractor = Extractor(Note, client=claude.async_client(max_retries=0), chunk_chars=100)
            with Ledger(path) as ledger:
                made = engine(extractor, ledger, kept, rejects, concurrency=1)
                with pytest.raises(StoppedError, match=text) if replies is not good else nullcontext():
                    made.run(texts)
            return len(kept.kept), len(rejects.kept)

        assert run(itertools.chain(itertools.islice(good, 7), refused)) == (1, 0)
        assert run(good) == (9, 0)
        answered = [seen.document for seen in claude.requests if seen.status == 200]
        assert len(answered) == len({*answered})

    def test_documents_of_which_a_part_alone_is_refused_do_not_stop_it(self):
        texts = documents(f"{number} {'word ' * 40}odd" for number in range(REFUSALS + 1))
        refused = ApiError(400, "invalid_request_error", "your account wants attention")
        claude = SimulatedClaude(lambda request: refused if "odd" in request.document else {"text": "x"})
        extractor, rejects = Extractor(Note, client=claude.async_client(max_retries=0), chunk_chars=100), Memory()
        with Ledger(None) as ledger:
            totals = engine(extractor, ledger, Memory(), rejects, concurrency=1).run(texts)
        assert totals.outcomes == {Outcome.PARTIAL: len(texts)}
        assert len(rejects.kept) == len(texts)


class TestSecondTries:
    """What failed on the way is asked once more before the run ends."""

    @pytest.mark.parametrize("live", [True, False])
    def test_it_is_written_in_its_place_and_counted_once(self, live):
        texts = [0, 1, 2, 1, 3, 1, 4]
        service = Service(*[always("good"), always("down", "good"), always("good"), always("bad"), always("good")])
        kept, rejects = Memory(live=live), Memory(live=live)
        with Ledger(None) as ledger:
            totals = engine(service.extractor(), ledger, kept, rejects).run(documents(texts))
            records = [json.loads(entry.record) for entry in ledger.entries(0)]
        assert (kept.kept, rejects.kept) == ([0, 1, 2, 3, 5, 6], [4])
        assert totals.outcomes == {Outcome.VALID: 6, Outcome.FAILED: 1}
        assert (totals.documents, totals.repeated) == (7, 2)
        assert totals.usage == Usage(400, 80)
        assert [attempt["ok"] for attempt in records[1]["attempts"]] == [True]
        assert Counter(service.asked) == {"0": 1, "1": 2, "2": 1, "3": 1, "4": 1}

    @pytest.mark.parametrize("fault", ["500@2-3", "529@2,4", "reset@2-4", "invalid_utf8@2-4"])
    def test_a_streamed_run_does_so_too(self, fault):
        claude = SimulatedClaude(lambda _: {"text": "x"}, faults=[fault], clock=ManualClock())
        kept, rejects, shown = Memory(), Memory(), []
        with Ledger(None) as ledger:
            run = engine(Extractor(Note, client=claude.async_client(max_retries=0)), ledger, kept, rejects)
            run.run(documents(range(5)), lambda document, _: shown.append(document.source))
        assert (kept.kept, rejects.kept) == ([0, 1, 2, 3, 4], [])
        assert {*shown} == {"0", "1", "2", "3", "4"}

    def test_it_is_tried_once_more_and_then_a_failure(self):
        service, kept, rejects = Service(always("good"), always("down")), Memory(), Memory()
        with Ledger(None) as ledger:
            totals = engine(service.extractor(), ledger, kept, rejects).run(documents([0, 1, 1]))
        assert (kept.kept, rejects.kept) == ([0], [1, 2])
        assert totals.outcomes == {Outcome.VALID: 1, Outcome.FAILED: 2}
        assert Counter(service.asked) == {"0": 1, "1": 2}

    def test_what_stops_the_run_leaves_it_the_record_that_it_has(self):
        service = Service(always("good"), always("down", "fatal"), always("down", "good"))
        kept, rejects = Memory(), Memory()
        with Ledger(None) as ledger:
            run = engine(service.extractor(), ledger, kept, rejects, concurrency=1)
            with pytest.raises(ModelError):
                run.run(documents([0, 1, 2]))
        assert (kept.kept, rejects.kept) == ([0], [1, 2])
        assert run.totals.outcomes == {Outcome.VALID: 1, Outcome.FAILED: 2}
        assert run.totals.usage == Usage(100, 20)

    def test_of_a_document_in_chunks_only_what_failed_is_asked_again(self):
        service, kept = Chunks("down"), Memory()
        with Ledger(None) as ledger:
            totals = engine(service.extractor(chunk_chars=180), ledger, kept).run([LONG])
        assert kept.kept == [0]
        assert [times for times in Counter(service.asked).values() if times > 1] == [2]
        count = len({*service.asked})
        assert totals.usage == Usage(100 * count, 20 * count)

    @examples(50)
    @given(
        st.lists(st.sampled_from([("good",), ("down", "good"), ("down", "down", "good"), ("bad",)]), max_size=15),
        st.integers(1, 6),
        st.booleans(),
        st.data(),
    )
    def test_whatever_fails_each_is_written_once_and_the_tally_is_right(self, kinds, concurrency, live, data):
        texts = data.draw(st.lists(st.integers(0, len(kinds) - 1), max_size=30)) if kinds else []
        service = Service(*(always(*script) for script in kinds))
        kept, rejects = Memory(live=live), Memory(live=live)
        with Ledger(None) as ledger:
            run = engine(service.extractor(), ledger, kept, rejects, concurrency=concurrency, breaker=hurried())
            totals = run.run(documents(texts))
            assert totals.outcomes == ledger.outcomes()
        assert kept.kept == sorted(kept.kept)
        assert rejects.kept == sorted(rejects.kept)
        assert sorted(kept.kept + rejects.kept) == list(range(len(texts)))
        assert {texts[number] for number in rejects.kept} >= {text for text in texts if kinds[text] == ("bad",)}
        assert {texts[number] for number in kept.kept} >= {text for text in texts if len(kinds[text]) <= 2} - {
            text for text in texts if kinds[text] == ("bad",)
        }
        assert totals.usage.input_tokens == 100 * len({texts[number] for number in kept.kept})


def test_chunks_in_flight_are_finished_and_stored(tmp_path):
    """One chunk's failure stops the run: the answers to the others are not asked for again."""

    service = Chunks("fatal", ticks=500)
    for _ in range(2):
        with Ledger(tmp_path / "ledger.db") as ledger:
            kept = Memory()
            run = engine(service.extractor(chunk_chars=180), ledger, kept, concurrency=50)
            try:
                run.run([LONG])
            except ModelError:
                continue
    assert kept.kept == [0]
    assert len(set(service.asked)) > 3
    assert [said for said, times in Counter(service.asked).items() if times > 1] == [service.asked[-1]]


class TestMetered:
    """Where the budget is told of each request before it is sent, an answer is committed with that."""

    @pytest.fixture
    def metered(self, tmp_path):
        with (
            Extractor(Note, model="claude-haiku-5-5") as extractor,
            Ledger(tmp_path / "ledger.db") as ledger,
        ):
            extractor.meter(Budget(ledger.account))
            yield extractor, ledger

    def test_no_request_is_sent_before_the_answers_whose_places_were_free_are_committed(self, server, metered):
        extractor, ledger = metered
        stored = []

        def reply(_):
            stored.append(committed(ledger))
            return message('{"text": "x"}')

        server.script(reply)
        engine(extractor, ledger, Memory(), concurrency=1).run(documents(range(5)))
        assert stored == [{"answers": number, "tries": number + 1} for number in range(5)]

    def test_an_answer_is_committed_soon_where_no_request_follows(self, server, metered):
        extractor, ledger = metered
        begun = Barrier(2, timeout=20)

        def reply(request):
            begun.wait()
            while asked_about(request) == "1" and not committed(ledger)["answers"]:
                time.sleep(0.01)
            return message('{"text": "x"}')

        server.script(reply)
        kept = Memory()
        engine(extractor, ledger, kept, concurrency=2).run(documents([0, 1]))
        assert kept.kept == [0, 1]

    def test_one_that_is_not_metered_is_committed_at_once(self, tmp_path):
        stored = []

        class Watching(Service):
            async def respond(self, request):
                stored.append(committed(ledger)["answers"])
                return await super().respond(request)

        service = Watching(*[always("good")] * 4)
        with Ledger(tmp_path / "ledger.db") as ledger:
            engine(service.extractor(), ledger, Memory(), concurrency=1).run(documents(range(4)))
        assert stored == [0, 1, 2, 3]

    def test_a_ledger_that_cannot_commit_it_stops_the_run(self, server, metered):
        extractor, ledger = metered
        begun = Barrier(2, timeout=20)
        run = engine(extractor, ledger, Memory(), concurrency=2)

        def reply(request):
            begun.wait()
            if asked_about(request) == "0":
                disk.enter_context(full(0))
            while asked_about(request) == "1" and not run._asking.halted:
                time.sleep(0.01)
            return message('{"text": "x"}')

        server.script(reply)
        with ExitStack() as disk, pytest.raises(LedgerError, match="cannot be used"):
            run.run(documents(range(2)))
        assert len(server.requests) == 2


def asked_about(request):
    return request["messages"][0]["content"].split("\n")[1]


def committed(ledger):
    """Count what another process finds in a ledger."""
    with closing(sqlite3.connect(f"{ledger.path.as_uri()}?mode=ro", uri=True)) as other:
        return {name: other.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("answers", "tries")}
