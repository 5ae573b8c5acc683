"""Time-outs are of a whole try: a service that sends a byte now and then is not waited for, and does no harm.

The clock is moved by hand, by what the service sends: how fast the machine is makes no difference.
"""

import time

import anthropic
import httpx2
import pytest
from four_ways import asked
from trickling import trickling

from slotfill import Rung, Schema
from slotfill.extractors.clients.clients import Clients
from slotfill.extractors.clients.codec import Codec
from slotfill.extractors.clients.connections import synchronous_client
from slotfill.extractors.clients.failures import failure_of
from slotfill.extractors.documents.document import Document
from slotfill.extractors.http.deadlines import LONGEST_STREAM, TimedClient, _EventClock
from slotfill.extractors.record.stop_reasons import BROKEN_STREAM
from slotfill.extractors.rungs.asks import Ask
from slotfill.extractors.rungs.prompt import write_prompt
from slotfill.extractors.settings import Settings
from slotfill.schemas import Sentiment

MODEL = "claude-haiku-5-5"
CODEC = Codec("sentiment", {"type": "object"}, {"type": "object"})
ASK = Ask(Rung.ASK, MODEL, "structured", write_prompt(Schema(Sentiment), Document.of("Fine.")), 500)
SECONDS = 60


@pytest.fixture
def service(monkeypatch):
    now = time.monotonic()

    def tick():
        nonlocal now
        now += SECONDS / 4

    monkeypatch.setattr("time.monotonic", lambda: now)  # sockets and event loops go by it
    with trickling(tick) as (service, url):
        service.url = url
        yield service


@pytest.fixture
def clients(service, monkeypatch):
    monkeypatch.setattr(anthropic._base_client, "INITIAL_RETRY_DELAY", 0.0)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", service.url)
    clients = Clients(MODEL, Settings.read(api_key="sk-test-0123456789", timeout=SECONDS))
    yield clients
    clients.close()


@pytest.mark.parametrize("way", ["execute", "aexecute"])
@pytest.mark.parametrize("sends", ["headers", "body"])
async def test_a_reply_that_trickles_in_is_not_waited_for(service, clients, way, sends):
    service.sends = sends
    answer = await asked(clients, CODEC, ASK, way)
    assert answer.failure.type == "timeout"
    assert "allow more with --timeout" in answer.failure.message
    assert service.tries == 3  # the SDK tries twice more, each with a time of its own
    service.sends = None
    assert [(await asked(clients, CODEC, ASK, way)).json for _ in range(2)] == ['{"a": 1}'] * 2
    assert service.connections == 4  # the last one is used again
    await clients.aclose()


@pytest.mark.parametrize("way", ["stream", "astream"])
@pytest.mark.parametrize("sends", ["headers", "events", "an event", "pings"])
async def test_nor_is_a_stream(service, clients, way, sends):
    service.sends = sends
    answer = await asked(clients, CODEC, ASK, way)
    if sends in ("an event", "pings"):
        assert answer.stop_reason == BROKEN_STREAM
        assert "did not answer in time" in answer.errors[0].message
    else:
        assert answer.failure.type == "timeout"
    service.sends = None
    assert (await asked(clients, CODEC, ASK, "execute")).json == '{"a": 1}'
    await clients.aclose()


def test_what_is_no_request_for_a_message_has_its_deadline_too(service, clients, monkeypatch):
    service.sends = "body"
    settings = Settings.read(api_key="sk-test-0123456789", timeout=SECONDS)
    with synchronous_client(MODEL, settings) as client, pytest.raises(anthropic.APITimeoutError) as caught:
        client.messages.count_tokens(model=MODEL, messages=[{"role": "user", "content": "x"}])
    assert failure_of(caught.value).type == "timeout"


def test_each_event_has_its_time_and_all_of_them_have_one(monkeypatch):
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)

    def event_at(seconds):
        nonlocal now
        now = seconds
        clock.take(b"data: {}\r\n\r\n")
        return clock.due

    clock = _EventClock(2)
    assert clock.due == 102
    now = 101.0
    clock.take(b"event: ping\ndata: {}\n")
    assert clock.due == 102  # it has not ended
    clock.take(b"\n")
    assert clock.due == 103
    assert [event_at(seconds) for seconds in (102, 104, 106, 108, 109.5)] == [104, 106, 108, 110, 110]  # five times
    assert _EventClock(600)._last == now + LONGEST_STREAM
    assert _EventClock(900)._last == now + 900


def test_a_client_that_nobody_closes_is_closed():
    client = TimedClient()
    pool = client._transport._pool
    closed = []
    pool.close = lambda: closed.append(True)
    client.__del__()
    assert client.is_closed
    assert closed == [True]


def test_proxies_have_it_too(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with TimedClient() as client:
        pools = [
            transport._pool
            for transport in (client._transport, *client._mounts.values())
            if isinstance(transport, httpx2.HTTPTransport)
        ]
        assert len(pools) == 2
        assert {type(pool._network_backend).__name__ for pool in pools} == {"_TimedBackend"}
