"""The patched clients: what they report of everything a service and a network do wrong."""

import asyncio
import gc
import logging
import threading
from contextlib import ExitStack
from dataclasses import replace

import httpx2
import instructor
import pytest
from four_ways import WAYS, asked
from scripted import message, refusal

from slotfill import ModelError, Rung, Schema
from slotfill.extractors.cassettes.cassette import Cassette
from slotfill.extractors.clients.clients import Clients
from slotfill.extractors.clients.codec import Codec
from slotfill.extractors.clients.metering import BudgetError
from slotfill.extractors.documents.document import Document
from slotfill.extractors.local.weights import weights
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.rungs.asks import Ask
from slotfill.extractors.rungs.prompt import write_prompt
from slotfill.extractors.settings import Settings
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served
from slotfill.schemas import Sentiment

MODEL = "claude-haiku-5-5"
CODEC = Codec("sentiment", {"type": "object"}, {"type": "object"})
ASK = Ask(Rung.ASK, MODEL, "structured", write_prompt(Schema(Sentiment), Document.of("Fine.")), 500)
SAID = replace(ASK, mode="text")
KEY = "sk-ant-secret-0123456789"


def both(service):
    """Put the ask through the sync and the async client; they must agree."""
    settings = Settings.read(api_key=KEY)
    answer = Clients(MODEL, settings, service.client()).execute(CODEC, ASK)
    other = asyncio.run(Clients(MODEL, settings, service.async_client()).aexecute(CODEC, ASK))
    assert (answer.json, answer.failure, answer.usage) == (other.json, other.failure, other.usage)
    return answer


def test_a_reply_comes_through_both_clients(service):
    service.script(message('{"a": 1}'))
    answer = both(service)
    assert answer.json == '{"a": 1}'
    assert answer.request_id == "req_1"
    assert service.requests[0] == service.requests[1]
    assert service.requests[0]["max_tokens"] == 500


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "bad_request"),
        (401, "authentication"),
        (402, "billing"),
        (403, "permission"),
        (404, "not_found"),
        (408, "timeout"),
        (409, "bad_request"),
        (413, "too_large"),
        (418, "bad_request"),
        (422, "bad_request"),
        (429, "rate_limit"),
        (431, "too_large"),
        (500, "server"),
        (503, "server"),
        (504, "timeout"),
        (529, "overloaded"),
    ],
)
def test_every_status_ends_in_a_reason(service, status, kind):
    answer = both(service.script(refusal("some_error", f"no,\nsays {KEY}", status)))
    assert answer.failure.type == kind
    assert answer.failure.message == f"no, says [credential] (HTTP {status})"
    assert answer.request_id == "req_1"


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("output_config.format.schema: unsupported keyword", FailureKind.SCHEMA_REFUSED),
        ("The compiled grammar is too large", FailureKind.SCHEMA_REFUSED),
        ("tools.0.custom.input_schema: JSON schema is invalid", FailureKind.SCHEMA_REFUSED),
        ("prompt is too long: 210000 tokens > 200000 maximum", "too_long"),
        ("Your credit balance is too low to access the API", "billing"),
        ("messages: at least one message is required", "bad_request"),
    ],
)
def test_a_400_says_which(service, said, kind):
    assert both(service.script(refusal("invalid_request_error", said))).failure.type == kind


@pytest.mark.parametrize(
    "body", [b"<html>", b"", b"null", b"[1]", b'{"a":', b"\xff\xfe{", b'{"content": "x"}', b'{"content": [3]}']
)
def test_a_200_that_is_no_message_cannot_be_read(service, body):
    assert both(service.script(body)).failure.type == FailureKind.UNREADABLE_REPLY


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx2.ConnectError(f"refused, {KEY}"), "connection"),
        (httpx2.ReadTimeout("slow"), "timeout"),
        (httpx2.ReadError("reset"), "connection"),
        (httpx2.LocalProtocolError(f"Illegal header value b'Bearer {KEY}'"), "connection"),
    ],
)
def test_a_network_that_fails_says_how_and_shows_no_key(service, error, kind):
    failure = both(service.script(error)).failure
    assert failure.type == kind
    assert KEY not in failure.message
    assert type(error).__name__ in failure.message


