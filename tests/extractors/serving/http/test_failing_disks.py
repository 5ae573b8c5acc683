"""A disk that takes nothing, or fails: what cannot be written down is not asked, and nothing stands there by half."""

import errno
import os
from contextlib import contextmanager
from decimal import Decimal

import pytest

from slotfill.extractors.budgets.budget_ledger import BudgetLedger
from slotfill.extractors.runs.ledger.costs import costs_of
from slotfill.extractors.runs.ledger.identity import ledgers_of
from slotfill.extractors.settings import Settings

VALUE = {"sentiment": "negative", "key_issues": ["late"], "urgency": 3, "suggested_action": "Refund."}
BODY = {"text": "It came late."}
DOCUMENTS = {"schema": "feedback", "documents": [BODY]}


def code_of(answer):
    """Check that an answer is a problem by which a client comes again, and return its code."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
    assert int(answer.headers["Retry-After"]) > 0
    return answer.json()["code"]


@contextmanager
def unwritable(connection):
    """Have SQLite refuse to write, as it does on a full disk."""
    connection.execute("PRAGMA query_only = ON")
    try:
        yield
    finally:
        connection.execute("PRAGMA query_only = OFF")


def of_money(service):
    return service.accounts._money.file._file.connection


def of_key(service):
    (payer,) = service.accounts._payers.values()
    return payer.ledger.database._connection


class TestMoney:
    @pytest.mark.parametrize("connection", [of_money, of_key])
    @pytest.mark.parametrize("path", ["/v1/extract/feedback", "/v1/extract/feedback/stream"])
    def test_what_cannot_be_booked_is_not_asked_and_nothing_stays_reserved(  # noqa: PLR0917
        self, running, claude, tmp_path, connection, path, caplog
    ):
        with running() as one:
            secret = one.keys.add("poor", usd_a_day=Decimal(1))
            records = [one.post(secret=secret).json()]
            with one.client(secret) as client:
                with unwritable(connection(one.service)):
                    answer = client.post(path, json=BODY)
                assert len(claude.requests) == 1
                records.append(client.post("/v1/extract/feedback", json=BODY).json())
        if path.endswith("stream"):  # it has begun
            assert "event: problem" in answer.text
            assert '"no_ledger"' in answer.text
        else:
            assert code_of(answer) == "no_ledger"
        assert caplog.messages
        with BudgetLedger(tmp_path / "budgets") as money:
            (status,) = money.status(one.keys.ring.keys["poor"].spending_limits)
        assert status.spent == sum(Decimal(record["cost_usd"]) for record in records)

    def test_the_name_of_such_a_request_is_free_again(self, service_at):
        secret = service_at.keys.add("poor", usd_a_day=Decimal(1))
        service_at.post(secret=secret)
        name = {"Idempotency-Key": "a"}
        with service_at.client(secret) as client:
            with unwritable(of_money(service_at.service)):
                assert code_of(client.post("/v1/extract/feedback", json=BODY, headers=name)) == "no_ledger"
            assert client.post("/v1/extract/feedback", json=BODY, headers=name).status_code == 200

    def test_what_was_extracted_is_answered_and_its_cost_stored_later(self, service_at, claude, caplog):
        secret = service_at.keys.add("support")
        records = [service_at.post(secret=secret).json()]

        def filling(_):
            of_key(service_at.service).execute("PRAGMA query_only = ON")
            return VALUE

        claude.script(filling)
        records.append(service_at.post(secret=secret).json())
        assert records[1]["value"] == VALUE
        assert caplog.messages
        claude.script(lambda _: VALUE)
        of_key(service_at.service).execute("PRAGMA query_only = OFF")
        records.append(service_at.post(secret=secret).json())
        total = costs_of(ledgers_of(None, Settings.read()), "label").rows["key=support"].usd
        assert total == sum(Decimal(record["cost_usd"]) for record in records)


class TestReplies:
    def test_a_name_that_cannot_be_kept_is_no_reason_to_ask(self, service_at, claude, caplog):
        with unwritable(service_at.service.replies._file.connection), service_at.client() as client:
            named = client.post("/v1/extract/feedback", json=BODY, headers={"Idempotency-Key": "a"})
            assert code_of(named) == "no_reply_store"
            assert not claude.requests
            assert client.post("/v1/extract/feedback", json=BODY).status_code == 200
        assert caplog.messages


class TestRuns:
    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
    @pytest.mark.parametrize("file", [None, ("mail.txt", b"It came late.")])
    def test_one_that_cannot_be_kept_leaves_nothing(self, service_at, tmp_path, monkeypatch, number, file):
        how = {"json": DOCUMENTS} if file is None else {"files": {"file": file}, "data": {"schema": "feedback"}}
        with service_at.client() as client:
            with monkeypatch.context() as failing:

                def fail(_):
                    raise OSError(number, os.strerror(number))

                failing.setattr(os, "fsync", fail)
                assert code_of(client.post("/v1/runs", **how)) == "no_run_store"
            assert [*(tmp_path / "service-runs").iterdir()] == []
            assert client.get("/v1/runs").json() == {"runs": []}
            assert client.post("/v1/runs", **how).status_code == 202
