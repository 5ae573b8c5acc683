"""What bodies hold at once is bounded, and is given back when their requests end, however they end."""

import json
import socket
from contextlib import contextmanager
from functools import partial

import pytest
import waiting

from slotfill.extractors.serving.http import service_app
from slotfill.extractors.serving.http.requests import request_guard
from slotfill.extractors.serving.http.requests.held_bodies import HeldBodies, Room
from slotfill.extractors.serving.problem import ProblemError

wait_for = partial(waiting.wait_for, seconds=10)
"""Well below the time after which the service would give up by itself."""

ROOM = 4_000
BODY = json.dumps({"text": "It came late."}).encode()
TEXT = "late " * 300
"""With it a request takes more than a third of the room."""


@pytest.fixture
def held(monkeypatch):
    """Have services bound bodies to `ROOM`; give what counts them."""
    bodies = HeldBodies(ROOM, ROOM)
    monkeypatch.setattr(service_app, "HeldBodies", lambda **_: bodies)
    return bodies


@contextmanager
def sending(one, secret, count, *, of=1_000_000):
    """Send so many bytes of a larger body, and no more."""
    with socket.create_connection(("127.0.0.1", int(one.url.rpartition(":")[2])), timeout=20) as raw:
        head = f"POST /v1/extract/feedback HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {secret}\r\n"
        length = f"Content-Length: {of}\r\n" if of else "Transfer-Encoding: chunked\r\n"
        piece = b"x" * count if of else b"%x\r\n%s\r\n" % (count, b"x" * count)
        raw.sendall(f"{head}{length}Content-Type: application/json\r\n\r\n".encode() + piece)
        yield raw


def test_beside_slow_clients_there_is_room_for_no_more_and_for_more_once_they_leave(running, held):
    with running() as one:
        first, second = one.keys.add("first"), one.keys.add("second")
        with sending(one, first, 2_900, of=None), one.client(second) as client:
            wait_for(lambda: held.memory.total == 2_900)
            refused = client.post("/v1/extract/feedback", json={"text": TEXT})
            small = client.post("/v1/extract/feedback", json={"text": "Late."})
        wait_for(lambda: held.memory.total == 0)
        again = one.post(text=TEXT, secret=second)
    assert (refused.status_code, refused.json()["code"]) == (503, "busy")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert int(refused.headers["Retry-After"]) > 0
    assert (small.status_code, again.status_code) == (200, 200)


def test_a_body_that_grows_beyond_the_room_is_refused_in_the_middle(running, held):
    with running() as one, sending(one, one.keys.add("first"), 2_900, of=None):
        wait_for(lambda: held.memory.total == 2_900)
        with sending(one, one.keys.add("second"), 1_500, of=None) as raw:
            assert raw.recv(65_536).startswith(b"HTTP/1.1 503")
        wait_for(lambda: held.memory.total == 2_900)


def test_one_key_leaves_room_for_others(running, held):
    with running() as one:
        secret = one.keys.add("first")
        with sending(one, secret, 2_000, of=None):
            wait_for(lambda: held.memory.total == 2_000)
            own, other = (one.post(text=TEXT, secret=which) for which in (secret, one.keys.add("second")))
    assert (own.status_code, other.status_code) == (503, 200)
    assert "the key 'first'" in own.json()["detail"]


def test_what_is_announced_and_not_sent_holds_nothing(running, held):
    with running() as one, sending(one, one.keys.add(), 0, of=2_500), sending(one, one.keys.add("b"), 10, of=2_500):
        wait_for(lambda: held.memory.total == 10)
        assert one.post(text=TEXT, secret=one.keys.add("c")).status_code == 200


