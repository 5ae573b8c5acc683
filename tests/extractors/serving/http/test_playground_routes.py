"""The playground's routes: the page for anybody, the view of a record for those who have a key."""

import json

import httpx2
import pytest

TEXT = "It came late 😀 and broken. Refund."


def test_anybody_has_the_page_and_its_own_policy(service_at):
    answer = httpx2.get(f"{service_at.url}/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'sha256-" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_a_record_is_viewed_with_places_as_scripts_count(service_at):
    record = service_at.post(text=TEXT).json()
    with service_at.client() as client:
        shown = client.post("/v1/view", json={"record": record, "text": TEXT}).json()
    assert shown["entry"]["outcome"] == "valid"
    rows = {row["path"]: row for row in shown["view"]["fields"]}
    assert rows["/key_issues/0"]["points"] == [8, 12]
    assert rows["/suggested_action"]["points"] == [27, 34]
    assert rows["/suggested_action"]["span"] == [28, 35]


def test_without_a_key_nothing_is_viewed(service_at):
    answer = httpx2.post(f"{service_at.url}/v1/view", json={"record": {}, "text": ""})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff", b"[]", b"7", b"[" * 100_000, b"{}", b'{"record": [], "text": ""}', b'{"record": {}, "text": 7}'],
)
def test_what_is_no_record_with_a_text_is_refused(service_at, body):
    with service_at.client() as client:
        answer = client.post("/v1/view", content=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_body")


@pytest.mark.parametrize("damage", [{"slotfill": 2}, {"spans": "SECRET"}, {"attempts": [{"usage": "SECRET"}]}])
def test_a_damaged_record_is_refused(service_at, damage):
    record = {**service_at.post(text=TEXT).json(), **damage}
    with service_at.client() as client:
        answer = client.post("/v1/view", content=json.dumps({"record": record, "text": TEXT}))
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_record")
