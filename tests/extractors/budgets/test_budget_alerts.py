"""Alerts: each mark of a budget is told once a period, in the log and to a webhook, and holds nothing up."""

import json
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from slotfill.extractors.budgets.alert_webhook import AlertWebhook
from slotfill.extractors.budgets.budget_alerts import BudgetAlerts
from slotfill.extractors.budgets.budget_ledger import BudgetLedger
from slotfill.extractors.budgets.run_budgets import alerts_to
from slotfill.extractors.budgets.spending_limit import SpendingLimit
from slotfill.extractors.clients.metering import BudgetError
from slotfill.extractors.errors import SettingsError

LIMIT = SpendingLimit.read("team=a:1/day")
LABELS = {"team": "a"}


class Hook:
    """A server that takes what is posted, and answers with a status once it may."""

    def __init__(self, status=204):
        self.posted, self.may_answer = [], threading.Event()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                hook.posted.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                hook.may_answer.wait(60)
                self.send_response(status)
                self.send_header("location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/secret-path"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self.may_answer.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def hook():
    hook = Hook()
    hook.may_answer.set()
    yield hook
    hook.close()


def spend(ledger, *amounts):
    account = ledger.account(LABELS, [LIMIT])
    for amount in map(Decimal, amounts):
        assert account.reserve(amount)
        account.settle(amount, amount)


def warnings(caplog):
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


def test_each_mark_is_told_once_whoever_comes_to_it(tmp_path, caplog):
    with BudgetLedger(tmp_path) as first, BudgetLedger(tmp_path) as second:
        spend(first, "0.4", "0.09")
        assert warnings(caplog) == []
        spend(first, "0.01")
        assert [line.split(", until")[0] for line in warnings(caplog)] == [
            "budget team=a:1/day: 50 %, $0.5000 of $1.0000"
        ]
        spend(second, "0.2", "0.05")
        spend(first, "0.1")
        spend(second, "0.15")
        assert [line.split()[2] for line in warnings(caplog)] == ["50", "80", "100"]


def test_what_is_only_reserved_is_not_told(tmp_path, caplog):
    with BudgetLedger(tmp_path) as ledger:
        account = ledger.account(LABELS, [LIMIT])
        assert account.reserve(Decimal("0.95"))
        account.settle(*map(Decimal, ("0.95", "0.1")))
        assert warnings(caplog) == []


def test_a_request_that_no_longer_fits_is_told_as_the_end(tmp_path, caplog):
    with BudgetLedger(tmp_path) as ledger:
        spend(ledger, "0.2")
        for _ in range(3):
            with pytest.raises(BudgetError):
                ledger.account(LABELS, [LIMIT]).reserve(Decimal("0.9"))
        assert [line.split(", until")[0] for line in warnings(caplog)] == [
            "budget team=a:1/day: 100 %, $0.2000 of $1.0000"
        ]


def test_the_next_period_tells_anew(tmp_path, caplog):
    now = datetime.now(UTC)
    with BudgetLedger(tmp_path, now=lambda: now) as ledger:
        spend(ledger, "0.6")
        now += timedelta(days=1)
        spend(ledger, "0.6")
        assert [line.split()[2] for line in warnings(caplog)] == ["50", "50"]


def test_a_webhook_is_told_though_the_log_was_before(tmp_path, hook):
    with BudgetLedger(tmp_path) as ledger:
        spend(ledger, "0.6")
    with BudgetLedger(tmp_path, alerts=alerts_to(hook.url)) as ledger:
        spend(ledger, "0.1", "0.2")
    told = [{**posted, "start": "", "end": ""} for posted in hook.posted]
    about = {"budget": "team=a:1/day", "limit_usd": "1", "start": "", "end": ""}
    assert told == [{**about, "percent": 50, "spent_usd": "0.6"}, {**about, "percent": 80, "spent_usd": "0.9"}]
    assert datetime.fromisoformat(hook.posted[0]["end"]) > datetime.now(UTC)


def test_a_webhook_that_does_not_answer_holds_nothing_up(tmp_path):
    hook = Hook()
    webhook = AlertWebhook(hook.url)
    try:
        with BudgetLedger(tmp_path, alerts=BudgetAlerts(webhook.send)) as ledger:
            spend(ledger, "0.6", "0.3")
            assert ledger.status([LIMIT])[0].spent == Decimal("0.9")
            assert len(hook.posted) <= 1
    finally:
        hook.may_answer.set()
        webhook.close()
        hook.close()
    assert [posted["percent"] for posted in hook.posted] == [50, 80]


@pytest.mark.parametrize("status", [500, 307])
def test_what_cannot_be_posted_is_a_warning_without_the_address(tmp_path, caplog, status):
    """Its path may be a secret. It is not redirected."""
    hook = Hook(status)
    hook.may_answer.set()
    webhook = AlertWebhook(hook.url)
    webhook.send({"percent": 50})
    webhook.close()
    hook.close()
    assert warnings(caplog) == [f"budget: http://127.0.0.1 could not be told: it answers HTTP {status}"]
    assert len(hook.posted) == 1
    webhook = AlertWebhook(hook.url)
    webhook.send({"percent": 50})
    webhook.close()
    assert warnings(caplog)[1:] == ["budget: http://127.0.0.1 could not be told: ConnectError"]


@pytest.mark.parametrize("url", ["", "hook", "file:///etc/passwd", "ftp://a/b", "https://", "http:///path"])
def test_what_is_no_address_of_http_is_refused(url):
    with pytest.raises(SettingsError, match=r"write https://host/path"):
        AlertWebhook(url)