@pytest.mark.parametrize(
    "case",
    [
        ([], BODY, "feedback", 200),
        ([], BODY, "feedback/stream", 200),
        ([], b'{"text": ', "feedback", 422),
        ([], BODY, "other", 404),
        (["500"], BODY, "feedback", 502),
        (["stall"], BODY, "feedback", 504),
    ],
    ids=["whole", "stream", "no JSON", "no such schema", "failed", "stalled"],
)
def test_it_is_given_back_when_a_request_ends(running, claude, held, monkeypatch, case):
    faults, body, path, status = case
    monkeypatch.setenv("SLOTFILL_TIMEOUT", "1")
    claude.script(lambda _: {"sentiment": "negative", "key_issues": [], "urgency": 3}, faults=faults)
    seen = []
    monkeypatch.setattr(Room, "check", lambda self, key, count: seen.append(count))
    with running() as one, one.client() as client:
        answer = client.post(f"/v1/extract/{path}", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == status
        wait_for(lambda: held.memory.total == 0)
    assert sum(seen) >= (len(body) if status == 404 else 2 * len(body))  # as it was announced, and as it came


@pytest.mark.parametrize(("count", "status"), [(1_001, b"413"), (500, b"408")])
def test_also_when_it_is_refused_in_its_middle(running, held, monkeypatch, count, status):
    monkeypatch.setattr(request_guard, "BODY_SECONDS", 0.3)
    with running(most_bytes=1_000) as one, sending(one, one.keys.add(), count, of=None) as raw:
        assert status in raw.recv(65_536)
        wait_for(lambda: held.memory.total == 0)


def test_what_leaves_before_its_answer_gives_back_when_the_model_has_been_let_go(running, claude, held):
    claude.script(lambda _: {}, faults=["stall"])
    with running() as one:
        with sending(one, one.keys.add(), 0, of=len(BODY)) as raw:
            raw.sendall(BODY)
            wait_for(lambda: claude.requests)
            assert held.memory.total == len(BODY)
        wait_for(lambda: held.memory.total == 0)


FORM = (
    b"--x\r\nContent-Disposition: form-data; name=schema\r\n\r\nfeedback\r\n"
    b"--x\r\nContent-Disposition: form-data; name=file; filename=a.txt\r\n\r\n"
)
UPLOAD = "Content-Type: multipart/form-data; boundary=x\r\nTransfer-Encoding: chunked\r\n"


@contextmanager
def uploading(one, secret, count):
    """Send so many bytes of a file for a run, and no more."""
    with socket.create_connection(("127.0.0.1", int(one.url.rpartition(":")[2])), timeout=20) as raw:
        raw.sendall(f"POST /v1/runs HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {secret}\r\n{UPLOAD}\r\n".encode())
        raw.sendall(chunk(FORM + b"a" * count))
        yield raw


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def test_an_upload_lies_on_the_disk_and_takes_no_room_of_what_is_in_memory(running, held):
    with running() as one:
        with uploading(one, one.keys.add("first"), 2_500) as raw:
            wait_for(lambda: held.disk.total > 2_400)
            assert held.memory.total < len(FORM) + 100  # what may be the beginning of the form's end waits for more
            assert one.post(text=TEXT, secret=one.keys.add("second")).status_code == 200
            with uploading(one, one.keys.add("third"), 1_700) as other:
                assert other.recv(65_536).startswith(b"HTTP/1.1 503")
            raw.sendall(chunk(b"\r\n--x--\r\n") + chunk(b""))
            assert raw.recv(65_536).startswith(b"HTTP/1.1 202")
        wait_for(lambda: (held.memory.total, held.disk.total) == (0, 0))


def test_an_upload_that_its_client_leaves_gives_back_its_room_and_its_files(running, held):
    with running() as one:
        with uploading(one, one.keys.add(), 2_000):
            wait_for(lambda: held.disk.total > 1_900)
        wait_for(lambda: (held.memory.total, held.disk.total) == (0, 0))
        wait_for(lambda: not [*one.runs.store.folder("x").parent.iterdir()])


def test_by_itself():
    bodies = HeldBodies(100, 40)
    with bodies.holding("a") as one, bodies.holding("b") as other:
        one.arrive(50)
        one.arrive(25)
        with pytest.raises(ProblemError, match="the key 'a'"):
            one.arrive(1)
        other.arrive(25)
        with pytest.raises(ProblemError, match="requests have sent"):
            other.arrive(1)
        one.go_to_disk(30)
        other.arrive(30)
        with pytest.raises(ProblemError, match="the key 'a'"):
            one.go_to_disk(1)
        other.go_to_disk(10)
        with pytest.raises(ProblemError, match="requests have sent"):
            other.go_to_disk(1)
        assert (bodies.memory.total, bodies.disk.total) == (90, 40)
    assert (bodies.memory.total, bodies.disk.total) == (0, 0)
    bodies.memory.check("a", 75)
