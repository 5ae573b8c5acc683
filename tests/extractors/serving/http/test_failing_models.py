"""The model's service fails: clients are told by status and code, in a stream by its last event."""

import json

import httpx2
import pytest

from slotfill.extractors.runs.breaker import FIRST_PAUSE
from slotfill.extractors.serving.service_breaker import ServiceBreaker

VALUE = {"sentiment": "negative", "key_issues": ["late"] * 400, "urgency": 3, "suggested_action": "Refund."}
TEXT = "It came late."
OF_REQUEST = {
    "429_ms": (503, "rate_limit"),
    "500": (502, "server"),
    "503": (502, "server"),
    "529": (503, "overloaded"),
    "502": (502, "server"),
    "504": (504, "timeout"),
    "html": (502, "unreadable_reply"),
    "refused": (503, "connection"),
    "timeout": (504, "timeout"),
}
"""By fault: the status and the code of the problem, of a request and in a stream."""

BROKEN_OFF = ("invalid_utf8", "reset", "stall", "sse_cut", "sse_error")
"""Faults in the middle of a reply: what has arrived is a document's record, with its error."""


def whole(client):
    answer = client.post("/v1/extract/feedback", json={"text": TEXT})
    assert "<h1>" not in answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.json()


def last_event(client, name="problem"):
    """Return the data of a stream's last event, whose status is 200 whatever comes of it."""
    answer = client.post("/v1/extract/feedback/stream", json={"text": TEXT})
    assert answer.status_code == 200
    assert "<h1>" not in answer.text
    *_, event, data = answer.text.strip().splitlines()
    assert event == f"event: {name}"
    return json.loads(data.removeprefix("data: "))


@pytest.mark.slow
def test_each_failure_is_told_and_the_log_is_silent(running, claude, monkeypatch, caplog):
    monkeypatch.setenv("SLOTFILL_TIMEOUT", "1")
    told, errors = {}, {}
    with running() as one, one.client() as client:
        for fault in OF_REQUEST:
            for way in (whole, last_event):
                claude.script(lambda _: VALUE, faults=[fault])
                problem = way(client)
                assert "--" not in problem["detail"], "a client has no command line"
                told.setdefault(fault, set()).add((problem["status"], problem["code"]))
                claude.script(lambda _: VALUE)
                assert client.post("/v1/extract/feedback", json={"text": TEXT}).status_code == 200
        for fault in BROKEN_OFF:
            claude.script(lambda _: VALUE, faults=[fault])
            errors[fault] = last_event(client, "record")["error"]["type"]
    assert told == {fault: {expected} for fault, expected in OF_REQUEST.items()}
    assert errors == dict.fromkeys(BROKEN_OFF, "truncated")
    assert caplog.messages == []


def test_a_time_that_the_models_service_tells_is_told_on(service_at, claude):
    claude.script(lambda _: VALUE, faults=["429_long"])
    answer = service_at.post()
    assert (answer.status_code, answer.json()["code"]) == (503, "max_wait")
    assert 86_000 < int(answer.headers["Retry-After"]) <= 86_400
    assert "--" not in answer.json()["detail"]


@pytest.mark.parametrize("fault", ["401", "403"])
def test_a_credential_that_is_not_taken_is_no_fault_of_the_client(fault, service_at, claude, caplog):
    claude.script(lambda _: VALUE, faults=[fault])
    answers = [service_at.post() for _ in range(3)]
    ready = httpx2.get(f"{service_at.url}/readyz")
    assert [answer.status_code for answer in answers] == [503] * 3
    assert "WWW-Authenticate" not in answers[0].headers
    assert (ready.status_code, ready.json()["code"]) == (503, "not_ready")
    assert len(claude.requests) == 1
    assert "sk-ant-simulated" not in caplog.text + ready.text + answers[0].text


def test_a_model_that_the_account_may_not_use_holds_up_no_other(running, claude):
    models = ("claude-haiku-5-5", "claude-sonnet-5")
    claude.script(lambda _: VALUE)
    with running(models=models) as one:
        claude.script(lambda _: VALUE, faults=["403"])
        refused = [one.post(model=models[0]) for _ in range(2)]
        asked = len(claude.requests)
        claude.script(lambda _: VALUE)
        others = [one.post(model=models[1]), one.post(model=models[0]), one.post(model=models[1])]
        ready = httpx2.get(f"{one.url}/readyz").status_code
    assert [answer.json()["code"] for answer in refused] == ["permission", "model_unavailable"]
    assert [answer.status_code for answer in others] == [200, 503, 200]
    assert (asked, ready) == (1, 200)


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "code"), [("529", "overloaded"), ("502", "server")])
def test_a_service_that_fails_is_left_alone_and_found_again(fault, code, service_at, claude, caplog):
    seconds = 0.0
    service = service_at.service
    service.breaker = ServiceBreaker(service.schemas.models, lambda _: None, now=lambda: seconds)  # it probes after one
    claude.script(lambda _: VALUE, faults=[fault])
    secret = service_at.keys.add()
    codes = [service_at.post(secret=secret).json()["code"] for _ in range(5)]
    asked = len(claude.requests)
    codes += [service_at.post(secret=secret).json()["code"] for _ in range(2)]
    assert len(claude.requests) == asked
    ready = httpx2.get(f"{service_at.url}/readyz")
    assert codes == [code] * 5 + ["model_unavailable"] * 2
    assert (ready.status_code, ready.json()["code"]) == (503, "not_ready")
    assert int(ready.headers["Retry-After"]) > 0
    claude.script(lambda _: VALUE)
    seconds += FIRST_PAUSE
    assert httpx2.get(f"{service_at.url}/readyz").status_code == 200
    assert service_at.post(secret=secret).status_code == 200
    assert len(claude.requests) > asked
    assert TEXT not in caplog.text
