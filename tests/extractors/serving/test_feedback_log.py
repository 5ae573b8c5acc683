"""Feedback of users by HTTP: flags in the log of a review, of fields that there are, with values that may stand."""

import os

import pytest

from slotfill.extractors.review.decision_log import DecisionLog, log_beside
from slotfill.extractors.review.decisions import ReviewAction
from slotfill.extractors.review.review_documents import ReviewDocument
from slotfill.extractors.review.review_session import ReviewSession
from slotfill.schemas.sources.schema_sources import resolve

TEXT = "It came late."


@pytest.fixture
def gold(tmp_path):
    return tmp_path / "gold.jsonl"


@pytest.fixture
def service(running, gold):
    with running("feedback", "sentiment", feedback=log_beside(gold)) as one:
        yield one


@pytest.fixture
def record(service):
    return service.post(text=TEXT, id="mail 17").json()


def send(one, secret=None, **body):
    with one.client(secret) as client:
        return client.post("/v1/feedback", json=body)


def test_a_flag_stands_in_the_log_and_in_the_review(service, record, gold):
    secret = service.keys.add("app")
    answer = send(service, secret, record=record, field="/urgency", value=5, text=TEXT, note="Three weeks!")
    assert (answer.status_code, answer.content) == (204, b"")
    (row,) = DecisionLog(log_beside(gold)).rows
    assert (row.who, row.action, row.path, row.before, row.after) == ("app", ReviewAction.FLAG, "/urgency", 3, 5)
    assert (row.document, row.source, row.note) == (record["document"]["id"], "mail 17", "Three weeks!")
    document = ReviewDocument(0, record, TEXT, resolve("feedback"))
    session = ReviewSession([document], gold, "ada")
    (flag,) = session.state(0)["flags"]
    assert flag == {"path": "/urgency", "who": "app", "note": "Three weeks!", "value": 5}
    assert session.documents[0].needs(session.rows_of(0))["/urgency"].reasons[0] == "flagged by app"


def test_a_value_need_not_be_said_and_null_is_one(service, record, gold):
    assert send(service, record=record, field="/key_issues/0").status_code == 204
    assert send(service, record=record, field="/key_issues", value=[]).status_code == 204
    first = DecisionLog(log_beside(gold)).rows[0]
    assert "after" not in first.to_json()
    assert send(service, record=record, field="/urgency", value=None).json()["code"] == "wrong_value"


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"value": "high"}, 422, "wrong_value"),
        ({"value": 99}, 422, "wrong_value"),
        ({"field": "/nothing"}, 422, "unknown_field"),
        ({"field": "/urgency/0"}, 422, "unknown_field"),
        ({"field": "/key_issues/7"}, 422, "unknown_field"),
        ({"field": "urgency"}, 422, "unknown_field"),
        ({"field": 3}, 422, "bad_body"),
        ({"more": 1}, 422, "bad_body"),
        ({"record": {}}, 422, "bad_record"),
        ({"record": {"slotfill": 1}}, 422, "bad_record"),
        ({"text": "Another."}, 422, "other_text"),
        ({"note": "x" * 3_000}, 422, "bad_body"),
    ],
)
def test_what_is_no_feedback_is_refused(service, record, gold, changed, status, code):  # noqa: PLR0917
    answer = send(service, **{"record": record, "field": "/urgency", **changed})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not DecisionLog(log_beside(gold)).rows


def test_a_row_is_bounded(service, record, gold):
    long = {**record, "document": {**record["document"], "source": "x" * 70_000}}
    answer = send(service, record=long, field="/urgency")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert not DecisionLog(log_beside(gold)).rows


def test_a_record_is_of_what_the_key_may_use(service, record):
    secret = service.keys.add("other", schemas=("sentiment",))
    assert send(service, secret, record=record, field="/urgency").json()["code"] == "unknown_schema"
    other = {**record, "schema": {**record["schema"], "id": "0" * 64}}
    assert send(service, record=other, field="/urgency").json()["code"] == "other_schema"


def test_it_counts_as_a_request(service, record):
    secret = service.keys.add("one", rpm=1)
    answers = [send(service, secret, record=record, field="/urgency").status_code for _ in range(2)]
    assert answers == [204, 429]


def test_nothing_is_taken_where_nobody_reads_it(service_at):
    answer = send(service_at, record={}, field="")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_feedback")


@pytest.mark.skipif(os.name != "posix", reason="folders that cannot be written are POSIX's")
def test_what_cannot_be_written_is_said(running, tmp_path):
    with running(feedback=tmp_path / "log.jsonl") as one:
        record = one.post(text=TEXT).json()
        (tmp_path / "log.jsonl").mkdir()
        answer = send(one, record=record, field="/urgency")
    assert (answer.status_code, answer.json()["code"]) == (503, "no_feedback_log")
    assert str(tmp_path) not in answer.text