def test_no_log_of_any_level_holds_a_completion(service, caplog):
    caplog.set_level(logging.DEBUG)
    for reply in (
        message('{"a": "SECRET COMPLETION"}'),
        message("SECRET COMPLETION"),
        message(tool={"a": "SECRET COMPLETION"}),
    ):
        both(service.script(reply))
    assert "SECRET COMPLETION" not in caplog.text


def test_instructor_and_its_registry_stay_as_they_are(service):
    from instructor.v2.core.registry import mode_registry

    before = dict(mode_registry._handlers)
    both(service.script(message('{"a": 1}')))
    assert {key: mode_registry._handlers[key] for key in before} == before
    bare = service.client()
    create = bare.messages.create
    Clients(MODEL, Settings.read(), bare).execute(CODEC, ASK)
    assert bare.messages.create == create


def test_clients_are_built_once_and_patched(service, monkeypatch):
    service.script(message("{}"))
    built = []
    patch = instructor.from_anthropic
    monkeypatch.setattr(instructor, "from_anthropic", lambda client: built.append(client) or patch(client))
    clients = Clients(MODEL, Settings.read(), service.client())
    for _ in range(3):
        clients.execute(CODEC, ASK)
    assert len(built) == 1


def test_a_patched_client_is_taken_too(service):
    patched = instructor.from_anthropic(service.script(message("{}")).client())
    assert Clients(MODEL, Settings.read(), patched).execute(CODEC, ASK).json == "{}"


def test_the_wrong_kind_of_client_says_which_is_needed(service):
    with pytest.raises(ModelError, match=r"extract\(\) and map\(\) need .* pass Anthropic\(\)"):
        Clients(MODEL, Settings.read(), service.async_client()).execute(CODEC, ASK)
    with pytest.raises(ModelError, match=r"aextract\(\) and amap\(\) need .* pass AsyncAnthropic\(\)"):
        asyncio.run(Clients(MODEL, Settings.read(), service.client()).aexecute(CODEC, ASK))


def test_the_callers_client_is_left_open(service):
    bare = service.script(message("{}")).client()
    clients = Clients(MODEL, Settings.read(), bare)
    clients.execute(CODEC, ASK)
    clients.close()
    assert not bare.is_closed()


def test_an_async_client_serves_one_event_loop_after_the_other(server):
    server.script(message("{}"))
    clients = Clients(MODEL, Settings.read())

    async def twice():
        failures = [(await clients.aexecute(CODEC, ASK)).failure for _ in range(2)]
        await clients.aclose()
        return failures

    assert asyncio.run(twice()) == asyncio.run(twice()) == [None, None]


def test_a_new_event_loop_gets_a_client_of_its_own():
    clients = Clients(MODEL, Settings.read(api_key=KEY))

    async def twice():
        return clients._asynchronous(), clients._asynchronous()

    first, second = asyncio.run(twice()), asyncio.run(twice())
    assert first[0] is first[1] is not second[0]


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_clients_are_closed_from_another_event_loop_also_when_their_own_has_ended(server):
    server.script(message("{}"))
    clients = Clients(MODEL, Settings.read())

    async def ask():
        return (await clients.aexecute(CODEC, ASK)).failure, clients._asynchronous().client

    ended, ended_client = asyncio.run(ask())
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    living, living_client = asyncio.run_coroutine_threadsafe(ask(), loop).result(30)
    asyncio.run(clients.aclose())
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
    assert ended is living is None
    assert living_client.is_closed()
    assert not ended_client.is_closed()  # its loop took its connections with it, unclosed
    del ended_client
    gc.collect()


class Recorder:
    """A meter that admits so many tries, and notes what came of them."""

    def __init__(self, most=100):
        self.most, self.settled = most, []

    def admit(self, tried):
        assert tried.size > 100
        if len(self.settled) == self.most:
            raise BudgetError(f"{self.most} is all")
        self.settled.append("in flight")
        return len(self.settled) - 1

    def check(self):
        """Let a try go that was admitted, and had to wait for its pace."""

    def settle(self, number, usage):
        assert self.settled[number] == "in flight"
        self.settled[number] = usage


