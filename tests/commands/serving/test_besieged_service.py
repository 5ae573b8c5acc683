"""`slotfill serve` as a process, by clients that mean harm: it serves the others, and holds no more than it may."""

import os
import re
import socket
import subprocess
import sys
import zlib
from contextlib import ExitStack, contextmanager

import httpx2
import psutil
import pytest
from office_files import archive_of
from waiting import wait_for

from slotfill.extractors.serving.http.service_server import MOST_CONNECTIONS, OTHER_DESCRIPTORS
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="it bounds descriptors otherwise")]

DESCRIPTORS = 400
"""So many the system gives the service, here: 144 connections beside what else it opens."""

BESIEGERS = 600
OWN = 16
"""So many more the service may hold for itself afterwards: connections to the model's service are kept for a while."""

VALUE = {"sentiment": "negative", "key_issues": ["late"], "urgency": 3, "suggested_action": "Refund."}
MEGABYTE = 1_000_000
FILE = b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\n'


class Besieged:
    """A service, and who is served by it."""

    def __init__(self, process, address, secret):
        self.address, self.secret = address, secret
        self.process = psutil.Process(process.pid)

    def post(self, path="/v1/extract/feedback", **body):
        headers = {"Authorization": f"Bearer {self.secret}", **body.pop("headers", {})}
        return httpx2.post(self.address + path, headers=headers, timeout=60, **(body or {"json": {"text": "Late."}}))

    def connection(self, data):
        host, _, port = self.address.removeprefix("http://").rpartition(":")
        raw = socket.create_connection((host, int(port)), 20)
        raw.sendall(data)
        return raw


@pytest.fixture(scope="module")
def besieged(tmp_path_factory):
    with besieged_service(str(tmp_path_factory.mktemp("state")), DESCRIPTORS) as one:
        yield one


@contextmanager
def besieged_service(state, descriptors):
    with served(SimulatedClaude(lambda _: VALUE)) as url:
        own = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "sk-ant-simulated", "SLOTFILL_STATE": state}
        command = f'ulimit -n {descriptors}; exec "{sys.executable}" -m slotfill serve --schemas feedback --port 0'
        process = subprocess.Popen(
            ["sh", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **own}
        )
        try:
            address = re.search(r"http://\S+", process.stderr.readline())[0]
            secret = re.search(r"sf_\S+", process.stderr.readline())[0]
            yield Besieged(process, address, secret)
            process.terminate()
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
            process.wait()
    assert (process.returncode, said) == (0, "stopped\n")


