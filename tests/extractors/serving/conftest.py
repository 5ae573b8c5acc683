"""A service on a port of its own, over the simulated Claude."""

import queue
import threading
from contextlib import contextmanager
from decimal import Decimal

import httpx2
import pytest

from slotfill.extractors.budgets.budget_ledger import BudgetLedger
from slotfill.extractors.keys.api_key import ApiKey
from slotfill.extractors.keys.key_ring import KeyRing, utc_now
from slotfill.extractors.keys.secret_hash import hash_of, new_secret
from slotfill.extractors.serving.http.service_app import service_app
from slotfill.extractors.serving.http.service_server import bound_port, serve_app
from slotfill.extractors.serving.key_accounts import KeyAccounts
from slotfill.extractors.serving.key_limits import KeyLimits
from slotfill.extractors.serving.reply_store import ReplyStore
from slotfill.extractors.serving.served_schemas import ServedSchemas
from slotfill.extractors.serving.service import Service
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served
from slotfill.schemas.sources.schema_sources import resolve

FEEDBACK = {"sentiment": "negative", "key_issues": ["late"], "urgency": 3, "suggested_action": "Refund."}


class Keys:
    """Keys that a test makes."""

    def __init__(self):
        self._keys = {}
        self.ring = KeyRing()

    def add(self, name="support", **limits):
        secret = new_secret()
        self._keys[name] = ApiKey(name=name, hash=hash_of(secret), created=utc_now(), **limits)
        self.ring = KeyRing(self._keys.values(), self.ring.budgets)
        return secret

    def find(self, presented):
        return self.ring.find(presented)


class Running:
    """A service that answers."""

    def __init__(self, url, service, keys, money, stop):
        self.url, self.service, self.keys, self.money, self.stop = url, service, keys, money, stop

    def client(self, secret=None, **options):
        secret = secret or self.keys.add()
        headers = {"Authorization": f"Bearer {secret}"}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=30, **options)

    def post(self, name="feedback", text="It came late.", secret=None, **body):
        with self.client(secret) as client:
            return client.post(f"/v1/extract/{name}", json={"text": text, **body})


@pytest.fixture
def claude():
    return SimulatedClaude(lambda request: FEEDBACK)


@pytest.fixture
def running(claude, tmp_path, monkeypatch):
    """Give what starts a service: its schemas, and what `Service` and `service_app` take."""
    with served(claude) as claude_url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", claude_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-simulated")
        monkeypatch.setenv("SLOTFILL_STATE", str(tmp_path))

        @contextmanager
        def start(
            *names,
            models=(),
            allow_schemas=False,
            concurrency=8,
            budgets=(),
            grace=5,
            storage=None,
            feedback=None,
            **of_app,
        ):
            named = {schema.name: schema for schema in map(resolve, names or ("feedback",))}
            schemas = ServedSchemas(named, models, {"retries": 1}, allow_schemas=allow_schemas)
            keys = Keys()
            with BudgetLedger(tmp_path / "budgets") as money, bound_port("127.0.0.1", 0) as listener:
                port = listener.getsockname()[1]
                accounts = KeyAccounts(tmp_path, money, place=str(port), budgets=budgets)
                replies = ReplyStore(tmp_path / "service-replies")
                service = Service(
                    schemas,
                    keys,
                    accounts,
                    KeyLimits(storage),
                    replies=replies,
                    feedback=feedback,
                    concurrency=concurrency,
                )
                app = service_app(service, **{"most_bytes": 1_000_000, **of_app})
                ready = queue.Queue()
                thread = threading.Thread(
                    target=serve_app, args=(app, service, listener), kwargs={"grace": grace, "on_ready": ready.put}
                )
                thread.start()
                stop = ready.get(timeout=30)
                try:
                    yield Running(f"http://127.0.0.1:{port}", service, keys, money, stop)
                finally:
                    stop()
                    thread.join(60)

        yield start


@pytest.fixture
def service_at(running):
    """A service with the default options."""
    with running() as one:
        yield one


def usd(amount):
    return Decimal(str(amount))
