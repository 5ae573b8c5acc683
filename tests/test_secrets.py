"""A run leaves the key nowhere: not in a byte of its files, nor in what it says, whatever goes wrong on the way."""

import base64
import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import anthropic
import pytest
from click.testing import CliRunner
from scripted import message

from slotfill.cli import main
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.matrix.matrix_cells import ONLINE_FAULTS
from slotfill.extractors.testing.server import served

KEY = "sk-ant-api03-a/b+c=\"d\\e'f%41&<g>"
"""One that every way of writing it escapes differently."""

SPELT = (
    KEY,
    quote(KEY),
    quote(KEY, safe=""),
    "".join(f"\\u{ord(character):04x}" for character in KEY),
    base64.b64encode(KEY.encode()).decode().rstrip("="),
    base64.urlsafe_b64encode(KEY.encode()).decode().rstrip("="),
)


def escaped(text):
    """Give a text, and how JSON and Python write it."""
    return {text, json.dumps(text)[1:-1], repr(text)[1:-1], repr(text.encode())[2:-1]}


FORMS = {form.encode() for spelt in SPELT for once in escaped(spelt) for form in escaped(once)}

OUTPUTS = ("out", "out.jsonl", "out.csv", "out.parquet", "out.db")
SAYING = (
    (),
    ("-v",),
    ("-vv",),
    ("--log-format", "json"),
    ("-v", "--log-format", "json"),
    ("-vv", "--log-format", "json"),
)
VALUE = {"name": "Ada", "note": "came late"}
SCHEMA = "name, note"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    # What no test waits for: the time between the SDK's own tries.
    monkeypatch.setattr(anthropic._base_client, "INITIAL_RETRY_DELAY", 0.001)
    rows = [json.dumps({"text": f"Ada came late, {number} times."}) for number in range(3)]
    Path("rows.jsonl").write_text("\n".join(rows) + "\n")
    return tmp_path


def run(*arguments, number=0):
    """Run, with other outputs and another way of speaking for each number; give what was said."""
    outputs = ("-o", OUTPUTS[number % len(OUTPUTS)], "--rejects", "rejects.jsonl", "--record")
    said = CliRunner().invoke(
        main,
        ["extract", SCHEMA, "rows.jsonl", *outputs, "--max-wait", "1", *SAYING[number % len(SAYING)], *arguments],
    )
    assert said.exception is None or isinstance(said.exception, SystemExit), said.exception
    return said


def test_what_is_sent_names_neither_the_file_nor_its_user(folder, monkeypatch):
    """docs/compliance.md says so: the text alone."""
    Path("Frieda-Mustermann.txt").write_text("Ada came late.")
    claude = SimulatedClaude([VALUE])
    with served(claude) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        arguments = ["extract", SCHEMA, "Frieda-Mustermann.txt", "--label", "case=4711", "-o", "out.jsonl"]
        assert CliRunner().invoke(main, arguments, catch_exceptions=False).exit_code == 0
    (request,) = claude.requests
    sent = json.dumps([request.body, sorted(request.http.headers.items())])
    assert "Ada came late." in sent
    assert "metadata" not in request.body
    for name in ("Mustermann", "4711", str(folder), Path.home().name, socket.gethostname()):
        assert name not in sent


SERVICE_KEY = f"sf_{'x7Q' * 14}b"
"""One of slotfill's own service, which nobody here knows: a client has pasted it into a document, say."""


@pytest.mark.parametrize("number", range(len(SAYING)))
def test_a_key_of_our_own_service_is_in_no_record_and_no_log(folder, monkeypatch, number):
    """Not even where texts are told (-vv): it is known by its form."""
    Path("rows.jsonl").write_text(json.dumps({"text": f"Ada came late. {SERVICE_KEY}"}) + "\n")
    with served(SimulatedClaude([{"name": "Ada", "note": f"late {SERVICE_KEY}"}, {"name": SERVICE_KEY}] * 9)) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        for retries in ("0", "2"):
            said = run("--fresh", "--retries", retries, number=number)
            places = left(folder, said)
            places.pop("rows.jsonl")
            assert [place for place, content in places.items() if SERVICE_KEY.encode() in content] == []
    assert any(b"[credential]" in content for content in places.values())


def left(folder, said):
    """Give all that a run has left, by where it is."""
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {"stdout": said.stdout_bytes, "stderr": said.stderr_bytes, **files}


def told(folder, said):
    """Say where the key stands."""
    return [(name, form) for name, data in left(folder, said).items() for form in FORMS if form in data]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "fault"), [*enumerate(ONLINE_FAULTS)])
def test_under_every_fault(number, fault, folder, monkeypatch):
    claude = SimulatedClaude([VALUE], faults=[fault], key=KEY)
    slow = ("--timeout", "0.3") if fault in ("timeout", "stall", "slow_first_byte", "slow_body") else ()
    with served(claude) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        said = run(*slow, *(("--stream",) if fault.startswith("sse") else ()), number=number)
    assert claude.requests
    assert list(Path(".slotfill").glob("*.db"))
    assert told(folder, said) == []


def value(note):
    return message(json.dumps(VALUE | {"note": note}))


def error(status, kind, said):
    return status, {"type": "error", "error": {"type": kind, "message": said}}, {}