@pytest.fixture
def metered(monkeypatch):
    """Give clients on a simulated service, metered, and what they belong to."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)

    def start(claude, meter):
        monkeypatch.setenv("ANTHROPIC_BASE_URL", stack.enter_context(served(claude)))
        clients = Clients(MODEL, Settings.read())
        clients.meter(meter)
        return clients

    with ExitStack() as stack:
        yield start


class TestMeter:
    @pytest.mark.parametrize("way", WAYS)
    async def test_each_way_is_metered(self, metered, way):
        claude, meter = SimulatedClaude(["Fine.", "Well."]), Recorder(2)
        clients = metered(claude, meter)
        answers = [await asked(clients, CODEC, SAID, way) for _ in range(3)]
        await clients.aclose()
        assert meter.settled == [answer.usage for answer in answers[:2]] == [seen.usage for seen in claude.requests]
        assert all(usage.output_tokens for usage in meter.settled)
        assert answers[2].failure == Failure(FailureKind.BUDGET, "2 is all")

    @pytest.mark.parametrize("way", WAYS)
    async def test_what_was_cut_off_or_refused(self, metered, way):
        claude, meter = SimulatedClaude(lambda _: "Fine.", faults=["reset@1", "401@2-9"]), Recorder()
        clients = metered(claude, meter)
        answers = [await asked(clients, CODEC, SAID, way) for _ in range(2)]
        await clients.aclose()
        lost, *refused = meter.settled
        assert (lost, {*refused}) == (None, {Usage()})
        assert len(meter.settled) == len(claude.requests)  # the SDK's own tries, too
        assert answers[-1].failure.type == "authentication"

    async def test_a_stream_that_is_closed_early_is_spent(self, metered):
        meter = Recorder()
        clients = metered(SimulatedClaude(lambda _: "Fine, " * 100), meter)
        stream = clients.stream(CODEC, SAID)
        next(stream)
        stream.close()
        stream = clients.astream(CODEC, SAID)
        await anext(stream)
        await stream.aclose()
        await clients.aclose()
        assert meter.settled == [None, None]

    async def test_another_meter_takes_over(self, metered):
        claude, meters = SimulatedClaude(lambda _: "Fine."), (Recorder(), Recorder(), None)
        clients = metered(claude, None)
        for meter in meters:
            clients.meter(meter)
            await asked(clients, CODEC, SAID, "execute")
            await asked(clients, CODEC, SAID, "aexecute")
        await clients.aclose()
        assert [len(meter.settled) for meter in meters[:2]] == [2, 2]
        assert len(claude.requests) == 6

    def test_what_is_replayed_is_not(self, metered, tmp_path):
        meter = Recorder()
        metered(SimulatedClaude(["Fine."]), meter)
        for tries in (1, 1):
            clients = Clients(MODEL, Settings.read(), cassette=Cassette(tmp_path / "tape.jsonl"))
            clients.meter(meter)
            assert clients.execute(CODEC, SAID).text == "Fine."
            clients.close()
            assert len(meter.settled) == tries

    @pytest.mark.slow
    @pytest.mark.local
    def test_the_embedded_model_is_but_not_paced(self):
        if weights.installed() is None:
            pytest.skip("the embedded model is not there: slotfill models pull")
        meter = Recorder()
        clients = Clients("local", Settings.read(rpm=1, max_wait=0.1))
        clients.meter(meter)
        schema = Schema(Sentiment)
        codec = Codec("sentiment", schema.json_schema, schema.json_schema, whole=True)
        ask = Ask(Rung.ASK, "local", "structured", write_prompt(schema, Document.of("Fine.")), 500)
        answers = [clients.execute(codec, ask) for _ in range(2)]
        clients.close()
        assert meter.settled == [answer.usage for answer in answers]
        assert all(usage.output_tokens for usage in meter.settled)
