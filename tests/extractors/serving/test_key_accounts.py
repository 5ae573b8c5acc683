"""Accounts of keys: what is spent is written down at once, and nobody can have them grow without end."""

import sqlite3
from contextlib import closing
from decimal import Decimal

import pytest

from slotfill.extractors.serving import key_accounts

PERSON = {"title": "person", "type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}


def tries(folder, name):
    (ledger,) = folder.glob(f"service-{name}.db")
    with closing(sqlite3.connect(ledger)) as database:
        return database.execute("SELECT picodollars, input_tokens, output_tokens FROM tries").fetchall()


def test_what_a_request_took_is_stored_when_it_is_answered(service_at, tmp_path):
    record = service_at.post().json()
    ((picodollars, read, written),) = tries(tmp_path, "support-feedback-*")
    assert Decimal(picodollars) / 10**12 == Decimal(record["cost_usd"])
    assert (read, written) == (record["usage"]["input_tokens"], record["usage"]["output_tokens"])


def test_schemas_that_requests_bring_share_a_ledger(running, claude, tmp_path):
    with running(allow_schemas=True) as one, one.client() as client:
        for number in range(3):
            schema = {**PERSON, "title": f"person_{number}"}
            assert client.post("/v1/extract", json={"text": "Ann is 31.", "schema": schema}).status_code == 200
    assert len(tries(tmp_path, "support-of_requests-*")) == len(claude.requests)


def test_labels_that_requests_bring_do_not_pile_up(service_at, tmp_path, monkeypatch):
    monkeypatch.setattr(key_accounts, "MOST_ACCOUNTS", 3)
    secret = service_at.keys.add()
    for number in range(8):
        assert service_at.post(secret=secret, labels={"visit": str(number)}).status_code == 200
    assert len(service_at.service.accounts._payers) <= 4
    assert len(tries(tmp_path, "support-feedback-*")) == 8


@pytest.mark.parametrize("change", [{"usd_a_day": Decimal("0.000001")}, {"models": ("another",)}])
def test_what_a_key_may_counts_from_its_next_request_on(service_at, change):
    secret = service_at.keys.add()
    assert service_at.post(secret=secret).status_code == 200
    key = service_at.keys.ring.keys["support"]
    service_at.keys._keys["support"] = key.model_copy(update=change)
    service_at.keys.ring = type(service_at.keys.ring)(service_at.keys._keys.values())
    assert service_at.post(secret=secret).status_code in (403, 429)