def test_those_who_ask_are_served_between_those_who_do_not(besieged):
    assert besieged.post().status_code == 200
    before = besieged.process.num_fds()
    ways = [
        b"",
        b"GET /healthz HTTP/1.1\r\nHost: he",
        b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n",
        b"POST /v1/extract/feedback HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\n{",
        b"POST /v1/text HTTP/1.1\r\nHost: here\r\nContent-Length: 99999999999\r\n\r\n{",
    ]
    with ExitStack() as held:
        statuses = []
        for number in range(BESIEGERS):
            held.enter_context(besieged.connection(ways[number % len(ways)]))
            if number % 50 == 0:
                statuses.append(besieged.post().status_code)
        held_then = besieged.process.num_fds()
        statuses.append(besieged.post().status_code)
    assert statuses == [200] * (BESIEGERS // 50 + 1)
    assert held_then <= DESCRIPTORS
    wait_for(lambda: besieged.process.num_fds() <= before + OWN)


def test_a_burst_of_connections_leaves_descriptors_for_those_who_ask(besieged):
    with ExitStack() as held:
        burst(besieged, BESIEGERS, held)
        assert [besieged.post().status_code for _ in range(3)] == [200] * 3


def burst(besieged, count, held):
    """Ask for so many connections at once, waiting for none."""
    host, _, port = besieged.address.removeprefix("http://").rpartition(":")
    for _ in range(count):
        raw = held.enter_context(socket.socket())
        raw.setblocking(False)
        raw.connect_ex((host, int(port)))


MANY = 5_000
HEADS = (b"", b"GET /healthz HTTP/1.1\r\nHost: he", b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 30_000)
"""Of connections on which nothing is asked: the last is as long as a head may be."""


@pytest.fixture
def descriptors():
    """Have this process get as many as the test takes, or skip it."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2 * MANY:
        pytest.skip(f"the system gives {hard:,} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * MANY), hard))
    yield MOST_CONNECTIONS + OTHER_DESCRIPTORS
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_thousands_of_connections_hold_up_nobody_and_no_memory(descriptors, tmp_path):
    with besieged_service(str(tmp_path), descriptors) as one:
        before, statuses, memory = one.post().status_code, [], []
        for wave in range(3):
            with ExitStack() as held:
                if wave == 0:
                    burst(one, MANY, held)
                for number in range(MANY if wave else 0):
                    held.enter_context(one.connection(HEADS[number % len(HEADS)]))
                    if number % 500 == 0:
                        statuses.append(one.post().status_code)
                statuses.append(one.post().status_code)
                memory.append(one.process.memory_info().rss / MEGABYTE)
                assert one.process.num_fds() <= descriptors
    assert {before, *statuses} == {200}
    assert memory[2] - memory[1] < 20


def test_bodies_that_never_end_hold_up_nobody(besieged):
    assert besieged.post().status_code == 200
    before = besieged.process.num_fds()
    head = (
        f"POST /v1/extract/feedback HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {besieged.secret}\r\n"
        'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"te'
    )
    with ExitStack() as held:
        slow = [held.enter_context(besieged.connection(head.encode())) for _ in range(100)]
        for _ in range(3):
            for one in slow:
                one.sendall(b"x")
            assert besieged.post().status_code == 200
    wait_for(lambda: besieged.process.num_fds() <= before + OWN)


def form(*parts):
    return b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"


FORMS = {
    "parts": lambda: form(*[b'Content-Disposition: form-data; name="a"\r\n\r\nx'] * 100_000),
    "files": lambda: form(*[FILE + b"\r\nx"] * 100_000),
    "a long header": lambda: form(b"X: " + b"a" * 9 * MEGABYTE + b"\r\n" + FILE + b"\r\nx"),
    "a long name of a header": lambda: form(b"a" * 9 * MEGABYTE + b": x\r\n" + FILE + b"\r\nx"),
    "headers": lambda: form(b"X: a\r\n" * MEGABYTE + FILE + b"\r\nx"),
    "parameters": lambda: form(FILE.strip() + b"; a=b" * MEGABYTE + b"\r\n\r\nx"),
    "a long file name": lambda: form(FILE.replace(b"a.txt", b"a" * 9 * MEGABYTE) + b"\r\nx"),
    "no headers": lambda: b"--b\r\n\r\n" * MEGABYTE,
    "a field of a megabyte": lambda: form(
        FILE + b"\r\nx", b'Content-Disposition: form-data; name="labels"\r\n\r\n' + b"[" * 2_000_000
    ),
}
"""Made when they are sent: whoever collects the tests would hold them all, 800 MB with the files below."""


@pytest.mark.parametrize("name", FORMS)
def test_a_form_that_is_made_to_be_much_is_refused(besieged, name):
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = besieged.post("/v1/text", content=FORMS[name](), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_form")
    assert besieged.post().status_code == 200


def pdf_of(stream):
    packed = zlib.compress(stream, 9)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(packed), packed),
    ]
    body = b"".join(b"%d 0 obj%s endobj\n" % (number, one) for number, one in enumerate(objects, 1))
    return b"%PDF-1.7\n" + body + b"trailer<</Root 1 0 R>>"


FILES = {
    "swollen.docx": lambda: archive_of({"word/document.xml": bytes(600 * MEGABYTE)}),
    "swollen.xlsx": lambda: archive_of({"xl/workbook.xml": bytes(600 * MEGABYTE)}),
    "swollen.pdf": lambda: pdf_of(b"0 0 m " * 30 * MEGABYTE),
    "nested.eml": lambda: b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (depth, depth) for depth in range(20_000)
    ),
    "deep.html": lambda: b"<div>" * 1_900_000,
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_unpacks_to_too_much_is_no_more_here_than_elsewhere(besieged, name):
    answer = besieged.post("/v1/text", files={"file": (name, FILES[name]())})
    codes = {"broken_document"} if name == "nested.eml" else {"too_large", "empty_document"}
    assert answer.status_code == 422
    assert answer.json()["code"] in codes
    assert besieged.post().status_code == 200
