"""A transport is found by what a model's id begins with, and asked as the service is."""

from decimal import Decimal

import pytest
from planted_plugins import plant

from slotfill import Extractor
from slotfill.extractors.catalogue import prices
from slotfill.extractors.catalogue.model_facts import look_up
from slotfill.extractors.catalogue.transport_facts import TRANSPORTS, transport_facts, transport_name
from slotfill.extractors.errors import ModelError
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.runs.breaker import ending_of
from slotfill.extractors.transports.model_transport import ModelTransport
from slotfill.schemas.entry_points.installed_plugins import PluginError

TRANSPORT = """
import httpx2
from slotfill.extractors.catalogue.transport_facts import TransportFacts
from slotfill.extractors.testing import SimulatedClaude
from slotfill.extractors.testing.simulated_transport import SimulatedTransport

class Echo:
    asked = []

    def facts(self, model):
        if model.endswith("odd"):
            raise KeyError(model)
        stands_for = "claude-haiku-5-5" if model.endswith("priced") else None
        return TransportFacts(address="http://echo.invalid", stands_for=stands_for, max_output=2_000,
                              in_process=model.endswith("here"))

    def open(self, model, settings):
        if "raising" in model:
            return Raising()
        if "breaking" in model:
            return Breaking()
        if model.endswith("broken"):
            raise ZeroDivisionError("no")
        return SimulatedTransport(SimulatedClaude(self.reply, models=[model]))

    open_async = open

    def reply(self, request):
        self.asked.append(request.model)
        return {"name": "Ada"}

class Raising(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    def handle_request(self, request):
        raise KeyError("x")

    async def handle_async_request(self, request):
        raise KeyError("x")

class Half(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    def __iter__(self):
        yield b"event: message_start"
        raise KeyError("y")

    async def __aiter__(self):
        yield b"event: message_start"
        raise KeyError("y")

class Breaking(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    def handle_request(self, request):
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, stream=Half())

    async def handle_async_request(self, request):
        return self.handle_request(request)

ECHO = Echo()
"""


@pytest.fixture
def _echo(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    plant(tmp_path, "acme-echo", {"slotfill.transports: echo": "planted_echo:ECHO"}, {"planted_echo": TRANSPORT})
    transport_facts.cache_clear()
    yield
    transport_facts.cache_clear()


def test_the_embedded_model_is_the_first_of_them():
    assert isinstance(TRANSPORTS.load("local").value, ModelTransport)
    assert TRANSPORTS.load("hf") == TRANSPORTS.load("local")
    assert [transport_name(model) for model in ("local", "local:a.gguf", "hf:a/b/c.gguf")] == ["local", "local", "hf"]
    assert transport_name("anthropic.claude-v2:1") is transport_name("claude-haiku-5-5") is None


@pytest.mark.usefixtures("_echo")
async def test_an_extractor_asks_through_it():
    with Extractor("name str", model="echo:small") as extractor:
        extraction = extractor.extract("Ada Lovelace.")
        assert extraction.value == {"name": "Ada"}
        assert extraction.model == "echo:small"
        assert extraction.cost_usd is None
        assert not extractor.takes_pages
        assert (await extractor.aextract("Ada Lovelace.")).ok
        await extractor.aclose()


@pytest.mark.usefixtures("_echo")
def test_what_it_knows_of_a_model_counts():
    assert look_up("echo:small").max_output == 2_000
    usage = Usage(1_000, 1_000, 0, 0)
    assert prices.cost("echo:small", usage) is None
    assert prices.cost("echo:here", usage) == Decimal(0)
    assert prices.cost("echo:priced", usage) == prices.cost("claude-haiku-5-5", usage) != 0


@pytest.mark.usefixtures("_echo")
@pytest.mark.parametrize(("model", "doing"), [("echo:odd", "described"), ("echo:broken", "was opened for")])
def test_one_that_raises_is_named(model, doing):
    with pytest.raises(
        PluginError, match=rf"'echo' \(slotfill\.transports\) of acme-echo 1\.0 .* it {doing} {model!r}"
    ):
        Extractor("name str", model=model).extract("Ada Lovelace.")


@pytest.mark.usefixtures("_echo")
async def test_one_that_raises_as_it_is_asked_is_named():
    with Extractor("name str", model="echo:raising-here") as extractor:
        for extraction in (extractor.extract("Ada."), await extractor.aextract("Ada.")):
            assert extraction.error.type == "plugin"
            assert extraction.error.message.startswith("plug-in 'echo' (slotfill.transports) of acme-echo 1.0 raised")
            assert isinstance(ending_of(extraction.error), PluginError)
        await extractor.aclose()


@pytest.mark.usefixtures("_echo")
async def test_one_that_raises_as_its_reply_is_read_is_named():
    with Extractor("name str", model="echo:breaking-here") as extractor:
        extractions = [extractor.extract("Ada."), await extractor.aextract("Ada."), [*extractor.stream("Ada.")][-1]]
        extractions.append([event async for event in extractor.astream("Ada.")][-1])
        for extraction in extractions:
            assert extraction.error.type == "plugin"
            assert extraction.error.message.startswith("plug-in 'echo' (slotfill.transports) of acme-echo 1.0 raised")
            assert "as it streamed a reply" in extraction.error.message
        await extractor.aclose()


@pytest.mark.usefixtures("_echo")
def test_a_name_that_is_unknown_or_left_out(monkeypatch):
    monkeypatch.delenv("ANTHROPIC_BASE_URL")  # a gateway may call its models what it likes
    with pytest.raises(ModelError, match="did you mean echo:small"):
        Extractor("name str", model="ecko:small")
    monkeypatch.setenv("SLOTFILL_PLUGINS", "0")
    with pytest.raises(
        ModelError, match=r"'echo:small' is known: the plug-in 'echo' .* is left out by SLOTFILL_PLUGINS"
    ):
        Extractor("name str", model="echo:small")