ECHOES = {
    "a 400": lambda: error(400, "invalid_request_error", f"what {KEY} sent is wrong"),
    "a refused schema": lambda: error(400, "invalid_request_error", f"output_config.format: {KEY}"),
    "a 401": lambda: error(401, "authentication_error", f"{KEY} is no key"),
    "a 403": lambda: error(403, "permission_error", f"{KEY} may not"),
    "a 404": lambda: error(404, "not_found_error", f"{KEY}: not found"),
    "a 413": lambda: error(413, "request_too_large", f"{KEY} sent too much"),
    "a 429": lambda: error(429, "rate_limit_error", f"{KEY} is in a hurry"),
    "a 500": lambda: error(500, "api_error", f"{KEY} broke it"),
    "an error's type": lambda: error(500, KEY, "no"),
    "an error that is no JSON": lambda: (502, f"<html>{KEY}</html>".encode(), {}),
    "a reply that is no JSON": lambda: (200, f"{KEY} is no JSON".encode(), {}),
    "a reply that is no UTF-8": lambda: (200, f"{KEY} \xff".encode("latin-1"), {}),
    "a reply that is no message": lambda: (200, {"type": KEY, KEY: KEY}, {}),
    "a request id": lambda: (200, value("late"), {"request-id": KEY}),
    "other headers": lambda: (
        200,
        value("late"),
        {
            "x-key": KEY,
            "x-quoted": quote(KEY, safe=""),
            "x-base64": base64.b64encode(KEY.encode()).decode(),
            "set-cookie": f"a={KEY}",
            "anthropic-ratelimit-requests-limit": KEY,
        },
    ),
    "a wait": lambda: (*error(429, "rate_limit_error", "no")[:2], {"retry-after": KEY}),
    "a value": lambda: (200, value(f"log in as {KEY}!"), {}),
    "a value in escapes": lambda: (
        200,
        message('{"name": "Ada", "note": "' + "".join(f"\\u{ord(character):04x}" for character in KEY) + '"}'),
        {},
    ),
    "a value in JavaScript's escapes": lambda: (
        200,
        message("{'name': 'Ada', 'note': '" + "".join(f"\\x{ord(character):02x}" for character in KEY) + "'}"),
        {},
    ),
    "a value in base64": lambda: (200, value(base64.b64encode(KEY.encode()).decode()), {}),
    "a value in a URL": lambda: (200, value(f"https://example.org/?key={quote(KEY, safe='')}"), {}),
    "a key of an object": lambda: (200, message(json.dumps(VALUE | {KEY: 1})), {}),
    "prose": lambda: (200, message(f"With {KEY} I found {json.dumps(VALUE)}"), {}),
    "prose alone": lambda: (200, message(f"With {KEY} I found nothing."), {}),
    "a value that is wrong": lambda: (200, message(json.dumps({"name": [KEY], "note": {"a": KEY}})), {}),
    "a tool's name": lambda: (200, message(tool=VALUE, name=KEY, stop_reason="tool_use"), {}),
    "a tool's input": lambda: (200, message(tool=VALUE | {"note": KEY}, name="fields", stop_reason="tool_use"), {}),
    "a stop reason": lambda: (200, message(json.dumps(VALUE), stop_reason=KEY), {}),
    "a cut reply": lambda: (200, message(f'{{"name": "{json.dumps(KEY)[1:-1]}", "no', stop_reason="max_tokens"), {}),
    "a refusal": lambda: (
        200,
        message(stop_reason="refusal", stop_details={"type": "refusal", "category": KEY, "explanation": f"not {KEY}"}),
        {},
    ),
    "a message's own fields": lambda: (200, value("late") | {"id": KEY, "model": KEY, "role": KEY, KEY: KEY}, {}),
    "what it counted": lambda: (200, value("late") | {"usage": {"input_tokens": KEY, "output_tokens": KEY}}, {}),
    "what it scored": lambda: (200, value("late") | {"scored": [f"/{KEY}"]}, {}),
    "a redirect": lambda: (307, b"", {"location": f"/v1/messages?key={quote(KEY)}"}),
    "a redirect elsewhere": lambda: (307, b"", {"location": f"http://127.0.0.1:9/{quote(KEY, safe='')}"}),
    "a redirect to nowhere": lambda: (307, b"", {"location": f"{KEY}://nowhere"}),
    "a reply that is no HTTP": lambda: (None, f"HTTP/1.1 {KEY}\r\n\r\n".encode(), {}),
    "a header that is none": lambda: (None, f"HTTP/1.1 200 OK\r\n{KEY}\r\n\r\n".encode(), {}),
}
"""By where a service says its caller's key again: status, body and headers; without a status, all of the reply."""


@contextmanager
def echoing(reply):
    """Serve one reply for ever."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.do_POST()

        def do_POST(self):
            asked = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, body, headers = reply() if callable(reply) else reply
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            if status is None:
                self.wfile.write(data)
                self.close_connection = True
                return
            if b'"stream":true' in asked and status == 200:
                headers = headers | {"content-type": "text/event-stream"}
            known = {"content-type": "application/json", "content-length": str(len(data)), "request-id": "req_1"}
            self.send_response(status)
            for name, said in (known | headers).items():
                self.send_header(name, said)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["claude-haiku-5-5", "claude-3-haiku-20240307"])
@pytest.mark.parametrize(("number", "echo"), [*enumerate(ECHOES)])
def test_a_service_that_says_it_again(number, echo, mode, folder, monkeypatch):
    with echoing(ECHOES[echo]) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        said = run("-m", mode, number=number)
        loudest = run("-m", mode, "-vv", "--fresh", "--cassette", "tape.jsonl", number=number)
    assert told(folder, said) == []
    assert told(folder, loudest) == []


def test_a_stream_that_says_it_again(folder, monkeypatch):
    claude = SimulatedClaude([VALUE | {"note": f"log in as {KEY}, again"}])
    with served(claude) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        said = CliRunner().invoke(main, ["extract", SCHEMA, "rows.jsonl", "--stream", "-vv"])
    assert said.exit_code == 0
    assert "log in as [credential], again" in said.stdout
    assert told(folder, said) == []
