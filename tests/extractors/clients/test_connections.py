"""What the SDK's clients are made of."""

import asyncio

import pytest
from opentelemetry import trace
from scripted import message

from slotfill.extractors.clients.connections import asynchronous_client, synchronous_client
from slotfill.extractors.settings import Settings

MODEL = "claude-haiku-5-5"
REQUEST = {"model": MODEL, "max_tokens": 5, "messages": [{"role": "user", "content": "Hi."}]}


class Tracers(trace.TracerProvider):
    """Somebody who takes spans, and remembers how they are called."""

    def __init__(self):
        self.names = []

    def get_tracer(self, *_, **__):
        provider = self

        class Tracer(trace.NoOpTracer):
            def start_span(self, name, *arguments, **options):
                provider.names.append(name)
                return super().start_span(name, *arguments, **options)

        return Tracer()


@pytest.fixture
def settings():
    return Settings.read(api_key="sk-test")


def test_the_sdk_makes_no_spans_where_nobody_takes_them(server):
    server.script(message("{}"))
    with synchronous_client(MODEL, Settings.read()) as client:
        assert client.messages.create(**REQUEST).id
        assert client._tracer is None


def test_and_makes_them_where_somebody_does(server, monkeypatch):
    server.script(message("{}"))
    tracers = Tracers()
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", tracers)
    with synchronous_client(MODEL, Settings.read()) as client:
        client.messages.create(**REQUEST)
    assert tracers.names == ["anthropic.messages.create"]


def test_a_provider_that_is_not_installed_is_none(settings, monkeypatch):
    monkeypatch.setenv("OTEL_PYTHON_TRACER_PROVIDER", "nowhere")
    with synchronous_client(MODEL, settings) as client:
        assert not client.open_telemetry["traces"]["enabled"]


def test_the_address_of_messages_follows_the_base_url(settings):
    async def addresses():
        async with asynchronous_client(MODEL, settings) as client:
            for base_url in ("https://a.example", "https://a.example", "https://b.example/way"):
                client.base_url = base_url
                yield str(client._prepare_url("/v1/messages"))
                yield str(client._prepare_url("/v1/models"))

    async def all_of_them():
        return [address async for address in addresses()]

    assert asyncio.run(all_of_them()) == [
        *("https://a.example/v1/messages", "https://a.example/v1/models") * 2,
        "https://b.example/way/v1/messages",
        "https://b.example/way/v1/models",
    ]
