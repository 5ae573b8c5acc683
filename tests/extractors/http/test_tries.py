"""What holds of each HTTP try: no redirect is followed, and a tool's input is what the model wrote."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import anthropic
import httpx2
import pytest
from four_ways import WAYS, asked
from scripted import message

from slotfill import Rung, Schema
from slotfill.extractors.cassettes.cassette import Cassette
from slotfill.extractors.clients.clients import Clients
from slotfill.extractors.clients.codec import Codec
from slotfill.extractors.doctor import examine
from slotfill.extractors.documents.document import Document
from slotfill.extractors.http.tries import Tries
from slotfill.extractors.messages_api.inbound import input_text
from slotfill.extractors.messages_api.sse import STREAM, events
from slotfill.extractors.messages_api.tool_inputs import keep_input_texts
from slotfill.extractors.rungs.asks import Ask
from slotfill.extractors.rungs.prompt import write_prompt
from slotfill.extractors.settings import Settings
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served
from slotfill.schemas import Sentiment

MODEL = "claude-haiku-5-5"
CODEC = Codec("sentiment", {"type": "object"}, {"type": "object"})
ASK = Ask(Rung.ASK, MODEL, "tool", write_prompt(Schema(Sentiment), Document.of("Fine.")), 500)
INPUTS = [
    '{"a": 12345678901234567890.123456789}',
    '{"a": 1, "a": 2}',
    '{ "a" :\n1e400, "b": "\\u00e9\\ud83d" }',
    "{}",
    "[1, 2]",
    '"said"',
    "null",
]


@pytest.fixture
def elsewhere(monkeypatch):
    """Give a service that nobody named, and have the one that is named redirect to it."""
    claude = SimulatedClaude(["Fine."])
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test-0123456789")
    with served(claude) as url:
        claude.url = url
        yield claude


@pytest.fixture
def redirecting(elsewhere, monkeypatch):
    """Give the tries that a service saw which redirects them all, and would have them tried again."""
    tries = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            self.do_GET()

        def do_GET(self):
            tries.append(self.path)
            self.send_response(Handler.status)
            self.send_header("location", f"{elsewhere.url}/v1/messages?key=secret")
            self.send_header("x-should-retry", "true")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    def start(status):
        Handler.status = status
        monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://127.0.0.1:{service.server_port}")
        return tries

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as service:
        threading.Thread(target=service.serve_forever, args=(0.01,), daemon=True).start()
        yield start
        service.shutdown()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("way", WAYS)
async def test_no_redirect_is_followed(redirecting, elsewhere, way, status):
    tries = redirecting(status)
    clients = Clients(MODEL, Settings.read())
    answer = await asked(clients, CODEC, ASK, way)
    await clients.aclose()
    assert answer.failure.type == "redirect"
    assert answer.failure.message == (
        f"the service redirects to {elsewhere.url}: set ANTHROPIC_BASE_URL to it if you trust it"
    )
    assert len(tries) == 1
    assert not elsewhere.requests


def test_nor_by_the_doctor(redirecting, elsewhere):
    tries = redirecting(307)
    (check,) = [check for check in examine(MODEL) if check.name == "service"]
    assert (check.state, check.detail.partition(":")[0]) == ("failed", "redirect")
    assert len(tries) == 1
    assert not elsewhere.requests


@pytest.mark.parametrize("way", WAYS)
async def test_nor_under_a_tape(redirecting, elsewhere, tmp_path, way):
    redirecting(307)
    clients = Clients(MODEL, Settings.read(), cassette=Cassette(tmp_path / "tape.jsonl"))
    assert (await asked(clients, CODEC, ASK, way)).failure.type == "redirect"
    await clients.aclose()
    assert not elsewhere.requests


def body_with(text):
    """Write a message whose tool is called with that text, as a service would."""
    return json.dumps(message(tool={"input": 0}, stop_reason="tool_use")).replace('{"input": 0}', text).encode()


def streamed(text):
    chunks = events(message(tool={"input": 0}, stop_reason="tool_use"))
    whole = b"".join(chunks).decode()
    start = whole.index("event: content_block_delta")
    end = whole.index("event: content_block_stop")
    pieces = [text[at : at + 3] for at in range(0, len(text), 3)]
    deltas = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": piece}}
        for piece in pieces
    ]
    written = "".join(f"event: content_block_delta\ndata: {json.dumps(delta)}\n\n" for delta in deltas)
    return (whole[:start] + written + whole[end:]).encode()


@pytest.mark.parametrize("text", INPUTS)
@pytest.mark.parametrize("way", WAYS)
async def test_a_tools_input_is_what_the_model_wrote(way, text):
    def respond(request):
        if json.loads(request.content).get("stream"):
            return httpx2.Response(200, headers=STREAM, content=streamed(text))
        return httpx2.Response(200, headers={"content-type": "application/json"}, content=body_with(text))

    transport = httpx2.MockTransport(respond)
    kind, http = (
        (anthropic.AsyncAnthropic, httpx2.AsyncClient) if way.startswith("a") else (anthropic.Anthropic, httpx2.Client)
    )
    client = kind(api_key="k", http_client=http(transport=transport), middleware=[Tries(10)])
    answer = await asked(Clients(MODEL, Settings.read(), client), CODEC, ASK, way)
    assert answer.json == answer.text == text


@pytest.mark.parametrize("text", INPUTS)
def test_and_stays_so_on_a_tape(text, tmp_path, server):
    server.script(body_with(text))
    for _ in ("recorded", "replayed"):
        clients = Clients(MODEL, Settings.read(), cassette=Cassette(tmp_path / "tape.jsonl"))
        assert clients.execute(CODEC, ASK).json == text
        clients.close()
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("body", "inputs"),
    [
        (b'{"content": [], "note": "\\"tool_use\\""}', []),
        (b'{ "usage" : {"input": 1} , "content" : [ {"type": "tool_use", "input":  {"a":[1.0]} } ] }', ['{"a":[1.0]}']),
        (b'{"content": 7, "content": [{"input": 1, "type": "tool_use", "input": 2.50}]}', ["2.50"]),
        (
            b'{"content": [{"type": "text", "text": "\\"input\\": 3"}, {"type": "tool_use", "input": "]}"}]}',
            [None, '"]}"'],
        ),
        (b'{"content": [{"type": "tool_use", "name": "t"}]}', [None]),
        ('{"content": [{"type": "tool_use", "input": "é"}]}'.encode("utf-16"), ['"é"']),
    ],
)
def test_inputs_are_found_wherever_they_stand(body, inputs):
    read = anthropic.types.Message.construct(**json.loads(body))
    keep_input_texts(read, body)
    assert [input_text(block) for block in read.content] == inputs
