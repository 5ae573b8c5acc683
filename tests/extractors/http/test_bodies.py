"""No body is read without end, whatever is sent: a compressed one may hold a thousand times as much."""

import gzip
import json
import zlib

import anthropic
import httpx2
import pytest
from four_ways import asked
from scripted import message

from slotfill import Rung, Schema
from slotfill.extractors.clients.clients import Clients
from slotfill.extractors.clients.codec import Codec
from slotfill.extractors.documents.document import Document
from slotfill.extractors.http import bodies
from slotfill.extractors.http.bounded_client import BoundedAsyncClient
from slotfill.extractors.http.deadlines import MOST_LINES, TimedClient
from slotfill.extractors.http.tries import Tries
from slotfill.extractors.messages_api.sse import STREAM, events
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.extractors.rungs.asks import Ask
from slotfill.extractors.rungs.prompt import write_prompt
from slotfill.extractors.settings import Settings
from slotfill.schemas import Sentiment

MODEL = "claude-haiku-5-5"
CODEC = Codec("sentiment", {"type": "object"}, {"type": "object"})
ASK = Ask(Rung.ASK, MODEL, "structured", write_prompt(Schema(Sentiment), Document.of("Fine.")), 500)
WHOLE = json.dumps(message('{"a": 1}')).encode()
EVENTS = events(message('{"a": 1}'))
BEGUN, REST = b"".join(EVENTS[:4]), b"".join(EVENTS[4:])
WAYS = ("execute", "aexecute", "stream", "astream")
ENCODERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "gzip, deflate": lambda body: zlib.compress(gzip.compress(body)),
}


class Service:
    """Sends one body to whoever asks; counts the pieces of it that were read."""

    def __init__(self, monkeypatch):
        self.pieces, self.headers, self.taken, self.tries = [], {}, 0, 0
        monkeypatch.setattr(anthropic._base_client, "INITIAL_RETRY_DELAY", 0.0)

    async def ask(self, way):
        transport = httpx2.MockTransport(self._respond)
        if way.startswith("a"):
            kind, http = anthropic.AsyncAnthropic, BoundedAsyncClient(transport=transport)
        else:
            kind, http = anthropic.Anthropic, TimedClient(transport=transport)
        client = kind(api_key="sk-test-0123456789", http_client=http, middleware=[Tries(60)])
        return await asked(Clients(MODEL, Settings.read(), client), CODEC, ASK, way)

    def _respond(self, request):
        self.tries += 1
        body = _Pieces(self)
        return httpx2.Response(200, headers=STREAM | self.headers, stream=body)


class _Pieces(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    def __init__(self, service):
        self._service = service

    def __iter__(self):
        for piece in self._service.pieces:
            self._service.taken += 1
            yield piece

    async def __aiter__(self):
        for piece in self:
            yield piece


@pytest.fixture
def service(monkeypatch):
    return Service(monkeypatch)


def whole(way):
    return BEGUN + REST if "stream" in way else WHOLE


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("encoding", ENCODERS)
async def test_a_compressed_body_is_read(service, way, encoding):
    service.headers = {"content-encoding": encoding}
    service.pieces = [ENCODERS[encoding](whole(way))]
    answer = await service.ask(way)
    assert (answer.json, answer.failure) == ('{"a": 1}', None)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("encoding", [None, "gzip"])
async def test_a_body_is_read_up_to_a_bound(service, monkeypatch, way, encoding):
    monkeypatch.setattr(bodies, "LARGEST_BODY", 10_000)
    more = [b": \n\n" * 1_000] * 10 if "stream" in way else [b" " * 4_000] * 10
    service.pieces = [b"{", *more] if "stream" not in way else [BEGUN, *more]
    if encoding:
        service.headers = {"content-encoding": encoding}
        service.pieces = [gzip.compress(b"".join(service.pieces))]
    answer = await service.ask(way)
    if "stream" in way:
        assert "it ended before the message did" in answer.errors[0].message
    else:
        assert answer.failure.type == FailureKind.UNREADABLE_REPLY
    assert service.tries == 1
    assert service.taken <= 4


@pytest.mark.parametrize("way", WAYS)
async def test_what_ends_within_the_bound_counts(service, monkeypatch, way):
    monkeypatch.setattr(bodies, "LARGEST_BODY", 10_000)
    service.pieces = [whole(way), *[b" " * 4_000] * 10]
    assert (await service.ask(way)).json == '{"a": 1}'


@pytest.mark.parametrize("way", WAYS[2:])
@pytest.mark.parametrize("line", [b"data: x\n", b": x\r", b"\r\nid: 7"], ids=repr)
@pytest.mark.parametrize("pieces", [1, 7])
async def test_an_event_of_lines_without_end_is_not_waited_for(service, way, line, pieces):
    """The SDK copies all of an event with each of its lines: a megabyte of them took seconds, four took minutes."""
    lines = line * (4 * MOST_LINES // pieces)
    service.pieces = [BEGUN, *[lines] * pieces, b"\n\n", REST]
    answer = await service.ask(way)
    assert "cannot be read" in answer.errors[0].message
    assert service.taken <= 1 + pieces


@pytest.mark.parametrize("way", WAYS[2:])
async def test_many_events_are_no_large_one(service, way):
    service.pieces = [BEGUN, *[b": ping\n\n: ping\r\n\r\n: ping\r\r" * MOST_LINES] * 3, REST]
    assert (await service.ask(way)).json == '{"a": 1}'
