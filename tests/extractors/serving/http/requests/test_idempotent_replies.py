"""A request with an `Idempotency-Key` is answered once, however often it is sent."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import httpx2
import pytest

VALUE = {"sentiment": "negative", "key_issues": ["late"], "urgency": 3, "suggested_action": "Refund."}
BODY = {"text": "It came late."}


def post(one, name="a", secret=None, path="/v1/extract/feedback", **how):
    with one.client(secret) as client:
        return client.post(path, headers={"Idempotency-Key": name}, **(how or {"json": BODY}))


def held(claude):
    """Have the next reply wait; give what says that it was asked for, and what lets it go on."""
    begun, go_on = threading.Event(), threading.Event()

    def slow(request):
        begun.set()
        assert go_on.wait(30)
        return VALUE

    claude.script(slow)
    return begun, go_on


def test_the_same_request_gets_the_same_reply_and_is_paid_once(service_at, claude):
    secret = service_at.keys.add(rpm=1)
    first, second = post(service_at, secret=secret), post(service_at, secret=secret)
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.content == first.content
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.headers["Content-Type"] == first.headers["Content-Type"]
    assert len(claude.requests) == 1


def test_another_request_of_the_same_name_is_refused(service_at, claude):
    secret = service_at.keys.add()
    post(service_at, secret=secret)
    for other in ({"text": "Other."}, {**BODY, "id": "17"}, {**BODY, "labels": {"team": "a"}}):
        answer = post(service_at, secret=secret, json=other)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    assert len(claude.requests) == 1
    assert "Idempotency-Replayed" not in post(service_at, secret=service_at.keys.add("other")).headers


def test_a_form_may_be_parted_otherwise(service_at, claude):
    secret = service_at.keys.add()
    file = {"files": {"file": ("mail.txt", b"It came late.", "text/plain")}}
    answers = [post(service_at, secret=secret, **file) for _ in range(2)]
    assert answers[0].request.headers["Content-Type"] != answers[1].request.headers["Content-Type"]
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    other = post(service_at, secret=secret, files={"file": ("mail.txt", b"It came early.", "text/plain")})
    assert other.status_code == 422


def test_one_that_is_at_work_is_told_so(service_at, claude):
    begun, go_on = held(claude)
    secret = service_at.keys.add()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(post, service_at, secret=secret)
        assert begun.wait(30)
        second = post(service_at, secret=secret)
        go_on.set()
        assert first.result().status_code == 200
    assert (second.status_code, second.json()["code"], second.headers["Retry-After"]) == (409, "at_work", "1")
    assert len(claude.requests) == 1


def test_a_client_that_leaves_comes_back_for_the_reply(service_at, claude):
    begun, go_on = held(claude)
    secret = service_at.keys.add()
    with service_at.client(secret) as client, pytest.raises(httpx2.ReadTimeout):
        client.post("/v1/extract/feedback", json=BODY, headers={"Idempotency-Key": "a"}, timeout=0.5)
    assert begun.wait(30)
    go_on.set()
    end = time.monotonic() + 20
    while (answer := post(service_at, secret=secret)).status_code == 409 and time.monotonic() < end:
        time.sleep(0.05)
    assert (answer.status_code, answer.headers.get("Idempotency-Replayed")) == (200, "true")
    assert len(claude.requests) == 1


def test_a_failure_that_nothing_was_paid_for_may_be_asked_again(running, claude):
    claude.script(lambda request: VALUE, faults=["529"])
    with running() as one:
        secret = one.keys.add()
        assert post(one, secret=secret).status_code == 503
        claude.script(lambda request: VALUE)
        answer = post(one, secret=secret)
    assert (answer.status_code, "Idempotency-Replayed" in answer.headers) == (200, False)


def test_one_that_was_paid_for_is_kept(running, claude):
    claude.script(lambda request: {"sentiment": 3}, faults=["529@2-9"])
    with running() as one:
        secret = one.keys.add()
        first = post(one, secret=secret)
        claude.script(lambda request: VALUE)
        second = post(one, secret=secret)
    assert (first.status_code, first.json()["code"]) == (503, "overloaded")
    assert Decimal(first.json()["record"]["cost_usd"]) > 0
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.content == first.content
    assert second.headers["Content-Type"] == "application/problem+json"


def test_a_key_that_may_not_is_not_told_what_it_once_might(service_at):
    secret = service_at.keys.add("one")
    post(service_at, secret=secret)
    secret = service_at.keys.add("one", schemas=("other",))
    assert post(service_at, secret=secret).status_code == 403


@pytest.mark.parametrize("name", ["", "a b", "x" * 256])
def test_what_is_no_name_is_refused(service_at, claude, name):
    answer = post(service_at, name)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_idempotency_key")
    assert not claude.requests


def test_streams_take_none(service_at, claude):
    answer = post(service_at, path="/v1/extract/feedback/stream")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_of_stream")
    assert not claude.requests


def test_what_is_kept_is_told(service_at):
    with service_at.client() as client:
        kept = client.get("/v1/schemas").json()["retention"]["with_idempotency_key"]
    assert kept["seconds"] == 24 * 3600
