"""`openai:MODEL@URL`: which server is asked, with which key, at which price."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from chat_completions import Asked, chunks, completion, serving, streamed

from slotfill.extractors.catalogue.model_facts import look_up
from slotfill.extractors.catalogue.prices import price_a_million
from slotfill.extractors.catalogue.transport_facts import transport_facts
from slotfill.extractors.chat_completions.openai_models import OPENAI_MODELS
from slotfill.extractors.errors import ModelError
from slotfill.extractors.messages_api.thinking import WITHOUT_THINKING, thinking_for
from slotfill.extractors.settings import Settings
from slotfill.extractors.testing import TransportConformance


@pytest.mark.parametrize(
    ("model", "address", "name", "url"),
    [
        ("openai:qwen3@http://127.0.0.1:1", "http://127.0.0.1:1", "qwen3", "http://127.0.0.1:1/v1"),
        ("openai:qwen3:8b@http://h/v1/", "http://h", "qwen3:8b", "http://h/v1"),
        ("openai:@cf/meta/l@https://h/a/b", "https://h", "@cf/meta/l", "https://h/a/b"),
        ("openai:gpt-5", "https://api.openai.com", "gpt-5", "https://api.openai.com/v1"),
    ],
)
def test_where_a_model_is(model: str, address: str, name: str, url: str) -> None:
    facts = OPENAI_MODELS.facts(model)
    assert (facts.address, facts.priced_as) == (address, (url, name))
    assert not facts.takes_pages


def test_the_address_may_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert OPENAI_MODELS.facts("openai:qwen3").address == "http://127.0.0.1:9"
    assert OPENAI_MODELS.facts("openai:qwen3@http://h").address == "http://h"
    monkeypatch.setenv("OPENAI_BASE_URL", "127.0.0.1")
    with pytest.raises(ModelError, match=r"^OPENAI_BASE_URL: "):
        OPENAI_MODELS.facts("openai:qwen3")


@pytest.mark.parametrize(
    "model",
    [
        "openai",
        "openai:",
        "openai:m@http://user:hunter2@h/v1",
        "openai:m@http://h/v1?key=hunter2",
        "openai:m@http://h/v1#hunter2",
        "openai:m@http://h:port/v1",
        "openai:m@http://[h/v1",
        "openai:m@http:///v1",
        "openai:m@http://h /v1",
        "openai:m@http://h/v1\nx",
    ],
)
def test_an_id_that_cannot_be_used_is_refused_and_no_password_shown(model: str) -> None:
    with pytest.raises(ModelError) as refused:
        OPENAI_MODELS.facts(model)
    assert "hunter2" not in str(refused.value)


def test_openai_s_own_service_wants_a_key() -> None:
    with pytest.raises(ModelError, match="OPENAI_API_KEY"):
        OPENAI_MODELS.open("openai:gpt-5", Settings())


def test_a_price_is_that_of_the_provider_or_unknown() -> None:
    assert price_a_million("openai:gpt-4o@https://api.openai.com/v1") == ("2.50", "10.00")
    assert price_a_million("openai:gpt-4o@http://127.0.0.1:1/v1") == ("?", "?")
    assert price_a_million("openai:claude-haiku-5-5@http://127.0.0.1:1/v1") == ("?", "?")
    assert look_up("openai:gpt-4o@https://api.openai.com/v1").context == 128_000


def test_how_much_such_a_model_thinks_is_its_own_affair() -> None:
    model = "openai:qwen3@http://h"
    assert thinking_for(model, max_tokens=1_000) == WITHOUT_THINKING
    assert thinking_for(model, "off", "low", max_tokens=1_000).effort == "low"
    facts = transport_facts(model)
    assert facts
    assert facts.whole_schemas


class TestTransport(TransportConformance):
    """The conformance of transports, held by a simulated server."""

    transport = OPENAI_MODELS

    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        def answer(asked: Asked) -> object:
            usage = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
            if asked.body.get("stream"):
                return streamed(chunks({"content": "Ada "}, {"content": "did."}, usage=usage))
            return completion("Ada did.", usage=usage)

        with serving(answer) as server:
            self.model = f"openai:qwen3@{server.url}"
            yield
