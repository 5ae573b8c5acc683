"""Whatever one exchange with a service brings ends in one answer: typed, bounded, stored, and never asked for twice."""

import asyncio
import json
from contextlib import contextmanager
from decimal import Decimal

import anthropic
import exchanges
import httpx2
import pytest
from examples import examples
from four_ways import WAYS, arrived
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st
from pydantic import create_model

from slotfill import Extractor, Rung, Schema
from slotfill.extractors.clients.clients import Clients
from slotfill.extractors.clients.codec import Codec
from slotfill.extractors.clients.pacer import Pacer
from slotfill.extractors.clients.rate_limits import Limits
from slotfill.extractors.documents.document import Document
from slotfill.extractors.http.tries import Tries
from slotfill.extractors.messages_api.inbound import LONGEST_EXCERPT, LONGEST_IDENTIFIER, MOST_TOKENS
from slotfill.extractors.messages_api.sse import STREAM
from slotfill.extractors.rungs.asks import Answer, Ask
from slotfill.extractors.rungs.prompt import write_prompt
from slotfill.extractors.runs.budget import Budget
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.extractors.settings import Settings
from slotfill.extractors.testing.simulator.clock import ManualClock

pytestmark = pytest.mark.slow

MODEL = "claude-haiku-5-5"
SCHEMA = Schema(create_model("sentiment", sentiment=(str, ...)))
DOCUMENT = Document.of("Fine.")
CODEC = Codec("sentiment", SCHEMA.json_schema, SCHEMA.json_schema)
MODES = ("structured", "tool", "text")
QUIET = {"suppress_health_check": [HealthCheck.function_scoped_fixture]}


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(anthropic._base_client, "INITIAL_RETRY_DELAY", 0.0)


class Exchange:
    """A service that sends one reply again and again, and a client on it that is paced and metered."""

    def __init__(self, status, headers, body, *, streamed, ledger):
        self.tries = 0
        self._status, self._body = status, body
        self._headers = [(b"content-type", STREAM["content-type"].encode() if streamed else b"application/json")]
        sent = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        self._headers = [*(header for header in self._headers if "content-type" not in headers), *sent]
        clock = ManualClock()
        budget = Budget(ledger.account, [MODEL], max_cost=Decimal(1_000))

        async def asleep(seconds):
            clock.advance(seconds)

        limits = Limits(Pacer(now=clock.now), max_wait=0, meter=lambda: budget, sleep=clock.sleep, asleep=asleep)
        self._middleware = [limits, Tries(60)]

    def client(self, *, asynchronous):
        transport = httpx2.MockTransport(self._respond)
        http = httpx2.AsyncClient if asynchronous else httpx2.Client
        kind = anthropic.AsyncAnthropic if asynchronous else anthropic.Anthropic
        return kind(api_key="sk-test-0123456789", http_client=http(transport=transport), middleware=self._middleware)

    def _respond(self, _):
        self.tries += 1
        return httpx2.Response(self._status, headers=self._headers, content=self._body)


@contextmanager
def exchange(status, headers, body, *, streamed):
    with Ledger(None) as ledger:
        yield Exchange(status, headers, body, streamed=streamed, ledger=ledger), ledger


def asked(exchange, way, mode):
    """Put an ask in one of the four ways; give it, the pieces of text and the answer."""
    ask = Ask(Rung.ASK, MODEL, mode, write_prompt(SCHEMA, DOCUMENT), 500)
    clients = Clients(MODEL, Settings.read(), exchange.client(asynchronous=way.startswith("a")))
    *pieces, answer = asyncio.run(arrived(clients, CODEC, ask, way))
    return ask, pieces, answer


def check(ask, pieces, answer, ledger):
    """All of an answer is of its type and within its bounds, and can be stored and had again."""
    assert all(isinstance(piece, str) and piece.encode() is not None for piece in pieces)
    assert isinstance(answer, Answer)
    assert answer.json is None or answer.json.encode() is not None
    assert answer.text.encode() is not None
    for name in (answer.stop_reason, answer.request_id):
        assert name is None or (name.isprintable() and 0 < len(name) <= LONGEST_IDENTIFIER)
    for count in answer.usage.to_json().values():
        assert count is None or (type(count) is int and 0 <= count <= MOST_TOKENS)
    messages = [error.message for error in answer.errors] + ([answer.failure.message] if answer.failure else [])
    assert all(len(text) <= 2 * LONGEST_EXCERPT + 100 and text.encode() is not None for text in messages)
    assert Answer.from_json(json.loads(json.dumps(answer.to_json(), allow_nan=False))) == answer
    ledger.keep(DOCUMENT, ask, answer)
    ledger.account.spent()


@pytest.mark.parametrize("way", WAYS)
@examples(250, **QUIET)
@given(st.just(200) | st.integers(200, 599), exchanges.headers, st.sampled_from(MODES), st.data())
def test_any_reply_is_one_answer(way, status, headers, mode, data):
    streamed = "stream" in way
    body = data.draw(exchanges.streams(mode) if streamed else exchanges.bodies(mode))
    with exchange(status, headers, body, streamed=streamed) as (service, ledger):
        check(*asked(service, way, mode), ledger)
        assert service.tries <= 3


@pytest.mark.parametrize("way", WAYS[:2])
@examples(250, **QUIET)
@given(exchanges.headers.filter(lambda sent: "content-type" not in sent), st.sampled_from(MODES), st.data())
def test_a_message_that_can_be_read_is_read_and_paid_for_once(way, headers, mode, data):
    body = data.draw(exchanges.readable_bodies(mode))
    with exchange(200, headers, body, streamed=False) as (service, ledger):
        ask, pieces, answer = asked(service, way, mode)
        check(ask, pieces, answer, ledger)
    assert service.tries == 1
    assert answer.failure is None
    assert answer.json == exchanges.TEXT


@pytest.mark.parametrize("way", WAYS)
@examples(50, **QUIET)
@given(exchanges.headers, exchanges.bodies("structured"), exchanges.streams("structured"))
@example({}, b"[" * exchanges.NESTED, b"data: " + b"[" * exchanges.NESTED + b"\n\n")
def test_a_document_ends_in_a_record(way, headers, body, stream):
    streamed = "stream" in way
    with exchange(200, headers, stream if streamed else body, streamed=streamed) as (service, ledger):
        client = service.client(asynchronous=way.startswith("a"))
        extractor = Extractor(SCHEMA, client=client, model=MODEL, retries=1)

        async def ended():
            if way == "aexecute":
                return await extractor.aextract(DOCUMENT)
            return [event async for event in extractor.astream(DOCUMENT)][-1]

        match way:
            case "execute":
                extraction = extractor.extract(DOCUMENT)
            case "stream":
                *_, extraction = extractor.stream(DOCUMENT)
            case _:
                extraction = asyncio.run(ended())
        assert extraction.ok or extraction.error.type != "internal", extraction.error
        json.dumps(extraction.to_json(), allow_nan=False).encode()
        ledger.end(extraction)
