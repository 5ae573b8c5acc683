"""The guard: who is refused anyway costs no more than that, and is counted."""

import asyncio

import pytest
from heard import hearing

from slotfill.extractors.serving.http.service_app import service_app

RUN = "run_" + "0" * 32


def passed(guard, method, path, secret=None):
    """Put a request to the guard alone; return its status, or None where it is let through to the app."""
    statuses = []

    async def app(scope, receive, send):
        statuses.append(None)

    async def send(message):
        statuses.extend([message["status"]] if "status" in message else [])

    headers = [(b"authorization", f"Bearer {secret}".encode())] if secret else []
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers}
    guard._app = app
    asyncio.run(guard(scope, None, send))
    (status,) = statuses
    return status


def test_no_address_that_takes_a_key_is_reached_without_one(service_at):
    guard = service_app(service_at.service, service_at.runs, most_bytes=1)
    secret = service_at.keys.add()
    with service_at.client(secret) as client:
        described = client.get("/openapi.json").json()["paths"]
    ways = {
        (method.upper(), path.replace("{name}", RUN)): "security" in operation
        for path, operations in described.items()
        for method, operation in operations.items()
    } | {("POST", "/v1/view"): True}
    assert len(ways) > 12
    for way, takes_key in ways.items():
        refused = 401 if takes_key else None
        assert [passed(guard, *way), passed(guard, *way, "sf_wrong")] == [refused] * 2, way
        assert passed(guard, *way, secret) is None, way


@pytest.mark.parametrize("path", ["/v1/runs/sf_secret", f"/v1/runs/{RUN}/other", "/v1/other", "/healthz"])
def test_what_is_no_address_is_told_by_the_app(service_at, path):
    assert passed(service_app(service_at.service, service_at.runs, most_bytes=1), "GET", path) is None


def test_a_key_that_has_used_its_minute_is_refused_before_its_body_comes(service_at, claude):
    secret = service_at.keys.add("slow", rpm=2)
    with service_at.client(secret) as client:
        named = {"Idempotency-Key": "mail-17"}
        first = client.post("/v1/extract/feedback", json={"text": "Late."}, headers=named)
        assert [service_at.post(secret=secret).status_code for _ in range(2)] == [200, 429]
        guard = service_app(service_at.service, service_at.runs, most_bytes=1)
        assert passed(guard, "POST", "/v1/extract/feedback", secret) == 429
        refused = client.post("/v1/extract/feedback", content=b"{")
        again = client.post("/v1/extract/feedback", json={"text": "Late."}, headers=named)
        listed = client.get("/v1/schemas")
    assert (refused.status_code, refused.json()["code"]) == (429, "key_limit")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert (again.status_code, again.json()) == (200, first.json())
    assert listed.status_code == 200
    assert len(claude.requests) == 2
    assert service_at.post(secret=service_at.keys.add("slow", rpm=100)).status_code == 200


def test_what_is_refused_is_counted_by_its_code(service_at):
    with hearing() as heard:
        service_at.post(secret="sf_wrong")
        service_at.post(text="a" * 1_000_001)
        service_at.post("other")
        counted = {code: count for labels, count in heard.values("slotfill.problems").items() for code in labels}
    assert counted == {"unauthorized": 1, "too_large": 1, "not_found": 1}
