"""The SDK's clients held to a pace: against a simulated service that enforces its limits, by a clock that is moved."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import anthropic
import httpx2
import pytest
from anthropic.types import Message
from scripted import message, refusal

from slotfill import Extractor, SettingsError
from slotfill.extractors.clients.admission import WaitError
from slotfill.extractors.clients.metering import BudgetError, Try
from slotfill.extractors.clients.pacer import Pacer
from slotfill.extractors.clients.rate_limits import Limits, settling
from slotfill.extractors.documents.document import Document
from slotfill.extractors.errors import StoppedError
from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.extractors.messages_api.inbound import retry_after
from slotfill.extractors.messages_api.stream_reader import StreamReader
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.runs.breaker import Breaker
from slotfill.extractors.runs.delivery import Delivery
from slotfill.extractors.runs.engine import Run
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.extractors.runs.outputs.sink import Sink
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served
from slotfill.extractors.testing.simulator.clock import ManualClock
from slotfill.extractors.testing.simulator.fault_triggers import BATCH_FAULTS, FAULTS
from slotfill.extractors.testing.simulator.network_faults import ERROR_FAULTS, LONG
from slotfill.extractors.testing.simulator.simulated_limits import RateLimits
from slotfill.schemas import Sentiment

ASK = {"model": "claude-haiku-5-5", "max_tokens": 500, "messages": [{"role": "user", "content": "word " * 400}]}
MINUTE = 60
BINDING = {
    "requests": {"rpm": 60, "itpm": 10**6, "otpm": 10**6},
    "input-tokens": {"rpm": 10**4, "itpm": 30_000, "otpm": 10**6},
    "output-tokens": {"rpm": 10**4, "itpm": 10**6, "otpm": 3_000},
}


class World:
    """A simulated service, its clock, and the clients that are held to a pace by it."""

    def __init__(self, *, given=None, limits=None, faults=(), replies=("word " * 50,), max_wait=300, meter=None):
        self.clock = ManualClock(time.time())  # a `retry-after` may be a date
        self.claude = SimulatedClaude(
            lambda _: replies[0], clock=self.clock, limits=RateLimits(**(limits or {})), faults=faults
        )
        self.sleeping = self.most_asleep = 0
        self.pacer = Pacer(**(given or {}), now=self.clock.now)
        self.limits = Limits(
            self.pacer, max_wait=max_wait, meter=lambda: meter, sleep=self.clock.sleep, asleep=self.asleep
        )

    async def asleep(self, seconds):
        self.sleeping += 1
        self.most_asleep = max(self.most_asleep, self.sleeping)
        self.clock.advance(seconds)
        await asyncio.sleep(0)
        self.sleeping -= 1

    def client(self, **options):
        return self.claude.client(middleware=[self.limits], **options)

    def async_client(self, **options):
        return self.claude.async_client(middleware=[self.limits], **options)

    @property
    def statuses(self):
        return [seen.status for seen in self.claude.requests]


class Recorder:
    """A meter that admits what its `admitting` says, and notes what it is told."""

    def __init__(self, admitting=lambda _: True):
        self.admitting, self.tries, self.settled = admitting, [], {}
        self.closed = False

    def check(self):
        if self.closed:
            raise BudgetError("stopped")

    def admit(self, tried):
        if not self.admitting(tried):
            return None
        self.tries.append(tried)
        return len(self.tries)

    def settle(self, number, usage):
        assert number in range(1, len(self.tries) + 1)
        assert number not in self.settled, "it is settled once"
        self.settled[number] = usage

    @property
    def in_flight(self):
        return len(self.tries) - len(self.settled)


async def read(client, **changed):
    """Ask for a stream, and read it as an extractor does."""
    events = await asked(client, stream=True, **changed)
    arriving = StreamReader()
    with settling(events.response, arriving):
        if isinstance(events, anthropic.AsyncStream):
            async for event in events:
                arriving.take(event)
        else:
            for event in events:
                arriving.take(event)
    return arriving.message()


async def asked(client, **changed):
    """Ask through a client of either kind."""
    told = client.messages.create(**ASK | changed)
    return await told if asyncio.iscoroutine(told) else told


async def came_of(client, put=asked):
    """Give the type of what a client gives or raises."""
    try:
        return type(await put(client))
    except (anthropic.AnthropicError, ValueError, httpx2.HTTPError) as error:
        return type(error)


async def with_headers(client, text):
    """Ask about a text, and give the headers of the reply."""
    told = client.messages.with_raw_response.create(**ASK | {"messages": [{"role": "user", "content": text}]})
    return (await told if asyncio.iscoroutine(told) else told).headers


@pytest.fixture(params=["sync", "async"])
def kind(request):
    return request.param


def of_kind(world, kind, **options):
    return world.client(**options) if kind == "sync" else world.async_client(**options)


@pytest.mark.parametrize("known", ["given", "learnt"])
@pytest.mark.parametrize("binding", BINDING)
def test_a_limit_is_used_and_not_exceeded(binding, known):
    limits = BINDING[binding]
    world = World(limits=limits, given=limits if known == "given" else None)
    client, begun, counted = world.client(max_retries=0), world.clock.now(), 0
    while (passed := world.clock.now() - begun) < 4 * MINUTE:
        try:
            usage = client.messages.create(**ASK).usage
        except anthropic.RateLimitError:
            continue
        taken = {"requests": 1, "input-tokens": usage.input_tokens, "output-tokens": usage.output_tokens}
        counted += taken[binding] if passed >= MINUTE else 0
    allowed = 3 * dict(zip(BINDING, limits.values(), strict=True))[binding]
    assert counted >= 0.97 * allowed
    assert world.statuses.count(429) <= 0.005 * len(world.statuses)


async def test_tasks_share_the_pace():
    world = World(given={"rpm": 600})
    client, begun = world.async_client(), world.clock.now()
    await asyncio.gather(*(asked(client) for _ in range(50)))
    assert world.statuses == [200] * 50
    assert 4.7 <= world.clock.now() - begun <= 5.5  # 49 tenths of a second, 0.2 s caught up with
    assert world.most_asleep == 1  # the others wait for their turn: they would all wake for one place


def test_threads_and_clients_share_the_pace():
    world = World(given={"rpm": 600})
    other = Limits(world.pacer, sleep=world.clock.sleep)
    clients, begun = (world.client(), world.claude.client(middleware=[other])), world.clock.now()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: clients[number % 2].messages.create(**ASK), range(50)))
    assert world.statuses == [200] * 50
    assert world.clock.now() - begun >= 4.7


async def test_a_retry_after_is_waited_for_by_all(kind):
    world = World(faults=["429@1"])
    begun = world.clock.now()
    await asked(of_kind(world, kind))
    assert world.statuses == [429, 200]
    assert world.clock.now() - begun == pytest.approx(1)  # by this clock: the SDK itself sleeps by the machine's


async def test_a_retry_after_beyond_the_longest_wait_ends_it(kind):
    world = World(faults=["429_long@1"])
    client = of_kind(world, kind)
    for seen in ("its own", "another's"):
        with pytest.raises(WaitError, match=rf"{LONG:,} s, and --max-wait is 300 s: run it again later") as caught:
            await asked(client)
        assert caught.value.request_id == (world.claude.requests[0].request_id if seen == "its own" else None)
    assert world.statuses == [429]
    world.clock.advance(LONG)
    await asked(client)
    assert world.statuses == [429, 200]


async def test_a_stream_is_paced_and_its_refusal_ends_it(kind):
    world = World(given={"rpm": 6}, faults=["429_long@2"])
    client, begun = of_kind(world, kind, max_retries=0), world.clock.now()
    assert isinstance(await read(client), Message)
    with pytest.raises(WaitError):
        await read(client)
    assert world.clock.now() - begun >= 10


async def test_a_longer_wait_is_allowed(kind):
    world = World(faults=["429_long@1"], max_wait=LONG)
    await asked(of_kind(world, kind))
    assert world.statuses == [429, 200]


async def test_a_debt_beyond_the_longest_wait_ends_it(kind):
    world = World(given={"otpm": 5}, max_wait=60)
    client = of_kind(world, kind)
    await asked(client)
    with pytest.raises(WaitError):
        await asked(client)
    assert world.statuses == [200]


def test_what_the_cache_holds_does_not_count():
    world = World(given={"itpm": 60_000})
    kept = [{"type": "text", "text": "rule " * 8_000, "cache_control": {"type": "ephemeral"}}]
    client, owed = world.client(), []
    for _ in range(2):
        usage = client.messages.create(**ASK, system=kept).usage
        owed.append(world.pacer.admit(1, 1).seconds)
    assert usage.cache_read_input_tokens == 10_000
    assert owed == [pytest.approx(10.6, abs=0.1), pytest.approx(0.5, abs=0.1)]


async def test_whatever_goes_wrong_the_place_in_flight_is_given_back(kind):
    faults = [f"{name}@{at}" for at, name in enumerate(("reset", "html", "invalid_utf8", "500", "401", "529"), 1)]
    world = World(faults=faults)
    client = of_kind(world, kind, max_retries=0)
    plain = SimulatedClaude(faults=faults)
    bare = plain.client(max_retries=0) if kind == "sync" else plain.async_client(max_retries=0)
    for _ in faults:
        assert await came_of(client) is await came_of(bare) is not Message
        assert world.pacer._in_flight == 0
    assert await came_of(client) is Message


async def test_what_is_cancelled_gives_its_place_back():
    world, sent = World(), asyncio.Event()

    async def endless(_request, _call):
        sent.set()
        await asyncio.Event().wait()

    client = world.claude.async_client(middleware=[world.limits, endless])
    task = asyncio.create_task(asked(client))
    await sent.wait()
    assert world.pacer._in_flight == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert world.pacer._in_flight == 0


async def test_what_is_no_message_is_not_paced():
    world = World(given={"rpm": 1})
    client, begun = world.client(), world.clock.now()
    for _ in range(3):
        client.messages.count_tokens(model=ASK["model"], messages=ASK["messages"])
        client.models.list()
    assert world.clock.now() == begun


class TestMeter:
    FAULTS = tuple(name for name in FAULTS if name not in BATCH_FAULTS)
    LOST = ("html", "invalid_utf8", "reset", "stall", "timeout", "502", "504")
    CUT = ("sse_no_json", "sse_no_event", "sse_unstarted", "sse_unended", "sse_spliced", "sse_cut", "sse_error")

    @pytest.mark.parametrize("put", [asked, read])
    async def test_every_fault_is_settled_by_what_is_sure(self, kind, put):
        meter = Recorder()
        world = World(faults=[f"{name}@{at}" for at, name in enumerate(self.FAULTS, 1)], meter=meter)
        client = of_kind(world, kind, max_retries=0)
        for fault in self.FAULTS:
            await came_of(client, put)
            world.clock.advance(LONG if fault == "429_long" else 0)
            assert world.pacer._in_flight == meter.in_flight == 0
        billed = dict(zip(self.FAULTS, (seen.usage for seen in world.claude.requests), strict=True))
        unsure = dict.fromkeys((*self.LOST, *(self.CUT if put is read else ())))
        assert dict(zip(self.FAULTS, meter.settled.values(), strict=True)) == billed | unsure
        assert [name for name, usage in billed.items() if usage == Usage()] == [*ERROR_FAULTS, "refused", "502"]

    async def test_what_waits_for_its_turn_is_not_sent_once_it_is_closed(self, kind):
        meter = Recorder()
        world = World(given={"rpm": 1}, meter=meter)
        client = of_kind(world, kind)
        await asked(client)
        meter.closed = True
        with pytest.raises(BudgetError, match="stopped"):
            await asked(client)
        assert len(world.claude.requests) == 1
        assert list(meter.settled.values()) == [world.claude.usage, Usage()]

    async def test_a_try_is_told_of_before_it_is_sent(self, kind):
        sent = []
        meter = Recorder(lambda _: sent.append(len(world.claude.requests)) or True)
        world = World(faults=["529@1"], meter=meter)
        await asked(of_kind(world, kind), max_tokens=77)
        assert sent == [0, 1]  # each of the SDK's own tries
        size = len(world.claude.requests[0].http.body)
        assert meter.tries == [Try(ASK["model"], size, 77)] * 2
        assert list(meter.settled.values()) == [Usage(), world.claude.usage]

    @pytest.mark.parametrize(
        ("reply", "usage"),
        [
            (refusal("api_error", "no", 500), Usage()),
            (refusal("invalid_request_error", "no", 400), Usage()),
            ((502, b"<html>Bad Gateway</html>"), None),
            ((403, b"<html>Forbidden</html>"), None),
            ((429, b"slow down"), None),
            ((500, {"error": "no"}), None),
            ((500, {"type": "error", "error": "no"}), None),
            ({**message("{}"), "usage": None}, None),
            (message("{}", usage={"input_tokens": 3}), None),
            (message("{}", usage={"input_tokens": 3, "output_tokens": "4"}), None),
            (message("{}", usage={"input_tokens": 3, "output_tokens": -4}), None),
            (message("{}", usage={"input_tokens": 3, "output_tokens": 4}), Usage(3, 4)),
            (
                message(
                    "{}",
                    usage={
                        "input_tokens": 3,
                        "output_tokens": 4,
                        "cache_read_input_tokens": 5,
                        "cache_creation_input_tokens": 6,
                    },
                ),
                Usage(3, 4, 5, 6),
            ),
            (b"[]", None),
            (b"", None),
        ],
    )
    @pytest.mark.parametrize("streamed", [False, True])
    async def test_what_does_not_say_that_it_costs_nothing_is_spent(self, service, kind, streamed, reply, usage):
        meter = Recorder()
        middleware = [Limits(Pacer(), meter=lambda: meter)]
        service.script(reply)
        client = (
            service.client(middleware=middleware) if kind == "sync" else service.async_client(middleware=middleware)
        )
        await came_of(client, read if streamed else asked)
        refused = isinstance(reply, tuple)
        assert meter.settled == {1: usage if refused or not streamed else None}

    async def test_a_stream_is_settled_when_it_ends(self, kind):
        meter = Recorder()
        world = World(meter=meter)
        client = of_kind(world, kind)
        events = await asked(client, stream=True)
        assert (world.pacer._in_flight, meter.in_flight) == (1, 1)
        arriving = StreamReader()
        with settling(events.response, arriving):
            if kind == "async":
                async for event in events:
                    arriving.take(event)
            else:
                for event in events:
                    arriving.take(event)
            assert meter.in_flight == 1
        assert meter.settled == {1: world.claude.usage}
        assert world.pacer._in_flight == 0

    async def test_a_stream_that_is_left_early_is_spent(self, kind):
        meter = Recorder()
        events = await asked(of_kind(World(meter=meter), kind), stream=True)
        with settling(events.response, arriving := StreamReader()):
            arriving.take(await anext(events) if kind == "async" else next(events))
        assert arriving.begun
        assert meter.settled == {1: None}

    def test_a_stream_of_another_client_is_left_alone(self):
        events = SimulatedClaude(["x"]).client().messages.create(**ASK, stream=True)
        with settling(events.response, StreamReader()):
            assert len(list(events)) > 1

    async def test_the_pace_takes_what_a_stream_took(self, kind):
        world = World(given={"otpm": 60})
        await read(of_kind(world, kind))
        wrote = world.claude.usage.output_tokens
        assert world.pacer.admit(1, 1).seconds == pytest.approx(wrote, rel=0.05)

    async def test_a_try_waits_until_others_are_settled(self, kind):
        world = World(meter=(meter := Recorder(lambda _: world.clock.now() - begun >= 0.03)))
        begun = world.clock.now()
        await asked(of_kind(world, kind))
        assert world.clock.now() - begun == pytest.approx(0.04)
        assert len(meter.settled) == 1

    async def test_what_need_not_wait_does_not_queue_for_a_turn(self):
        world = World(meter=Recorder())
        async with world.limits._async_turn:
            await asyncio.wait_for(asked(world.async_client()), 60)

    async def test_what_must_wait_does(self):
        world = World(given={"rpm": 1}, meter=(meter := Recorder()))
        await asked(world.async_client())
        async with world.limits._async_turn:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asked(world.async_client()), 0.05)
        assert len(meter.tries) == 1

    async def test_a_large_try_is_not_passed_by_small_ones(self):
        large = 5_000
        meter = Recorder(lambda tried: tried.room < large or not meter.in_flight)
        world = World(meter=meter)
        gates = [asyncio.Event() for _ in range(3)]

        async def gated(request, call_next):
            if request.json["max_tokens"] < len(gates):
                await gates[request.json["max_tokens"]].wait()
            return await call_next(request)

        client = world.claude.async_client(middleware=[world.limits, gated])
        await asked(client)  # before its first request the SDK waits for a thread
        rooms = (1, 2, large, 3, 4)
        tasks = []
        for room in rooms:
            tasks.append(asyncio.create_task(asked(client, max_tokens=room)))
            for _ in range(100):  # more turns of the loop than a request takes that nothing holds up
                await asyncio.sleep(0)
        assert [tried.room for tried in meter.tries[1:]] == [1, 2]
        for gate in gates:
            gate.set()
        await asyncio.gather(*tasks)
        assert [tried.room for tried in meter.tries[1:]] == list(rooms)

    async def test_what_does_not_fit_is_not_sent(self, kind):
        def admitting(_):
            raise BudgetError("that is all")

        world = World(meter=Recorder(admitting))
        with pytest.raises(BudgetError):
            await asked(of_kind(world, kind))
        assert world.claude.requests == []
        world.limits = Limits(world.pacer, sleep=world.clock.sleep, asleep=world.asleep)
        await asked(of_kind(world, kind))  # nobody has the turn any more

    async def test_a_wait_that_is_too_long_costs_nothing(self, kind):
        meter = Recorder()
        world = World(faults=["429_long@1"], meter=meter)
        for _ in range(2):
            with pytest.raises(WaitError):
                await asked(of_kind(world, kind))
        assert meter.settled == {1: Usage(), 2: Usage()}
        assert world.statuses == [429]

    @pytest.mark.parametrize(
        ("where", "settled"), [("for the pace", {1: Usage()}), ("for the meter", {}), ("for the reply", {1: None})]
    )
    async def test_being_cancelled_settles_by_what_was_sent(self, where, settled):
        meter = Recorder(lambda _: where != "for the meter")
        pacer = Pacer(rpm=1e-3)
        if where == "for the pace":
            pacer.admit(1, 1)

        waiting = asyncio.Event()

        async def endless(*_):
            waiting.set()
            await asyncio.Event().wait()

        limits = Limits(pacer, max_wait=10**9, meter=lambda: meter, asleep=endless)
        client = SimulatedClaude().async_client(middleware=[limits, endless])
        task = asyncio.create_task(asked(client))
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert meter.settled == settled, caught  # while the error, with its traceback, is held on to

    async def test_without_a_pace_it_is_metered_all_the_same(self, kind):
        meter = Recorder()
        claude = SimulatedClaude(lambda _: "Fine.", faults=["429_long@1"], clock=ManualClock())
        middleware = [Limits(None, meter=lambda: meter)]
        client = (claude.client if kind == "sync" else claude.async_client)(middleware=middleware, max_retries=0)
        for _ in range(2):
            await came_of(client)
        assert list(meter.settled.values()) == [Usage(), claude.usage]


async def test_a_reply_that_came_asks_nobody_to_wait_and_its_limit_of_all_tokens_is_none(kind):
    """Real replies tell now and then when to ask again, with nothing the matter, and input and output tokens as one."""
    world = World()
    client = world.client() if kind == "sync" else world.async_client()
    began, told = world.clock.now(), []
    learn = world.pacer.learn
    world.pacer.learn = lambda limits: (told.append(limits), learn(limits))
    replies = [await with_headers(client, f"text {number}") for number in range(40)]
    asked_to_wait = [float(headers["retry-after"]) for headers in replies if "retry-after" in headers]
    assert world.clock.now() - began < 2 < max(asked_to_wait)
    assert all("anthropic-ratelimit-tokens-limit" in headers for headers in replies)
    assert told == [{"requests": 4_000, "input-tokens": 2_000_000, "output-tokens": 400_000}] * len(told)
    assert 0 < len(told) <= 2  # they are read once a second, which the clock is not far from


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "7", "retry-after-ms": "250"}, 0.25),
        ({"retry-after": "7", "retry-after-ms": "soon"}, 7),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Fri, 01 Jan 2021 00:00:00 GMT"}, 0),
    ],
)
def test_how_a_wait_is_asked_for(headers, seconds):
    assert retry_after(headers) == seconds


def test_a_wait_is_asked_for_until_a_date():
    until = datetime.now(UTC) + timedelta(hours=1)
    assert 3_500 < retry_after({"retry-after": format_datetime(until, usegmt=True)}) <= 3_600


@pytest.fixture
def simulated(monkeypatch):
    """Serve a simulated service on a port, where the clients that an extractor builds find it."""

    def at(claude):
        monkeypatch.setenv("ANTHROPIC_API_KEY", "simulated")
        return served(claude)

    def started(claude):
        context = at(claude)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", context.__enter__())
        contexts.append(context)
        return claude

    contexts = []
    yield started
    for context in contexts:
        context.__exit__(None, None, None)


async def test_an_extractor_ends_where_the_service_asks_for_too_long_a_wait(simulated, kind):
    claude = simulated(SimulatedClaude(faults=["429_long@1"]))
    async with Extractor(Sentiment) as extractor:
        for _ in range(2):
            found = extractor.extract("Fine.") if kind == "sync" else await extractor.aextract("Fine.")
            assert found.error.type == "max_wait"
            assert "--max-wait is 300 s" in found.error.message
    assert len(claude.requests) == 1


async def test_a_429_that_no_wait_mends_is_not_waited_for(simulated, kind):
    """The SDK tries each 429 again, and sleeps for as long as it says."""
    text, told = "Extra usage is required for long context requests.", {"retry-after": "30", "x-should-retry": "true"}
    claude = simulated(SimulatedClaude(lambda _: ApiError(429, "rate_limit_error", text, told)))
    async with Extractor(Sentiment) as extractor:
        found = extractor.extract("Fine.") if kind == "sync" else await extractor.aextract("Fine.")
    assert (found.error.type, len(claude.requests)) == ("too_long", 1)
    assert found.ms < 30_000


def test_the_limits_of_an_extractor_are_those_it_is_given(simulated):
    claude = simulated(SimulatedClaude())
    with Extractor(Sentiment, rpm=1, max_wait=0.5) as extractor:
        assert extractor.extract("Fine.").ok
        assert extractor.extract("Bad.").error.type == "max_wait"
    assert len(claude.requests) == 1


class Nowhere(Sink):
    def write(self, record):
        pass

    def commit(self, *, complete):
        pass


def test_a_run_stops_where_the_service_asks_for_too_long_a_wait(simulated):
    claude = simulated(SimulatedClaude(faults=["429_long@3-1000"]))
    with Ledger(None) as ledger:
        extractor = Extractor(Sentiment)
        delivery = Delivery(ledger, Nowhere(), None, records=False, schema=extractor.schema)
        run = Run(extractor, ledger, delivery, Breaker(), concurrency=1)
        with pytest.raises(StoppedError, match="run it again later"):
            run.run(Document.of(f"Fine {number}.") for number in range(100))
        assert run.totals.extracted == ledger.ended == 2
    assert len(claude.requests) == 3


@pytest.mark.parametrize("name", ["rpm", "itpm", "otpm", "max_wait"])
def test_a_client_of_the_callers_own_has_its_own_limits(name):
    with pytest.raises(SettingsError, match=f"{name} cannot be put on a client that is given"):
        Extractor(Sentiment, client=SimulatedClaude().client(), **{name: 5})
