"""A service on a port of its own, over the simulated Claude."""

import queue
import threading
from contextlib import contextmanager
from decimal import Decimal

import httpx2
import pytest

from slotfill.extractors.http.bound_port import bound_port
from slotfill.extractors.keys.api_key import ApiKey
from slotfill.extractors.keys.key_ring import KeyRing, utc_now
from slotfill.extractors.keys.secret_hash import hash_of, new_secret
from slotfill.extractors.serving.http.service_app import service_app
from slotfill.extractors.serving.http.service_server import serve_app
from slotfill.extractors.serving.served_schemas import ServedSchemas
from slotfill.extractors.serving.service_assembly import assembled_service
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

    def revoke(self, name):
        self._keys[name] = self._keys[name].model_copy(update={"revoked": utc_now()})
        self.ring = KeyRing(self._keys.values(), self.ring.budgets)

    def find(self, presented):
        return self.ring.find(presented)


class Running:
    """A service that answers."""

    def __init__(self, url, service, runs, keys, stop):
        self.url, self.service, self.runs, self.keys, self.stop = url, service, runs, keys, stop

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
    """Give what starts a service: its schemas, and what `assembled_service` and `service_app` take."""
    with served(claude) as claude_url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", claude_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-simulated")
        monkeypatch.setenv("SLOTFILL_STATE", str(tmp_path))

        @contextmanager
        def start(
            *names,
            models=(),
            allow_schemas=False,
            grace=5,
            most_bytes=1_000_000,
            origins=(),
            keys=None,
            **of_service,
        ):
            named = {schema.name: schema for schema in map(resolve, names or ("feedback",))}
            schemas = ServedSchemas(named, models, {"retries": 1}, allow_schemas=allow_schemas)
            keys = keys or Keys()
            options = {"concurrency": 8, **of_service}
            with (
                bound_port("127.0.0.1", 0) as listener,
                assembled_service(schemas, keys, place=str(listener.getsockname()[1]), **options) as (service, runs),
            ):
                app = service_app(service, runs, most_bytes=most_bytes, origins=origins)
                ready = queue.Queue()
                thread = threading.Thread(
                    target=serve_app,
                    args=(app, service, runs, listener),
                    kwargs={"grace": grace, "on_ready": ready.put},
                )
                thread.start()
                stop = ready.get(timeout=30)
                try:
                    yield Running(f"http://127.0.0.1:{listener.getsockname()[1]}", service, runs, keys, stop)
                finally:
                    stop()
                    thread.join(60)
                    assert not thread.is_alive(), "it has not ended"

        yield start


@pytest.fixture
def service_at(running):
    """A service with the default options."""
    with running() as one:
        yield one


def usd(amount):
    return Decimal(str(amount))
